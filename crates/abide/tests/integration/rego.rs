//! Rego, in folders and in policy files.

use std::fs;

use serde_json::Value;

use crate::command::{PAYMENTS, plan, repository, run_in};

const OPEN: &str = r#"package main

deny contains msg if {
  some change in input.resource_changes
  change.type == "aws_ebs_volume"
  not change.change.after.encrypted
  msg := sprintf("%s is not encrypted", [change.address])
}

warn contains {"msg": "no backups", "address": change.address, "days": change.change.after.backup_retention_period} if {
  some change in input.resource_changes
  change.type == "aws_db_instance"
  change.change.after.backup_retention_period < 7
}
"#;

const OLD: &str = r#"package old.rules

violation[{"msg": msg}] {
  input.resource_changes[i].type == "aws_cloudtrail"
  not input.resource_changes[i].change.after.is_multi_region_trail
  msg := "one region"
}
"#;

fn scan(files: &[(&str, &str)], input: &str, more: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rego")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join("rego").join(name), text).unwrap();
    }
    let mut all = vec![
        "scan",
        input,
        "--policies",
        "rego",
        "--no-builtin",
        "--format",
        "json",
    ];
    all.extend(more);
    let ran = run_in(folder.path(), &all);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

fn payments() -> String {
    repository().join(PAYMENTS).display().to_string()
}

#[test]
fn folders_of_both_syntaxes() {
    let report = scan(
        &[
            ("open.rego", OPEN),
            ("old.rego", OLD),
            ("open_test.rego", "package broken (("),
        ],
        &payments(),
        &[],
    );
    let found: Vec<_> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            (
                r["policy_id"].as_str().unwrap(),
                r["severity"].as_str().unwrap(),
                r["resource_address"].as_str().unwrap(),
            )
        })
        .collect();
    assert!(
        found.contains(&("rego:main/deny", "high", "aws_ebs_volume.reconciliation")),
        "{found:?}"
    );
    assert!(
        found.contains(&(
            "rego:main/warn",
            "medium",
            "module.database[\"cards\"].aws_db_instance.this"
        )),
        "{found:?}"
    );
    assert!(
        found.contains(&("rego:old.rules/violation", "high", "root")),
        "{found:?}"
    );
    let warned = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["policy_id"] == "rego:main/warn")
        .unwrap();
    assert_eq!(warned["facts"][0]["days"], "1");
}

#[test]
fn broken_rego_names_file_and_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("bad.rego"),
        "package main\n\ndeny contains msg if {\n",
    )
    .unwrap();
    let ran = run_in(
        folder.path(),
        &["scan", &payments(), "--policies", "bad.rego"],
    );
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("bad.rego"), "{}", ran.stderr);
}

#[test]
fn secrets_are_not_visible_to_rego() {
    let case = plan("sensitive-create");
    let expected: Value = serde_json::from_str(
        &fs::read_to_string(case.replace("plan.json", "expected.json")).unwrap(),
    )
    .unwrap();
    let dump = "package main\n\ndeny contains msg if {\n  msg := json.marshal(input)\n}\n";
    let text = scan(&[("dump.rego", dump)], &case, &[]).to_string();
    assert!(text.contains("(sensitive)"), "the plan is there");
    for secret in expected["_secrets"].as_array().unwrap() {
        assert!(!text.contains(secret.as_str().unwrap()), "{secret}");
    }
}

const BODY: &str = r#"
id: ACME-0001
title: Volumes are encrypted
severity: high
why: w
resource_types: [aws_ebs_volume]
rego: |
  package acme

  deny contains msg if {
    input.values.encrypted == false
    msg := "not encrypted"
  }

  deny contains msg if {
    not input.values.encrypted
    not "encrypted" in input.unknown
    msg := "not encrypted"
  }

  unknown contains "encrypted is known after apply" if "encrypted" in input.unknown
"#;

#[test]
fn bodies_judge_one_resource() {
    let case = plan("ebs-volume");
    let report = scan(&[("body.yaml", BODY)], &case, &["--all-results"]);
    let outcome = |address: &str| {
        let all = report["results"].as_array().unwrap();
        all.iter()
            .find(|r| r["resource_address"] == address)
            .map(|r| r["outcome"].clone())
            .unwrap_or_default()
    };
    let expected: Value = serde_json::from_str(
        &fs::read_to_string(case.replace("plan.json", "expected.json")).unwrap(),
    )
    .unwrap();
    for (address, want) in expected["POL-0005"].as_object().unwrap() {
        assert_eq!(outcome(address), *want, "{address}: {report}");
    }
}
