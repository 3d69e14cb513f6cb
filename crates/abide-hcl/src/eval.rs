//! Evaluates expressions.
//!
//! What cannot be known is [`Kind::Unknown`] and stays inside the value it is
//! a part of: a list keeps its other elements.

use std::rc::Rc;
use std::sync::Arc;

use crate::ast::{Call, Expr, ExprKind, Item, Key, Step, UnaryOp};
use crate::fail::{EVALUATE, Evaluated, Fail, LIMIT, REFERENCE};
use crate::instance::Instance;
use crate::operators;
use crate::source_map::{FileId, Location};
use crate::types;
use crate::value::{Kind, Map, Val};
use crate::world::World;

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    /// The module instance; template files and variable files have none.
    pub(crate) module: Option<&'s Rc<Instance>>,
    pub(crate) file: FileId,
    pub(crate) frame: Option<&'s Frame<'s>>,
}

/// A name that holds in a part of an expression or block, and those around it.
pub(crate) struct Frame<'s> {
    pub(crate) name: &'s str,
    pub(crate) value: Val,
    pub(crate) outer: Option<&'s Frame<'s>>,
}

impl<'s> Scope<'s> {
    pub(crate) fn in_module(module: &'s Rc<Instance>, file: FileId) -> Self {
        Self {
            module: Some(module),
            file,
            frame: None,
        }
    }

    /// The scope of constants.
    pub(crate) fn bare(file: FileId) -> Self {
        Self {
            module: None,
            file,
            frame: None,
        }
    }

    pub(crate) fn with<'n>(self, frame: &'n Frame<'n>) -> Scope<'n>
    where
        's: 'n,
    {
        Scope {
            frame: Some(frame),
            ..self
        }
    }

    pub(crate) fn in_file(self, file: FileId) -> Self {
        Self { file, ..self }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'s Val> {
        let mut frame = self.frame;
        while let Some(here) = frame {
            if here.name == name {
                return Some(&here.value);
            }
            frame = here.outer;
        }
        None
    }

    pub(crate) fn location(&self, expr: &Expr) -> Location {
        Location {
            file: self.file,
            span: expr.span,
        }
    }
}

