//! The whole of an input as one JSON document, secrets replaced: what Rego
//! policies written for conftest or OPA read.
//!
//! Terraform marks secrets beside the values (`after_sensitive`,
//! `sensitive_values`, `sensitive: true`) and leaves some places unmarked:
//! literals in `configuration`, `variables`, `tags_all`. The walk follows the
//! marks wherever they stand, so a section of a later Terraform is covered
//! too; the sweep then takes out what equals a secret that was found.

mod attributes;
mod secrets;

use std::collections::BTreeSet;
use std::io::Read;

use serde_json::{Map, Value};

use secrets::Secrets;

use super::detect::{self, NotAnInventory};
use super::{Input, LoadError, LoadOptions, RedactionKey, Wanted};

/// Reads a plan or a state as it is, with every secret replaced by
/// `(sensitive:1a2b3c4d)`. The digits are a keyed digest: equal secrets stay equal.
///
/// # Errors
/// Whatever [`super::load`] refuses is refused in the same words.
pub fn raw(input: &Input, key: &RedactionKey) -> Result<Value, LoadError> {
    let options = LoadOptions {
        wanted: Wanted::default(),
        key: key.clone(),
    };
    super::load(input, &options)?;
    let bytes = text(input)?;
    let mut document = serde_json::from_slice(&bytes).map_err(|error| LoadError::Shape {
        input: input.name(),
        section: "the document".to_owned(),
        at: 0,
        // Syntax errors name a place, never a value.
        reason: error.to_string(),
    })?;
    let mut redactor = Redactor {
        secrets: Secrets::new(key),
    };
    redactor.document(&mut document);
    Ok(document)
}

/// The bytes as UTF-8, without a byte order mark.
fn text(input: &Input) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    let mut reader = input.open().map_err(|source| LoadError::Read {
        input: input.name(),
        source,
    })?;
    reader
        .read_to_end(&mut bytes)
        .map_err(|source| LoadError::Read {
            input: input.name(),
            source,
        })?;
    if let detect::Encoding::Utf16(charset) = detect::encoding(&bytes) {
        let (text, _, malformed) = charset.decode(&bytes);
        if malformed {
            return Err(LoadError::NotAnInventory {
                input: input.name(),
                what: NotAnInventory::BrokenUtf16,
            });
        }
        return Ok(text.into_owned().into_bytes());
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// Where Terraform marks what: the marks' key and the values' key beside it.
const MARKS: [(&str, &str); 4] = [
    ("before_sensitive", "before"),
    ("after_sensitive", "after"),
    ("sensitive_values", "values"),
    ("config_sensitive", "config_values"),
];

/// Constants of provider configurations that are no secrets.
const OPEN_PROVIDER_ARGUMENTS: [&str; 4] =
    ["region", "alias", "allowed_account_ids", "default_tags"];

struct Redactor<'k> {
    secrets: Secrets<'k>,
}

