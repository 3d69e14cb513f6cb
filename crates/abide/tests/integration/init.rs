//! `abide init`: what it writes, and that it works.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use abide_policy::yaml::{Kind, Node, parse};
use tempfile::TempDir;

use crate::command::{abide, folder, git, repository, run_in};

const MODULE: &str = r#"
resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 1 # checkov:skip=CKV_AWS_3: later
}
"#;
const SINGLE: &str = r#"
terraform {
  backend "s3" {
    bucket = "acme-states"
    key    = "shop"
  }
}
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
}
resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 1
}
"#;
const DEV: &str = r#"
terraform {
  backend "s3" {}
}
provider "aws" {
  allowed_account_ids = ["111122223333"]
}
module "data" {
  source = "../../modules/data"
}
"#;
const PAY: &str = r#"
variable "size" {}
provider "aws" {}
resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = var.size
  tags              = { workspace = terraform.workspace }
}
"#;
const HOOKS: &str = "repos:\n- repo: https://example.com/hooks # ours\n  rev: v1\n  hooks: [{id: terraform_fmt}]\n\n# at the end\nfail_fast: true\n";

/// A repository in a folder of a known name, with a remote.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new(remote: &str, files: &[(&str, &str)]) -> Self {
        let folder = folder(&[]);
        let it = Self { folder };
        fs::create_dir(it.dir()).unwrap();
        git(&it.dir(), &["init", "-q"]);
        git(&it.dir(), &["remote", "add", "origin", remote]);
        for (name, text) in files {
            it.put(name, text);
        }
        it
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.dir().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.dir().join(name)).unwrap()
    }

    fn init(&self, arguments: &[&str]) -> String {
        let ran = run_in(&self.dir(), &[&["init"], arguments].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        ran.stdout
    }

    /// All files but git's, by path.
    fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.dir()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with(".git") {
                } else if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(self.dir()).unwrap();
                    let text = fs::read_to_string(&path).unwrap();
                    files.insert(name.display().to_string(), text);
                }
            }
        }
        files
    }

    /// Runs init twice; gives what it said, and the files that are new or changed.
    fn set_up(&self, arguments: &[&str]) -> String {
        let before = self.files();
        let dry = self.init(&[&["--dry-run"], arguments].concat());
        assert_eq!(self.files(), before, "{dry}");
        let said = self.init(arguments);
        let after = self.files();
        let again = self.init(arguments);
        assert_eq!(self.files(), after, "{again}");
        assert!(again.contains("nothing to do: all is set up\n"), "{again}");
        assert!(!again.contains("wrote"), "{again}");
        let mut out = said;
        for (name, text) in after {
            if before.get(&name) != Some(&text) {
                assert!(dry.contains(&format!("+++ b/{name}\n")), "{dry}");
                out.push_str(&format!("\n=== {name}\n{text}"));
            }
        }
        out
    }

    /// Runs a line of a shell, with abide on the PATH.
    fn shell(&self, script: &str, environment: &[(String, String)]) -> i32 {
        let program = PathBuf::from(abide().get_program());
        let path = std::env::var("PATH").unwrap();
        let bin = program.parent().unwrap().display();
        let output = Command::new("bash")
            .args(["-euc", script])
            .current_dir(self.dir())
            .env("PATH", format!("{bin}:{path}"))
            .env("ABIDE", &program)
            .envs(environment.iter().cloned())
            .output()
            .unwrap();
        let code = output.status.code().unwrap();
        assert!(code < 2, "{script}: {output:?}");
        code
    }
}

fn single() -> Repository {
    let files = [("main.tf", SINGLE), (".pre-commit-config.yaml", HOOKS)];
    Repository::new("git@github.com:acme/shop.git", &files)
}

fn stages() -> Repository {
    let prod = DEV.replace("111122223333", "444455556666");
    let files = [
        ("envs/dev/main.tf", DEV),
        ("envs/prod/main.tf", prod.as_str()),
        ("envs/prod/prod.tfvars", "unused = 1\n"),
        ("modules/data/main.tf", MODULE),
        (
            "examples/all/main.tf",
            "module \"data\" {\n  source = \"../../modules/data\"\n}\n",
        ),
        ("atlantis.yaml", "version: 3\n"),
    ];
    Repository::new("https://gitlab.example.com/acme/shop.git", &files)
}

