//! Adopting drift: with the edited source a plan leaves the adopted resources alone, and does to all
//! others what it did before.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{Plan, PlannedChange};

/// Why an edit is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// What was adopted would still be changed.
    #[error("with the edit, terraform would still {actions} {address} ({attributes})")]
    Still {
        /// The resource.
        address: String,
        /// What would be done.
        actions: String,
        /// Which attributes.
        attributes: String,
    },
    /// Something else would be changed.
    #[error("with the edit, terraform would also {actions} {address}, which it did not before")]
    Elsewhere {
        /// The resource.
        address: String,
        /// What would be done.
        actions: String,
    },
    /// Something would not be done that was.
    #[error("with the edit, terraform would no longer {actions} {address}")]
    NoLonger {
        /// The resource.
        address: String,
        /// What was to be done.
        actions: String,
    },
    /// An import would change what it takes over.
    #[error("importing {address} would also change it ({attributes})")]
    Import {
        /// The resource.
        address: String,
        /// Which attributes.
        attributes: String,
    },
}

/// Checks the plan with the edit against the one without. `adopted` has the attributes by address.
///
/// # Errors
/// All in which they differ and should not.
pub fn check(
    before: &Plan,
    after: &Plan,
    adopted: &BTreeMap<String, BTreeSet<String>>,
) -> Result<(), Vec<Refused>> {
    let mut refused = Vec::new();
    for change in &after.changes {
        let old = before.change(&change.address);
        match adopted.get(&change.address) {
            Some(attributes) => refused.extend(still(change, old, attributes)),
            None if old.is_some_and(|old| is_same(old, change)) => {}
            None => refused.push(Refused::Elsewhere {
                address: change.address.clone(),
                actions: change.actions(),
            }),
        }
    }
    let gone = before
        .changes
        .iter()
        .filter(|old| !adopted.contains_key(&old.address) && after.change(&old.address).is_none());
    refused.extend(gone.map(|old| Refused::NoLonger {
        address: old.address.clone(),
        actions: old.actions(),
    }));
    match refused.is_empty() {
        true => Ok(()),
        false => Err(refused),
    }
}

/// Checks a plan with `import` blocks: they take over and change nothing but tags, which
/// `default_tags` add to everything.
///
/// # Errors
/// All that it does besides.
pub fn check_import(
    before: &Plan,
    after: &Plan,
    imported: &BTreeSet<String>,
) -> Result<(), Vec<Refused>> {
    let mut refused = Vec::new();
    for change in &after.changes {
        let address = change.address.clone();
        if !imported.contains(&address) {
            let same = before
                .change(&address)
                .is_some_and(|old| is_same(old, change));
            if !same {
                let actions = change.actions();
                refused.push(Refused::Elsewhere { address, actions });
            }
            continue;
        }
        let takes = change.change.importing.is_some();
        // What Terraform alone knows, such as `force_destroy`, is nothing before an import.
        let is_quiet = |name: &&str| {
            matches!(*name, "tags" | "tags_all")
                || (change.before(name).is_null() && says_nothing(change.after(name)))
        };
        let all = change.attributes().into_iter();
        let attributes: Vec<&str> = all.filter(|name| !is_quiet(name)).collect();
        let quiet = change.only("no-op") || (change.only("update") && attributes.is_empty());
        if !takes || !quiet {
            let attributes = attributes.join(", ");
            refused.push(Refused::Import {
                address,
                attributes,
            });
        }
    }
    match refused.is_empty() {
        true => Ok(()),
        false => Err(refused),
    }
}

