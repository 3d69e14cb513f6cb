//! The evaluator: one function over the condition tree.
//!
//! Without a trace it answers as fast as it can and allocates next to nothing;
//! with one it looks at every part and notes what it found. There is no second
//! evaluator: both ways are this code.

use std::rc::Rc;

use abide_policy::{Absent, Fact as FactSpec, FactSource, Path, Property, Quantifier, Verdict};

use super::links::{Link, LinkTable};
use super::operators::{self, half, holds, is_any_network};
use super::scope::{Elements, Found, Scope, Subject, steps_of};
use super::trace::{Shape, Trace};
use super::tri::Tri;
use super::{Engine, iam, labels};
use crate::address::Mode;
use crate::attribute::AttributePath;
use crate::config::{Written, written};
use crate::finding::Fact;
use crate::inventory::{Resource, ResourceId};
use crate::policy::{Attribute, Node, Op, Question};
use crate::provenance::{self, Origin};
use crate::value::Value;

/// How much of a value texts show.
const FOUND_LIMIT: usize = 120;

/// Types whose keys belong to the customer.
const KEY_TYPES: [&str; 6] = [
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
fn put<'p>(sink: &mut Sink<'_, 'p>, trace: impl FnOnce() -> Trace<'p>) {
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
                put(&mut sink, || Trace::leaf(labels::statement(test), answer));
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
                    Trace::leaf(format!("constant {answer}"), Tri::from(*answer))
                });
                Tri::from(*answer)
            }
            Question::Undecidable(reason) => {
                put(&mut sink, || Trace {
                    waits_for: vec![reason.clone()],
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

    fn combine(
        &self,
        label: &str,
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
        let mut children = sink.is_some().then(Vec::new);
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

    fn not(&self, inner: &'p Node, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
        let mut children = sink.is_some().then(Vec::new);
        let answer = !self.ask(inner, scope, children.as_mut());
        put(&mut sink, || {
            Trace::node("not", Shape::Not, answer, children.unwrap_or_default())
        });
        answer
    }

    fn attribute(&self, attribute: &Attribute, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
        let found = scope.find(&attribute.path);
        let mut origin = None;
        let answer = match found {
            Found::Absent => absent(attribute),
            Found::Value(value) => match holds(&attribute.op, value) {
                Some(answer) => answer,
                None => self.special(attribute, value, scope),
            },
            Found::Unknown => {
                let from = self.origin(&attribute.path, scope);
                let answer = self.unknown(attribute, from.as_ref(), scope);
                origin = from;
                answer
            }
        };
        put(&mut sink, || {
            let secret = matches!(attribute.op, Op::Is(Property::Secret));
            let found = match (found, &attribute.absent) {
                (Found::Value(_), _) if secret => Some("(looks like a secret)".to_owned()),
                (Found::Value(value), _) => Some(value.display(FOUND_LIMIT)),
                (Found::Unknown, _) => Some("(known after apply)".to_owned()),
                (Found::Absent, Absent::Default(literal)) => Some(format!("{literal}")),
                (Found::Absent, _) => None,
            };
            Trace {
                attribute: scope.locate(&attribute.path),
                found,
                expected: Some(labels::expected(&attribute.op)),
                waits_for: if answer == Tri::Unknown {
                    self.waits_for(origin.as_ref(), &attribute.path, scope)
                } else {
                    Vec::new()
                },
                ..Trace::leaf(labels::attribute(attribute), answer)
            }
        });
        answer
    }

    /// Operators that need more than the value.
    fn special(&self, attribute: &Attribute, value: &Value, scope: &Scope<'_>) -> Tri {
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
    fn unknown(&self, attribute: &Attribute, origin: Option<&Origin>, scope: &Scope<'_>) -> Tri {
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

    fn refers(&self, path: &Path, link: usize, scope: &Scope<'_>) -> Tri {
        let (targets, open) = self.targets(path, link, scope);
        if targets.iter().any(|target| target.certain) {
            Tri::True
        } else if !targets.is_empty() || open {
            Tri::Unknown
        } else {
            Tri::False
        }
    }

    /// The resources a value refers to, and whether it may refer to others.
    ///
    /// For an attribute of a resource the table of the link knows; for one of
    /// an element the table would mix it with those of its siblings.
    fn targets(&self, path: &Path, link: usize, scope: &Scope<'_>) -> (Vec<Link>, bool) {
        let anchor = scope.anchor(path);
        let Some((id, _)) = anchor.and_then(|anchor| anchor.resource) else {
            return (Vec::new(), true);
        };
        if anchor.is_some_and(|anchor| matches!(anchor.subject, Subject::Resource(_))) {
            let table = self.table(link);
            return (table.targets(id).to_vec(), table.is_open(id));
        }
        let types = &self.set.links[link].to;
        let (mut targets, has_unknown) = match scope.find(path) {
            Found::Absent => return (Vec::new(), false),
            Found::Value(value) => (self.named(value, types), !value.is_wholly_known()),
            Found::Unknown => (Vec::new(), true),
        };
        if !has_unknown {
            return (targets, false);
        }
        let Some(origin) = self.origin(path, scope) else {
            return (targets, true);
        };
        let before = targets.len();
        targets.extend(origin.targets.iter().filter_map(|target| {
            let name = &self.inventory.resource(target.resource).type_name;
            let fits = types.iter().any(|wanted| **wanted == **name);
            fits.then_some(Link {
                resource: target.resource,
                certain: target.certain,
            })
        }));
        let open = targets.len() == before && origin.opaque;
        (targets, open)
    }

    /// Resources whose name, id or arn a value is.
    fn named(&self, value: &Value, types: &[String]) -> Vec<Link> {
        let texts: Vec<&str> = match value {
            Value::List(list) => list.iter().filter_map(Value::as_str).collect(),
            value => value.as_str().into_iter().collect(),
        };
        let is_named = |id: &&ResourceId| {
            let values = &self.inventory.resource(**id).values;
            super::IDENTITIES.iter().any(|name| {
                values
                    .get(name)
                    .and_then(Value::as_str)
                    .is_some_and(|text| texts.contains(&text))
            })
        };
        let targets = types
            .iter()
            .flat_map(|name| self.inventory.of_type(name))
            .filter(is_named);
        targets
            .map(|id| Link {
                resource: *id,
                certain: true,
            })
            .collect()
    }

    /// Where an attribute's value comes from.
    pub(super) fn origin(&self, path: &Path, scope: &Scope<'_>) -> Option<Origin> {
        let (_, resource) = scope.anchor(path)?.resource?;
        let config = self.inventory.config_of(resource)?;
        let at = scope.locate(path)?;
        match written(&config.body, steps_of(&at)) {
            Written::By(expression) => Some(provenance::of_resource(
                self.inventory,
                resource,
                expression,
            )),
            Written::Absent | Written::Hidden => None,
        }
    }

    fn waits_for(&self, origin: Option<&Origin>, path: &Path, scope: &Scope<'_>) -> Vec<String> {
        let Some(origin) = origin else {
            return scope
                .locate(path)
                .map(|path| format!("{path} is known only after apply"))
                .into_iter()
                .collect();
        };
        let mut list: Vec<String> = origin
            .targets
            .iter()
            .map(|target| {
                let address = &self.inventory.resource(target.resource).address;
                if target.attribute.is_empty() {
                    address.to_string()
                } else {
                    format!("{address}.{}", target.attribute)
                }
            })
            .collect();
        if origin.opaque {
            list.push("a value the plan does not show".to_owned());
        }
        list
    }

    fn quantified(&self, question: &'p Question, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
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
            let mut trace = fold.trace(&format!("{} {over}", quantifier.as_str()), answer);
            trace.attribute = scope.locate(over);
            trace.expected = Some(labels::quantified(*quantifier, over));
            if answer == Tri::Unknown && elements.open {
                trace.waits_for = self.waits_for(self.origin(over, scope).as_ref(), over, scope);
                trace.found = Some("(known after apply)".to_owned());
            }
            trace
        });
        answer
    }

    fn each(
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
            let mut children = fold.wants_trace().then(Vec::new);
            let answer = matches.map_or(
                Tri::from(**value != Value::Unknown).or(Tri::Unknown),
                |node| self.ask(node, &inner, children.as_mut()),
            );
            let path = path.clone();
            fold.add(counts, answer, children, || Trace {
                attribute: path,
                fact: read_facts(facts, &inner),
                ..Trace::leaf("element".to_owned(), answer)
            });
            if fold.decided() {
                return;
            }
        }
        if elements.open {
            fold.add_open();
        }
    }

    fn linked(&self, question: &'p Question, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
        let Question::Linked {
            quantifier,
            link,
            types,
            matches,
        } = question
        else {
            return Tri::Unknown;
        };
        let Some((id, resource)) = scope.resource else {
            return Tri::Unknown;
        };
        let table = self.table(*link);
        let mut fold = Fold::new(*quantifier, sink.is_some());
        for other in table.referrers(id) {
            self.other(
                other.resource,
                other.certain,
                matches.as_deref(),
                scope,
                &mut fold,
            );
            if fold.decided() {
                break;
            }
        }
        let mut waits_for = Vec::new();
        // Something that refers to nobody knows what may refer to this one, if it is new.
        if resource.action.is_new() && !fold.decided() {
            self.open_referrers(
                table,
                *link,
                matches.as_deref(),
                scope,
                &mut fold,
                &mut waits_for,
            );
        }
        let answer = fold.answer;
        put(&mut sink, || {
            let names = types.join(" or ");
            let mut trace = fold.trace(&format!("{} linked {names}", quantifier.as_str()), answer);
            trace.expected = Some(names);
            trace.waits_for = waits_for;
            trace
        });
        answer
    }

    fn open_referrers(
        &self,
        table: &LinkTable,
        link: usize,
        matches: Option<&'p Node>,
        scope: &Scope<'_>,
        fold: &mut Fold<'p>,
        waits_for: &mut Vec<String>,
    ) {
        if table.open().is_empty() {
            return;
        }
        if fold.wants_trace() {
            for id in table.open().iter().take(3) {
                waits_for.push(format!(
                    "what {} refers to",
                    self.inventory.resource(*id).address
                ));
            }
        }
        // The answer does not depend on who asks, so it is worked out once.
        let key = (
            link,
            matches.map_or(0, |node| std::ptr::from_ref(node) as usize),
        );
        let known = self
            .open_answers
            .lock()
            .ok()
            .and_then(|map| map.get(&key).copied());
        let (any, all) = known.unwrap_or_else(|| {
            let ask = |id: &ResourceId| {
                matches.map_or(Tri::True, |node| {
                    self.ask(
                        node,
                        &Scope::of(
                            *id,
                            self.inventory.resource(*id),
                            Some(scope),
                            scope.documents,
                        ),
                        None,
                    )
                })
            };
            let answers: Vec<Tri> = table.open().iter().map(ask).collect();
            let any = answers
                .iter()
                .fold(Tri::False, |any, answer| any.or(*answer));
            let all = answers
                .iter()
                .fold(Tri::True, |all, answer| all.and(*answer));
            if let Ok(mut map) = self.open_answers.lock() {
                map.insert(key, (any, all));
            }
            (any, all)
        });
        fold.add_possible(any, all);
    }

    /// Asks another resource and counts it.
    fn other(
        &self,
        id: ResourceId,
        certain: bool,
        matches: Option<&'p Node>,
        scope: &Scope<'_>,
        fold: &mut Fold<'p>,
    ) {
        let other = self.inventory.resource(id);
        let inner = Scope::of(id, other, Some(scope), scope.documents);
        let mut children = fold.wants_trace().then(Vec::new);
        let answer = matches.map_or(Tri::True, |node| self.ask(node, &inner, children.as_mut()));
        let counts = if certain { Tri::True } else { Tri::Unknown };
        let address = other.address.to_string();
        fold.add(counts, answer, children, || Trace {
            resource: Some(address.clone()),
            waits_for: if certain {
                Vec::new()
            } else {
                vec![format!("whether {address} refers to it")]
            },
            ..Trace::leaf(address.clone(), answer)
        });
    }

    fn follow(&self, question: &'p Question, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
        let Question::Follow {
            path,
            link,
            types,
            matches,
            elsewhere,
            absent,
        } = question
        else {
            return Tri::Unknown;
        };
        let found = scope.find(path);
        let mut fold = Fold::new(Quantifier::Some, sink.is_some());
        let mut waits_for = Vec::new();
        let answer = match (found, scope.resource) {
            (Found::Absent, _) => Tri::from(*absent),
            (Found::Value(value), _) if is(Property::Set, value) == Tri::False => {
                Tri::from(*absent)
            }
            (_, None) => Tri::Unknown,
            (found, Some(_)) => {
                let (targets, open) = self.targets(path, *link, scope);
                for target in &targets {
                    self.other(
                        target.resource,
                        target.certain,
                        matches.as_deref(),
                        scope,
                        &mut fold,
                    );
                }
                match found {
                    _ if !targets.is_empty() => fold.answer,
                    Found::Unknown if open => {
                        waits_for = self.waits_for(self.origin(path, scope).as_ref(), path, scope);
                        Tri::Unknown
                    }
                    _ => Tri::from(*elsewhere),
                }
            }
        };
        put(&mut sink, || {
            let mut trace = fold.trace(&format!("follow {path} to {}", types.join(" or ")), answer);
            trace.attribute = scope.locate(path);
            trace.found = match found {
                Found::Value(value) => Some(value.display(FOUND_LIMIT)),
                Found::Unknown => Some("(known after apply)".to_owned()),
                Found::Absent => None,
            };
            trace.expected = Some(types.join(" or "));
            trace.waits_for = waits_for;
            trace
        });
        answer
    }

    fn exists(&self, question: &'p Question, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
        let Question::Exists {
            types,
            same_provider,
            matches,
        } = question
        else {
            return Tri::Unknown;
        };
        let mut fold = Fold::new(Quantifier::Some, sink.is_some());
        for id in types.iter().flat_map(|name| self.inventory.of_type(name)) {
            let other = self.inventory.resource(*id);
            let here = scope
                .resource
                .is_none_or(|(_, resource)| !same_provider || same_place(self, resource, other));
            if here && other.mode == Mode::Managed {
                self.other(*id, true, matches.as_deref(), scope, &mut fold);
                if fold.decided() {
                    break;
                }
            }
        }
        let answer = fold.answer;
        put(&mut sink, || {
            let mut trace = fold.trace(&format!("exists {}", types.join(" or ")), answer);
            trace.expected = Some(types.join(" or "));
            trace
        });
        answer
    }

    fn statements(&self, question: &'p Question, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
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
                    expected: Some("a policy document".to_owned()),
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
                &format!("{} statement of {path}", quantifier.as_str()),
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
    fn document(&self, path: &Path, scope: &Scope<'_>) -> Document {
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
            Found::Value(_) => Document::Unknown(vec!["the document is a secret".to_owned()]),
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
                Document::Unknown(self.waits_for(origin.as_ref(), path, scope))
            }
        }
    }

    fn json(
        &self,
        path: &Path,
        matches: &'p Node,
        absent: Verdict,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let document = match scope.find(path) {
            Found::Absent => {
                put(&mut sink, || Trace {
                    attribute: scope.locate(path),
                    ..Trace::leaf(format!("json {path}"), Tri::from(absent))
                });
                return Tri::from(absent);
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
            let waits_for = if document == Value::Unknown {
                self.waits_for(self.origin(path, scope).as_ref(), path, scope)
            } else {
                Vec::new()
            };
            Trace {
                attribute,
                waits_for,
                ..Trace::node(&format!("json {path}"), Shape::All, answer, children)
            }
        });
        answer
    }

    fn ports(&self, question: &'p Question, scope: &Scope<'_>, mut sink: Sink<'_, 'p>) -> Tri {
        let Question::Ports {
            from,
            to,
            protocol,
            cover,
            protocols,
        } = question
        else {
            return Tri::Unknown;
        };
        let answer = ports_cover(
            scope.find(from),
            scope.find(to),
            scope.find(protocol),
            cover,
            protocols,
        );
        put(&mut sink, || {
            let text = |path| match scope.find(path) {
                Found::Value(value) => value.plain().into_owned(),
                Found::Unknown => "?".to_owned(),
                Found::Absent => "any".to_owned(),
            };
            let ports: Vec<String> = cover.iter().map(ToString::to_string).collect();
            Trace {
                attribute: scope.locate(from),
                found: Some(format!("{} {}-{}", text(protocol), text(from), text(to))),
                expected: Some(format!(
                    "covers {} {}",
                    protocols.join("/"),
                    ports.join(", ")
                )),
                ..Trace::leaf(format!("covers port {}", ports.join(", ")), answer)
            }
        });
        answer
    }

    fn open_to_world(
        &self,
        cidrs: &[Path],
        prefix_lists: &[(Path, usize)],
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let mut world = World::default();
        for path in cidrs {
            match scope.find(path) {
                Found::Absent => {}
                Found::Unknown => world.unknown.push(path),
                Found::Value(Value::List(list)) => {
                    list.iter().for_each(|value| world.add(value, path))
                }
                Found::Value(value) => world.add(value, path),
            }
        }
        for (path, link) in prefix_lists {
            self.prefix_list(path, *link, scope, &mut world);
        }
        let answer = world.answer();
        put(&mut sink, || {
            let path = world
                .path
                .or_else(|| world.unknown.first().copied())
                .or_else(|| cidrs.first());
            let mut fact = Fact::default();
            if !world.open.is_empty() {
                fact.0.push(("cidr".to_owned(), world.open.join(", ")));
            }
            let waits_for = match world.unknown.first() {
                Some(path) if answer == Tri::Unknown => {
                    self.waits_for(self.origin(path, scope).as_ref(), path, scope)
                }
                _ => Vec::new(),
            };
            Trace {
                attribute: path.and_then(|path| scope.locate(path)),
                found: Some(match answer {
                    Tri::True => world.open.join(", "),
                    Tri::Unknown => "(known after apply)".to_owned(),
                    Tri::False => "no public address range".to_owned(),
                }),
                expected: Some("no public address range".to_owned()),
                waits_for,
                fact,
                ..Trace::leaf("open to the world".to_owned(), answer)
            }
        });
        answer
    }

    /// Entries of prefix lists in this input.
    fn prefix_list<'s>(
        &self,
        path: &'s Path,
        link: usize,
        scope: &Scope<'_>,
        world: &mut World<'s>,
    ) {
        if matches!(scope.find(path), Found::Absent) {
            return;
        }
        let empty = matches!(scope.find(path), Found::Value(Value::List(list)) if list.is_empty());
        if empty {
            return;
        }
        let (targets, open) = self.targets(path, link, scope);
        if open {
            world.unknown.push(path);
        }
        for target in &targets {
            let list = self.inventory.resource(target.resource);
            let mut inner = World::default();
            if let Some(entries) = list.values.get("entry") {
                inner.entries(entries, path);
            }
            for entry in self.prefix_entries(target.resource) {
                match entry.values.get("cidr") {
                    Some(value) => inner.add(value, path),
                    None => inner.unknown.push(path),
                }
            }
            if inner.answer() == Tri::True && target.certain {
                world.open.extend(inner.open);
                world.path = Some(path);
            } else if inner.answer() != Tri::False {
                world.unknown.push(path);
            }
        }
    }

    fn prefix_entries(&self, list: ResourceId) -> Vec<&Resource> {
        let table = self
            .set
            .links
            .iter()
            .position(|spec| spec.from == ["aws_ec2_managed_prefix_list_entry"])
            .map(|link| self.table(link));
        table.map_or_else(Vec::new, |table| {
            table
                .referrers(list)
                .iter()
                .map(|link| self.inventory.resource(link.resource))
                .collect()
        })
    }
}

