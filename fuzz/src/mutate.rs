//! Mutates JSON as a tree. Flipped bytes mostly give broken JSON, which the
//! first check of a loader refuses; a tree with one odd node gets further in.

use serde_json::{Map, Value, json};

/// For `fuzz_mutator!`: one or a few changes of the tree in `data`. What is
/// no JSON, and one input in eight, is left to libFuzzer's byte mutations.
pub fn mutate_json(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random(u64::from(seed) | 1 << 40);
    if random.below(8) != 0
        && let Ok(mut tree) = serde_json::from_slice::<Value>(&data[..size])
    {
        for _ in 0..=random.below(4) {
            change(&mut tree, &mut random);
        }
        if let Ok(text) = serde_json::to_vec(&tree)
            && text.len() <= max_size
        {
            data[..text.len()].copy_from_slice(&text);
            return text.len();
        }
    }
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}

/// SplitMix64: a mutator must repeat itself for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % limit.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

fn change(tree: &mut Value, random: &mut Random) {
    let nodes = count(tree);
    let at = random.below(nodes);
    match random.below(8) {
        0 => {
            let other = nth(tree, random.below(nodes)).clone();
            *nth_mut(tree, at) = other;
        }
        1 => remove(nth_mut(tree, at), random),
        2 => {
            let other = nth(tree, random.below(nodes)).clone();
            insert(nth_mut(tree, at), other, random);
        }
        3 => rename(nth_mut(tree, at), random),
        4 => {
            let node = nth_mut(tree, at);
            *node = Value::Array(vec![node.clone()]);
        }
        5 => twist(nth_mut(tree, at), random),
        _ => *nth_mut(tree, at) = scalar(random),
    }
}

fn remove(node: &mut Value, random: &mut Random) {
    match node {
        Value::Array(list) if !list.is_empty() => {
            let at = random.below(list.len());
            list.remove(at);
        }
        Value::Object(map) => {
            if let Some(key) = key_of(map, random) {
                map.remove(&key);
            }
        }
        node => *node = Value::Null,
    }
}

fn insert(node: &mut Value, other: Value, random: &mut Random) {
    match node {
        Value::Array(list) => {
            let at = random.below(list.len() + 1);
            list.insert(at, other);
        }
        Value::Object(map) => {
            map.insert((*random.pick(NAMES)).to_owned(), other);
        }
        node => *node = other,
    }
}

fn rename(node: &mut Value, random: &mut Random) {
    if let Value::Object(map) = node
        && let Some(key) = key_of(map, random)
        && let Some(value) = map.remove(&key)
    {
        map.insert((*random.pick(NAMES)).to_owned(), value);
    }
}

/// Changes a string from the inside: addresses, references, JSON documents.
fn twist(node: &mut Value, random: &mut Random) {
    if let Value::String(text) = node {
        let at = random.below(text.chars().count() + 1);
        let (before, after): (String, String) = (
            text.chars().take(at).collect(),
            text.chars().skip(at).collect(),
        );
        let piece = random.pick(PIECES);
        *text = match random.below(3) {
            0 => before,
            1 => after,
            _ => format!("{before}{piece}{after}"),
        };
    } else {
        *node = scalar(random);
    }
}

fn key_of(map: &Map<String, Value>, random: &mut Random) -> Option<String> {
    let keys: Vec<&String> = map.keys().collect();
    (!keys.is_empty()).then(|| (*random.pick(&keys)).clone())
}

fn scalar(random: &mut Random) -> Value {
    match random.below(12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(false),
        3 => json!(0),
        4 => json!(-1),
        5 => json!(u64::MAX),
        6 => json!(1e308),
        7 => json!([]),
        8 => json!({}),
        9 => json!([null]),
        10 => json!(*random.pick(NAMES)),
        _ => json!(*random.pick(PIECES)),
    }
}

