//! Values as Terraform sends them: MessagePack, with an extension for what is not known.

use rmpv::Value;
use serde_json::{Map, Number, Value as Json, json};

use crate::schema::{Attribute, Block, Nesting, Type};
use crate::wire::DynamicValue;

/// Not known before apply.
pub(crate) fn unknown() -> Value {
    Value::Ext(0, vec![0])
}

pub(crate) fn is_unknown(value: &Value) -> bool {
    matches!(value, Value::Ext(..))
}

pub(crate) fn is_wholly_known(value: &Value) -> bool {
    match value {
        Value::Ext(..) => false,
        Value::Array(list) => list.iter().all(is_wholly_known),
        Value::Map(members) => members.iter().all(|(_, value)| is_wholly_known(value)),
        _ => true,
    }
}

/// A member of an object.
pub(crate) fn get<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    let members = object.as_map()?;
    let found = members.iter().find(|(key, _)| key.as_str() == Some(name));
    found.map(|(_, value)| value)
}

/// Sets a member that is there.
pub(crate) fn set(object: &mut Value, name: &str, new: Value) {
    if let Value::Map(members) = object
        && let Some((_, value)) = members
            .iter_mut()
            .find(|(key, _)| key.as_str() == Some(name))
    {
        *value = new;
    }
}

/// Reads what came over the wire; nothing is null.
pub(crate) fn decode(value: Option<&DynamicValue>) -> Result<Value, String> {
    match value {
        Some(value) if !value.msgpack.is_empty() => {
            rmpv::decode::read_value(&mut value.msgpack.as_slice())
                .map_err(|error| format!("a value cannot be read: {error}"))
        }
        Some(value) if !value.json.is_empty() => {
            let json: Json = serde_json::from_slice(&value.json)
                .map_err(|error| format!("a value cannot be read: {error}"))?;
            Ok(loose(&json))
        }
        _ => Ok(Value::Nil),
    }
}

pub(crate) fn encode(value: &Value) -> Option<DynamicValue> {
    let mut msgpack = Vec::new();
    // Writing to memory does not fail.
    rmpv::encode::write_value(&mut msgpack, value).ok()?;
    let json = Vec::new();
    Some(DynamicValue { msgpack, json })
}

/// JSON as it stands, without a type to hold it to.
pub(crate) fn loose(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(bool) => (*bool).into(),
        Json::Number(number) => of_number(number),
        Json::String(text) => text.as_str().into(),
        Json::Array(list) => Value::Array(list.iter().map(loose).collect()),
        Json::Object(members) => {
            let members = members.iter();
            Value::Map(
                members
                    .map(|(name, value)| (name.as_str().into(), loose(value)))
                    .collect(),
            )
        }
    }
}

fn of_number(number: &Number) -> Value {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(number), ..) => number.into(),
        (_, Some(number), _) => number.into(),
        (.., Some(number)) => number.into(),
        _ => Value::Nil,
    }
}

/// As JSON; what is unknown is null.
pub(crate) fn to_json(value: &Value) -> Json {
    match value {
        Value::Boolean(bool) => json!(bool),
        Value::Integer(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => json!(number),
            (_, Some(number)) => json!(number),
            _ => Json::Null,
        },
        Value::F32(number) => json!(number),
        Value::F64(number) => json!(number),
        Value::String(text) => json!(text.as_str().unwrap_or_default()),
        Value::Array(list) => Json::Array(list.iter().map(to_json).collect()),
        Value::Map(members) => {
            let members = members.iter();
            let members: Map<_, _> = members
                .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), to_json(value))))
                .collect();
            Json::Object(members)
        }
        _ => Json::Null,
    }
}

/// An object with every member the block has, out of JSON that may have fewer or more.
pub(crate) fn shaped(block: &Block, json: &Json) -> Value {
    let mut members = Vec::new();
    for (name, attribute) in &block.attributes {
        let value = json
            .get(name)
            .map_or(Value::Nil, |json| of(attribute, json));
        members.push((name.as_str().into(), value));
    }
    for (name, nested) in &block.block_types {
        let each = |json: &Json| shaped(&nested.block, json);
        let value = match (nested.nesting_mode, json.get(name)) {
            (Nesting::List | Nesting::Set, Some(Json::Array(list))) => {
                Value::Array(list.iter().map(each).collect())
            }
            (Nesting::List | Nesting::Set, _) => Value::Array(Vec::new()),
            (Nesting::Map, Some(Json::Object(map))) => Value::Map(
                map.iter()
                    .map(|(key, json)| (key.as_str().into(), each(json)))
                    .collect(),
            ),
            (Nesting::Map, _) => Value::Map(Vec::new()),
            (Nesting::Single | Nesting::Group, Some(json @ Json::Object(_))) => each(json),
            (Nesting::Group, _) => each(&Json::Null),
            (Nesting::Single, _) => Value::Nil,
        };
        members.push((name.as_str().into(), value));
    }
    Value::Map(members)
}

fn of(attribute: &Attribute, json: &Json) -> Value {
    if json.is_null() {
        return Value::Nil;
    }
    match (&attribute.ty, &attribute.nested_type) {
        (Some(ty), _) => typed(ty, json),
        (None, Some(object)) => {
            let block = Block {
                attributes: object.attributes.clone(),
                ..Block::default()
            };
            match (object.nesting_mode, json) {
                (Nesting::List | Nesting::Set, Json::Array(list)) => {
                    Value::Array(list.iter().map(|json| shaped(&block, json)).collect())
                }
                (Nesting::Map, Json::Object(map)) => Value::Map(
                    map.iter()
                        .map(|(key, json)| (key.as_str().into(), shaped(&block, json)))
                        .collect(),
                ),
                (_, json) => shaped(&block, json),
            }
        }
        (None, None) => Value::Nil,
    }
}

fn typed(ty: &Type, json: &Json) -> Value {
    match (ty, json) {
        (_, Json::Null) => Value::Nil,
        (Type::String, Json::Bool(_) | Json::Number(_)) => json.to_string().into(),
        (Type::List(of) | Type::Set(of), Json::Array(list)) => {
            Value::Array(list.iter().map(|json| typed(of, json)).collect())
        }
        (Type::Map(of), Json::Object(map)) => Value::Map(
            map.iter()
                .map(|(key, json)| (key.as_str().into(), typed(of, json)))
                .collect(),
        ),
        (Type::Object(members), Json::Object(map)) => Value::Map(
            members
                .iter()
                .map(|(name, ty)| {
                    let value = map.get(name).map_or(Value::Nil, |json| typed(ty, json));
                    (name.as_str().into(), value)
                })
                .collect(),
        ),
        // A type and a value: Terraform reads any JSON type here.
        (Type::Dynamic, json) => {
            let kind = match json {
                Json::Bool(_) => "\"bool\"",
                Json::Number(_) => "\"number\"",
                _ => "\"string\"",
            };
            let value = match json {
                Json::Array(_) | Json::Object(_) => json.to_string().into(),
                other => loose(other),
            };
            Value::Array(vec![Value::Binary(kind.as_bytes().to_vec()), value])
        }
        (_, json) => loose(json),
    }
}
