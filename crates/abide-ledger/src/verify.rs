//! Checks a whole log against signed checkpoints, and names the first bad entry.

use serde_json::Value;

use crate::entry::{Entry, Kind};
use crate::note::{Checkpoint, NoteError, Proof, PublicKey};
use crate::rotation;
use crate::tree::{Frontier, Hash, leaf_hash, root_from_proof};

/// How far clocks of machines may differ, in milliseconds.
pub const CLOCK_TOLERANCE_MS: i64 = 300_000;

/// Why a log is not what it claims to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry has another number than its place.
    #[error(
        "entry {at}: expected number {at}, found {found}: an entry was removed, added or moved"
    )]
    Sequence {
        /// Its place.
        at: u64,
        /// The number it has.
        found: String,
    },
    /// An entry is no JSON.
    #[error("entry {at}: not JSON: {problem}")]
    Unreadable {
        /// Its place.
        at: u64,
        /// What the parser says.
        problem: String,
    },
    /// Time runs backwards by more than clocks differ.
    #[error(
        "entry {at}: its time lies before that of the entry before it: the clock went back, or entries were moved"
    )]
    ClockBack {
        /// The entry that is too early.
        at: u64,
    },
    /// An entry does not have the hash that is kept beside it.
    #[error("entry {at}: its text does not have the hash that was stored with it: it was changed")]
    Changed {
        /// Its place.
        at: u64,
    },
    /// The entries do not have the root a checkpoint was signed for.
    #[error(
        "entry {first}: first entry that may differ: the {size} entries do not have the root of the signed checkpoint (entries below {first} agree with an earlier one)"
    )]
    Root {
        /// Entries below it agree with an earlier checkpoint.
        first: u64,
        /// Entries the checkpoint is of.
        size: u64,
    },
    /// There are fewer entries than a checkpoint was signed for.
    #[error(
        "entry {have}: missing: there are {have} entries, the signed checkpoint says {expected}: the log was cut, or an old backup was restored"
    )]
    Short {
        /// Entries there are.
        have: u64,
        /// Entries the checkpoint is of.
        expected: u64,
    },
    /// The last entries have no checkpoint.
    #[error(
        "entry {have}: not covered by any signed checkpoint (the last one covers {covered} entries)"
    )]
    Unsigned {
        /// The last entry.
        have: u64,
        /// Entries that are covered.
        covered: u64,
    },
    /// A checkpoint is not signed by the key in force.
    #[error("entry {size}: checkpoint of {size} entries: {problem}")]
    Note {
        /// Entries it is of.
        size: u64,
        /// What is wrong with it.
        problem: NoteError,
    },
    /// Nothing is signed.
    #[error("no signed checkpoint: nothing vouches for the entries")]
    NoCheckpoint,
    /// Somebody else than the holder of the key put another in force.
    #[error(
        "entry {at}: the key before it did not sign that another key signs from here on: the log was taken over"
    )]
    Rotation {
        /// The entry.
        at: u64,
    },
    /// A checkpoint kept elsewhere is of another history.
    #[error(
        "the earlier checkpoint of {size} entries does not fit: history was rewritten at or after entry {first}"
    )]
    Rewritten {
        /// Entries it is of.
        size: u64,
        /// Entries below it agree with an earlier one.
        first: u64,
    },
}

/// Whether the entries a checkpoint is of have its root.
fn has_root(roots: &[Hash], note: &Checkpoint) -> Result<bool, Broken> {
    let root = usize::try_from(note.size)
        .ok()
        .and_then(|size| roots.get(size));
    root.map(|root| *root == note.root).ok_or(Broken::Short {
        have: roots.len() as u64 - 1,
        expected: note.size,
    })
}

/// A log as it was handed over.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Texts of the entries, with the leaf hash stored beside each, if any.
    pub entries: Vec<(String, Option<Hash>)>,
    /// All signed checkpoints.
    pub checkpoints: Vec<String>,
}

/// The root at every size, and the keys with the entry that brought each in.
type Walk = (Vec<Hash>, Vec<(u64, PublicKey)>);

/// What a good log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Number of entries.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// Checkpoints that were checked.
    pub checkpoints: usize,
}

