//! Conversions between types, and the types of variables.

use std::sync::Arc;

use crate::ast::{Expr, ExprKind, Key};
use crate::number::Num;
use crate::value::{Kind, Map, Val};

type Outcome = Result<Val, String>;

/// A type as `type = …` of a variable says it.
#[derive(Clone, Debug)]
pub(crate) enum Type {
    Any,
    Bool,
    Number,
    String,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(Vec<Member>),
}

/// An attribute of an object type.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    name: Arc<str>,
    ty: Type,
    /// `optional(…)`, with its default.
    optional: Option<Val>,
}

/// The value as text; `None` if it is unknown.
pub(crate) fn to_text(value: &Val) -> Result<Option<Arc<str>>, String> {
    Ok(match &value.kind {
        Kind::String(text) => Some(text.clone()),
        Kind::Bool(bool) => Some(if *bool { "true" } else { "false" }.into()),
        Kind::Number(number) => number.text().map(Into::into),
        Kind::Unknown | Kind::Open(_) => None,
        Kind::Null => return Err("a string is needed, not null".to_owned()),
        _ => return Err("a string is needed".to_owned()),
    })
}

/// The value as a number; `None` if it is unknown.
pub(crate) fn to_number(value: &Val) -> Result<Option<Num>, String> {
    Ok(match &value.kind {
        Kind::Number(number) => Some(*number),
        Kind::String(text) => Some(Num::parse(text).ok_or("a number is needed")?),
        Kind::Unknown | Kind::Open(_) => None,
        _ => return Err("a number is needed".to_owned()),
    })
}

/// The value as a truth value; `None` if it is unknown.
pub(crate) fn to_bool(value: &Val) -> Result<Option<bool>, String> {
    Ok(match &value.kind {
        Kind::Bool(bool) => Some(*bool),
        Kind::String(text) => match &**text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => return Err("true or false is needed".to_owned()),
        },
        Kind::Unknown | Kind::Open(_) => None,
        _ => return Err("true or false is needed".to_owned()),
    })
}

/// Whether the type of the other result of a conditional can change this one.
pub(crate) fn may_change_type(value: &Val) -> bool {
    match &value.kind {
        Kind::Bool(_) | Kind::Number(_) => true,
        Kind::List(values) | Kind::Set(values) => values.iter().any(may_change_type),
        Kind::Map(map) => map.values().any(may_change_type),
        _ => false,
    }
}

/// `value` with the type it and `other` have in common.
pub(crate) fn unify_pair(value: Val, other: &Val) -> Val {
    match (&value.kind, &other.kind) {
        (Kind::Number(_) | Kind::Bool(_), Kind::String(_)) => as_string(value),
        (Kind::List(values), Kind::List(others)) if values.len() != others.len() => {
            let all: Vec<&Val> = values.iter().chain(others.iter()).collect();
            if has_string(&all) {
                return Val::list(values.iter().cloned().map(as_string).collect())
                    .marked(value.sensitive);
            }
            value
        }
        (Kind::List(values), Kind::List(others)) => Val::list(
            values
                .iter()
                .zip(others.iter())
                .map(|(value, other)| unify_pair(value.clone(), other))
                .collect(),
        )
        .marked(value.sensitive),
        (Kind::Map(map), Kind::Map(others)) if map.keys().eq(others.keys()) => Val::map(
            map.iter()
                .zip(others.values())
                .map(|((key, value), other)| (key.clone(), unify_pair(value.clone(), other)))
                .collect(),
        )
        .marked(value.sensitive),
        (Kind::Map(map), Kind::Map(others)) => {
            let all: Vec<&Val> = map.values().chain(others.values()).collect();
            if has_string(&all) && all.iter().all(|value| is_scalar(value)) {
                return Val::map(
                    map.iter()
                        .map(|(key, value)| (key.clone(), as_string(value.clone())))
                        .collect(),
                )
                .marked(value.sensitive);
            }
            value
        }
        _ => value,
    }
}

fn has_string(values: &[&Val]) -> bool {
    values
        .iter()
        .any(|value| matches!(value.kind, Kind::String(_)))
}

fn is_scalar(value: &Val) -> bool {
    matches!(
        value.kind,
        Kind::String(_) | Kind::Number(_) | Kind::Bool(_) | Kind::Null | Kind::Unknown
    )
}

/// A number or truth value as the string it is written as.
pub(crate) fn as_string(value: Val) -> Val {
    match &value.kind {
        Kind::Number(_) | Kind::Bool(_) => match to_text(&value) {
            Ok(Some(text)) => Val::string(text).marked(value.sensitive),
            _ => Val::UNKNOWN.marked(value.sensitive),
        },
        _ => value,
    }
}

/// Elements with one type, as a list, set or map has them: numbers beside
/// strings become strings, also one level down.
pub(crate) fn unify(values: Vec<Val>) -> Vec<Val> {
    let all: Vec<&Val> = values.iter().collect();
    if all.iter().all(|value| is_scalar(value)) {
        return match has_string(&all) {
            true => values.into_iter().map(as_string).collect(),
            false => values,
        };
    }
    let inner: Option<Vec<&Vec<Val>>> = values
        .iter()
        .map(|value| value.elements().map(|elements| &***elements))
        .collect();
    let Some(inner) = inner else { return values };
    let scalars: Vec<&Val> = inner.iter().flat_map(|elements| elements.iter()).collect();
    if !has_string(&scalars) || !scalars.iter().all(|value| is_scalar(value)) {
        return values;
    }
    values
        .iter()
        .map(|value| {
            let elements = value.elements().into_iter().flat_map(|e| e.iter());
            let strings = elements.cloned().map(as_string).collect();
            match value.kind {
                Kind::Set(_) => Val::set(strings),
                _ => Val::list(strings),
            }
            .marked(value.sensitive)
        })
        .collect()
}

