//! The AWS provider's schema, from the facts that are embedded.

use std::collections::{BTreeMap, BTreeSet};

use abide_schema::{
    Attribute as Known, Block as Body, Member, Nesting as Held, ProviderSchema as ProviderFacts,
    Type as KnownType,
};

use super::model::{Attribute, Block, Nested, Nesting, Schema, Type};
use super::{ProviderSchema, Types};
use crate::OfflineError;

/// The arguments of `provider "aws"`; `abide-schema` holds resources and data sources only.
const PROVIDER: &str = include_str!("../../data/aws-provider-5.100.0.json");

pub(super) fn aws(types: &Types) -> Result<ProviderSchema, OfflineError> {
    let provider = serde_json::from_str(PROVIDER).map_err(|error| OfflineError::Schema {
        file: "the embedded schema".to_owned(),
        reason: error.to_string(),
    })?;
    let aws = ProviderFacts::aws();
    let chosen = |names: &BTreeSet<String>, find: &dyn Fn(&str) -> Option<Body>| {
        let found = names
            .iter()
            .filter_map(|name| Some((name.clone(), schema(find(name)?))));
        found.collect()
    };
    Ok(ProviderSchema {
        provider,
        resources: chosen(&types.resources, &|name| aws.resource(name)),
        data_sources: chosen(&types.data_sources, &|name| aws.data_source(name)),
        ephemerals: BTreeMap::new(),
    })
}

pub(super) fn version() -> &'static str {
    ProviderFacts::aws().version()
}

fn schema(body: Body) -> Schema {
    Schema {
        version: 0,
        block: block(body),
    }
}

fn block(body: Body) -> Block {
    let mut block = Block::default();
    for member in body.members() {
        match member {
            Member::Attribute(known) => {
                block
                    .attributes
                    .insert(known.name.to_owned(), attribute(&known));
            }
            Member::Block(known) => {
                let nested = Nested {
                    nesting_mode: match known.nesting {
                        Held::Single => Nesting::Single,
                        Held::List => Nesting::List,
                        Held::Set => Nesting::Set,
                        Held::Map => Nesting::Map,
                    },
                    block: self::block(known.block),
                    min_items: known.min_items,
                    max_items: known.max_items.unwrap_or_default(),
                };
                block.block_types.insert(known.name.to_owned(), nested);
            }
        }
    }
    block
}

fn attribute(known: &Known) -> Attribute {
    Attribute {
        ty: Some(ty(known.ty)),
        nested_type: None,
        required: known.required,
        optional: known.optional,
        computed: known.computed,
        // `abide-schema` calls every write-only argument a secret.
        sensitive: known.sensitive && !known.write_only,
        write_only: known.write_only,
    }
}

fn ty(known: KnownType) -> Type {
    match known {
        KnownType::Bool => Type::Bool,
        KnownType::Number => Type::Number,
        KnownType::String => Type::String,
        KnownType::Dynamic => Type::Dynamic,
        KnownType::List(of) => Type::List(Box::new(ty(of.ty()))),
        KnownType::Set(of) => Type::Set(Box::new(ty(of.ty()))),
        KnownType::Map(of) => Type::Map(Box::new(ty(of.ty()))),
        KnownType::Object(body) => Type::Object(members(body)),
    }
}

fn members(body: Body) -> BTreeMap<String, Type> {
    let mut members = BTreeMap::new();
    for member in body.members() {
        if let Member::Attribute(known) = member {
            members.insert(known.name.to_owned(), ty(known.ty));
        }
    }
    members
}