impl Log {
    /// Checks order, time, hashes and every checkpoint; `earlier` are checkpoints kept
    /// elsewhere. The first key is given, later ones are named by `key.rotated` entries.
    pub fn verify(&self, key: &PublicKey, earlier: &[String]) -> Result<Verified, Broken> {
        let (roots, keys) = self.walk(key)?;
        let size = self.entries.len() as u64;
        let key_at = |size: u64| {
            let in_force = keys.iter().rev().find(|(from, _)| *from < size.max(1));
            in_force.map_or(key, |(_, key)| key)
        };
        let mut covered = 0;
        let mut last_good = 0;
        let mut notes = self.opened(&self.checkpoints, key_at)?;
        notes.sort_by_key(|note| note.size);
        for note in &notes {
            if !has_root(&roots, note)? {
                return Err(Broken::Root {
                    first: last_good,
                    size: note.size,
                });
            }
            covered = covered.max(note.size);
            last_good = note.size;
        }
        let mut older = self.opened(earlier, key_at)?;
        older.sort_by_key(|note| note.size);
        let mut agreed = 0;
        for note in &older {
            if !has_root(&roots, note)? {
                return Err(Broken::Rewritten {
                    size: note.size,
                    first: agreed,
                });
            }
            agreed = note.size;
        }
        if size > 0 && notes.is_empty() && older.is_empty() {
            return Err(Broken::NoCheckpoint);
        }
        if covered.max(agreed) < size {
            return Err(Broken::Unsigned {
                have: size - 1,
                covered,
            });
        }
        Ok(Verified {
            size,
            root: roots
                .last()
                .copied()
                .unwrap_or_else(|| Frontier::default().root()),
            checkpoints: notes.len() + older.len(),
        })
    }

    fn opened<'k>(
        &self,
        notes: &[String],
        key_at: impl Fn(u64) -> &'k PublicKey,
    ) -> Result<Vec<Checkpoint>, Broken> {
        notes
            .iter()
            .map(|note| {
                let size = Checkpoint::parse(note).map_or(0, |parsed| parsed.size);
                Checkpoint::open(note, key_at(size))
                    .map_err(|problem| Broken::Note { size, problem })
            })
            .collect()
    }

    /// The root at every size, and the keys with the entry that brought them in.
    fn walk(&self, key: &PublicKey) -> Result<Walk, Broken> {
        let mut frontier = Frontier::default();
        let mut roots = vec![frontier.root()];
        let mut keys = vec![(0, key.clone())];
        let mut before = i64::MIN;
        for (at, (text, stored)) in (0_u64..).zip(&self.entries) {
            let value: Value = serde_json::from_str(text).map_err(|error| Broken::Unreadable {
                at,
                problem: error.to_string(),
            })?;
            if value["seq"].as_u64() != Some(at) {
                return Err(Broken::Sequence {
                    at,
                    found: value["seq"].to_string(),
                });
            }
            let leaf = leaf_hash(text.as_bytes());
            if stored.is_some_and(|stored| stored != leaf) {
                return Err(Broken::Changed { at });
            }
            let time = value["at"].as_i64().unwrap_or(i64::MIN);
            if time < before {
                return Err(Broken::ClockBack { at });
            }
            before = time;
            if value["kind"] == Kind::KeyRotated.as_str() {
                let present = keys.last().map_or(key, |(_, key)| key);
                let next = rotation::next(at, &value["body"], present);
                keys.push((at, next.ok_or(Broken::Rotation { at })?));
            }
            frontier.push(leaf);
            roots.push(frontier.root());
        }
        Ok((roots, keys))
    }
}

/// Checks one entry against its proof; gives the checkpoint it is proven for.
pub fn verify_proof(entry: &Entry, proof: &Proof, key: &PublicKey) -> Result<Checkpoint, Broken> {
    let open = Checkpoint::open(&proof.checkpoint, key);
    let checkpoint = open.map_err(|problem| Broken::Note {
        size: entry.seq,
        problem,
    })?;
    let given = root_from_proof(entry.leaf(), proof.index, checkpoint.size, &proof.path);
    if given != Some(checkpoint.root) {
        return Err(Broken::Changed { at: entry.seq });
    }
    Ok(checkpoint)
}
