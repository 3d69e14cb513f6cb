//! The ledger in the database: entries and checkpoints written with what they bind.

use abide_ledger::entry::{Entry, Kind};
use abide_ledger::note::{Checkpoint, Proof, PublicKey, SecretKey};
use abide_ledger::rotation;
use abide_ledger::tree::{Frontier, Hash, inclusion_proof};
use abide_ledger::verify::{CLOCK_TOLERANCE_MS, Log};
use serde_json::Value;

use crate::backend::Backend;
use crate::{Store, StoreError};

/// The end of a tenant's ledger, open for writing within a transaction.
pub(crate) struct Appender<'a> {
    tenant: &'a str,
    key: &'a SecretKey,
    frontier: Frontier,
    now: i64,
    /// Entries when it was opened.
    before: u64,
}

impl<'a> Appender<'a> {
    pub(crate) fn open(
        db: &mut dyn Backend,
        tenant: &'a str,
        key: &'a SecretKey,
        now: i64,
    ) -> Result<Self, StoreError> {
        let rows = db.query(
            "SELECT ledger_size, ledger_peaks, ledger_time, ledger_key FROM tenant WHERE tenant = $1",
            &[tenant.into()],
        )?;
        let public = key.public().to_string();
        let Some(row) = rows.first() else {
            db.execute(
                "INSERT INTO tenant (tenant, ledger_size, ledger_peaks, ledger_time, ledger_key) VALUES ($1, 0, $2, $3, $4)",
                &[tenant.into(), [].as_slice().into(), now.into(), public.as_str().into()],
            )?;
            return Ok(Self {
                tenant,
                key,
                frontier: Frontier::default(),
                now,
                before: 0,
            });
        };
        let size = u64::try_from(row.int(0)?).unwrap_or_default();
        let frontier = Frontier::from_parts(size, &row.bytes(1)?)
            .ok_or_else(|| StoreError::Damaged(format!("the end of the ledger of `{tenant}`")))?;
        let last = row.int(2)?;
        if now < last - CLOCK_TOLERANCE_MS {
            return Err(StoreError::ClockBack {
                behind_s: (last - now) / 1000,
            });
        }
        // Clocks of machines differ a little; the order of entries does not.
        let expected = row.maybe_text(3)?.unwrap_or_default();
        if expected != public {
            return Err(StoreError::OtherKey {
                expected,
                found: public,
            });
        }
        Ok(Self {
            tenant,
            key,
            frontier,
            now: now.max(last),
            before: size,
        })
    }

    /// Whether nothing was appended.
    pub(crate) fn is_empty(&self) -> bool {
        self.frontier.size() == self.before
    }

    /// Hands the ledger over to another key; the present one signs that.
    fn rotate(&mut self, db: &mut dyn Backend, next: &'a SecretKey) -> Result<(), StoreError> {
        let body = rotation::body(self.frontier.size(), self.key, next.public());
        self.append(db, Kind::KeyRotated, body)?;
        self.key = next;
        Ok(())
    }

    pub(crate) fn append(
        &mut self,
        db: &mut dyn Backend,
        kind: Kind,
        body: Value,
    ) -> Result<i64, StoreError> {
        let entry = Entry::new(self.frontier.size(), kind, self.now, body);
        let leaf = entry.leaf();
        let seq = number(entry.seq)?;
        db.execute(
            "INSERT INTO ledger_entry (tenant, seq, leaf, text) VALUES ($1, $2, $3, $4)",
            &[
                self.tenant.into(),
                seq.into(),
                leaf.as_slice().into(),
                entry.text.into(),
            ],
        )?;
        self.frontier.push(leaf);
        Ok(seq)
    }

    /// Signs the new end.
    pub(crate) fn close(self, db: &mut dyn Backend) -> Result<(), StoreError> {
        let size = number(self.frontier.size())?;
        let checkpoint = Checkpoint {
            origin: self.key.public().name().to_owned(),
            size: self.frontier.size(),
            root: self.frontier.root(),
        };
        db.execute(
            "INSERT INTO checkpoint (tenant, size, note) VALUES ($1, $2, $3)",
            &[
                self.tenant.into(),
                size.into(),
                checkpoint.sign(self.key).into(),
            ],
        )?;
        db.execute(
            "UPDATE tenant SET ledger_size = $1, ledger_peaks = $2, ledger_time = $3, ledger_key = $4 WHERE tenant = $5",
            &[
                size.into(), self.frontier.peaks().as_slice().into(), self.now.into(),
                self.key.public().to_string().into(), self.tenant.into(),
            ],
        )?;
        Ok(())
    }
}

