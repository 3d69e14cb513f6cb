//! Numbered steps forward; both dialects have the same numbers.

use crate::backend::Backend;
use crate::{Store, StoreError};

impl Store {
    /// Brings the store to the newest version, all in one transaction; gives that version.
    pub fn migrate(&mut self) -> Result<i64, StoreError> {
        let newest = self.db.migrations().len();
        self.migrate_to(newest)
    }

    /// The version of the store.
    pub fn version(&mut self) -> Result<i64, StoreError> {
        version(&mut *self.db)
    }

    fn migrate_to(&mut self, newest: usize) -> Result<i64, StoreError> {
        // A store that is up to date needs no lock, and no right to change tables.
        if self.db.has_table("abide_version")? {
            let found = version(&mut *self.db)?;
            if usize::try_from(found).is_ok_and(|found| found == newest) {
                return Ok(found);
            }
        }
        self.write("", |db| {
            db.batch(
                "CREATE TABLE IF NOT EXISTS abide_version (version BIGINT NOT NULL PRIMARY KEY)",
            )?;
            let found = version(db)?;
            let steps = db.migrations();
            let known = steps.len() as i64;
            if found > known {
                return Err(StoreError::TooNew { found, known });
            }
            for (number, step) in (1..).zip(steps.iter().take(newest)) {
                if number > found {
                    db.batch(step)?;
                    db.execute(
                        "INSERT INTO abide_version (version) VALUES ($1)",
                        &[number.into()],
                    )?;
                }
            }
            version(db)
        })
    }

    /// Opens a store at an earlier version, for tests of migrations.
    #[doc(hidden)]
    pub fn open_at_version(url: &str, version: usize) -> Result<Self, StoreError> {
        let mut store = Self::open_unmigrated(url)?;
        store.migrate_to(version)?;
        Ok(store)
    }
}

fn version(db: &mut dyn Backend) -> Result<i64, StoreError> {
    let rows = db.query("SELECT COALESCE(MAX(version), 0) FROM abide_version", &[])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}
