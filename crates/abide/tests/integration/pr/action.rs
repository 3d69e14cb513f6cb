//! `action.yml`, run as GitHub's runner would.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use abide_policy::yaml::{Kind, Node, parse};

use super::{Job, text, without_findings};
use crate::command::{PAYMENTS, repository, run};
use crate::forge_mock::github::TOKEN;

struct Action(Node);

fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::Map(fields) => fields
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node),
        _ => None,
    }
}

fn names(node: &Node) -> Vec<String> {
    match &node.kind {
        Kind::Map(fields) => fields.iter().map(|(key, _)| key.name.clone()).collect(),
        _ => panic!("no map"),
    }
}

fn scalar(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar { text, .. } => text.clone(),
        _ => panic!("no scalar"),
    }
}

/// What a job leaves behind.
struct Ended {
    failed: bool,
    outputs: BTreeMap<String, String>,
    log: String,
}

impl Action {
    fn read() -> Self {
        Self(parse(&text(&repository().join("action.yml"))).unwrap())
    }

    fn inputs(&self) -> Vec<String> {
        names(field(&self.0, "inputs").unwrap())
    }

    /// Runs the steps; `if` conditions are those of the file, of which there are two forms.
    fn run(&self, job: &Job, given: &[(&str, &str)], run_id: u64) -> Ended {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        let inputs = field(&self.0, "inputs").unwrap();
        for name in self.inputs() {
            let default = field(field(inputs, &name).unwrap(), "default").map(scalar);
            values.insert(format!("inputs.{name}"), default.unwrap_or_default());
        }
        for (name, value) in given {
            let there = values.insert(format!("inputs.{name}"), (*value).to_owned());
            assert!(there.is_some(), "no input {name}");
        }
        values.insert("github.token".to_owned(), TOKEN.to_owned());
        values.insert(
            "github.action_path".to_owned(),
            repository().display().to_string(),
        );
        let mut ended = Ended {
            failed: false,
            outputs: BTreeMap::new(),
            log: String::new(),
        };
        let Kind::List(steps) = &field(field(&self.0, "runs").unwrap(), "steps")
            .unwrap()
            .kind
        else {
            panic!("no steps");
        };
        for step in steps {
            self.step(step, job, &mut values, &mut ended, run_id);
        }
        for name in names(field(&self.0, "outputs").unwrap()) {
            let output = field(field(&self.0, "outputs").unwrap(), &name).unwrap();
            let value = fill(&scalar(field(output, "value").unwrap()), &values);
            ended.outputs.insert(name, value);
        }
        ended
    }

    fn step(
        &self,
        step: &Node,
        job: &Job,
        values: &mut BTreeMap<String, String>,
        ended: &mut Ended,
        run_id: u64,
    ) {
        let condition = field(step, "if").map(scalar).unwrap_or_default();
        let always = condition.contains("always()");
        let wanted = !condition.contains("inputs.comment")
            || (values["inputs.comment"] == "true"
                && values
                    .get("steps.scan.outputs.results")
                    .is_some_and(|r| !r.is_empty()));
        if (ended.failed && !always) || !wanted {
            return;
        }
        assert_eq!(scalar(field(step, "shell").unwrap()), "bash");
        let folder = field(step, "working-directory").map(|f| fill(&scalar(f), values));
        let script = scalar(field(step, "run").unwrap());
        assert!(
            !script.contains("${{"),
            "inputs must not be pasted into a script: {script}"
        );
        let output = job.path(&format!("output-{}", values.len()));
        fs::write(&output, "").unwrap();
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script])
            .current_dir(job.folder.path().join(folder.unwrap_or_default()))
            .envs(job.variables())
            .env("GITHUB_RUN_ID", run_id.to_string())
            .env_remove("GITHUB_TOKEN")
            .env("GITHUB_OUTPUT", &output)
            .env("RUNNER_TEMP", job.path("temp"));
        if let Some(env) = field(step, "env") {
            for name in names(env) {
                command.env(&name, fill(&scalar(field(env, &name).unwrap()), values));
            }
        }
        let ran = command.output().unwrap();
        ended.log.push_str(&String::from_utf8_lossy(&ran.stdout));
        ended.log.push_str(&String::from_utf8_lossy(&ran.stderr));
        ended.failed |= !ran.status.success();
        if let Some(id) = field(step, "id").map(scalar) {
            for (name, value) in outputs(&text(&output)) {
                values.insert(format!("steps.{id}.outputs.{name}"), value);
            }
        }
    }
}

