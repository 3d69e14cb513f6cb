//! Sentences about drift that the formats share.

use abide_core::drift::{Act, Certainty, Change, Class, Drift, Drifted, Kind};
use abide_core::finding::AppliedException;
use abide_core::value::Value;

use super::DriftReport;
use crate::words::count;

/// Characters of a value.
const VALUE: usize = 400;

/// What happened, after the address.
#[must_use]
pub fn happened(resource: &Drifted) -> String {
    match resource.kind {
        Kind::Changed => "was changed outside Terraform".to_owned(),
        Kind::Deleted => "was deleted outside Terraform".to_owned(),
        Kind::Affected if resource.caused_by.is_empty() => {
            "is judged otherwise, because something that belongs to it was changed outside Terraform"
                .to_owned()
        }
        Kind::Affected => {
            let causes: Vec<&str> = resource.caused_by.iter().map(|a| a.as_str()).collect();
            format!("is judged otherwise, because of {}", causes.join(", "))
        }
        Kind::Differs => match resource.class {
            Class::Pending => "differs from the code, which may be ahead".to_owned(),
            _ => "differs from the code that was applied".to_owned(),
        },
    }
}

/// What to do.
#[must_use]
pub fn advice(resource: &Drifted) -> String {
    let adopt = "or write what is there into the code";
    match resource.class {
        Class::Violating => "apply the code to undo it".to_owned(),
        Class::ViolatingKept if resource.ignored.is_empty() => {
            "applying the code would leave it so: undo it by hand, write it into the code, or ask for an exception".to_owned()
        }
        Class::ViolatingKept => format!(
            "applying the code would leave {} so (ignore_changes, or nobody wrote it): undo it by hand, write it into the code, or ask for an exception",
            resource.ignored.join(", ")
        ),
        Class::Sensitive | Class::Harmless if resource.kind == Kind::Deleted => {
            "apply the code to make it again, or take it out of the code".to_owned()
        }
        Class::Sensitive | Class::Harmless | Class::Absorbed => {
            format!("apply the code to undo it, {adopt}")
        }
        Class::Improving => {
            "write it into the code: applying the code would break the policy again".to_owned()
        }
        Class::Pending => "apply the code, or check out what was applied last".to_owned(),
    }
}

/// Since when a recorded scan has seen it.
pub(super) fn since(report: &DriftReport, resource: &Drifted) -> Option<String> {
    let since = resource.since?;
    let days = report.at.duration_since(since).as_hours() / 24;
    let ago = match days {
        ..=0 => "today".to_owned(),
        days => format!(
            "{} ago",
            count(usize::try_from(days).unwrap_or(usize::MAX), "day")
        ),
    };
    Some(format!("{}, {ago}", since.strftime("%Y-%m-%dT%H:%M:%SZ")))
}

/// Who accepts it, and until when.
pub(super) fn accepted(exception: &AppliedException) -> String {
    format!(
        "{} until {}, approved by {}: {}",
        exception.id, exception.expires, exception.approver, exception.reason
    )
}

/// One change in a line: `ingress[0]: + {…}`.
#[must_use]
pub fn change(resource: &Drifted, change: &Change) -> String {
    let side = |value: &Option<Value>| value.as_ref().map(|value| value.display(VALUE));
    let text = match (side(&change.before), side(&change.after)) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (Some(before), None) => format!("- {before}"),
        (None, Some(after)) => format!("+ {after}"),
        (None, None) => String::new(),
    };
    let wanted = match resource.kind {
        Kind::Differs => " (found -> code)",
        _ => "",
    };
    format!("{}: {text}{wanted}", change.path)
}

/// A policy's verdicts on the three sides.
pub(super) fn verdicts(report: &DriftReport, resource: &Drifted) -> Vec<String> {
    let shown = resource.verdicts.iter().filter_map(|v| {
        let policy = report.policy(v.policy)?;
        let message = v.finding.as_ref().map(|finding| finding.message.trim());
        let message = message.filter(|message| !message.is_empty());
        Some(format!(
            "{} ({}): last state {}, now {}, code {}{}",
            policy.id,
            policy.severity,
            v.last.as_str(),
            v.found.as_str(),
            v.desired.as_str(),
            message.map_or(String::new(), |message| format!(". {message}"))
        ))
    });
    shown.collect()
}

/// Acts that are named.
const ACTS: usize = 3;

/// Who did it, a line each.
pub(super) fn who(resource: &Drifted) -> Vec<String> {
    let who = match &resource.who {
        None => return Vec::new(),
        Some(Err(error)) => return vec![format!("not known: {error}")],
        Some(Ok(who)) => who,
    };
    let label = match who.certainty {
        Certainty::Unique => "",
        Certainty::Likely => "likely ",
        Certainty::Possible => "possibly (it changed something else of it) ",
        Certainty::Nobody => {
            let mut lines = vec![format!("nobody is recorded since {}", who.from)];
            lines.extend(who.remarks.iter().cloned());
            return lines;
        }
    };
    let acts = who.acts.iter().take(ACTS);
    let mut lines: Vec<String> = acts
        .map(|act| format!("{label}{}", self::act(act)))
        .collect();
    if who.acts.len() > ACTS {
        lines.push(count(who.acts.len() - ACTS, "more event"));
    }
    lines.extend(who.remarks.iter().cloned());
    lines
}

fn act(act: &Act) -> String {
    let mut text = format!("{} at {}: {}", act.identity, act.at, act.event);
    if let Some(ip) = &act.source_ip {
        text.push_str(&format!(" from {ip}"));
    }
    if let Some(agent) = &act.user_agent {
        text.push_str(&format!(" with {agent}"));
    }
    if act.by_terraform {
        text.push_str(" (Terraform itself: an apply of this or another root module)");
    }
    format!("{text}, event {}", act.event_id)
}

/// The controls that what fails now gives evidence for.
pub(super) fn controls(report: &DriftReport, resource: &Drifted) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    let failing = resource.verdicts.iter().filter(|v| v.finding.is_some());
    for policy in failing.filter_map(|v| report.policy(v.policy)) {
        for label in crate::words::control_labels(policy) {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    labels
}

/// A line of numbers for a target.
pub(super) fn summary(drift: &Drift) -> String {
    let mut parts: Vec<String> = Class::ALL
        .into_iter()
        .filter(|class| drift.count(*class) > 0)
        .map(|class| format!("{} {}", drift.count(class), name(class)))
        .collect();
    if parts.is_empty() {
        parts.push("no drift".to_owned());
    }
    if !drift.noise.is_empty() {
        parts.push(format!("{} noise", drift.noise.len()));
    }
    format!(
        "{} looked at: {}",
        count(drift.looked_at, "resource"),
        parts.join(", ")
    )
}

/// A class in words.
pub(super) fn name(class: Class) -> &'static str {
    match class {
        Class::ViolatingKept => "violating, not revertible",
        other => other.as_str(),
    }
}

/// Why the result is not to be trusted.
#[must_use]
pub fn suspicion(drift: &Drift) -> Option<String> {
    let suspicion = drift.suspicion?;
    Some(format!(
        "{} of {} resources seem to be deleted: more likely these are the credentials of another account or another region. Nothing of this counts before somebody looked",
        suspicion.deleted, suspicion.of
    ))
}
