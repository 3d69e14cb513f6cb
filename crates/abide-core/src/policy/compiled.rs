//! Policies as the engine runs them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use abide_policy::{
    Absent, Advice, Fact, Literal, Path, PathStep, Policy, Property, Quantifier, StatementTest,
    Verdict,
};
use ipnet::IpNet;
use regex::Regex;

use crate::rollout::Rollout;

/// One policy, compiled.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// As it was written, overrides applied.
    pub policy: Policy,
    /// Its rules; empty for Rego.
    pub rules: Vec<CompiledRule>,
    /// Parameters in force.
    pub parameters: BTreeMap<String, Literal>,
    /// What its findings do.
    pub rollout: Rollout,
}

/// One rule, compiled.
#[derive(Debug)]
pub struct CompiledRule {
    /// Whether the policy applies.
    pub when: Option<Node>,
    /// What must hold.
    pub check: Node,
    /// What to say.
    pub advice: Advice,
    /// What to note of a resource that fails.
    pub facts: Vec<Fact>,
}

/// "Resources of these types refer, by this attribute, to resources of those types."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// The types that refer.
    pub from: Vec<String>,
    /// By which attribute.
    pub by: Vec<PathStep>,
    /// The types referred to.
    pub to: Vec<String>,
}

/// A condition, compiled.
#[derive(Debug)]
pub struct Node {
    /// What is asked.
    pub question: Question,
    /// What to say when this is the reason.
    pub advice: Option<Box<Advice>>,
}

/// What a compiled condition asks. See [`abide_policy::Test`].
#[derive(Debug)]
pub enum Question {
    /// All of them hold.
    All(Vec<Node>),
    /// One of them holds.
    Any(Vec<Node>),
    /// It does not hold.
    Not(Box<Node>),
    /// An attribute's value.
    Attribute(Box<Attribute>),
    /// How many elements match.
    Quantified {
        /// How many.
        quantifier: Quantifier,
        /// Over which elements.
        over: Path,
        /// Which count.
        filter: Option<Box<Node>>,
        /// What each is asked.
        matches: Option<Box<Node>>,
        /// The answer for none.
        empty: Option<Verdict>,
        /// What to note.
        facts: Vec<Fact>,
    },
    /// Resources that refer to this one.
    Linked {
        /// How many.
        quantifier: Quantifier,
        /// Index in [`super::PolicySet::links`].
        link: usize,
        /// Their types, for messages.
        types: Vec<String>,
        /// What each is asked.
        matches: Option<Box<Node>>,
    },
    /// Resources this one refers to.
    Follow {
        /// The attribute.
        path: Path,
        /// Index in [`super::PolicySet::links`].
        link: usize,
        /// Their types, for messages.
        types: Vec<String>,
        /// What each is asked.
        matches: Option<Box<Node>>,
        /// Set, but not in this input.
        elsewhere: Verdict,
        /// Not set.
        absent: Verdict,
    },
    /// Something anywhere.
    Exists {
        /// Its types.
        types: Vec<String>,
        /// Only with this resource's provider configuration.
        same_provider: bool,
        /// What it is asked.
        matches: Option<Box<Node>>,
    },
    /// Statements of a policy document.
    Statements {
        /// How many.
        quantifier: Quantifier,
        /// The attribute.
        path: Path,
        /// What each is asked.
        matches: Box<Node>,
        /// No document.
        absent: Verdict,
        /// What to note.
        facts: Vec<Fact>,
    },
    /// The statement we are in.
    Statement(StatementTest),
    /// A JSON text.
    Json {
        /// The attribute.
        path: Path,
        /// What it is asked.
        matches: Box<Node>,
        /// No text.
        absent: Verdict,
    },
    /// A rule covers a port.
    Ports {
        /// First port.
        from: Path,
        /// Last port.
        to: Path,
        /// Protocol.
        protocol: Path,
        /// Ports.
        cover: Vec<i64>,
        /// Protocols.
        protocols: Vec<String>,
    },
    /// The whole address space.
    OpenToWorld {
        /// CIDR attributes.
        cidrs: Vec<Path>,
        /// Prefix list attributes, each with its link.
        prefix_lists: Vec<(Path, usize)>,
    },
    /// A fixed answer.
    Constant(bool),
    /// Never decidable, for a reason.
    Undecidable(String),
}

/// An attribute test, compiled.
#[derive(Debug)]
pub struct Attribute {
    /// Which attribute.
    pub path: Path,
    /// What is asked.
    pub op: Op,
    /// What absence means.
    pub absent: Absent,
}

/// An operator with its operand in place.
#[derive(Debug)]
pub enum Op {
    /// Equal.
    Equals(Literal),
    /// Not equal.
    NotEquals(Literal),
    /// Among these.
    OneOf(Vec<Literal>),
    /// Not among these.
    NotOneOf(Vec<Literal>),
    /// At least.
    AtLeast(f64),
    /// At most.
    AtMost(f64),
    /// Matches.
    Matches(Pattern),
    /// Does not match.
    NotMatches(Pattern),
    /// Starts with one of these.
    StartsWith(Vec<String>),
    /// Ends with one of these.
    EndsWith(Vec<String>),
    /// Holds this.
    Contains(Literal),
    /// Holds all of these.
    ContainsAll(Vec<Literal>),
    /// Holds one of these.
    ContainsAny(Vec<Literal>),
    /// Holds nothing but these.
    SubsetOf(Vec<Literal>),
    /// At least this long.
    LengthAtLeast(f64),
    /// At most this long.
    LengthAtMost(f64),
    /// A version at least this.
    VersionAtLeast(String),
    /// A network within one of these.
    Within(Vec<IpNet>),
    /// Has a property.
    Is(Property),
    /// Comes from one of these types; index in [`super::PolicySet::links`].
    RefersTo(Vec<String>, usize),
    /// Equal to another attribute.
    EqualsAttribute(Path),
}

/// A regular expression that is compiled when it is first needed: most runs
/// need few of those the library has.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(super) fn new(text: String) -> Self {
        Self {
            text,
            regex: OnceLock::new(),
        }
    }

    pub(super) fn regex(&self) -> Option<&Regex> {
        self.regex
            .get_or_init(|| Regex::new(&self.text).ok())
            .as_ref()
    }

    /// Whether a text matches anywhere.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
