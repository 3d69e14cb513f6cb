//! Exceptions: approved permissions, each with an end, for one policy to fail on one resource.
//!
//! A file of exceptions is read ([`ExceptionSet::read`]) and judged by the rules
//! ([`ExceptionSet::judge`]); [`covers`] alone decides whether a judged exception covers a
//! violation at a time. Void ones (malformed, without approver, too long) cover nothing, and
//! are reported at their line.

mod act;
mod apply;
mod cover;
mod digest;
mod edit;
mod judge;
mod read;
mod rules;
mod schema;
#[cfg(test)]
mod tests;
mod write;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::diagnostic::Place;
use crate::finding::Fact;

pub use act::{Act, Identity, is_bot, same_person};
pub use apply::apply;
pub use cover::{Cover, State, Violation, covers};
pub use edit::{EditError, add_entry, add_field};
pub use judge::{Grant, Term};
pub use rules::{PerSeverity, Rules, maximum_days};
pub use schema::json_schema;
pub use write::{acts, entry, quoted};

/// A permission to fail, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exception {
    /// Its id, unique in its file; empty if it has none.
    pub id: String,
    /// The policy it is about.
    pub policy: String,
    /// The exact address it is about.
    pub resource: String,
    /// The facts it accepts; `None` accepts any (the simple form).
    pub facts: Option<Vec<Fact>>,
    /// What kind of permission it is.
    pub category: Category,
    /// Why.
    pub reason: String,
    /// Where it is discussed.
    pub ticket: Option<String>,
    /// What is done instead.
    pub control: Option<CompensatingControl>,
    /// Who asked for it.
    pub requester: Option<Act>,
    /// Who approved it.
    pub approvers: Vec<Act>,
    /// Who refused or withdrew it.
    pub rejected: Option<Act>,
    /// Who took it back.
    pub revoked: Option<Act>,
    /// Who looked at a break-glass exception afterwards.
    pub reviewed: Option<Act>,
    /// When it begins.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub expires: Option<Expiry>,
    /// The exception it follows.
    pub renews: Option<String>,
    /// Granted in an emergency by one person, for hours.
    pub break_glass: bool,
    /// It stands in the older form, `{"POL-0001:address": {expiresAt, reason}}`.
    pub is_seed: bool,
    /// What is wrong with how it is written.
    pub faults: Vec<Fault>,
    /// Where it is written.
    pub place: Place,
}

impl Exception {
    /// `exception EXC-1 (POL-0001 on aws_s3_bucket.x)`
    #[must_use]
    pub fn named(&self) -> String {
        let id = match self.id.as_str() {
            "" => "without id",
            id => id,
        };
        match (self.policy.as_str(), self.resource.as_str()) {
            ("", _) | (_, "") => format!("exception {id}"),
            (policy, resource) => format!("exception {id} ({policy} on {resource})"),
        }
    }

    /// Its approvers' names.
    #[must_use]
    pub fn approver(&self) -> String {
        let names: Vec<_> = self.approvers.iter().map(|act| act.name.as_str()).collect();
        match names.is_empty() {
            true => "(none recorded)".to_owned(),
            false => names.join(", "),
        }
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong and what was expected.
    pub message: String,
    /// Where.
    pub place: Place,
}

/// What kind of permission an exception is.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// The risk is taken for a time.
    #[default]
    Waiver,
    /// Something else keeps the risk low.
    Mitigated,
    /// The policy is wrong here.
    FalsePositive,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiver, Self::Mitigated, Self::FalsePositive];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiver => "waiver",
            Self::Mitigated => "mitigated",
            Self::FalsePositive => "false_positive",
        }
    }
}

/// What is done instead of following the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompensatingControl {
    /// In words.
    pub description: Option<String>,
    /// A policy that must pass wherever it applies in the same scan, else the exception is suspended.
    pub policy: Option<String>,
}

impl std::fmt::Display for CompensatingControl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.description, &self.policy) {
            (Some(text), Some(policy)) => write!(f, "{text} ({policy} must pass)"),
            (Some(text), None) => f.write_str(text),
            (None, Some(policy)) => write!(f, "{policy} must pass"),
            (None, None) => Ok(()),
        }
    }
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
    /// A day or an instant.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.len() == 10 {
            return text.parse::<Date>().ok().map(Self::Day);
        }
        text.parse::<Timestamp>().ok().map(Self::Instant)
    }

    /// The first instant at which it is over.
    #[must_use]
    pub fn end(self) -> Timestamp {
        match self {
            Self::Day(day) => day.tomorrow().map_or(Timestamp::MAX, midnight),
            Self::Instant(end) => end,
        }
    }

    /// Its last day, UTC.
    #[must_use]
    pub fn day(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Instant(end) => day_of(end.checked_sub(1.nanosecond()).unwrap_or(end)),
        }
    }
}

impl std::fmt::Display for Expiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Instant(end) => end.fmt(f),
        }
    }
}

/// The beginning of a day, UTC.
pub(crate) fn midnight(day: Date) -> Timestamp {
    TimeZone::UTC
        .to_timestamp(day.at(0, 0, 0, 0))
        .unwrap_or(Timestamp::MAX)
}

/// The day of an instant, UTC.
pub(crate) fn day_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// The exceptions of a file, in its order; void ones too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExceptionSet {
    /// The file's name as given.
    pub file: String,
    /// All of them.
    pub list: Vec<Exception>,
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
    /// list) of entries, or the map `{"POL-0001:address": {expiresAt, reason}}`.
    ///
    /// # Errors
    /// If the file is neither; single bad entries have faults instead.
    pub fn read(file: &str, text: &str) -> Result<Self, ExceptionFileError> {
        read::read(file, text)
    }

    /// The exception of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Exception> {
        self.list.iter().find(|exception| exception.id == id)
    }
}
