//! How exceptions are shown.

use abide_core::exception::{self, Act, Grant, State};
use abide_policy::Severity;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What an exception permits and for how long, in indented lines.
pub(super) fn terms(grant: &Grant<'_>) -> String {
    let exception = grant.exception;
    let mut out = format!(
        "  {} ({}) on {}\n",
        exception.policy,
        grant.severity.map_or("no such policy", Severity::as_str),
        exception.resource
    );
    match exception.facts.as_deref() {
        None => out.push_str("  accepts whatever it finds there\n"),
        Some([]) => out.push_str("  accepts the violation without facts\n"),
        Some(facts) => facts
            .iter()
            .for_each(|fact| out.push_str(&format!("  accepts {fact}\n"))),
    }
    if let Some(control) = &exception.control {
        if let Some(policy) = &control.policy {
            out.push_str(&format!("  as long as {policy} passes\n"));
        }
        if let Some(text) = &control.description {
            out.push_str(&format!("  instead: {text}\n"));
        }
    }
    out.push_str(&format!("  because: {}\n", exception.reason));
    let from = exception.not_before.map(|at| format!("from {} ", day(at)));
    let until = exception.expires.map(|end| format!("until {end} "));
    out.push_str(&format!(
        "  {}{}({}), in {}:{}\n",
        from.unwrap_or_default(),
        until.unwrap_or_default(),
        grant.limit,
        exception.place.file,
        exception.place.line
    ));
    out
}

/// Whom a request waits for.
pub(super) fn waits(grant: &Grant<'_>) -> String {
    let exception = grant.exception;
    let not = exception
        .requester
        .as_ref()
        .map(|act| format!(" other than {}", act.name));
    let missing = grant.missing();
    let people = if missing == 1 {
        "approver"
    } else {
        "approvers"
    };
    format!(
        "it covers nothing yet and waits for {missing} {people}{}: `abide exception approve {}`",
        not.unwrap_or_default(),
        exception.id
    )
}

/// `ana@example.com (git) 2026-03-01T12:00:00Z`
pub(super) fn act(act: &Act) -> String {
    let at = act.at.map(|at| format!(" {at}"));
    format!(
        "{} ({}){}",
        act.name,
        act.identity.as_str(),
        at.unwrap_or_default()
    )
}

/// What people did to it, in the order of its life.
pub(super) fn acts<'a>(grant: &Grant<'a>) -> Vec<(&'static str, &'a Act)> {
    let exception = grant.exception;
    let mut acts: Vec<_> = exception
        .requester
        .iter()
        .map(|act| ("requested", act))
        .collect();
    acts.extend(exception.approvers.iter().map(|act| ("approved", act)));
    acts.extend(exception.rejected.iter().map(|act| ("rejected", act)));
    acts.extend(exception.revoked.iter().map(|act| ("revoked", act)));
    acts.extend(exception.reviewed.iter().map(|act| ("reviewed", act)));
    acts
}

/// Everything about an exception at a time.
pub(super) fn json(grant: &Grant<'_>, at: Timestamp) -> Value {
    let exception = grant.exception;
    let state = grant.state(at);
    let mut out = json!({
        "state": state.as_str(),
        "covers": state == State::Active,
        "severity": grant.severity.map(Severity::as_str),
        "from": grant.term.map(|term| term.from.to_string()),
        "until": grant.term.map(|term| term.until.to_string()),
        "days": days(grant),
        "approvals_needed": grant.needed,
        "approvals_missing": grant.missing(),
        "renewals": grant.renewals,
        "renewed_by": grant.renewed_by,
        "review_due": grant.is_review_due(at),
        "void": grant.why_void(at).map(|fault| fault.message),
        "place": exception.place,
    });
    if let Some(fields) = out.as_object_mut() {
        fields.extend(exception::entry(exception));
    }
    out
}

/// Days it runs, begun ones whole; unknown if nothing says when it begins.
pub(super) fn days(grant: &Grant<'_>) -> Option<i64> {
    let term = grant.term.filter(|term| !term.is_assumed)?;
    let hours = (term.until.as_second() - term.from.as_second()).max(0);
    Some((hours + 86_399) / 86_400)
}

/// The day of an instant, UTC.
pub(super) fn day(at: Timestamp) -> jiff::civil::Date {
    jiff::tz::TimeZone::UTC.to_datetime(at).date()
}

/// Rows with their columns below each other; the last column is free.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