impl World<'_> {
    /// The value of an expression.
    pub(crate) fn eval(&self, expr: &Expr, scope: Scope<'_>) -> Evaluated {
        if let ExprKind::Literal(value) = &expr.kind {
            return Ok(value.clone());
        }
        let _deeper = self.enter()?;
        let value = self
            .eval_kind(expr, scope)
            .map_err(|fail| fail.at(scope.location(expr)))?;
        let facts = value.facts();
        if facts.size > self.options.limits.value_size || facts.depth > self.options.limits.depth {
            let fail = Fail::new(LIMIT, "the value is too large to be evaluated");
            return Err(fail.at(scope.location(expr)));
        }
        Ok(value)
    }

    fn eval_kind(&self, expr: &Expr, scope: Scope<'_>) -> Evaluated {
        match &expr.kind {
            ExprKind::Literal(value) => Ok(value.clone()),
            ExprKind::Template(parts) => self.template(parts, scope),
            ExprKind::Tuple(items) => items
                .iter()
                .map(|item| self.eval(item, scope))
                .collect::<Result<_, _>>()
                .map(Val::list),
            ExprKind::Object(items) => self.object(items, scope),
            ExprKind::Name(name) => scope.get(name).cloned().ok_or_else(|| {
                Fail::new(
                    REFERENCE,
                    format!("`{name}` is no value: a reference needs at least two names, text needs quotes"),
                )
            }),
            ExprKind::Traversal(base, steps) => self.traversal(base, steps, scope),
            ExprKind::Conditional(parts) => self.conditional(parts, scope),
            ExprKind::Unary(operator, operand) => {
                let value = self.eval(operand, scope)?;
                let result = match operator {
                    UnaryOp::Not => operators::not(&value),
                    UnaryOp::Negate => operators::negate(&value),
                };
                result.map_err(|message| Fail::new(EVALUATE, message))
            }
            ExprKind::Binary(operator, operands) => {
                let [left, right] = &**operands;
                let left = self.eval(left, scope)?;
                let right = self.eval(right, scope)?;
                operators::binary(*operator, &left, &right)
                    .map_err(|message| Fail::new(EVALUATE, message))
            }
            ExprKind::Call(call) => self.call(call, scope),
            ExprKind::For(for_expr) => self.for_expr(for_expr, scope),
            ExprKind::Parenthesis(inner) => self.eval(inner, scope),
        }
    }

    fn object(&self, items: &[Item], scope: Scope<'_>) -> Evaluated {
        let mut map = Map::new();
        let mut sensitive = false;
        let mut complete = true;
        for item in items {
            let value = self.eval(&item.value, scope)?;
            let key = match &item.key {
                Key::Name(name) => name.clone(),
                Key::Computed(key) => {
                    let key = self.eval(key, scope)?;
                    sensitive |= key.sensitive;
                    match key_text(&key) {
                        Ok(Some(text)) => text,
                        Ok(None) => {
                            complete = false;
                            continue;
                        }
                        Err(message) => return Err(Fail::new(EVALUATE, message)),
                    }
                }
            };
            map.insert(key, value);
        }
        // With an unknown key nobody can say which other keys there are.
        let value = if complete {
            Val::map(map)
        } else {
            Val::open(map)
        };
        Ok(value.marked(sensitive))
    }

    fn conditional(&self, parts: &[Expr; 3], scope: Scope<'_>) -> Evaluated {
        let [condition, then, otherwise] = parts;
        let condition = self.eval(condition, scope)?;
        let sensitive = condition.sensitive;
        let chosen = match types::to_bool(&condition) {
            Ok(Some(chosen)) => chosen,
            Ok(None) => {
                let then = self.eval(then, scope).unwrap_or(Val::UNKNOWN);
                let otherwise = self.eval(otherwise, scope).unwrap_or(Val::UNKNOWN);
                return Ok(either(&then, &otherwise).marked(sensitive));
            }
            Err(message) => return Err(Fail::new(EVALUATE, message)),
        };
        let (taken, other) = if chosen {
            (then, otherwise)
        } else {
            (otherwise, then)
        };
        let value = self.eval(taken, scope)?;
        // Both results get one type, which may make a number a string.
        if types::may_change_type(&value) {
            let other = self.eval(other, scope).unwrap_or(Val::NULL);
            return Ok(types::unify_pair(value, &other).marked(sensitive));
        }
        Ok(value.marked(sensitive))
    }

    fn call(&self, call: &Call, scope: Scope<'_>) -> Evaluated {
        match &*call.name {
            "try" => return self.call_try(call, scope),
            "can" => return self.call_can(call, scope),
            _ => {}
        }
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for (at, argument) in call.arguments.iter().enumerate() {
            let value = self.eval(argument, scope)?;
            if call.expand && at + 1 == call.arguments.len() {
                match value.elements() {
                    Some(values) => arguments.extend(
                        values
                            .iter()
                            .map(|element| element.clone().marked(value.sensitive)),
                    ),
                    None if value.is_unknown() => return Ok(value),
                    None => {
                        return Err(Fail::new(EVALUATE, "`...` needs a list before it"));
                    }
                }
            } else {
                arguments.push(value);
            }
        }
        self.spend(arguments.iter().map(|a| a.facts().size / 64).sum())?;
        crate::functions::call(self, &call.name, &arguments, scope)
    }

    /// The first argument that has a value.
    fn call_try(&self, call: &Call, scope: Scope<'_>) -> Evaluated {
        let mut last = None;
        for argument in &call.arguments {
            match self.eval(argument, scope) {
                Ok(value) => return Ok(value),
                Err(fail) if fail.code == LIMIT => return Err(fail),
                Err(fail) => last = Some(fail),
            }
        }
        Err(last.unwrap_or_else(|| Fail::new(EVALUATE, "`try` needs an argument")))
    }

    fn call_can(&self, call: &Call, scope: Scope<'_>) -> Evaluated {
        let [argument] = call.arguments.as_slice() else {
            return Err(Fail::new(EVALUATE, "`can` needs one argument"));
        };
        match self.eval(argument, scope) {
            Ok(value) if value.is_wholly_known() => Ok(Val::bool(true)),
            Ok(_) => Ok(Val::UNKNOWN),
            Err(fail) if fail.code == LIMIT => Err(fail),
            Err(_) => Ok(Val::bool(false)),
        }
    }

    /// Follows the steps of a traversal from a value.
    pub(crate) fn steps(&self, mut value: Val, steps: &[Step], scope: Scope<'_>) -> Evaluated {
        for step in steps {
            value = match step {
                Step::Get(name) => get(&value, name)?,
                Step::Index(index) => {
                    let index = self.eval(index, scope)?;
                    let sensitive = index.sensitive;
                    operators::index(&value, &index)
                        .map_err(|message| Fail::new(EVALUATE, message))?
                        .marked(sensitive)
                }
                Step::Splat(inner) => self.splat(&value, inner, scope)?,
            };
        }
        Ok(value)
    }

    fn splat(&self, value: &Val, inner: &[Step], scope: Scope<'_>) -> Evaluated {
        let elements: Vec<Val> = match &value.kind {
            Kind::Null => Vec::new(),
            Kind::Unknown => return Ok(value.clone()),
            Kind::List(values) | Kind::Set(values) => values.to_vec(),
            _ => vec![value.clone()],
        };
        elements
            .into_iter()
            .map(|element| self.steps(element, inner, scope))
            .collect::<Result<_, _>>()
            .map(|values| Val::list(values).marked(value.sensitive))
    }
}

