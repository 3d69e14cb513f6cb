//! A small provider, and ways to read what is generated from it.

#![allow(dead_code, reason = "each test binary uses its share")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy does not see that helpers of tests are tests"
)]

use abide_schema::{Attribute, Block, Member, NestedBlock, ProviderSchema, generate};

/// Shows every kind of type, nesting and flag.
pub(crate) const GARDEN: &str = include_str!("garden.json");

pub(crate) fn garden_bytes() -> Vec<u8> {
    generate(GARDEN.as_bytes(), "1.2.3").expect("the garden is well-formed")
}

pub(crate) fn schema(bytes: Vec<u8>) -> Result<ProviderSchema, abide_schema::FormatError> {
    ProviderSchema::from_bytes(bytes.leak())
}

pub(crate) fn garden() -> ProviderSchema {
    schema(garden_bytes()).expect("what was just generated can be read")
}

pub(crate) fn attribute(block: Block, name: &str) -> Attribute {
    match block.member(name) {
        Some(Member::Attribute(attribute)) => attribute,
        other => panic!("{name} is {other:?}, not an attribute"),
    }
}

pub(crate) fn nested(block: Block, name: &str) -> NestedBlock {
    match block.member(name) {
        Some(Member::Block(nested)) => nested,
        other => panic!("{name} is {other:?}, not a block"),
    }
}
