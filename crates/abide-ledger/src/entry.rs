//! What stands in the ledger: one line of canonical JSON for each event.

use serde_json::{Map, Value};

use crate::tree::{Hash, leaf_hash};

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A scan ended, whole or partial.
    RunFinished,
    /// A scan was due and did not run.
    RunMissed,
    /// A scan was due and could not be done.
    RunFailed,
    /// Another set of policies came in force.
    PolicyBundle,
    /// Somebody asked for an exception.
    ExceptionRequested,
    /// Somebody approved one.
    ExceptionApproved,
    /// Somebody refused one, or withdrew what they asked for.
    ExceptionRejected,
    /// Somebody looked at one that was granted in an emergency.
    ExceptionReviewed,
    /// It began to cover.
    ExceptionActivated,
    /// It covered a violation in a scan.
    ExceptionUsed,
    /// A violation went beyond the facts it accepts.
    ExceptionExceeded,
    /// Its last day is over.
    ExceptionExpired,
    /// Somebody took it back.
    ExceptionRevoked,
    /// It got a later end.
    ExceptionRenewed,
    /// Reality began to differ from the code.
    DriftOpened,
    /// It no longer does.
    DriftClosed,
    /// A plan was applied.
    ApplyFinished,
    /// A report or bundle was handed over.
    ReportExported,
    /// Somebody got or lost access.
    AccessChanged,
    /// Another key signs from here on.
    KeyRotated,
    /// Settings that decide verdicts changed.
    ConfigChanged,
    /// Old history was moved out of the store.
    StorePruned,
}

impl Kind {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunFinished => "run.finished",
            Self::RunMissed => "run.missed",
            Self::RunFailed => "run.failed",
            Self::PolicyBundle => "policy.bundle",
            Self::ExceptionRequested => "exception.requested",
            Self::ExceptionApproved => "exception.approved",
            Self::ExceptionRejected => "exception.rejected",
            Self::ExceptionReviewed => "exception.reviewed",
            Self::ExceptionActivated => "exception.activated",
            Self::ExceptionUsed => "exception.used",
            Self::ExceptionExceeded => "exception.exceeded",
            Self::ExceptionExpired => "exception.expired",
            Self::ExceptionRevoked => "exception.revoked",
            Self::ExceptionRenewed => "exception.renewed",
            Self::DriftOpened => "drift.opened",
            Self::DriftClosed => "drift.closed",
            Self::ApplyFinished => "apply.finished",
            Self::ReportExported => "report.exported",
            Self::AccessChanged => "access.changed",
            Self::KeyRotated => "key.rotated",
            Self::ConfigChanged => "config.changed",
            Self::StorePruned => "store.pruned",
        }
    }
}

/// An entry: its position, and the bytes that are hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Position, from 0.
    pub seq: u64,
    /// Canonical JSON.
    pub text: String,
}

impl Entry {
    /// An entry made at a time, in milliseconds since 1970.
    #[must_use]
    pub fn new(seq: u64, kind: Kind, at_ms: i64, body: Value) -> Self {
        let mut fields = Map::new();
        fields.insert("seq".into(), seq.into());
        fields.insert("kind".into(), kind.as_str().into());
        fields.insert("at".into(), at_ms.into());
        fields.insert("body".into(), body);
        Self {
            seq,
            text: canonical(&Value::Object(fields)),
        }
    }

    /// Its leaf in the tree.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        leaf_hash(self.text.as_bytes())
    }
}

/// JSON with sorted keys and no spaces: RFC 8785 for texts and whole numbers, and nothing
/// else stands in an entry.
#[must_use]
pub fn canonical(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            // RFC 8785 sorts by UTF-16 code units.
            fields.sort_by_cached_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            let fields = fields.into_iter();
            Value::Object(fields.map(|(n, v)| (n.clone(), sorted(v))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        assert_eq!(
            canonical(&json!({"b": {"z": 1, "a": [2]}, "a": "x"})),
            r#"{"a":"x","b":{"a":[2],"z":1}}"#
        );
    }
}
