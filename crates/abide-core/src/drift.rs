//! Drift: what somebody changed outside Terraform, and what it means for the policies.
//!
//! A plan has three sides: what the last state said, what was found, what the code wants. The
//! policies are evaluated on all three; how verdicts and values differ decides the class. What
//! Terraform calls drift and is none ([`Noise`]) is counted, never dropped.

mod change;
mod classify;
mod noise;
mod rules;
pub mod scan;
mod who;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::ResourceAddress;
use crate::finding::{AppliedException, Finding, Location, Outcome};

pub use change::{Change, changes};
pub use classify::{Code, classify};
pub use noise::Noise;
pub use who::{Act, Certainty, Who};

/// What to make of a resource that is not as the last state or the code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A policy fails that did not, and applying the code makes it pass again.
    Violating,
    /// A policy fails that did not, and applying the code would leave it so: `ignore_changes`,
    /// or nobody wrote the attribute.
    #[serde(rename = "violating_not_revertible")]
    ViolatingKept,
    /// An attribute that policies read changed, and no verdict did.
    Sensitive,
    /// A policy passes that failed; applying the code would break it again. Never revert it.
    Improving,
    /// Nothing that any policy reads changed.
    Harmless,
    /// The state knows it already, the code that was applied last does not.
    Absorbed,
    /// The code wants something else than there is, and is not known to be applied: no drift.
    Pending,
}

impl Class {
    /// All classes, the worst first.
    pub const ALL: [Self; 7] = [
        Self::Violating,
        Self::ViolatingKept,
        Self::Sensitive,
        Self::Improving,
        Self::Harmless,
        Self::Absorbed,
        Self::Pending,
    ];

    /// Its word in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violating => "violating",
            Self::ViolatingKept => "violating_not_revertible",
            Self::Sensitive => "sensitive",
            Self::Improving => "improving",
            Self::Harmless => "harmless",
            Self::Absorbed => "absorbed",
            Self::Pending => "pending",
        }
    }

    /// Whether a policy is broken that was not.
    #[must_use]
    pub fn is_violation(self) -> bool {
        matches!(self, Self::Violating | Self::ViolatingKept)
    }
}

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is not as it was.
    Changed,
    /// It is gone.
    Deleted,
    /// It is as it was, but what belongs to it is not.
    Affected,
    /// The code wants it otherwise.
    Differs,
}

/// One policy on one resource, on all three sides.
#[derive(Clone, Debug)]
pub struct Verdicts {
    /// Index into the policies of the set.
    pub policy: u32,
    /// By the last state.
    pub last: Outcome,
    /// By what was found.
    pub found: Outcome,
    /// By the code; unknown if the plan does not say.
    pub desired: Outcome,
    /// The finding on what was found, if it fails.
    pub finding: Option<Finding>,
}

/// One resource that is not as it should be.
#[derive(Clone, Debug)]
pub struct Drifted {
    /// Its address.
    pub address: ResourceAddress,
    /// Its type.
    pub resource_type: Arc<str>,
    /// What to make of it.
    pub class: Class,
    /// What happened to it.
    pub kind: Kind,
    /// What changed, without noise.
    pub changes: Vec<Change>,
    /// Differences that are none.
    pub noise: Vec<(Change, Noise)>,
    /// Policies whose verdict is not the same on all sides.
    pub verdicts: Vec<Verdicts>,
    /// For [`Kind::Affected`]: the resources whose change did it, as far as it can be told.
    pub caused_by: Vec<ResourceAddress>,
    /// Changed attributes that the code lets be: applying it would not undo them.
    pub ignored: Vec<String>,
    /// Where it is written, if the source is at hand.
    pub location: Option<Location>,
    /// The exception that accepts it, until that ends.
    pub accepted: Option<AppliedException>,
    /// When a recorded scan first saw it, if one did.
    pub since: Option<jiff::Timestamp>,
    /// Its short texts, by which others may know it: id, ARN, names.
    pub texts: BTreeMap<String, String>,
    /// Who did it, if somebody asked: the answer, or why there is none.
    pub who: Option<Result<Who, String>>,
}

impl Drifted {
    /// Whether a policy is broken by it and nobody accepted that.
    #[must_use]
    pub fn is_violation(&self) -> bool {
        self.class.is_violation() && self.accepted.is_none()
    }
}

/// So many resources are gone that something else is likelier: other credentials, another region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// Resources the state has and the cloud has not.
    pub deleted: usize,
    /// Resources of the state.
    pub of: usize,
}

/// All that was found.
#[derive(Clone, Debug, Default)]
pub struct Drift {
    /// The worst first, then by address.
    pub resources: Vec<Drifted>,
    /// Resources in which Terraform sees only differences that are none.
    pub noise: Vec<(ResourceAddress, Vec<(Change, Noise)>)>,
    /// Set if the result must not be trusted before somebody looked.
    pub suspicion: Option<Suspicion>,
    /// How many managed resources were found.
    pub looked_at: usize,
}

impl Drift {
    /// How many resources of a class.
    #[must_use]
    pub fn count(&self, class: Class) -> usize {
        self.resources.iter().filter(|r| r.class == class).count()
    }
}