enum Document {
    Absent,
    Statements(Rc<[Value]>),
    Unknown(Vec<String>),
}

/// Leaves inside a document name the attribute that holds it.
fn inherit_attribute(trace: &mut Trace<'_>, attribute: Option<&AttributePath>) {
    if trace.attribute.is_none() && trace.resource.is_none() {
        trace.attribute = attribute.cloned();
    }
    trace
        .children
        .iter_mut()
        .for_each(|child| inherit_attribute(child, attribute));
}

fn same_place(engine: &Engine<'_>, a: &Resource, b: &Resource) -> bool {
    if a.provider == b.provider {
        return true;
    }
    match (
        engine.inventory.provider_of(a),
        engine.inventory.provider_of(b),
    ) {
        (Some(a), Some(b)) => {
            a.region.is_some()
                && a.region == b.region
                && a.account == b.account
                && a.full_name == b.full_name
        }
        _ => false,
    }
}

/// Whether a value that is not known yet will be something: a reference gives one.
fn comes_from_somewhere(origin: Option<&Origin>) -> Tri {
    match origin {
        Some(origin) if !origin.opaque && origin.targets.iter().any(|target| target.certain) => {
            Tri::True
        }
        _ => Tri::Unknown,
    }
}

fn absent(attribute: &Attribute) -> Tri {
    match (&attribute.absent, &attribute.op) {
        (Absent::Verdict(verdict), _) => Tri::from(*verdict),
        (Absent::Default(literal), op) => {
            let value = labels::value_of(literal);
            holds(op, &value).unwrap_or_else(|| match op {
                Op::Is(property) => is(*property, &value),
                _ => Tri::False,
            })
        }
        (
            Absent::Operator,
            Op::Is(Property::Unset | Property::Empty)
            | Op::NotEquals(_)
            | Op::NotOneOf(_)
            | Op::NotMatches(_),
        ) => Tri::True,
        (Absent::Operator, _) => Tri::False,
    }
}

