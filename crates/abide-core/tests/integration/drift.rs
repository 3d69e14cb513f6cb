//! What somebody did to a real cloud by hand, and the class it deserves.
//!
//! `drift.json` beside a plan maps addresses to classes, decided by what was done, under
//! `applied` (the code is what was applied last) and, where that differs, `ahead`; `noise`
//! lists resources in which Terraform sees differences that are none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use abide_core::drift::{Class, Code, Drift, Kind, classify};
use abide_core::source::{self, Input, LoadOptions, RedactionKey, Wanted};
use serde_json::Value;

use crate::support::{builtin, repository};

fn cases() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["tests/fixtures/plans", "tests/fixtures/drift"] {
        for case in std::fs::read_dir(repository().join(folder)).unwrap() {
            let case = case.unwrap().path();
            found.extend(case.join("drift.json").exists().then_some(case));
        }
    }
    found.sort();
    found
}

fn drift(case: &Path, code: Code) -> Drift {
    let options = LoadOptions {
        wanted: Wanted::everything(),
        key: RedactionKey::new([5; 32]),
    };
    let input = Input::File(case.join("plan.json"));
    let sides = source::snapshots(&input, &options).unwrap();
    classify(&sides, &builtin(&Value::Null), code)
}

fn classes(drift: &Drift) -> BTreeMap<String, String> {
    let resources = drift.resources.iter();
    resources
        .map(|r| (r.address.to_string(), r.class.as_str().to_owned()))
        .collect()
}

fn listed(expected: &Value) -> BTreeMap<String, String> {
    let entries = expected.as_object().into_iter().flatten();
    entries
        .map(|(address, class)| (address.clone(), class.as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn every_change_gets_its_class() {
    let cases = cases();
    assert!(cases.len() >= 9, "only {} cases", cases.len());
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(case.join("drift.json")).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        let applied = drift(&case, Code::Applied);
        assert_eq!(classes(&applied), listed(&expected["applied"]), "{name}");
        let ahead = drift(&case, Code::MayBeAhead);
        let wanted = match &expected["ahead"] {
            Value::Null => &expected["applied"],
            other => other,
        };
        assert_eq!(classes(&ahead), listed(wanted), "{name}, code ahead");
        let noise: Vec<String> = applied.noise.iter().map(|(a, _)| a.to_string()).collect();
        let known: Vec<String> = serde_json::from_value(expected["noise"].clone()).unwrap();
        assert_eq!(noise, known, "{name}, noise");
        let suspicious = expected["suspicious"] == Value::Bool(true);
        assert_eq!(applied.suspicion.is_some(), suspicious, "{name}");
    }
}

fn case(name: &str) -> PathBuf {
    repository().join("tests/fixtures").join(name)
}

#[test]
fn says_what_changed_and_what_it_broke() {
    let drift = drift(&case("plans/drift-in-plan"), Code::Applied);
    let of = |address: &str| {
        let mut all = drift.resources.iter();
        all.find(|r| r.address.as_str() == address).unwrap()
    };
    let bastion = of("aws_security_group.bastion");
    let paths: Vec<String> = bastion.changes.iter().map(|c| c.path.to_string()).collect();
    assert_eq!(paths, ["ingress[0]"]);
    assert!(bastion.changes[0].before.is_none());
    assert!(bastion.ignored.is_empty());
    let set = builtin(&Value::Null);
    let broken: Vec<&str> = bastion
        .verdicts
        .iter()
        .filter(|v| v.finding.is_some())
        .map(|v| set.policies[v.policy as usize].policy.id.as_str())
        .collect();
    assert!(broken.contains(&"POL-0002"), "{broken:?}");
    let tolerated = of("aws_security_group.tolerated");
    assert_eq!(tolerated.ignored, ["ingress"]);
    let bucket = of("aws_s3_bucket.ledger");
    assert_eq!(bucket.kind, Kind::Affected);
    let causes: Vec<&str> = bucket.caused_by.iter().map(|a| a.as_str()).collect();
    assert_eq!(causes, ["aws_s3_bucket_public_access_block.ledger"]);
    assert_eq!(of("aws_ebs_volume.data").kind, Kind::Deleted);
    assert!(drift.count(Class::Violating) >= 2);
}

#[test]
fn a_state_is_no_plan() {
    let options = LoadOptions {
        wanted: Wanted::everything(),
        key: RedactionKey::new([5; 32]),
    };
    let states = std::fs::read_dir(repository().join("tests/fixtures/states")).unwrap();
    let mut seen = 0;
    for state in states {
        let file = state.unwrap().path().join("show.json");
        if file.exists() {
            let error = source::snapshots(&Input::File(file), &options).unwrap_err();
            assert!(error.to_string().contains("expected a plan"), "{error}");
            seen += 1;
        }
    }
    assert!(seen > 0);
}
