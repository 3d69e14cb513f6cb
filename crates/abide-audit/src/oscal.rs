//! OSCAL assessment results 1.2.1.
//!
//! A finding says satisfied or not; OSCAL has no third word. A control that was not tested, or
//! whose evidence has a hole, has an observation and no finding: nothing was found out about
//! it. Ids are UUIDs of version 5 of what they name, so the same report has the same ones.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::model::{AuditReport, ControlResult, Covered, Deviation, ExceptionUse};
use crate::sections::said;
use crate::verdict::ControlVerdict;

/// Whose properties are ours.
const NAMESPACE: &str = "https://abide.dev/ns/oscal";
/// The version this is written for.
const VERSION: &str = "1.2.1";

/// The document, given the digest of the report's JSON.
#[must_use]
pub fn assessment_results(report: &AuditReport, digest: &str) -> Value {
    let ids = Ids { digest };
    let cover = &report.cover;
    json!({"assessment-results": {
        "uuid": ids.of("assessment-results"),
        "metadata": {
            "title": format!("{} evidence, {} to {}", cover.title, cover.from, cover.to),
            "last-modified": cover.as_of,
            "version": "1",
            "oscal-version": VERSION,
            "props": [prop("tool", &cover.tool), prop("framework", &cover.edition), prop("report-sha256", digest)],
        },
        "import-ap": {"href": format!("#{}", ids.of("plan"))},
        "results": [result(report, &ids)],
        "back-matter": back_matter(report, &ids),
    }})
}

struct Ids<'a> {
    digest: &'a str,
}

impl Ids<'_> {
    /// The id of a part of this report.
    fn of(&self, part: &str) -> String {
        stable(&[self.digest, part])
    }
}

/// The id of something that keeps it from report to report.
fn stable(parts: &[&str]) -> String {
    let ours = Uuid::new_v5(&Uuid::NAMESPACE_URL, NAMESPACE.as_bytes());
    let name = Value::from(parts.to_vec()).to_string();
    Uuid::new_v5(&ours, name.as_bytes()).to_string()
}

/// Text on one line without spaces around it, as OSCAL wants it.
fn line(text: &str) -> String {
    let clean = text.replace(|c: char| c.is_control(), " ");
    let words: Vec<&str> = clean.split_whitespace().collect();
    if words.is_empty() {
        return "(empty)".to_owned();
    }
    words.join(" ")
}

fn prop(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": NAMESPACE, "value": line(value)})
}

/// A control's id as a token: `soc2-2017_CC6.1`.
fn token(control: &str) -> String {
    control.replace(':', "_")
}

fn result(report: &AuditReport, ids: &Ids<'_>) -> Value {
    let cover = &report.cover;
    let controls = &report.controls;
    let chosen: Vec<Value> = controls
        .iter()
        .map(|control| json!({"control-id": token(&control.id)}))
        .collect();
    let selection = if chosen.is_empty() {
        json!({"description": "No control was tested; there are no findings.", "include-all": {}})
    } else {
        json!({"include-controls": chosen})
    };
    let mut result = json!({
        "uuid": ids.of("result"),
        "title": format!("{} to {}", cover.from, cover.to),
        "description": "Terraform plans, states and source were judged by policies at each scan of the period.",
        "start": cover.from,
        "end": cover.to,
        "props": population(report),
        "local-definitions": {"components": [tool(report, ids)]},
        "reviewed-controls": {"control-selections": [selection]},
    });
    let mut put = |name: &str, items: Vec<Value>| {
        // OSCAL knows no empty lists.
        if !items.is_empty() {
            result[name] = items.into();
        }
    };
    let observations = controls.iter();
    put(
        "observations",
        observations
            .map(|control| observation(report, control, ids))
            .collect(),
    );
    let deviations = report.deviations.iter().map(risk);
    let excepted = report.exceptions.iter().flat_map(|exception| {
        let covered = exception.covered.iter();
        covered.map(|covered| excepted(exception, covered))
    });
    put("risks", deviations.chain(excepted).collect());
    let findings = controls.iter();
    put(
        "findings",
        findings
            .filter_map(|control| finding(report, control, ids))
            .collect(),
    );
    result
}

fn tool(report: &AuditReport, ids: &Ids<'_>) -> Value {
    json!({
        "uuid": ids.of("tool"), "type": "software", "title": report.cover.tool,
        "description": "Judges Terraform by compliance policies.", "status": {"state": "operational"},
    })
}

