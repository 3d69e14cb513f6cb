//! What goes into the generator comes out of the reader.

mod common;

use abide_schema::{Cardinality, GenerateError, Nesting, ResolveError, Target, Type, generate};
use common::{GARDEN, attribute, garden, garden_bytes, nested};
use serde_json::Value;

#[test]
fn identity_and_indexes() {
    let garden = garden();
    assert_eq!(garden.version(), "1.2.3");
    assert_eq!(garden.address(), "example.org/acme/garden");
    assert_eq!(
        garden.resource_types().collect::<Vec<_>>(),
        ["garden_bed", "garden_shed"]
    );
    assert_eq!(
        garden.data_sources().collect::<Vec<_>>(),
        ["garden_weather"]
    );
    assert!(garden.is_type_known("garden_bed"));
    assert!(!garden.is_type_known("garden_weather"));
    assert!(garden.data_source("garden_weather").is_some());
    assert!(garden.data_source("garden_bed").is_none());
}

#[test]
fn members_keep_types_and_flags() {
    let shed = garden().resource("garden_shed").expect("exists");
    let seen: Vec<_> = shed.members().map(|member| member.name()).collect();
    assert_eq!(
        seen,
        [
            "anything", "door", "drawer", "id", "keys", "labels", "lock", "pair", "pin",
            "pin_once", "shelves", "window"
        ]
    );
    let types = [
        ("anything", "any"),
        ("id", "string"),
        ("keys", "map(object)"),
        ("labels", "map(string)"),
        ("pair", "any"),
        ("shelves", "list(object)"),
    ];
    for (name, ty) in types {
        assert_eq!(attribute(shed, name).ty.to_string(), ty, "{name}");
    }

    let id = attribute(shed, "id");
    assert!(id.computed && !id.optional && !id.required && !id.sensitive);
    let shelves = attribute(shed, "shelves");
    assert!(shelves.computed && shelves.optional);
    let Type::Object(shelf) = shelves.ty.each() else {
        panic!("{}", shelves.ty)
    };
    assert_eq!(attribute(shelf, "tools").ty.to_string(), "set(string)");
    assert!(attribute(shed, "pin").sensitive && !attribute(shed, "pin").write_only);
    assert!(attribute(shed, "pin_once").sensitive && attribute(shed, "pin_once").write_only);
}

#[test]
fn nested_blocks_keep_nesting_and_limits() {
    let shed = garden().resource("garden_shed").expect("exists");
    let facts = |name| {
        let nested = nested(shed, name);
        (nested.nesting, nested.min_items, nested.max_items)
    };
    assert_eq!(facts("lock"), (Nesting::List, 0, Some(1)));
    assert_eq!(facts("window"), (Nesting::Set, 2, None));
    assert_eq!(facts("door"), (Nesting::Single, 0, None));
    assert_eq!(facts("drawer"), (Nesting::Map, 0, None));
    assert!(attribute(nested(shed, "window").block, "open").required);
}

#[test]
fn resolve_follows_names() {
    use Cardinality::{Keyed, Many, One};

    let garden = garden();
    let cases: [(&[&str], &str, &[Cardinality]); 8] = [
        (&[], "object", &[]),
        (&["lock", "locked"], "bool", &[One, One]),
        (&["window", "open"], "bool", &[Many, One]),
        (&["shelves", "tools"], "string", &[Many, Many]),
        (&["labels"], "map(string)", &[Keyed]),
        (&["labels", "any key"], "string", &[Keyed, One]),
        (&["drawer", "top", "depth"], "number", &[Keyed, One, One]),
        (&["anything", "goes", "here"], "any", &[One, One, One]),
    ];
    for (path, ty, cardinalities) in cases {
        let resolved = garden.resolve("garden_shed", path).expect("resolves");
        assert_eq!(resolved.ty().to_string(), ty, "{path:?}");
        let seen: Vec<_> = resolved.steps.iter().map(|step| step.cardinality).collect();
        assert_eq!(seen, cardinalities, "{path:?}");
        assert_eq!(resolved.is_repeated(), cardinalities.contains(&Many));
    }

    let bitting = garden
        .resolve("garden_shed", &["keys", "front", "bitting"])
        .expect("resolves");
    assert!(bitting.sensitive && !bitting.computed);
    assert!(matches!(bitting.target, Target::Attribute(it) if it.required));
    let height = garden
        .resolve("garden_shed", &["shelves", "height"])
        .expect("resolves");
    assert!(height.computed, "because `shelves` is");
    assert!(garden.resolve_data("garden_weather", &["rain"]).is_ok());
}

