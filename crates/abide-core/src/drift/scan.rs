//! Drift as a scan: what was found is judged as any other input is, and each drifted resource
//! breaks one more policy, [`POLICY`]. So exceptions, the store and every format take drift as
//! they take a violation, and an ignored drift is an exception with an owner and an end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use abide_policy::Severity;
use jiff::Timestamp;

use super::{Change, Class, Drift, Drifted, Kind};
use crate::address::{Mode, ResourceAddress};
use crate::diagnostic::{Diagnostic, Level};
use crate::engine::Evaluations;
use crate::finding::{Fact, Finding, Fingerprint, Outcome};
use crate::inventory::Inventory;
use crate::policy::PolicySet;
use crate::rollout::Stage;
use crate::scan::{Scan, ScanPolicy};

/// The policy that a drifted resource breaks; no file holds it.
pub const POLICY: &str = "DRIFT";

/// What [`POLICY`] weighs: the policies that drift breaks say how bad it is.
pub const SEVERITY: Severity = Severity::Low;

/// Changed attributes that a finding names in its message.
const NAMED: usize = 5;

/// Changes that become facts; an exception is bound to them.
const FACTS: usize = 50;

/// Characters of a value in a fact.
const VALUE: usize = 400;

/// [`POLICY`] as a scan knows it.
#[must_use]
pub fn policy() -> ScanPolicy {
    let controls = ["soc2-2017:CC7.1", "soc2-2017:CC8.1", "pci-dss-4.0.1:6.5.1"];
    ScanPolicy {
        id: POLICY.to_owned(),
        title: "Resources are changed only through Terraform".to_owned(),
        severity: SEVERITY,
        // A policy that is broken fails a run, drift alone does not.
        rollout: Stage::Warn,
        controls: controls.iter().filter_map(|id| id.parse().ok()).collect(),
        why: "A change outside Terraform was reviewed by nobody, and the next apply may undo it."
            .to_owned(),
        remediation: REMEDIATION.to_owned(),
        references: Vec::new(),
        labels: Vec::new(),
    }
}

const REMEDIATION: &str =
    "Undo it or write it into the code (abide drift remedy), or have an exception approved.";

/// The scan of one target: all evaluations of what was found, and whether each managed resource
/// drifted. A result that is not to be trusted makes an incomplete scan.
#[must_use]
pub fn scan(
    (at, tool_version): (Timestamp, &'static str),
    set: &PolicySet,
    name: &str,
    (found, evaluations): (&Inventory, Evaluations),
    drift: &Drift,
) -> Scan {
    let mut scan = Scan::assemble(at, tool_version, set, vec![(found, evaluations)]);
    for input in &mut scan.inputs {
        name.clone_into(&mut input.name);
        input.kind = "drift";
    }
    let index = u32::try_from(scan.policies.len()).unwrap_or(u32::MAX);
    scan.policies.push(policy());
    scan.summary.policies += 1;
    let drifted: BTreeMap<&ResourceAddress, &Drifted> = drift
        .resources
        .iter()
        .filter(|item| is_drift(item))
        .map(|item| (&item.address, item))
        .collect();
    let managed = found
        .resources
        .iter()
        .filter(|resource| resource.mode == Mode::Managed);
    for resource in managed {
        if !drifted.contains_key(&resource.address) {
            let type_name = &resource.type_name;
            scan.findings
                .push(finding(index, &resource.address, type_name, None));
            scan.summary.pass += 1;
        }
    }
    for (address, item) in &drifted {
        let type_name = &item.resource_type;
        scan.findings
            .push(finding(index, address, type_name, Some(item)));
    }
    scan.findings.sort_by_cached_key(|finding| {
        let worst_first = std::cmp::Reverse(finding.severity);
        (worst_first, finding.policy, finding.input)
    });
    if drift.suspicion.is_some() {
        let message = format!(
            "so many resources of {name} seem to be deleted that the result is not to be trusted: check credentials, region and workspace"
        );
        scan.diagnostics
            .push(Diagnostic::new(Level::Error, "drift-suspicious", message));
    }
    scan.recount();
    let summary = &mut scan.summary;
    summary.evaluated =
        summary.pass + summary.fail + summary.excepted + summary.unknown + summary.error;
    scan
}

/// Whether somebody changed the resource itself: not what the code merely wants otherwise, and not
/// a resource that is judged otherwise because of another.
fn is_drift(item: &Drifted) -> bool {
    item.class != Class::Pending && item.kind != Kind::Affected
}

fn finding(
    policy: u32,
    address: &ResourceAddress,
    type_name: &Arc<str>,
    drifted: Option<&Drifted>,
) -> Finding {
    let outcome = match drifted {
        Some(_) => Outcome::Fail,
        None => Outcome::Pass,
    };
    let changes = drifted.map_or(&[][..], |item| &item.changes);
    let attribute = changes.first().map(|change| change.path.clone());
    let facts: Vec<Fact> = changes.iter().take(FACTS).map(fact).collect();
    let fingerprint = Fingerprint::of(
        POLICY,
        address.as_str(),
        outcome,
        attribute.as_ref(),
        &facts,
    );
    Finding {
        policy,
        input: 0,
        resource_address: address.clone(),
        resource_type: type_name.clone(),
        outcome,
        severity: SEVERITY,
        message: drifted.map_or_else(|| "as Terraform left it".to_owned(), message),
        remediation: REMEDIATION.to_owned(),
        fix: Vec::new(),
        attribute,
        found: None,
        expected: None,
        facts,
        waits_for: Vec::new(),
        fingerprint,
        previous_fingerprint: None,
        location: None,
        related: Vec::new(),
        calls: Vec::new(),
        remedy: None,
        exception: None,
        requested: None,
        in_baseline: false,
        rollout: Stage::Warn,
    }
}

fn fact(change: &Change) -> Fact {
    let after = change.after.as_ref();
    let value = after.map_or_else(|| "not set".to_owned(), |value| value.display(VALUE));
    Fact(vec![
        ("attribute".to_owned(), change.path.to_string()),
        ("value".to_owned(), value),
    ])
}

fn message(item: &Drifted) -> String {
    let class = item.class.as_str().replace('_', " ");
    if item.kind == Kind::Deleted {
        return format!("{class}: deleted outside Terraform");
    }
    let names: BTreeSet<&str> = item.changes.iter().map(Change::attribute).collect();
    let named: Vec<&str> = names.iter().copied().take(NAMED).collect();
    let more = match names.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{class}: changed outside Terraform: {}{more}",
        named.join(", ")
    )
}

