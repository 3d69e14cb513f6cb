//! What decides whether an exception covers a violation.

use jiff::Timestamp;

use super::judge::Grant;
use crate::finding::Fact;

/// Where an exception is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It covers.
    Active,
    /// It is approved and begins later.
    Scheduled,
    /// Somebody asked; approvers are missing.
    Requested,
    /// It can never cover as it is written.
    Void,
    /// Its end has come.
    Expired,
    /// Somebody took it back.
    Revoked,
    /// Somebody refused it.
    Rejected,
    /// Who asked for it no longer wants it.
    Withdrawn,
    /// At that time nobody had asked for it.
    Unknown,
}

impl State {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Scheduled => "scheduled",
            Self::Requested => "requested",
            Self::Void => "void",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Unknown => "not yet asked for",
        }
    }

    /// Whether its life is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Expired | Self::Revoked | Self::Rejected | Self::Withdrawn
        )
    }
}

/// What there is to cover.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'a> {
    /// The policy that fails.
    pub policy: &'a str,
    /// The resource.
    pub resource: &'a str,
    /// All values that break the policy.
    pub facts: &'a [Fact],
    /// Whether the policy passes that the exception names as its compensating control; true if it names none.
    pub control_passes: bool,
}

/// Whether an exception covers a violation, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cover {
    /// It does.
    Covered,
    /// It is about something else.
    Elsewhere,
    /// It is not in force at that time.
    NotInForce(State),
    /// The violation has facts that were not accepted: these.
    Exceeded(Vec<Fact>),
    /// Its compensating control does not pass.
    Suspended,
}

/// Whether an exception covers a violation at a time. Nothing else decides this.
#[must_use]
pub fn covers(grant: &Grant<'_>, violation: &Violation<'_>, at: Timestamp) -> Cover {
    let exception = grant.exception;
    if exception.policy != violation.policy || exception.resource != violation.resource {
        return Cover::Elsewhere;
    }
    let state = grant.state(at);
    if state != State::Active {
        return Cover::NotInForce(state);
    }
    let beyond = beyond(exception.facts.as_deref(), violation.facts);
    if !beyond.is_empty() {
        return Cover::Exceeded(beyond);
    }
    match violation.control_passes {
        true => Cover::Covered,
        false => Cover::Suspended,
    }
}

/// The facts that are not accepted; none if all facts are.
#[must_use]
pub(super) fn beyond(accepted: Option<&[Fact]>, facts: &[Fact]) -> Vec<Fact> {
    let Some(accepted) = accepted else {
        return Vec::new();
    };
    let new = facts
        .iter()
        .filter(|fact| !accepted.iter().any(|known| accepts(known, fact)));
    new.cloned().collect()
}

/// A fact is accepted by one that says nothing else than it.
pub(super) fn accepts(known: &Fact, fact: &Fact) -> bool {
    known
        .0
        .iter()
        .all(|(name, value)| fact.get(name) == Some(value))
}