impl Redactor<'_> {
    fn document(&mut self, document: &mut Value) {
        self.variables(document);
        self.outputs(document);
        if let Some(providers) = document
            .pointer_mut("/configuration/provider_config")
            .and_then(Value::as_object_mut)
        {
            for provider in providers.values_mut() {
                self.provider(provider);
            }
        }
        self.walk(document);
        self.secrets.sweep(document);
    }

    /// Only the configuration says which variables are secrets; without it all are.
    fn variables(&mut self, document: &mut Value) {
        let open: BTreeSet<String> = document
            .pointer("/configuration/root_module/variables")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(_, variable)| !is_flagged(variable))
            .map(|(name, _)| name.clone())
            .collect();
        let variables = document.get_mut("variables").and_then(Value::as_object_mut);
        for (name, variable) in variables.into_iter().flatten() {
            match variable.get_mut("value") {
                Some(value) if !open.contains(name) => self.secrets.hide(value),
                _ => {}
            }
        }
    }

    /// Outputs are marked where they stand; this is for tools that cut the marks away.
    fn outputs(&mut self, document: &mut Value) {
        let hidden: Vec<String> = document
            .pointer("/configuration/root_module/outputs")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(_, output)| is_flagged(output))
            .map(|(name, _)| name.clone())
            .collect();
        for section in [
            "/planned_values/outputs",
            "/prior_state/values/outputs",
            "/output_changes",
        ] {
            let Some(outputs) = document.pointer_mut(section) else {
                continue;
            };
            for name in &hidden {
                let Some(output) = find(outputs, name) else {
                    continue;
                };
                for field in ["value", "before", "after"] {
                    if let Some(value) = find(output, field) {
                        self.secrets.hide(value);
                    }
                }
            }
        }
    }

    fn provider(&mut self, provider: &mut Value) {
        let arguments = find(provider, "expressions").and_then(Value::as_object_mut);
        for (name, expression) in arguments.into_iter().flatten() {
            if !OPEN_PROVIDER_ARGUMENTS.contains(&name.as_str()) {
                self.provider_argument(name, expression);
            }
        }
    }

    fn provider_argument(&mut self, name: &str, expression: &mut Value) {
        match expression {
            Value::Array(blocks) => {
                for block in blocks {
                    self.provider_argument(name, block);
                }
            }
            Value::Object(fields) => {
                for (field, inner) in fields {
                    match field.as_str() {
                        "role_arn" if name == "assume_role" => {}
                        // A word such as a profile's name is no secret elsewhere.
                        "constant_value" if looks_secret(name) => self.secrets.hide(inner),
                        "constant_value" => self.secrets.cover(inner),
                        _ => self.provider_argument(field, inner),
                    }
                }
            }
            _ => {}
        }
    }

    /// Follows marks, flags and the provider's schema wherever they stand.
    fn walk(&mut self, node: &mut Value) {
        match node {
            Value::Array(list) => list.iter_mut().for_each(|child| self.walk(child)),
            Value::Object(map) => {
                self.marked(map);
                if map.get("sensitive") == Some(&Value::Bool(true)) {
                    for name in ["value", "default", "before", "after"] {
                        if let Some(value) = map.get_mut(name) {
                            self.secrets.hide(value);
                        }
                    }
                    if let Some(expression) = map.get_mut("expression") {
                        self.hide_constants(expression);
                    }
                }
                self.calls(map);
                self.instances(map);
                self.schema(map);
                for (name, child) in map.iter_mut() {
                    if MARKS.iter().all(|(marks, _)| marks != name) {
                        self.walk(child);
                    }
                }
            }
            _ => {}
        }
    }

    fn marked(&mut self, map: &mut Map<String, Value>) {
        for (marks, values) in MARKS {
            let Some(slot) = map.get_mut(marks) else {
                continue;
            };
            let mark = slot.take();
            if let Some(value) = map.get_mut(values) {
                self.apply(value, &mark);
                // The provider copies tags, and Terraform does not know.
                if let (Some(tags), Some(all)) = (mark.get("tags"), find(value, "tags_all")) {
                    self.apply(all, tags);
                }
            }
            if let Some(slot) = map.get_mut(marks) {
                *slot = mark;
            }
        }
    }

    fn apply(&mut self, value: &mut Value, mark: &Value) {
        match (value, mark) {
            (value, Value::Bool(true)) => self.secrets.hide(value),
            (Value::Object(values), Value::Object(marks)) => {
                for (name, mark) in marks {
                    if let Some(value) = values.get_mut(name) {
                        self.apply(value, mark);
                    }
                }
            }
            (Value::Array(values), Value::Array(marks)) if values.len() == marks.len() => {
                for (value, mark) in values.iter_mut().zip(marks) {
                    self.apply(value, mark);
                }
            }
            // Marks of another shape than the value: hide all of it.
            (value, mark) if has_mark(mark) => self.secrets.hide(value),
            _ => {}
        }
    }

    /// Arguments of module calls whose variable is a secret.
    fn calls(&mut self, map: &mut Map<String, Value>) {
        let calls = map.get_mut("module_calls").and_then(Value::as_object_mut);
        for call in calls.into_iter().flatten().map(|(_, call)| call) {
            let hidden: Vec<String> = call
                .pointer("/module/variables")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .filter(|(_, variable)| is_flagged(variable))
                .map(|(name, _)| name.clone())
                .collect();
            let Some(arguments) = find(call, "expressions") else {
                continue;
            };
            for name in &hidden {
                if let Some(argument) = find(arguments, name) {
                    self.hide_constants(argument);
                }
            }
        }
    }

    fn hide_constants(&mut self, expression: &mut Value) {
        match expression {
            Value::Array(list) => list.iter_mut().for_each(|inner| self.hide_constants(inner)),
            Value::Object(map) => {
                for (name, inner) in map.iter_mut() {
                    if name == "constant_value" {
                        self.secrets.hide(inner);
                    } else {
                        self.hide_constants(inner);
                    }
                }
            }
            _ => {}
        }
    }
}

fn find<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    value.as_object_mut()?.get_mut(name)
}

fn is_flagged(declaration: &Value) -> bool {
    ["sensitive", "ephemeral"]
        .iter()
        .any(|flag| declaration.get(flag) == Some(&Value::Bool(true)))
}

fn looks_secret(argument: &str) -> bool {
    ["key", "secret", "token", "password", "credential"]
        .iter()
        .any(|word| argument.contains(word))
}

fn has_mark(mark: &Value) -> bool {
    match mark {
        Value::Bool(mark) => *mark,
        Value::Array(list) => list.iter().any(has_mark),
        Value::Object(map) => map.values().any(has_mark),
        _ => false,
    }
}