/// An attribute of a value, or the attributes of the elements of a list.
pub(crate) fn get(value: &Val, name: &str) -> Evaluated {
    operators::get(value, name).map_err(|message| Fail::new(EVALUATE, message))
}

/// Keys and values of a collection; `None` if it is unknown.
pub(crate) fn pairs(collection: &Val) -> Result<Option<Vec<(Val, Val)>>, Box<Fail>> {
    let sensitive = collection.sensitive;
    Ok(Some(match &collection.kind {
        Kind::Unknown => return Ok(None),
        Kind::List(values) => values
            .iter()
            .enumerate()
            .map(|(at, value)| (Val::count(at), value.clone().marked(sensitive)))
            .collect(),
        Kind::Set(values) => values
            .iter()
            .map(|value| {
                let value = value.clone().marked(sensitive);
                (value.clone(), value)
            })
            .collect(),
        Kind::Map(map) | Kind::Open(map) => map
            .iter()
            .map(|(key, value)| {
                (
                    Val::string(key.clone()).marked(sensitive),
                    value.clone().marked(sensitive),
                )
            })
            .collect(),
        _ => {
            return Err(Fail::new(
                EVALUATE,
                "only lists, sets, maps and objects can be iterated over",
            ));
        }
    }))
}

pub(crate) fn key_text(key: &Val) -> Result<Option<Arc<str>>, String> {
    if key.is_null() {
        return Err("a key of an object cannot be null".to_owned());
    }
    types::to_text(key)
}

/// What is certain when either of two values may be meant.
fn either(a: &Val, b: &Val) -> Val {
    let sensitive = a.sensitive || b.sensitive;
    let kind = match (&a.kind, &b.kind) {
        _ if a == b && a.is_wholly_known() => return a.clone().marked(sensitive),
        (Kind::List(a), Kind::List(b)) if a.len() == b.len() => {
            return Val::list(a.iter().zip(b.iter()).map(|(a, b)| either(a, b)).collect())
                .marked(sensitive);
        }
        (Kind::Map(a), Kind::Map(b)) if a.keys().eq(b.keys()) => {
            return Val::map(
                a.iter()
                    .zip(b.values())
                    .map(|((key, a), b)| (key.clone(), either(a, b)))
                    .collect(),
            )
            .marked(sensitive);
        }
        _ => Kind::Unknown,
    };
    Val::from(kind).marked(sensitive)
}
