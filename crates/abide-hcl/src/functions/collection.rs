//! Lists, sets and maps.

use std::sync::Arc;

use super::arguments::{boolean, int, list, map, number, size, text, texts, wrong_number};
use super::{Function, Outcome};
use crate::number::Num;
use crate::operators;
use crate::types;
use crate::value::{Kind, Map, Val};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("alltrue", Function::Aware(|a| quantified(a, false))),
    ("anytrue", Function::Aware(|a| quantified(a, true))),
    ("chunklist", Function::Aware(chunklist)),
    ("coalesce", Function::Aware(coalesce)),
    ("coalescelist", Function::Aware(coalescelist)),
    ("compact", Function::Aware(compact)),
    ("concat", Function::Aware(concat)),
    ("contains", Function::Aware(contains)),
    ("distinct", Function::Aware(distinct)),
    ("element", Function::Aware(element)),
    ("flatten", Function::Aware(flatten)),
    ("index", Function::Plain(index)),
    ("keys", Function::Aware(keys)),
    ("length", Function::Aware(length)),
    ("lookup", Function::Aware(lookup)),
    ("matchkeys", Function::Aware(matchkeys)),
    ("merge", Function::Aware(merge)),
    ("one", Function::Aware(one)),
    ("range", Function::Plain(range)),
    ("reverse", Function::Aware(reverse)),
    ("setintersection", Function::Plain(setintersection)),
    ("setproduct", Function::Aware(setproduct)),
    ("setsubtract", Function::Plain(setsubtract)),
    ("setunion", Function::Aware(setunion)),
    ("slice", Function::Aware(slice)),
    ("sort", Function::Plain(sort)),
    ("transpose", Function::Plain(transpose)),
    ("values", Function::Aware(values)),
    ("zipmap", Function::Aware(zipmap)),
];

/// Products of sets beyond this are not made.
const MAX_PRODUCT: usize = 1 << 20;

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

fn chunklist(arguments: &[Val]) -> Outcome {
    let [values, length] = arguments else {
        return wrong_number();
    };
    if values.is_unknown() || length.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let values = list(values)?;
    let length = match size(length)? {
        0 => values.len().max(1),
        length => length,
    };
    Ok(Val::list(
        values
            .chunks(length)
            .map(|chunk| Val::list(chunk.to_vec()))
            .collect(),
    ))
}

fn coalesce(arguments: &[Val]) -> Outcome {
    let strings = arguments.iter().any(|a| matches!(a.kind, Kind::String(_)));
    for argument in arguments {
        match &argument.kind {
            Kind::Null => {}
            Kind::String(text) if text.is_empty() => {}
            Kind::Unknown => return Ok(Val::UNKNOWN),
            _ if strings => return Ok(types::as_string(argument.clone())),
            _ => return Ok(argument.clone()),
        }
    }
    Err("all arguments are null or empty".to_owned())
}

fn coalescelist(arguments: &[Val]) -> Outcome {
    for argument in arguments {
        if argument.is_unknown() {
            return Ok(Val::UNKNOWN);
        }
        if !argument.is_null() && !list(argument)?.is_empty() {
            return Ok(argument.clone());
        }
    }
    Err("all lists are empty".to_owned())
}

fn compact(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    // An unknown element may be empty.
    if !value.is_wholly_known() {
        return Ok(Val::UNKNOWN);
    }
    let kept = list(value)?
        .iter()
        .filter(|element| !element.is_null() && element.as_str() != Some(""))
        .cloned()
        .collect();
    Ok(Val::list(types::unify(kept)))
}

