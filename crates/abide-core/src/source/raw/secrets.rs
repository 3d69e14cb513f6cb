//! Replaces secrets by digests, and finds their copies.

use std::collections::HashSet;

use serde_json::Value;

use super::super::RedactionKey;
use super::super::redact::SHORTEST_SECRET;

/// Keys under which values of the user's stand; below them every text is swept.
const HOLDERS: [&str; 9] = [
    "before",
    "after",
    "value",
    "default",
    "attributes",
    "attributes_flat",
    "config_values",
    "constant_value",
    "expressions",
];

/// Terraform's own words and names, where they stand outside of values. A
/// secret that happens to be `aws_s3_bucket` must not take the types out of a plan.
const STRUCTURE: [&str; 16] = [
    "address",
    "previous_address",
    "module_address",
    "mode",
    "type",
    "name",
    "provider",
    "provider_name",
    "provider_config_key",
    "full_name",
    "actions",
    "action_reason",
    "references",
    "depends_on",
    "format_version",
    "terraform_version",
];

/// The secrets of one document.
pub(super) struct Secrets<'k> {
    key: &'k RedactionKey,
    known: HashSet<String>,
}

impl<'k> Secrets<'k> {
    pub(super) fn new(key: &'k RedactionKey) -> Self {
        Self {
            key,
            known: HashSet::new(),
        }
    }

    /// Replaces a secret and remembers its texts.
    pub(super) fn hide(&mut self, value: &mut Value) {
        self.remember(value);
        self.cover(value);
    }

    /// Replaces a value that may be a secret, without looking for copies.
    pub(super) fn cover(&self, value: &mut Value) {
        // Null has nothing to hide, and a digest nothing more.
        if !value.is_null() && !value.as_str().is_some_and(is_digest) {
            *value = self.digest(value);
        }
    }

    fn remember(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.len() >= SHORTEST_SECRET && !is_digest(text) => {
                self.known.insert(text.clone());
            }
            Value::Array(list) => list.iter().for_each(|value| self.remember(value)),
            Value::Object(map) => map.values().for_each(|value| self.remember(value)),
            _ => {}
        }
    }

    fn digest(&self, value: &Value) -> Value {
        Value::String(self.key.digest(&value.into()).short())
    }

    /// Takes out every text that equals a known secret.
    pub(super) fn sweep(&self, document: &mut Value) {
        if !self.known.is_empty() {
            self.sweep_part(document, false);
        }
    }

    fn sweep_part(&self, part: &mut Value, inside: bool) {
        match part {
            Value::String(text) if self.known.contains(text) => *part = self.digest(part),
            Value::Array(list) => {
                list.iter_mut()
                    .for_each(|part| self.sweep_part(part, inside));
            }
            Value::Object(map) => {
                for (name, part) in map.iter_mut() {
                    let name = name.as_str();
                    // `values` are a resource's, or all of a state.
                    let holds = HOLDERS.contains(&name)
                        || (name == "values" && part.get("root_module").is_none());
                    if inside || part.is_object() || !STRUCTURE.contains(&name) {
                        self.sweep_part(part, inside || holds);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a text is what [`Secrets::hide`] leaves.
fn is_digest(text: &str) -> bool {
    text.strip_prefix("(sensitive:")
        .and_then(|rest| rest.strip_suffix(')'))
        .is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}