/// Reads a type constraint. `eval` gives the defaults of `optional(…)`.
pub(crate) fn parse(expr: &Expr, eval: &dyn Fn(&Expr) -> Val) -> Option<Type> {
    let expr = expr.bare();
    match &expr.kind {
        ExprKind::Name(name) => named(name),
        // Up to 0.11 types were strings.
        ExprKind::Literal(_) => named(expr.literal_str()?),
        ExprKind::Call(call) => {
            let [argument] = call.arguments.as_slice() else {
                return None;
            };
            let inner = || parse(argument, eval).map(Box::new);
            match &*call.name {
                "list" => Some(Type::List(inner()?)),
                "set" => Some(Type::Set(inner()?)),
                "map" => Some(Type::Map(inner()?)),
                "object" => members(argument, eval).map(Type::Object),
                "tuple" => match &argument.bare().kind {
                    ExprKind::Tuple(items) => items
                        .iter()
                        .map(|item| parse(item, eval))
                        .collect::<Option<_>>()
                        .map(Type::Tuple),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

fn named(name: &str) -> Option<Type> {
    Some(match name {
        "any" => Type::Any,
        "bool" => Type::Bool,
        "number" => Type::Number,
        "string" => Type::String,
        "list" => Type::List(Box::new(Type::Any)),
        "set" => Type::Set(Box::new(Type::Any)),
        "map" => Type::Map(Box::new(Type::Any)),
        _ => return None,
    })
}

fn members(expr: &Expr, eval: &dyn Fn(&Expr) -> Val) -> Option<Vec<Member>> {
    let ExprKind::Object(items) = &expr.bare().kind else {
        return None;
    };
    items
        .iter()
        .map(|item| {
            let name = match &item.key {
                Key::Name(name) => name.clone(),
                Key::Computed(key) => key.literal_str()?.into(),
            };
            if let ExprKind::Call(call) = &item.value.bare().kind
                && &*call.name == "optional"
            {
                let (ty, default) = match call.arguments.as_slice() {
                    [ty] => (ty, Val::NULL),
                    [ty, default] => (ty, eval(default)),
                    _ => return None,
                };
                return Some(Member {
                    name,
                    ty: parse(ty, eval)?,
                    optional: Some(default),
                });
            }
            Some(Member {
                name,
                ty: parse(&item.value, eval)?,
                optional: None,
            })
        })
        .collect()
}

/// Converts a value to a type.
pub(crate) fn convert(value: &Val, ty: &Type) -> Outcome {
    let sensitive = value.sensitive;
    match (&value.kind, ty) {
        (_, Type::Any) | (Kind::Null | Kind::Unknown, _) => Ok(value.clone()),
        (_, Type::Bool) => Ok(to_bool(value)?.map_or(Val::UNKNOWN, Val::bool)),
        (_, Type::Number) => Ok(to_number(value)?.map_or(Val::UNKNOWN, Val::number)),
        (_, Type::String) => Ok(to_text(value)?.map_or(Val::UNKNOWN, Val::string)),
        (_, Type::List(element)) => Ok(Val::list(elements(value, element)?)),
        (_, Type::Set(element)) => Ok(Val::set(elements(value, element)?)),
        (_, Type::Map(element)) => map(value, element),
        (Kind::List(values), Type::Tuple(types)) if values.len() == types.len() => values
            .iter()
            .zip(types)
            .map(|(value, ty)| convert(value, ty))
            .collect::<Result<_, _>>()
            .map(Val::list),
        (_, Type::Tuple(types)) => Err(format!("a list of {} elements is needed", types.len())),
        (_, Type::Object(members)) => object(value, members),
    }
    .map(|converted| converted.marked(sensitive))
}

fn elements(value: &Val, element: &Type) -> Result<Vec<Val>, String> {
    let values = value.elements().ok_or("a list is needed")?;
    let converted: Vec<Val> = values
        .iter()
        .map(|value| convert(value, element))
        .collect::<Result<_, _>>()?;
    Ok(match element {
        Type::Any => unify(converted),
        _ => converted,
    })
}

fn map(value: &Val, element: &Type) -> Outcome {
    let entries = value.entries().ok_or("a map is needed")?;
    let converted: Vec<Val> = entries
        .values()
        .map(|value| convert(value, element))
        .collect::<Result<_, _>>()?;
    let converted = match element {
        Type::Any => unify(converted),
        _ => converted,
    };
    let map: Map = entries.keys().cloned().zip(converted).collect();
    Ok(match value.kind {
        Kind::Open(_) => Val::open(map),
        _ => Val::map(map),
    })
}

fn object(value: &Val, members: &[Member]) -> Outcome {
    let entries = value.entries().ok_or("an object is needed")?;
    let open = matches!(value.kind, Kind::Open(_));
    let mut map = Map::new();
    for member in members {
        let given = entries.get(&member.name).filter(|given| {
            // `optional(t, default)`: null asks for the default.
            !(given.is_null() && member.optional.is_some())
        });
        let value = match (given, &member.optional) {
            (Some(given), _) => convert(given, &member.ty)
                .map_err(|reason| format!("attribute `{}`: {reason}", member.name))?,
            (None, _) if open => Val::UNKNOWN,
            (None, Some(default)) => convert(default, &member.ty)
                .map_err(|reason| format!("default of `{}`: {reason}", member.name))?,
            (None, None) => return Err(format!("attribute `{}` is missing", member.name)),
        };
        map.insert(member.name.clone(), value);
    }
    Ok(Val::map(map))
}
