//! One entry of `resource_changes` or `resource_drift`, taken apart but not parsed.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Error as _;

use super::members::{Malformed, Members, string};
use crate::address::{InstanceKey, Mode};
use crate::inventory::Action;

/// An entry. Values are JSON texts, because most of them are never looked at.
pub(super) struct Change<'a> {
    pub(super) address: Cow<'a, str>,
    pub(super) previous_address: Option<Cow<'a, str>>,
    pub(super) module_address: Option<Cow<'a, str>>,
    pub(super) mode: Mode,
    pub(super) type_name: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) index: Option<InstanceKey>,
    pub(super) deposed: bool,
    pub(super) action: Action,
    pub(super) importing: bool,
    pub(super) before: Option<&'a str>,
    pub(super) after: Option<&'a str>,
    pub(super) after_unknown: Option<&'a str>,
    pub(super) before_sensitive: Option<&'a str>,
    pub(super) after_sensitive: Option<&'a str>,
}

/// The texts of an entry's members.
#[derive(Default)]
struct Parts<'a> {
    address: Part<'a>,
    previous_address: Part<'a>,
    module_address: Part<'a>,
    mode: Part<'a>,
    type_name: Part<'a>,
    name: Part<'a>,
    index: Part<'a>,
    deposed: Part<'a>,
    /// Whether there is a `change`, whose members the following are.
    has_change: bool,
    actions: Part<'a>,
    before: Part<'a>,
    after: Part<'a>,
    after_unknown: Part<'a>,
    before_sensitive: Part<'a>,
    after_sensitive: Part<'a>,
    importing: Part<'a>,
}

/// The text of one member; empty if it is missing.
#[derive(Default, Clone, Copy)]
struct Part<'a>(&'a str);

impl<'a> Part<'a> {
    /// The text; `null` counts as missing.
    fn get(self) -> Option<&'a str> {
        (!self.0.is_empty() && self.0 != "null").then_some(self.0)
    }

    fn string(self) -> serde_json::Result<Option<Cow<'a, str>>> {
        self.get().map(string).transpose()
    }
}

/// The string in `text`, which is empty or `null` if the member is missing.
pub(super) fn required<'a>(text: &'a str, name: &str) -> serde_json::Result<Cow<'a, str>> {
    match text {
        "" | "null" => Err(missing(name)),
        text => string(text),
    }
}

fn missing(name: &str) -> serde_json::Error {
    serde_json::Error::custom(format!("missing field `{name}`"))
}

/// Why an entry cannot be taken apart.
enum Fault {
    Malformed,
    /// Which of two is meant cannot be told.
    Twice(&'static str),
}

impl From<Malformed> for Fault {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Result<Self, Fault> {
        let mut parts = Self::default();
        let mut members = Members::of(text)?;
        while let Some(key) = members.key()? {
            let (name, part) = match key.as_ref() {
                "address" => ("address", &mut parts.address),
                "previous_address" => ("previous_address", &mut parts.previous_address),
                "module_address" => ("module_address", &mut parts.module_address),
                "mode" => ("mode", &mut parts.mode),
                "type" => ("type", &mut parts.type_name),
                "name" => ("name", &mut parts.name),
                "index" => ("index", &mut parts.index),
                "deposed" => ("deposed", &mut parts.deposed),
                "change" if parts.has_change => return Err(Fault::Twice("change")),
                "change" => {
                    parts.has_change = true;
                    members.enter()?;
                    parts.change(&mut members)?;
                    continue;
                }
                _ => {
                    members.value()?;
                    continue;
                }
            };
            put(part, name, &mut members)?;
        }
        Ok(parts)
    }

    fn change(&mut self, members: &mut Members<'a>) -> Result<(), Fault> {
        while let Some(key) = members.key()? {
            let (name, part) = match key.as_ref() {
                "actions" => ("actions", &mut self.actions),
                "before" => ("before", &mut self.before),
                "after" => ("after", &mut self.after),
                "after_unknown" => ("after_unknown", &mut self.after_unknown),
                "before_sensitive" => ("before_sensitive", &mut self.before_sensitive),
                "after_sensitive" => ("after_sensitive", &mut self.after_sensitive),
                "importing" => ("importing", &mut self.importing),
                _ => {
                    members.value()?;
                    continue;
                }
            };
            put(part, name, members)?;
        }
        Ok(())
    }
}

fn put<'a>(
    part: &mut Part<'a>,
    name: &'static str,
    members: &mut Members<'a>,
) -> Result<(), Fault> {
    if !part.0.is_empty() {
        return Err(Fault::Twice(name));
    }
    part.0 = members.value()?;
    Ok(())
}

