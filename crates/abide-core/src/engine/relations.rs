//! Questions about other resources: those that refer to one, those it refers to, those that exist.

use abide_policy::{Path, Property, Quantifier};

use super::Engine;
use super::evaluate::{FOUND_LIMIT, Sink, put};
use super::fold::Fold;
use super::links::{Link, LinkTable};
use super::properties::is;
use super::scope::{Found, Scope, Subject, steps_of};
use super::trace::{Trace, Wait, Words};
use super::tri::Tri;
use super::waits::Doubt;
use crate::address::Mode;
use crate::config::{Written, written};
use crate::inventory::{Resource, ResourceId};
use crate::policy::{Node, Question};
use crate::provenance::{self, Origin};
use crate::value::Value;

impl<'p> Engine<'p> {
    pub(super) fn refers(&self, path: &Path, link: usize, scope: &Scope<'_>) -> Tri {
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
    pub(super) fn targets(&self, path: &Path, link: usize, scope: &Scope<'_>) -> (Vec<Link>, bool) {
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
    pub(super) fn named(&self, value: &Value, types: &[String]) -> Vec<Link> {
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

    pub(super) fn linked(
        &self,
        question: &'p Question,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
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
                (!other.certain).then_some(Doubt::RefersHere),
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
            let label = format!("{} linked {}", quantifier.as_str(), types.join(" or "));
            let mut trace = fold.trace(label, answer);
            trace.expected = Some(Words::Types(types));
            trace.waits_for = waits_for;
            trace
        });
        answer
    }

    pub(super) fn open_referrers(
        &self,
        table: &LinkTable,
        link: usize,
        matches: Option<&'p Node>,
        scope: &Scope<'_>,
        fold: &mut Fold<'p>,
        waits_for: &mut Vec<Wait>,
    ) {
        if table.open().is_empty() {
            return;
        }
        if fold.wants_trace() {
            for id in table.open().iter().take(3) {
                waits_for.push(Wait::Apply(format!(
                    "what {} refers to",
                    self.inventory.resource(*id).address
                )));
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

    /// Asks another resource and counts it; `doubt` says why it may not be one of those meant.
    pub(super) fn other(
        &self,
        id: ResourceId,
        doubt: Option<Doubt>,
        matches: Option<&'p Node>,
        scope: &Scope<'_>,
        fold: &mut Fold<'p>,
    ) {
        let other = self.inventory.resource(id);
        let inner = Scope::of(id, other, Some(scope), scope.documents);
        let mut children = fold.wants_trace().then(Vec::new);
        let answer = matches.map_or(Tri::True, |node| self.ask(node, &inner, children.as_mut()));
        let counts = if doubt.is_none() {
            Tri::True
        } else {
            Tri::Unknown
        };
        let address = other.address.to_string();
        fold.add(counts, answer, children, || Trace {
            resource: Some(address.clone()),
            waits_for: doubt
                .map(|doubt| doubt.about(&address))
                .into_iter()
                .collect(),
            ..Trace::leaf(address.clone(), answer)
        });
    }

    pub(super) fn follow(
        &self,
        question: &'p Question,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
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
                        (!target.certain).then_some(Doubt::IsMeant),
                        matches.as_deref(),
                        scope,
                        &mut fold,
                    );
                }
                match found {
                    _ if !targets.is_empty() => fold.answer,
                    Found::Unknown if open => Tri::Unknown,
                    _ => Tri::from(*elsewhere),
                }
            }
        };
        put(&mut sink, || {
            let mut trace = fold.trace(format!("follow {path} to {}", types.join(" or ")), answer);
            trace.attribute = scope.locate(path);
            trace.found = match found {
                Found::Value(value) => Some(value.display(FOUND_LIMIT)),
                Found::Unknown => Some("(known after apply)".to_owned()),
                Found::Absent => None,
            };
            trace.expected = Some(Words::Types(types));
            if answer == Tri::Unknown && trace.children.is_empty() {
                trace.waits_for = self.follow_waits_for(path, scope);
            }
            trace
        });
        answer
    }

    pub(super) fn exists(
        &self,
        question: &'p Question,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
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
            let here = match scope.resource {
                Some((_, resource)) if *same_provider => same_place(self, resource, other),
                _ => Tri::True,
            };
            if here != Tri::False && other.mode == Mode::Managed {
                let doubt = (here != Tri::True).then_some(Doubt::SamePlace);
                self.other(*id, doubt, matches.as_deref(), scope, &mut fold);
                if fold.decided() {
                    break;
                }
            }
        }
        let answer = fold.answer;
        put(&mut sink, || {
            let mut trace = fold.trace(format!("exists {}", types.join(" or ")), answer);
            trace.expected = Some(Words::Types(types));
            trace
        });
        answer
    }
}

/// Whether two resources are in one account and region. Two provider
/// configurations of one region whose accounts are not written may be of two
/// accounts: a profile or the environment can set them apart.
pub(super) fn same_place(engine: &Engine<'_>, a: &Resource, b: &Resource) -> Tri {
    if a.provider == b.provider {
        return Tri::True;
    }
    let providers = (
        engine.inventory.provider_of(a),
        engine.inventory.provider_of(b),
    );
    let (Some(a), Some(b)) = providers else {
        return Tri::Unknown;
    };
    // A region that is not written as a constant is taken for another one: that
    // is what an alias is for.
    if a.full_name != b.full_name || a.region.is_none() || a.region != b.region {
        return Tri::False;
    }
    match (&a.account, &b.account) {
        (Some(a), Some(b)) => Tri::from(a == b),
        _ => Tri::Unknown,
    }
}

/// Whether a value that is not known yet will be something: a reference gives one.
pub(super) fn comes_from_somewhere(origin: Option<&Origin>) -> Tri {
    match origin {
        Some(origin) if !origin.opaque && origin.targets.iter().any(|target| target.certain) => {
            Tri::True
        }
        _ => Tri::Unknown,
    }
}
