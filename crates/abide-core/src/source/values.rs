//! Reads attribute values out of JSON: only those that are wanted, secrets replaced on the way.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::WantedType;
use super::members::{Malformed, Members};
use crate::value::{Number, Object, Value};

/// Reads the wanted attributes of an object. A `null` attribute is absent, and
/// what is not wanted is passed over. `after_unknown` and `after_sensitive`
/// are `false` when nothing is.
pub(super) fn object(json: &str, wanted: &WantedType) -> serde_json::Result<Object> {
    if matches!(json, "null" | "true" | "false") {
        return Ok(Object::default());
    }
    let mut object = Object::default();
    let malformed = |_| Malformed::describe(json);
    let mut members = Members::of(json).map_err(malformed)?;
    while let Some(name) = members.key().map_err(malformed)? {
        let text = members.value().map_err(malformed)?;
        if wanted.wants(&name) && text != "null" {
            object.push(name.as_ref().into(), whole(text)?);
        }
    }
    Ok(object)
}

/// Reads a whole value.
pub(super) fn whole(json: &str) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    ValueSeed.deserialize(&mut deserializer)
}

struct ValueSeed;

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(Value::Bool(bool))
    }

    fn visit_i64<E>(self, int: i64) -> Result<Value, E> {
        Ok(Value::Number(Number::Int(int)))
    }

    fn visit_u64<E>(self, int: u64) -> Result<Value, E> {
        Ok(Value::Number(match i64::try_from(int) {
            Ok(int) => Number::Int(int),
            #[expect(
                clippy::cast_precision_loss,
                reason = "beyond i64 only the magnitude matters"
            )]
            Err(_) => Number::Float(int as f64),
        }))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Number(Number::Float(float)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::string(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(Self)? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Object::default();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            let value = map.next_value_seed(Self)?;
            if value != Value::Null {
                object.push(name.0.as_ref().into(), value);
            }
        }
        Ok(Value::Object(object))
    }
}

/// A string that is borrowed from the JSON where it has no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Lays `marks` (an `after_unknown` tree) over `values`: `true` makes a value
/// unknown. Where nothing is marked the value stays.
pub(super) fn mark_unknown(values: &mut Object, marks: Object) {
    for (name, mark) in marks.into_entries() {
        match mark {
            Value::Bool(true) => values.insert(name, Value::Unknown),
            Value::List(_) | Value::Object(_) => {
                if let Some(value) = values.get_mut(&name) {
                    mark_value(value, mark);
                } else if let Some(value) = only_marks(mark) {
                    values.push(name, value);
                }
            }
            _ => {}
        }
    }
}

fn mark_value(value: &mut Value, mark: Value) {
    match (value, mark) {
        (slot, Value::Bool(true)) => *slot = Value::Unknown,
        (Value::Object(values), Value::Object(marks)) => mark_unknown(values, marks),
        (Value::List(values), Value::List(marks)) => {
            let extra = marks.len() > values.len();
            let mut marks = marks.into_iter();
            for (value, mark) in values.iter_mut().zip(&mut marks) {
                mark_value(value, mark);
            }
            if extra {
                values.extend(marks.filter_map(only_marks));
            }
        }
        _ => {}
    }
}

/// A part of a value that consists of marks alone; `None` if nothing is unknown in it.
fn only_marks(mark: Value) -> Option<Value> {
    match mark {
        Value::Bool(true) => Some(Value::Unknown),
        Value::List(marks) => {
            let parts: Vec<_> = marks.into_iter().filter_map(only_marks).collect();
            (!parts.is_empty()).then_some(Value::List(parts))
        }
        Value::Object(marks) => {
            let parts: Object = marks
                .into_entries()
                .filter_map(|(name, mark)| Some((name, only_marks(mark)?)))
                .collect();
            (!parts.is_empty()).then_some(Value::Object(parts))
        }
        _ => None,
    }
}