/// What was scanned, against what was to be.
fn population(report: &AuditReport) -> Vec<Value> {
    let sum = |of: &dyn Fn(&crate::model::Target) -> u64| {
        let all = report.completeness.iter().map(of);
        all.sum::<u64>().to_string()
    };
    vec![
        prop("scans-due", &sum(&|target| target.slots.due)),
        prop("scans-due-ran", &sum(&|target| target.slots.ran)),
        prop("scans-whole", &sum(&|target| target.complete)),
        prop("scans-partial", &sum(&|target| target.partial)),
        prop("gaps", &sum(&|target| target.gaps.len() as u64)),
        prop("ledger-size", &report.cover.ledger_size.to_string()),
    ]
}

fn observation(report: &AuditReport, control: &ControlResult, ids: &Ids<'_>) -> Value {
    let counts = &control.evaluations;
    let days = &control.resource_days;
    let mut description = format!(
        "{} evaluations of {} policies on {} resources in {} whole scans. {}",
        counts.evaluated(),
        control.policies.len(),
        control.resources,
        control.scans,
        control.claim_sentence
    );
    for reason in &control.reasons {
        description.push(' ');
        description.push_str(&said(reason));
    }
    let last = report.completeness.iter().filter_map(|target| target.last);
    json!({
        "uuid": ids.of(&format!("observation {}", control.id)),
        "title": format!("{} — {}", control.label, control.verdict.as_str()),
        "description": line(&description),
        "props": [
            prop("verdict", control.verdict.as_str()),
            prop("evaluations-pass", &counts.pass.to_string()),
            prop("evaluations-fail", &counts.fail.to_string()),
            prop("evaluations-excepted", &counts.excepted.to_string()),
            prop("evaluations-unknown-or-error", &counts.undecided().to_string()),
            prop("evaluations-not-applicable", &counts.not_applicable.to_string()),
            prop("resource-days-pass", &days.pass.to_string()),
            prop("resource-days-fail", &days.fail.to_string()),
            prop("resource-days-excepted", &days.excepted.to_string()),
            prop("resource-days-unknown-or-error", &days.unknown.to_string()),
            prop("resource-days-not-applicable", &days.not_applicable.to_string()),
            prop("resource-days-not-scanned", &days.not_scanned.to_string()),
        ],
        "methods": ["TEST"],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": ids.of("tool")}]}],
        "relevant-evidence": [{"href": format!("#{}", ids.of("report")), "description": "The report with all evaluations counted."}],
        "collected": last.max().unwrap_or(report.cover.from),
    })
}

/// The control's finding, if something was found out.
fn finding(report: &AuditReport, control: &ControlResult, ids: &Ids<'_>) -> Option<Value> {
    let (state, reason) = match control.verdict {
        ControlVerdict::Pass => ("satisfied", "pass"),
        ControlVerdict::Fail => ("not-satisfied", "fail"),
        ControlVerdict::Excepted => ("not-satisfied", "other"),
        ControlVerdict::Incomplete | ControlVerdict::NotTested | ControlVerdict::NotShown => {
            return None;
        }
    };
    let deviations = control.deviations.iter();
    let deviations = deviations.filter_map(|at| report.deviations.get(*at));
    let mut risks: Vec<String> = deviations.map(risk_id).collect();
    for exception in &report.exceptions {
        let covered = exception.covered.iter();
        let of_control = covered.filter(|covered| covered.controls.contains(&control.label));
        risks.extend(of_control.map(|covered| excepted_id(exception, covered)));
    }
    let mut finding = json!({
        "uuid": ids.of(&format!("finding {}", control.id)),
        "title": format!("{} — {}", control.label, control.verdict.as_str()),
        "description": line(&control.claim_sentence),
        "props": [prop("claim", &control.claim.to_string())],
        "target": {
            "type": "objective-id", "target-id": token(&control.id),
            "status": {"state": state, "reason": reason, "remarks": "As far as infrastructure code shows it; an assessor judges the control."},
        },
        "related-observations": [{"observation-uuid": ids.of(&format!("observation {}", control.id))}],
    });
    if !risks.is_empty() {
        let risks = risks.into_iter().map(|id| json!({"risk-uuid": id}));
        finding["related-risks"] = risks.collect::<Vec<_>>().into();
    }
    Some(finding)
}

