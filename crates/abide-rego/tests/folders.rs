//! Folders as conftest and OPA users have them, against real plans.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use abide_core::finding::{Finding, Outcome};
use abide_core::policy::{PolicySet, PolicySettings};
use abide_core::source::{self, Input, LoadOptions, RedactionKey, Wanted};
use abide_rego::{Folder, RegoError};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn payments() -> PathBuf {
    repository().join("examples/payments/plan.json")
}

fn load(text: &str) -> Result<Folder, RegoError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.rego"), text).unwrap();
    Folder::load(folder.path())
}

fn judge(text: &str, plan: &Path) -> Vec<Finding> {
    let folder = load(text).unwrap();
    let set = PolicySet::compile(folder.policies(), &PolicySettings::default()).unwrap();
    let key = RedactionKey::new([7; 32]);
    let input = Input::File(plan.to_owned());
    let document = source::raw(&input, &key).unwrap();
    let wanted = Wanted::everything();
    let inventory = source::load(&input, &LoadOptions { wanted, key }).unwrap();
    folder.evaluate(&inventory, &document, &set, 0).findings
}

#[test]
fn broken_rego_names_file_line_and_column() {
    for (text, line) in [
        (
            "package main\n\ndeny contains msg if {\n  msg := sprintf(\n}\n",
            4,
        ),
        ("package main\n\ndeny[msg] {\n  msg := = 1\n}\n", 4),
    ] {
        let error = load(text).err().unwrap().to_string();
        assert!(error.contains(&format!("a.rego:{line}:")), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn builtins_that_terraform_policies_use() {
    let rule = r#"package main

deny contains "walk" if {
  walk(input.planned_values, [_, node])
  node.type == "aws_ebs_volume"
}

deny contains "net" if net.cidr_contains("10.0.0.0/8", "10.1.0.0/16")

deny contains "glob" if glob.match("aws_*", [], "aws_s3_bucket")

deny contains "base64" if base64.decode("YQ==") == "a"

deny contains "semver" if semver.compare("1.2.0", "1.10.0") < 0
"#;
    let found = judge(rule, &payments());
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn a_message_belongs_to_the_one_resource_it_names() {
    let rule = r#"package main

deny contains msg if {
  some change in input.resource_changes
  change.type == "aws_db_instance"
  some form in ["see %s.", "%q is bad", "'%s' is bad"]
  msg := sprintf(form, [change.address])
}

deny contains msg if {
  all := concat(" and ", [change.address | some change in input.resource_changes])
  msg := sprintf("all of %s", [all])
}
"#;
    let found = judge(rule, &payments());
    assert!(found.len() > 3, "{found:?}");
    for finding in found {
        let expected = if finding.message.starts_with("all of") {
            "account"
        } else {
            "aws_db_instance"
        };
        assert_eq!(&*finding.resource_type, expected, "{}", finding.message);
    }
}

#[test]
fn an_evaluation_error_is_never_a_pass() {
    for call in ["to_number(\"x\")", "time.now_ns()", "no.such.function(1)"] {
        let rule = format!("package main\n\ndeny contains \"m\" if {{\n  {call} == 1\n}}\n");
        let found = judge(&rule, &payments());
        assert_eq!(found.len(), 1, "{call} {found:?}");
        assert_eq!(found[0].outcome, Outcome::Error, "{call}");
        assert!(found[0].message.contains("line 4"), "{}", found[0].message);
    }
}

#[test]
fn an_attribute_is_no_fact() {
    let rule = "package main\n\nviolation contains {\"msg\": \"m\", \"attribute\": \"a.b\", \"port\": 22} if true\n";
    let found = judge(rule, &payments());
    assert_eq!(found[0].attribute.as_ref().unwrap().to_string(), "a.b");
    assert_eq!(found[0].facts[0].to_string(), "port=22");
}

#[test]
fn secrets_are_not_visible() {
    for case in ["sensitive-create", "sensitive-prior"] {
        let case = repository().join("tests/fixtures/plans").join(case);
        let text = fs::read_to_string(case.join("expected.json")).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
        let dump = "package main\n\ndeny contains msg if msg := json.marshal(input)\n";
        let found = judge(dump, &case.join("plan.json"));
        assert!(found[0].message.contains("(sensitive)"));
        for secret in expected["_secrets"].as_array().unwrap() {
            let secret = secret.as_str().unwrap();
            assert!(!found[0].message.contains(secret), "{secret}");
        }
    }
}
