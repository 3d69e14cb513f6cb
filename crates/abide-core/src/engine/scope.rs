//! Where a condition is evaluated, and what a path finds there.

use std::cell::RefCell;
use std::rc::Rc;

use abide_policy::{Anchor, Path, PathStep};

use crate::attribute::{AttributePath, Step};
use crate::inventory::{Resource, ResourceId};
use crate::value::{Object, Value};

/// A resource, a block, an element, a statement or a document.
#[derive(Clone, Debug)]
pub(super) struct Scope<'s> {
    /// The scope around this one.
    pub(super) outer: Option<&'s Scope<'s>>,
    /// What paths start at.
    pub(super) subject: Subject<'s>,
    /// The resource it belongs to, for provenance; none for account policies.
    pub(super) resource: Option<(ResourceId, &'s Resource)>,
    /// From that resource to here; `None` inside a parsed document.
    pub(super) path: Option<AttributePath>,
    /// Documents parsed for the resource that is judged.
    pub(super) documents: &'s Documents,
}

/// Parsed policy documents of the resource that is judged, by their text's
/// place in memory: a dozen policies ask about one document.
#[derive(Debug, Default)]
pub(super) struct Documents(RefCell<Vec<(usize, Rc<[Value]>)>>);

impl Documents {
    /// The statements of a text; parsed once.
    pub(super) fn statements(&self, text: &str, parse: impl FnOnce() -> Vec<Value>) -> Rc<[Value]> {
        // Values do not move while resources are judged, so the address is a name.
        let name = text.as_ptr() as usize;
        let known = self
            .0
            .borrow()
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, list)| list.clone());
        known.unwrap_or_else(|| {
            let list: Rc<[Value]> = parse().into();
            self.0.borrow_mut().push((name, list.clone()));
            list
        })
    }
}

/// What paths start at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'s> {
    /// The attributes of a resource.
    Resource(&'s Object),
    /// Any value.
    Value(&'s Value),
    /// Nothing: the root module of an account policy.
    Nothing,
}

/// What a path finds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'s> {
    /// Nobody set it.
    Absent,
    /// It, or something it is in, is known only after apply.
    Unknown,
    /// A value.
    Value(&'s Value),
}

impl<'s> Scope<'s> {
    /// The scope of a resource.
    pub(super) fn of(
        id: ResourceId,
        resource: &'s Resource,
        outer: Option<&'s Scope<'s>>,
        documents: &'s Documents,
    ) -> Self {
        Self {
            outer,
            subject: Subject::Resource(&resource.values),
            resource: Some((id, resource)),
            path: Some(AttributePath::default()),
            documents,
        }
    }

    /// The scope of an element inside this one.
    pub(super) fn inside<'i>(&'i self, value: &'i Value, path: Option<AttributePath>) -> Scope<'i> {
        Scope {
            outer: Some(self),
            subject: Subject::Value(value),
            resource: self.resource,
            path,
            documents: self.documents,
        }
    }

    /// The scope a path starts at.
    pub(super) fn anchor(&self, path: &Path) -> Option<&Scope<'s>> {
        match path.anchor {
            Anchor::Here => Some(self),
            Anchor::Resource => {
                let mut scope = self;
                while let Some(outer) = scope.outer {
                    scope = outer;
                }
                Some(scope)
            }
            Anchor::Outer(depth) => {
                let mut scope = self;
                for _ in 0..depth {
                    scope = scope.outer?;
                }
                Some(scope)
            }
        }
    }

    /// The value at a path.
    pub(super) fn find(&self, path: &Path) -> Found<'_> {
        let Some(scope) = self.anchor(path) else {
            return Found::Absent;
        };
        let mut steps = path.steps.iter();
        let mut value = match (scope.subject, steps.clone().next()) {
            (Subject::Nothing, _) => return Found::Absent,
            (Subject::Value(value), _) => value,
            (Subject::Resource(object), Some(PathStep::Name(name))) => {
                steps.next();
                match object.get(name) {
                    Some(value) => value,
                    None => return Found::Absent,
                }
            }
            (Subject::Resource(_), _) => return Found::Absent,
        };
        for step in steps {
            match step_into(value, step) {
                Found::Value(inner) => value = inner,
                other => return other,
            }
        }
        match value {
            Value::Unknown => Found::Unknown,
            Value::Null => Found::Absent,
            value => Found::Value(value),
        }
    }

    /// The path from the resource to what `path` names, if it is in a resource.
    pub(super) fn locate(&self, path: &Path) -> Option<AttributePath> {
        let scope = self.anchor(path)?;
        let mut out = scope.path.clone()?;
        let mut value = match scope.subject {
            Subject::Value(value) => Some(value),
            _ => None,
        };
        for step in &path.steps {
            match step {
                PathStep::Name(name) => {
                    // A block that occurs once is a list of one: say which element it is.
                    if let Some(Value::List(list)) = value
                        && let [only] = list.as_slice()
                    {
                        out = out.index(0);
                        value = Some(only);
                    }
                    out = out.name(name);
                    value = match (value, scope.subject) {
                        (None, Subject::Resource(object)) if out.0.len() == 1 => object.get(name),
                        (Some(Value::Object(object)), _) => object.get(name),
                        _ => None,
                    };
                }
                PathStep::Index(index) => {
                    out = out.index(*index as usize);
                    value = match value {
                        Some(Value::List(list)) => list.get(*index as usize),
                        _ => None,
                    };
                }
                PathStep::Each => return Some(out),
            }
        }
        Some(out)
    }

    /// The elements a quantifier goes over, with their paths when asked for.
    pub(super) fn elements(&self, path: &Path, with_paths: bool) -> Elements<'_> {
        let Some(scope) = self.anchor(path) else {
            return Elements::default();
        };
        // What an unknown value waits for is found by its path, so elements with
        // unknown parts get theirs even when no trace asks.
        let needs_paths = |value: &Value| with_paths || !value.is_wholly_known();
        let mut current: Vec<(&Value, Option<AttributePath>)> = Vec::new();
        let mut steps = path.steps.as_slice();
        match (scope.subject, steps) {
            (Subject::Value(value), _) => {
                let base = scope.path.clone().filter(|_| needs_paths(value));
                current.push((value, base));
            }
            (Subject::Resource(object), [PathStep::Name(name), rest @ ..]) => {
                steps = rest;
                match object.get(name) {
                    Some(value) => {
                        let base = scope.path.clone().filter(|_| needs_paths(value));
                        current.push((value, base.map(|base| base.name(name))));
                    }
                    None => return Elements::default(),
                }
            }
            _ => return Elements::default(),
        }
        for step in steps {
            let mut next = Vec::new();
            for (value, at) in current {
                descend(value, at, step, &mut next);
            }
            current = next;
        }
        let mut elements = Elements::default();
        for (value, at) in current {
            match value {
                // A secret list hides how many elements it has.
                Value::Unknown | Value::Redacted(_) => elements.open = true,
                Value::Null => {}
                Value::List(list) => {
                    for (index, value) in list.iter().enumerate() {
                        elements
                            .list
                            .push((value, at.as_ref().map(|at| at.index(index))));
                    }
                }
                value => elements.list.push((value, at)),
            }
        }
        elements
    }
}