fn count(tree: &Value) -> usize {
    1 + match tree {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

/// The node at a position of the walk; the root if there is none.
fn nth(tree: &Value, at: usize) -> &Value {
    fn walk<'a>(node: &'a Value, at: &mut usize) -> Option<&'a Value> {
        if *at == 0 {
            return Some(node);
        }
        *at -= 1;
        match node {
            Value::Array(list) => list.iter().find_map(|inner| walk(inner, at)),
            Value::Object(map) => map.values().find_map(|inner| walk(inner, at)),
            _ => None,
        }
    }
    walk(tree, &mut { at }).unwrap_or(tree)
}

fn nth_mut(tree: &mut Value, at: usize) -> &mut Value {
    fn walk<'a>(node: &'a mut Value, at: &mut usize) -> Option<&'a mut Value> {
        if *at == 0 {
            return Some(node);
        }
        *at -= 1;
        match node {
            Value::Array(list) => list.iter_mut().find_map(|inner| walk(inner, at)),
            Value::Object(map) => map.values_mut().find_map(|inner| walk(inner, at)),
            _ => None,
        }
    }
    let at = at % count(tree);
    walk(tree, &mut { at }).expect("the position is inside the tree")
}

const NAMES: &[&str] = &[
    "address",
    "mode",
    "managed",
    "data",
    "type",
    "name",
    "index",
    "key",
    "provider_name",
    "schema_version",
    "values",
    "sensitive_values",
    "change",
    "actions",
    "create",
    "read",
    "update",
    "delete",
    "no-op",
    "forget",
    "before",
    "after",
    "after_unknown",
    "before_sensitive",
    "after_sensitive",
    "replace_paths",
    "importing",
    "previous_address",
    "deposed",
    "module_address",
    "action_reason",
    "generated_config",
    "configuration",
    "provider_config",
    "root_module",
    "module_calls",
    "child_modules",
    "module",
    "source",
    "expressions",
    "constant_value",
    "references",
    "for_each_expression",
    "count_expression",
    "provider_config_key",
    "depends_on",
    "outputs",
    "expression",
    "sensitive",
    "variables",
    "value",
    "default",
    "planned_values",
    "prior_state",
    "resource_changes",
    "resource_drift",
    "resources",
    "checks",
    "errored",
    "complete",
    "format_version",
    "terraform_version",
    "relevant_attributes",
    "deferred_changes",
    "instances",
    "attributes",
    "sensitive_attributes",
    "index_key",
    "version",
    "serial",
    "lineage",
    "status",
    "each",
    "provider",
    "dependencies",
    "schema_version",
    "get_attr",
    "identity",
    "aws_s3_bucket",
    "aws_security_group",
    "aws_iam_policy",
    "aws_kms_key",
    "aws_db_instance",
    "aws_instance",
    "aws_cloudtrail",
    "bucket",
    "policy",
    "ingress",
    "cidr_blocks",
    "tags",
    "from_port",
    "to_port",
    "protocol",
    "rule",
    "assume_role_policy",
    "Statement",
    "Effect",
    "Principal",
    "Action",
    "NotAction",
    "Resource",
    "Condition",
    "id",
    "arn",
];

const PIECES: &[&str] = &[
    "",
    ".",
    "[",
    "]",
    "[0]",
    "[\"k\"]",
    "[\"",
    "\"]",
    "module.",
    "module.a.",
    "data.",
    "var.x",
    "each.key",
    "each.value",
    "count.index",
    "local.l",
    "module.a[\"k\"].b",
    "self",
    "path.module",
    "*",
    "${",
    "%{",
    "\\",
    "\"",
    "\u{0}",
    "\u{202e}",
    "\u{1f600}",
    "é",
    "0.0.0.0/0",
    "::/0",
    "1.2.3.4/33",
    "-1",
    "443",
    "99999999999999999999",
    "{\"Statement\":[{}]}",
    "{\"Statement\":{\"Principal\":\"*\"}}",
    "arn:aws:s3:::",
    "*?*?*?*",
    "true",
    "false",
    "null",
    "1.2",
    "2026-02-30",
    "aws.eu",
    "(sensitive value)",
];
