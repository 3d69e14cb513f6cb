//! What was seen, what was told, and the difference.

use std::collections::{BTreeMap, BTreeSet};

use abide_policy::Severity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::message::{Change, ChangeKind, HealthChange, Message};

/// Changes that one message names; more are counted.
const MOST_CHANGES: usize = 1000;

/// One thing that is not as it should be: a policy broken on a resource, or a resource that drifted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The resource.
    pub address: String,
    /// The policy that is broken, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The class, in the word of every output.
    pub class: String,
    /// How bad it is; drift that breaks no policy has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What is wrong, in a line.
    pub title: String,
    /// What changed, a line each, redacted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Becomes another when the thing does, e.g. by a second open port.
    pub digest: String,
}

impl Item {
    fn key(&self) -> (&str, Option<&str>) {
        (&self.address, self.policy.as_deref())
    }

    fn is_same(&self, other: &Self) -> bool {
        self.class == other.class && self.severity == other.severity && self.digest == other.digest
    }
}

/// One look at a target.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The target.
    pub target: String,
    /// Whom it belongs to.
    pub owner: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Observed,
}

/// What came of a look.
#[derive(Clone, Debug)]
pub enum Observed {
    /// All that is not as it should be.
    Checked(Vec<Item>),
    /// It could be looked at, but the result must not be believed yet.
    Suspicious(String),
    /// It could not be looked at.
    Failed(String),
}

/// How a target was when it was looked at last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It could be looked at.
    #[default]
    Working,
    /// It could not.
    Failing,
    /// What was found is not to be believed.
    Suspicious,
}

/// What a route wants to hear.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Broken policies of this severity and worse.
    pub severity: Severity,
    /// Classes, in the words of every output.
    pub classes: BTreeSet<String>,
    /// Whether it hears of targets that cannot be looked at.
    pub failures: bool,
}

impl Filter {
    fn wants(&self, item: &Item) -> bool {
        self.classes.contains(&item.class)
            && item
                .severity
                .is_none_or(|severity| severity >= self.severity)
    }
}

/// Something a route was told of and that still stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// As it was told.
    #[serde(flatten)]
    pub item: Item,
    /// The message that told it last.
    pub message: String,
}

/// What a route knows of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// How the target was.
    #[serde(default)]
    pub health: Health,
    /// The message that said it does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_by: Option<String>,
    /// What stands, by address and policy.
    #[serde(default)]
    pub told: Vec<Told>,
}

impl Known {
    /// Takes in what was seen; gives the message for the route, if there is something to say.
    pub fn learn(&mut self, seen: &Observation, filter: &Filter, id: &str) -> Option<Message> {
        let mut closes = Vec::new();
        let health = self.health(seen, filter, id, &mut closes);
        let changes = match &seen.outcome {
            Observed::Checked(items) => self.items(items, filter, id, &mut closes),
            // Nothing is known of what stands.
            Observed::Suspicious(_) | Observed::Failed(_) => Vec::new(),
        };
        if health.is_none() && changes.is_empty() {
            return None;
        }
        let left_out = changes.len().saturating_sub(MOST_CHANGES);
        Some(Message {
            id: id.to_owned(),
            target: seen.target.clone(),
            owner: seen.owner.clone(),
            at: seen.at,
            health,
            changes: changes.into_iter().take(MOST_CHANGES).collect(),
            left_out,
            open: self.told.len(),
            closes,
            is_test: false,
        })
    }

    fn health(
        &mut self,
        seen: &Observation,
        filter: &Filter,
        id: &str,
        closes: &mut Vec<String>,
    ) -> Option<HealthChange> {
        let (now, change) = match &seen.outcome {
            Observed::Checked(_) => (Health::Working, HealthChange::Working),
            Observed::Suspicious(why) => {
                (Health::Suspicious, HealthChange::Suspicious(why.clone()))
            }
            Observed::Failed(why) => (Health::Failing, HealthChange::Failing(why.clone())),
        };
        if now == self.health {
            return None;
        }
        self.health = now;
        closes.extend(self.broken_by.take());
        // Who hears of failures only from now on is not told of the end of one.
        if !filter.failures || (now == Health::Working && closes.is_empty()) {
            return None;
        }
        if now != Health::Working {
            self.broken_by = Some(health_incident(id));
        }
        Some(change)
    }

    fn items(
        &mut self,
        items: &[Item],
        filter: &Filter,
        id: &str,
        closes: &mut Vec<String>,
    ) -> Vec<Change> {
        let mut before: BTreeMap<_, Told> = std::mem::take(&mut self.told)
            .into_iter()
            .map(|told| ((told.item.address.clone(), told.item.policy.clone()), told))
            .collect();
        let messages: BTreeSet<String> = before.values().map(|told| told.message.clone()).collect();
        let mut sorted: Vec<&Item> = items.iter().collect();
        sorted.sort_by_key(|item| item.key());
        sorted.dedup_by_key(|item| item.key());
        let mut changes = Vec::new();
        for item in sorted {
            let was = before.remove(&(item.address.clone(), item.policy.clone()));
            let wanted = filter.wants(item);
            let message = match &was {
                Some(told) if told.item.is_same(item) => told.message.clone(),
                _ => id.to_owned(),
            };
            match (was, wanted) {
                (None, true) => changes.push(Change::new(ChangeKind::Opened, item, None)),
                (Some(told), true) if !told.item.is_same(item) => {
                    changes.push(Change::new(ChangeKind::Changed, item, Some(&told.item)));
                }
                // It became something the route does not hear of; when only the route changed its
                // mind, nothing happened.
                (Some(told), false) if !told.item.is_same(item) => {
                    changes.push(Change::new(ChangeKind::Resolved, item, Some(&told.item)));
                }
                _ => {}
            }
            if wanted {
                let item = item.clone();
                self.told.push(Told { item, message });
            }
        }
        for told in before.into_values() {
            changes.push(Change::new(
                ChangeKind::Resolved,
                &told.item,
                Some(&told.item),
            ));
        }
        let left: BTreeSet<&String> = self.told.iter().map(|told| &told.message).collect();
        closes.extend(messages.iter().filter(|m| !left.contains(m)).cloned());
        changes.sort_by_key(Change::order);
        changes
    }

    /// Ends all that stands, because the target is not looked at any more.
    pub fn end(&mut self, target: &str, at: Timestamp, id: &str) -> Option<Message> {
        let mut closes: BTreeSet<String> = self.told.drain(..).map(|told| told.message).collect();
        closes.extend(self.broken_by.take());
        self.health = Health::Working;
        if closes.is_empty() {
            return None;
        }
        Some(Message {
            id: id.to_owned(),
            target: target.to_owned(),
            owner: None,
            at,
            health: Some(HealthChange::Unwatched),
            changes: Vec::new(),
            left_out: 0,
            open: 0,
            closes: closes.into_iter().collect(),
            is_test: false,
        })
    }
}

/// The name of what is wrong with a target itself, beside what a message says of its resources.
pub(crate) fn health_incident(id: &str) -> String {
    format!("{id}-health")
}

#[cfg(test)]
mod tests;
