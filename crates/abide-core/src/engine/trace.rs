//! The check tree of one evaluation, with what was found at each node.
//!
//! It is built only for results a person will see; [`super::evidence`] reads
//! the reason from it, `abide explain` prints it.

use std::fmt;

use abide_policy::{Advice, Path, Quantifier, StatementTest};

use super::labels;
use super::tri::Tri;
use crate::attribute::AttributePath;
use crate::finding::Fact;
use crate::policy::{Attribute, Op};

/// One node of the check tree.
#[derive(Clone, Debug)]
pub struct Trace<'p> {
    /// What the node asks, in the policy's words.
    pub label: Words<'p>,
    /// The answer.
    pub answer: Tri,
    /// How its parts make up the answer.
    pub shape: Shape,
    /// Whether its parts are alternatives the policy writes (`any`), not elements.
    pub is_choice: bool,
    /// The attribute it looked at.
    pub attribute: Option<AttributePath>,
    /// What was found there, redacted.
    pub found: Option<String>,
    /// What was expected.
    pub expected: Option<Words<'p>>,
    /// The resource it looked at, if it is not the one that is judged.
    pub resource: Option<String>,
    /// What an unknown answer waits for.
    pub waits_for: Vec<Wait>,
    /// Named values of an element.
    pub fact: Fact,
    /// What to say if this is the reason.
    pub advice: Option<&'p Advice>,
    /// Its parts.
    pub children: Vec<Trace<'p>>,
}

/// What an unknown answer waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A value that there is after apply.
    Apply(String),
    /// A part of a value that there is after apply; says little beside what that waits for.
    Part(String),
    /// Something this input does not show, and apply alone need not tell either.
    Input(String),
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apply(text) | Self::Part(text) | Self::Input(text) => f.write_str(text),
        }
    }
}

/// What a node says, written out when somebody reads it: of most nodes nobody does.
#[derive(Clone, Debug)]
pub enum Words<'p> {
    /// Words of ours.
    Fixed(&'static str),
    /// Words made for this node.
    Made(String),
    /// An answer that was fixed beforehand.
    Constant(bool),
    /// Types of resources.
    Types(&'p [String]),
    /// Ports and, if they matter, protocols.
    Ports(&'p [i64], &'p [String]),
    /// A whole test of an attribute.
    Test(&'p Attribute),
    /// What an operator expects.
    Operator(&'p Op),
    /// A test of a statement.
    Statement(&'p StatementTest),
    /// A quantifier and what it is over.
    Over(Quantifier, &'p Path),
    /// What a quantifier expects.
    Quantified(Quantifier, &'p Path),
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(text) => f.write_str(text),
            Self::Made(text) => f.write_str(text),
            Self::Constant(answer) => write!(f, "constant {answer}"),
            Self::Types(types) => f.write_str(&types.join(" or ")),
            Self::Ports(ports, protocols) => f.write_str(&labels::ports(ports, protocols)),
            Self::Test(attribute) => f.write_str(&labels::attribute(attribute)),
            Self::Operator(op) => f.write_str(&labels::expected(op)),
            Self::Statement(test) => f.write_str(&labels::statement(test)),
            Self::Over(quantifier, path) => write!(f, "{} {path}", quantifier.as_str()),
            Self::Quantified(quantifier, path) => {
                f.write_str(&labels::quantified(*quantifier, path))
            }
        }
    }
}

impl From<&'static str> for Words<'_> {
    fn from(text: &'static str) -> Self {
        Self::Fixed(text)
    }
}

impl From<String> for Words<'_> {
    fn from(text: String) -> Self {
        Self::Made(text)
    }
}

/// How an answer comes from its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// It has none.
    Leaf,
    /// All must hold.
    All,
    /// One must hold.
    Any,
    /// The part must not hold.
    Not,
}

impl<'p> Trace<'p> {
    pub(super) fn leaf(label: impl Into<Words<'p>>, answer: Tri) -> Self {
        Self {
            label: label.into(),
            answer,
            shape: Shape::Leaf,
            is_choice: false,
            attribute: None,
            found: None,
            expected: None,
            resource: None,
            waits_for: Vec::new(),
            fact: Fact::default(),
            advice: None,
            children: Vec::new(),
        }
    }

    pub(super) fn node(
        label: impl Into<Words<'p>>,
        shape: Shape,
        answer: Tri,
        children: Vec<Self>,
    ) -> Self {
        Self {
            shape,
            children,
            ..Self::leaf(label, answer)
        }
    }

    /// Whether this or a part of it has something to say.
    pub(super) fn has_advice(&self) -> bool {
        self.advice.is_some() || self.children.iter().any(Self::has_advice)
    }

    /// Whether the answer was fixed beforehand.
    pub(super) fn is_constant(&self) -> bool {
        matches!(self.label, Words::Constant(_))
    }

    /// The parts that make the answer what it is.
    #[must_use]
    pub fn reasons(&self) -> Vec<&Self> {
        let with = |answer: Tri| {
            self.children
                .iter()
                .filter(|child| child.answer == answer)
                .collect()
        };
        match (self.shape, self.answer) {
            (Shape::Leaf, _) => Vec::new(),
            // One false part makes `all` false; `any` is false because all are.
            (Shape::All, Tri::True) | (Shape::Any, Tri::False) => self.children.iter().collect(),
            (Shape::All | Shape::Any, answer) => with(answer),
            (Shape::Not, _) => self.children.iter().collect(),
        }
    }
}
