//! A provider's schema as `terraform providers schema -json` prints it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

/// A version and a block.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Schema {
    #[serde(default)]
    pub(crate) version: i64,
    #[serde(default)]
    pub(crate) block: Block,
}

/// Attributes and nested blocks by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Block {
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) block_types: BTreeMap<String, Nested>,
}

/// `name = value`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Attribute {
    #[serde(rename = "type")]
    pub(crate) ty: Option<Type>,
    pub(crate) nested_type: Option<Object>,
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) computed: bool,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
}

/// An attribute that holds attributes.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Object {
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) nesting_mode: Nesting,
}

/// `name { … }`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Nested {
    pub(crate) nesting_mode: Nesting,
    #[serde(default)]
    pub(crate) block: Block,
    #[serde(default)]
    pub(crate) min_items: u32,
    #[serde(default)]
    pub(crate) max_items: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Nesting {
    Single,
    List,
    Set,
    Map,
    Group,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Bool,
    Number,
    String,
    Dynamic,
    List(Box<Self>),
    Set(Box<Self>),
    Map(Box<Self>),
    Object(BTreeMap<String, Self>),
    Tuple(Vec<Self>),
}

impl Type {
    /// From Terraform's notation: `"string"`, `["list", "string"]`, `["object", {…}]`.
    fn read(json: &Value) -> Option<Self> {
        match json {
            Value::String(name) => Some(match name.as_str() {
                "bool" => Self::Bool,
                "number" => Self::Number,
                "string" => Self::String,
                "dynamic" => Self::Dynamic,
                _ => return None,
            }),
            Value::Array(parts) => {
                let kind = parts.first()?.as_str()?;
                let of = parts.get(1)?;
                let element = || Self::read(of).map(Box::new);
                Some(match kind {
                    "list" => Self::List(element()?),
                    "set" => Self::Set(element()?),
                    "map" => Self::Map(element()?),
                    "object" => {
                        let members = of.as_object()?.iter();
                        let members =
                            members.map(|(name, ty)| Some((name.clone(), Self::read(ty)?)));
                        Self::Object(members.collect::<Option<_>>()?)
                    }
                    "tuple" => {
                        let members = of.as_array()?.iter().map(Self::read);
                        Self::Tuple(members.collect::<Option<_>>()?)
                    }
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    /// In Terraform's notation.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::Dynamic => json!("dynamic"),
            Self::List(of) => json!(["list", of.to_json()]),
            Self::Set(of) => json!(["set", of.to_json()]),
            Self::Map(of) => json!(["map", of.to_json()]),
            Self::Object(members) => {
                let members = members.iter();
                let members: serde_json::Map<_, _> = members
                    .map(|(name, ty)| (name.clone(), ty.to_json()))
                    .collect();
                json!(["object", members])
            }
            Self::Tuple(members) => {
                json!([
                    "tuple",
                    members.iter().map(Self::to_json).collect::<Vec<_>>()
                ])
            }
        }
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(from)?;
        Self::read(&json).ok_or_else(|| {
            de::Error::custom(
                "this is no type of Terraform, such as \"string\" or [\"list\", \"string\"]",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_they_are_written() {
        let json = json!(["map", ["object", {"a": "string", "b": ["tuple", ["bool", ["set", "number"]]]}]]);
        let ty: Type = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(ty.to_json(), json);
        for wrong in [
            json!("text"),
            json!(["list"]),
            json!(["bag", "string"]),
            json!(7),
        ] {
            assert!(serde_json::from_value::<Type>(wrong).is_err());
        }
    }
}
