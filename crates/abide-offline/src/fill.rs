//! What a provider would answer to a plan, without asking anybody.
//!
//! A computed attribute that nobody wrote is not known before apply. An argument that nobody wrote
//! and that is not computed stays null, unless its default is known from real plans. Nested blocks
//! that the provider fills by itself are unknown as a whole.

use std::collections::HashMap;
use std::sync::LazyLock;

use rmpv::Value;
use serde_json::Value as Json;

use crate::schema::{Attribute, Block, Nested, Nesting, Object};
use crate::value::{is_unknown, loose, unknown};

/// Defaults of the AWS provider by type and path.
static DEFAULTS: LazyLock<HashMap<(&str, &str), Json>> = LazyLock::new(|| {
    let files = [
        include_str!("../data/aws-defaults-5.100.0.tsv"),
        include_str!("../data/aws-defaults-in-blocks.tsv"),
    ];
    let lines = files.into_iter().flat_map(str::lines);
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (of, value) = line.rsplit_once('\t')?;
            Some((of.split_once('\t')?, serde_json::from_str(value).ok()?))
        })
        .collect()
});

/// Plans one new object.
pub(crate) struct Filler<'a> {
    pub(crate) type_name: &'a str,
    /// Whether defaults and computed blocks are known.
    pub(crate) is_aws: bool,
}

impl Filler<'_> {
    /// Fills the object that Terraform proposes.
    pub(crate) fn create(&self, block: &Block, proposed: &mut Value) {
        self.block(block, proposed, "");
    }

    fn block(&self, block: &Block, value: &mut Value, path: &str) {
        let Value::Map(members) = value else { return };
        for (name, value) in members {
            let Some(name) = name.as_str() else { continue };
            let path = match path {
                "" => name.to_owned(),
                _ => format!("{path}.{name}"),
            };
            if let Some(attribute) = block.attributes.get(name) {
                self.attribute(attribute, value, &path);
            } else if let Some(nested) = block.block_types.get(name) {
                self.nested(nested, value, &path);
            }
        }
    }

    fn attribute(&self, attribute: &Attribute, value: &mut Value, path: &str) {
        if attribute.write_only {
            *value = Value::Nil;
        } else if !value.is_nil() {
            if let Some(object) = &attribute.nested_type {
                self.object(object, value, path);
            }
        } else if attribute.computed {
            *value = unknown();
        } else if let Some(default) = self.default(path) {
            *value = default;
        }
    }

    fn default(&self, path: &str) -> Option<Value> {
        if !self.is_aws {
            return None;
        }
        DEFAULTS.get(&(self.type_name, path)).map(loose)
    }

    fn object(&self, object: &Object, value: &mut Value, path: &str) {
        let mut one = |value: &mut Value| {
            let Value::Map(members) = value else { return };
            for (name, value) in members {
                let Some(name) = name.as_str() else { continue };
                if let Some(attribute) = object.attributes.get(name) {
                    self.attribute(attribute, value, &format!("{path}.{name}"));
                }
            }
        };
        match object.nesting_mode {
            Nesting::Single | Nesting::Group => one(value),
            _ => each(value, &mut one),
        }
    }

    fn nested(&self, nested: &Nested, value: &mut Value, path: &str) {
        let is_left_out = match &*value {
            Value::Array(list) => list.is_empty(),
            value => value.is_nil(),
        };
        if is_left_out {
            let filled = self.is_aws && abide_core::source::fills_block(self.type_name, path);
            if filled {
                *value = unknown();
            }
            return;
        }
        let mut one = |value: &mut Value| self.block(&nested.block, value, path);
        match nested.nesting_mode {
            Nesting::Single | Nesting::Group => one(value),
            _ => each(value, &mut one),
        }
    }
}

fn each(value: &mut Value, one: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(one),
        Value::Map(members) => members.iter_mut().for_each(|(_, value)| one(value)),
        _ => {}
    }
}

