//! Offline plans of the fixtures against what the real provider printed for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use abide_core::engine::{self, Options};
use abide_core::finding::Outcome;
use abide_core::policy::{self, PolicySet, PolicySettings};
use abide_core::source::{self, Input, LoadOptions, RedactionKey};
use serde_json::Value as Json;

use crate::compare::{self, Comparison};
use crate::support::{fixtures, plan};

/// Plans that are not of the whole configuration, and so have no counterpart.
fn is_partial(directory: &Path) -> bool {
    let recipe = fs::read_to_string(directory.join("recipe.json")).unwrap_or_default();
    ["-destroy", "-refresh-only", "-target"]
        .iter()
        .any(|argument| recipe.contains(argument))
}

/// Outcomes by policy and address.
fn judge(set: &PolicySet, name: &str, plan: &Json) -> BTreeMap<(String, String), Outcome> {
    let options = LoadOptions {
        wanted: set.wanted().clone(),
        key: RedactionKey::new([7; 32]),
    };
    let input = Input::Memory {
        name: name.to_owned(),
        bytes: plan.to_string().into_bytes(),
    };
    let inventory = source::load(&input, &options).unwrap();
    let options = Options {
        all_results: true,
        ..Options::default()
    };
    let found = engine::evaluate(&inventory, set, options, 0).findings;
    found
        .into_iter()
        .map(|finding| {
            let policy = &set.policies[finding.policy as usize].policy.id;
            let address = finding.resource_address.to_string();
            ((policy.clone(), address), finding.outcome)
        })
        .collect()
}

#[derive(Debug, Default)]
struct Tally {
    values: Comparison,
    cases: usize,
    verdicts: usize,
    equal: usize,
    /// Ours waits, the real one is decided.
    open: Vec<String>,
    /// Ours is decided, the real one waits.
    decided: Vec<String>,
    contradicted: Vec<String>,
}

impl Tally {
    fn case(&mut self, set: &PolicySet, name: &str, ours: &Json, real: &Json) {
        self.cases += 1;
        let found = compare::plans(ours, real);
        let named = |list: Vec<String>| list.into_iter().map(move |text| format!("{name}: {text}"));
        self.values.equal += found.equal;
        self.values.unknown += found.unknown;
        self.values.unset.extend(named(found.unset));
        self.values.early.extend(named(found.early));
        self.values.different.extend(named(found.different));
        let (ours, real) = (judge(set, name, ours), judge(set, name, real));
        for (key, real) in &real {
            self.verdicts += 1;
            let (policy, address) = key;
            let ours = ours.get(key);
            let line = format!("{name}: {policy} {address}: {ours:?} is really {real:?}");
            match (ours, real) {
                (Some(ours), real) if ours == real => self.equal += 1,
                (Some(Outcome::Unknown), _) => self.open.push(line),
                (Some(_), Outcome::Unknown) => self.decided.push(line),
                _ => self.contradicted.push(line),
            }
        }
    }
}

mod real_terraform {
    use super::*;

    #[test]
    fn no_value_and_no_verdict_contradicts_the_real_plan() {
        let mut names: Vec<_> = fs::read_dir(fixtures())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "errored" && !is_partial(&fixtures().join(name)))
            .collect();
        names.sort();
        let set = PolicySet::compile(policy::builtin(), &PolicySettings::default()).unwrap();
        let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let directory = fixtures().join(name);
                        let text = fs::read(directory.join("plan.json")).unwrap();
                        let real: Json = serde_json::from_slice(&text).unwrap();
                        let ours =
                            plan(&directory).unwrap_or_else(|error| panic!("{name}: {error}"));
                        tally.lock().unwrap().case(&set, name, &ours.json, &real);
                    }
                });
            }
        });
        let mut tally = tally.into_inner().unwrap();
        for list in [
            &mut tally.open,
            &mut tally.decided,
            &mut tally.contradicted,
            &mut tally.values.unset,
        ] {
            list.sort();
        }
        println!("{tally:#?}");
        assert!(
            tally.values.different.is_empty(),
            "{:#?}",
            tally.values.different
        );
        // Somebody opened this group by hand, and `ignore_changes` lets that stand: only reality shows it.
        tally
            .contradicted
            .retain(|line| !line.contains("aws_security_group.tolerated"));
        assert!(tally.contradicted.is_empty(), "{:#?}", tally.contradicted);
        assert!(tally.values.unset.is_empty(), "{:#?}", tally.values.unset);
        assert!(tally.cases >= 79 && tally.verdicts > 1_700, "{tally:?}");
        assert!(
            tally.open.len() <= 3,
            "more waits than before: {:#?}",
            tally.open
        );
        assert!(tally.equal >= tally.verdicts - 8, "{tally:#?}");
        assert!(tally.values.equal > 1_180, "{}", tally.values.equal);
    }

    #[test]
    fn an_error_of_the_configuration_is_said_in_terraforms_words() {
        let error = plan(&fixtures().join("errored")).unwrap_err().to_string();
        assert!(error.contains("Resource precondition failed"), "{error}");
        assert!(error.contains("on main.tf line 15"), "{error}");
    }
}
