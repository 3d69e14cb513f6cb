//! The evaluator: one function over the condition tree.
//!
//! Without a trace it answers as fast as it can and allocates next to nothing;
//! with one it looks at every part and notes what it found. There is no second
//! evaluator: both ways are this code.

use abide_policy::{Absent, Fact as FactSpec, FactSource, Property};

use super::fold::Fold;
use super::operators::{self, holds};
use super::properties::{absent, is};
use super::relations::comes_from_somewhere;
use super::scope::{Elements, Found, Scope, Subject};
use super::trace::{Shape, Trace, Wait, Words};
use super::tri::Tri;
use super::{Engine, iam, labels};
use crate::address::Mode;
use crate::finding::Fact;
use crate::policy::{Attribute, Node, Op, Question};
use crate::provenance::Origin;
use crate::value::Value;

/// How much of a value texts show.
pub(super) const FOUND_LIMIT: usize = 120;

/// A fact of an attribute that nobody set.
pub(super) const NOT_SET: &str = "(not set)";

/// Types whose keys belong to the customer.
pub(super) const KEY_TYPES: [&str; 6] = [
    "aws_kms_key",
    "aws_kms_alias",
    "aws_kms_replica_key",
    "aws_kms_external_key",
    "aws_kms_replica_external_key",
    "aws_cloudhsm_v2_cluster",
];

/// Where a trace goes; nowhere when only the answer counts.
pub(super) type Sink<'t, 'p> = Option<&'t mut Vec<Trace<'p>>>;

/// Puts one finished node into the sink.
pub(super) fn put<'p>(sink: &mut Sink<'_, 'p>, trace: impl FnOnce() -> Trace<'p>) {
    if let Some(sink) = sink {
        sink.push(trace());
    }
}

impl<'p> Engine<'p> {
    /// Answers a condition in a scope.
    pub(super) fn ask(&self, node: &'p Node, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
        let at = sink.as_ref().map_or(0, |sink| sink.len());
        let answer = match &node.question {
            Question::All(list) => {
                self.combine("all", Shape::All, list, scope, sink.as_deref_mut())
            }
            Question::Any(list) => {
                self.combine("any", Shape::Any, list, scope, sink.as_deref_mut())
            }
            Question::Not(inner) => self.not(inner, scope, sink.as_deref_mut()),
            Question::Attribute(attribute) => self.attribute(attribute, scope, sink.as_deref_mut()),
            Question::Quantified { .. } => {
                self.quantified(&node.question, scope, sink.as_deref_mut())
            }
            Question::Linked { .. } => self.linked(&node.question, scope, sink.as_deref_mut()),
            Question::Follow { .. } => self.follow(&node.question, scope, sink.as_deref_mut()),
            Question::Exists { .. } => self.exists(&node.question, scope, sink.as_deref_mut()),
            Question::Statements { .. } => {
                self.statements(&node.question, scope, sink.as_deref_mut())
            }
            Question::Statement(test) => {
                let answer = match scope.subject {
                    Subject::Value(statement) => iam::answers(test, statement),
                    _ => Tri::Unknown,
                };
                put(&mut sink, || Trace::leaf(Words::Statement(test), answer));
                answer
            }
            Question::Json {
                path,
                matches,
                absent,
            } => self.json(path, matches, *absent, scope, sink.as_deref_mut()),
            Question::Ports { .. } => self.ports(&node.question, scope, sink.as_deref_mut()),
            Question::OpenToWorld {
                cidrs,
                prefix_lists,
            } => self.open_to_world(cidrs, prefix_lists, scope, sink.as_deref_mut()),
            Question::Constant(answer) => {
                put(&mut sink, || {
                    Trace::leaf(Words::Constant(*answer), Tri::from(*answer))
                });
                Tri::from(*answer)
            }
            Question::Undecidable(reason) => {
                put(&mut sink, || Trace {
                    waits_for: vec![Wait::Input(reason.clone())],
                    ..Trace::leaf(format!("undecidable: {reason}"), Tri::Unknown)
                });
                Tri::Unknown
            }
        };
        if let (Some(advice), Some(sink)) = (&node.advice, sink)
            && let Some(trace) = sink.get_mut(at)
        {
            trace.advice = Some(advice);
        }
        answer
    }

    pub(super) fn combine(
        &self,
        label: &'static str,
        shape: Shape,
        list: &'p [Node],
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let (neutral, decided) = if shape == Shape::All {
            (Tri::True, Tri::False)
        } else {
            (Tri::False, Tri::True)
        };
        let mut answer = neutral;
        let mut children = sink.is_some().then(|| Vec::with_capacity(list.len()));
        for node in list {
            let part = self.ask(node, scope, children.as_mut());
            answer = if shape == Shape::All {
                answer.and(part)
            } else {
                answer.or(part)
            };
            if answer == decided && children.is_none() {
                return answer;
            }
        }
        put(&mut sink, || Trace {
            is_choice: shape == Shape::Any,
            ..Trace::node(label, shape, answer, children.unwrap_or_default())
        });
        answer
    }

    pub(super) fn not(&self, inner: &'p Node, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
        let mut children = sink.is_some().then(|| Vec::with_capacity(1));
        let answer = !self.ask(inner, scope, children.as_mut());
        put(&mut sink, || {
            Trace::node("not", Shape::Not, answer, children.unwrap_or_default())
        });
        answer
    }

