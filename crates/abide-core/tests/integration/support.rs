//! What several tests need.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use abide_core::engine::{self, Options};
use abide_core::finding::Finding;
use abide_core::inventory::Inventory;
use abide_core::policy::{self, PolicySet, PolicySettings};
use abide_core::source::{self, Input, LoadOptions, RedactionKey};
use abide_policy::{Literal, Policy};

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn compile(policies: Vec<Policy>, parameters: &serde_json::Value) -> PolicySet {
    let mut settings = PolicySettings::default();
    for (id, values) in parameters.as_object().into_iter().flatten() {
        let values = values
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), literal(value)));
        settings
            .parameters
            .insert(id.clone(), values.collect::<BTreeMap<_, _>>());
    }
    PolicySet::compile(policies, &settings).unwrap()
}

fn literal(value: &serde_json::Value) -> Literal {
    match value {
        serde_json::Value::Bool(bool) => Literal::Bool(*bool),
        serde_json::Value::Number(number) => Literal::Int(number.as_i64().unwrap()),
        serde_json::Value::Array(list) => Literal::List(list.iter().map(literal).collect()),
        other => Literal::String(other.as_str().unwrap().to_owned()),
    }
}

pub(crate) fn load(path: &Path, set: &PolicySet) -> Result<Inventory, source::LoadError> {
    let options = LoadOptions {
        wanted: set.wanted().clone(),
        key: RedactionKey::new([7; 32]),
    };
    source::load(&Input::File(path.to_owned()), &options)
}

/// Every evaluation of a file, by policy and address.
pub(crate) fn judge(path: &Path, set: &PolicySet) -> BTreeMap<(String, String), Finding> {
    let inventory = load(path, set).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let options = Options {
        all_results: true,
        ..Options::default()
    };
    let evaluations = engine::evaluate(&inventory, set, options, 0);
    evaluations
        .findings
        .into_iter()
        .map(|finding| {
            (
                (
                    set.policies[finding.policy as usize].policy.id.clone(),
                    finding.resource_address.to_string(),
                ),
                finding,
            )
        })
        .collect()
}

pub(crate) fn builtin(parameters: &serde_json::Value) -> PolicySet {
    compile(policy::builtin(), parameters)
}