/// `tags_all` of a resource: the provider's default tags under its own. Unknown if one of them is.
pub(crate) fn all_tags(defaults: Option<&Value>, own: &Value) -> Value {
    let mut all: Vec<(Value, Value)> = Vec::new();
    for tags in [defaults.unwrap_or(&Value::Nil), own] {
        match tags {
            Value::Nil => {}
            Value::Map(tags) => {
                for (name, value) in tags {
                    all.retain(|(known, _)| known != name);
                    if !value.is_nil() {
                        all.push((name.clone(), value.clone()));
                    }
                }
            }
            _ => return unknown(),
        }
    }
    if all.iter().any(|(_, value)| is_unknown(value)) {
        return unknown();
    }
    match all.is_empty() {
        // Nothing says whether the provider shows {} or waits.
        true => unknown(),
        false => Value::Map(all),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn block(json: Json) -> Block {
        serde_json::from_value(json).unwrap()
    }

    fn filled(type_name: &str, schema: Json, proposed: &Json) -> Value {
        let mut value = loose(proposed);
        let filler = Filler {
            type_name,
            is_aws: true,
        };
        filler.create(&block(schema), &mut value);
        value
    }

    #[test]
    fn only_what_is_computed_and_not_written_is_unknown() {
        let schema = json!({
            "attributes": {
                "id": {"type": "string", "computed": true, "optional": true},
                "name": {"type": "string", "computed": true, "optional": true},
                "note": {"type": "string", "optional": true},
                "secret_wo": {"type": "string", "optional": true, "write_only": true},
                "parts": {"optional": true, "nested_type": {"nesting_mode": "list", "attributes": {
                    "arn": {"type": "string", "computed": true}, "size": {"type": "number", "optional": true}}}}},
            "block_types": {"disk": {"nesting_mode": "set", "block": {"attributes": {
                "volume_id": {"type": "string", "computed": true}}}}}});
        let planned = filled(
            "x_y",
            schema,
            &json!({"id": null, "name": "n", "note": null, "secret_wo": "s", "parts": [{"arn": null, "size": 1}],
                   "disk": [{"volume_id": null}]}),
        );
        let part = Value::Map(vec![("arn".into(), unknown()), ("size".into(), 1.into())]);
        assert_eq!(
            planned,
            Value::Map(vec![
                ("id".into(), unknown()),
                ("name".into(), "n".into()),
                ("note".into(), Value::Nil),
                ("secret_wo".into(), Value::Nil),
                ("parts".into(), Value::Array(vec![part])),
                (
                    "disk".into(),
                    Value::Array(vec![Value::Map(vec![("volume_id".into(), unknown())])])
                ),
            ])
        );
    }

    #[test]
    fn known_defaults_and_computed_blocks_of_aws() {
        let schema = json!({
            "attributes": {"is_multi_region_trail": {"type": "bool", "optional": true}},
            "block_types": {}});
        let planned = filled(
            "aws_cloudtrail",
            schema,
            &json!({"is_multi_region_trail": null}),
        );
        assert_eq!(
            planned,
            Value::Map(vec![("is_multi_region_trail".into(), false.into())])
        );
        let schema = json!({"block_types": {
            "root_block_device": {"nesting_mode": "list"}, "timeouts": {"nesting_mode": "single"}}});
        let planned = filled(
            "aws_instance",
            schema,
            &json!({"root_block_device": [], "timeouts": null}),
        );
        assert_eq!(
            planned,
            Value::Map(vec![
                ("root_block_device".into(), unknown()),
                ("timeouts".into(), Value::Nil),
            ])
        );
    }

    #[test]
    fn own_tags_win() {
        let tags = |json: Json| loose(&json);
        let all = all_tags(
            Some(&tags(json!({"a": "1", "b": "1"}))),
            &tags(json!({"b": "2"})),
        );
        assert_eq!(all, tags(json!({"a": "1", "b": "2"})));
        assert_eq!(all_tags(None, &unknown()), unknown());
        let partly = Value::Map(vec![("a".into(), unknown())]);
        assert_eq!(all_tags(Some(&tags(json!({"b": "1"}))), &partly), unknown());
    }
}