    pub(super) fn attribute(
        &self,
        attribute: &'p Attribute,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let found = scope.find(&attribute.path);
        let answer = match found {
            Found::Absent => absent(attribute),
            Found::Value(value) => match holds(&attribute.op, value) {
                Some(answer) => answer,
                None => self.special(attribute, value, scope),
            },
            Found::Unknown => {
                let origin = self.origin(&attribute.path, scope);
                self.unknown(attribute, origin.as_ref(), scope)
            }
        };
        put(&mut sink, || {
            let secret = matches!(attribute.op, Op::Is(Property::Secret));
            let found = match (found, &attribute.absent) {
                (Found::Value(_), _) if secret => Some(labels::secrecy(answer).to_owned()),
                (Found::Value(value), _) => Some(value.display(FOUND_LIMIT)),
                (Found::Unknown, _) => Some("(known after apply)".to_owned()),
                (Found::Absent, Absent::Default(literal)) => Some(format!("{literal}")),
                (Found::Absent, _) => None,
            };
            Trace {
                attribute: scope.locate(&attribute.path),
                found,
                expected: Some(Words::Operator(&attribute.op)),
                waits_for: if answer == Tri::Unknown {
                    self.attribute_waits_for(attribute, scope)
                } else {
                    Vec::new()
                },
                ..Trace::leaf(Words::Test(attribute), answer)
            }
        });
        answer
    }

    /// Operators that need more than the value.
    pub(super) fn special(&self, attribute: &Attribute, value: &Value, scope: &Scope<'_>) -> Tri {
        match &attribute.op {
            Op::Is(property) => is(*property, value),
            Op::EqualsAttribute(other) => match scope.find(other) {
                Found::Absent => Tri::False,
                Found::Unknown => Tri::Unknown,
                Found::Value(other) => operators::same(value, other),
            },
            Op::RefersTo(_, link) => self.refers(&attribute.path, *link, scope),
            _ => Tri::Unknown,
        }
    }

    /// A value that is known only after apply: its provenance may answer.
    pub(super) fn unknown(
        &self,
        attribute: &Attribute,
        origin: Option<&Origin>,
        scope: &Scope<'_>,
    ) -> Tri {
        match &attribute.op {
            Op::Is(Property::Set) => comes_from_somewhere(origin),
            Op::Is(Property::Unset) => !comes_from_somewhere(origin),
            Op::Is(Property::CustomerKey) => origin.map_or(Tri::Unknown, |origin| {
                let is_key = |id| {
                    KEY_TYPES.contains(&&*self.inventory.resource(id).type_name)
                        && self.inventory.resource(id).mode == Mode::Managed
                };
                if !origin.opaque
                    && !origin.targets.is_empty()
                    && origin.targets.iter().all(|target| is_key(target.resource))
                {
                    Tri::True
                } else {
                    Tri::Unknown
                }
            }),
            Op::RefersTo(_, link) => self.refers(&attribute.path, *link, scope),
            _ => Tri::Unknown,
        }
    }

    pub(super) fn quantified(
        &self,
        question: &'p Question,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let Question::Quantified {
            quantifier,
            over,
            filter,
            matches,
            empty,
            facts,
        } = question
        else {
            return Tri::Unknown;
        };
        let elements = scope.elements(over, sink.is_some());
        let mut fold = Fold::new(*quantifier, sink.is_some());
        let none = elements.list.is_empty() && !elements.open;
        self.each(
            &elements,
            filter.as_deref(),
            matches.as_deref(),
            facts,
            scope,
            &mut fold,
        );
        let mut answer = fold.answer;
        if let (true, Some(verdict)) = (none, empty) {
            answer = Tri::from(*verdict);
        }
        put(&mut sink, || {
            let mut trace = fold.trace(Words::Over(*quantifier, over), answer);
            trace.attribute = scope.locate(over);
            trace.expected = Some(Words::Quantified(*quantifier, over));
            if answer == Tri::Unknown && elements.open {
                trace.waits_for = self.waits_for(over, scope);
                trace.found = Some(match scope.find(over) {
                    Found::Value(Value::Redacted(_)) => "(sensitive)".to_owned(),
                    _ => "(known after apply)".to_owned(),
                });
            } else if answer == Tri::Unknown && none {
                trace.waits_for = vec![Wait::Input(format!("there is no {over}"))];
            }
            trace
        });
        answer
    }

    pub(super) fn each(
        &self,
        elements: &Elements<'_>,
        filter: Option<&'p Node>,
        matches: Option<&'p Node>,
        facts: &[FactSpec],
        scope: &Scope<'_>,
        fold: &mut Fold<'p>,
    ) {
        for (value, path) in &elements.list {
            let inner = scope.inside(value, path.clone());
            let counts = filter.map_or(Tri::True, |node| self.ask(node, &inner, None));
            if counts == Tri::False {
                continue;
            }
            let mut children = fold.wants_trace().then(|| Vec::with_capacity(1));
            let answer = matches.map_or(
                Tri::from(**value != Value::Unknown).or(Tri::Unknown),
                |node| self.ask(node, &inner, children.as_mut()),
            );
            let path = path.clone();
            fold.add(counts, answer, children, || Trace {
                attribute: path,
                fact: read_facts(facts, &inner),
                ..Trace::leaf("element", answer)
            });
            if fold.decided() {
                return;
            }
        }
        if elements.open {
            fold.add_open();
        }
    }
}

/// Names a set of facts in a scope.
pub(super) fn read_facts(facts: &[FactSpec], scope: &Scope<'_>) -> Fact {
    let value = |source: &FactSource| match source {
        FactSource::Text(text) => text.clone(),
        FactSource::Path(path) => match scope.find(path) {
            Found::Absent => NOT_SET.to_owned(),
            Found::Unknown => "(known after apply)".to_owned(),
            Found::Value(Value::List(list)) => list
                .iter()
                .map(|value| value.plain().into_owned())
                .collect::<Vec<_>>()
                .join(", "),
            Found::Value(value) => value.plain().into_owned(),
        },
    };
    Fact(
        facts
            .iter()
            .map(|fact| (fact.name.clone(), value(&fact.source)))
            .collect(),
    )
}
