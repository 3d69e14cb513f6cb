//! The table of events: `data/events.toml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::AwsError;

/// What changes one type.
#[derive(Debug, Deserialize)]
pub(super) struct Changing {
    pub(super) source: String,
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// It has no name of its own: events are looked up by their names.
    #[serde(default)]
    pub(super) by_event: bool,
    #[serde(flatten)]
    pub(super) events: BTreeMap<String, Vec<String>>,
}

/// Events of most services that change tags.
const TAGS: &[&str] = &["CreateTags", "DeleteTags", "TagResource", "UntagResource"];

impl Changing {
    /// Whether an event changes one of these attributes; for what is gone, ends it.
    pub(super) fn is_by(&self, event: &str, attributes: &[String], is_gone: bool) -> bool {
        let holds = |key: &str| {
            let names = self.events.get(key);
            names.is_some_and(|names| names.iter().any(|name| name == event))
        };
        if is_gone {
            return holds("delete");
        }
        let of = |attribute: &String| match attribute.as_str() {
            "tags" | "tags_all" => holds("tags") || TAGS.contains(&event),
            attribute => holds(attribute) || holds("all"),
        };
        attributes.iter().any(of)
    }

    /// Whether an event changes it at all.
    pub(super) fn is_any(&self, event: &str) -> bool {
        let mut names = self.events.values().flatten();
        names.any(|name| name == event) || TAGS.contains(&event)
    }

    /// All events, for a lookup by their names.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.events.values().flatten().map(String::as_str)
    }
}

type Table = BTreeMap<String, Changing>;

/// What changes a type; `None` if the table does not say.
pub(super) fn changing(type_name: &str) -> Result<Option<&'static Changing>, AwsError> {
    static TABLE: OnceLock<Result<Table, String>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        toml::from_str(include_str!("../../data/events.toml"))
            .map_err(|error| format!("data/events.toml: {error}"))
    });
    match table {
        Ok(table) => Ok(table.get(type_name)),
        Err(error) => Err(AwsError::Table(error.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_belong_to_attributes() {
        let group = changing("aws_security_group").unwrap().unwrap();
        let of = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let open = "AuthorizeSecurityGroupIngress";
        assert!(group.is_by(open, &of(&["ingress"]), false));
        assert!(!group.is_by(open, &of(&["egress", "tags"]), false));
        assert!(!group.is_by(open, &of(&["ingress"]), true));
        assert!(group.is_by("DeleteSecurityGroup", &[], true));
        assert!(group.is_by("CreateTags", &of(&["tags_all"]), false));
        assert!(group.is_any(open) && !group.is_any("DescribeSecurityGroups"));
        assert!(changing("aws_nothing").unwrap().is_none());
    }
}