/// `name=value`, and `name<<END … END`.
fn outputs(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines();
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        if let Some((name, end)) = line.split_once("<<") {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
            all.push((name.to_owned(), value.join("\n")));
        } else if let Some((name, value)) = line.split_once('=') {
            all.push((name.to_owned(), value.to_owned()));
        }
    }
    all
}

/// Puts values in the place of `${{ … }}`.
fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = text.to_owned();
    while let Some((before, rest)) = out.clone().split_once("${{") {
        let (name, after) = rest.split_once("}}").unwrap();
        let name = name.trim();
        let known = ["inputs.", "steps.", "github."]
            .iter()
            .any(|start| name.starts_with(start));
        assert!(known, "{name}");
        let value = values.get(name).cloned();
        assert!(
            value.is_some() || name.starts_with("steps."),
            "{name} is not there"
        );
        out = format!("{before}{}{after}", value.unwrap_or_default());
    }
    out
}

fn job_with_plan() -> Job {
    let job = Job::new();
    fs::create_dir_all(job.path("terraform")).unwrap();
    fs::copy(repository().join(PAYMENTS), job.path("terraform/plan.json")).unwrap();
    job
}

fn binary() -> String {
    assert_cmd::cargo::cargo_bin("abide").display().to_string()
}

/// The workflow in the documentation is the user's, in fifteen lines; here with its inputs.
#[test]
fn the_user_s_workflow_in_fifteen_lines() {
    let documentation = text(&repository().join("docs/pull-requests.md"));
    let (_, workflow) = documentation.split_once("```yaml\n").unwrap();
    let (workflow, _) = workflow.split_once("```").unwrap();
    assert!(
        workflow.lines().count() <= 15,
        "{}",
        workflow.lines().count()
    );
    let workflow = parse(workflow).unwrap();
    let jobs = field(&workflow, "jobs").unwrap();
    let steps = field(field(jobs, &names(jobs)[0]).unwrap(), "steps").unwrap();
    let Kind::List(steps) = &steps.kind else {
        panic!()
    };
    let ours = steps.last().unwrap();
    assert!(scalar(field(ours, "uses").unwrap()).starts_with("abide-dev/abide@"));
    let with = field(ours, "with").unwrap();
    let given: Vec<(String, String)> = names(with)
        .into_iter()
        .map(|name| (name.clone(), scalar(field(with, &name).unwrap())))
        .collect();

    let job = job_with_plan();
    let program = binary();
    let mut inputs: Vec<(&str, &str)> = given
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    inputs.push(("binary", &program));
    let action = Action::read();
    let ended = action.run(&job, &inputs, 1);
    assert!(
        ended.failed,
        "critical and high violations fail the job:\n{}",
        ended.log
    );
    let outputs = &ended.outputs;
    assert_eq!(
        (outputs["exit_code"].as_str(), outputs["verdict"].as_str()),
        ("1", "failed")
    );
    assert_ne!(outputs["critical_count"], "0");
    assert_eq!(
        (outputs["comment"].as_str(), outputs["results"].as_str()),
        ("created", "abide-results.json")
    );
    assert!(
        outputs["comment_url"].starts_with("https://github.com/acme/infra/pull/12#issuecomment-")
    );
    assert!(
        outputs.values().all(|value| !value.is_empty()),
        "{outputs:?}"
    );
    assert!(job.comments()[0].contains("## Policy Scan Results"));
    assert!(ended.log.contains("::error "), "{}", ended.log);
    assert!(!ended.log.contains(TOKEN));
    // A second push: one comment still.
    job.push("head1", "acme/infra");
    let again = action.run(&job, &inputs, 2);
    assert_eq!(
        (again.outputs["comment"].as_str(), job.comments().len()),
        ("updated", 1)
    );
    job.github.assert_clean();
}

