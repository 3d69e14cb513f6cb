//! What a cloud adds to an object when it is made: ids, ARNs and the rest that is computed. For tests.

use rmpv::Value;

use crate::schema::{Attribute, Block, Nesting, Type};
use crate::value::{get, is_unknown};

/// Arguments that are the id of many types.
const NAMES: [&str; 5] = [
    "bucket",
    "name",
    "identifier",
    "cluster_identifier",
    "key_id",
];

/// An id: the object's name if it has one, else the same one for the same arguments.
pub(crate) fn id(type_name: &str, object: &Value) -> String {
    let name = NAMES.iter().find_map(|name| get(object, name)?.as_str());
    if let Some(name) = name {
        return name.to_owned();
    }
    let kind = type_name.rsplit('_').next().unwrap_or(type_name);
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = rmpv::encode::write_value(&mut bytes, object);
    // FNV-1a.
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{kind}-{hash:016x}")
}

/// Puts values where they were to come with apply.
pub(crate) fn fill(block: &Block, object: &mut Value, type_name: &str, id: &str) {
    let Value::Map(members) = object else { return };
    for (name, value) in members {
        let Some(name) = name.as_str() else { continue };
        if let Some(attribute) = block.attributes.get(name) {
            if is_unknown(value) {
                *value = invented(name, attribute, type_name, id);
            }
        } else if let Some(nested) = block.block_types.get(name) {
            match value {
                Value::Array(list) => {
                    for element in list {
                        fill(&nested.block, element, type_name, id);
                    }
                }
                Value::Map(_) => fill(&nested.block, value, type_name, id),
                value if is_unknown(value) => {
                    *value = match nested.nesting_mode {
                        Nesting::List | Nesting::Set => Value::Array(Vec::new()),
                        Nesting::Map => Value::Map(Vec::new()),
                        Nesting::Single | Nesting::Group => Value::Nil,
                    };
                }
                _ => {}
            }
        }
    }
}

fn invented(name: &str, attribute: &Attribute, type_name: &str, id: &str) -> Value {
    match (name, &attribute.ty) {
        ("id", _) => id.into(),
        ("arn", _) => format!("arn:aws:test:us-east-1:000000000000:{type_name}/{id}").into(),
        (_, Some(Type::Bool)) => false.into(),
        (_, Some(Type::Number)) => 0.into(),
        (_, Some(Type::String)) => format!("{id}-{name}").into(),
        (_, Some(Type::List(_) | Type::Set(_))) => Value::Array(Vec::new()),
        (_, Some(Type::Map(_))) => Value::Map(Vec::new()),
        _ => Value::Nil,
    }
}
