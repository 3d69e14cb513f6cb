//! `abide fix` on files of a git repository.

use std::fs;

use tempfile::TempDir;

use crate::command::{git, run_in};

const SOURCE: &str = "resource \"aws_db_instance\" \"a\" {\n  publicly_accessible = true\n}\n";

fn repository() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("main.tf"), SOURCE).unwrap();
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "one"]);
    dir
}

const FIX: &[&str] = &["fix", "--no-config", "--select", "POL-0333"];

#[test]
fn the_difference_is_printed_and_nothing_written() {
    let dir = repository();
    let ran = run_in(dir.path(), FIX);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("--- a/main.tf\n+++ b/main.tf\n"));
    assert!(
        ran.stdout
            .contains("-  publicly_accessible = true\n+  publicly_accessible = false\n")
    );
    assert!(ran.stderr.contains("can fix 1 of 1"), "{}", ran.stderr);
    assert_eq!(
        fs::read_to_string(dir.path().join("main.tf")).unwrap(),
        SOURCE
    );
}

#[test]
fn writing_is_idempotent() {
    let dir = repository();
    let write = [FIX, &["--write"]].concat();
    assert_eq!(run_in(dir.path(), &write).code, 0);
    let text = fs::read_to_string(dir.path().join("main.tf")).unwrap();
    assert_eq!(text, SOURCE.replace("true", "false"));
    let again = run_in(dir.path(), &write);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stderr.contains("fixed 0 of 0"), "{}", again.stderr);
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn uncommitted_changes_are_refused() {
    let dir = repository();
    let path = dir.path().join("main.tf");
    let mine = format!("# mine\n{SOURCE}");
    fs::write(&path, &mine).unwrap();
    let write = [FIX, &["--write"]].concat();
    let ran = run_in(dir.path(), &write);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("uncommitted changes"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), mine);
    let ran = run_in(dir.path(), &[&write[..], &["--allow-dirty"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        mine.replace("true", "false")
    );
}

#[test]
fn without_git_writing_must_be_asked_for() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("main.tf"), SOURCE).unwrap();
    let write = [FIX, &["--write"]].concat();
    let ran = run_in(dir.path(), &write);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("not in a git repository"),
        "{}",
        ran.stderr
    );
}

#[cfg(unix)]
#[test]
fn permissions_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("main.tf");
    fs::write(&path, SOURCE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let ran = run_in(dir.path(), &[FIX, &["--write", "--allow-dirty"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn what_remains_says_why_and_gives_one() {
    let dir = TempDir::new().unwrap();
    let json = r#"{"resource": {"aws_db_instance": {"a": {"publicly_accessible": true}}}}"#;
    fs::write(dir.path().join("main.tf.json"), json).unwrap();
    let ran = run_in(dir.path(), &[FIX, &["--format", "json"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["remaining"][0]["policy"], "POL-0333");
    assert!(
        json["remaining"][0]["why"]
            .as_str()
            .unwrap()
            .contains("JSON")
    );
}

#[test]
fn edits_are_printed_as_json() {
    let dir = repository();
    let ran = run_in(dir.path(), &[FIX, &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let edit = &json["files"][0]["edits"][0];
    assert_eq!(json["files"][0]["file"], "main.tf");
    assert_eq!(edit["start"]["line"], 2);
    assert_eq!(edit["replacement"], "false");
}

#[test]
fn findings_of_a_plan_are_fixed_in_the_source() {
    let dir = repository();
    let changes = ["a", "b"].map(|name| {
        serde_json::json!({
            "address": format!("aws_db_instance.{name}"),
            "mode": "managed",
            "type": "aws_db_instance",
            "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"],
                "before": null,
                "after": {"publicly_accessible": true},
                "after_unknown": {},
                "before_sensitive": false,
                "after_sensitive": {},
            },
        })
    });
    let resources = ["a", "b"].map(|name| {
        serde_json::json!({
            "address": format!("aws_db_instance.{name}"),
            "mode": "managed",
            "type": "aws_db_instance",
            "name": name,
            "provider_config_key": "aws",
            "expressions": {"publicly_accessible": {"constant_value": true}},
            "schema_version": 2,
        })
    });
    let plan = serde_json::json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": resources}},
    });
    fs::write(dir.path().join("plan.json"), plan.to_string()).unwrap();
    let ran = run_in(dir.path(), &[FIX, &["--plan", "plan.json"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("+  publicly_accessible = false\n"));
    assert!(
        ran.stderr.contains("left POL-0333 aws_db_instance.b"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("fails in the plan but not in this directory"),
        "{}",
        ran.stderr
    );
}

/// Source is read as `abide scan` reads it: the workspace decides here.
#[test]
fn the_workspace_is_that_of_the_flag() {
    let dir = repository();
    let only = SOURCE.replace(
        "{\n",
        "{\n  count = terraform.workspace == \"prod\" ? 1 : 0\n",
    );
    fs::write(dir.path().join("main.tf"), only).unwrap();
    let ran = run_in(dir.path(), FIX);
    assert!(ran.stderr.contains("can fix 0 of 0"), "{}", ran.stderr);
    let ran = run_in(dir.path(), &[FIX, &["--workspace", "prod"]].concat());
    assert!(ran.stderr.contains("can fix 1 of 1"), "{}", ran.stderr);
}
