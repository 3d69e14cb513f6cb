//! `abide pr comment`, the GitHub Action, and the recipes for other CI systems.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::{PAYMENTS, Ran, abide, git, plan, repository, run};
use crate::forge_mock::github::{GitHub, TOKEN};

mod action;
mod recipes;

/// A folder with results of scans.
struct Job {
    folder: tempfile::TempDir,
    github: GitHub,
}

impl Job {
    fn new() -> Self {
        let job = Self {
            folder: tempfile::tempdir().unwrap(),
            github: GitHub::start(),
        };
        job.push("head0", "acme/infra");
        job
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The event of a push to the pull request.
    fn push(&self, head: &str, from: &str) {
        self.github.state().head = head.to_owned();
        let event = json!({"pull_request": {
            "number": 12,
            "head": {"sha": head, "repo": {"full_name": from}},
            "base": {"repo": {"full_name": "acme/infra"}},
        }});
        fs::write(self.path("event.json"), event.to_string()).unwrap();
    }

    fn scan(&self, plan: &str, to: &str, more: &[&str]) {
        let ran = abide()
            .current_dir(self.folder.path())
            .args([
                "scan",
                plan,
                "--exit-zero",
                "--quiet",
                "--now",
                "2026-03-01",
            ])
            .args(["--output", to])
            .args(more)
            .output()
            .unwrap();
        assert!(self.path(to).exists(), "{ran:?}");
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_API_URL", self.github.url.clone()),
            ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
            ("GITHUB_REPOSITORY", "acme/infra".to_owned()),
            (
                "GITHUB_EVENT_PATH",
                self.path("event.json").display().to_string(),
            ),
            ("GITHUB_RUN_ATTEMPT", "1".to_owned()),
            ("GITHUB_OUTPUT", self.path("output").display().to_string()),
            (
                "GITHUB_STEP_SUMMARY",
                self.path("summary").display().to_string(),
            ),
            ("GITHUB_TOKEN", TOKEN.to_owned()),
        ]
    }

    fn tell(&self, run: u64, arguments: &[&str]) -> Ran {
        let ran: Ran = abide()
            .current_dir(self.folder.path())
            .envs(self.variables())
            .env("GITHUB_RUN_ID", run.to_string())
            .args(["pr", "comment"])
            .args(arguments)
            .output()
            .unwrap()
            .into();
        assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
        ran
    }

    fn comments(&self) -> Vec<String> {
        let state = self.github.state();
        state.comments.iter().map(|c| c.body.clone()).collect()
    }
}

fn some_plan() -> String {
    plan("security-group-forms")
}

/// Results in which nothing is wrong, made of others: no fixture passes every policy.
fn without_findings(job: &Job, from: &str, to: &str) {
    let text = fs::read_to_string(job.path(from)).unwrap();
    let mut results: Value = serde_json::from_str(&text).unwrap();
    results["results"] = json!([]);
    results["verdict"] = json!("passed");
    for name in [
        "fail",
        "unknown",
        "error",
        "excepted",
        "in_baseline",
        "observed",
    ] {
        results["summary"][name] = json!(0);
    }
    for name in ["critical", "high", "medium", "low"] {
        results["summary"]["by_severity"][name] = json!(0);
    }
    fs::write(job.path(to), results.to_string()).unwrap();
}

