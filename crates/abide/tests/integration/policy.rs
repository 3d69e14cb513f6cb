//! `abide policy`, `abide explain` and what describes the program.

use std::fs;

use serde_json::Value;

use crate::command::{PAYMENTS, run, run_in};

#[test]
fn the_list_keeps_its_contract() {
    let list: Value =
        serde_json::from_str(&run(&["policy", "list", "--format", "json"]).stdout).unwrap();
    let first = &list[0];
    assert_eq!(first["id"], "POL-0001");
    for field in [
        "title",
        "severity",
        "resource_types",
        "controls",
        "aliases",
        "enabled",
        "profile",
    ] {
        assert!(!first[field].is_null(), "{field}");
    }
    for tool in [
        "checkov",
        "trivy",
        "tfsec",
        "snyk",
        "security_hub",
        "prowler",
        "sentinel",
    ] {
        assert!(first["aliases"][tool].is_array(), "{tool}");
    }
    assert!(
        run(&["policy", "list", "--select", "kms"])
            .stdout
            .contains("POL-0290")
    );
}

#[test]
fn explains_by_any_name() {
    let by_id = run(&["explain", "POL-0001"]).stdout;
    assert!(
        by_id.contains("Why")
            && by_id.contains("Example:")
            && by_id.contains("pci-dss-4.0.1:3.5.1"),
        "{by_id}"
    );
    assert_eq!(run(&["explain", "CKV_AWS_19"]).stdout, by_id);
}

#[test]
fn explains_a_verdict() {
    let ran = run(&[
        "explain",
        "POL-0003",
        "module.database[\"cards\"].aws_db_instance.this",
        "--plan",
        PAYMENTS,
    ]);
    assert!(
        ran.stdout.contains(": fail"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert!(
        ran.stdout.contains("[backup_retention_period is 1]"),
        "{}",
        ran.stdout
    );
    let near = run(&[
        "explain",
        "POL-0001",
        "aws_s3_bucket.card_export",
        "--plan",
        PAYMENTS,
    ]);
    assert!(
        near.stderr
            .contains("did you mean `aws_s3_bucket.card_exports`?"),
        "{}",
        near.stderr
    );
}

#[test]
fn a_new_policy_is_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run_in(
        folder.path(),
        &[
            "policy",
            "new",
            "ACME-0001",
            "--resource-type",
            "aws_ebs_volume",
            "--attribute",
            "encrypted",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let tested = run_in(folder.path(), &["policy", "test", "policies"]);
    assert_eq!(tested.code, 0, "{}", tested.stdout);
    let file = folder.path().join("policies/ACME-0001.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replacen("    encrypted = true", "    encrypted = false", 1),
    )
    .unwrap();
    let tested = run_in(
        folder.path(),
        &["policy", "test", "policies", "--select", "ACME-0001"],
    );
    assert_eq!(tested.code, 1);
    assert!(tested.stdout.contains("expected pass"), "{}", tested.stdout);
    fs::write(
        &file,
        text.replace("attribute: encrypted,", "attribute: encripted,"),
    )
    .unwrap();
    let broken = run_in(folder.path(), &["policy", "test", "policies"]);
    assert!(
        broken.stderr.contains("did you mean `encrypted`?"),
        "{}",
        broken.stderr
    );
    assert_eq!(
        run_in(
            folder.path(),
            &[
                "policy",
                "new",
                "ACME-0001",
                "--resource-type",
                "aws_ebs_volume"
            ]
        )
        .code,
        2
    );
}

#[test]
fn describes_itself() {
    let schema: Value = serde_json::from_str(&run(&["policy", "schema"]).stdout).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    assert!(run(&["completions", "bash"]).stdout.contains("_abide"));
    assert!(run(&["man", "scan"]).stdout.contains(".TH abide-scan"));
    assert!(run(&["scan", "--help"]).stdout.contains("Exit codes:"));
    assert!(
        run(&["policy", "show", "POL-0002"])
            .stdout
            .starts_with("id: POL-0002")
    );
}
