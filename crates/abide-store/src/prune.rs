//! Moves old results to the archive, and says so in the ledger.

use std::path::Path;

use abide_ledger::entry::Kind;
use abide_ledger::note::{SecretKey, hex};
use abide_ledger::tree::sha256;
use serde_json::json;

use crate::archive::{self, ArchiveFile, Archived};
use crate::audit::STANDING;
use crate::backend::Backend;
use crate::ledger::Appender;
use crate::read::subject;
use crate::snapshot::Status;
use crate::{Interval, Store, StoreError};

/// What was moved of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrunedStream {
    /// The stream.
    pub stream: String,
    /// The first scan whose results are wholly in the store.
    pub below: i64,
    /// Files that were written.
    pub files: Vec<ArchiveFile>,
}

/// What was moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// By stream; streams without anything to move are left out.
    pub streams: Vec<PrunedStream>,
}

impl Store {
    /// Moves intervals that ended before a time to Parquet files, and removes them from the
    /// store. Scans, findings and the ledger stay. The newest scan always stays whole.
    ///
    /// The files are on the disk before anything is removed; whoever is killed between, prunes
    /// again.
    ///
    /// # Errors
    /// If the archive cannot be written, or the store fails; then nothing is removed.
    pub fn prune(
        &mut self,
        tenant: &str,
        before: i64,
        folder: &Path,
        key: &SecretKey,
        now: i64,
    ) -> Result<Pruned, StoreError> {
        let pruned = self.write(tenant, |db| {
            let mut pruned = Pruned::default();
            let mut ledger = Appender::open(db, tenant, key, now)?;
            let sql = "SELECT id, name FROM stream WHERE tenant = $1 ORDER BY name";
            for row in db.query(sql, &[tenant.into()])? {
                let stream = (row.int(0)?, row.text(1)?);
                let moved = prune_stream(db, tenant, &stream, before, folder, &mut ledger)?;
                pruned.streams.extend(moved);
            }
            if pruned.streams.is_empty() {
                return Ok(pruned);
            }
            db.execute(
                "DELETE FROM detail WHERE tenant = $1 AND id NOT IN (SELECT detail FROM state WHERE tenant = $2)",
                &[tenant.into(), tenant.into()],
            )?;
            ledger.close(db)?;
            Ok(pruned)
        })?;
        if !pruned.streams.is_empty() {
            // Gives the room back; that it cannot be done now is no failure of pruning.
            let _ = self.db.batch("VACUUM");
        }
        Ok(pruned)
    }

    /// All intervals of a stream that are in the store, with the times of their scans.
    ///
    /// # Errors
    /// If the store fails.
    pub fn archived(&mut self, tenant: &str, stream: &str) -> Result<Vec<Archived>, StoreError> {
        let number = self.stream(tenant, stream)?;
        rows(
            &mut *self.db,
            tenant,
            &(number, stream.to_owned()),
            i64::MAX,
            true,
        )
    }
}

/// The first scan that is kept whole: the last before the time, which says how things stood when what
/// is kept begins (the same one that a report of the time after it asks for).
fn limit(
    db: &mut dyn Backend,
    tenant: &str,
    stream: i64,
    before: i64,
) -> Result<Option<i64>, StoreError> {
    let rows = db.query(
        "SELECT COALESCE(MAX(CASE WHEN context LIKE $1 THEN seq END), MAX(seq)) FROM run
         WHERE tenant = $2 AND stream = $3 AND complete = 1
           AND seq < COALESCE((SELECT MIN(seq) FROM run WHERE tenant = $2 AND stream = $3 AND at >= $4), seq + 1)",
        &[STANDING.into(), tenant.into(), stream.into(), before.into()],
    )?;
    rows.first().map_or(Ok(None), |row| row.maybe_int(0))
}

/// Intervals that ended with a scan or before it; with `open`, also those that last.
fn rows(
    db: &mut dyn Backend,
    tenant: &str,
    (stream, name): &(i64, String),
    below: i64,
    open: bool,
) -> Result<Vec<Archived>, StoreError> {
    let ended = if open {
        "(s.to_seq IS NULL OR s.to_seq <= $3)"
    } else {
        "s.to_seq <= $3"
    };
    let sql = format!(
        "SELECT u.input, u.address, u.type, p.policy_id, s.from_seq, s.to_seq, s.status, d.json, f.at, t.at
         FROM state s JOIN subject u ON u.tenant = s.tenant AND u.id = s.subject
         JOIN policy p ON p.tenant = s.tenant AND p.id = s.policy
         JOIN detail d ON d.tenant = s.tenant AND d.id = s.detail
         JOIN run f ON f.tenant = s.tenant AND f.stream = s.stream AND f.seq = s.from_seq
         LEFT JOIN run t ON t.tenant = s.tenant AND t.stream = s.stream AND t.seq = s.to_seq
         WHERE s.tenant = $1 AND s.stream = $2 AND {ended}
         ORDER BY u.input, u.address, u.type, p.policy_id, s.from_seq"
    );
    let rows = db.query(&sql, &[tenant.into(), (*stream).into(), below.into()])?;
    let rows = rows.iter().map(|row| {
        Ok(Archived {
            stream: name.clone(),
            interval: Interval {
                subject: subject(row)?,
                policy: row.text(3)?,
                from: row.int(4)?,
                to: row.maybe_int(5)?,
                status: Status::from_code(row.int(6)?)?,
                detail: row.text(7)?,
            },
            from_at: row.int(8)?,
            to_at: row.maybe_int(9)?,
        })
    });
    rows.collect()
}

fn prune_stream(
    db: &mut dyn Backend,
    tenant: &str,
    stream: &(i64, String),
    before: i64,
    folder: &Path,
    ledger: &mut Appender<'_>,
) -> Result<Option<PrunedStream>, StoreError> {
    let Some(below) = limit(db, tenant, stream.0, before)? else {
        return Ok(None);
    };
    let moved = rows(db, tenant, stream, below, false)?;
    if moved.is_empty() {
        return Ok(None);
    }
    let digest = hex(&sha256(stream.1.as_bytes()));
    let (short, _) = digest.split_at(12);
    let files = archive::write_intervals(folder, tenant, &format!("{short}-{below}"), &moved)?;
    let list = archive::write_list(folder, &files)?;
    for table in ["state", "subject_state"] {
        let sql = format!("DELETE FROM {table} WHERE tenant = $1 AND stream = $2 AND to_seq <= $3");
        db.execute(&sql, &[tenant.into(), stream.0.into(), below.into()])?;
    }
    let body = json!({
        "stream": stream.1, "below": below, "before": before, "rows": moved.len(), "files": files.len(), "list": list,
    });
    let entry = ledger.append(db, Kind::StorePruned, body)?;
    db.execute(
        "INSERT INTO pruned (tenant, stream, below, ledger_seq) VALUES ($1, $2, $3, $4)",
        &[tenant.into(), stream.0.into(), below.into(), entry.into()],
    )?;
    Ok(Some(PrunedStream {
        stream: stream.1.clone(),
        below,
        files,
    }))
}
