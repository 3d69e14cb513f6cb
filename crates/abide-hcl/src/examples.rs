//! Runs a policy's examples: each is a small configuration with the outcome it must give.

use abide_core::diagnostic::Level;
use abide_core::engine::{self, AccountMode};
use abide_core::finding::{Finding, Outcome};
use abide_core::inventory::Inventory;
use abide_core::policy::{CompileError, PolicySet, PolicySettings};
use abide_core::source::RedactionKey;
use abide_policy::{Example, Expectation, Policy};

use crate::{Options, load_text};

/// Why an example did not give what it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// What is wrong.
    pub message: String,
    /// What the policy said of each resource: address, outcome, message.
    pub said: Vec<(String, Outcome, String)>,
}

/// Evaluates: the engine of the core, and others beside it.
pub type Judge<'j> = &'j dyn Fn(&Inventory, &PolicySet, engine::Options) -> Vec<Finding>;

/// Runs one example of a policy.
///
/// # Errors
/// If the policy does not compile with the example's parameters.
pub fn run(
    policy: &Policy,
    example: &Example,
    judge: Judge<'_>,
) -> Result<Result<(), Disagreement>, CompileError> {
    let mut settings = PolicySettings::default();
    settings.parameters.insert(
        policy.id.clone(),
        example.parameters.iter().cloned().collect(),
    );
    let set = PolicySet::compile(vec![policy.clone()], &settings)?;
    // Examples hold no secrets, so any key will do.
    let options = Options::new(set.wanted(), RedactionKey::new([0; 32]));
    let loaded = match load_text(&[("example.tf", &example.hcl)], &options) {
        Ok(loaded) => loaded,
        Err(error) => {
            return Ok(Err(Disagreement {
                message: error.to_string(),
                said: Vec::new(),
            }));
        }
    };
    if let Some(wrong) = loaded
        .inventory
        .diagnostics
        .iter()
        .find(|d| d.level == Level::Error)
    {
        return Ok(Err(Disagreement {
            message: wrong.to_string(),
            said: Vec::new(),
        }));
    }
    let account = if example.baseline {
        AccountMode::Baseline
    } else {
        AccountMode::Auto
    };
    let options = engine::Options {
        account,
        all_results: true,
    };
    let findings = judge(&loaded.inventory, &set, options);
    Ok(compare(example, &findings))
}

fn compare(example: &Example, findings: &[Finding]) -> Result<(), Disagreement> {
    let about: Vec<&Finding> = findings
        .iter()
        .filter(|finding| {
            example
                .resource
                .as_ref()
                .is_none_or(|address| address == finding.resource_address.as_str())
        })
        .collect();
    let has = |outcome| about.iter().any(|finding| finding.outcome == outcome);
    let applies = about
        .iter()
        .any(|finding| finding.outcome != Outcome::NotApplicable);
    let agrees = match example.expect {
        Expectation::Pass => {
            has(Outcome::Pass)
                && !has(Outcome::Fail)
                && !has(Outcome::Unknown)
                && !has(Outcome::Error)
        }
        Expectation::Fail => has(Outcome::Fail),
        Expectation::Unknown => has(Outcome::Unknown) && !has(Outcome::Fail),
        Expectation::NotApplicable => !applies && (!about.is_empty() || example.resource.is_none()),
    };
    if agrees {
        return Ok(());
    }
    let said: Vec<_> = about
        .iter()
        .map(|finding| {
            (
                finding.resource_address.to_string(),
                finding.outcome,
                finding.message.clone(),
            )
        })
        .collect();
    let message = match (&example.resource, said.is_empty()) {
        (Some(address), true) => format!(
            "expected {}, but the example has no {address} that the policy judges",
            example.expect.as_str()
        ),
        (None, true) => format!(
            "expected {}, but the policy judged nothing in the example",
            example.expect.as_str()
        ),
        _ => format!("expected {}", example.expect.as_str()),
    };
    Err(Disagreement { message, said })
}
