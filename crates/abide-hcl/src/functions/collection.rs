//! Lists, sets and maps.

use std::sync::Arc;

use super::arguments::{int, list, map, size, text, texts, wrong_number};
use super::{Function, Outcome};
use crate::types;
use crate::value::{Kind, Map, Val};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("chunklist", Function::Aware(chunklist)),
    ("coalesce", Function::Aware(coalesce)),
    ("coalescelist", Function::Aware(coalescelist)),
    ("compact", Function::Aware(compact)),
    ("concat", Function::Aware(concat)),
    ("element", Function::Aware(element)),
    ("flatten", Function::Aware(flatten)),
    ("keys", Function::Aware(keys)),
    ("length", Function::Aware(length)),
    ("lookup", Function::Aware(lookup)),
    ("merge", Function::Aware(merge)),
    ("one", Function::Aware(one)),
    ("reverse", Function::Aware(reverse)),
    ("slice", Function::Aware(slice)),
    ("transpose", Function::Plain(transpose)),
    ("values", Function::Aware(values)),
    ("zipmap", Function::Aware(zipmap)),
];

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

pub(super) fn concat(arguments: &[Val]) -> Outcome {
    let mut all = Vec::new();
    for argument in arguments {
        if argument.is_unknown() {
            return Ok(Val::UNKNOWN);
        }
        all.extend(list(argument)?.iter().cloned());
    }
    Ok(Val::list(all))
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

fn slice(arguments: &[Val]) -> Outcome {
    let [values, start, end] = arguments else {
        return wrong_number();
    };
    if start.is_unknown() || end.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    let (start, end) = (size(start)?, size(end)?);
    let outside = || "the positions are outside the list".to_owned();
    if values.is_unknown() {
        // Whatever is in it, so many elements will be there.
        let length = end.checked_sub(start).ok_or_else(outside)?;
        return Ok(if length > super::MAX_LENGTH {
            Val::UNKNOWN
        } else {
            Val::list(vec![Val::UNKNOWN; length])
        });
    }
    list(values)?
        .get(start..end)
        .map(|part| Val::list(part.to_vec()))
        .ok_or_else(outside)
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
