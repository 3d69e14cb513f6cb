//! A baseline binds to content.

use std::fs;

use serde_json::Value;

use crate::command::{PAYMENTS, plan, repository, run_in};

#[test]
fn only_new_findings_fail() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let text = fs::read_to_string(repository().join(PAYMENTS)).unwrap();
    fs::write(here.join("plan.json"), &text).unwrap();
    let made = run_in(
        here,
        &[
            "baseline",
            "create",
            "plan.json",
            "--output",
            "b.jsonl",
            "--now",
            "2026-03-01",
        ],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(
        run_in(here, &["scan", "plan.json", "--baseline", "b.jsonl"]).code,
        0
    );
    // Written again it stays the same: first_seen is kept.
    let before = fs::read_to_string(here.join("b.jsonl")).unwrap();
    run_in(
        here,
        &[
            "baseline",
            "create",
            "plan.json",
            "--output",
            "b.jsonl",
            "--now",
            "2026-04-01",
        ],
    );
    assert_eq!(fs::read_to_string(here.join("b.jsonl")).unwrap(), before);
    // The violating value changes: it is another finding.
    assert!(text.contains("\"backup_retention_period\":1"));
    fs::write(
        here.join("worse.json"),
        text.replace(
            "\"backup_retention_period\":1",
            "\"backup_retention_period\":2",
        ),
    )
    .unwrap();
    assert_eq!(
        run_in(here, &["scan", "worse.json", "--baseline", "b.jsonl"]).code,
        1
    );
    // What is gone is taken out.
    let pruned = run_in(
        here,
        &["baseline", "prune", "worse.json", "--output", "b.jsonl"],
    );
    assert!(pruned.stdout.contains("taken out"), "{}", pruned.stdout);
    assert!(fs::read_to_string(here.join("b.jsonl")).unwrap().len() < before.len());
}

#[test]
fn broken_and_missing_baselines_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b.jsonl"), "{\"fingerprint\": \"x\"}\n").unwrap();
    let case = plan("sse-by-reference");
    let ran = run_in(folder.path(), &["scan", &case, "--baseline", "b.jsonl"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("b.jsonl:1:"), "{}", ran.stderr);
    assert!(
        run_in(folder.path(), &["scan", &case, "--baseline", "none"])
            .stderr
            .contains("abide baseline create")
    );
}

