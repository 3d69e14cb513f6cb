//! Undoing drift: a targeted plan may do that, and nothing else.

use std::collections::BTreeSet;

use abide_schema::{Member, ProviderSchema};
use serde_json::Value;

use crate::{Plan, PlannedChange};

/// What is to be undone of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// Its address.
    pub address: String,
    /// The attributes that were changed outside.
    pub attributes: BTreeSet<String>,
    /// It was deleted: it is made anew.
    pub deleted: bool,
}

/// What a plan does to undo it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The resource.
    pub address: String,
    /// `update` or `create`.
    pub action: String,
    /// The attributes it sets.
    pub attributes: Vec<String>,
    /// Why somebody should look twice.
    pub careful: Option<&'static str>,
}

/// Why a plan is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does something to a resource that is not among the drifted ones.
    #[error(
        "it would also {actions} {address}, which did not drift: the code is ahead of what was applied; plan at the commit that was applied last"
    )]
    Elsewhere {
        /// The resource.
        address: String,
        /// What would be done.
        actions: String,
    },
    /// It deletes or replaces.
    #[error("it would {actions} {address}: a revert only updates, or makes anew what was deleted")]
    Action {
        /// The resource.
        address: String,
        /// What would be done.
        actions: String,
    },
    /// It sets what was not changed outside.
    #[error(
        "it would also set {attribute} of {address}, which did not drift: the code is ahead of what was applied; plan at the commit that was applied last"
    )]
    Attribute {
        /// The resource.
        address: String,
        /// The attribute.
        attribute: String,
    },
    /// It sets an attribute to something that was never there.
    #[error(
        "it would set {attribute} of {address} to another value than it had before: the code is ahead of what was applied; plan at the commit that was applied last"
    )]
    NotBefore {
        /// The resource.
        address: String,
        /// The attribute.
        attribute: String,
    },
    /// There is nothing to undo.
    #[error(
        "it does nothing to {address}: somebody undid it already, or the code lets it be (`ignore_changes`)"
    )]
    Nothing {
        /// The resource.
        address: String,
    },
}

/// What to look at twice, by the beginning of the type and an attribute (`*` for any).
const CAREFUL: &[(&str, &str, &str)] = &[
    (
        "aws_iam_",
        "assume_role_policy",
        "it changes who may take a role",
    ),
    ("aws_route", "*", "it changes where traffic goes"),
    ("aws_db_", "*", "it changes a database and may restart it"),
    ("aws_rds_", "*", "it changes a database and may restart it"),
];

/// Whether a targeted plan undoes this and nothing else. `before` is the plan in which the drift was
/// seen: it knows what the values were.
///
/// # Errors
/// All that it would do besides.
pub fn check(plan: &Plan, undo: &[Undo], seen: &Plan) -> Result<Vec<Step>, Vec<Refused>> {
    let mut steps = Vec::new();
    let mut refused = Vec::new();
    for change in &plan.changes {
        let address = change.address.clone();
        let wanted = undo.iter().find(|undo| undo.address == address);
        let Some(wanted) = wanted.filter(|_| change.deposed.is_none()) else {
            refused.push(Refused::Elsewhere {
                address,
                actions: change.actions(),
            });
            continue;
        };
        let action = if wanted.deleted { "create" } else { "update" };
        if !change.only(action) {
            refused.push(Refused::Action {
                address,
                actions: change.actions(),
            });
            continue;
        }
        let before = seen.drift.iter().find(|drift| drift.address == address);
        refused.extend(attributes(change, wanted, before));
        steps.push(step(change, wanted));
    }
    for undo in undo {
        if plan.change(&undo.address).is_none() {
            let address = undo.address.clone();
            refused.push(Refused::Nothing { address });
        }
    }
    match refused.is_empty() {
        true => Ok(steps),
        false => Err(refused),
    }
}

/// What of an update is none of the drift.
fn attributes(change: &PlannedChange, undo: &Undo, before: Option<&PlannedChange>) -> Vec<Refused> {
    if undo.deleted {
        return Vec::new();
    }
    let mut refused = Vec::new();
    for name in change.attributes() {
        let address = change.address.clone();
        let attribute = name.to_owned();
        if !drifted(undo, name) {
            // What the provider fills in by itself is no setting of anybody's.
            if !(change.is_unknown(name) && is_computed(&change.resource_type, name)) {
                refused.push(Refused::Attribute { address, attribute });
            }
        } else if before.is_some_and(|before| !same(before.before(name), change.after(name))) {
            refused.push(Refused::NotBefore { address, attribute });
        }
    }
    refused
}

/// `tags_all` follows `tags`.
fn drifted(undo: &Undo, name: &str) -> bool {
    let known = |name: &str| undo.attributes.contains(name);
    known(name) || (name == "tags_all" && known("tags")) || (name == "tags" && known("tags_all"))
}

fn is_computed(resource_type: &str, name: &str) -> bool {
    let block = ProviderSchema::aws().resource(resource_type);
    let member = block.and_then(|block| block.member(name));
    matches!(member, Some(Member::Attribute(attribute)) if attribute.computed)
}