fn concat(arguments: &[Val]) -> Outcome {
    let mut all = Vec::new();
    for argument in arguments {
        if argument.is_unknown() {
            return Ok(Val::UNKNOWN);
        }
        all.extend(list(argument)?.iter().cloned());
    }
    Ok(Val::list(all))
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

fn element(arguments: &[Val]) -> Outcome {
    let [values, at] = arguments else {
        return wrong_number();
    };
    if values.is_unknown() || at.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let values = list(values)?;
    let length = i64::try_from(values.len()).unwrap_or(i64::MAX);
    if length == 0 {
        return Err("the list is empty".to_owned());
    }
    let at = int(at)?;
    if at < 0 {
        return Err("the index is negative".to_owned());
    }
    let at = at % length;
    Ok(values[usize::try_from(at).unwrap_or(0)].clone())
}

fn flatten(arguments: &[Val]) -> Outcome {
    fn into(values: &[Val], out: &mut Vec<Val>) -> bool {
        values.iter().all(|value| match &value.kind {
            Kind::List(inner) | Kind::Set(inner) => into(inner, out),
            // It may be a list of any length.
            Kind::Unknown => false,
            _ => {
                out.push(value.clone());
                true
            }
        })
    }
    let [value] = arguments else {
        return wrong_number();
    };
    if value.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let mut out = Vec::new();
    let complete = into(list(value)?, &mut out);
    Ok(if complete {
        Val::list(out)
    } else {
        Val::UNKNOWN
    }
    .marked(value.has_secret()))
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

fn keys(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    if matches!(value.kind, Kind::Unknown | Kind::Open(_)) {
        return Ok(Val::UNKNOWN);
    }
    let keys = map(value)?.keys().map(|key| Val::string(key.clone()));
    Ok(Val::list(keys.collect()))
}

fn values(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    if matches!(value.kind, Kind::Unknown | Kind::Open(_)) {
        return Ok(Val::UNKNOWN);
    }
    Ok(Val::list(map(value)?.values().cloned().collect()))
}

fn length(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(match &value.kind {
        Kind::Unknown | Kind::Open(_) => Val::UNKNOWN,
        Kind::List(values) => Val::count(values.len()),
        // Unknown elements of a set may be equal.
        Kind::Set(values) if value.is_wholly_known() || values.len() < 2 => {
            Val::count(values.len())
        }
        Kind::Set(_) => Val::UNKNOWN,
        Kind::Map(map) => Val::count(map.len()),
        Kind::String(text) => super::string::characters(text)
            .map_or(Val::UNKNOWN, |characters| Val::count(characters.len())),
        _ => return Err("a list, a map or a string is needed".to_owned()),
    })
}

fn lookup(arguments: &[Val]) -> Outcome {
    let (value, key, default) = match arguments {
        [value, key] => (value, key, None),
        [value, key, default] => (value, key, Some(default)),
        _ => return wrong_number(),
    };
    if value.is_unknown() || key.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let map = map(value)?;
    match (map.get(&text(key)?), default) {
        (Some(found), _) => Ok(found.clone()),
        (None, _) if matches!(value.kind, Kind::Open(_)) => Ok(Val::UNKNOWN),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err("the map has no such key, and there is no default".to_owned()),
    }
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

fn merge(arguments: &[Val]) -> Outcome {
    let mut merged = Map::new();
    let mut open = false;
    for argument in arguments {
        match &argument.kind {
            Kind::Null => {}
            Kind::Unknown => {
                // It may replace anything that was there before.
                open = true;
                merged.values_mut().for_each(|value| *value = Val::UNKNOWN);
            }
            Kind::Open(map) => {
                open = true;
                merged.values_mut().for_each(|value| *value = Val::UNKNOWN);
                merged.extend(map.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
            Kind::Map(map) => merged.extend(map.iter().map(|(k, v)| (k.clone(), v.clone()))),
            _ => return Err("a map is needed".to_owned()),
        }
    }
    Ok(if open {
        Val::open(merged)
    } else {
        Val::map(merged)
    })
}

fn one(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    if value.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    if value.is_null() {
        return Ok(Val::NULL);
    }
    match list(value)?.as_slice() {
        [] => Ok(Val::NULL),
        [one] => Ok(one.clone()),
        _ => Err("the list has more than one element".to_owned()),
    }
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

fn reverse(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    if value.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let mut values = list(value)?.to_vec();
    values.reverse();
    Ok(Val::list(values))
}

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
        if product.len().saturating_mul(values.len()) > MAX_PRODUCT {
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

fn slice(arguments: &[Val]) -> Outcome {
    let [values, start, end] = arguments else {
        return wrong_number();
    };
    if values.is_unknown() || start.is_unknown() || end.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let values = list(values)?;
    let (start, end) = (size(start)?, size(end)?);
    values
        .get(start..end)
        .map(|part| Val::list(part.to_vec()))
        .ok_or_else(|| "the positions are outside the list".to_owned())
}

fn sort(arguments: &[Val]) -> Outcome {
    let [values] = arguments else {
        return wrong_number();
    };
    let mut sorted = texts(values)?;
    sorted.sort_unstable();
    Ok(Val::list(sorted.into_iter().map(Val::string).collect()))
}

fn transpose(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    let mut out: std::collections::BTreeMap<Arc<str>, Vec<Arc<str>>> = Default::default();
    for (key, values) in map(value)?.iter() {
        for value in texts(values)? {
            out.entry(value).or_default().push(key.clone());
        }
    }
    Ok(Val::map(
        out.into_iter()
            .map(|(key, mut values)| {
                values.sort_unstable();
                (
                    key,
                    Val::list(values.into_iter().map(Val::string).collect()),
                )
            })
            .collect(),
    ))
}

fn zipmap(arguments: &[Val]) -> Outcome {
    let [keys, values] = arguments else {
        return wrong_number();
    };
    if !keys.is_wholly_known() || values.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let (keys, values) = (texts(keys)?, list(values)?);
    if keys.len() != values.len() {
        return Err("the lists of keys and values need one length".to_owned());
    }
    Ok(Val::map(
        keys.into_iter().zip(values.iter().cloned()).collect(),
    ))
}
