//! Exceptions: approved permissions, each with an end, for one policy to fail on one resource.
//!
//! [`covers`] alone decides whether an exception covers a finding. A file may
//! hold exceptions that are void (malformed, without approver, too long):
//! they cover nothing, and are reported at their line.

mod read;

use abide_policy::Severity;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::diagnostic::{Diagnostic, Level, Place};
use crate::finding::{AppliedException, Fact, Finding, Outcome};
use crate::policy::nearest;
use crate::scan::Scan;

/// A permission to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its id, unique in its file.
    pub id: String,
    /// The policy it is about.
    pub policy: String,
    /// The exact address it is about.
    pub resource: String,
    /// The facts it accepts; `None` accepts any (the simple form).
    pub facts: Option<Vec<Fact>>,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approver: String,
    /// When it ends.
    pub expires: Expiry,
    /// Where it is written.
    pub place: Place,
}

/// When an exception ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// With the end of this day, UTC.
    Day(Date),
    /// At this instant.
    Instant(Timestamp),
}

impl Expiry {
    /// Whether the exception is in force at a time.
    #[must_use]
    pub fn includes(self, at: Timestamp) -> bool {
        match self {
            Self::Day(day) => TimeZone::UTC.to_datetime(at).date() <= day,
            Self::Instant(end) => at < end,
        }
    }

    /// Its last day, UTC.
    #[must_use]
    pub fn day(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Instant(end) => TimeZone::UTC.to_datetime(end).date(),
        }
    }
}

/// The longest an exception may run, in days, by the severity of its policy.
#[must_use]
pub fn maximum_days(severity: Severity) -> i32 {
    match severity {
        Severity::Critical => 14,
        Severity::High => 30,
        Severity::Medium => 90,
        Severity::Low => 180,
    }
}

/// Days before its end from which an exception is announced.
const WARN_DAYS: i32 = 14;

/// The exceptions of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExceptionSet {
    /// Those that can cover something.
    pub list: Vec<Exception>,
    /// Void ones, each at its line.
    pub void: Vec<Diagnostic>,
}

/// Why an exceptions file cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ExceptionFileError {
    /// Where.
    pub place: Place,
    /// What is wrong and what was expected.
    pub message: String,
}

impl ExceptionSet {
    /// Reads a file of exceptions, YAML or JSON: a list (or `exceptions:` with a
    /// list) of `{id, policy, resource, reason, approver, expires}`, or the map
    /// `{"POL-0001:address": {expiresAt, reason}}`. Entries of the map name no
    /// approver: they are void unless `allow_unapproved`.
    ///
    /// # Errors
    /// If the file is neither; single bad entries are void instead.
    pub fn read(
        file: &str,
        text: &str,
        allow_unapproved: bool,
    ) -> Result<Self, ExceptionFileError> {
        read::read(file, text, allow_unapproved)
    }
}

/// Whether an exception covers a finding at a time.
#[must_use]
pub fn covers(exception: &Exception, policy: &str, finding: &Finding, at: Timestamp) -> bool {
    finding.outcome == Outcome::Fail
        && exception.policy == policy
        && exception.resource == finding.resource_address.as_str()
        && exception.expires.includes(at)
        && exception
            .facts
            .as_ref()
            .is_none_or(|accepted| finding.facts.iter().all(|fact| accepts(accepted, fact)))
}

/// A fact is accepted if one of the accepted ones says nothing else than it.
fn accepts(accepted: &[Fact], fact: &Fact) -> bool {
    accepted.iter().any(|known| {
        known
            .0
            .iter()
            .all(|(name, value)| fact.get(name) == Some(value))
    })
}

/// Applies exceptions to a scan: covered findings are marked, and what is odd
/// about the exceptions becomes a diagnostic. `known` are all policies there
/// are, with their severities: an exception for a policy that is only switched
/// off is not void.
pub fn apply(set: &ExceptionSet, scan: &mut Scan, known: &[(String, Severity)]) {
    let at = scan.at;
    scan.diagnostics.extend(set.void.iter().cloned());
    for exception in &set.list {
        let (stands, remark) = standing(exception, known, at);
        if let Some((level, code, message)) = remark {
            scan.diagnostics
                .push(Diagnostic::new(level, code, message).at(exception.place.clone()));
        }
        if stands && !cover(exception, scan, at) {
            let message = format!(
                "{} covers nothing in this input: remove it if the resource is fixed or gone",
                named(exception)
            );
            scan.diagnostics.push(
                Diagnostic::new(Level::Warning, "exception-unused", message)
                    .at(exception.place.clone()),
            );
        }
    }
    scan.recount();
}

/// Whether an exception may cover anything, and what is to be said of it.
fn standing(
    exception: &Exception,
    known: &[(String, Severity)],
    at: Timestamp,
) -> (bool, Option<(Level, &'static str, String)>) {
    let today = TimeZone::UTC.to_datetime(at).date();
    let name = named(exception);
    let last = exception.expires.day();
    let refuse = |code, message| (false, Some((Level::Warning, code, message)));
    let Some((_, severity)) = known.iter().find(|(id, _)| *id == exception.policy) else {
        let id = &exception.policy;
        let message = format!(
            "{name} is void: there is no policy {id}{}",
            meant(id, known)
        );
        return refuse("exception-void", message);
    };
    if !exception.expires.includes(at) {
        let message = format!(
            "{name} expired on {last}; it covers nothing any more: fix the resource or ask for a new one"
        );
        return refuse("exception-expired", message);
    }
    let limit = maximum_days(*severity);
    let latest = today.checked_add(limit.days());
    if latest.is_ok_and(|latest| last > latest) {
        let message = format!(
            "{name} is void: it ends on {last}, but exceptions for {severity} policies run {limit} days at most"
        );
        return refuse("exception-void", message);
    }
    let soon = today.checked_add(WARN_DAYS.days());
    let ends_soon = soon.is_ok_and(|soon| last <= soon) && limit > WARN_DAYS;
    let remark = ends_soon.then(|| {
        let message = format!("{name} expires on {last}");
        (Level::Note, "exception-expiring", message)
    });
    (true, remark)
}

fn named(exception: &Exception) -> String {
    format!(
        "exception {} ({} on {})",
        exception.id, exception.policy, exception.resource
    )
}

fn meant(id: &str, known: &[(String, Severity)]) -> String {
    nearest(id, known.iter().map(|(id, _)| id.as_str()))
        .map_or_else(String::new, |id| format!("; did you mean {id}?"))
}

fn cover(exception: &Exception, scan: &mut Scan, at: Timestamp) -> bool {
    let mut used = false;
    for finding in &mut scan.findings {
        let policy = &scan.policies[finding.policy as usize].id;
        if covers(exception, policy, finding, at) {
            used = true;
            finding.exception.get_or_insert_with(|| AppliedException {
                id: exception.id.clone(),
                reason: exception.reason.clone(),
                approver: exception.approver.clone(),
                expires: exception.expires.day().to_string(),
                place: Some(exception.place.clone()),
            });
        }
    }
    used
}
