//! What the fuzz targets share: a run from bytes to findings, and a mutator
//! that changes the tree of a JSON document instead of its bytes.

mod mutate;

use std::sync::LazyLock;

use abide_core::engine::{AccountMode, Evaluations, Options, evaluate};
use abide_core::inventory::Inventory;
use abide_core::policy::{PolicySet, PolicySettings, builtin};
use abide_core::source::{Input, LoadOptions, RedactionKey, Wanted, load};
use abide_core::value::Value;

pub use mutate::mutate_json;

static BUILTIN: LazyLock<PolicySet> = LazyLock::new(|| {
    PolicySet::compile(builtin(), &PolicySettings::default()).expect("built-in policies compile")
});

const OPTIONS: Options = Options {
    account: AccountMode::Auto,
    all_results: true,
};

/// Loads an input as `abide scan` does, judges it by all built-in policies
/// and reads every word of the result. What policies do not ask for must not
/// change what they say, so the input is loaded twice and compared. Inputs
/// with secrets are not compared: texts equal to a secret are taken out
/// everywhere, and which secrets are seen depends on what is read.
pub fn scan(bytes: &[u8]) {
    let whole = read(bytes, Wanted::everything());
    let needed = read(bytes, BUILTIN.wanted().clone());
    let judge = |inventory: &Inventory| judge(inventory, &BUILTIN);
    match (whole, needed) {
        (Some(whole), Some(needed)) => {
            let (all, again) = (judge(&whole), judge(&needed));
            if whole.resources.iter().any(|r| has_secret(r.values.iter())) {
                return;
            }
            assert_eq!(
                all.tally, again.tally,
                "attributes nobody reads changed an outcome"
            );
            let fingerprints = |all: &Evaluations| -> Vec<String> {
                let list = all.findings.iter();
                list.map(|finding| format!("{:?}", finding.fingerprint))
                    .collect()
            };
            assert_eq!(
                fingerprints(&all),
                fingerprints(&again),
                "attributes nobody reads changed a finding"
            );
        }
        (Some(_), None) => panic!("refused with less to read"),
        // What nobody reads may be broken unnoticed.
        (None, Some(needed)) => {
            judge(&needed);
        }
        (None, None) => {}
    }
}

fn has_secret<'v>(mut values: impl Iterator<Item = (&'v str, &'v Value)>) -> bool {
    fn secret(value: &Value) -> bool {
        match value {
            Value::Redacted(_) => true,
            Value::List(list) => list.iter().any(secret),
            Value::Object(object) => has_secret(object.iter()),
            _ => false,
        }
    }
    values.any(|(_, value)| secret(value))
}

/// Loads Terraform source from memory, judges it, and looks up where in the
/// source everything is that was found.
pub fn scan_source(files: &[(&str, &str)]) {
    let wanted = BUILTIN.wanted();
    let mut options = abide_hcl::Options::new(wanted, RedactionKey::new([7; 32]));
    // Smaller than what `abide` allows, for more runs in a second.
    options.limits.work = 1_000_000;
    options.limits.instances = 2_000;
    match abide_hcl::load_text(files, &options) {
        Err(error) => {
            let _ = error.to_string();
        }
        Ok(loaded) => {
            let all = evaluate(&loaded.inventory, &BUILTIN, OPTIONS, 0);
            let _ = format!("{:?}", loaded.inventory.diagnostics);
            for finding in &all.findings {
                let address = finding.resource_address.as_str();
                let path = finding.attribute.clone().unwrap_or_default();
                let places = [
                    loaded.origins.header(address),
                    loaded.origins.locate(address, &path),
                ];
                for place in places.into_iter().flatten() {
                    assert!(
                        loaded.sources.text(place).is_some(),
                        "a place outside its file"
                    );
                    assert!(loaded.sources.place(place).is_some());
                }
                let _ = format!("{:?}", loaded.origins.trace(address, &path));
            }
        }
    }
}

/// Loads and judges; `None` if the input was refused.
pub fn run(bytes: &[u8], wanted: Wanted, set: &PolicySet) -> Option<Evaluations> {
    read(bytes, wanted).map(|inventory| judge(&inventory, set))
}

/// Loads; `None` if the input was refused (the message is read).
fn read(bytes: &[u8], wanted: Wanted) -> Option<Inventory> {
    let input = Input::Memory {
        name: "fuzz".to_owned(),
        bytes: bytes.to_vec(),
    };
    let options = LoadOptions {
        wanted,
        key: RedactionKey::new([7; 32]),
    };
    load(&input, &options)
        .map_err(|error| error.to_string())
        .ok()
}

fn judge(inventory: &Inventory, set: &PolicySet) -> Evaluations {
    let all = evaluate(inventory, set, OPTIONS, 0);
    let _ = format!("{:?}", all.findings);
    all
}
