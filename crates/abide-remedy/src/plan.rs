//! What a plan changes, and nothing else of it.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The changes of a plan.
#[derive(Debug)]
pub struct Plan {
    /// All that it does, in the order of addresses; what it leaves alone and data sources are left out.
    pub changes: Vec<PlannedChange>,
    /// What was changed outside Terraform, in the order of addresses.
    pub drift: Vec<PlannedChange>,
    /// Names of outputs that change.
    pub outputs: Vec<String>,
}

/// The change of one resource.
#[derive(Debug, Deserialize)]
pub struct PlannedChange {
    /// Its address.
    pub address: String,
    /// The type.
    #[serde(rename = "type", default)]
    pub resource_type: String,
    #[serde(default)]
    mode: String,
    /// Set if it is what a failed replacement left.
    #[serde(default)]
    pub deposed: Option<String>,
    pub(crate) change: Change,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    pub(crate) actions: Vec<String>,
    #[serde(default)]
    pub(crate) before: Value,
    #[serde(default)]
    pub(crate) after: Value,
    #[serde(default)]
    pub(crate) after_unknown: Value,
    #[serde(default)]
    pub(crate) importing: Option<Value>,
}

/// Why a plan is none to go by.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It is no plan in JSON.
    #[error("the plan cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of a part only.
    #[error("terraform could not plan everything: the plan is {0}")]
    Partial(&'static str),
}

#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    resource_changes: Vec<PlannedChange>,
    #[serde(default)]
    resource_drift: Vec<PlannedChange>,
    #[serde(default)]
    output_changes: Map<String, Value>,
    #[serde(default)]
    errored: bool,
}

impl Plan {
    /// Reads `show -json` of a plan.
    ///
    /// # Errors
    /// If it is none, or one of a part.
    pub fn read(json: &[u8]) -> Result<Self, PlanError> {
        let whole: Whole = serde_json::from_slice(json)?;
        if whole.errored {
            return Err(PlanError::Partial("errored"));
        }
        let sorted = |mut list: Vec<PlannedChange>| {
            list.retain(PlannedChange::does_something);
            list.sort_by(|a, b| (&a.address, &a.deposed).cmp(&(&b.address, &b.deposed)));
            list
        };
        let outputs = whole.output_changes.iter().filter(|(_, change)| {
            let actions = change["actions"].as_array();
            actions.is_some_and(|actions| actions.iter().any(|action| action != "no-op"))
        });
        Ok(Self {
            outputs: outputs.map(|(name, _)| name.clone()).collect(),
            changes: sorted(whole.resource_changes),
            drift: sorted(whole.resource_drift),
        })
    }

    /// SHA-256 over all that it does, the values before and after too: equal for two plans that
    /// do the same to the same.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut text = String::new();
        for planned in &self.changes {
            let deposed = planned.deposed.as_deref().unwrap_or_default();
            text.push_str(&format!("{}\n{deposed}\n", planned.address));
            text.push_str(&planned.change.actions.join(","));
            for value in [
                &planned.change.before,
                &planned.change.after,
                &planned.change.after_unknown,
            ] {
                text.push('\n');
                canonical(value, &mut text);
            }
            text.push('\n');
        }
        let digest = Sha256::digest(text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The change of a resource, if there is one.
    #[must_use]
    pub fn change(&self, address: &str) -> Option<&PlannedChange> {
        self.changes.iter().find(|change| change.address == address)
    }
}

impl PlannedChange {
    fn does_something(&self) -> bool {
        let does = self.change.actions.iter().any(|action| action != "no-op");
        self.mode != "data" && (does || self.change.importing.is_some())
    }

    /// `create`, `update`, `delete`, `create, delete` …
    #[must_use]
    pub fn actions(&self) -> String {
        match self.change.actions.as_slice() {
            [only] if only == "no-op" => "import".to_owned(),
            actions => actions.join(", "),
        }
    }

    /// Whether it does this and nothing else.
    #[must_use]
    pub fn only(&self, action: &str) -> bool {
        matches!(self.change.actions.as_slice(), [only] if only == action)
    }

    /// The attributes that differ; what the provider will only tell after apply counts.
    #[must_use]
    pub fn attributes(&self) -> BTreeSet<&str> {
        let differs = |name: &str| self.before(name) != self.after(name) || self.is_unknown(name);
        let sides = [
            &self.change.before,
            &self.change.after,
            &self.change.after_unknown,
        ];
        let keys = sides.into_iter().filter_map(Value::as_object);
        keys.flat_map(Map::keys)
            .map(String::as_str)
            .filter(|name| differs(name))
            .collect()
    }

    /// Whether only the provider knows, after apply, what an attribute will be.
    #[must_use]
    pub fn is_unknown(&self, attribute: &str) -> bool {
        any_true(&self.change.after_unknown[attribute])
    }

    /// What an attribute is to be.
    #[must_use]
    pub fn after(&self, attribute: &str) -> &Value {
        &self.change.after[attribute]
    }

    /// What it was.
    #[must_use]
    pub fn before(&self, attribute: &str) -> &Value {
        &self.change.before[attribute]
    }
}

fn any_true(value: &Value) -> bool {
    match value {
        Value::Bool(true) => true,
        Value::Array(list) => list.iter().any(any_true),
        Value::Object(object) => object.values().any(any_true),
        _ => false,
    }
}

/// JSON with its keys in order, whatever order they came in.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in entries {
                out.push_str(&format!("{name:?}:"));
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for value in list {
                canonical(value, out);
                out.push(',');
            }
            out.push(']');
        }
        value => out.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(change: &str) -> Plan {
        let json = format!(
            r#"{{"resource_changes": [{{"address": "a.b", "mode": "managed", "type": "a", "change": {change}}}]}}"#
        );
        Plan::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn the_digest_is_of_what_is_done_not_of_how_it_is_printed() {
        let one = plan(r#"{"actions": ["update"], "before": {"x": 1, "y": 2}, "after": {"x": 1}}"#);
        let other =
            plan(r#"{"actions": ["update"], "before": {"y": 2, "x": 1}, "after": {"x": 1}}"#);
        assert_eq!(one.digest(), other.digest());
        let reality =
            plan(r#"{"actions": ["update"], "before": {"x": 1, "y": 3}, "after": {"x": 1}}"#);
        assert_ne!(one.digest(), reality.digest());
        let action =
            plan(r#"{"actions": ["delete"], "before": {"x": 1, "y": 2}, "after": {"x": 1}}"#);
        assert_ne!(one.digest(), action.digest());
    }

    #[test]
    fn attributes_are_those_that_differ_or_are_not_known() {
        let plan = plan(
            r#"{"actions": ["update"], "before": {"x": 1, "y": 2, "z": 3, "n": null}, "after": {"x": 1, "y": 4},
                "after_unknown": {"z": true, "x": false, "l": [{"m": true}]}}"#,
        );
        let names: Vec<&str> = plan.changes[0].attributes().into_iter().collect();
        assert_eq!(names, ["l", "y", "z"]);
    }

    #[test]
    fn what_does_nothing_and_what_is_only_read_is_no_change() {
        assert!(plan(r#"{"actions": ["no-op"]}"#).changes.is_empty());
        let json = br#"{"resource_changes": [{"address": "data.a.b", "mode": "data", "change": {"actions": ["read"]}}]}"#;
        assert!(Plan::read(json).unwrap().changes.is_empty());
        assert!(Plan::read(br#"{"errored": true}"#).is_err());
    }
}
