//! A policy as data. See the published JSON Schema and `docs/policies.md` for the format.

mod condition;

use std::fmt;

use abide_controls::ControlId;
use serde::{Deserialize, Serialize};

use crate::error::Position;
use crate::parameter::Parameter;
use crate::path::Path;

pub use condition::*;

/// How bad a violation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Tidy-up.
    Low,
    /// Should be fixed.
    Medium,
    /// Must be fixed before release.
    High,
    /// Must never reach production.
    Critical,
}

impl Severity {
    /// From the worst to the mildest, the order of all output.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| {
                format!("`{text}` is not a severity: expected critical, high, medium or low")
            })
    }
}

/// What a policy looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyKind {
    /// One resource at a time.
    Single,
    /// One resource, with others that are linked to it.
    Related,
    /// Whether something exists in the account: judged once, on the root module.
    Account,
}

impl PolicyKind {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Related => "related",
            Self::Account => "account",
        }
    }
}

/// Whether a policy is on without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// On.
    Default,
    /// Only with the strict profile: noisy, or a matter of taste.
    Strict,
}

/// One policy file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// `POL-0001`.
    pub id: String,
    /// What must hold, as a sentence about the resource.
    pub title: String,
    /// How bad a violation is.
    pub severity: Severity,
    /// What it looks at.
    pub kind: PolicyKind,
    /// Whether it is on by default.
    pub profile: Profile,
    /// False switches it off.
    pub enabled: bool,
    /// Controls it gives evidence for.
    pub controls: Vec<ControlId>,
    /// Types it judges.
    pub resource_types: Vec<String>,
    /// Values a user may change.
    pub parameters: Vec<Parameter>,
    /// For `account`: types whose presence means this input owns the matter.
    pub related_types: Vec<String>,
    /// What is checked.
    pub body: PolicyBody,
    /// Text for people, not needed to evaluate.
    pub docs: Docs,
    /// The file it was read from; empty for the library in the program.
    #[serde(skip)]
    pub file: String,
    /// Where the id is written.
    pub at: Position,
}

/// The check of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PolicyBody {
    /// Trees of conditions; the first rule for a resource's type judges it.
    Rules(Vec<Rule>),
    /// A Rego module.
    Rego {
        /// Its text.
        text: String,
        /// Where it starts in the file.
        at: Position,
    },
}

/// What only people read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Docs {
    /// Why it matters.
    pub why: String,
    /// Where to read more: URLs.
    pub references: Vec<String>,
    /// Ids of the same rule elsewhere.
    pub aliases: Aliases,
    /// Ids of the numbering its users knew first, e.g. `SOC2-CC6.1`.
    pub labels: Vec<String>,
    /// Examples, which are also its tests.
    pub examples: Vec<Example>,
}

/// Ids of the same rule in other tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aliases {
    /// Checkov.
    pub checkov: Vec<String>,
    /// Trivy.
    pub trivy: Vec<String>,
    /// tfsec, whose ids Trivy still takes: `aws-s3-enable-bucket-encryption`.
    pub tfsec: Vec<String>,
    /// Snyk.
    pub snyk: Vec<String>,
    /// AWS Security Hub.
    pub security_hub: Vec<String>,
    /// Prowler.
    pub prowler: Vec<String>,
    /// HashiCorp's Sentinel libraries.
    pub sentinel: Vec<String>,
}

impl Aliases {
    /// All of them, with the tool's name.
    #[must_use]
    pub fn by_tool(&self) -> [(&'static str, &[String]); 7] {
        [
            ("Checkov", &self.checkov),
            ("Trivy", &self.trivy),
            ("tfsec", &self.tfsec),
            ("Snyk", &self.snyk),
            ("Security Hub", &self.security_hub),
            ("Prowler", &self.prowler),
            ("Sentinel", &self.sentinel),
        ]
    }
}

/// The check for some of a policy's types.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Types it judges.
    pub resource_types: Vec<String>,
    /// Whether the policy applies to a resource at all.
    pub when: Option<Condition>,
    /// What must hold.
    pub check: Condition,
    /// What to say when it does not.
    pub advice: Advice,
    /// What to note of a resource that fails.
    pub facts: Vec<Fact>,
}

/// What to tell the engineer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// What is wrong; `{name}` stands for a fact.
    pub message: Option<String>,
    /// What to do.
    pub remediation: Option<String>,
    /// What to write.
    pub fix: Vec<Fix>,
}

impl Advice {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.message.is_none() && self.remediation.is_none() && self.fix.is_empty()
    }
}

/// An edit that makes the check pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fix {
    /// Set an attribute to an HCL expression.
    Set {
        /// Where, from the resource.
        path: Path,
        /// The expression's text.
        value: String,
    },
    /// Add a nested block.
    Block {
        /// Its name.
        name: String,
        /// Its body as HCL.
        body: String,
    },
    /// Add a resource beside this one.
    Resource {
        /// Its type.
        type_name: String,
        /// Its body as HCL; `{reference}` stands for `type.name` of this one.
        body: String,
    },
}

/// A constant in a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    String(String),
    /// A list.
    List(Vec<Literal>),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::Int(int) => write!(f, "{int}"),
            Self::Float(float) => write!(f, "{float}"),
            Self::String(text) => f.write_str(text),
            Self::List(list) => {
                for (at, literal) in list.iter().enumerate() {
                    f.write_str(if at > 0 { ", " } else { "" })?;
                    write!(f, "{literal}")?;
                }
                Ok(())
            }
        }
    }
}

/// An example, which is also a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// What it shows.
    pub name: String,
    /// What the policy says of it.
    pub expect: Expectation,
    /// The address it is about; all judged resources otherwise.
    pub resource: Option<String>,
    /// The configuration.
    pub hcl: String,
    /// Parameters to change.
    pub parameters: Vec<(String, Literal)>,
    /// For `account`: judge as a root module that owns the baseline.
    pub baseline: bool,
    /// Where it is written.
    pub at: Position,
}

/// What an example must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// Pass.
    Pass,
    /// Fail.
    Fail,
    /// Unknown.
    Unknown,
    /// Not applicable.
    NotApplicable,
}

impl Expectation {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not_applicable",
        }
    }
}