fn monorepo() -> Repository {
    let files = [
        ("pay/infra/main.tf", PAY),
        ("pay/infra/vars/common.tfvars", "size = 1\n"),
        ("pay/infra/vars/dev.tfvars", "size = 2\n"),
        ("pay/infra/vars/prod.tfvars", "size = 3\n"),
        ("core/infra/main.tf", SINGLE),
        ("web/app.ts", ""),
    ];
    Repository::new("ssh://git@github.com/acme/shop", &files)
}

fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::Map(fields) => {
            let field = fields.iter().find(|(key, _)| key.name == name);
            field.map(|(_, node)| node)
        }
        _ => None,
    }
}

fn at<'n>(node: &'n Node, path: &[&str]) -> &'n Node {
    path.iter().fold(node, |node, name| {
        field(node, name).unwrap_or_else(|| panic!("no {name}"))
    })
}

fn items(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(items) => items,
        _ => panic!("no list"),
    }
}

fn text(node: &Node) -> &str {
    match &node.kind {
        Kind::Scalar { text, .. } => text,
        _ => panic!("no text"),
    }
}

fn yaml(path: &Path) -> Node {
    parse(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|(at, why)| panic!("{}:{at:?}: {why}", path.display()))
}

/// Runs the steps of a workflow that use the action, as the action does.
fn run_scans(here: &Repository, workflow: &str) -> Vec<i32> {
    let workflow = yaml(&here.dir().join(workflow));
    let action = yaml(&repository().join("action.yml"));
    let Kind::Map(known) = &at(&action, &["inputs"]).kind else {
        panic!("no inputs");
    };
    let steps = items(at(&workflow, &["jobs", "scan", "steps"]));
    let steps = steps.iter().filter_map(|step| field(step, "with"));
    let run = |with: &Node| {
        let Kind::Map(given) = &with.kind else {
            panic!("no inputs");
        };
        for (key, _) in given {
            assert!(
                known.iter().any(|(known, _)| known.name == key.name),
                "{}",
                key.name
            );
        }
        let mut environment = vec![
            (
                "ABIDE_ACTION".to_owned(),
                repository().display().to_string(),
            ),
            (
                "GITHUB_OUTPUT".to_owned(),
                here.folder.path().join("output").display().to_string(),
            ),
        ];
        for (key, input) in known {
            let value = field(with, &key.name)
                .or(field(input, "default"))
                .map_or("", text);
            environment.push((
                format!("IN_{}", key.name.to_uppercase().replace('-', "_")),
                value.to_owned(),
            ));
        }
        here.shell("bash \"$ABIDE_ACTION/ci/action/scan\"", &environment);
        let results = field(with, "results").map_or("abide-results.json", text);
        let results: serde_json::Value = serde_json::from_str(&here.text(results)).unwrap();
        let count = results["summary"]["fail"].as_i64().unwrap();
        i32::try_from(count).unwrap()
    };
    steps.map(run).collect()
}

/// The settings hold, those that are commented out as well, and the targets are there.
fn check_settings(here: &Repository, file: &str) {
    let text = here.text(file);
    let mut all = String::new();
    for line in text.lines() {
        let setting = line
            .strip_prefix("# ")
            .filter(|rest| rest.starts_with('[') || rest.contains(" = "));
        all.push_str(setting.unwrap_or(line));
        all.push('\n');
    }
    assert_ne!(all, text);
    // A target that says its account twice would be an error.
    here.put("all.toml", &all);
    let ran = run_in(&here.dir(), &["--config", "all.toml", "config", "show"]);
    assert_eq!(ran.code, 0, "{}\n{all}", ran.stderr);
    let ran = run_in(&here.dir(), &["--config", file, "config", "show"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("scan.fail_on"), "{}", ran.stdout);
    // Without a terraform each target is named with its error: the directories are found.
    let ran = run_in(
        &here.dir(),
        &["--config", file, "drift", "none-of-that-name"],
    );
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("none-of-that-name"), "{}", ran.stderr);
}

