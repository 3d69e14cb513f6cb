//! Taking a mapping apart, key by key.

use crate::error::{Position, did_you_mean};
use crate::yaml::{Key, Kind, Node};

/// Collects errors, so that one run shows all of them.
pub(crate) struct Errors {
    pub(super) list: Vec<(Position, String)>,
}

impl Errors {
    pub(crate) fn push(&mut self, at: Position, message: impl Into<String>) {
        self.list.push((at, message.into()));
    }
}

/// A mapping whose keys are taken out one by one; what is left is an error.
pub(crate) struct Fields<'n> {
    pub(crate) at: Position,
    entries: Vec<(&'n Key, &'n Node)>,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    pub(crate) fn of(node: &'n Node, what: &str, errors: &mut Errors) -> Option<Self> {
        let Kind::Map(map) = &node.kind else {
            errors.push(
                node.at,
                format!("expected {what} (a mapping), found {}", node.describe()),
            );
            return None;
        };
        Some(Self {
            at: node.at,
            entries: map.iter().map(|(key, node)| (key, node)).collect(),
            known: Vec::new(),
        })
    }

    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'n Node> {
        self.known.push(name);
        let at = self.entries.iter().position(|(key, _)| key.name == name)?;
        Some(self.entries.remove(at).1)
    }

    pub(crate) fn require(&mut self, name: &'static str, errors: &mut Errors) -> Option<&'n Node> {
        let node = self.take(name);
        if node.is_none() {
            errors.push(self.at, format!("`{name}` is missing"));
        }
        node
    }

    /// Which of `names` is there; more than one is an error.
    pub(crate) fn one_of(
        &mut self,
        names: &[&'static str],
        errors: &mut Errors,
    ) -> Option<(&'static str, &'n Node)> {
        let mut found = None;
        for name in names {
            let key_at = self
                .entries
                .iter()
                .find(|(key, _)| key.name == *name)
                .map(|(key, _)| key.at);
            let Some(node) = self.take(name) else {
                continue;
            };
            match found {
                None => found = Some((*name, node)),
                Some((first, _)) => errors.push(
                    key_at.unwrap_or(node.at),
                    format!("`{name}` cannot stand beside `{first}`: a condition asks one thing"),
                ),
            }
        }
        found
    }

    /// Reports what was not taken.
    pub(crate) fn finish(self, what: &str, errors: &mut Errors) {
        for (key, _) in &self.entries {
            let hint = match did_you_mean(&key.name, self.known.iter().copied()) {
                Some(name) => format!("; did you mean `{name}`?"),
                None => {
                    let mut known = self.known.clone();
                    known.sort_unstable();
                    format!("; known: {}", known.join(", "))
                }
            };
            errors.push(key.at, format!("{what} has no `{}`{hint}", key.name));
        }
    }
}
