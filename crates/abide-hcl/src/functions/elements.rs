//! Questions about elements, sets, and lists of numbers.

use super::arguments::{boolean, list, number, texts, wrong_number};
use super::collection::concat;
use super::{Function, MAX_LENGTH, Outcome};
use crate::number::Num;
use crate::operators;
use crate::types;
use crate::value::{Kind, Val};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("alltrue", Function::Aware(|a| quantified(a, false))),
    ("anytrue", Function::Aware(|a| quantified(a, true))),
    ("contains", Function::Aware(contains)),
    ("distinct", Function::Aware(distinct)),
    ("index", Function::Plain(index)),
    ("matchkeys", Function::Aware(matchkeys)),
    ("range", Function::Plain(range)),
    ("setintersection", Function::Plain(setintersection)),
    ("setproduct", Function::Aware(setproduct)),
    ("setsubtract", Function::Plain(setsubtract)),
    ("setunion", Function::Aware(setunion)),
    ("sort", Function::Plain(sort)),
];

fn setunion(arguments: &[Val]) -> Outcome {
    let Val { kind, .. } = concat(arguments)?;
    Ok(match kind {
        Kind::List(values) => Val::set(types::unify(values.to_vec())),
        _ => Val::UNKNOWN,
    })
}

fn setintersection(arguments: &[Val]) -> Outcome {
    let [first, others @ ..] = arguments else {
        return wrong_number();
    };
    let mut kept = list(first)?.to_vec();
    for other in others {
        let other = list(other)?;
        kept.retain(|value| other.iter().any(|o| same(o, value) == Some(true)));
    }
    Ok(Val::set(types::unify(kept)))
}

fn setsubtract(arguments: &[Val]) -> Outcome {
    let [from, other] = arguments else {
        return wrong_number();
    };
    let other = list(other)?;
    let mut kept = list(from)?.to_vec();
    kept.retain(|value| !other.iter().any(|o| same(o, value) == Some(true)));
    Ok(Val::set(types::unify(kept)))
}

fn setproduct(arguments: &[Val]) -> Outcome {
    if arguments.len() < 2 {
        return wrong_number();
    }
    let mut product: Vec<Vec<Val>> = vec![Vec::new()];
    let mut sets = true;
    for argument in arguments {
        if argument.is_unknown() {
            return Ok(Val::UNKNOWN);
        }
        sets &= matches!(argument.kind, Kind::Set(_));
        let values = list(argument)?;
        if product.len().saturating_mul(values.len()) > MAX_LENGTH {
            return Err("the product is too large".to_owned());
        }
        product = product
            .iter()
            .flat_map(|row| {
                values.iter().map(move |value| {
                    let mut row = row.clone();
                    row.push(value.clone());
                    row
                })
            })
            .collect();
    }
    let rows = product.into_iter().map(Val::list).collect();
    Ok(if sets {
        Val::set(rows)
    } else {
        Val::list(rows)
    })
}

fn contains(arguments: &[Val]) -> Outcome {
    let [values, wanted] = arguments else {
        return wrong_number();
    };
    if values.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let mut unknown = false;
    for element in list(values)?.iter() {
        match operators::equal(element, wanted) {
            Some(true) => return Ok(Val::bool(true).marked(element.sensitive)),
            Some(false) => {}
            None => unknown = true,
        }
    }
    Ok(if unknown {
        Val::UNKNOWN
    } else {
        Val::bool(false)
    }
    .marked(values.has_secret()))
}

/// Equality after conversion: a list of strings contains the number 1 as `"1"`.
fn same(element: &Val, wanted: &Val) -> Option<bool> {
    let wanted = match (&element.kind, &wanted.kind) {
        (Kind::String(_), Kind::Number(_) | Kind::Bool(_)) => types::as_string(wanted.clone()),
        _ => wanted.clone(),
    };
    operators::equal(element, &wanted)
}

fn distinct(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    if !value.is_wholly_known() {
        return Ok(Val::UNKNOWN);
    }
    let mut kept: Vec<Val> = Vec::new();
    for element in types::unify(list(value)?.to_vec()) {
        if !kept.contains(&element) {
            kept.push(element);
        }
    }
    Ok(Val::list(kept))
}

fn index(arguments: &[Val]) -> Outcome {
    let [values, wanted] = arguments else {
        return wrong_number();
    };
    list(values)?
        .iter()
        .position(|element| operators::equal(element, wanted) == Some(true))
        .map(Val::count)
        .ok_or_else(|| "the list has no such element".to_owned())
}

fn matchkeys(arguments: &[Val]) -> Outcome {
    let [values, keys, search] = arguments else {
        return wrong_number();
    };
    if values.is_unknown() || !keys.is_wholly_known() || !search.is_wholly_known() {
        return Ok(Val::UNKNOWN);
    }
    let (values, keys, search) = (list(values)?, list(keys)?, list(search)?);
    if values.len() != keys.len() {
        return Err("the lists of values and keys need one length".to_owned());
    }
    let matched = values
        .iter()
        .zip(keys.iter())
        .filter(|(_, key)| search.iter().any(|wanted| same(key, wanted) == Some(true)));
    Ok(Val::list(matched.map(|(value, _)| value.clone()).collect()))
}

/// Whether all, or any, of a list of truth values are true.
fn quantified(arguments: &[Val], any: bool) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    if value.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let mut unknown = false;
    for element in list(value)?.iter() {
        if element.is_unknown() {
            unknown = true;
        } else {
            let holds = !element.is_null() && boolean(element)?;
            if holds == any {
                return Ok(Val::bool(any));
            }
        }
    }
    Ok(if unknown {
        Val::UNKNOWN
    } else {
        Val::bool(!any)
    })
}

fn sort(arguments: &[Val]) -> Outcome {
    let [values] = arguments else {
        return wrong_number();
    };
    let mut sorted = texts(values)?;
    sorted.sort_unstable();
    Ok(Val::list(sorted.into_iter().map(Val::string).collect()))
}

fn range(arguments: &[Val]) -> Outcome {
    let zero = Num::Int(0);
    let (start, limit, step) = match arguments {
        [limit] => (zero, number(limit)?, None),
        [start, limit] => (number(start)?, number(limit)?, None),
        [start, limit, step] => (number(start)?, number(limit)?, Some(number(step)?)),
        _ => return wrong_number(),
    };
    let down = limit.order(start).is_lt();
    let step = step.unwrap_or(Num::Int(if down { -1 } else { 1 }));
    if step.order(zero).is_eq() || step.order(zero).is_lt() != down && !limit.order(start).is_eq() {
        return Err("the step leads away from the limit".to_owned());
    }
    let mut out = Vec::new();
    let mut at = start;
    while if down {
        at.order(limit).is_gt()
    } else {
        at.order(limit).is_lt()
    } {
        // Terraform has the same bound.
        if out.len() >= 1024 {
            return Err("more than 1024 numbers".to_owned());
        }
        out.push(Val::number(at));
        at = at.add(step);
    }
    Ok(Val::list(out))
}
