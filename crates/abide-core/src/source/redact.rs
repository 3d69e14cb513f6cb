//! Replaces secrets by keyed digests, before anything else can see them.

use std::rc::Rc;

use compact_str::CompactString;
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use crate::address::Mode;
use crate::inventory::Inventory;
use crate::value::{Object, SecretDigest, Value};

/// The key of the digests. With a fresh key for each run nobody can test
/// guesses against a digest; equality holds within the run.
#[derive(Clone)]
pub struct RedactionKey([u8; 32]);

impl std::fmt::Debug for RedactionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedactionKey")
    }
}

impl RedactionKey {
    /// A key from random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest that stands for a secret. A string and the JSON string of
    /// it have the same digest.
    #[must_use]
    pub fn digest(&self, value: &Value) -> SecretDigest {
        // HMAC by its definition (RFC 2104); the key is shorter than a block.
        let mut inner = [0x36; 64];
        let mut outer = [0x5c; 64];
        for (at, byte) in self.0.iter().enumerate() {
            inner[at] ^= byte;
            outer[at] ^= byte;
        }
        let text = serde_json::to_vec(value).unwrap_or_default();
        let inside = Sha256::new()
            .chain_update(inner)
            .chain_update(text)
            .finalize();
        let digest = Sha256::new()
            .chain_update(outer)
            .chain_update(inside)
            .finalize();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        SecretDigest(short)
    }
}

/// Shorter texts are too common to be taken for a secret elsewhere.
pub(super) const SHORTEST_SECRET: usize = 6;

/// Paths of attributes that the schema marks as secrets.
type SecretPaths = Rc<[Vec<&'static str>]>;

/// Redacts the values of one input.
///
/// Terraform does not mark every place of a secret: `tags_all` repeats a
/// sensitive tag in clear. So the redactor remembers what it took out, and
/// [`Redactor::sweep`] takes equal texts out everywhere else.
pub(super) struct Redactor {
    key: RedactionKey,
    /// What the provider's schema marks, by type: asked for with every resource.
    managed: FxHashMap<CompactString, SecretPaths>,
    data: FxHashMap<CompactString, SecretPaths>,
    secrets: FxHashSet<CompactString>,
}

impl Redactor {
    pub(super) fn new(key: RedactionKey) -> Self {
        Self {
            key,
            managed: FxHashMap::default(),
            data: FxHashMap::default(),
            secrets: FxHashSet::default(),
        }
    }

    /// Paths the provider's schema marks as secrets.
    pub(super) fn schema_paths(&mut self, mode: Mode, type_name: &str) -> SecretPaths {
        let known = match mode {
            Mode::Managed => &mut self.managed,
            Mode::Data => &mut self.data,
        };
        if let Some(paths) = known.get(type_name) {
            return paths.clone();
        }
        let schema = abide_schema::ProviderSchema::aws();
        let block = match mode {
            Mode::Managed => schema.resource(type_name),
            Mode::Data => schema.data_source(type_name),
        };
        let paths: SecretPaths = block
            .into_iter()
            .flat_map(|block| block.sensitive_paths())
            .collect();
        known.insert(type_name.into(), paths.clone());
        paths
    }

    fn redact(&mut self, value: &mut Value) {
        match value {
            // Unknown says nothing; digests and null have nothing to hide.
            Value::Unknown | Value::Redacted(_) | Value::Null => {}
            secret => {
                self.remember(secret);
                *secret = Value::Redacted(self.key.digest(secret));
            }
        }
    }

    /// Remembers what `marks` mark in a value that is not kept.
    pub(super) fn learn(&mut self, value: &Value, marks: &Value) {
        self.apply_mark(&mut value.clone(), marks);
    }

    fn remember(&mut self, secret: &Value) {
        match secret {
            Value::String(text) if text.len() >= SHORTEST_SECRET => {
                self.secrets.insert(text.clone());
            }
            Value::List(list) => list.iter().for_each(|value| self.remember(value)),
            Value::Object(object) => object.iter().for_each(|(_, value)| self.remember(value)),
            _ => {}
        }
    }

    /// Takes out every text that equals a secret found elsewhere in the input.
    pub(super) fn sweep(&self, inventory: &mut Inventory) {
        if self.secrets.is_empty() {
            return;
        }
        for resource in &mut inventory.resources {
            self.sweep_object(&mut resource.values);
        }
        self.sweep_object(&mut inventory.variables);
        for drift in &mut inventory.drift {
            self.sweep_object(&mut drift.before);
            self.sweep_object(&mut drift.after);
        }
        for provider in &mut inventory.providers {
            self.sweep_object(&mut provider.default_tags);
        }
    }

    fn sweep_object(&self, object: &mut Object) {
        object.retain(|_, value| {
            self.sweep_value(value);
            true
        });
    }

    fn sweep_value(&self, value: &mut Value) {
        match value {
            Value::String(text) if self.secrets.contains(text) => {
                *value = Value::Redacted(self.key.digest(value))
            }
            Value::List(list) => list.iter_mut().for_each(|value| self.sweep_value(value)),
            Value::Object(object) => self.sweep_object(object),
            _ => {}
        }
    }

    /// Redacts what a sensitivity tree (`after_sensitive`, `sensitive_values`) marks with `true`.
    pub(super) fn apply_marks(&mut self, values: &mut Object, marks: &Object) {
        for (name, mark) in marks.iter() {
            if let Some(value) = values.get_mut(name) {
                self.apply_mark(value, mark);
            }
        }
    }

    fn apply_mark(&mut self, value: &mut Value, mark: &Value) {
        match (value, mark) {
            (value, Value::Bool(true)) => self.redact(value),
            (Value::Object(values), Value::Object(marks)) => self.apply_marks(values, marks),
            (Value::List(values), Value::List(marks)) => {
                for (value, mark) in values.iter_mut().zip(marks) {
                    self.apply_mark(value, mark);
                }
                // Marks of a set may come in another number; then order cannot be trusted.
                if values.len() != marks.len() && marks.iter().any(has_mark) {
                    values.iter_mut().for_each(|value| self.redact(value));
                }
            }
            // Marks of another shape than the value: hide all of it.
            (value, mark) if has_mark(mark) => self.redact(value),
            _ => {}
        }
    }

    /// Redacts what a name path reaches, through lists and blocks.
    pub(super) fn apply_path(&mut self, values: &mut Object, path: &[&str]) {
        let [name, rest @ ..] = path else { return };
        if let Some(value) = values.get_mut(name) {
            self.descend(value, rest);
        }
    }

    fn descend(&mut self, value: &mut Value, rest: &[&str]) {
        match (value, rest) {
            (value, []) => self.redact(value),
            (Value::Object(object), rest) => self.apply_path(object, rest),
            (Value::List(list), rest) => {
                list.iter_mut().for_each(|value| self.descend(value, rest))
            }
            _ => {}
        }
    }
}

fn has_mark(mark: &Value) -> bool {
    match mark {
        Value::Bool(mark) => *mark,
        Value::List(list) => list.iter().any(has_mark),
        Value::Object(object) => object.iter().any(|(_, mark)| has_mark(mark)),
        _ => false,
    }
}
