//! Remembers scans: state intervals, findings and the ledger, in SQLite or PostgreSQL. The
//! only crate with SQL.

mod archive;
mod audit;
mod backend;
mod backup;
mod bulk;
mod check;
mod decisions;
mod dictionary;
mod finding_proof;
mod intervals;
mod ledger;
mod lifecycle;
mod migrate;
mod proof;
mod prune;
mod read;
mod record;
mod roles;
mod slots;
mod snapshot;
mod value;

use std::path::Path;
use std::time::Duration;

pub use archive::{ArchiveFile, Archived, write_intervals};
pub use audit::{
    AuditData, AuditQuery, AuditRun, AuditStream, Cell, LedgerEvent, LedgerHead, Life, Pack,
    PolicyVersion, Presence,
};
pub use backup::Restored;
pub use check::Checked;
pub use finding_proof::{FindingProof, Said};
pub use ledger::Bundle;
pub use proof::ResultProof;
pub use prune::{Pruned, PrunedStream};
pub use read::{FindingRow, Interval, RunRow, StoredResults};
pub use record::Recorded;
pub use roles::ROLES;
pub use slots::{Schedule, SlotRow, Unanswered};
pub use snapshot::{PolicyText, Record, RunContext, Snapshot, Status, Subject};

use backend::Backend;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection.
    #[error("cannot open the store {0}; check the path or URL, and that the server runs")]
    Unreachable(String),
    /// The URL names no known database.
    #[error("`{0}` is no store: expected a file, sqlite:FILE or postgres://…")]
    Url(String),
    /// There is no such file.
    #[error("there is no store {0}: `abide scan --record` makes one, `--store` names another")]
    Missing(String),
    /// Somebody else writes; worth another try.
    #[error("the store stayed busy: {0}; try again")]
    Busy(String),
    /// The database refused.
    #[error("the store failed: {0}")]
    Database(String),
    /// What is stored cannot be right.
    #[error("the store is damaged: {0}; run `abide evidence verify`")]
    Damaged(String),
    /// Written by a newer program.
    #[error("the store has version {found}, this program knows up to {known}: use a newer abide")]
    TooNew {
        /// Version of the store.
        found: i64,
        /// Latest known version.
        known: i64,
    },
    /// The clock of this machine is behind the ledger.
    #[error(
        "the clock went back: it is {behind_s} s behind the last entry of the ledger; set the clock of this machine"
    )]
    ClockBack {
        /// By how much, in seconds.
        behind_s: i64,
    },
    /// What was written does not give the root of the scan.
    #[error("the scan was not recorded: what was written for `{stream}` does not reproduce it")]
    Mismatch {
        /// The stream.
        stream: String,
    },
    /// The ledger is signed by another key.
    #[error(
        "the ledger is signed by {expected}, and this is {found}: name the right key, or hand over with `abide evidence rotate`"
    )]
    OtherKey {
        /// The key in force.
        expected: String,
        /// The key that was given.
        found: String,
    },
    /// Results were moved to the archive.
    #[error(
        "results of `{stream}` before scan {below} were pruned: they are in the archive, and not in the store"
    )]
    Pruned {
        /// The stream.
        stream: String,
        /// The first scan that is in the store.
        below: i64,
    },
    /// A schedule makes no sense.
    #[error("this schedule cannot be: {0}")]
    Schedule(String),
    /// The archive cannot be written or read.
    #[error("the archive: {0}")]
    Archive(String),
    /// A backup is broken or not fit.
    #[error("the backup: {0}")]
    Backup(String),
    /// Nothing of that name.
    #[error("{0} is not in the store")]
    NotFound(String),
}

/// An open store.
pub struct Store {
    db: Box<dyn Backend>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

/// How often a busy store is asked again.
const ATTEMPTS: u32 = 5;

impl Store {
    /// Opens a store and brings it to the newest version. `postgres://…` is PostgreSQL,
    /// everything else a file.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let mut store = Self::open_unmigrated(url)?;
        store.migrate()?;
        Ok(store)
    }

    /// Opens a store to read it: a file that is not there is not made.
    ///
    /// # Errors
    /// As [`Store::open`], and if there is no such file.
    pub fn open_existing(url: &str) -> Result<Self, StoreError> {
        let path = url.strip_prefix("sqlite:").unwrap_or(url);
        if !url.contains("://") && !Path::new(path).exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        Self::open(url)
    }

    fn open_unmigrated(url: &str) -> Result<Self, StoreError> {
        let db: Box<dyn Backend> =
            if url.starts_with("postgres://") || url.starts_with("postgresql://") {
                #[cfg(feature = "postgres")]
                {
                    Box::new(backend::postgres::Postgres::open(url)?)
                }
                #[cfg(not(feature = "postgres"))]
                return Err(StoreError::Unreachable(
                    "PostgreSQL: this abide was built without it".to_owned(),
                ));
            } else {
                let path = url.strip_prefix("sqlite:").unwrap_or(url);
                // `mysql://…` is no file either.
                if path.contains("://") {
                    return Err(StoreError::Url(shown(url)));
                }
                Box::new(backend::sqlite::Sqlite::open(Path::new(path))?)
            };
        Ok(Self { db })
    }

    /// Runs work in one transaction of a tenant; a busy store is tried again, with a bound.
    fn write<T>(
        &mut self,
        tenant: &str,
        mut work: impl FnMut(&mut dyn Backend) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut attempt = 1;
        loop {
            let outcome = self.once(tenant, &mut work);
            match outcome {
                Err(StoreError::Busy(_)) if attempt < ATTEMPTS => {
                    std::thread::sleep(Duration::from_millis(20 << attempt));
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn once<T>(
        &mut self,
        tenant: &str,
        work: &mut impl FnMut(&mut dyn Backend) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begun = self.db.begin(tenant);
        let done = begun.and_then(|()| work(&mut *self.db));
        match done {
            Ok(done) => match self.db.batch("COMMIT") {
                Ok(()) => Ok(done),
                Err(error) => {
                    let _ = self.db.batch("ROLLBACK");
                    Err(error)
                }
            },
            Err(error) => {
                // The first error is the one to tell; a lost connection rolls back by itself.
                let _ = self.db.batch("ROLLBACK");
                Err(error)
            }
        }
    }
}

/// A URL without what may be a secret in it: the user before `@`, the query after `?`.
fn shown(url: &str) -> String {
    let host = url.split('@').next_back().unwrap_or_default();
    host.split('?').next().unwrap_or_default().to_owned()
}
