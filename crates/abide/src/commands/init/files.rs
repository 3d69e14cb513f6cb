//! The files, from templates: `@NAME@` stands for what was found.

use super::survey::Survey;
use super::targets::Target;
use super::tree::join;
use crate::cli::Ci;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A file that is to be there.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Relative to the folder, or to the top of the repository.
    pub(super) path: String,
    pub(super) is_at_top: bool,
    pub(super) text: String,
    /// Others add to it, so that it is never written again.
    pub(super) is_seed: bool,
}

/// What goes into the folder itself.
pub(super) fn own(survey: &Survey) -> Vec<Wanted> {
    let file = |path: &str, text: String, is_seed: bool| Wanted {
        path: path.to_owned(),
        is_at_top: false,
        text,
        is_seed,
    };
    vec![
        file("abide.toml", configuration(&survey.targets), false),
        file(
            ".abide/.gitignore",
            include_str!("../../../templates/gitignore").to_owned(),
            false,
        ),
        file(
            ".abide/exceptions.yaml",
            include_str!("../../../templates/exceptions.yaml").to_owned(),
            true,
        ),
    ]
}

/// What the CI system reads, without what somebody may have written before.
pub(super) fn ci(survey: &Survey) -> Option<Wanted> {
    let name = name(survey);
    let (path, text) = match survey.ci {
        Ci::Github => (
            format!(".github/workflows/{name}.yml"),
            github(survey, &name),
        ),
        Ci::Gitlab => (gitlab_path(survey), gitlab(survey, &name)),
        Ci::None => return None,
    };
    Some(Wanted {
        path,
        is_at_top: true,
        text,
        is_seed: false,
    })
}

/// The file of jobs that `.gitlab-ci.yml` includes.
pub(super) fn gitlab_path(survey: &Survey) -> String {
    format!("ci/{}.yml", name(survey))
}

/// A `.gitlab-ci.yml` that includes it.
pub(super) fn gitlab_root(survey: &Survey) -> Wanted {
    let template = include_str!("../../../templates/gitlab-ci.yml");
    Wanted {
        path: ".gitlab-ci.yml".to_owned(),
        is_at_top: true,
        text: template.replace("@FILE@", &format!("/{}", gitlab_path(survey))),
        is_seed: false,
    }
}

/// `abide`, and in a folder of a larger repository `abide-FOLDER`.
fn name(survey: &Survey) -> String {
    match survey.prefix.as_str() {
        "" => "abide".to_owned(),
        prefix => format!("abide-{}", prefix.replace('/', "-")),
    }
}

fn configuration(targets: &[Target]) -> String {
    let mut directories: Vec<&str> = targets.iter().map(|t| t.directory.as_str()).collect();
    directories.dedup();
    let source = match directories.as_slice() {
        [""] | [_, _, ..] | [] => String::new(),
        [only] => format!(
            "\n[source]\ndirectory = {}{}# what plans are made of\n",
            quoted(only),
            pad(only.len() + 14)
        ),
    };
    let list: Vec<String> = (0..)
        .zip(targets)
        .map(|(at, target)| table(target, at == 0))
        .collect();
    include_str!("../../../templates/abide.toml")
        .replace("@SOURCE@\n", &format!("{source}\n"))
        .replace("@TARGETS@", &list.join("\n"))
}

/// Comments stand in one column where they can.
fn pad(used: usize) -> String {
    " ".repeat(42_usize.saturating_sub(used).max(1))
}

fn table(target: &Target, is_first: bool) -> String {
    let mut out = format!("[targets.{}]\n", target.name);
    let mut line = |setting: String, comment: &str| {
        out.push_str(&setting);
        if !comment.is_empty() {
            out.push_str(&format!("{}# {comment}", pad(setting.len())));
        }
        out.push('\n');
    };
    let directory = if target.directory.is_empty() {
        "."
    } else {
        &target.directory
    };
    line(format!("directory = {}", quoted(directory)), "");
    match (&target.workspace, target.asks_workspace) {
        (Some(workspace), _) => line(format!("workspace = {}", quoted(workspace)), ""),
        (None, true) => line(
            "# workspace = \"prod\"".to_owned(),
            "the source asks for it",
        ),
        (None, false) => {}
    }
    match &target.account {
        Some(account) => line(
            format!("account = {}", quoted(account)),
            "what is in another one is refused",
        ),
        None => line(
            "# account = \"111122223333\"".to_owned(),
            "refuse what is in another one",
        ),
    }
    if !target.var_files.is_empty() {
        let files: Vec<String> = target.var_files.iter().map(|file| quoted(file)).collect();
        line(format!("var_files = [{}]", files.join(", ")), "");
    }
    if target.has_open_backend {
        line(
            "# backend_config = [\"key=prod.tfstate\"]".to_owned(),
            "the source leaves it open",
        );
    }
    if is_first {
        line(
            format!("# profile = \"{}-read\"", target.name),
            "of ~/.aws/config; read-only is enough",
        );
        line(
            "# environment = { AWS_REGION = \"eu-west-1\" }".to_owned(),
            "",
        );
        line("# owner = \"payments\"".to_owned(), "");
    }
    out
}