impl<'a> Change<'a> {
    /// Takes the entry in `text` apart.
    ///
    /// # Errors
    /// If it is no JSON, or lacks what Terraform always writes.
    pub(super) fn read(text: &'a str) -> serde_json::Result<Self> {
        let parts = Parts::of(text).map_err(|fault| match fault {
            Fault::Malformed => Malformed::describe(text),
            Fault::Twice(name) => serde_json::Error::custom(format!("duplicate field `{name}`")),
        })?;
        if !parts.has_change {
            return Err(missing("change"));
        }
        Ok(Self {
            address: required(parts.address.0, "address")?,
            previous_address: parts.previous_address.string()?,
            module_address: parts.module_address.string()?,
            // Left out by tools that cut plans down; then it is a resource.
            mode: mode(&parts.mode.string()?.unwrap_or_default()),
            type_name: required(parts.type_name.0, "type")?,
            name: required(parts.name.0, "name")?,
            index: parts.index.get().map(key).transpose()?,
            deposed: parts.deposed.get().is_some(),
            action: action(parts.actions.get().ok_or_else(|| missing("actions"))?)?,
            importing: parts.importing.get().is_some(),
            before: parts.before.get(),
            after: parts.after.get(),
            after_unknown: parts.after_unknown.get(),
            before_sensitive: parts.before_sensitive.get(),
            after_sensitive: parts.after_sensitive.get(),
        })
    }
}

fn key(text: &str) -> serde_json::Result<InstanceKey> {
    serde_json::from_str::<Key>(text).map(|key| key.0)
}

/// `0` or `"key"`.
pub(super) struct Key(pub(super) InstanceKey);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl serde::de::Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an instance key: a number or a string")
            }

            fn visit_u64<E>(self, index: u64) -> Result<Key, E> {
                Ok(Key(InstanceKey::Index(index)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(Key(InstanceKey::Name(name.into())))
            }
        }
        deserializer.deserialize_any(KeyVisitor)
    }
}

/// `data` or `managed`.
pub(super) fn mode(text: &str) -> Mode {
    if text == "data" {
        Mode::Data
    } else {
        Mode::Managed
    }
}

fn action(text: &str) -> serde_json::Result<Action> {
    // As Terraform writes the two that fill a plan.
    match text {
        r#"["no-op"]"# => return Ok(Action::NoOp),
        r#"["create"]"# => return Ok(Action::Create),
        _ => {}
    }
    let actions: Vec<Cow<'_, str>> = serde_json::from_str(text)?;
    let actions: Vec<&str> = actions.iter().map(AsRef::as_ref).collect();
    Ok(match actions.as_slice() {
        ["no-op"] => Action::NoOp,
        ["create"] => Action::Create,
        ["read"] => Action::Read,
        ["delete"] => Action::Delete,
        ["forget"] => Action::Forget,
        ["delete", "create"] | ["create", "delete"] | ["create", "forget"] => Action::Replace,
        // `update`, and whatever a later version adds: it exists afterwards.
        _ => Action::Update,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_an_entry_apart() {
        let text = r#"{"address":"aws_s3_bucket.a[\"k\"]","mode":"managed","type":"aws_s3_bucket","name":"a","index":"k",
            "change":{"actions":["delete","create"],"before":null,"after":{"bucket":"b"},"after_unknown":{"id":true}}}"#;
        let change = Change::read(text).unwrap();
        assert_eq!(change.address, "aws_s3_bucket.a[\"k\"]");
        assert_eq!(change.index, Some(InstanceKey::Name("k".into())));
        assert_eq!(change.action, Action::Replace);
        assert_eq!(change.before, None);
        assert_eq!(change.after, Some(r#"{"bucket":"b"}"#));
        assert!(!change.deposed && !change.importing);
    }

    #[test]
    fn says_what_is_missing_without_quoting_values() {
        let of = |text: &str| Change::read(text).err().unwrap().to_string();
        assert_eq!(of(r#"{"type":"hunter2"}"#), "missing field `change`");
        assert_eq!(
            of(r#"{"change":{},"change":{}}"#),
            "duplicate field `change`"
        );
        assert_eq!(
            of(r#"["hunter2"]"#),
            "invalid type, expected an object or a list, at most 128 levels deep"
        );
        assert_eq!(
            of(r#"{"change":["hunter2"]}"#),
            "invalid type, expected an object or a list, at most 128 levels deep"
        );
        assert!(of(r#"{"type":"hunter2" "#).starts_with("EOF"));
        assert!(
            of(r#"{"address":"a.b","type":"a","name":"b","change":{"actions":"hunter2"}}"#)
                .contains("expected a sequence")
        );
    }
}