/// What is left to be done must have been there before, and be none of what was adopted.
fn still(
    change: &PlannedChange,
    old: Option<&PlannedChange>,
    adopted: &BTreeSet<String>,
) -> Option<Refused> {
    let is_old = |name: &&str| {
        let was = old.is_some_and(|old| {
            old.attributes().contains(*name) && old.after(name) == change.after(name)
        });
        was && !adopted.contains(*name)
    };
    let new: Vec<&str> = change
        .attributes()
        .into_iter()
        .filter(|name| !is_old(name))
        .collect();
    let same_actions = old.is_some_and(|old| old.change.actions == change.change.actions);
    (!new.is_empty() || !same_actions).then(|| Refused::Still {
        address: change.address.clone(),
        actions: change.actions(),
        attributes: new.join(", "),
    })
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

fn is_same(one: &PlannedChange, other: &PlannedChange) -> bool {
    one.change.actions == other.change.actions
        && one.change.before == other.change.before
        && one.change.after == other.change.after
        && one.change.after_unknown == other.change.after_unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(list: &[(&str, &str)]) -> Plan {
        let entries: Vec<String> = list
            .iter()
            .map(|(address, change)| {
                format!(r#"{{"address": "{address}", "mode": "managed", "type": "a", "change": {change}}}"#)
            })
            .collect();
        let json = format!(r#"{{"resource_changes": [{}]}}"#, entries.join(","));
        Plan::read(json.as_bytes()).unwrap()
    }

    const SIZE: &str = r#"{"actions": ["update"], "before": {"size": 6, "kind": 1}, "after": {"size": 5, "kind": 1}}"#;
    const BOTH: &str = r#"{"actions": ["update"], "before": {"size": 6, "kind": 1}, "after": {"size": 5, "kind": 2}}"#;
    const KIND: &str = r#"{"actions": ["update"], "before": {"size": 6, "kind": 1}, "after": {"size": 6, "kind": 2}}"#;

    fn adopted() -> BTreeMap<String, BTreeSet<String>> {
        BTreeMap::from([("a.a".to_owned(), BTreeSet::from(["size".to_owned()]))])
    }

    #[test]
    fn nothing_may_be_left_of_what_was_adopted() {
        assert_eq!(
            check(&plan(&[("a.a", SIZE)]), &plan(&[]), &adopted()),
            Ok(())
        );
        assert!(check(&plan(&[("a.a", SIZE)]), &plan(&[("a.a", SIZE)]), &adopted()).is_err());
        // What waits to be applied stays.
        assert_eq!(
            check(&plan(&[("a.a", BOTH)]), &plan(&[("a.a", KIND)]), &adopted()),
            Ok(())
        );
        assert!(check(&plan(&[("a.a", SIZE)]), &plan(&[("a.a", KIND)]), &adopted()).is_err());
    }

    #[test]
    fn everything_else_is_as_it_was() {
        let before = [("a.a", SIZE), ("a.b", SIZE)];
        assert_eq!(
            check(&plan(&before), &plan(&[("a.b", SIZE)]), &adopted()),
            Ok(())
        );
        let other = check(&plan(&before), &plan(&[("a.b", BOTH)]), &adopted()).unwrap_err();
        assert!(matches!(&other[..], [Refused::Elsewhere { .. }]));
        let gone = check(&plan(&before), &plan(&[]), &adopted()).unwrap_err();
        assert!(matches!(&gone[..], [Refused::NoLonger { .. }]));
        let new = check(&plan(&[("a.a", SIZE)]), &plan(&[("a.c", SIZE)]), &adopted()).unwrap_err();
        assert!(matches!(&new[..], [Refused::Elsewhere { .. }]));
    }

    #[test]
    fn an_import_takes_over_and_changes_tags_at_most() {
        let imported = BTreeSet::from(["a.a".to_owned()]);
        let with = |actions: &str, after: &str| {
            format!(
                r#"{{"actions": ["{actions}"], "before": {{"size": 5}}, "after": {after}, "importing": {{"id": "x"}}}}"#
            )
        };
        for (actions, after, fits) in [
            ("no-op", r#"{"size": 5}"#, true),
            ("update", r#"{"size": 5, "tags": {"a": "b"}}"#, true),
            ("update", r#"{"size": 5, "force_destroy": false}"#, true),
            ("update", r#"{"size": 5, "force_destroy": true}"#, false),
            ("update", r#"{"size": 6}"#, false),
        ] {
            let after = with(actions, after);
            let answer = check_import(&plan(&[]), &plan(&[("a.a", &after)]), &imported);
            assert_eq!(answer.is_ok(), fits, "{after}");
        }
        let create = r#"{"actions": ["create"], "before": null, "after": {"size": 5}}"#;
        assert!(check_import(&plan(&[]), &plan(&[("a.a", create)]), &imported).is_err());
    }
}
