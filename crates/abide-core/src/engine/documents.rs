//! Questions about policy documents and JSON texts.

use std::rc::Rc;

use abide_policy::{Path, Verdict};

use super::evaluate::{Sink, put};
use super::fold::Fold;
use super::scope::{Elements, Found, Scope};
use super::trace::{Shape, Trace, Wait};
use super::tri::Tri;
use super::{Engine, iam};
use crate::address::Mode;
use crate::attribute::AttributePath;
use crate::inventory::Resource;
use crate::policy::{Node, Question};
use crate::value::Value;

impl<'p> Engine<'p> {
    pub(super) fn statements(
        &self,
        question: &'p Question,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let Question::Statements {
            quantifier,
            path,
            matches,
            absent,
            facts,
        } = question
        else {
            return Tri::Unknown;
        };
        let (statements, waits_for) = match self.document(path, scope) {
            Document::Absent => {
                let answer = Tri::from(*absent);
                put(&mut sink, || Trace {
                    attribute: scope.locate(path),
                    expected: Some("a policy document".into()),
                    waits_for: self.waits_if(answer, path, scope),
                    ..Trace::leaf(format!("statements of {path}"), answer)
                });
                return answer;
            }
            Document::Statements(list) => (list, Vec::new()),
            Document::Unknown(waits_for) => (Rc::from([Value::Unknown]), waits_for),
        };
        let elements = Elements {
            list: statements.iter().map(|s| (s, None)).collect(),
            open: false,
        };
        let mut fold = Fold::new(*quantifier, sink.is_some());
        self.each(&elements, None, Some(matches), facts, scope, &mut fold);
        let answer = fold.answer;
        put(&mut sink, || {
            let mut trace = fold.trace(
                format!("{} statement of {path}", quantifier.as_str()),
                answer,
            );
            trace.attribute = scope.locate(path);
            trace.waits_for = waits_for;
            trace
                .children
                .iter_mut()
                .for_each(|child| inherit_attribute(child, trace.attribute.as_ref()));
            trace
        });
        answer
    }

    /// The statements behind an attribute.
    pub(super) fn document(&self, path: &Path, scope: &Scope<'_>) -> Document {
        match scope.find(path) {
            Found::Absent => Document::Absent,
            Found::Value(Value::String(text)) if text.is_empty() => Document::Absent,
            Found::Value(Value::String(text)) => {
                let parse = || iam::of_json(text).unwrap_or_else(|| vec![Value::Unknown]);
                // Inside a parsed document values come and go, and places repeat.
                let stays = scope.anchor(path).is_some_and(|scope| scope.path.is_some());
                Document::Statements(if stays {
                    scope.documents.statements(text, parse)
                } else {
                    parse().into()
                })
            }
            Found::Value(_) => Document::Unknown(self.waits_for(path, scope)),
            Found::Unknown => {
                let origin = self.origin(path, scope);
                let sources: Vec<&Resource> = origin
                    .iter()
                    .flat_map(|o| &o.targets)
                    .map(|t| self.inventory.resource(t.resource))
                    .collect();
                if let [source] = sources.as_slice()
                    && source.mode == Mode::Data
                    && &*source.type_name == "aws_iam_policy_document"
                    && origin.as_ref().is_some_and(|origin| {
                        !origin.opaque && origin.targets.iter().all(|target| target.certain)
                    })
                {
                    return Document::Statements(iam::of_data_source(&source.values).into());
                }
                Document::Unknown(self.waits_for(path, scope))
            }
        }
    }

    /// Why an answer is unknown, if it is.
    fn waits_if(&self, answer: Tri, path: &Path, scope: &Scope<'_>) -> Vec<Wait> {
        match answer {
            Tri::Unknown => self.waits_for(path, scope),
            _ => Vec::new(),
        }
    }

    pub(super) fn json(
        &self,
        path: &Path,
        matches: &'p Node,
        absent: Verdict,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let document = match scope.find(path) {
            Found::Absent => {
                let answer = Tri::from(absent);
                put(&mut sink, || Trace {
                    attribute: scope.locate(path),
                    waits_for: self.waits_if(answer, path, scope),
                    ..Trace::leaf(format!("json {path}"), answer)
                });
                return answer;
            }
            Found::Value(Value::String(text)) => serde_json::from_str::<serde_json::Value>(text)
                .map_or(Value::Unknown, |json| Value::from(&json)),
            _ => Value::Unknown,
        };
        let inner = scope.inside(&document, None);
        let mut children = sink.is_some().then(Vec::new);
        let answer = self.ask(matches, &inner, children.as_mut());
        put(&mut sink, || {
            let mut children = children.unwrap_or_default();
            let attribute = scope.locate(path);
            children
                .iter_mut()
                .for_each(|child| inherit_attribute(child, attribute.as_ref()));
            let waits_for = match scope.find(path) {
                _ if document != Value::Unknown => Vec::new(),
                Found::Value(Value::String(_)) => vec![Wait::Input(format!("{path} is not JSON"))],
                _ => self.waits_for(path, scope),
            };
            Trace {
                attribute,
                waits_for,
                ..Trace::node(format!("json {path}"), Shape::All, answer, children)
            }
        });
        answer
    }
}

pub(super) enum Document {
    Absent,
    Statements(Rc<[Value]>),
    Unknown(Vec<Wait>),
}

/// Leaves inside a document name the attribute that holds it.
pub(super) fn inherit_attribute(trace: &mut Trace<'_>, attribute: Option<&AttributePath>) {
    if trace.children.is_empty() && trace.attribute.is_none() && trace.resource.is_none() {
        trace.attribute = attribute.cloned();
    }
    trace
        .children
        .iter_mut()
        .for_each(|child| inherit_attribute(child, attribute));
}
