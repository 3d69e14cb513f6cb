//! A baseline binds to content.

use std::fs;

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