/// Every input is a flag that exists, and each arrives.
#[test]
fn inputs_are_flags() {
    let own = [
        "inputs",
        "results",
        "comment",
        "token",
        "working-directory",
        "binary",
        "version",
        "sha256",
    ];
    let help = run(&["scan", "--help"]).stdout + &run(&["pr", "comment", "--help"]).stdout;
    for name in Action::read().inputs() {
        let flag = format!("--{name}");
        let known = help
            .split(|c: char| c.is_whitespace() || "[=,".contains(c))
            .any(|word| word == flag);
        assert!(known || own.contains(&name.as_str()), "{name} is no flag");
    }
    let job = job_with_plan();
    let program = binary();
    for (name, to) in [
        (
            "own.yaml",
            "id: ACME-0001\ntitle: t\nseverity: low\nwhy: w\nresource_types: [aws_sqs_queue]\ncheck: {attribute: kms_master_key_id, is: customer_key}\nmessage: m\nremediation: r\n",
        ),
        ("abide.toml", ""),
        ("exceptions.json", "{}"),
        ("x.tfvars", "region = \"eu-west-1\"\n"),
    ] {
        fs::write(job.path(name), to).unwrap();
    }
    job.scan("terraform/plan.json", "base.json", &[]);
    run(&[
        "baseline",
        "create",
        &repository().join(PAYMENTS).display().to_string(),
        "--output",
        job.path("base.jsonl").to_str().unwrap(),
    ]);
    fs::create_dir(job.path("src")).unwrap();
    fs::write(
        job.path("src/main.tf"),
        "variable \"region\" {}\nvariable \"a\" {}\n",
    )
    .unwrap();
    let ended = Action::read().run(
        &job,
        &[
            ("plan", "terraform/plan.json\r\n"),
            ("inputs", "\nsrc\n"),
            ("policies", "own.yaml\n"),
            ("exceptions", "exceptions.json"),
            ("baseline", "base.jsonl"),
            ("framework", "soc2,pci-dss"),
            ("select", "critical,high"),
            ("ignore", "POL-0001"),
            ("strict", "true"),
            ("set", "POL-0002.allowed_ports=443\nPOL-0003.min_days=14"),
            ("account", "off"),
            ("var", "a=two words; $(touch pwned) `touch pwned`"),
            ("var-file", "x.tfvars"),
            ("workspace", "prod"),
            ("config", "abide.toml"),
            ("fail-on", "never"),
            ("on-unknown", "ignore"),
            ("exit-zero", "true"),
            ("allow-empty", "true"),
            ("all-results", "true"),
            ("fixes", "1"),
            ("output", "sarif=abide.sarif\njunit=abide.xml"),
            ("results", "out/my results.json"),
            ("run-name", "prod --evil"),
            ("against", "base.json"),
            ("check", "true"),
            ("suggest", "false"),
            ("author", "github-actions[bot]"),
            ("binary", &program),
        ],
        1,
    );
    assert!(!ended.failed, "{}", ended.log);
    assert_eq!(ended.outputs["results"], "out/my results.json");
    for file in ["abide.sarif", "abide.xml", "out/my results.json"] {
        assert!(job.path(file).exists(), "{file}\n{}", ended.log);
    }
    assert!(!job.path("pwned").exists());
    assert_eq!(job.github.state().checks.len(), 1, "{}", ended.log);
    job.github.assert_clean();
}

