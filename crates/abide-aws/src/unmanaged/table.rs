//! The table of resource types: `data/types.toml`, where each column is explained.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::condition::Condition;
use crate::AwsError;
use crate::answer;
use crate::service::{Service, service};

/// A resource type, and how it is listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Terraform's name of it.
    #[serde(skip)]
    pub name: String,
    /// For people, in the plural.
    pub what: String,
    pub(super) service: String,
    pub(super) call: String,
    #[serde(default)]
    pub(super) parameters: Map<String, Value>,
    pub(super) pages: Option<Pages>,
    pub(super) items: String,
    pub(super) id: Template,
    #[serde(default)]
    pub(super) keys: Vec<String>,
    #[serde(default)]
    pub(super) held: Vec<String>,
    #[serde(default)]
    pub(super) same: Vec<String>,
    pub(super) region: Option<String>,
    /// The call that tells an item's region where the list does not.
    pub(super) locate: Option<Template>,
    pub(super) each: Option<Each>,
    pub(super) detail: Option<Detail>,
    /// Policies are not asked about it.
    #[serde(default)]
    pub unjudged: bool,
    #[serde(default)]
    pub(super) only: Vec<Condition>,
    #[serde(default)]
    pub(super) gone: Vec<Condition>,
    #[serde(default)]
    pub(super) own: Vec<Condition>,
    #[serde(default)]
    pub(super) child: Vec<Child>,
    /// It is listed only where what it is part of is managed: else it comes with that.
    pub(super) part_of: Option<PartOf>,
    #[serde(default)]
    pub(super) claims: Vec<Claim>,
    #[serde(default)]
    pub(super) companions: Vec<Companion>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pages {
    pub(super) from: String,
    pub(super) to: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Each {
    pub(super) of: String,
    pub(super) to: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Detail {
    pub(super) call: String,
    pub(super) to: String,
    pub(super) from: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Child {
    pub(super) at: String,
    pub(super) of: String,
    #[serde(default)]
    pub(super) strip: String,
    /// Where the parent's id ends.
    #[serde(default)]
    pub(super) cut: String,
    #[serde(default)]
    pub(super) when: Vec<Condition>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartOf {
    pub(super) at: String,
    pub(super) of: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    pub(super) of: String,
    pub(super) at: String,
}

/// What is configured by a resource of its own, and belongs to the picture.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Companion {
    #[serde(rename = "type")]
    pub(super) type_name: String,
    /// The kind's own without.
    pub(super) service: Option<String>,
    /// `{id}` in it is filled in.
    pub(super) call: String,
    #[serde(default)]
    pub(super) parameters: Map<String, Value>,
    /// It is there if this is in the answer.
    pub(super) set: Option<String>,
    /// There is one for each.
    pub(super) items: Option<String>,
    pub(super) id: Option<Template>,
}

/// A text with `{path}` in it; without braces it is a path.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Template(String);

impl Template {
    /// The text for an item; `id` stands for what it is imported by. `None` if the item lacks a
    /// part.
    pub(super) fn of(&self, item: &Value, id: &str) -> Option<String> {
        if !self.0.contains('{') && !self.0.contains('/') {
            return answer::text_at(item, &self.0);
        }
        let mut text = String::new();
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (path, after) = after.split_once('}')?;
            text.push_str(before);
            match path {
                "id" if !id.is_empty() => text.push_str(id),
                path => text.push_str(&answer::text_at(item, path)?),
            }
            rest = after;
        }
        text.push_str(rest);
        Some(text)
    }
}

impl Kind {
    pub(super) fn service(&self) -> Result<&'static Service, AwsError> {
        service(&self.service)
    }

    /// One list holds those of all regions.
    pub(super) fn is_of_all_regions(&self) -> Result<bool, AwsError> {
        Ok(self.region.is_some() || self.service()?.global)
    }
}

/// All kinds, in the order of their names.
///
/// # Errors
/// If the table is wrong; a test keeps it right.
pub fn kinds() -> Result<&'static [Kind], AwsError> {
    static TABLE: OnceLock<Result<Vec<Kind>, String>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let table: BTreeMap<String, Kind> = toml::from_str(include_str!("../../data/types.toml"))
            .map_err(|error| format!("data/types.toml: {error}"))?;
        let named = table.into_iter().map(|(name, mut kind)| {
            kind.name = name;
            kind
        });
        Ok(named.collect())
    });
    match table {
        Ok(kinds) => Ok(kinds),
        Err(error) => Err(AwsError::Table(error.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let kinds = kinds().unwrap();
        let known = |name: &str| kinds.iter().any(|kind| kind.name == name);
        for kind in kinds {
            assert!(kind.service().is_ok(), "{}", kind.name);
            let named = kind.child.iter().map(|child| &child.of);
            let named = named.chain(kind.claims.iter().map(|claim| &claim.of));
            let named = named.chain(kind.part_of.iter().map(|part| &part.of));
            for of in named.chain(kind.each.iter().map(|each| &each.of)) {
                assert!(known(of), "{}: {of} is not listed", kind.name);
            }
            for companion in &kind.companions {
                let service_name = companion.service.as_ref().unwrap_or(&kind.service);
                assert!(service(service_name).is_ok(), "{}", kind.name);
                assert_eq!(companion.items.is_some(), companion.id.is_some());
            }
        }
    }

    #[test]
    fn templates() {
        let item: Value = serde_json::json!({"a": "x", "b": {"c": 7}});
        let of = |text: &str| Template(text.to_owned()).of(&item, "i-1");
        assert_eq!(of("a").as_deref(), Some("x"));
        assert_eq!(of("{id}/{b.c}").as_deref(), Some("i-1/7"));
        assert_eq!(of("/{id}?acl").as_deref(), Some("/i-1?acl"));
        assert_eq!(of("{nothing}"), None);
        assert_eq!(of("{a"), None);
        assert_eq!(
            Template("{}".into()).of(&Value::from("q"), "").as_deref(),
            Some("q")
        );
    }
}
