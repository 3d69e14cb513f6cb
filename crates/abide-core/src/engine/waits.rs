//! What an unknown answer waits for.

use abide_policy::{Path, Property};

use super::Engine;
use super::properties::is;
use super::scope::{Found, Scope};
use super::trace::Wait;
use super::tri::Tri;
use crate::policy::{Attribute, Op};
use crate::value::Value;

impl Engine<'_> {
    /// Why the value at a path does not tell.
    pub(super) fn waits_for(&self, path: &Path, scope: &Scope<'_>) -> Vec<Wait> {
        let name = match scope.locate(path) {
            Some(path) => path.to_string(),
            None => path.to_string(),
        };
        match scope.find(path) {
            Found::Absent => return vec![Wait::Input(format!("{name} is not set"))],
            Found::Value(Value::Redacted(_)) => {
                return vec![Wait::Input(format!("{name} is a secret"))];
            }
            Found::Value(_) | Found::Unknown => {}
        }
        let Some(origin) = self.origin(path, scope) else {
            return vec![Wait::Part(name)];
        };
        let mut list: Vec<Wait> = origin
            .targets
            .iter()
            .map(|target| {
                let address = &self.inventory.resource(target.resource).address;
                Wait::Apply(if target.attribute.is_empty() {
                    address.to_string()
                } else {
                    format!("{address}.{}", target.attribute)
                })
            })
            .collect();
        if origin.opaque {
            list.push(Wait::Apply("a value the plan does not show".to_owned()));
        }
        list
    }

    /// Why an attribute's value does not answer.
    pub(super) fn attribute_waits_for(
        &self,
        attribute: &Attribute,
        scope: &Scope<'_>,
    ) -> Vec<Wait> {
        let path = &attribute.path;
        match (scope.find(path), &attribute.op) {
            (Found::Value(Value::String(_)), Op::Is(Property::Secret)) => {
                vec![Wait::Input(format!("{path} is compressed"))]
            }
            (Found::Value(value), Op::EqualsAttribute(other)) if value.is_wholly_known() => {
                self.waits_for(other, scope)
            }
            (Found::Value(value), Op::RefersTo(types, _)) if value.is_wholly_known() => {
                let types = types.join(" or ");
                vec![Wait::Input(format!("which {types} {path} refers to"))]
            }
            _ => self.waits_for(path, scope),
        }
    }

    /// Why what an attribute refers to does not answer, if nothing was found there.
    pub(super) fn follow_waits_for(&self, path: &Path, scope: &Scope<'_>) -> Vec<Wait> {
        match scope.find(path) {
            Found::Value(value) if is(Property::Set, value) == Tri::False => {
                vec![Wait::Input(format!("{path} is empty"))]
            }
            Found::Value(_) => {
                vec![Wait::Input(format!(
                    "what {path} names is not in this input"
                ))]
            }
            Found::Absent | Found::Unknown => self.waits_for(path, scope),
        }
    }
}

/// Why a resource may not be one of those meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doubt {
    /// It may refer to another one.
    RefersHere,
    /// Another one may be referred to.
    IsMeant,
    /// It may be of another account.
    SamePlace,
}

impl Doubt {
    pub(super) fn about(self, address: &str) -> Wait {
        match self {
            Self::RefersHere => Wait::Apply(format!("whether {address} refers to it")),
            Self::IsMeant => Wait::Apply(format!("whether it refers to {address}")),
            Self::SamePlace => Wait::Input(format!("whether {address} is in the same account")),
        }
    }
}
