//! Real plans with the verdicts they deserve (`tests/fixtures/README.md`).

use std::path::Path;

use serde_json::Value;

use crate::support::{builtin, judge, repository};

/// Every verdict of every fixture, also that nothing else is said.
#[test]
fn verdicts() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for folder in ["tests/fixtures/plans", "tests/fixtures/states"] {
        for case in std::fs::read_dir(repository().join(folder)).unwrap() {
            let case = case.unwrap().path();
            let Ok(text) = std::fs::read_to_string(case.join("expected.json")) else {
                continue;
            };
            let expected: Value = serde_json::from_str(&text).unwrap();
            for file in ["plan.json", "state.json", "terraform.tfstate"] {
                if case.join(file).exists() {
                    checked += check(&case, file, &expected, &mut wrong);
                }
            }
        }
    }
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} wrong of {checked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(checked > 250, "only {checked} verdicts were checked");
}

fn check(case: &Path, file: &str, expected: &Value, wrong: &mut Vec<String>) -> usize {
    let set = builtin(&expected["_params"]);
    let results = judge(&case.join(file), &set);
    let name = case.file_name().unwrap().to_string_lossy().into_owned();
    let mut checked = 0;
    let policies = expected
        .as_object()
        .unwrap()
        .keys()
        .filter(|key| !key.starts_with('_'));
    let accepted = expected["_accept"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key);
    let mut ids: Vec<&String> = policies.chain(accepted).collect();
    ids.dedup();
    for id in ids {
        if !set.policies.iter().any(|policy| policy.policy.id == *id) {
            continue;
        }
        let mut said: Vec<_> = results
            .iter()
            .filter(|((policy, _), _)| policy == id)
            .map(|((_, address), finding)| (address.clone(), finding))
            .collect();
        let listed = |part: &Value| part[id].as_object().cloned().unwrap_or_default();
        let (plain, accept) = (listed(expected), listed(&expected["_accept"]));
        for (address, wanted) in plain
            .iter()
            .filter(|(address, _)| !accept.contains_key(*address))
            .map(|(a, w)| (a, vec![w.clone()]))
            .chain(
                accept
                    .iter()
                    .map(|(a, w)| (a, w.as_array().unwrap().clone())),
            )
        {
            checked += 1;
            let found = said
                .iter()
                .position(|(known, _)| known == address)
                .map(|at| said.remove(at).1);
            let outcome = found.map_or("not evaluated", |finding| finding.outcome.as_str());
            if !wanted.iter().any(|wanted| wanted == outcome) {
                let message = found
                    .map(|finding| finding.message.as_str())
                    .unwrap_or_default();
                wrong.push(format!(
                    "{name}/{file} {id} {address}: wanted {wanted:?}, got {outcome} ({message})"
                ));
            }
        }
        for (address, finding) in said
            .iter()
            .filter(|(_, finding)| finding.outcome.as_str() != "not_applicable")
        {
            wrong.push(format!(
                "{name}/{file} {id} {address}: not listed, got {} ({})",
                finding.outcome.as_str(),
                finding.message
            ));
        }
    }
    checked
}