#[test]
fn a_plain_value_has_nothing_below() {
    let error = garden()
        .resolve("garden_shed", &["lock", "locked", "twice"])
        .expect_err("a bool has no members");
    assert_eq!(
        error.to_string(),
        "`garden_shed.lock.locked` has no attribute or block `twice`: nothing is below it"
    );
    assert!(
        matches!(error, ResolveError::UnknownAttribute { step: 2, known, .. } if known.is_empty())
    );
}

#[test]
fn sensitive_paths_are_found_at_any_depth() {
    let paths: Vec<_> = garden()
        .sensitive_paths("garden_shed")
        .map(|path| path.join("."))
        .collect();
    assert_eq!(paths, ["keys.bitting", "lock.codes", "pin", "pin_once"]);
    assert_eq!(garden().sensitive_paths("garden_bed").count(), 0);
    assert_eq!(garden().sensitive_paths("garden_gnome").count(), 0);
}

#[test]
fn the_order_of_the_input_does_not_matter() {
    let bytes = garden_bytes();
    assert_eq!(bytes, garden_bytes());
    let reversed = reverse(serde_json::from_str(GARDEN).expect("is JSON")).to_string();
    assert_ne!(reversed, GARDEN);
    assert_eq!(
        generate(reversed.as_bytes(), "1.2.3").expect("same schema"),
        bytes
    );
}

fn reverse(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .into_iter()
                .map(|(name, value)| (name, reverse(value)))
                .collect();
            members.reverse();
            Value::Object(members.into_iter().collect())
        }
        // Only types are arrays: their order has meaning, their elements may be objects.
        Value::Array(items) => items.into_iter().map(reverse).collect(),
        other => other,
    }
}

#[test]
fn errors_say_what_and_where() {
    let error = |from: &str, to: &str| {
        let json = GARDEN.replacen(from, to, 1);
        assert_ne!(json, GARDEN);
        generate(json.as_bytes(), "1.2.3")
            .expect_err("should be refused")
            .to_string()
    };
    assert_eq!(
        error(r#""height": "number""#, r#""height": "numbr""#),
        r#"garden_shed.shelves.height: unknown type "numbr""#
    );
    assert_eq!(
        error(r#""nesting_mode": "set""#, r#""nesting_mode": "bag""#),
        "garden_shed.window: unknown nesting mode bag"
    );
    assert_eq!(
        error(r#""rain": { "type": "bool", "#, r#""rain": { "#),
        "data.garden_weather.rain: an attribute needs either `type` or `nested_type`"
    );
    assert_eq!(
        error(r#""door""#, r#""pin""#),
        "garden_shed.pin: both an attribute and a block"
    );
    assert_eq!(
        error(r#""format_version": "1.0""#, r#""format_version": "2.0""#),
        r#"schema format "2.0" is not supported, expected 1.x"#
    );
    let message = generate("{}".as_bytes(), "1")
        .expect_err("empty")
        .to_string();
    assert!(message.starts_with("not the output of `terraform providers schema -json`"));
    assert!(matches!(
        generate(r#"{"format_version": "1.0"}"#.as_bytes(), "1"),
        Err(GenerateError::Providers(found)) if found.is_empty()
    ));
    let several = r#"{"format_version": "1.0", "provider_schemas": {"a": {}, "b": {}}}"#;
    assert_eq!(
        generate(several.as_bytes(), "1")
            .expect_err("two")
            .to_string(),
        "expected the schema of exactly one provider, found a, b: run it where one provider is required"
    );
}