/// Writes into the drift what a scan of it knows: where its resources are written, and which
/// exception accepts it. Of drift that breaks policies every one of those must be excepted.
pub fn attach(drift: &mut Drift, scan: &Scan) {
    let findings: BTreeMap<(u32, &ResourceAddress), &Finding> = scan
        .findings
        .iter()
        .map(|finding| ((finding.policy, &finding.resource_address), finding))
        .collect();
    let index = u32::try_from(scan.policies.len().saturating_sub(1)).unwrap_or(u32::MAX);
    for item in &mut drift.resources {
        let own = findings.get(&(index, &item.address)).copied();
        let broken: Vec<&Finding> = item
            .verdicts
            .iter()
            .filter(|verdicts| verdicts.finding.is_some())
            .filter_map(|verdicts| findings.get(&(verdicts.policy, &item.address)).copied())
            .collect();
        item.location = own
            .and_then(|finding| finding.location.clone())
            .or_else(|| broken.iter().find_map(|finding| finding.location.clone()));
        let mut asked = match item.class.is_violation() {
            true => broken,
            false => own.into_iter().collect(),
        };
        asked.sort_by_key(|finding| finding.exception.is_some());
        item.accepted = asked.first().and_then(|finding| finding.exception.clone());
    }
}

/// Keeps of scans what drift is to answer for, for formats that show findings alone; inputs are the
/// targets.
#[must_use]
pub fn findings(scans: &[(&Scan, &Drift)]) -> Option<Scan> {
    let mut all: Option<Scan> = None;
    for (scan, drift) in scans {
        let mut part = (*scan).clone();
        keep(&mut part, drift);
        match &mut all {
            None => all = Some(part),
            Some(all) => join(all, part),
        }
    }
    let mut all = all?;
    all.findings.sort_by_cached_key(|finding| {
        let worst_first = std::cmp::Reverse(finding.severity);
        (worst_first, finding.policy, finding.input)
    });
    all.recount();
    Some(all)
}

fn keep(scan: &mut Scan, drift: &Drift) {
    let index = u32::try_from(scan.policies.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let violating = || {
        let items = drift.resources.iter();
        items.filter(|item| item.class.is_violation())
    };
    let broken: BTreeSet<(u32, &ResourceAddress)> = violating()
        .flat_map(|item| {
            let failing = item.verdicts.iter().filter(|v| v.finding.is_some());
            failing.map(move |v| (v.policy, &item.address))
        })
        .collect();
    let told: BTreeSet<&ResourceAddress> = violating().map(|item| &item.address).collect();
    scan.findings.retain_mut(|finding| {
        if finding.policy == index {
            return finding.outcome == Outcome::Fail && !told.contains(&finding.resource_address);
        }
        let is_drift = broken.contains(&(finding.policy, &finding.resource_address));
        if is_drift {
            finding.message.push_str(" (changed outside Terraform)");
        }
        is_drift
    });
}

fn join(all: &mut Scan, part: Scan) {
    let offset = u32::try_from(all.inputs.len()).unwrap_or(u32::MAX);
    all.inputs.extend(part.inputs);
    all.findings
        .extend(part.findings.into_iter().map(|mut finding| {
            finding.input += offset;
            finding
        }));
    all.diagnostics.extend(part.diagnostics);
    all.sources.extend(part.sources);
    for (name, count) in part.unchecked_types {
        *all.unchecked_types.entry(name).or_default() += count;
    }
    let (sum, more) = (&mut all.summary, part.summary);
    sum.resources += more.resources;
    sum.evaluated += more.evaluated;
    sum.pass += more.pass;
    sum.not_applicable += more.not_applicable;
}