#[test]
fn a_single_root_module_on_github() {
    let here = single();
    insta::assert_snapshot!(here.set_up(&[]));
    check_settings(&here, "abide.toml");
    assert_eq!(run_scans(&here, ".github/workflows/abide.yml"), [1]);
    // The hook, as it is in the file.
    let hooks = yaml(&here.dir().join(".pre-commit-config.yaml"));
    let ours = items(at(
        items(at(&hooks, &["repos"])).last().unwrap(),
        &["hooks"],
    ));
    git(&here.dir(), &["add", "-A"]);
    assert_eq!(here.shell(text(at(&ours[0], &["entry"])), &[]), 1);
}

#[test]
fn stages_with_modules_on_gitlab() {
    let here = stages();
    insta::assert_snapshot!(here.set_up(&[]));
    check_settings(&here, "abide.toml");
    let jobs = yaml(&here.dir().join("ci/abide.yml"));
    for job in ["abide", "abide-prod"] {
        let script = items(at(&jobs, &[job, "script"]));
        assert_eq!(here.shell(text(&script[0]), &[]), 1, "{job}");
        assert!(here.text("results.json").contains("aws_ebs_volume.data"));
        fs::remove_file(here.dir().join("results.json")).unwrap();
    }
    let included = text(at(
        &items(at(&yaml(&here.dir().join(".gitlab-ci.yml")), &["include"]))[0],
        &["local"],
    ))
    .to_owned();
    assert!(here.dir().join(included.trim_start_matches('/')).is_file());
    // The next command that was named: it finds the comment, and the empty list is no loss.
    let ran = run_in(
        &here.dir(),
        &[
            "exception",
            "import",
            ".",
            "--output",
            ".abide/exceptions.yaml",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let exceptions = here.text(".abide/exceptions.yaml");
    assert!(
        exceptions.contains("module.data.aws_ebs_volume.data"),
        "{exceptions}"
    );
    // Nothing takes that back.
    here.init(&["--force"]);
    assert_eq!(here.text(".abide/exceptions.yaml"), exceptions);
}

#[test]
fn a_monorepo_and_a_folder_of_it() {
    let here = monorepo();
    insta::assert_snapshot!(here.set_up(&[]));
    check_settings(&here, "abide.toml");
    assert_eq!(run_scans(&here, ".github/workflows/abide.yml"), [1, 1, 1]);
    // A folder of its own beside that: other files at the top, its own settings.
    let other = monorepo();
    insta::assert_snapshot!(other.set_up(&["pay"]));
    check_settings(&other, "pay/abide.toml");
    assert_eq!(run_scans(&other, ".github/workflows/abide-pay.yml"), [1, 1]);
    let said = other.init(&["core"]);
    for file in ["core/abide.toml", ".github/workflows/abide-core.yml"] {
        assert!(said.contains(&format!("wrote {file}")), "{said}");
    }
    assert!(said.contains("changed .pre-commit-config.yaml"), "{said}");
}

#[test]
fn what_somebody_wrote_is_left() {
    let here = single();
    let own = "[scan]\nfail_on = \"low\"\n";
    let broken = "repos: [{repo: x}]\n";
    here.put("abide.toml", own);
    here.put(".pre-commit-config.yaml", broken);
    here.put(
        ".github/workflows/own.yml",
        "steps: [{uses: abide-dev/abide@v0.1.0}]\n",
    );
    let said = here.init(&["--force"]);
    for line in [
        "left abide.toml: somebody wrote it; ",
        "left .github/workflows/own.yml: it runs abide already",
        "left .pre-commit-config.yaml: it cannot be edited safely: ",
        "        - id: abide\n",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert_eq!(here.text("abide.toml"), own);
    assert_eq!(here.text(".pre-commit-config.yaml"), broken);
    assert!(!here.dir().join(".github/workflows/abide.yml").exists());
    // What init wrote, and somebody edited.
    let here = single();
    here.init(&[]);
    let granted = here
        .text(".abide/exceptions.yaml")
        .replace("[]", "- {id: EXC-1}");
    here.put(".abide/exceptions.yaml", &granted);
    here.init(&["--force"]);
    assert_eq!(here.text(".abide/exceptions.yaml"), granted);
    let ours = here.text("abide.toml");
    let edited = ours.clone() + "# mine\n";
    here.put("abide.toml", &edited);
    let said = here.init(&[]);
    assert!(said.contains("left abide.toml: it was edited"), "{said}");
    assert!(said.contains("nothing was changed\n"), "{said}");
    assert_eq!(here.text("abide.toml"), edited);
    here.init(&["--force"]);
    assert_eq!(here.text("abide.toml"), ours);
    // A pipeline of GitLab is theirs; the lines to add are said until they are there.
    here.put(".gitlab-ci.yml", "stages: [test]\n");
    let said = here.init(&["--ci", "gitlab"]);
    assert!(said.contains("      - local: /ci/abide.yml\n"), "{said}");
    here.put(
        ".gitlab-ci.yml",
        "stages: [test]\ninclude:\n  - local: /ci/abide.yml\n",
    );
    assert!(
        here.init(&["--ci", "gitlab"])
            .contains("unchanged .gitlab-ci.yml")
    );
}

#[test]
fn a_link_is_not_written_through() {
    let here = single();
    let outside = here.folder.path().join("outside");
    fs::write(&outside, "").unwrap();
    std::os::unix::fs::symlink(&outside, here.dir().join("abide.toml")).unwrap();
    let said = here.init(&[]);
    assert!(said.contains("left abide.toml: it is a link"), "{said}");
    assert_eq!(fs::read_to_string(outside).unwrap(), "");
    let here = single();
    let outside = here.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, here.dir().join(".github")).unwrap();
    let said = here.init(&[]);
    assert!(
        said.contains("abide.yml: a folder above it is a link"),
        "{said}"
    );
    assert_eq!(fs::read_dir(outside).unwrap().count(), 0);
}

#[test]
fn the_key_and_the_store_stay_out_of_git() {
    let here = single();
    here.init(&[]);
    for name in [
        "ledger.key",
        "abide.db",
        "abide.db-wal",
        "watch.json",
        "exceptions.yaml",
        "baseline.jsonl",
    ] {
        here.put(&format!(".abide/{name}"), "x");
    }
    git(&here.dir(), &["add", "-A"]);
    let output = Command::new("git")
        .args(["ls-files", ".abide"])
        .current_dir(here.dir())
        .output()
        .unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        names,
        ".abide/.gitignore\n.abide/baseline.jsonl\n.abide/exceptions.yaml\n"
    );
}

#[test]
fn without_git_or_source() {
    let plain = folder(&[("main.tf", SINGLE)]);
    let ran = run_in(plain.path(), &["init"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for line in ["note: no file for CI: ", "note: no entry for pre-commit: "] {
        assert!(ran.stdout.contains(line), "{line}\n{}", ran.stdout);
    }
    assert!(plain.path().join("abide.toml").exists());
    let ran = run_in(plain.path(), &["init", "--ci", "github"]);
    assert!(
        ran.stdout.contains("wrote .github/workflows/abide.yml"),
        "{}",
        ran.stdout
    );
    let empty = folder(&[("readme.md", "")]);
    let ran = run_in(empty.path(), &["init"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr.contains("write the first .tf file"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 1);
}

/// What a hostile name would do in a workflow.
#[test]
fn names_that_ci_would_run_are_left_out() {
    let here = single();
    here.put("${{ secrets.x }}/main.tf", SINGLE);
    here.put("a b/main.tf", SINGLE);
    let said = here.init(&[]);
    assert_eq!(
        said.matches("left out, its name has blanks or signs")
            .count(),
        2,
        "{said}"
    );
    assert!(
        !here
            .text(".github/workflows/abide.yml")
            .contains("secrets.x")
    );
}