/// Equal, where nothing and empty are one, and the order of a list does not count.
fn same(before: &Value, after: &Value) -> bool {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    match (before, after) {
        (Value::Array(a), Value::Array(b)) => {
            let mut left: Vec<&Value> = b.iter().collect();
            a.len() == b.len()
                && a.iter().all(|value| {
                    let at = left.iter().position(|other| same(value, other));
                    at.map(|at| left.swap_remove(at)).is_some()
                })
        }
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let side = |object: &serde_json::Map<String, Value>, name: &str| {
                object.get(name).cloned().unwrap_or_default()
            };
            names
                .into_iter()
                .all(|name| same(&side(a, name), &side(b, name)))
        }
        (Value::String(a), Value::String(b)) if a != b => {
            let document = |text: &str| {
                let is_one = text.trim_start().starts_with(['{', '[']);
                is_one.then(|| serde_json::from_str::<Value>(text).ok())?
            };
            match (document(a), document(b)) {
                (Some(a), Some(b)) => same(&a, &b),
                _ => false,
            }
        }
        (before, after) => before == after || (empty(before) && empty(after)),
    }
}

fn step(change: &PlannedChange, undo: &Undo) -> Step {
    let attributes: Vec<String> = match undo.deleted {
        true => Vec::new(),
        false => change.attributes().into_iter().map(str::to_owned).collect(),
    };
    let careful = CAREFUL.iter().find(|(start, attribute, _)| {
        let named = *attribute == "*" || attributes.iter().any(|name| name == attribute);
        change.resource_type.starts_with(start) && named
    });
    let anew = undo
        .deleted
        .then_some("it is made anew: what was in it does not come back");
    Step {
        address: change.address.clone(),
        action: change.actions(),
        attributes,
        careful: anew.or(careful.map(|(_, _, why)| *why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str = r#"{"resource_drift": [{"address": "aws_ebs_volume.a", "mode": "managed", "type": "aws_ebs_volume",
        "change": {"actions": ["update"], "before": {"size": 5, "tags": null}, "after": {"size": 6, "tags": {"a": "b"}}}}]}"#;

    fn changes(list: &[(&str, &str)]) -> Plan {
        let entries: Vec<String> = list
            .iter()
            .map(|(address, change)| {
                format!(
                    r#"{{"address": "{address}", "mode": "managed", "type": "aws_ebs_volume", "change": {change}}}"#
                )
            })
            .collect();
        let json = format!(r#"{{"resource_changes": [{}]}}"#, entries.join(","));
        Plan::read(json.as_bytes()).unwrap()
    }

    fn undo(attributes: &[&str], deleted: bool) -> Vec<Undo> {
        vec![Undo {
            address: "aws_ebs_volume.a".to_owned(),
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
            deleted,
        }]
    }

    fn answer(list: &[(&str, &str)], undo: &[Undo]) -> Result<Vec<Step>, Vec<Refused>> {
        check(&changes(list), undo, &Plan::read(SEEN.as_bytes()).unwrap())
    }

    const A: &str = "aws_ebs_volume.a";
    const BACK: &str = r#"{"actions": ["update"], "before": {"size": 6, "tags": {"a": "b"}, "tags_all": {"a": "b"}}, "after": {"size": 5, "tags": {}, "tags_all": {}}}"#;

    #[test]
    fn undoing_is_all_that_is_let_through() {
        let steps = answer(&[(A, BACK)], &undo(&["size", "tags"], false)).unwrap();
        assert_eq!(steps[0].attributes, ["size", "tags", "tags_all"]);
        assert_eq!(steps[0].action, "update");
    }

    #[test]
    fn another_resource_attribute_value_or_action_is_refused() {
        let both = undo(&["size", "tags"], false);
        let elsewhere = answer(&[(A, BACK), ("aws_ebs_volume.b", BACK)], &both).unwrap_err();
        assert!(
            matches!(&elsewhere[..], [Refused::Elsewhere { address, .. }] if address.ends_with('b'))
        );
        let more = answer(&[(A, BACK)], &undo(&["tags"], false)).unwrap_err();
        assert!(matches!(&more[..], [Refused::Attribute { attribute, .. }] if attribute == "size"));
        let ahead = BACK.replace("\"size\": 5", "\"size\": 9");
        let ahead = answer(&[(A, &ahead)], &both).unwrap_err();
        assert!(
            matches!(&ahead[..], [Refused::NotBefore { attribute, .. }] if attribute == "size")
        );
        for actions in [r#"["delete"]"#, r#"["delete", "create"]"#, r#"["create"]"#] {
            let other = BACK.replace(r#"["update"]"#, actions);
            let other = answer(&[(A, &other)], &both).unwrap_err();
            assert!(matches!(&other[..], [Refused::Action { .. }]), "{actions}");
        }
        let none = answer(&[], &both).unwrap_err();
        assert!(matches!(&none[..], [Refused::Nothing { .. }]));
    }

    #[test]
    fn what_was_deleted_is_made_anew_and_that_is_said() {
        let create = r#"{"actions": ["create"], "before": null, "after": {"size": 5}, "after_unknown": {"id": true}}"#;
        let steps = answer(&[(A, create)], &undo(&[], true)).unwrap();
        assert!(steps[0].careful.is_some());
        assert!(answer(&[(A, create)], &undo(&["size"], false)).is_err());
    }
}
