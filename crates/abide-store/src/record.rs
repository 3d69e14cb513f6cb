//! Records a scan: one transaction, from the intervals to the signed checkpoint.

use abide_ledger::entry::Kind;
use abide_ledger::note::{SecretKey, hex};
use abide_ledger::statement;
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::intervals::Turn;
use crate::ledger::Appender;
use crate::snapshot::{Digests, Snapshot};
use crate::{Store, StoreError, dictionary, intervals, slots};

/// What recording gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The scan's id: the digest of its content, in hexadecimal.
    pub id: String,
    /// Its number in its stream.
    pub seq: i64,
    /// Whether it was there already.
    pub already: bool,
    /// Position of its ledger entry.
    pub ledger_seq: i64,
}

/// Where a transaction writes.
pub(crate) struct At<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) stream: i64,
    pub(crate) seq: i64,
    pub(crate) time: i64,
}

impl Store {
    /// Records a scan at a time (milliseconds since 1970, of this machine's clock). The same
    /// scan twice is recorded once.
    pub fn record(
        &mut self,
        scan: &Snapshot,
        key: &SecretKey,
        now: i64,
    ) -> Result<Recorded, StoreError> {
        let digests = scan.digests()?;
        let tenant = scan.context.tenant.clone();
        self.write(&tenant, |db| record(db, scan, key, now, &digests))
    }
}

fn record(
    db: &mut dyn Backend,
    scan: &Snapshot,
    key: &SecretKey,
    now: i64,
    digests: &Digests,
) -> Result<Recorded, StoreError> {
    let (id, expected) = (&digests.id, &digests.root);
    let tenant = scan.context.tenant.as_str();
    let known = Known::read(db, scan, digests)?;
    if let Some((seq, ledger_seq)) = known.run {
        return Ok(Recorded {
            id: hex(id),
            seq,
            already: true,
            ledger_seq,
        });
    }
    let mut ledger = Appender::open(db, tenant, key, now)?;
    if known.scheduled {
        slots::advance(db, tenant, &mut ledger, now)?;
    }
    let stream = match known.stream {
        Some(stream) => stream,
        None => dictionary::stream(db, tenant, &scan.context.stream)?,
    };
    let pack = match known.pack {
        Some(pack) => pack,
        None => dictionary::pack(db, scan, &digests.pack, &mut ledger)?,
    };
    let seq = known.seq;
    let at = At {
        tenant,
        stream,
        seq,
        time: scan.at,
    };
    if scan.complete {
        let written = intervals::write(db, scan, &digests.leaves, &at)?;
        if written.root != *expected {
            return Err(StoreError::Mismatch {
                stream: scan.context.stream.clone(),
            });
        }
        drift(db, scan, &at, &written.drift, &mut ledger)?;
    }
    let due = match scan.context.slot {
        Some(due) => Some(due),
        None if known.scheduled => slots::answered(db, tenant, stream, scan.at)?,
        None => None,
    };
    let mut body = run_body(scan, seq, digests);
    if let Some(due) = due {
        body["due_at"] = due.into();
    }
    let ledger_seq = ledger.append(db, Kind::RunFinished, body.clone())?;
    let statement = statement::envelope(&subjects(scan), &body, key).to_string();
    let text = |value: &Value| value.to_string();
    let context =
        serde_json::to_string(&scan.context).map_err(|e| StoreError::Damaged(e.to_string()))?;
    db.execute(
        "INSERT INTO run (tenant, stream, seq, id, at, recorded_at, complete, pack, tool_version, context, inputs, summary, result_root, ledger_seq, statement)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        &[
            tenant.into(), stream.into(), seq.into(), id.as_slice().into(), scan.at.into(), now.into(),
            i64::from(scan.complete).into(), pack.into(), scan.tool_version.as_str().into(), context.into(),
            text(&scan.inputs).into(), text(&scan.summary).into(), expected.as_slice().into(),
            ledger_seq.into(), statement.into(),
        ],
    )?;
    if let Some(due) = due {
        slots::answer(db, tenant, stream, due, (scan.complete, seq))?;
    }
    ledger.close(db)?;
    Ok(Recorded {
        id: hex(id),
        seq,
        already: false,
        ledger_seq,
    })
}

/// Says in the ledger which drift began and which ended.
fn drift(
    db: &mut dyn Backend,
    scan: &Snapshot,
    at: &At<'_>,
    turns: &[Turn],
    ledger: &mut Appender<'_>,
) -> Result<(), StoreError> {
    if turns.is_empty() {
        return Ok(());
    }
    let subjects = Turn::subjects(db, at.tenant, turns)?;
    for (turn, subject) in turns.iter().zip(subjects) {
        let mut body = json!({
            "stream": scan.context.stream, "scan": at.seq, "at": at.time,
            "address": subject.address, "type": subject.resource_type,
        });
        if !turn.said.is_empty() {
            let said: Value = serde_json::from_str(&turn.said)
                .map_err(|error| StoreError::Damaged(error.to_string()))?;
            body["said"] = said[0]["message"].clone();
        }
        let kind = match turn.began {
            true => Kind::DriftOpened,
            false => Kind::DriftClosed,
        };
        ledger.append(db, kind, body)?;
    }
    Ok(())
}

/// What the store knows of a scan before it is recorded; one question instead of five.
struct Known {
    run: Option<(i64, i64)>,
    stream: Option<i64>,
    pack: Option<i64>,
    /// The number it gets.
    seq: i64,
    /// Whether scans are due at certain times.
    scheduled: bool,
}

impl Known {
    fn read(db: &mut dyn Backend, scan: &Snapshot, digests: &Digests) -> Result<Self, StoreError> {
        let rows = db.query(
            "SELECT (SELECT seq FROM run WHERE tenant = $1 AND id = $2), (SELECT ledger_seq FROM run WHERE tenant = $1 AND id = $2),
                    (SELECT id FROM stream WHERE tenant = $1 AND name = $3), (SELECT id FROM pack WHERE tenant = $1 AND digest = $4),
                    (SELECT MAX(seq) FROM run WHERE tenant = $1 AND stream = (SELECT id FROM stream WHERE tenant = $1 AND name = $3)),
                    (SELECT COUNT(*) FROM schedule WHERE tenant = $1)",
            &[
                scan.context.tenant.as_str().into(), digests.id.as_slice().into(),
                scan.context.stream.as_str().into(), digests.pack.as_slice().into(),
            ],
        )?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::Damaged("an answer without a row".to_owned()))?;
        Ok(Self {
            run: row.maybe_int(0)?.zip(row.maybe_int(1)?),
            stream: row.maybe_int(2)?,
            pack: row.maybe_int(3)?,
            seq: row.maybe_int(4)?.unwrap_or(0) + 1,
            scheduled: row.int(5)? > 0,
        })
    }
}

fn run_body(scan: &Snapshot, seq: i64, digests: &Digests) -> Value {
    json!({
        "tenant": scan.context.tenant, "stream": scan.context.stream, "scan": seq, "id": hex(&digests.id),
        "at": scan.at, "complete": scan.complete, "commit": scan.context.commit, "actor": scan.context.actor,
        "pack": hex(&digests.pack), "tool": scan.tool_version, "result_root": hex(&digests.root),
        "inputs": scan.context.input_digests, "counts": scan.summary["counts"],
    })
}

/// Names and digests of the inputs.
fn subjects(scan: &Snapshot) -> Vec<(String, String)> {
    let names = scan.inputs.as_array().into_iter().flatten();
    let names = names.map(|input| input["name"].as_str().unwrap_or("input").to_owned());
    names
        .zip(scan.context.input_digests.iter().cloned())
        .collect()
}
