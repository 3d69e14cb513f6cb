//! Plans and states from outside the repository. `ABIDE_CORPUS` names a folder
//! with `plans/` and `unknown-cases/`; without it these tests say that they did
//! not run, and fail where `CI` is set.

use std::collections::BTreeMap;
use std::path::PathBuf;

use abide_core::source::{self, Input, LoadOptions, RedactionKey, Wanted};
use serde_json::Value;

use crate::support::{compile, judge};

fn corpus() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("ABIDE_CORPUS") {
        return Some(path.into());
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "ABIDE_CORPUS must name the corpus in CI"
    );
    eprintln!("NOT RUN: set ABIDE_CORPUS to a folder with plans/ and unknown-cases/");
    None
}

/// Every file loads, or the refusal says what it is.
#[test]
fn loads_or_refuses_with_a_reason() {
    let Some(corpus) = corpus() else { return };
    let options = LoadOptions {
        wanted: Wanted::everything(),
        key: RedactionKey::new([7; 32]),
    };
    let (mut loaded, mut refused) = (0, 0);
    for entry in std::fs::read_dir(corpus.join("plans")).unwrap() {
        let path = entry.unwrap().path();
        match source::load(&Input::File(path.clone()), &options) {
            Ok(_) => loaded += 1,
            Err(error) => {
                refused += 1;
                let text = error.to_string();
                assert!(text.contains(&path.display().to_string()), "{text}");
                assert!(text.len() > path.display().to_string().len() + 20, "{text}");
                println!("{text}");
            }
        }
    }
    println!("{loaded} loaded, {refused} refused");
    assert!(
        loaded > 500 && refused < loaded / 10,
        "{loaded} loaded, {refused} refused"
    );
}

const KEY_POLICIES: &str = r"
id: TEST-0001
title: set
severity: low
why: test
resource_types: [aws_cloudwatch_log_group, aws_cloudtrail]
check: {attribute: kms_key_id, is: customer_key}
message: no key
remediation: set one
";

/// Cases of unknown values with the right answers beside them.
#[test]
fn unknown_cases() {
    let Some(corpus) = corpus() else { return };
    let topic = KEY_POLICIES
        .replace("TEST-0001", "TEST-0002")
        .replace(
            "[aws_cloudwatch_log_group, aws_cloudtrail]",
            "[aws_sns_topic]",
        )
        .replace("kms_key_id", "kms_master_key_id");
    let mut policies: Vec<_> = abide_core::policy::builtin()
        .into_iter()
        .filter(|p| p.id == "POL-0001")
        .collect();
    policies.push(abide_policy::read("test", KEY_POLICIES).unwrap());
    policies.push(abide_policy::read("test", &topic).unwrap());
    let set = compile(policies, &Value::Null);
    let mut checked = 0;
    for entry in std::fs::read_dir(corpus.join("unknown-cases")).unwrap() {
        let case = entry.unwrap().path();
        if !case.is_dir() {
            continue;
        }
        let results: BTreeMap<String, &'static str> = judge(&case.join("plan.json"), &set)
            .into_iter()
            .map(|((_, address), finding)| (address, finding.outcome.as_str()))
            .collect();
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(case.join("expected.json")).unwrap())
                .unwrap();
        for (address, outcome) in expected
            .as_object()
            .unwrap()
            .values()
            .flat_map(|verdicts| verdicts.as_object().unwrap())
        {
            assert_eq!(
                results.get(address).copied(),
                outcome.as_str(),
                "{} {address}",
                case.display()
            );
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked}");
}
