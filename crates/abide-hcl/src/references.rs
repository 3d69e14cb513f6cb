//! What an expression refers to, for the provenance of unknown values.
//!
//! Like the `references` of a plan's configuration, but better: local values
//! are followed to what they refer to, and the attribute behind a computed
//! index is kept.

use std::sync::Arc;

use abide_core::address::{InstanceKey, Mode};
use abide_core::config::{Expression, Reference, Subject};

use crate::ast::{Expr, ExprKind, Key, Part, Step};
use crate::module::Module;
use crate::value::{Kind, Val};

/// More expressions than this are not walked for one attribute.
const MAX_VISITS: usize = 4096;
/// Deeper chains of local values are taken for unresolvable.
const MAX_LOCALS: usize = 64;

/// The references in an expression. `iterators` are the names of the dynamic
/// blocks around it with what they go through.
pub(crate) fn expression(
    module: &Module,
    iterators: &[(Arc<str>, Vec<Reference>)],
    expr: &Expr,
) -> Expression {
    if let ExprKind::Literal(_) = expr.bare().kind {
        return Expression::Constant;
    }
    Expression::References(references(module, iterators, expr))
}

pub(crate) fn references(
    module: &Module,
    iterators: &[(Arc<str>, Vec<Reference>)],
    expr: &Expr,
) -> Vec<Reference> {
    let mut collector = Collector {
        module,
        iterators,
        bound: Vec::new(),
        locals: Vec::new(),
        visits: 0,
        found: Vec::new(),
    };
    collector.walk(expr);
    collector.found.shrink_to_fit();
    collector.found
}

struct Collector<'a> {
    module: &'a Module,
    iterators: &'a [(Arc<str>, Vec<Reference>)],
    /// Variables of `for` around the expression.
    bound: Vec<&'a str>,
    locals: Vec<&'a str>,
    visits: usize,
    found: Vec<Reference>,
}

impl<'a> Collector<'a> {
    fn walk(&mut self, expr: &'a Expr) {
        self.visits += 1;
        if self.visits > MAX_VISITS {
            return;
        }
        match &expr.kind {
            ExprKind::Literal(_) => {}
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Tuple(items) => items.iter().for_each(|item| self.walk(item)),
            ExprKind::Object(items) => {
                for item in items {
                    if let Key::Computed(key) = &item.key {
                        self.walk(key);
                    }
                    self.walk(&item.value);
                }
            }
            ExprKind::Name(_) => {}
            ExprKind::Traversal(base, steps) => {
                let steps: Vec<&Step> = steps.iter().collect();
                self.traversal(base, &steps);
            }
            ExprKind::Conditional(parts) => parts.iter().for_each(|part| self.walk(part)),
            ExprKind::Unary(_, operand) => self.walk(operand),
            ExprKind::Binary(_, operands) => operands.iter().for_each(|o| self.walk(o)),
            ExprKind::Call(call) => call.arguments.iter().for_each(|a| self.walk(a)),
            ExprKind::For(for_expr) => {
                self.walk(&for_expr.collection);
                let before = self.bound.len();
                self.bound.extend(for_expr.key.as_deref());
                self.bound.push(&for_expr.value);
                for part in [&for_expr.result_key, &for_expr.condition]
                    .into_iter()
                    .flatten()
                {
                    self.walk(part);
                }
                self.walk(&for_expr.result);
                self.bound.truncate(before);
            }
            ExprKind::Parenthesis(inner) => self.walk(inner),
        }
    }

