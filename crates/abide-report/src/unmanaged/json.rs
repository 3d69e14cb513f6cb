//! Unmanaged resources for programs; `schema_version` grows as for scans.

use std::collections::BTreeMap;
use std::io::{self, Write};

use abide_core::finding::{Finding, Outcome};
use abide_policy::Severity;
use jiff::Timestamp;
use serde::Serialize;

use super::{UnmanagedAccount, UnmanagedReport, UnmanagedResource};
use crate::{SCHEMA_VERSION, json_text, words};

pub(super) fn render(report: &UnmanagedReport, out: &mut dyn Write) -> io::Result<()> {
    let accounts = report.accounts.iter();
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool_version: report.tool_version,
        checked_at: report.at,
        evaluated: report.evaluated,
        complete: report.is_complete(),
        accounts: accounts
            .map(|account| self::account(report, account))
            .collect(),
    };
    json_text::write(&document, 6, out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: &'static str,
    tool_version: &'static str,
    checked_at: Timestamp,
    evaluated: bool,
    /// Whether everything could be looked at.
    complete: bool,
    accounts: Vec<JsonAccount<'a>>,
}

#[derive(Serialize)]
struct JsonAccount<'a> {
    account: &'a str,
    targets: &'a [String],
    regions: &'a [String],
    error: Option<&'a str>,
    types: BTreeMap<&'a str, JsonCounts>,
    resources: Vec<JsonResource<'a>>,
    aws_own: Vec<JsonOwn<'a>>,
    not_looked_at: Vec<JsonUnseen<'a>>,
    remarks: &'a [String],
    timings_ms: BTreeMap<&'a str, u128>,
}

#[derive(Serialize)]
struct JsonCounts {
    listed: usize,
    in_states: usize,
    aws_own: usize,
    part_of_others: usize,
}

#[derive(Serialize)]
struct JsonResource<'a> {
    resource_type: &'a str,
    id: &'a str,
    region: Option<&'a str>,
    proposed_address: &'a str,
    children: Vec<JsonChild<'a>>,
    findings: Vec<JsonFinding<'a>>,
    undecided_policies: &'a [String],
    unread: Option<&'a str>,
    ignored: Option<JsonIgnore<'a>>,
}

#[derive(Serialize)]
struct JsonChild<'a> {
    resource_type: &'a str,
    id: &'a str,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    policy_id: &'a str,
    severity: Severity,
    controls: Vec<String>,
    address: &'a str,
    outcome: Outcome,
    message: &'a str,
    attribute: Option<String>,
    exception: Option<&'a str>,
    fingerprint: String,
}

#[derive(Serialize)]
struct JsonIgnore<'a> {
    owner: &'a str,
    reason: &'a str,
    expires: &'a str,
}

#[derive(Serialize)]
struct JsonOwn<'a> {
    resource_type: &'a str,
    id: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct JsonUnseen<'a> {
    resource_type: &'a str,
    region: Option<&'a str>,
    id: Option<&'a str>,
    reason: &'a str,
}

fn account<'a>(report: &'a UnmanagedReport, account: &'a UnmanagedAccount) -> JsonAccount<'a> {
    let found = account.outcome.as_ref().ok();
    let resources = found.into_iter().flat_map(|found| &found.resources);
    let kinds = found.into_iter().flat_map(|found| &found.kinds);
    let own = found.into_iter().flat_map(|found| &found.own);
    let unseen = found.into_iter().flat_map(|found| &found.not_looked);
    JsonAccount {
        account: &account.account,
        targets: &account.targets,
        regions: &account.regions,
        error: account.outcome.as_ref().err().map(String::as_str),
        types: kinds
            .map(|kind| {
                let counts = JsonCounts {
                    listed: kind.listed,
                    in_states: kind.held,
                    aws_own: kind.own,
                    part_of_others: kind.children,
                };
                (kind.type_name.as_str(), counts)
            })
            .collect(),
        resources: resources.map(|item| resource(report, item)).collect(),
        aws_own: own
            .map(|(resource_type, id, why)| JsonOwn {
                resource_type,
                id,
                why,
            })
            .collect(),
        not_looked_at: unseen
            .map(|unseen| JsonUnseen {
                resource_type: &unseen.type_name,
                region: unseen.region.as_deref(),
                id: unseen.id.as_deref(),
                reason: &unseen.reason,
            })
            .collect(),
        remarks: found.map_or(&[], |found| &found.remarks),
        timings_ms: account
            .steps
            .iter()
            .filter(|_| report.timings)
            .map(|(step, time)| (step.as_str(), time.as_millis()))
            .collect(),
    }
}

fn resource<'a>(report: &'a UnmanagedReport, item: &'a UnmanagedResource) -> JsonResource<'a> {
    let children = item.children.iter();
    JsonResource {
        resource_type: &item.type_name,
        id: &item.id,
        region: item.region.as_deref(),
        proposed_address: &item.address,
        children: children
            .map(|(resource_type, id)| JsonChild { resource_type, id })
            .collect(),
        findings: item.findings.iter().map(|f| finding(report, f)).collect(),
        undecided_policies: &item.undecided,
        unread: item.unread.as_deref(),
        ignored: item.ignored.as_ref().map(|ignore| JsonIgnore {
            owner: &ignore.owner,
            reason: &ignore.reason,
            expires: &ignore.expires,
        }),
    }
}

fn finding<'a>(report: &'a UnmanagedReport, finding: &'a Finding) -> JsonFinding<'a> {
    let policy = report.policies.get(finding.policy as usize);
    JsonFinding {
        policy_id: policy.map_or("", |policy| &policy.id),
        severity: finding.severity,
        controls: policy.map(words::control_ids).unwrap_or_default(),
        address: finding.resource_address.as_str(),
        outcome: finding.outcome,
        message: finding.message.trim(),
        attribute: finding.attribute.as_ref().map(ToString::to_string),
        exception: finding.exception.as_ref().map(|e| e.id.as_str()),
        fingerprint: finding.fingerprint.to_string(),
    }
}
