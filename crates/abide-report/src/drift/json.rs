//! Drift for programs; `schema_version` grows as for scans.

use std::collections::BTreeMap;
use std::io::{self, Write};

use abide_core::drift::{Change, Class, Drift, Drifted, Kind, Noise, Who};
use abide_core::finding::{Finding, Location, Outcome};
use abide_core::value::Value;
use abide_policy::Severity;
use jiff::Timestamp;
use serde::Serialize;

use super::{DriftReport, Target};
use crate::{SCHEMA_VERSION, json_text};

pub(super) fn render(report: &DriftReport, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool_version: report.tool_version,
        checked_at: report.at,
        targets: report
            .targets
            .iter()
            .map(|t| self::target(report, t))
            .collect(),
    };
    json_text::write(&document, 6, out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: &'static str,
    tool_version: &'static str,
    checked_at: Timestamp,
    targets: Vec<JsonTarget<'a>>,
}

#[derive(Serialize)]
struct JsonTarget<'a> {
    name: &'a str,
    owner: Option<&'a str>,
    /// `checked`, `suspicious` or `failed`.
    status: &'static str,
    error: Option<&'a str>,
    tool: Option<&'a str>,
    resources_looked_at: usize,
    summary: BTreeMap<&'static str, usize>,
    resources: Vec<JsonResource<'a>>,
    noise: Vec<JsonNoise<'a>>,
    timings_ms: BTreeMap<&'a str, u128>,
}

#[derive(Serialize)]
struct JsonResource<'a> {
    address: &'a str,
    resource_type: &'a str,
    class: Class,
    kind: Kind,
    changes: Vec<JsonChange<'a>>,
    not_reverted: &'a [String],
    caused_by: Vec<&'a str>,
    policies: Vec<JsonVerdicts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<&'a Who>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who_error: Option<&'a str>,
    location: Option<&'a Location>,
    /// When a recorded scan first saw it.
    since: Option<Timestamp>,
    exception: Option<JsonException<'a>>,
}

/// Who accepts it, and until when.
#[derive(Serialize)]
struct JsonException<'a> {
    id: &'a str,
    approver: &'a str,
    expires: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct JsonChange<'a> {
    path: String,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<Noise>,
}

#[derive(Serialize)]
struct JsonVerdicts<'a> {
    policy_id: &'a str,
    severity: Severity,
    controls: Vec<String>,
    last: Outcome,
    found: Outcome,
    desired: Outcome,
    message: Option<&'a str>,
    remediation: Option<&'a str>,
    fingerprint: Option<String>,
}

#[derive(Serialize)]
struct JsonNoise<'a> {
    address: &'a str,
    changes: Vec<JsonChange<'a>>,
}

fn target<'a>(report: &'a DriftReport, target: &'a Target) -> JsonTarget<'a> {
    let drift = target.outcome.as_ref().ok();
    JsonTarget {
        name: &target.name,
        owner: target.owner.as_deref(),
        status: match drift {
            None => "failed",
            Some(drift) if drift.suspicion.is_some() => "suspicious",
            Some(_) => "checked",
        },
        error: target.outcome.as_ref().err().map(String::as_str),
        tool: target.tool.as_deref(),
        resources_looked_at: drift.map_or(0, |drift| drift.looked_at),
        summary: drift.map(summary).unwrap_or_default(),
        resources: drift
            .iter()
            .flat_map(|drift| &drift.resources)
            .map(|r| resource(report, r))
            .collect(),
        noise: drift
            .iter()
            .flat_map(|drift| &drift.noise)
            .map(|(address, changes)| JsonNoise {
                address: address.as_str(),
                changes: changes.iter().map(|(c, n)| change(c, Some(*n))).collect(),
            })
            .collect(),
        timings_ms: match report.timings {
            true => target
                .steps
                .iter()
                .map(|(step, time)| (step.as_str(), time.as_millis()))
                .collect(),
            false => BTreeMap::new(),
        },
    }
}

fn summary(drift: &Drift) -> BTreeMap<&'static str, usize> {
    let classes = Class::ALL.into_iter();
    let counts = classes.map(|class| (class.as_str(), drift.count(class)));
    counts.chain([("noise", drift.noise.len())]).collect()
}

fn resource<'a>(report: &'a DriftReport, item: &'a Drifted) -> JsonResource<'a> {
    let real = item.changes.iter().map(|c| change(c, None));
    let noise = item.noise.iter().map(|(c, noise)| change(c, Some(*noise)));
    let policies = item.verdicts.iter().filter_map(|v| {
        let policy = report.policy(v.policy)?;
        let finding = v.finding.as_ref();
        let text = |of: fn(&Finding) -> &str| finding.map(of).filter(|text| !text.is_empty());
        Some(JsonVerdicts {
            policy_id: &policy.id,
            severity: policy.severity,
            controls: crate::words::control_ids(policy),
            last: v.last,
            found: v.found,
            desired: v.desired,
            message: text(|finding| &finding.message),
            remediation: text(|finding| &finding.remediation),
            fingerprint: finding.map(|finding| finding.fingerprint.to_string()),
        })
    });
    JsonResource {
        address: item.address.as_str(),
        resource_type: &item.resource_type,
        class: item.class,
        kind: item.kind,
        changes: real.chain(noise).collect(),
        not_reverted: &item.ignored,
        caused_by: item.caused_by.iter().map(|a| a.as_str()).collect(),
        policies: policies.collect(),
        location: item.location.as_ref(),
        since: item.since,
        exception: item.accepted.as_ref().map(|exception| JsonException {
            id: &exception.id,
            approver: &exception.approver,
            expires: &exception.expires,
            reason: &exception.reason,
        }),
        who: item.who.as_ref().and_then(|who| who.as_ref().ok()),
        who_error: item
            .who
            .as_ref()
            .and_then(|who| who.as_ref().err())
            .map(String::as_str),
    }
}

fn change(change: &Change, noise: Option<Noise>) -> JsonChange<'_> {
    JsonChange {
        path: change.path.to_string(),
        before: change.before.as_ref(),
        after: change.after.as_ref(),
        noise,
    }
}