/// A resource that only moves keeps its entry; one that is written down stays so.
#[test]
fn a_moved_resource_is_not_new() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let text = fs::read_to_string(plan("action-moved")).unwrap();
    fs::write(here.join("after.json"), &text).unwrap();
    // The plan before the moves: old addresses, nothing moved.
    let mut before: Value = serde_json::from_str(&text).unwrap();
    for resource in before["resource_changes"].as_array_mut().unwrap() {
        let resource = resource.as_object_mut().unwrap();
        if let Some(previous) = resource.remove("previous_address") {
            let name = previous.as_str().unwrap().rsplit('.').next().unwrap();
            resource.insert("name".to_owned(), name.into());
            resource.insert("address".to_owned(), previous.clone());
            for part in ["module_address", "index"] {
                resource.remove(part);
            }
        }
    }
    fs::write(here.join("before.json"), before.to_string()).unwrap();
    let made = run_in(
        here,
        &["baseline", "create", "before.json", "-o", "b.jsonl"],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let written = fs::read_to_string(here.join("b.jsonl")).unwrap();
    assert!(written.contains("aws_ebs_volume.old_name"), "{written}");
    assert!(!written.contains("new_name"), "{written}");
    let scan = |plan: &str| run_in(here, &["scan", plan, "--baseline", "b.jsonl"]);
    assert_eq!(scan("before.json").code, 0);
    let after = scan("after.json");
    assert_eq!(after.code, 0, "{}", after.stdout);
    assert_eq!(run_in(here, &["scan", "after.json"]).code, 1);
    // Neither pruning nor writing anew takes a moved resource for a gone or a new one.
    let entry = |file: &str, name: &str| -> Value {
        let text = fs::read_to_string(here.join(file)).unwrap();
        let line = text.lines().find(|line| line.contains(name)).unwrap();
        serde_json::from_str(line).unwrap()
    };
    let first_seen = entry("b.jsonl", "old_name")["first_seen"].clone();
    let before = written.lines().count();
    for step in ["prune", "create"] {
        fs::write(here.join("moved.jsonl"), &written).unwrap();
        let ran = run_in(here, &["baseline", step, "after.json", "-o", "moved.jsonl"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let moved = entry("moved.jsonl", "aws_ebs_volume.new_name");
        assert_eq!(moved["first_seen"], first_seen, "{step}");
        let text = fs::read_to_string(here.join("moved.jsonl")).unwrap();
        assert!(!text.contains("old_name"), "{text}");
        assert_eq!(text.lines().count(), before, "{step}: {text}");
    }
}

#[test]
fn an_empty_baseline_is_not_an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let case = plan("ebs-volume");
    fs::write(here.join("b.jsonl"), "\n").unwrap();
    let ran = run_in(here, &["scan", &case, "--baseline", "b.jsonl"]);
    assert_eq!(ran.code, 2);
    for word in [
        "b.jsonl:1:",
        "empty",
        "expected one line of JSON",
        "abide baseline create",
    ] {
        assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr);
    }
    fs::remove_file(here.join("b.jsonl")).unwrap();
    let nothing = ["--no-builtin", "--policies", "none.yaml"];
    fs::write(here.join("none.yaml"), NEVER).unwrap();
    let mut create = vec!["baseline", "create", &case, "-o", "b.jsonl"];
    create.extend(nothing);
    assert_eq!(run_in(here, &create).code, 0);
    let mut scan = vec!["scan", &case, "--baseline", "b.jsonl"];
    scan.extend(nothing);
    let ran = run_in(here, &scan);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

const NEVER: &str = "
id: ACME-0001
title: Volumes are volumes
severity: high
why: w
resource_types: [aws_ebs_volume]
check: {constant: true}
message: m
remediation: r
";

#[test]
fn first_seen_is_in_whole_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let case = plan("ebs-volume");
    run_in(here, &["baseline", "create", &case, "-o", "b.jsonl"]);
    let text = fs::read_to_string(here.join("b.jsonl")).unwrap();
    let entry: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let at = entry["first_seen"].as_str().unwrap();
    assert!(at.ends_with('Z') && !at.contains('.'), "{at}");
}

#[test]
fn nothing_is_taken_out_for_what_a_partial_plan_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    run_in(
        here,
        &["baseline", "create", &plan("ebs-volume"), "-o", "b.jsonl"],
    );
    let before = fs::read_to_string(here.join("b.jsonl")).unwrap();
    assert!(before.contains("aws_ebs_volume.off"), "{before}");
    for partial in ["errored", "target"] {
        let ran = run_in(
            here,
            &["baseline", "prune", &plan(partial), "-o", "b.jsonl"],
        );
        assert_eq!(ran.code, 2, "{partial}: {}", ran.stdout);
        assert!(ran.stderr.contains("not complete"), "{}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(here.join("b.jsonl")).unwrap(), before);
    let none = run_in(
        here,
        &["baseline", "prune", &plan("ebs-volume"), "-o", "none"],
    );
    assert_eq!(none.code, 2);
    assert!(!here.join("none").exists());
}

#[test]
fn known_findings_are_shown_as_known() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let case = plan("ebs-volume");
    run_in(here, &["baseline", "create", &case, "-o", "b.jsonl"]);
    let ran = run_in(
        here,
        &["scan", &case, "--baseline", "b.jsonl", "--format", "json"],
    );
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(report["summary"]["in_baseline"].as_u64().unwrap() >= 6);
    assert!(
        report["results"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["in_baseline"] == true && r["compliant"] == false)
    );
    assert!(report["markdown"].as_str().unwrap().contains("baseline"));
}