#[test]
fn the_life_of_a_comment() {
    let job = Job::new();
    let payments = repository().join(PAYMENTS).display().to_string();
    job.scan(&payments, "bad.json", &[]);
    without_findings(&job, "bad.json", "good.json");

    let ran = job.tell(1, &["good.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing to say"), "{}", ran.stderr);
    assert!(job.comments().is_empty());

    job.push("head1", "acme/infra");
    let ran = job.tell(2, &["bad.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let written = job.comments();
    assert_eq!(written.len(), 1);
    assert!(written[0].starts_with("<!-- abide-comment:v1 run=default head=head1 ci=2.1 "));
    assert!(
        written[0].contains("\n## Policy Scan Results\n"),
        "as the user's workflow looks for it"
    );
    assert!(written[0].contains("POL-0002") && written[0].contains("/actions/runs/2"));

    // The results of an older push come late.
    job.push("head2", "acme/infra");
    job.tell(3, &["good.json"]);
    let resolved = job.comments();
    assert_eq!(resolved.len(), 1);
    assert!(resolved[0].contains("**All resolved.**"), "{}", resolved[0]);
    job.push("head1", "acme/infra");
    job.github.state().head = "head2".to_owned();
    let late = job.tell(2, &["bad.json"]);
    assert!(late.stderr.contains("moved on"), "{}", late.stderr);
    assert_eq!(job.comments(), resolved);
    let outputs = fs::read_to_string(job.path("output")).unwrap();
    let words: Vec<&str> = outputs
        .lines()
        .filter_map(|l| l.strip_prefix("comment="))
        .collect();
    assert_eq!(words, ["silent", "created", "updated", "outdated"]);
    job.github.assert_clean();
}

#[test]
fn what_the_scan_said_is_what_the_comment_says() {
    let job = Job::new();
    job.scan(
        &repository().join(PAYMENTS).display().to_string(),
        "results.json",
        &[],
    );
    let results: Value =
        serde_json::from_str(&fs::read_to_string(job.path("results.json")).unwrap()).unwrap();
    let ran = job.tell(1, &["results.json", "--dry-run"]);
    let (stamp, text) = ran.stdout.split_once('\n').unwrap();
    assert!(stamp.starts_with("<!-- abide-comment:v1 "));
    let (text, foot) = text.rsplit_once("\n<sub>commit ").unwrap();
    assert!(foot.contains("head0"));
    // The renderer is the same one; only links to a commit depend on the job.
    assert_eq!(
        text.trim_end(),
        results["markdown"].as_str().unwrap().trim_end()
    );
    assert!(job.comments().is_empty(), "nothing is sent");
}

#[test]
fn the_target_branch_s_scan_tells_new_from_known() {
    let job = Job::new();
    let payments = repository().join(PAYMENTS).display().to_string();
    job.scan(&payments, "base.json", &[]);
    let base: Value =
        serde_json::from_str(&fs::read_to_string(job.path("base.json")).unwrap()).unwrap();
    // One finding is new: the base did not have it. One is gone: the base had another.
    let mut changed = base.clone();
    let all = changed["results"].as_array_mut().unwrap();
    let at = all
        .iter()
        .position(|r| r["outcome"] == "fail" && r["severity"] == "critical")
        .unwrap();
    let new = all[at]["policy_id"].as_str().unwrap().to_owned();
    all[at]["fingerprint"] = json!("0123456789abcdef0123456789abcdef");
    fs::write(job.path("base.json"), changed.to_string()).unwrap();
    fs::write(job.path("results.json"), base.to_string()).unwrap();

    let ran = job.tell(1, &["results.json", "--against", "base.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let body = job.comments().pop().unwrap();
    let known = base["summary"]["fail"].as_u64().unwrap() - 1;
    assert!(
        body.contains(&format!("**1 new**, {known} known before, 1 gone.")),
        "{body}"
    );
    assert!(body.contains("### CRITICAL (1)"), "{body}");
    assert!(body.contains(&format!("- **{new}** `")), "{body}");

    // Nothing is new: the comment says so, and a baseline file is as good.
    let baseline = [
        "baseline",
        "create",
        &payments,
        "--now",
        "2026-03-01",
        "--output",
    ];
    let to = job.path("baseline.jsonl");
    let ran = run(&[&baseline[..], &[to.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    job.tell(2, &["results.json", "--against", "baseline.jsonl"]);
    let body = job.comments().pop().unwrap();
    assert!(
        body.contains("**All resolved.**") && body.contains("**0 new**"),
        "{body}"
    );
    let ran = job.tell(3, &["results.json", "--against", "event.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("event.json"), "{}", ran.stderr);
    job.github.assert_clean();
}

#[test]
fn a_fork_gets_annotations_and_a_summary() {
    let job = Job::new();
    job.scan(
        &repository().join(PAYMENTS).display().to_string(),
        "results.json",
        &[],
    );
    job.push("head0", "mallory/infra");
    job.github.state().read_only = true;
    let ran = job.tell(1, &["results.json", "--check", "--suggest"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("Resource not accessible by integration"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("::error "), "{}", ran.stdout);
    assert!(
        fs::read_to_string(job.path("summary"))
            .unwrap()
            .contains("## Policy Scan Results")
    );
    assert!(job.comments().is_empty());
    // What the scan step wrote is not written twice; and who wants to know fails.
    let quiet = job.tell(1, &["results.json", "--fallback", "none"]);
    assert_eq!((quiet.code, quiet.stdout.as_str()), (0, ""));
    assert_eq!(job.tell(1, &["results.json", "--fallback", "fail"]).code, 2);
    job.github.assert_clean();
}

#[test]
fn long_results_are_cut_with_a_number_and_a_link() {
    let job = Job::new();
    job.scan(
        &repository().join(PAYMENTS).display().to_string(),
        "few.json",
        &[],
    );
    let mut results: Value =
        serde_json::from_str(&fs::read_to_string(job.path("few.json")).unwrap()).unwrap();
    let one = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["severity"] == "critical" && r["outcome"] == "fail")
        .unwrap()
        .clone();
    let many = (0..2_000).map(|number| {
        let mut result = one.clone();
        result["resource_address"] = json!(format!("aws_s3_bucket.b{number}"));
        result["fingerprint"] = json!(format!("{number:032x}"));
        result["location"] = Value::Null;
        result
    });
    results["results"] = many.collect();
    fs::write(job.path("many.json"), results.to_string()).unwrap();
    let ran = job.tell(1, &["many.json", "--check"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let body = job.comments().pop().unwrap();
    assert!(body.chars().count() < 65_536);
    let shown = body.matches("- **POL-").count();
    let left = 2_000 - shown;
    assert!(shown > 50, "{shown}");
    assert!(
        body.contains(&format!("**and {left} more findings**")),
        "{shown} are shown"
    );
    assert!(body.contains("See [all results](https://github.com/acme/infra/actions/runs/1)."));
    job.github.assert_clean();
}

#[test]
fn checks_and_suggestions_come_from_the_same_results() {
    let job = Job::new();
    let here = job.folder.path();
    let source = "resource \"aws_db_instance\" \"main\" {\n  engine                  = \"postgres\"\n  instance_class          = \"db.t3.micro\"\n  backup_retention_period = 1\n}\n";
    fs::write(here.join("main.tf"), source).unwrap();
    fs::write(here.join(".gitignore"), "*.json\noutput\nsummary\n").unwrap();
    git(here, &["init", "-q"]);
    git(here, &["add", "main.tf", ".gitignore"]);
    git(here, &["commit", "-qm", "x"]);
    let head = std::process::Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(here)
        .output()
        .unwrap();
    let head = String::from_utf8(head.stdout).unwrap().trim().to_owned();
    let lines: Vec<String> = source.lines().map(|line| format!("+{line}")).collect();
    job.github.state().files = vec![(
        "main.tf".to_owned(),
        format!("@@ -0,0 +1,{} @@\n{}", lines.len(), lines.join("\n")),
    )];
    job.scan(".", "results.json", &["--fixes", "--select", "POL-0003"]);

    // The merge with the target is checked out, as is usual: lines may differ.
    job.push("another", "acme/infra");
    let ran = job.tell(1, &["results.json", "--suggest"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("no suggestions"), "{}", ran.stderr);
    assert!(job.github.state().review_comments.is_empty());

    job.push(&head, "acme/infra");
    let ran = job.tell(
        2,
        &["results.json", "--check", "--suggest", "--run-name", "prod"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    {
        let state = job.github.state();
        assert_eq!(state.review_comments.len(), 1);
        let remark = &state.review_comments[0];
        assert_eq!(remark.line, 4);
        assert!(
            remark
                .body
                .contains("```suggestion\n  backup_retention_period = 7\n```"),
            "{}",
            remark.body
        );
        assert!(remark.body.contains("**POL-0003**"), "{}", remark.body);
        let check = &state.checks[0];
        assert_eq!(
            (&check["name"], &check["conclusion"]),
            (&json!("abide: prod"), &json!("failure"))
        );
        assert_eq!(check["output"]["annotations"][0]["path"], "main.tf");
        assert_eq!(check["output"]["annotations"][0]["start_line"], 4);
    }
    let again = job.tell(3, &["results.json", "--suggest", "--run-name", "prod"]);
    assert!(
        again.stderr.contains("0 suggested, 1 already there"),
        "{}",
        again.stderr
    );
    assert!(job.comments()[1].contains("\n## Policy Scan Results: prod\n"));
    job.github.assert_clean();
}

#[test]
fn where_there_is_no_pull_request_it_says_so() {
    let job = Job::new();
    job.scan(&some_plan(), "results.json", &[]);
    fs::write(job.path("event.json"), r#"{"ref": "refs/heads/main"}"#).unwrap();
    let ran = job.tell(1, &["results.json"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("no pull request"), "{}", ran.stderr);
    let results = job.path("results.json").display().to_string();
    let outside = run(&["pr", "comment", &results]);
    assert_eq!(outside.code, 2);
    assert!(outside.stderr.contains("--pr"), "{}", outside.stderr);
    let no_token = run(&[
        "pr", "comment", &results, "--forge", "gitlab", "--repo", "a/b", "--pr", "1",
    ]);
    assert!(
        no_token.stderr.contains("GITLAB_TOKEN"),
        "{}",
        no_token.stderr
    );
    let plain: Ran = abide()
        .args([
            "pr",
            "comment",
            &results,
            "--forge",
            "github",
            "--repo",
            "a/b",
            "--pr",
            "1",
            "--api-url",
            "http://ghe.example",
        ])
        .env("GITHUB_TOKEN", TOKEN)
        .output()
        .unwrap()
        .into();
    assert!(
        plain.stderr.contains("plain text") && !plain.stderr.contains(TOKEN),
        "{}",
        plain.stderr
    );
}

#[test]
fn other_files_are_told_from_results() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("plan.json", r#"{"format_version": "1.2"}"#),
        ("empty.json", ""),
        ("next.json", r#"{"schema_version": "2"}"#),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let ran = run(&["pr", "comment", path.to_str().unwrap(), "--dry-run"]);
        assert_eq!(ran.code, 2, "{}", ran.stdout);
        assert!(
            ran.stderr.contains(name) && ran.stderr.contains("abide scan"),
            "{}",
            ran.stderr
        );
    }
    let missing = run(&["pr", "comment", "/nowhere/results.json"]);
    assert!(
        missing.stderr.contains("/nowhere/results.json"),
        "{}",
        missing.stderr
    );
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
