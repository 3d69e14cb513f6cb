//! The result of one run: the only thing renderers, the gate and the store see.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use abide_controls::ControlId;
use abide_policy::Severity;
use jiff::Timestamp;

use crate::diagnostic::{Diagnostic, Level};
use crate::engine::{Evaluations, Tally};
use crate::finding::{Finding, Fingerprint, Outcome};
use crate::inventory::Inventory;
use crate::policy::{CompiledPolicy, PolicySet};
use crate::rollout::Stage;

/// A policy as a scan used it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanPolicy {
    /// `POL-0001`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Severity, overrides applied.
    pub severity: Severity,
    /// What its findings do at the time of the scan.
    pub rollout: Stage,
    /// Controls it gives evidence for.
    pub controls: Vec<ControlId>,
    /// Why it matters.
    pub why: String,
    /// What to do in general.
    pub remediation: String,
    /// Where to read more.
    pub references: Vec<String>,
    /// Its labels in its users' own numbering, shown in Markdown beside the controls.
    pub labels: Vec<String>,
}

impl ScanPolicy {
    /// A policy in force at a time.
    #[must_use]
    pub fn of(compiled: &CompiledPolicy, at: Timestamp) -> Self {
        let policy = &compiled.policy;
        let remediation = compiled
            .rules
            .iter()
            .find_map(|rule| rule.advice.remediation.as_deref());
        let mut remediation = remediation.unwrap_or_default().to_owned();
        for (name, value) in &compiled.parameters {
            remediation = remediation.replace(&format!("{{{name}}}"), &value.to_string());
        }
        Self {
            id: policy.id.clone(),
            title: policy.title.clone(),
            severity: policy.severity,
            rollout: compiled.rollout.at(at),
            controls: policy.controls.clone(),
            why: policy.docs.why.clone(),
            remediation,
            references: policy.docs.references.clone(),
            labels: policy.docs.labels.clone(),
        }
    }
}

/// An input as a scan saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanInput {
    /// Its path, or `-`.
    pub name: String,
    /// `plan`, `state` or `configuration`.
    pub kind: &'static str,
    /// The Terraform version that wrote it.
    pub terraform_version: Option<String>,
    /// Managed resource instances in it.
    pub resources: usize,
}

/// How many evaluations came out how.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// Managed resource instances.
    pub resources: usize,
    /// Policies that were in force.
    pub policies: usize,
    /// Evaluations that gave pass, fail, unknown or error.
    pub evaluated: usize,
    /// Passed.
    pub pass: usize,
    /// Failed, and no exception covers it.
    pub fail: usize,
    /// Cannot be told.
    pub unknown: usize,
    /// The policy has nothing to say about the resource.
    pub not_applicable: usize,
    /// Failed, and an exception covers it.
    pub excepted: usize,
    /// Could not be evaluated.
    pub error: usize,
    /// Failures that the baseline holds; part of `fail`.
    pub in_baseline: usize,
    /// Failures outside the baseline of policies that only observe; part of `fail`.
    pub observed: usize,
    /// Failures by severity, those of the baseline included.
    pub by_severity: SeverityCounts,
}

/// A number for each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SeverityCounts {
    /// Critical.
    pub critical: usize,
    /// High.
    pub high: usize,
    /// Medium.
    pub medium: usize,
    /// Low.
    pub low: usize,
}

impl SeverityCounts {
    /// The number of a severity.
    #[must_use]
    pub fn get(&self, severity: Severity) -> usize {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }

    /// Counts one more.
    pub fn add(&mut self, severity: Severity) {
        match severity {
            Severity::Critical => self.critical += 1,
            Severity::High => self.high += 1,
            Severity::Medium => self.medium += 1,
            Severity::Low => self.low += 1,
        }
    }
}

/// Addresses that an input moves resources from, by the addresses it moves them to.
fn moves(inventory: &Inventory) -> BTreeMap<&str, &str> {
    let resources = inventory.resources.iter();
    resources
        .filter_map(|resource| {
            let previous = resource.previous_address.as_ref()?;
            Some((resource.address.as_str(), previous.as_str()))
        })
        .collect()
}

/// One run over one or more inputs.
#[derive(Clone, Debug)]
pub struct Scan {
    /// When, as given to the run.
    pub at: Timestamp,
    /// The program's version.
    pub tool_version: Cow<'static, str>,
    /// What was read.
    pub inputs: Vec<ScanInput>,
    /// Policies in force, ordered by id.
    pub policies: Vec<ScanPolicy>,
    /// Counts.
    pub summary: Summary,
    /// Findings: failures, unknowns and errors; with all results, also the rest.
    /// Ordered by severity (worst first), policy, input and address.
    pub findings: Vec<Finding>,
    /// Resource types in the inputs that no policy in force knows, with their counts.
    pub unchecked_types: BTreeMap<String, usize>,
    /// Remarks on inputs, exceptions and the baseline.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that locations of findings name, with their text.
    pub sources: BTreeMap<String, Arc<str>>,
}

