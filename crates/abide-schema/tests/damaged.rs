//! Bytes that are not what the generator wrote: wrong answers are fine, panics and endless walks
//! are not.

mod common;

use abide_schema::{Block, FormatError, Member, ProviderSchema, Type};
use common::{garden_bytes, schema};
use proptest::prelude::*;

/// Reads everything there is to read, up to a bound: damaged nodes may fan out.
fn read_all(schema: ProviderSchema) {
    let _ = format!("{schema:?}");
    let mut budget = 10_000;
    for name in schema
        .resource_types()
        .chain(schema.data_sources())
        .take(100)
    {
        let blocks = [schema.resource(name), schema.data_source(name)];
        for block in blocks.into_iter().flatten() {
            walk(block, &mut budget);
        }
        let _ = schema.sensitive_paths(name).take(100).count();
        let _ = schema.resolve(name, &["lock", "codes", "x"]);
    }
    let _ = schema.resolve("garden_shde", &["lock"]);
}

fn walk(block: Block, budget: &mut u32) {
    for member in block.members() {
        if *budget == 0 {
            return;
        }
        *budget -= 1;
        let _ = block.member(member.name());
        match member {
            Member::Block(nested) => walk(nested.block, budget),
            Member::Attribute(attribute) => {
                let _ = attribute.ty.to_string();
                if let Type::Object(object) = attribute.ty.each() {
                    walk(object, budget);
                }
            }
        }
    }
}

#[test]
fn other_files_are_refused() {
    let refused = |bytes: Vec<u8>| schema(bytes).err();
    assert_eq!(refused(Vec::new()), Some(FormatError::NotASchema));
    assert_eq!(refused(b"{}".to_vec()), Some(FormatError::NotASchema));
    assert_eq!(refused(b"ABSC".to_vec()), Some(FormatError::Damaged));
    let mut newer = garden_bytes();
    newer[4] = 9;
    assert_eq!(refused(newer), Some(FormatError::OtherFormat(9)));
    let mut longer = garden_bytes();
    longer.push(0);
    assert_eq!(refused(longer), Some(FormatError::Damaged));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = garden_bytes();
    for len in 0..bytes.len() {
        assert!(schema(bytes[..len].to_vec()).is_err(), "{len}");
    }
}

#[test]
fn every_single_byte_may_be_wrong() {
    let bytes = garden_bytes();
    for at in 0..bytes.len() {
        for wrong in [0, 1, 0x7f, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] = wrong;
            if let Ok(schema) = schema(bytes) {
                read_all(schema);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_may_be_wrong(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..64),
    ) {
        let mut bytes = garden_bytes();
        // Behind the header, or nearly all would be refused at once.
        let body = 52;
        for (at, value) in changes {
            let at = body + at.index(bytes.len() - body);
            bytes[at] = value;
        }
        read_all(schema(bytes).expect("the header is intact"));
    }

    #[test]
    fn any_bytes_may_be_given(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let mut file = b"ABSC\x01\0\0\0".to_vec();
        file.extend(bytes);
        if let Ok(schema) = schema(file) {
            read_all(schema);
        }
    }
}
