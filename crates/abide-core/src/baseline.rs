//! A baseline: findings that were there when checking began.
//!
//! It binds to content: a finding's fingerprint holds what was found, so an
//! entry dies when the violating value changes. The file is sorted JSON lines,
//! one for each finding after a first line that says what the file is, so that
//! merges in git stay quiet.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Fingerprint, Outcome};
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

/// The version of the file's form.
const VERSION: u32 = 1;

/// The first line of a file: a baseline without findings is not an empty file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    abide_baseline: u32,
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
    /// At the first line that is no entry, and for a file without any line.
    pub fn read(file: &str, text: &str) -> Result<Self, BaselineError> {
        let error = |line: usize, reason: String| BaselineError {
            file: file.to_owned(),
            line,
            reason,
        };
        let mut lines = (1..)
            .zip(text.lines())
            .filter(|(_, line)| !line.trim().is_empty())
            .peekable();
        match lines.peek() {
            // A file that was cut off must not make every finding new, or hide that it was.
            None => {
                return Err(error(
                    1,
                    "the file is empty: expected one line of JSON for each finding".to_owned(),
                ));
            }
            Some((_, first)) if serde_json::from_str::<Header>(first).is_ok() => {
                lines.next();
            }
            Some(_) => {}
        }
        let mut entries = BTreeMap::new();
        for (at, line) in lines {
            let entry: Entry = serde_json::from_str(line)
                .map_err(|e| error(at, format!("not a baseline entry ({e})")))?;
            let fingerprint = entry
                .fingerprint
                .parse()
                .map_err(|reason| error(at, reason))?;
            entries.insert(fingerprint, entry);
        }
        Ok(Self { entries })
    }

    /// The file's text.
    #[must_use]
    pub fn write(&self) -> String {
        let header = serde_json::to_string(&Header {
            abide_baseline: VERSION,
        });
        let mut lines: Vec<String> = self
            .entries
            .values()
            .map(serde_json::to_string)
            .chain([header])
            .filter_map(Result::ok)
            .collect();
        // The header sorts before every entry.
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
    /// `self` already has keep their `first_seen`, also when the resource is moved.
    #[must_use]
    pub fn of(&self, scan: &Scan) -> Self {
        self.entries_of(scan, |_| true)
    }

    /// The entries that a scan still finds, under the addresses they have now.
    #[must_use]
    pub fn prune(&self, scan: &Scan) -> Self {
        self.entries_of(scan, |finding| self.entry(finding).is_some())
    }

    fn entries_of(&self, scan: &Scan, keep: impl Fn(&Finding) -> bool) -> Self {
        let findings = scan.findings.iter();
        let entries = findings
            .filter(|finding| belongs(finding) && keep(finding))
            .map(|finding| {
                let first_seen = self
                    .entry(finding)
                    .map_or(scan.at, |entry| entry.first_seen);
                let entry = Entry {
                    fingerprint: finding.fingerprint.to_string(),
                    policy: scan.policy_of(finding).id.clone(),
                    resource: finding.resource_address.to_string(),
                    first_seen: whole_seconds(first_seen),
                };
                (finding.fingerprint, entry)
            });
        Self {
            entries: entries.collect(),
        }
    }

    /// Marks the findings of a scan that the baseline holds, also under the
    /// address a resource had before it was moved.
    pub fn apply(&self, scan: &mut Scan) {
        for finding in &mut scan.findings {
            finding.in_baseline = belongs(finding) && self.entry(finding).is_some();
        }
        scan.recount();
    }

    /// Marks findings as [`Baseline::apply`] does, and unmarks none: another baseline may hold
    /// them.
    pub fn add_to(&self, scan: &mut Scan) {
        for finding in &mut scan.findings {
            finding.in_baseline |= belongs(finding) && self.entry(finding).is_some();
        }
        scan.recount();
    }

    /// What it holds and a scan no longer finds, in order of policy and resource.
    #[must_use]
    pub fn gone_in(&self, scan: &Scan) -> Vec<&Entry> {
        let there: BTreeSet<Fingerprint> = scan
            .findings
            .iter()
            .filter(|finding| finding.outcome != Outcome::Pass)
            .flat_map(|f| [Some(f.fingerprint), f.previous_fingerprint])
            .flatten()
            .collect();
        let gone = self.entries.iter().filter(|(key, _)| !there.contains(key));
        let mut gone: Vec<&Entry> = gone.map(|(_, entry)| entry).collect();
        gone.sort_by(|a, b| (&a.policy, &a.resource).cmp(&(&b.policy, &b.resource)));
        gone
    }

    fn entry(&self, finding: &Finding) -> Option<&Entry> {
        self.entries.get(&finding.fingerprint).or_else(|| {
            let before = finding.previous_fingerprint.as_ref()?;
            self.entries.get(before)
        })
    }
}

/// Fractions of a second would only make lines longer.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn belongs(finding: &Finding) -> bool {
    finding.is_violation() || finding.outcome == Outcome::Unknown
}