fn number(size: u64) -> Result<i64, StoreError> {
    i64::try_from(size).map_err(|_| StoreError::Damaged("the size of the ledger".to_owned()))
}

/// A log with the key it began with.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Entries and checkpoints.
    pub log: Log,
    /// The first key, as the log itself names it; compare it with one handed over earlier.
    pub first_key: Option<PublicKey>,
}

impl Store {
    /// Appends entries of other parts of the program (exceptions, drift, reports).
    pub fn append(
        &mut self,
        tenant: &str,
        entries: &[(Kind, Value)],
        key: &SecretKey,
        now: i64,
    ) -> Result<(), StoreError> {
        self.write(tenant, |db| {
            let mut ledger = Appender::open(db, tenant, key, now)?;
            for (kind, body) in entries {
                ledger.append(db, *kind, body.clone())?;
            }
            ledger.close(db)
        })
    }

    /// Hands the ledger over to another key, signed by the present one.
    pub fn rotate(
        &mut self,
        tenant: &str,
        key: &SecretKey,
        next: &SecretKey,
        now: i64,
    ) -> Result<(), StoreError> {
        self.write(tenant, |db| {
            let mut ledger = Appender::open(db, tenant, key, now)?;
            ledger.rotate(db, next)?;
            ledger.close(db)
        })
    }

    /// The whole log of a tenant.
    pub fn log(&mut self, tenant: &str) -> Result<Bundle, StoreError> {
        let mut log = Log::default();
        let rows = self.db.query(
            "SELECT text, leaf FROM ledger_entry WHERE tenant = $1 ORDER BY seq",
            &[tenant.into()],
        )?;
        for row in rows {
            // A damaged hash is told by the verification, with its place.
            log.entries
                .push((row.text(0)?, Some(row.hash(1).unwrap_or([0; 32]))));
        }
        let rows = self.db.query(
            "SELECT note FROM checkpoint WHERE tenant = $1 ORDER BY size",
            &[tenant.into()],
        )?;
        for row in rows {
            log.checkpoints.push(row.text(0)?);
        }
        let first_key = self.first_key(tenant, &log)?;
        Ok(Bundle { log, first_key })
    }

    /// The key before the first rotation, else the present one.
    fn first_key(&mut self, tenant: &str, log: &Log) -> Result<Option<PublicKey>, StoreError> {
        let rotated = log.entries.iter().find_map(|(text, _)| {
            let value: Value = serde_json::from_str(text).ok()?;
            (value["kind"] == Kind::KeyRotated.as_str())
                .then(|| value["body"]["from"].as_str().map(str::to_owned))?
        });
        let text = match rotated {
            Some(text) => Some(text),
            None => {
                let sql = "SELECT ledger_key FROM tenant WHERE tenant = $1";
                let rows = self.db.query(sql, &[tenant.into()])?;
                rows.first().map_or(Ok(None), |row| row.maybe_text(0))?
            }
        };
        Ok(text.and_then(|text| PublicKey::parse(&text).ok()))
    }

    /// The newest signed checkpoint.
    pub fn checkpoint(&mut self, tenant: &str) -> Result<String, StoreError> {
        let sql = "SELECT note FROM checkpoint WHERE tenant = $1 ORDER BY size DESC LIMIT 1";
        let rows = self.db.query(sql, &[tenant.into()])?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::NotFound(format!("a checkpoint of `{tenant}`")))?;
        row.text(0)
    }

    /// An entry with its proof against the newest checkpoint.
    pub fn prove(&mut self, tenant: &str, seq: u64) -> Result<(String, Proof), StoreError> {
        let missing = || StoreError::NotFound(format!("entry {seq} of the ledger of `{tenant}`"));
        let bundle = self.log(tenant)?;
        let index = usize::try_from(seq).map_err(|_| missing())?;
        let (text, _) = bundle.log.entries.get(index).ok_or_else(missing)?;
        let leaves: Vec<Hash> = bundle
            .log
            .entries
            .iter()
            .map(|(text, _)| abide_ledger::tree::leaf_hash(text.as_bytes()))
            .collect();
        let path = inclusion_proof(&leaves, index).ok_or_else(missing)?;
        let checkpoint = self.checkpoint(tenant)?;
        Ok((
            text.clone(),
            Proof {
                index: seq,
                path,
                checkpoint,
            },
        ))
    }
}
