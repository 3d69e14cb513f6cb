//! What routes are told of a look at a target.

use std::collections::BTreeSet;

use abide_core::drift::{Change, Drift, Drifted, Verdicts};
use abide_core::finding::{Finding, Outcome};
use abide_core::scan::ScanPolicy;
use abide_notify::{Item, Observation, Observed};
use abide_report::{DriftTarget, drift_advice, drift_change, drift_happened, drift_suspicion};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// Lines of what changed; routes show fewer.
const DETAILS: usize = 10;
/// Characters of such a line.
const DETAIL: usize = 400;

/// A look, in the terms of routes.
pub(super) fn observation(
    target: &DriftTarget,
    policies: &[ScanPolicy],
    at: Timestamp,
) -> Observation {
    Observation {
        target: target.name.clone(),
        owner: target.owner.clone(),
        at,
        outcome: match &target.outcome {
            Err(error) => Observed::Failed(error.clone()),
            Ok(drift) => match drift_suspicion(drift) {
                Some(why) => Observed::Suspicious(why),
                None => Observed::Checked(items(target, drift, policies)),
            },
        },
    }
}

fn items(target: &DriftTarget, drift: &Drift, policies: &[ScanPolicy]) -> Vec<Item> {
    let findings = target.scan.iter().flat_map(|scan| &scan.findings);
    let excepted: BTreeSet<(u32, &str)> = findings
        .filter(|finding| finding.exception.is_some())
        .map(|finding| (finding.policy, finding.resource_address.as_str()))
        .collect();
    let mut items = Vec::new();
    // Somebody answers for what is accepted.
    let open = drift.resources.iter().filter(|r| r.accepted.is_none());
    for resource in open {
        if !resource.class.is_violation() {
            items.push(whole(resource));
            continue;
        }
        let address = resource.address.as_str();
        let broken = resource
            .verdicts
            .iter()
            .filter(|v| is_broken(v) && !excepted.contains(&(v.policy, address)));
        items.extend(broken.filter_map(|verdict| {
            let policy = policies.get(verdict.policy as usize)?;
            item(resource, verdict, policy)
        }));
    }
    items
}

/// Whether drift broke the policy: it did not fail before, or would not by the code.
fn is_broken(verdict: &Verdicts) -> bool {
    let by_drift = verdict.last != Outcome::Fail || verdict.desired == Outcome::Pass;
    let finding = verdict.finding.as_ref();
    by_drift && finding.is_some_and(Finding::is_new_violation)
}

fn item(resource: &Drifted, verdict: &Verdicts, policy: &ScanPolicy) -> Option<Item> {
    let finding = verdict.finding.as_ref()?;
    let title = match finding.message.trim() {
        "" => drift_happened(resource),
        message => message.to_owned(),
    };
    Some(Item {
        address: resource.address.as_str().to_owned(),
        policy: Some(policy.id.clone()),
        severity: Some(policy.severity),
        title,
        digest: finding.fingerprint.to_string(),
        ..whole(resource)
    })
}

/// A resource that breaks nothing.
fn whole(resource: &Drifted) -> Item {
    Item {
        address: resource.address.as_str().to_owned(),
        policy: None,
        class: resource.class.as_str().to_owned(),
        severity: None,
        title: drift_happened(resource),
        details: details(resource),
        advice: Some(drift_advice(resource)),
        digest: digest(resource),
    }
}

fn details(resource: &Drifted) -> Vec<String> {
    let lines = resource.changes.iter().take(DETAILS);
    lines
        .map(|change| {
            drift_change(resource, change)
                .chars()
                .take(DETAIL)
                .collect()
        })
        .collect()
}

/// Becomes another when other values changed; the order of a list's elements is no difference.
fn digest(resource: &Drifted) -> String {
    let line = |change: &Change| {
        let side = |value: &Option<abide_core::value::Value>| {
            value.as_ref().map(|value| value.display(usize::MAX))
        };
        let path = change.path.without_positions();
        format!(
            "{path}\0{:?}\0{:?}",
            side(&change.before),
            side(&change.after)
        )
    };
    let mut lines: Vec<String> = resource.changes.iter().map(line).collect();
    lines.sort_unstable();
    let digest = Sha256::digest(format!("{:?}\0{}", resource.kind, lines.join("\0")));
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