/// What goes wrong is said, and fails.
#[test]
fn mistakes_fail_the_action() {
    let action = Action::read();
    let program = binary();
    for (given, said) in [
        (
            vec![("plan", "nowhere.json"), ("binary", program.as_str())],
            "nowhere.json",
        ),
        (
            vec![
                ("plan", "terraform/plan.json"),
                ("binary", program.as_str()),
                ("strict", "yes"),
            ],
            "input strict: expected true or false",
        ),
        (
            vec![
                ("plan", "terraform/plan.json"),
                ("binary", "no-such-program"),
            ],
            "there is no such program",
        ),
        (
            vec![("plan", "terraform/plan.json"), ("version", "0.1.0")],
            "by the digest",
        ),
        (
            vec![
                ("plan", "terraform/plan.json"),
                ("version", "0.1.0; rm -rf /"),
            ],
            "expected a number",
        ),
    ] {
        let job = job_with_plan();
        fs::write(job.path("abide-results.json"), "of an earlier run").unwrap();
        let ended = action.run(&job, &given, 1);
        assert!(
            ended.failed && ended.log.contains(said),
            "{said}: {}",
            ended.log
        );
        assert!(job.comments().is_empty());
    }
}

/// A release is taken by its digest, and no other archive.
#[test]
fn a_release_is_taken_by_its_digest() {
    let job = job_with_plan();
    let releases = job.path("releases");
    let target = match std::env::consts::ARCH {
        "x86_64" => "x86_64-unknown-linux-musl",
        _ => "aarch64-unknown-linux-musl",
    };
    fs::create_dir_all(releases.join("v9.9.9")).unwrap();
    let script = format!(
        "mkdir -p t && printf '#!/bin/sh\\nexec \"{}\" \"$@\"\\n' > t/abide && chmod +x t/abide && tar -czf releases/v9.9.9/abide-9.9.9-{target}.tar.gz -C t abide && sha256sum releases/v9.9.9/*.gz",
        binary()
    );
    let made = Command::new("bash")
        .args(["-c", &script])
        .current_dir(job.folder.path())
        .output()
        .unwrap();
    let digest = String::from_utf8(made.stdout)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let install = |digest: &str| {
        let ran = Command::new("bash")
            .arg(repository().join("ci/action/install"))
            .env("ABIDE_BINARY", "")
            .env("ABIDE_VERSION", "9.9.9")
            .env("ABIDE_SHA256", digest)
            .env("ABIDE_ACTION", repository())
            .env("ABIDE_RELEASES", format!("file://{}", releases.display()))
            .env("RUNNER_TEMP", job.path("temp"))
            .env("GITHUB_OUTPUT", job.path("installed"))
            .output()
            .unwrap();
        (
            ran.status.success(),
            String::from_utf8_lossy(&ran.stderr).into_owned(),
        )
    };
    let (done, said) = install(&"0".repeat(64));
    assert!(!done && said.contains("has the digest"), "{said}");
    assert!(!job.path("installed").exists());
    let (done, said) = install(&digest);
    assert!(done, "{said}");
    assert!(text(&job.path("installed")).contains("/abide-9.9.9/abide"));
}

/// The long form: the comment is written by `actions/github-script` from the JSON.
#[test]
fn the_long_form_finds_its_comment() {
    let job = job_with_plan();
    job.scan("terraform/plan.json", "results.json", &[]);
    job.scan(
        "terraform/plan.json",
        "other.json",
        &["--output", "markdown=comment.md"],
    );
    assert!(text(&job.path("comment.md")).contains("## Policy Scan Results"));
    let results: serde_json::Value =
        serde_json::from_str(&text(&job.path("results.json"))).unwrap();
    assert!(
        results["markdown"]
            .as_str()
            .unwrap()
            .contains("## Policy Scan Results")
    );
    // A comment that it wrote becomes ours; there are not two.
    job.github
        .state()
        .say("github-actions[bot]", results["markdown"].as_str().unwrap());
    without_findings(&job, "results.json", "good.json");
    job.tell(1, &["good.json"]);
    assert_eq!(job.comments().len(), 1);
    assert!(job.comments()[0].contains("**All resolved.**"));
}
