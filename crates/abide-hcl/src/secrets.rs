//! Takes secrets out of the text that code frames show.
//!
//! A secret stands in the source in clear, but what is printed goes to logs and
//! pull requests. What the evaluation found to be secret is starred wherever it stands.

use std::collections::BTreeSet;
use std::sync::Arc;

use abide_core::address::Mode;
use abide_schema::ProviderSchema;

use crate::module::Declared;
use crate::value::{Kind, Map, Val};

/// Shorter texts are too common to be taken for a secret elsewhere.
const SHORTEST: usize = 6;

/// The secret texts of a load. They are never shown, not even by `Debug`.
#[derive(Default)]
pub(crate) struct Secrets(BTreeSet<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Remembers the secret parts of a resource.
    pub(crate) fn learn(&mut self, map: &Map) {
        for (_, value) in map.iter() {
            if value.has_secret() {
                self.value(value, false);
            }
        }
    }

    /// Remembers what stands at secret attributes of a resource that is not evaluated.
    pub(crate) fn learn_written(&mut self, declared: &Declared) {
        let schema = ProviderSchema::aws();
        let block = match declared.mode {
            Mode::Managed => schema.resource(&declared.type_name),
            Mode::Data => schema.data_source(&declared.type_name),
        };
        for path in block.into_iter().flat_map(|block| block.sensitive_paths()) {
            let attribute = path
                .first()
                .and_then(|name| declared.block.body.attribute(name));
            if let Some(text) = attribute.and_then(|attribute| attribute.value.literal_str()) {
                self.text(text);
            }
        }
    }

    fn value(&mut self, value: &Val, inside: bool) {
        let secret = inside || value.sensitive;
        match &value.kind {
            Kind::String(text) if secret => self.text(text),
            Kind::List(values) | Kind::Set(values) => {
                values.iter().for_each(|value| self.value(value, secret));
            }
            Kind::Map(map) | Kind::Open(map) => {
                map.iter().for_each(|(_, value)| self.value(value, secret));
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        // A heredoc stands in the source line by line, a quoted text with its escapes.
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        let lines = text.lines().map(str::trim).map(ToOwned::to_owned);
        let forms = lines.chain([escaped.replace('\n', "\\n")]);
        self.0
            .extend(forms.filter(|form| form.chars().count() >= SHORTEST));
    }

    /// Whether a text shows one.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret.as_str()))
    }

    /// The text with a star for each character of a secret: columns stay what they are.
    pub(crate) fn mask(&self, text: &Arc<str>) -> Arc<str> {
        let mut masked: Option<String> = None;
        // Longer ones first: one may be a part of another.
        let mut secrets: Vec<&String> = self.0.iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        for secret in secrets {
            let current = masked.as_deref().unwrap_or(text);
            if current.contains(secret.as_str()) {
                let stars = "*".repeat(secret.chars().count());
                masked = Some(current.replace(secret.as_str(), &stars));
            }
        }
        masked.map_or_else(|| text.clone(), Into::into)
    }
}