/// Properties of a value that is there.
fn is(property: Property, value: &Value) -> Tri {
    let empty = match value {
        Value::String(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    if let (
        Value::Redacted(_),
        Property::True
        | Property::False
        | Property::CustomerKey
        | Property::AnyCidr
        | Property::Empty
        | Property::NotEmpty,
    ) = (value, property)
    {
        return Tri::Unknown;
    }
    match property {
        Property::Set | Property::NotEmpty => Tri::from(!empty),
        Property::Unset | Property::Empty => Tri::from(empty),
        Property::True => unknown_or(value, value.as_bool() == Some(true)),
        Property::False => unknown_or(value, value.as_bool() == Some(false)),
        Property::CustomerKey => unknown_or(value, value.as_str().is_some_and(is_customer_key)),
        Property::AnyCidr => unknown_or(value, value.as_str().is_some_and(is_any_network)),
        Property::Secret => unknown_or(
            value,
            value
                .as_str()
                .is_some_and(super::secrets::looks_like_secret),
        ),
    }
}

fn unknown_or(value: &Value, answer: bool) -> Tri {
    if *value == Value::Unknown {
        Tri::Unknown
    } else {
        Tri::from(answer)
    }
}

/// A key ARN, a key id, or an alias that is not AWS's own.
fn is_customer_key(text: &str) -> bool {
    let alias = text
        .rsplit_once(":alias/")
        .map(|(_, alias)| alias)
        .or_else(|| text.strip_prefix("alias/"));
    match alias {
        Some(alias) => !alias.starts_with("aws/"),
        None => !text.is_empty() && !text.starts_with("aws/"),
    }
}

/// Names a set of facts in a scope.
pub(super) fn read_facts(facts: &[FactSpec], scope: &Scope<'_>) -> Fact {
    let value = |source: &FactSource| match source {
        FactSource::Text(text) => text.clone(),
        FactSource::Path(path) => match scope.find(path) {
            Found::Absent => "(not set)".to_owned(),
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

fn ports_cover(
    from: Found<'_>,
    to: Found<'_>,
    protocol: Found<'_>,
    cover: &[i64],
    protocols: &[String],
) -> Tri {
    let number = |found: Found<'_>| match found {
        Found::Value(value) => Some(value.as_number()),
        Found::Absent => Some(None),
        Found::Unknown => None,
    };
    let protocol_fits = match protocol {
        Found::Unknown => Tri::Unknown,
        Found::Absent => Tri::False,
        Found::Value(value) => {
            let name = value.plain();
            if is_all_protocols(&name) {
                return Tri::True;
            }
            Tri::from(protocols.iter().any(|wanted| same_protocol(wanted, &name)))
        }
    };
    let ports_fit = match (number(from), number(to)) {
        (Some(None), Some(None)) => Tri::True,
        #[expect(clippy::cast_precision_loss, reason = "ports have 16 bits")]
        (Some(from), Some(to)) => Tri::from(cover.iter().any(|port| {
            from.is_none_or(|from| from <= *port as f64) && to.is_none_or(|to| *port as f64 <= to)
        })),
        // One end is known: it may already rule all ports out.
        #[expect(clippy::cast_precision_loss, reason = "ports have 16 bits")]
        (Some(Some(from)), None) => {
            Tri::from(cover.iter().any(|port| from <= *port as f64)).possibly()
        }
        #[expect(clippy::cast_precision_loss, reason = "ports have 16 bits")]
        (None, Some(Some(to))) => Tri::from(cover.iter().any(|port| *port as f64 <= to)).possibly(),
        _ => Tri::Unknown,
    };
    protocol_fits.and(ports_fit)
}

fn is_all_protocols(name: &str) -> bool {
    name == "-1" || name.eq_ignore_ascii_case("all")
}

/// IANA protocol numbers stand for names.
fn same_protocol(wanted: &str, name: &str) -> bool {
    let by_number = |name: &str| match name {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        _ => "",
    };
    wanted.eq_ignore_ascii_case(name) || wanted.eq_ignore_ascii_case(by_number(name))
}

/// Address ranges of one rule.
#[derive(Default)]
struct World<'s> {
    open: Vec<String>,
    halves: Vec<(ipnet::IpNet, String)>,
    path: Option<&'s Path>,
    unknown: Vec<&'s Path>,
}

impl<'s> World<'s> {
    fn add(&mut self, value: &Value, path: &'s Path) {
        let Value::String(text) = value else {
            if *value == Value::Unknown || matches!(value, Value::Redacted(_)) {
                self.unknown.push(path);
            }
            return;
        };
        if is_any_network(text) {
            self.open.push(text.to_string());
            self.path.get_or_insert(path);
        } else if let Some(net) = half(text) {
            // Two halves are the whole.
            if let Some((_, other)) = self
                .halves
                .iter()
                .find(|(known, _)| *known != net && known.addr().is_ipv4() == net.addr().is_ipv4())
            {
                self.open.push(format!("{other} + {text}"));
                self.path.get_or_insert(path);
            }
            self.halves.push((net, text.to_string()));
        }
    }

    fn entries(&mut self, entries: &Value, path: &'s Path) {
        match entries {
            Value::List(list) => {
                for entry in list {
                    match entry.as_object().map(|entry| entry.get("cidr")) {
                        Some(Some(value)) => self.add(value, path),
                        Some(None) => {}
                        None => self.unknown.push(path),
                    }
                }
            }
            _ => self.unknown.push(path),
        }
    }

    fn answer(&self) -> Tri {
        if !self.open.is_empty() {
            Tri::True
        } else if self.unknown.is_empty() {
            Tri::False
        } else {
            Tri::Unknown
        }
    }
}

/// Folds elements into the answer of a quantifier.
struct Fold<'p> {
    quantifier: Quantifier,
    answer: Tri,
    children: Option<Vec<Trace<'p>>>,
}

impl<'p> Fold<'p> {
    fn new(quantifier: Quantifier, trace: bool) -> Self {
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

    fn wants_trace(&self) -> bool {
        self.children.is_some()
    }

    /// Whether no further element can change the answer and no trace needs it.
    fn decided(&self) -> bool {
        let decided = if self.quantifier == Quantifier::Some {
            Tri::True
        } else {
            Tri::False
        };
        self.answer == decided && self.children.is_none()
    }

    /// Counts an element: `counts` says whether it is one of those meant.
    fn add(
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
    fn add_open(&mut self) {
        self.answer = match self.quantifier {
            Quantifier::Some => self.answer.or(Tri::Unknown),
            _ => self.answer.and(Tri::Unknown),
        };
    }

    /// There may be elements of which some or all satisfy.
    fn add_possible(&mut self, any: Tri, all: Tri) {
        self.answer = match self.quantifier {
            Quantifier::Some => self.answer.or(any.possibly()),
            Quantifier::Every => self.answer.and(all.or(Tri::Unknown)),
            Quantifier::None => self.answer.and((!any).or(Tri::Unknown)),
        };
    }

    fn trace(self, label: &str, answer: Tri) -> Trace<'p> {
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
