//! The versioned JSON contract; [`crate::json_schema`] describes it field by field.
//!
//! Results are written while they are read: no second copy of a hundred thousand findings.

use std::io::{self, Write};

use abide_core::attribute::AttributePath;
use abide_core::diagnostic::Place;
use abide_core::finding::{
    AppliedException, Fact, Finding, Fingerprint, Location, Outcome, Related, Snippet,
};
use abide_core::gate::Gate;
use abide_core::remedy::{Fix, Remedy};
use abide_core::request::Request;
use abide_core::rollout::Stage;
use abide_core::scan::Summary;
use abide_policy::Severity;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::report::Report;
use crate::{json_text, markdown, words};

/// The version of the contract. A field may be added within a version, never changed or removed.
pub const SCHEMA_VERSION: &str = "1";

/// Levels that are broken into lines: the document, and the lists in it.
const BROKEN: usize = 2;

/// Writes the JSON.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let scan = report.scan;
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool {
            name: "abide",
            version: &scan.tool_version,
        },
        scanned_at: scan.at,
        inputs: scan.inputs.iter().map(Input::of).collect(),
        verdict: report.verdict.as_str(),
        gate: report.options.gate,
        summary: &scan.summary,
        markdown: markdown::text(report, markdown::COMMENT),
        diagnostics: scan.diagnostics.iter().map(Diagnostic::of).collect(),
        unchecked_types: &scan.unchecked_types,
        results: Results(report),
    };
    json_text::write(&document, BROKEN, out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: &'static str,
    tool: Tool<'a>,
    scanned_at: Timestamp,
    inputs: Vec<Input<'a>>,
    verdict: &'static str,
    gate: Gate,
    summary: &'a Summary,
    markdown: String,
    diagnostics: Vec<Diagnostic<'a>>,
    unchecked_types: &'a std::collections::BTreeMap<String, usize>,
    results: Results<'a>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
struct Input<'a> {
    name: &'a str,
    kind: &'static str,
    terraform_version: Option<&'a str>,
    resources: usize,
}

impl<'a> Input<'a> {
    fn of(input: &'a abide_core::scan::ScanInput) -> Self {
        Self {
            name: &input.name,
            kind: input.kind,
            terraform_version: input.terraform_version.as_deref(),
            resources: input.resources,
        }
    }
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    level: &'static str,
    code: &'static str,
    message: &'a str,
    place: Option<&'a Place>,
}

impl<'a> Diagnostic<'a> {
    fn of(diagnostic: &'a abide_core::diagnostic::Diagnostic) -> Self {
        Self {
            level: diagnostic.level.as_str(),
            code: diagnostic.code,
            message: &diagnostic.message,
            place: diagnostic.place.as_ref(),
        }
    }
}

struct Results<'a>(&'a Report<'a>);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report) = self;
        let policies = &report.scan.policies;
        let controls: Vec<Vec<String>> = policies.iter().map(words::control_ids).collect();
        serializer.collect_seq(
            report
                .results()
                .map(|finding| Row::of(report, finding, &controls[finding.policy as usize])),
        )
    }
}

#[derive(Serialize)]
struct Row<'a> {
    policy_id: &'a str,
    title: &'a str,
    resource_address: &'a str,
    resource_type: &'a str,
    outcome: Outcome,
    compliant: bool,
    severity: Severity,
    message: &'a str,
    remediation: &'a str,
    controls: &'a [String],
    attribute: Option<&'a AttributePath>,
    found: Option<&'a str>,
    expected: Option<&'a str>,
    facts: &'a [Fact],
    fix: &'a [Snippet],
    waits_for: &'a [String],
    fingerprint: Fingerprint,
    location: Option<&'a Location>,
    related: &'a [Related],
    calls: &'a [Related],
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_fingerprint: Option<Fingerprint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proven_fix: Option<&'a Fix>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_fix: Option<&'a str>,
    exception: Option<&'a AppliedException>,
    requested: Option<&'a Request>,
    in_baseline: bool,
    rollout: Stage,
    input: &'a str,
}

impl<'a> Row<'a> {
    fn of(report: &'a Report<'a>, finding: &'a Finding, controls: &'a [String]) -> Self {
        let policy = report.scan.policy_of(finding);
        Self {
            policy_id: &policy.id,
            title: &policy.title,
            resource_address: finding.resource_address.as_str(),
            resource_type: &finding.resource_type,
            outcome: finding.outcome,
            compliant: words::is_compliant(finding),
            severity: finding.severity,
            message: &finding.message,
            remediation: words::remediation(report, finding),
            controls,
            attribute: finding.attribute.as_ref(),
            found: finding.found.as_deref(),
            expected: finding.expected.as_deref(),
            facts: &finding.facts,
            fix: &finding.fix,
            waits_for: &finding.waits_for,
            fingerprint: finding.fingerprint,
            previous_fingerprint: finding.previous_fingerprint,
            location: finding.location.as_ref(),
            related: &finding.related,
            calls: &finding.calls,
            proven_fix: finding.remedy.as_ref().and_then(Remedy::fix),
            no_fix: words::no_fix(finding),
            exception: finding.exception.as_ref(),
            requested: finding.requested.as_ref(),
            in_baseline: finding.in_baseline,
            rollout: finding.rollout,
            input: report.input(finding),
        }
    }
}
