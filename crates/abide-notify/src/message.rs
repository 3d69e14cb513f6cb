//! What a route is told: one message for a target and a scan.

use abide_policy::Severity;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::change::Item;

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Opened,
    /// It is another now.
    Changed,
    /// It is gone.
    Resolved,
}

impl ChangeKind {
    /// Its word in every message.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Resolved => "resolved",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What became of it.
    pub change: ChangeKind,
    /// As it is now; as it was, if it is gone.
    #[serde(flatten)]
    pub item: Item,
    /// The class it had, if that is another one now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
}

impl Change {
    pub(crate) fn new(change: ChangeKind, item: &Item, was: Option<&Item>) -> Self {
        let was = was.filter(|was| was.class != item.class);
        Self {
            change,
            item: item.clone(),
            was: was.map(|was| was.class.clone()),
        }
    }

    /// The worst first, what is gone last.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        (
            self.change == ChangeKind::Resolved,
            std::cmp::Reverse(self.item.severity),
            self.change,
            self.item.address.clone(),
            self.item.policy.clone(),
        )
    }
}

/// What became of a target itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change", content = "reason")]
pub enum HealthChange {
    /// It can be looked at again.
    Working,
    /// It cannot be looked at, and why.
    Failing(String),
    /// The result is not to be believed, and why.
    Suspicious(String),
    /// It is not a target any more.
    Unwatched,
}

/// What a route is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Stays the same however often it is sent.
    pub id: String,
    /// The target.
    pub target: String,
    /// Whom it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it was looked at.
    pub at: Timestamp,
    /// What became of the target itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthChange>,
    /// What changed.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Changes beyond those.
    #[serde(default)]
    pub left_out: usize,
    /// How much stands now of what the route hears of.
    pub open: usize,
    /// Messages of which nothing stands any more.
    #[serde(default)]
    pub closes: Vec<String>,
    /// Nothing happened; somebody tries the route.
    #[serde(default)]
    pub is_test: bool,
}

impl Message {
    /// A message that tries a route.
    #[must_use]
    pub fn test(id: String, at: Timestamp) -> Self {
        let item = Item {
            address: "aws_security_group.example".to_owned(),
            policy: Some("POL-0000".to_owned()),
            class: "violating".to_owned(),
            severity: Some(Severity::Low),
            title: "This is a test of the route; nothing happened.".to_owned(),
            details: vec!["ingress[0]: an example of a change".to_owned()],
            advice: None,
            digest: String::new(),
        };
        Self {
            id,
            target: "test".to_owned(),
            owner: None,
            at,
            health: None,
            changes: vec![Change::new(ChangeKind::Opened, &item, None)],
            left_out: 0,
            open: 0,
            closes: Vec::new(),
            is_test: true,
        }
    }

    /// How many changes of a kind it names.
    #[must_use]
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|c| c.change == kind).count()
    }

    /// The worst of what is there now.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        let there = self
            .changes
            .iter()
            .filter(|c| c.change != ChangeKind::Resolved);
        there.filter_map(|change| change.item.severity).max()
    }

    /// Whether there is something that was not there before.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.changes
            .iter()
            .any(|c| c.change != ChangeKind::Resolved)
    }

    /// The message in a line, without the target; the text in it is raw.
    #[must_use]
    pub fn headline(&self) -> String {
        if self.is_test {
            return "test message, nothing happened".to_owned();
        }
        let mut parts = Vec::new();
        match &self.health {
            Some(HealthChange::Working) => parts.push("can be looked at again".to_owned()),
            Some(HealthChange::Failing(_)) => parts.push("cannot be looked at".to_owned()),
            Some(HealthChange::Suspicious(_)) => parts.push("gives a suspicious result".to_owned()),
            Some(HealthChange::Unwatched) => {
                parts.push("is no target any more: all of it is closed".to_owned());
            }
            None => {}
        }
        for kind in [
            ChangeKind::Opened,
            ChangeKind::Changed,
            ChangeKind::Resolved,
        ] {
            match self.count(kind) {
                0 => {}
                many => parts.push(format!("{many} {}", kind.as_str())),
            }
        }
        if self.left_out > 0 {
            parts.push(format!("{} more", self.left_out));
        }
        parts.join(", ")
    }

    /// Why the target does not work, if that is what changed.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &self.health {
            Some(HealthChange::Failing(why) | HealthChange::Suspicious(why)) => Some(why),
            _ => None,
        }
    }
}
