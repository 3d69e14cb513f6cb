//! Secrets among the attributes of resources: those the provider's schema
//! names, and those a state file names beside them.

use abide_schema::{Block, ProviderSchema};
use serde_json::{Map, Value};

use super::{Redactor, find};

impl Redactor<'_> {
    /// What the provider's schema says is a secret, in values and in literals.
    pub(super) fn schema(&mut self, map: &mut Map<String, Value>) {
        let Some(block) = block_of(map) else { return };
        for path in block.sensitive_paths() {
            if let Some(values) = map.get_mut("values") {
                self.descend(values, &path);
            }
            if let Some(expressions) = map.get_mut("expressions") {
                self.descend_expression(expressions, &path);
            }
            if let Some(change) = map.get_mut("change") {
                for name in ["before", "after"] {
                    if let Some(values) = find(change, name) {
                        self.descend(values, &path);
                    }
                }
            }
            let instances = map.get_mut("instances").and_then(Value::as_array_mut);
            for instance in instances.into_iter().flatten() {
                if let Some(values) = find(instance, "attributes") {
                    self.descend(values, &path);
                }
                self.flat(instance, &path);
            }
        }
    }

    /// What a state file (version 4) marks beside the attributes of an instance.
    pub(super) fn instances(&mut self, map: &mut Map<String, Value>) {
        let instances = map.get_mut("instances").and_then(Value::as_array_mut);
        for instance in instances.into_iter().flatten() {
            let paths = instance.get("sensitive_attributes").map(names_of_paths);
            if let Some(values) = find(instance, "attributes") {
                for path in paths.iter().flatten() {
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    self.descend(values, &path);
                }
            }
            // The provider's own notes, of which nobody can tell what they hold.
            if let Some(private) = find(instance, "private") {
                self.secrets.cover(private);
            }
        }
    }

    /// Attributes as Terraform 0.11 wrote them: `user.0.password`.
    fn flat(&mut self, instance: &mut Value, path: &[&str]) {
        let flat = find(instance, "attributes_flat").and_then(Value::as_object_mut);
        for (name, value) in flat.into_iter().flatten() {
            let names = name
                .split('.')
                .filter(|step| step.parse::<u64>().is_err() && !matches!(*step, "#" | "%"));
            if names.clone().count() >= path.len() && names.zip(path).all(|(a, b)| a == *b) {
                self.secrets.hide(value);
            }
        }
    }

    fn descend(&mut self, value: &mut Value, path: &[&str]) {
        match (value, path) {
            (value, []) => self.secrets.hide(value),
            (Value::Object(map), [name, rest @ ..]) => {
                if let Some(value) = map.get_mut(*name) {
                    self.descend(value, rest);
                }
            }
            (Value::Array(list), path) => {
                list.iter_mut().for_each(|value| self.descend(value, path));
            }
            _ => {}
        }
    }

    /// The same path through `configuration`, where blocks end in `{constant_value: …}`.
    fn descend_expression(&mut self, expression: &mut Value, path: &[&str]) {
        match (expression, path) {
            (expression, []) => self.hide_constants(expression),
            (Value::Array(blocks), path) => blocks
                .iter_mut()
                .for_each(|block| self.descend_expression(block, path)),
            (Value::Object(map), [name, rest @ ..]) => {
                if let Some(constant) = map.get_mut("constant_value") {
                    self.descend(constant, path);
                } else if let Some(inner) = map.get_mut(*name) {
                    self.descend_expression(inner, rest);
                }
            }
            _ => {}
        }
    }
}

/// The schema of the resource or data source an object is about.
fn block_of(map: &Map<String, Value>) -> Option<Block> {
    let type_name = map.get("type")?.as_str()?;
    let schema = ProviderSchema::aws();
    if map.get("mode").and_then(Value::as_str) == Some("data") {
        schema.data_source(type_name)
    } else {
        schema.resource(type_name)
    }
}

/// The names of each path of `sensitive_attributes`. Positions are passed over:
/// a secret in one element hides its siblings too.
fn names_of_paths(paths: &Value) -> Vec<Vec<String>> {
    let name = |step: &Value| match step.get("value")? {
        Value::String(name) => Some(name.clone()),
        key => Some(key.get("value")?.as_str()?.to_owned()),
    };
    paths
        .as_array()
        .into_iter()
        .flatten()
        .map(|path| {
            let steps = path
                .as_array()
                .map_or(std::slice::from_ref(path), Vec::as_slice);
            steps.iter().filter_map(name).collect()
        })
        .collect()
}