impl Scan {
    /// Puts the evaluations of all inputs together; exceptions and baseline come later.
    #[must_use]
    pub fn assemble(
        at: Timestamp,
        tool_version: &'static str,
        set: &PolicySet,
        parts: Vec<(&Inventory, Evaluations)>,
    ) -> Self {
        let mut scan = Self {
            at,
            tool_version: tool_version.into(),
            inputs: Vec::new(),
            policies: set
                .policies
                .iter()
                .map(|compiled| ScanPolicy::of(compiled, at))
                .collect(),
            summary: Summary {
                policies: set.policies.len(),
                ..Summary::default()
            },
            findings: Vec::new(),
            unchecked_types: BTreeMap::new(),
            diagnostics: Vec::new(),
            sources: BTreeMap::new(),
        };
        let mut tally = Tally::default();
        for (inventory, evaluations) in parts {
            tally = tally.plus(evaluations.tally);
            scan.add(set, inventory, evaluations.findings);
        }
        // Within a policy findings already stand in order of input and address.
        scan.findings.sort_by_cached_key(|finding| {
            (
                std::cmp::Reverse(finding.severity),
                finding.policy,
                finding.input,
            )
        });
        scan.summary.pass = tally.pass;
        scan.summary.not_applicable = tally.not_applicable;
        scan.summary.evaluated = tally.pass + tally.fail + tally.unknown + tally.error;
        scan.recount();
        scan
    }

    /// Takes in one input and what was found in it.
    fn add(&mut self, set: &PolicySet, inventory: &Inventory, mut findings: Vec<Finding>) {
        let resources = inventory.managed_count();
        self.summary.resources += resources;
        self.inputs.push(ScanInput {
            name: inventory.input.clone(),
            kind: inventory.kind.as_str(),
            terraform_version: inventory.terraform_version.clone(),
            resources,
        });
        for (name, count) in inventory.type_counts() {
            if set.wanted().of(name).is_none() {
                *self.unchecked_types.entry(name.to_owned()).or_default() += count;
            }
        }
        self.diagnostics
            .extend(inventory.diagnostics.iter().cloned());
        let moves = moves(inventory);
        for finding in &mut findings {
            let policy = &self.policies[finding.policy as usize];
            finding.rollout = policy.rollout;
            let previous = moves.get(finding.resource_address.as_str());
            finding.previous_fingerprint = previous.map(|previous| {
                let path = finding.attribute.as_ref();
                let facts = &finding.facts;
                Fingerprint::of(&policy.id, previous, finding.outcome, path, facts)
            });
        }
        if self.findings.is_empty() {
            self.findings = findings;
        } else {
            self.findings.extend(findings);
        }
    }

    /// Counts findings again, after exceptions or a baseline marked some.
    pub(crate) fn recount(&mut self) {
        let summary = &mut self.summary;
        (
            summary.fail,
            summary.unknown,
            summary.error,
            summary.excepted,
            summary.in_baseline,
            summary.observed,
        ) = (0, 0, 0, 0, 0, 0);
        summary.by_severity = SeverityCounts::default();
        for finding in &self.findings {
            match finding.outcome {
                Outcome::Fail if finding.exception.is_some() => summary.excepted += 1,
                Outcome::Fail => {
                    summary.fail += 1;
                    summary.in_baseline += usize::from(finding.in_baseline);
                    let observed = finding.is_observed() && !finding.in_baseline;
                    summary.observed += usize::from(observed);
                    summary.by_severity.add(finding.severity);
                }
                Outcome::Unknown => summary.unknown += 1,
                Outcome::Error => summary.error += 1,
                Outcome::Pass | Outcome::NotApplicable => {}
            }
        }
    }

    /// The policy of a finding.
    #[must_use]
    pub fn policy_of(&self, finding: &Finding) -> &ScanPolicy {
        &self.policies[finding.policy as usize]
    }

    /// Whether every part of every input was judged.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.summary.error == 0 && self.diagnostics.iter().all(|d| d.level != Level::Error)
    }

    /// Standing violations, worst first.
    pub fn violations(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.is_violation())
    }

    /// Findings with an outcome.
    pub fn with_outcome(&self, outcome: Outcome) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.outcome == outcome)
    }

    /// Violations an exception covers.
    pub fn excepted(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.exception.is_some())
    }
}