    fn parts(&mut self, parts: &'a [Part]) {
        for part in parts {
            match part {
                Part::Literal(_) => {}
                Part::Interpolation(expr) => self.walk(expr),
                Part::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    self.walk(condition);
                    self.parts(then);
                    self.parts(otherwise);
                }
                Part::For {
                    key,
                    value,
                    collection,
                    body,
                } => {
                    self.walk(collection);
                    let before = self.bound.len();
                    self.bound.extend(key.as_deref());
                    self.bound.push(value);
                    self.parts(body);
                    self.bound.truncate(before);
                }
            }
        }
    }

    fn traversal(&mut self, base: &'a Expr, steps: &[&'a Step]) {
        self.indexes(steps);
        let ExprKind::Name(name) = &base.kind else {
            self.walk(base);
            return;
        };
        if self.bound.contains(&&**name) {
            return;
        }
        if let Some((_, through)) = self.iterators.iter().find(|(known, _)| known == name) {
            through.clone().into_iter().for_each(|r| self.push(r));
            return;
        }
        self.reference(name, steps);
    }

    /// Walks computed indexes.
    fn indexes(&mut self, steps: &[&'a Step]) {
        for step in steps {
            match step {
                Step::Get(_) => {}
                Step::Index(index) => self.walk(index),
                Step::Splat(inner) => {
                    let inner: Vec<&Step> = inner.iter().collect();
                    self.indexes(&inner);
                }
            }
        }
    }

    fn reference(&mut self, name: &'a Arc<str>, steps: &[&'a Step]) {
        let first = match steps.first() {
            Some(Step::Get(first)) => Some(first),
            _ => None,
        };
        let rest = |from: usize| rest(steps.get(from..).unwrap_or_default());
        let (subject, rest) = match (&**name, first) {
            ("var", Some(variable)) => (Subject::Variable(variable.clone()), rest(1)),
            ("local", Some(local)) => {
                self.local(local, steps.get(1..).unwrap_or_default());
                return;
            }
            ("each", Some(part)) if &**part == "key" => (Subject::EachKey, rest(1)),
            ("each", _) => (Subject::EachValue, rest(1)),
            ("count", _) => (Subject::CountIndex, String::new()),
            ("path" | "terraform" | "self", _) => (Subject::Constant, String::new()),
            ("module", Some(call)) => {
                let (key, used) = key(steps.get(1));
                let at = 1 + used;
                let output = match steps.get(at) {
                    Some(Step::Get(output)) => Some(output.clone()),
                    Some(Step::Splat(inner)) => match inner.first() {
                        Some(Step::Get(output)) => Some(output.clone()),
                        _ => None,
                    },
                    _ => None,
                };
                let rest = rest(at + usize::from(output.is_some()));
                let subject = Subject::Module {
                    name: call.clone(),
                    key,
                    output,
                };
                (subject, rest)
            }
            ("data", Some(type_name)) => {
                let Some(found) = resource(Mode::Data, type_name, &steps[1..]) else {
                    return;
                };
                found
            }
            (_, Some(_)) => {
                let Some(found) = resource(Mode::Managed, name, steps) else {
                    return;
                };
                found
            }
            _ => return,
        };
        self.push(Reference {
            subject,
            rest: rest.into(),
        });
    }

    /// A local value is what its expression refers to; of an object only the
    /// part that is asked for.
    fn local(&mut self, name: &'a Arc<str>, steps: &[&'a Step]) {
        let Some(local) = self.module.locals.get(name) else {
            return;
        };
        if self.locals.contains(&&**name) {
            return;
        }
        if self.locals.len() >= MAX_LOCALS || self.visits > MAX_VISITS {
            self.push(Reference {
                subject: Subject::Local(name.clone()),
                rest: rest(steps).into(),
            });
            return;
        }
        // The names of `for` around the use mean nothing inside the local.
        let bound = std::mem::take(&mut self.bound);
        let iterators = std::mem::take(&mut self.iterators);
        self.locals.push(name);
        let (expr, steps) = descend(&local.value, steps);
        match &expr.kind {
            ExprKind::Traversal(base, first) => {
                let all: Vec<&Step> = first.iter().chain(steps.iter().copied()).collect();
                self.traversal(base, &all);
            }
            _ => self.walk(expr),
        }
        self.locals.pop();
        self.bound = bound;
        self.iterators = iterators;
    }

    fn push(&mut self, reference: Reference) {
        if !self.found.contains(&reference) {
            self.found.push(reference);
        }
    }
}

/// Goes into objects and lists that are written out.
pub(crate) fn descend<'a, 's>(
    mut expr: &'a Expr,
    mut steps: &'s [&'a Step],
) -> (&'a Expr, &'s [&'a Step]) {
    loop {
        expr = expr.bare();
        let Some((step, rest)) = steps.split_first() else {
            return (expr, steps);
        };
        let found = match (&expr.kind, step) {
            (ExprKind::Object(items), Step::Get(name)) => item(items, name),
            (ExprKind::Object(items), Step::Index(index)) => {
                index.literal_str().and_then(|name| item(items, name))
            }
            (ExprKind::Tuple(items), Step::Index(index)) => match &index.bare().kind {
                ExprKind::Literal(value) => position(value).and_then(|at| items.get(at)),
                _ => None,
            },
            _ => None,
        };
        match found {
            Some(found) => (expr, steps) = (found, rest),
            None => return (expr, steps),
        }
    }
}

fn position(value: &Val) -> Option<usize> {
    match value.kind {
        Kind::Number(number) => usize::try_from(number.as_int()?).ok(),
        _ => None,
    }
}

/// The value written for a key.
pub(crate) fn item<'a>(items: &'a [crate::ast::Item], name: &str) -> Option<&'a Expr> {
    items
        .iter()
        .find(|item| match &item.key {
            Key::Name(key) => &**key == name,
            Key::Computed(key) => key.literal_str() == Some(name),
        })
        .map(|item| &item.value)
}

/// `type.name[key].rest`, the type already taken.
fn resource(mode: Mode, type_name: &Arc<str>, steps: &[&Step]) -> Option<(Subject, String)> {
    let Some(Step::Get(name)) = steps.first() else {
        return None;
    };
    let (key, used) = key(steps.get(1));
    let subject = Subject::Resource {
        mode,
        type_name: type_name.clone(),
        name: name.clone(),
        key,
    };
    Some((subject, rest(steps.get(1 + used..).unwrap_or_default())))
}

/// The constant key an instance is chosen by, and how many steps choose it.
fn key(step: Option<&&Step>) -> (Option<InstanceKey>, usize) {
    let Some(Step::Index(index)) = step else {
        return (None, 0);
    };
    let key = match &index.bare().kind {
        ExprKind::Literal(value) => match &value.kind {
            Kind::String(text) => Some(InstanceKey::Name(text.clone())),
            _ => position(value).map(|at| InstanceKey::Index(at as u64)),
        },
        _ => None,
    };
    (key, 1)
}

/// The steps after the subject as text; computed indexes and splats are left out.
fn rest(steps: &[&Step]) -> String {
    let mut out = String::new();
    append(steps, &mut out);
    out
}

fn append(steps: &[&Step], out: &mut String) {
    for step in steps {
        match step {
            Step::Get(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Step::Index(index) => {
                if let ExprKind::Literal(value) = &index.bare().kind {
                    match &value.kind {
                        Kind::String(text) => {
                            out.push_str(&InstanceKey::Name(text.clone()).to_string());
                        }
                        _ => {
                            if let Some(at) = position(value) {
                                out.push_str(&format!("[{at}]"));
                            }
                        }
                    }
                }
            }
            Step::Splat(inner) => {
                let inner: Vec<&Step> = inner.iter().collect();
                append(&inner, out);
            }
        }
    }
}
