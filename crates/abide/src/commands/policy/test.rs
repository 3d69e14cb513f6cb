//! `abide policy test`

use std::fmt::Write as _;

use abide_core::engine;
use abide_core::finding::Finding;
use abide_core::inventory::Inventory;
use abide_core::policy::{self, PolicySet, PolicySettings, Selection};
use abide_hcl::examples;
use abide_policy::Policy;
use abide_rego::Asking;

use crate::cli::{Cli, TestArgs};
use crate::config::Config;
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, args: &TestArgs) -> anyhow::Result<u8> {
    // A broken configuration should be seen here too, though tests use none of it.
    Config::load(cli)?;
    let mut policies = Vec::new();
    if args.paths.is_empty() {
        policies = policy::builtin();
        policies.iter_mut().for_each(policy::complete);
    }
    for path in &args.paths {
        policies.extend(policy::load_dir(path)?);
    }
    // Every policy that is named is tested, also those that are off by default.
    let selection = Selection {
        strict: true,
        select: args.select.clone(),
        ..Selection::default()
    };
    let policies = selection.apply(policies, &PolicySettings::default())?;
    let mut report = String::new();
    let (mut ran, mut failed, mut untested) = (0, 0, 0);
    for policy in &policies {
        if policy.docs.examples.is_empty() {
            untested += 1;
            let _ = writeln!(
                report,
                "{}: has no examples, so nothing shows that it works",
                policy.id
            );
        }
        let wrong = test(policy, &mut report)?;
        ran += policy.docs.examples.len();
        failed += wrong;
    }
    let _ = writeln!(
        report,
        "{} policies, {ran} examples: {} right, {failed} wrong",
        policies.len(),
        ran - failed
    );
    output::print_text(&terminal::visible(&report))?;
    Ok(u8::from(failed > 0 || untested > 0))
}

/// The engines a scan uses.
fn judge(inventory: &Inventory, set: &PolicySet, options: engine::Options) -> Vec<Finding> {
    let mut all = engine::evaluate(inventory, set, options, 0);
    let asking = Asking {
        input: 0,
        all_results: options.all_results,
    };
    let mut prints = Vec::new();
    all.absorb(abide_rego::evaluate_bodies(
        inventory,
        set,
        asking,
        &mut prints,
    ));
    // Without standard error nobody reads it, and the verdict is the same.
    let _ = terminal::say(&prints);
    all.findings
}

/// Runs the examples of one policy; gives how many are wrong.
fn test(policy: &Policy, report: &mut String) -> anyhow::Result<usize> {
    let mut wrong = 0;
    for example in &policy.docs.examples {
        let Err(disagreement) = examples::run(policy, example, &judge)? else {
            continue;
        };
        wrong += 1;
        let _ = writeln!(
            report,
            "{}, example \"{}\" (line {}): {}",
            policy.id, example.name, example.at.line, disagreement.message
        );
        for (address, outcome, message) in &disagreement.said {
            let _ = writeln!(report, "    {address}: {} ({message})", outcome.as_str());
        }
    }
    Ok(wrong)
}
