//! Folds elements into the answer of a quantifier.

use abide_policy::Quantifier;

use super::trace::{Shape, Trace, Words};
use super::tri::Tri;

/// Folds elements into the answer of a quantifier.
pub(super) struct Fold<'p> {
    quantifier: Quantifier,
    pub(super) answer: Tri,
    children: Option<Vec<Trace<'p>>>,
}

impl<'p> Fold<'p> {
    pub(super) fn new(quantifier: Quantifier, trace: bool) -> Self {
        let answer = if quantifier == Quantifier::Some {
            Tri::False
        } else {
            Tri::True
        };
        Self {
            quantifier,
            answer,
            children: trace.then(Vec::new),
        }
    }

    pub(super) fn wants_trace(&self) -> bool {
        self.children.is_some()
    }

    /// Whether no further element can change the answer and no trace needs it.
    pub(super) fn decided(&self) -> bool {
        let decided = if self.quantifier == Quantifier::Some {
            Tri::True
        } else {
            Tri::False
        };
        self.answer == decided && self.children.is_none()
    }

    /// Counts an element: `counts` says whether it is one of those meant.
    pub(super) fn add(
        &mut self,
        counts: Tri,
        answer: Tri,
        children: Option<Vec<Trace<'p>>>,
        element: impl FnOnce() -> Trace<'p>,
    ) {
        let part = match self.quantifier {
            Quantifier::Some => counts.and(answer),
            Quantifier::Every => (!counts).or(answer),
            Quantifier::None => !counts.and(answer),
        };
        self.answer = if self.quantifier == Quantifier::Some {
            self.answer.or(part)
        } else {
            self.answer.and(part)
        };
        if let Some(list) = &mut self.children {
            let mut trace = element();
            trace.answer = part;
            trace.shape = if self.quantifier == Quantifier::None {
                Shape::Not
            } else {
                Shape::All
            };
            trace.children = children.unwrap_or_default();
            if trace.children.is_empty() {
                trace.shape = Shape::Leaf;
            }
            list.push(trace);
        }
    }

    /// There may be more elements.
    pub(super) fn add_open(&mut self) {
        self.answer = match self.quantifier {
            Quantifier::Some => self.answer.or(Tri::Unknown),
            _ => self.answer.and(Tri::Unknown),
        };
    }

    /// There may be elements of which some or all satisfy.
    pub(super) fn add_possible(&mut self, any: Tri, all: Tri) {
        self.answer = match self.quantifier {
            Quantifier::Some => self.answer.or(any.possibly()),
            Quantifier::Every => self.answer.and(all.or(Tri::Unknown)),
            Quantifier::None => self.answer.and((!any).or(Tri::Unknown)),
        };
    }

    pub(super) fn trace(self, label: impl Into<Words<'p>>, answer: Tri) -> Trace<'p> {
        let shape = if self.quantifier == Quantifier::Some {
            Shape::Any
        } else {
            Shape::All
        };
        let children = self.children.unwrap_or_default();
        let shape = if children.is_empty() {
            Shape::Leaf
        } else {
            shape
        };
        Trace::node(label, shape, answer, children)
    }
}
