//! Reads what a scan wrote as JSON.

use std::fs;
use std::path::Path;

use abide_core::finding::Fact;
use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::owners::glob;

/// The results of a scan, as far as exceptions need them.
#[derive(Debug, Deserialize)]
pub(super) struct Results {
    /// When.
    pub(super) scanned_at: Timestamp,
    #[serde(default)]
    pub(super) diagnostics: Vec<Diagnostic>,
    results: Vec<Row>,
}

/// A remark of a scan.
#[derive(Debug, Deserialize)]
pub(super) struct Diagnostic {
    pub(super) code: String,
    pub(super) message: String,
}

/// What a scan says about one resource and one policy.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    pub(super) policy_id: String,
    pub(super) resource_address: String,
    outcome: String,
    fingerprint: String,
    #[serde(default)]
    facts: Vec<Map<String, Value>>,
    exception: Option<Named>,
    pub(super) requested: Option<Requested>,
}

#[derive(Clone, Debug, Deserialize)]
struct Named {
    id: String,
}

/// What is asked for in the source.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Requested {
    pub(super) reason: String,
    pub(super) until: jiff::civil::Date,
    pub(super) ticket: Option<String>,
}

impl Row {
    pub(super) fn facts(&self) -> Vec<Fact> {
        let fact = |fields: &Map<String, Value>| {
            let pairs = fields.iter().map(|(name, value)| {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), ToOwned::to_owned);
                (name.clone(), value)
            });
            Fact(pairs.collect())
        };
        self.facts.iter().map(fact).collect()
    }

    fn name(&self) -> String {
        format!("{}:{}", self.policy_id, self.resource_address)
    }
}

impl Results {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read {}; write it with `abide scan … --output results.json`",
                path.display()
            )
        })?;
        let expected = || {
            format!(
                "{}: expected results of a scan, as `abide scan … --output results.json` writes them",
                path.display()
            )
        };
        let value: Value = serde_json::from_str(&text).with_context(expected)?;
        if value["schema_version"] != abide_report::SCHEMA_VERSION {
            bail!(
                "{}: it has schema_version {}",
                expected(),
                value["schema_version"]
            );
        }
        serde_json::from_value(value).with_context(expected)
    }

    /// The failures that a fingerprint or POLICY:ADDRESS names.
    pub(super) fn failures(&self, what: &str) -> anyhow::Result<Vec<&Row>> {
        let is_print = what.len() >= 6 && what.chars().all(|c| c.is_ascii_hexdigit());
        let named = |row: &&Row| match is_print {
            true => row.fingerprint.starts_with(what),
            false => glob(what, &row.name()),
        };
        let rows: Vec<&Row> = self.results.iter().filter(named).collect();
        let mut failing: Vec<&Row> = rows
            .iter()
            .copied()
            .filter(|row| row.outcome == "fail")
            .collect();
        // Two inputs may hold the same resource; what fails must be the same, else it is two things.
        failing.sort_by_key(|row| (row.name(), row.fingerprint.clone()));
        failing.dedup_by_key(|row| (row.name(), row.fingerprint.clone()));
        if let Some(row) = rows.first().filter(|_| failing.is_empty()) {
            bail!(
                "{} does not fail: its outcome is {}, and only failures can be excepted",
                row.name(),
                row.outcome
            );
        }
        if failing.is_empty() {
            let like = what.rsplit(':').next().unwrap_or(what);
            let near = self.results.iter().filter(|row| row.outcome == "fail");
            let near: Vec<String> = near
                .filter(|row| {
                    row.resource_address.contains(like) || what.starts_with(&row.policy_id)
                })
                .map(Row::name)
                .take(5)
                .collect();
            let hint = match near.is_empty() {
                true => String::new(),
                false => format!("; failing there: {}", near.join(", ")),
            };
            bail!(
                "`{}` names no finding of these results: expected a fingerprint or POLICY:ADDRESS{hint}",
                what.escape_debug()
            );
        }
        if is_print && failing.len() > 1 {
            bail!("`{what}` begins more than one fingerprint: write more of it");
        }
        Ok(failing)
    }

    /// The failure of one policy on one resource.
    pub(super) fn failure(&self, policy: &str, resource: &str) -> Option<&Row> {
        self.results.iter().find(|row| {
            row.outcome == "fail" && row.policy_id == policy && row.resource_address == resource
        })
    }

    /// Whether an exception covered something.
    pub(super) fn uses(&self, id: &str) -> bool {
        let mut named = self.results.iter().filter_map(|row| row.exception.as_ref());
        named.any(|exception| exception.id == id)
    }
}
