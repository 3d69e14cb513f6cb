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

/// Data in YAML lies beside policies in YAML, and what a rule prints stays one visible line.
#[test]
fn a_folder_of_everything() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("rego");
    fs::create_dir(&here).unwrap();
    let rule = "package main\n\ndeny_limit contains msg if {\n  print(\"a\\n::error::b\\u001b[31m\")\n  msg := sprintf(\"limit %v\", [data.limit])\n}\n";
    fs::write(here.join("a.rego"), rule).unwrap();
    fs::write(here.join("data.yaml"), "limit: 7\n").unwrap();
    fs::write(here.join("body.yaml"), BODY).unwrap();
    let scan = |more: &[&str]| {
        let input = plan("ebs-volume");
        let mut all = vec![
            "scan",
            &input,
            "--no-builtin",
            "--policies=rego",
            "--format=json",
        ];
        all.extend(more);
        run_in(folder.path(), &all)
    };
    let ran = scan(&[]);
    let report: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let results = report["results"].as_array().unwrap();
    let of = |id: &str| results.iter().filter(|r| r["policy_id"] == id).count();
    assert_eq!(of("rego:main/deny_limit"), 1);
    assert!(of("ACME-0001") > 1);
    assert!(
        results.iter().any(|r| r["message"] == "limit 7"),
        "{report}"
    );
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("a.rego:4: a\\n::error::b\\u{1b}[31m"),
        "{}",
        ran.stderr
    );
    // Rules of Rego are chosen by their names.
    let ran = scan(&["--select", "rego:main/deny_limit"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["summary"]["policies"], 1);
    // A policy with a slip is no data.
    fs::write(
        here.join("body.yaml"),
        BODY.replace("severity: high", "severity: hihg"),
    )
    .unwrap();
    let ran = scan(&[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("body.yaml:4:"), "{}", ran.stderr);
}

/// Rules of a body are found by the same names as those of a folder.
#[test]
fn bodies_with_longer_names() {
    let body = BODY.replace("deny contains", "deny_plain contains");
    let case = plan("ebs-volume");
    let long = scan(&[("body.yaml", &body)], &case, &[]);
    let short = scan(&[("body.yaml", BODY)], &case, &[]);
    assert!(short["summary"]["fail"].as_u64().unwrap() > 0);
    assert_eq!(long["summary"]["fail"], short["summary"]["fail"]);
}
