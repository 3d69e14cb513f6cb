//! The schema in the messages of the protocol.

use crate::schema::{Attribute, Block, Nesting, Object, ProviderSchema, Schema};
use crate::wire;

pub(crate) fn response(schema: &ProviderSchema) -> wire::SchemaResponse {
    let all = |schemas: &std::collections::BTreeMap<String, Schema>| {
        let schemas = schemas.iter();
        schemas
            .map(|(name, schema)| (name.clone(), self::schema(schema)))
            .collect()
    };
    wire::SchemaResponse {
        provider: Some(self::schema(&schema.provider)),
        resources: all(&schema.resources),
        data_sources: all(&schema.data_sources),
        diagnostics: Vec::new(),
        ephemerals: all(&schema.ephemerals),
    }
}

fn schema(schema: &Schema) -> wire::Schema {
    wire::Schema {
        version: schema.version,
        block: Some(block(&schema.block)),
    }
}

fn block(block: &Block) -> wire::Block {
    let nested = block.block_types.iter();
    wire::Block {
        version: 0,
        attributes: block.attributes.iter().map(attribute).collect(),
        block_types: nested
            .map(|(name, nested)| wire::NestedBlock {
                type_name: name.clone(),
                block: Some(self::block(&nested.block)),
                nesting: nesting(nested.nesting_mode),
                min_items: nested.min_items.into(),
                max_items: nested.max_items.into(),
            })
            .collect(),
    }
}

fn attribute((name, attribute): (&String, &Attribute)) -> wire::Attribute {
    let ty = attribute.ty.as_ref();
    wire::Attribute {
        name: name.clone(),
        ty: ty.map_or_else(Vec::new, |ty| ty.to_json().to_string().into_bytes()),
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        nested_type: attribute.nested_type.as_ref().map(object),
        write_only: attribute.write_only,
    }
}

fn object(object: &Object) -> wire::Object {
    wire::Object {
        attributes: object.attributes.iter().map(attribute).collect(),
        nesting: nesting(object.nesting_mode),
    }
}

fn nesting(nesting: Nesting) -> i32 {
    match nesting {
        Nesting::Single => 1,
        Nesting::List => 2,
        Nesting::Set => 3,
        Nesting::Map => 4,
        Nesting::Group => 5,
    }
}
