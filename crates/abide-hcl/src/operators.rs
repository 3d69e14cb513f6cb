//! Operators, attribute access and indexing.

use crate::ast::BinaryOp;
use crate::number::Num;
use crate::types::{to_bool, to_number, to_text};
use crate::value::{Kind, Val};

type Outcome = Result<Val, String>;

pub(crate) fn not(value: &Val) -> Outcome {
    not_null(value)?;
    Ok(to_bool(value)?
        .map_or(Val::UNKNOWN, |bool| Val::bool(!bool))
        .marked(value.sensitive))
}

pub(crate) fn negate(value: &Val) -> Outcome {
    not_null(value)?;
    Ok(to_number(value)?
        .map_or(Val::UNKNOWN, |number| Val::number(number.negate()))
        .marked(value.sensitive))
}

pub(crate) fn binary(operator: BinaryOp, left: &Val, right: &Val) -> Outcome {
    let value = match operator {
        BinaryOp::Equal => equal(left, right).map_or(Val::UNKNOWN, Val::bool),
        BinaryOp::NotEqual => equal(left, right).map_or(Val::UNKNOWN, |equal| Val::bool(!equal)),
        BinaryOp::And | BinaryOp::Or => logic(operator == BinaryOp::Or, left, right)?,
        _ => arithmetic(operator, left, right)?,
    };
    let secret = left.sensitive
        || right.sensitive
        || matches!(operator, BinaryOp::Equal | BinaryOp::NotEqual)
            && (left.has_secret() || right.has_secret());
    Ok(value.marked(secret))
}

/// Whether two values are equal; `None` if that is not known.
pub(crate) fn equal(left: &Val, right: &Val) -> Option<bool> {
    match (&left.kind, &right.kind) {
        (Kind::Unknown, _) | (_, Kind::Unknown) => None,
        // A resource and its blocks are values, never null.
        (Kind::Open(_), Kind::Null) | (Kind::Null, Kind::Open(_)) => Some(false),
        (Kind::Open(_), _) | (_, Kind::Open(_)) => None,
        (Kind::List(a), Kind::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b.iter()).map(|(a, b)| equal(a, b)))
        }
        (Kind::Set(a), Kind::Set(b)) => {
            let known = left.is_wholly_known() && right.is_wholly_known();
            known.then(|| **a == **b)
        }
        (Kind::Map(a), Kind::Map(b)) => {
            if !a.keys().eq(b.keys()) {
                return Some(false);
            }
            all(a.values().zip(b.values()).map(|(a, b)| equal(a, b)))
        }
        _ => Some(left == right),
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => result = None,
            Some(true) => {}
        }
    }
    result
}

fn logic(or: bool, left: &Val, right: &Val) -> Outcome {
    not_null(left)?;
    not_null(right)?;
    let (a, b) = (to_bool(left)?, to_bool(right)?);
    Ok(match (a, b) {
        (Some(a), _) if a == or => Val::bool(or),
        (_, Some(b)) if b == or => Val::bool(or),
        (Some(_), Some(_)) => Val::bool(!or),
        _ => Val::UNKNOWN,
    })
}

fn arithmetic(operator: BinaryOp, left: &Val, right: &Val) -> Outcome {
    not_null(left)?;
    not_null(right)?;
    let (Some(a), Some(b)) = (to_number(left)?, to_number(right)?) else {
        return Ok(Val::UNKNOWN);
    };
    let zero = || "division by zero".to_owned();
    Ok(match operator {
        BinaryOp::Add => Val::number(a.add(b)),
        BinaryOp::Subtract => Val::number(a.subtract(b)),
        BinaryOp::Multiply => Val::number(a.multiply(b)),
        BinaryOp::Divide => Val::number(a.divide(b).ok_or_else(zero)?),
        BinaryOp::Modulo => Val::number(a.modulo(b).ok_or_else(zero)?),
        BinaryOp::Less => Val::bool(a.order(b).is_lt()),
        BinaryOp::LessEqual => Val::bool(a.order(b).is_le()),
        BinaryOp::Greater => Val::bool(a.order(b).is_gt()),
        BinaryOp::GreaterEqual => Val::bool(a.order(b).is_ge()),
        BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::And | BinaryOp::Or => Val::UNKNOWN,
    })
}

fn not_null(value: &Val) -> Result<(), String> {
    if value.is_null() {
        return Err("an operand is null".to_owned());
    }
    Ok(())
}

/// An attribute of an object.
pub(crate) fn get(value: &Val, name: &str) -> Outcome {
    let found = match &value.kind {
        Kind::Unknown => Val::UNKNOWN,
        Kind::Open(map) => map.get(name).cloned().unwrap_or(Val::UNKNOWN),
        Kind::Map(map) => map
            .get(name)
            .cloned()
            .ok_or_else(|| format!("the object has no attribute `{name}`"))?,
        Kind::Null => return Err(format!("`{name}` of a null value")),
        Kind::List(_) | Kind::Set(_) => {
            return Err(format!(
                "`{name}` of a list: choose an element with `[0]` or take all with `[*]`"
            ));
        }
        _ => return Err(format!("`{name}` of a value that has no attributes")),
    };
    Ok(found.marked(value.sensitive))
}

/// An element of a list or map.
pub(crate) fn index(value: &Val, index: &Val) -> Outcome {
    if index.is_null() {
        return Err("the index is null".to_owned());
    }
    let found = match &value.kind {
        Kind::Unknown => Val::UNKNOWN,
        Kind::List(values) => match to_number(index)? {
            None => Val::UNKNOWN,
            Some(position) => element(values, position)?,
        },
        Kind::Map(map) | Kind::Open(map) => match to_text(index)? {
            None => Val::UNKNOWN,
            Some(key) => match map.get(&key) {
                Some(found) => found.clone(),
                None if matches!(value.kind, Kind::Open(_)) => Val::UNKNOWN,
                None => return Err("the map has no such key".to_owned()),
            },
        },
        Kind::Null => return Err("an index into a null value".to_owned()),
        Kind::Set(_) => {
            return Err("elements of a set have no index; convert it with `tolist`".to_owned());
        }
        _ => return Err("an index into a value that has no elements".to_owned()),
    };
    Ok(found.marked(value.sensitive))
}

fn element(values: &[Val], position: Num) -> Outcome {
    position
        .as_int()
        .and_then(|at| usize::try_from(at).ok())
        .and_then(|at| values.get(at))
        .cloned()
        .ok_or_else(|| "the list has no such element".to_owned())
}
