//! Verdicts on a directory against those on the plan the real Terraform made of it.
//!
//! They must agree, except where one of the two cannot tell: nothing that
//! passes here may fail there, and the other way round.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use abide_core::engine::{self, AccountMode, Options};
use abide_core::finding::Outcome;
use abide_core::inventory::Inventory;
use abide_core::policy::{self, PolicySet, PolicySettings};
use abide_core::refine;
use abide_core::source::{self, Input, LoadOptions, RedactionKey};
use abide_hcl::load_dir;

/// Cases in which the directory is not what the plan was made of, and why.
const NOT_COMPARED: &[(&str, &str)] = &[
    (
        "drift-in-plan",
        "ignore_changes keeps what somebody opened by hand",
    ),
    (
        "drift-refresh-only",
        "the plan shows what is there, not what is written",
    ),
    ("target", "only a part was planned, with -target"),
];

type Verdicts = BTreeMap<(String, String), Outcome>;

fn verdicts(inventory: &Inventory, set: &PolicySet) -> Verdicts {
    let options = Options {
        account: AccountMode::Off,
        all_results: true,
    };
    let found = engine::evaluate(inventory, set, options, 0).findings;
    found
        .into_iter()
        .map(|finding| {
            let id = set.policies[finding.policy as usize].policy.id.clone();
            ((id, finding.resource_address.to_string()), finding.outcome)
        })
        .collect()
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/plans");
    let mut cases: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("main.tf").is_file() && path.join("plan.json").is_file())
        .collect();
    cases.sort();
    // Directories of others, each with the plan somebody made of it.
    if let Some(more) = std::env::var_os("ABIDE_PARITY_DIRS") {
        cases.extend(std::env::split_paths(&more));
    }
    cases
}

/// A case's plan, and its source with the values the plan was made with.
fn both(case: &Path, options: &LoadOptions) -> (Inventory, abide_hcl::Loaded) {
    let plan = source::load(&Input::File(case.join("plan.json")), options).unwrap();
    let mut hcl = abide_hcl::Options::new(&options.wanted, options.key.clone());
    let values = plan.variables.iter();
    let values: std::collections::BTreeMap<_, _> = values.collect();
    hcl.planned = Some(serde_json::to_string(&values).unwrap());
    let here = load_dir(case, &hcl).unwrap();
    (plan, here)
}

#[test]
fn a_plan_gets_only_more_definite_by_its_source() {
    let set = PolicySet::compile(policy::builtin(), &PolicySettings::default()).unwrap();
    let options = LoadOptions {
        wanted: set.wanted().clone(),
        key: RedactionKey::new([3; 32]),
    };
    let (mut wrong, mut settled) = (Vec::new(), Vec::new());
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let (mut plan, here) = both(&case, &options);
        let before = verdicts(&plan, &set);
        refine::refine(&mut plan, &here.inventory);
        let (after, source) = (verdicts(&plan, &set), verdicts(&here.inventory, &set));
        assert_eq!(before.len(), after.len());
        for (key, was) in &before {
            let is = &after[key];
            let line = format!("{name}: {} on {}: {was:?}, then {is:?}", key.0, key.1);
            if *was != Outcome::Unknown {
                wrong.extend((was != is).then_some(line));
            } else if *is != Outcome::Unknown {
                wrong.extend((source.get(key) != Some(is)).then_some(line.clone()));
                settled.push(line);
            }
        }
    }
    println!("{}", settled.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(settled.len() > 5, "only {} were settled", settled.len());
}

#[test]
fn a_directory_and_its_plan_agree() {
    let set = PolicySet::compile(policy::builtin(), &PolicySettings::default()).unwrap();
    let options = LoadOptions {
        wanted: set.wanted().clone(),
        key: RedactionKey::new([3; 32]),
    };
    let cases = cases();
    assert!(cases.len() >= 40, "only {} directories", cases.len());
    let (mut wrong, mut agreed, mut vague, mut compared) = (Vec::new(), 0, 0, 0);
    for case in &cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if NOT_COMPARED.iter().any(|(known, _)| *known == name) {
            continue;
        }
        compared += 1;
        let (plan, here) = both(case, &options);
        let (ours, theirs) = (verdicts(&here.inventory, &set), verdicts(&plan, &set));
        for (key, planned) in &theirs {
            match (ours.get(key), planned) {
                (None, _) => vague += 1,
                (Some(Outcome::Unknown), _) | (_, Outcome::Unknown) => vague += 1,
                (Some(ours), planned) if ours == planned => agreed += 1,
                (Some(ours), planned) => wrong.push(format!(
                    "{name}: {} on {}: {ours:?} here, {planned:?} in the plan",
                    key.0, key.1
                )),
            }
        }
    }
    println!("{compared} directories: {agreed} verdicts agree, {vague} are open in one of the two");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(agreed > 500, "only {agreed} verdicts were compared");
}
