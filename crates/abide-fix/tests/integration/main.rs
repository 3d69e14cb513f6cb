//! Fixes real configurations in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod adopts;
mod forms;
mod offers;
mod policies;

use abide_core::engine::{self, AccountMode};
use abide_core::policy::{PolicySet, PolicySettings};
use abide_core::source::RedactionKey;
use abide_fix::{Fixes, Texts};
use abide_hcl::{Options, load_text};
use abide_policy::Policy;

/// Fixes a configuration by some built-in policies.
fn fix(files: &[(&str, &str)], ids: &[&str]) -> Fixes {
    let policies: Vec<Policy> = abide_core::policy::builtin()
        .into_iter()
        .filter(|policy| ids.contains(&policy.id.as_str()))
        .collect();
    assert_eq!(policies.len(), ids.len());
    fix_with(
        files,
        policies,
        &PolicySettings::default(),
        AccountMode::Auto,
    )
}

/// The same, and how often the configuration was loaded.
fn counted(files: &[(&str, &str)], ids: &[&str]) -> (Fixes, usize) {
    LOADS.with(|loads| loads.set(0));
    let fixes = fix(files, ids);
    (fixes, LOADS.with(std::cell::Cell::get))
}

thread_local! {
    static LOADS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn fix_with(
    files: &[(&str, &str)],
    policies: Vec<Policy>,
    settings: &PolicySettings,
    account: AccountMode,
) -> Fixes {
    let set = PolicySet::compile(policies, settings).unwrap();
    let load = |texts: &Texts| {
        LOADS.with(|loads| loads.set(loads.get() + 1));
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (*name, texts.get(*name).map_or(*text, String::as_str)))
            .collect();
        load_text(
            &files,
            &Options::new(set.wanted(), RedactionKey::new([0; 32])),
        )
    };
    let options = engine::Options {
        account,
        all_results: true,
    };
    abide_fix::fix(
        &load,
        &|inventory| engine::evaluate(inventory, &set, options, 0).findings,
        None,
    )
    .unwrap()
}
