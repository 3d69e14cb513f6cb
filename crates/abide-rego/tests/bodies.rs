//! `rego:` bodies of policy files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use abide_core::engine::Evaluations;
use abide_core::finding::Outcome;
use abide_core::policy::{PolicySet, PolicySettings};
use abide_core::source::{self, Input, LoadOptions, RedactionKey, Wanted};
use abide_policy::{Policy, Severity};
use abide_rego::{Asking, check_bodies, evaluate_bodies};

fn policy(rego: &str) -> Policy {
    let body: String = rego.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!(
        "id: ACME-0001\ntitle: t\nseverity: high\nwhy: w\nresource_types: [aws_db_instance]\n\
         parameters:\n  days: {{default: 7, description: d}}\nrego: |\n{body}"
    );
    abide_policy::read("acme.yaml", &text).unwrap()
}

fn judge(rego: &str) -> Evaluations {
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/payments/plan.json");
    let options = LoadOptions {
        wanted: Wanted::everything(),
        key: RedactionKey::new([7; 32]),
    };
    let inventory = source::load(&Input::File(plan), &options).unwrap();
    let set = PolicySet::compile(vec![policy(rego)], &PolicySettings::default()).unwrap();
    evaluate_bodies(&inventory, &set, Asking::default(), &mut Vec::new())
}

#[test]
fn sees_the_resource_the_inventory_and_parameters() {
    let found = judge(
        r#"package acme

deny contains {"msg": "few days", "attribute": "backup_retention_period"} if {
  input.values.backup_retention_period < data.parameters.days
  data.inventory.resources[input.address].type == input.type
  input.name == "this"
  input.key == null
  startswith(input.module, "module.database[")
  is_string(input.provider)
  input.action == "create"
}
"#,
    );
    assert_eq!(found.findings.len(), 1, "{:?}", found.findings);
    assert_eq!(found.findings[0].message, "few days");
    assert!(found.findings[0].attribute.is_some());
}

#[test]
fn a_warning_alone_is_low() {
    let found = judge("package acme\n\nwarn contains \"mild\" if true\n");
    assert!(!found.findings.is_empty());
    for finding in found.findings {
        assert_eq!(finding.outcome, Outcome::Fail);
        assert_eq!(finding.severity, Severity::Low);
    }
}

#[test]
fn unknown_and_not_applicable() {
    let open =
        judge("package acme\n\ndeny contains 1 if false\n\nunknown contains \"wait\" if true\n");
    assert!(open.tally.unknown > 0 && open.tally.pass == 0);
    let silent = judge("package acme\n\ndeny contains \"m\" if true\n\nnot_applicable := true\n");
    assert!(silent.tally.not_applicable > 0 && silent.tally.fail == 0);
}

#[test]
fn an_evaluation_error_is_never_a_pass() {
    let found = judge("package acme\n\ndeny contains \"m\" if to_number(\"x\") == 1\n");
    assert!(found.tally.error > 0 && found.tally.pass == 0);
}

#[test]
fn broken_bodies_are_refused_with_their_place() {
    let broken = policy("package acme\n\ndeny contains \"m\" if {\n  = 1\n}\n");
    let error = check_bodies(&[broken]).unwrap_err().to_string();
    assert!(
        error.starts_with("policy ACME-0001: line 12 of its file: "),
        "{error}"
    );
}

#[test]
fn a_body_that_cannot_fail_is_refused() {
    let silent = policy("package acme\n\nallow := true\n");
    let error = check_bodies(&[silent]).unwrap_err().to_string();
    assert!(error.contains("it would always pass"), "{error}");
    assert!(check_bodies(&[policy("package acme\n\ndeny[msg] {\n  msg := \"x\"\n}\n")]).is_ok());
}
