//! The whole document, as Rego sees it, holds no secret.

use std::path::{Path, PathBuf};

use abide_core::source::{self, Input, RedactionKey};
use serde_json::Value;

use crate::support::repository;

fn fixtures(kind: &str) -> PathBuf {
    repository().join("tests/fixtures").join(kind)
}

fn read(path: &Path) -> Value {
    source::raw(&Input::File(path.to_owned()), &RedactionKey::new([7; 32])).unwrap()
}

#[track_caller]
fn assert_hidden(case: &Path, file: &str) {
    let path = case.join(file);
    let before = std::fs::read_to_string(&path).unwrap();
    let after = read(&path).to_string();
    let expected = std::fs::read_to_string(case.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let secrets = expected["_secrets"].as_array().unwrap();
    let secrets: Vec<&str> = secrets.iter().map(|s| s.as_str().unwrap()).collect();
    assert!(
        secrets.iter().any(|secret| before.contains(secret)),
        "{} plants secrets",
        path.display()
    );
    let shown: Vec<_> = secrets.iter().filter(|s| after.contains(**s)).collect();
    assert!(shown.is_empty(), "{} shows {shown:?}", path.display());
    assert!(after.contains("(sensitive:"), "{}", path.display());
}

#[test]
fn of_a_new_plan() {
    assert_hidden(&fixtures("plans/sensitive-create"), "plan.json");
}

#[test]
fn of_a_plan_with_prior_state() {
    assert_hidden(&fixtures("plans/sensitive-prior"), "plan.json");
}

#[test]
fn of_a_state_in_both_forms() {
    let case = fixtures("states/payments");
    assert_hidden(&case, "show.json");
    assert_hidden(&case, "terraform.tfstate");
}

#[test]
fn leaves_a_document_without_secrets_as_it_is() {
    let case = fixtures("plans/ebs-volume/plan.json");
    let before: Value = serde_json::from_str(&std::fs::read_to_string(&case).unwrap()).unwrap();
    assert_eq!(read(&case), before);
}

#[test]
fn refuses_what_is_no_plan() {
    let odd = Input::File(fixtures("odd/not-terraform.json"));
    assert!(source::raw(&odd, &RedactionKey::new([7; 32])).is_err());
}