/// The elements of a quantifier.
#[derive(Debug, Default)]
pub(super) struct Elements<'s> {
    pub(super) list: Vec<(&'s Value, Option<AttributePath>)>,
    /// There may be more, which are known only after apply.
    pub(super) open: bool,
}

fn step_into<'v>(value: &'v Value, step: &PathStep) -> Found<'v> {
    match (value, step) {
        // What is inside a secret is as good as unknown.
        (Value::Unknown | Value::Redacted(_), _) => Found::Unknown,
        (Value::Object(object), PathStep::Name(name)) => {
            object.get(name).map_or(Found::Absent, Found::Value)
        }
        (Value::List(list), PathStep::Name(_)) => match list.as_slice() {
            [] => Found::Absent,
            [only] => step_into(only, step),
            // Only a type without a schema gets here: which element is meant cannot be told.
            _ => Found::Unknown,
        },
        (Value::List(list), PathStep::Index(index)) => list
            .get(*index as usize)
            .map_or(Found::Absent, Found::Value),
        _ => Found::Absent,
    }
}

fn descend<'v>(
    value: &'v Value,
    at: Option<AttributePath>,
    step: &PathStep,
    out: &mut Vec<(&'v Value, Option<AttributePath>)>,
) {
    match (value, step) {
        (Value::Unknown | Value::Redacted(_), _) => out.push((value, at)),
        (Value::List(list), PathStep::Index(index)) => {
            if let Some(inner) = list.get(*index as usize) {
                out.push((inner, at.map(|at| at.index(*index as usize))));
            }
        }
        // A name after a list goes into each of its elements; `[*]` says so in writing.
        (Value::List(list), PathStep::Name(_)) => {
            for (index, inner) in list.iter().enumerate() {
                descend(inner, at.as_ref().map(|at| at.index(index)), step, out);
            }
        }
        (Value::List(list), PathStep::Each) => {
            for (index, inner) in list.iter().enumerate() {
                out.push((inner, at.as_ref().map(|at| at.index(index))));
            }
        }
        (Value::Object(object), PathStep::Name(name)) => {
            if let Some(inner) = object.get(name) {
                out.push((inner, at.map(|at| at.name(name))));
            }
        }
        // All values of a map.
        (Value::Object(object), PathStep::Each) => {
            for (name, inner) in object.iter() {
                out.push((inner, at.as_ref().map(|at| at.name(name))));
            }
        }
        _ => {}
    }
}

/// The configuration's view of a path: the same steps.
pub(super) fn steps_of(path: &AttributePath) -> &[Step] {
    &path.0
}