/// A text in quotes; paths are plain and names are clean, but who knows.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// What is judged in one go: modules with the same files of variables.
struct Group {
    name: Option<String>,
    inputs: Vec<String>,
    var_files: Vec<String>,
}

/// A path below the folder, seen from the top of the repository.
fn from_top(prefix: &str, path: &str) -> String {
    match (prefix, path) {
        ("", "") => ".".to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, path) => join(prefix, path),
    }
}

fn groups(survey: &Survey) -> Vec<Group> {
    let path = |path: &String| from_top(&survey.prefix, path);
    let mut together = Group {
        name: None,
        inputs: Vec::new(),
        var_files: Vec::new(),
    };
    let mut groups = Vec::new();
    for target in &survey.targets {
        let input = path(&target.directory);
        if target.var_files.is_empty() {
            // Workspaces of a module have the same source.
            if !together.inputs.contains(&input) {
                together.inputs.push(input);
            }
        } else {
            groups.push(Group {
                name: Some(target.name.clone()),
                inputs: vec![input],
                var_files: target.var_files.iter().map(path).collect(),
            });
        }
    }
    if !together.inputs.is_empty() {
        groups.insert(0, together);
    }
    groups
}

/// The name under which a group speaks on a pull request; none if there is but one.
fn run_name(survey: &Survey, group: &Group) -> Option<String> {
    let prefix = Some(survey.prefix.replace('/', "-")).filter(|prefix| !prefix.is_empty());
    match (prefix, &group.name) {
        (Some(prefix), Some(name)) => Some(format!("{prefix}-{name}")),
        (prefix, name) => prefix.or(name.clone()),
    }
}

fn config_path(survey: &Survey) -> Option<String> {
    (!survey.prefix.is_empty()).then(|| join(&survey.prefix, "abide.toml"))
}

fn github(survey: &Survey, name: &str) -> String {
    let scans: String = groups(survey)
        .iter()
        .map(|group| github_scan(survey, group))
        .collect();
    let kinds = [
        "**.tf",
        "**.tf.json",
        "**.tofu",
        "**.tfvars",
        "abide.toml",
        ".abide/**",
    ];
    let paths: Vec<String> = kinds
        .iter()
        .map(|kind| format!("\"{}\"", join(&survey.prefix, kind)))
        .collect();
    let config = config_path(survey).map(|path| format!(" --config {path}"));
    include_str!("../../../templates/github.yml")
        .replace("@NAME@", name)
        .replace("@PATHS@", &paths.join(", "))
        .replace("@SCANS@\n", &format!("{scans}\n"))
        .replace("@VERSION@", VERSION)
        .replace("@CONFIG@", &config.unwrap_or_default())
}

fn github_scan(survey: &Survey, group: &Group) -> String {
    let indented = |list: &[String]| list.join("\n            ");
    let run_name = run_name(survey, group);
    let results = run_name
        .as_ref()
        .map(|name| format!("abide-results-{name}.json"));
    let values = [
        ("@INPUTS@", Some(indented(&group.inputs))),
        (
            "@VAR_FILES@",
            Some(indented(&group.var_files)).filter(|list| !list.is_empty()),
        ),
        ("@CONFIG@", config_path(survey)),
        ("@RUN_NAME@", run_name),
        ("@RESULTS@", results),
    ];
    let template = include_str!("../../../templates/github-scan.yml");
    let mut lines: Vec<String> = Vec::new();
    for line in template.lines() {
        match values.iter().find(|(mark, _)| line.contains(mark)) {
            None => lines.push(line.to_owned()),
            Some((mark, Some(value))) => lines.push(line.replace(mark, value)),
            // An input that is not given; its key may stand on the line before.
            Some((_, None)) => {
                lines
                    .pop_if(|before| before.ends_with(": |") && line.trim_start().starts_with('@'));
            }
        }
    }
    lines.join("\n") + "\n"
}

fn gitlab(survey: &Survey, name: &str) -> String {
    let scans: Vec<String> = groups(survey)
        .iter()
        .map(|group| gitlab_scan(survey, name, group))
        .collect();
    let config = config_path(survey).map(|path| format!(" --config {path}"));
    include_str!("../../../templates/gitlab.yml")
        .replace("@NAME@", name)
        .replace("@SCANS@\n", &(scans.join("\n") + "\n"))
        .replace("@VERSION@", VERSION)
        .replace("@CONFIG@", &config.unwrap_or_default())
}

fn gitlab_scan(survey: &Survey, name: &str, group: &Group) -> String {
    let mut flags: String = group
        .inputs
        .iter()
        .map(|input| format!(" {input}"))
        .collect();
    for file in &group.var_files {
        flags.push_str(&format!(" --var-file {file}"));
    }
    if let Some(path) = config_path(survey) {
        flags.push_str(&format!(" --config {path}"));
    }
    let job = match &group.name {
        Some(group) => format!("{name}-{group}"),
        None => name.to_owned(),
    };
    let run_name = run_name(survey, group).map(|name| format!(" --run-name {name}"));
    include_str!("../../../templates/gitlab-scan.yml")
        .replace("@JOB@", &job)
        .replace("@NAME@", name)
        .replace("@FLAGS@", &flags)
        .replace("@RUN_NAME@", &run_name.unwrap_or_default())
}
