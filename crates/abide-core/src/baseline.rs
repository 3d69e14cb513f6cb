//! A baseline: findings that were there when checking began.
//!
//! It binds to content: a finding's fingerprint holds what was found, so an
//! entry dies when the violating value changes. The file is sorted JSON lines,
//! one for each finding, so that merges in git stay quiet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Fingerprint, Outcome};
use crate::inventory::Inventory;
use crate::scan::Scan;

/// One finding of the baseline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The finding's fingerprint, 32 hexadecimal digits.
    pub fingerprint: String,
    /// Its policy, for people.
    pub policy: String,
    /// Its resource, for people.
    pub resource: String,
    /// When it was put in.
    pub first_seen: Timestamp,
}

/// A baseline file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<Fingerprint, Entry>,
}

/// Why a baseline cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{file}:{line}: {reason}; a baseline is made by `abide baseline create`")]
pub struct BaselineError {
    file: String,
    line: usize,
    reason: String,
}

impl Baseline {
    /// Reads a file's text.
    ///
    /// # Errors
    /// At the first line that is no entry.
    pub fn read(file: &str, text: &str) -> Result<Self, BaselineError> {
        let mut entries = BTreeMap::new();
        for (at, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            let error = |reason: String| BaselineError {
                file: file.to_owned(),
                line: at + 1,
                reason,
            };
            let entry: Entry = serde_json::from_str(line)
                .map_err(|e| error(format!("not a baseline entry ({e})")))?;
            let fingerprint = entry.fingerprint.parse().map_err(error)?;
            entries.insert(fingerprint, entry);
        }
        Ok(Self { entries })
    }

    /// The file's text.
    #[must_use]
    pub fn write(&self) -> String {
        let mut lines: Vec<String> = self
            .entries
            .values()
            .filter_map(|entry| serde_json::to_string(entry).ok())
            .collect();
        lines.sort_unstable();
        lines
            .iter()
            .flat_map(|line| [line.as_str(), "\n"])
            .collect()
    }

    /// How many findings it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The baseline of a scan: its standing failures and unknowns. Entries that
    /// `self` already has keep their `first_seen`.
    #[must_use]
    pub fn of(&self, scan: &Scan) -> Self {
        let entries = scan
            .findings
            .iter()
            .filter(|finding| belongs(finding))
            .map(|finding| {
                let known = self.entries.get(&finding.fingerprint);
                let entry = Entry {
                    fingerprint: finding.fingerprint.to_string(),
                    policy: scan.policy_of(finding).id.clone(),
                    resource: finding.resource_address.to_string(),
                    first_seen: known.map_or(scan.at, |entry| entry.first_seen),
                };
                (finding.fingerprint, entry)
            });
        Self {
            entries: entries.collect(),
        }
    }

    /// The entries that a scan still finds.
    #[must_use]
    pub fn prune(&self, scan: &Scan) -> Self {
        let now = self.of(scan);
        let entries = self
            .entries
            .iter()
            .filter(|(fingerprint, _)| now.entries.contains_key(fingerprint));
        Self {
            entries: entries
                .map(|(fingerprint, entry)| (*fingerprint, entry.clone()))
                .collect(),
        }
    }

    /// Marks the findings of a scan that the baseline holds, also under the
    /// address a resource had before it was moved.
    pub fn apply(&self, scan: &mut Scan, inventories: &[Inventory]) {
        for finding in &mut scan.findings {
            if !belongs(finding) {
                continue;
            }
            finding.in_baseline = self.entries.contains_key(&finding.fingerprint) || {
                let moved = inventories.get(finding.input as usize).and_then(|i| {
                    i.find(finding.resource_address.as_str())?
                        .1
                        .previous_address
                        .clone()
                });
                moved.is_some_and(|previous| {
                    let policy = &scan.policies[finding.policy as usize].id;
                    let before = Fingerprint::of(
                        policy,
                        previous.as_str(),
                        finding.outcome,
                        finding.attribute.as_ref(),
                        &finding.facts,
                    );
                    self.entries.contains_key(&before)
                })
            };
        }
        scan.recount();
    }
}

fn belongs(finding: &Finding) -> bool {
    finding.is_violation() || finding.outcome == Outcome::Unknown
}
