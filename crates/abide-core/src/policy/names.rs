//! Policies by every name people have for them.

use std::collections::BTreeMap;

use abide_policy::Policy;

use super::nearest;

/// The ids of policies, and those that other tools have for the same rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyNames {
    ids: BTreeMap<String, Vec<String>>,
    own: Vec<String>,
}

impl PolicyNames {
    /// The names of these policies.
    #[must_use]
    pub fn of(policies: &[Policy]) -> Self {
        let mut names = Self::default();
        for policy in policies {
            names.own.push(policy.id.clone());
            names.add(&policy.id, &policy.id);
            for (_, aliases) in policy.docs.aliases.by_tool() {
                for alias in aliases {
                    names.add(alias, &policy.id);
                }
            }
        }
        names
    }

    fn add(&mut self, name: &str, id: &str) {
        let ids = self.ids.entry(key(name)).or_default();
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }

    /// The policies a name stands for; several have the same rule of another tool as a part.
    #[must_use]
    pub fn find(&self, name: &str) -> &[String] {
        self.ids.get(&key(name)).map_or(&[], Vec::as_slice)
    }

    /// `; did you mean POL-0001?`, if an id is near.
    #[must_use]
    pub fn meant(&self, name: &str) -> String {
        nearest(name, self.own.iter().map(String::as_str))
            .map_or_else(String::new, |id| format!("; did you mean {id}?"))
    }
}

/// Case means nothing; Trivy writes its ids with and without `AVD-`.
fn key(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("avd-") {
        Some(rest) => rest.to_owned(),
        None => name,
    }
}
