//! From evaluated values to the inventory's, secrets replaced on the way.

use abide_core::source::RedactionKey;
use abide_core::value::{Number, Object, Value};

use crate::number::Num;
use crate::value::{Kind, Map, Val};

/// The value as the inventory keeps it; `None` for null, which is absent there.
pub(crate) fn value(value: &Val, key: &RedactionKey) -> Option<Value> {
    let plain = match &value.kind {
        Kind::Null => return None,
        Kind::Unknown => return Some(Value::Unknown),
        // A key that is not there would be taken for absent.
        Kind::Open(map) if !map.block => return Some(Value::Unknown),
        Kind::Bool(bool) => Value::Bool(*bool),
        Kind::Number(number) => Value::Number(core_number(*number)),
        Kind::String(text) => Value::string(text),
        Kind::List(values) | Kind::Set(values) => Value::List(
            values
                .iter()
                .map(|element| self::value(element, key).unwrap_or(Value::Null))
                .collect(),
        ),
        Kind::Map(map) | Kind::Open(map) => Value::Object(object(map, key, |_| true)),
    };
    Some(if value.sensitive {
        Value::Redacted(key.digest(&plain))
    } else {
        plain
    })
}

/// The wanted entries of a map.
pub(crate) fn object(map: &Map, key: &RedactionKey, wanted: impl Fn(&str) -> bool) -> Object {
    map.iter()
        .filter(|(name, _)| wanted(name))
        .filter_map(|(name, part)| Some((&**name, value(part, key)?)))
        .collect()
}

fn core_number(number: Num) -> Number {
    match number {
        Num::Int(int) => Number::Int(int),
        Num::Float(float) => Number::Float(float),
    }
}
