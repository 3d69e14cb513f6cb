//! Brings values into the types the provider's schema gives them.

use abide_core::address::Mode;
use abide_schema::{Block, Member, ProviderSchema, Type};

use crate::types;
use crate::value::{Kind, Map, Val};

/// The body of a resource type or data source, if the AWS provider has it.
pub(crate) fn body(mode: Mode, type_name: &str) -> Option<Block> {
    let schema = ProviderSchema::aws();
    match mode {
        Mode::Managed => schema.resource(type_name),
        Mode::Data => schema.data_source(type_name),
    }
}

/// Converts a value as Terraform does before it hands it to the provider. A
/// value that does not fit stays as it is: Terraform refuses it anyway.
pub(crate) fn convert(value: Val, ty: Type) -> Val {
    let sensitive = value.sensitive;
    let scalar = |converted: Result<Option<Val>, String>| match converted {
        Ok(Some(converted)) => converted.marked(sensitive),
        Ok(None) => Val::UNKNOWN.marked(sensitive),
        Err(_) => value.clone(),
    };
    match (&value.kind, ty) {
        (Kind::Null | Kind::Unknown, _) | (_, Type::Dynamic) => value,
        (_, Type::Bool) => scalar(types::to_bool(&value).map(|v| v.map(Val::bool))),
        (_, Type::Number) => scalar(types::to_number(&value).map(|v| v.map(Val::number))),
        (_, Type::String) => scalar(types::to_text(&value).map(|v| v.map(Val::string))),
        (Kind::List(values) | Kind::Set(values), Type::List(element)) => {
            Val::list(each(values, element.ty())).marked(sensitive)
        }
        (Kind::List(values) | Kind::Set(values), Type::Set(element)) => {
            Val::set(each(values, element.ty())).marked(sensitive)
        }
        (Kind::Map(map), Type::Map(element)) => {
            Val::map(entries(map, &|_| Some(element.ty()))).marked(sensitive)
        }
        (Kind::Open(map), Type::Map(element)) => {
            Val::open(entries(map, &|_| Some(element.ty()))).marked(sensitive)
        }
        (Kind::Map(map), Type::Object(block)) => {
            Val::map(entries(map, &|name| member(block, name))).marked(sensitive)
        }
        _ => value,
    }
}

fn each(values: &[Val], ty: Type) -> Vec<Val> {
    values
        .iter()
        .map(|value| convert(value.clone(), ty))
        .collect()
}

fn entries(map: &Map, ty: &dyn Fn(&str) -> Option<Type>) -> Map {
    map.iter()
        .map(|(name, value)| {
            let value = match ty(name) {
                Some(ty) => convert(value.clone(), ty),
                None => value.clone(),
            };
            (name.clone(), value)
        })
        .collect()
}

fn member(block: Block, name: &str) -> Option<Type> {
    match block.member(name)? {
        Member::Attribute(attribute) => Some(attribute.ty),
        Member::Block(nested) => Some(Type::Object(nested.block)),
    }
}

/// The value as a map of strings, the type of tags.
pub(crate) fn convert_map_of_strings(value: Val) -> Val {
    match &value.kind {
        Kind::Map(map) => {
            let strings = map
                .iter()
                .map(|(key, value)| (key.clone(), types::as_string(value.clone())))
                .collect();
            Val::map(strings).marked(value.sensitive)
        }
        _ => value,
    }
}