fn risk_id(one: &Deviation) -> String {
    let first_seen = one.first_seen.to_string();
    stable(&[
        "risk",
        &one.target,
        &one.policy,
        &one.resource,
        &one.fingerprint,
        &first_seen,
    ])
}

fn risk(one: &Deviation) -> Value {
    let id = risk_id(one);
    let status = match (one.closed_at, one.excepted_now) {
        (Some(_), _) => "closed",
        (None, true) => "deviation-approved",
        (None, false) => "open",
    };
    let entry = |title: &str, at, status: &str| json!({"uuid": stable(&[&id, title]), "title": title, "start": at, "status-change": status});
    let mut log = vec![entry("First seen", one.first_seen, "open")];
    log.extend(one.closed_at.map(|at| {
        let word = one.closed_as.map_or("Ended", |end| end.as_str());
        entry(word, at, "closed")
    }));
    json!({
        "uuid": id,
        "title": line(&format!("{} on {}", one.policy, one.resource)),
        "description": line(&one.message),
        "statement": line(&one.remediation),
        "props": [prop("severity", one.severity.as_str()), prop("target", &one.target), prop("policy", &one.policy),
                  prop("resource", &one.resource), prop("scans", &one.scans.to_string()), prop("days", &one.days.to_string())],
        "status": status,
        "risk-log": {"entries": log},
    })
}

fn excepted_id(exception: &ExceptionUse, covered: &Covered) -> String {
    stable(&[
        "exception",
        &exception.id,
        &covered.target,
        &covered.policy,
        &covered.resource,
    ])
}

/// A violation under an exception: the approved deviation that OSCAL has a word for.
fn excepted(exception: &ExceptionUse, covered: &Covered) -> Value {
    let id = excepted_id(exception, covered);
    let mut props = vec![
        prop("exception", &exception.id),
        prop("severity", covered.severity.as_str()),
        prop("target", &covered.target),
        prop("policy", &covered.policy),
        prop("resource", &covered.resource),
        prop("scans", &covered.scans.to_string()),
    ];
    props.extend(exception.approvers.iter().map(|who| prop("approver", who)));
    props.extend(exception.requester.iter().map(|who| prop("requester", who)));
    let log = covered.days.iter().map(|(first, last)| {
        json!({
            "uuid": stable(&[&id, first]), "title": "Covered", "status-change": "deviation-approved",
            "start": format!("{first}T00:00:00Z"), "end": format!("{last}T23:59:59Z"),
        })
    });
    let log: Vec<Value> = log.collect();
    let mut risk = Map::new();
    let mut put = |name: &str, value: Value| risk.insert(name.to_owned(), value);
    put("uuid", id.clone().into());
    put(
        "title",
        line(&format!("{} on {}", covered.policy, covered.resource)).into(),
    );
    put("description", line(&covered.message).into());
    put("statement", line(&exception.reason).into());
    put("props", props.into());
    put("status", "deviation-approved".into());
    if let Some(control) = &exception.compensating_control {
        put(
            "mitigating-factors",
            json!([{"uuid": stable(&[&id, "control"]), "description": line(control)}]),
        );
    }
    let day = exception.expires.as_deref().and_then(|text| {
        let day: String = text.chars().take(10).collect();
        day.parse::<jiff::civil::Date>().ok()
    });
    if let Some(day) = day {
        put("deadline", format!("{day}T23:59:59Z").into());
    }
    if !log.is_empty() {
        put("risk-log", json!({"entries": log}));
    }
    Value::Object(risk)
}

fn back_matter(report: &AuditReport, ids: &Ids<'_>) -> Value {
    json!({"resources": [
        {
            "uuid": ids.of("plan"), "title": "Method",
            "description": "There is no separate plan: every policy in force was evaluated on every resource in every scan.",
        },
        {
            "uuid": ids.of("report"), "title": "The report as JSON",
            "rlinks": [{"href": "report.json", "media-type": "application/json",
                        "hashes": [{"algorithm": "SHA-256", "value": ids.digest}]}],
        },
        {
            "uuid": ids.of("checkpoint"), "title": "Signed checkpoint of the ledger",
            "description": line(&report.cover.checkpoint),
        },
    ]})
}
