//! What survives: due times and what became of them, and what was told.

use std::collections::BTreeMap;

use abide_notify::Desk;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Due times that are remembered of a target.
const KEPT: usize = 200;

/// What became of a due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// The target was looked at.
    Ran,
    /// It could not be, or the result is not to be believed.
    Failed,
    /// Nobody looked.
    Missed,
}

impl SlotState {
    /// Its word in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Failed => "failed",
            Self::Missed => "missed",
        }
    }
}

/// A due time and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRecord {
    /// When it was due.
    pub due: Timestamp,
    /// What became of it.
    pub state: SlotState,
    /// When that was known.
    pub at: Timestamp,
    /// Why it did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it is in the store too, if there is one.
    #[serde(default)]
    pub stored: bool,
}

/// The due times of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// The schedule they belong to.
    pub schedule: String,
    /// What was due up to then is settled.
    pub settled: Timestamp,
    /// The due time that is being answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// How many ran.
    #[serde(default)]
    pub ran: u64,
    /// How many failed.
    #[serde(default)]
    pub failed: u64,
    /// How many were missed.
    #[serde(default)]
    pub missed: u64,
    /// The last ones, the newest at the end.
    #[serde(default)]
    pub history: Vec<SlotRecord>,
    /// Broken policies at the last look that can be believed.
    #[serde(default)]
    pub violations: u64,
    /// How long the last look took, in milliseconds.
    #[serde(default)]
    pub took_ms: u64,
}

impl Slots {
    pub(crate) fn new(schedule: &str, now: Timestamp) -> Self {
        Self {
            schedule: schedule.to_owned(),
            settled: now,
            started: None,
            ran: 0,
            failed: 0,
            missed: 0,
            history: Vec::new(),
            violations: 0,
            took_ms: 0,
        }
    }

    pub(crate) fn settle(&mut self, record: SlotRecord) {
        match record.state {
            SlotState::Ran => self.ran += 1,
            SlotState::Failed => self.failed += 1,
            SlotState::Missed => self.missed += 1,
        }
        self.settled = self.settled.max(record.due);
        self.history.push(record);
        let old = self.history.len().saturating_sub(KEPT);
        self.history.drain(..old);
    }
}

/// All that survives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    version: u32,
    /// Random; digests of secrets are made with it, so that they stay the same.
    key: String,
    /// What was told, and what waits to be told.
    pub desk: Desk,
    /// By target.
    #[serde(default)]
    pub targets: BTreeMap<String, Slots>,
}

impl Memory {
    /// The form of the file.
    pub(crate) const VERSION: u32 = 1;

    /// An empty one, of 32 random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        let text = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            version: Self::VERSION,
            key: text(&random),
            desk: Desk::new(text(&random[16..])),
            targets: BTreeMap::new(),
        }
    }

    /// What the store does not know yet, the oldest first for each target.
    #[must_use]
    pub fn not_stored(&self) -> Vec<(String, SlotRecord)> {
        let slots = self.targets.iter().flat_map(|(target, slots)| {
            let records = slots.history.iter().filter(|record| !record.stored);
            records.map(move |record| (target.clone(), record.clone()))
        });
        slots.collect()
    }

    /// The store knows what became of a due time.
    pub fn stored(&mut self, target: &str, due: Timestamp) {
        let slots = self.targets.get_mut(target);
        let records = slots.into_iter().flat_map(|slots| &mut slots.history);
        for record in records.filter(|record| record.due == due) {
            record.stored = true;
        }
    }

    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// A key that stays the same for the digests of secrets.
    #[must_use]
    pub fn key(&self) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        Sha256::digest(format!("abide watch redaction v1 {}", self.key)).into()
    }
}
