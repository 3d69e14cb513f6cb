//! What a scan says about one resource and one policy.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use abide_policy::Severity;

use crate::address::ResourceAddress;
use crate::attribute::AttributePath;
use crate::diagnostic::Place;
use crate::exception::Category;
use crate::remedy::Remedy;
use crate::request::Request;
use crate::rollout::Stage;

/// The result of one evaluation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The policy is followed.
    Pass,
    /// It is not.
    Fail,
    /// This input cannot tell.
    Unknown,
    /// The policy does not concern this resource.
    NotApplicable,
    /// The policy could not be evaluated; never a pass.
    Error,
}

impl Outcome {
    /// Its word in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not_applicable",
            Self::Error => "error",
        }
    }
}

/// A stable hash of policy, address, attribute and what was found: no lines,
/// no machine paths. It changes when the violation becomes another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a finding.
    #[must_use]
    pub fn of(
        policy: &str,
        address: &str,
        outcome: Outcome,
        attribute: Option<&AttributePath>,
        facts: &[Fact],
    ) -> Self {
        let mut hash = Sha256::new();
        let mut field = |text: &[u8]| {
            // The length keeps `ab`+`c` apart from `a`+`bc`.
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        field(b"abide/v1");
        field(policy.as_bytes());
        field(address.as_bytes());
        field(outcome.as_str().as_bytes());
        field(
            attribute
                .map(AttributePath::without_positions)
                .unwrap_or_default()
                .as_bytes(),
        );
        // The order of rules in a list is no difference.
        let mut lines: Vec<String> = facts.iter().map(Fact::to_string).collect();
        lines.sort_unstable();
        lines.iter().for_each(|line| field(line.as_bytes()));
        let mut short = [0; 16];
        short.copy_from_slice(&hash.finalize()[..16]);
        Self(short)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "`{}` is not a fingerprint: expected 32 hexadecimal digits",
                text.escape_debug()
            )
        };
        let mut bytes = [0; 16];
        if text.len() != 32 {
            return Err(bad());
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| bad())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

/// Values the policy read to decide, by name: `{rule: ingress, port: 22, cidr: 0.0.0.0/0}`.
/// A violation has one fact for each element that breaks the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact(pub Vec<(String, String)>);

impl Fact {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Fact {
    /// `rule=ingress port=22 cidr=0.0.0.0/0`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if at > 0 { " " } else { "" })?;
            write!(f, "{name}={value}")?;
        }
        Ok(())
    }
}

impl serde::Serialize for Fact {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A range in a source file; lines and columns from 1, the end exclusive.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Location {
    /// Path, relative to the repository, with `/`.
    pub file: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

/// Another place that matters for a finding.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Related {
    /// What is there.
    pub message: String,
    /// Where.
    pub location: Location,
}

/// HCL to write, as a snippet for people; `abide fix` makes edits of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snippet {
    /// Whether it goes inside the resource's block or beside it.
    pub inside: bool,
    /// The HCL.
    pub hcl: String,
}

/// The exception that covers a finding.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AppliedException {
    /// Its id.
    pub id: String,
    /// Why it was granted.
    pub reason: String,
    /// Who granted it, as one text.
    pub approver: String,
    /// Who granted it.
    pub approvers: Vec<String>,
    /// Who asked for it.
    pub requester: Option<String>,
    /// What kind of permission it is.
    pub category: Category,
    /// Where it is discussed.
    pub ticket: Option<String>,
    /// What is done instead.
    pub compensating_control: Option<String>,
    /// Its last day, `YYYY-MM-DD`, inclusive, UTC.
    pub expires: String,
    /// Where it is written.
    pub place: Option<Place>,
}

/// An evaluation a person should see.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Index of the policy in [`crate::scan::Scan::policies`].
    pub policy: u32,
    /// Index of the input in [`crate::scan::Scan::inputs`].
    pub input: u32,
    /// The resource, or `root` for an account policy.
    pub resource_address: ResourceAddress,
    /// Its type, or `account`.
    pub resource_type: Arc<str>,
    /// What came out.
    pub outcome: Outcome,
    /// How bad it is, overrides applied.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remediation: String,
    /// What to write.
    pub fix: Vec<Snippet>,
    /// The attribute that decided.
    pub attribute: Option<AttributePath>,
    /// What was found there, redacted.
    pub found: Option<String>,
    /// What was expected.
    pub expected: Option<String>,
    /// All values that break the policy.
    pub facts: Vec<Fact>,
    /// For `unknown`: what the decision waits for, e.g. addresses of resources.
    pub waits_for: Vec<String>,
    /// Identity across scans.
    pub fingerprint: Fingerprint,
    /// The identity it has under the address the resource is moved from, if this plan moves it.
    pub previous_fingerprint: Option<Fingerprint>,
    /// Where it is written; `None` until the source is known.
    pub location: Option<Location>,
    /// Other places that matter: what feeds the attribute, the block it is in, other resources.
    pub related: Vec<Related>,
    /// The module calls on the way to the resource, outermost first.
    pub calls: Vec<Related>,
    /// What mends it; `None` if nobody asked.
    pub remedy: Option<Remedy>,
    /// The exception that covers it.
    pub exception: Option<AppliedException>,
    /// The exception somebody asks for in the source; it covers nothing.
    pub requested: Option<Request>,
    /// Whether the baseline holds it.
    pub in_baseline: bool,
    /// What it does: the mode of its policy at the time of the scan.
    pub rollout: Stage,
}

impl Finding {
    /// Whether it stands: a violation that nothing covers.
    #[must_use]
    pub fn is_violation(&self) -> bool {
        self.outcome == Outcome::Fail && self.exception.is_none()
    }

    /// Whether people have to deal with it: a violation that is not in the baseline, of a
    /// policy that is not merely observed.
    #[must_use]
    pub fn is_new_violation(&self) -> bool {
        self.is_violation() && !self.in_baseline && !self.is_observed()
    }

    /// All places it names, the line to edit first.
    pub fn locations(&self) -> impl Iterator<Item = &Location> {
        let others = self.related.iter().chain(&self.calls);
        self.location
            .iter()
            .chain(others.map(|related| &related.location))
    }

    /// Whether its policy only watches yet.
    #[must_use]
    pub fn is_observed(&self) -> bool {
        self.rollout == Stage::Observe
    }
}
