//! Records a scan: one transaction, from the intervals to the signed checkpoint.

use std::collections::BTreeMap;

use abide_ledger::entry::Kind;
use abide_ledger::note::{SecretKey, hex};
use abide_ledger::statement;
use abide_ledger::tree::{Hash, root, sha256};
use serde_json::{Value, json};

use crate::backend::Backend;
use crate::ledger::Appender;
use crate::snapshot::{
    Record, Snapshot, Status, Subject, digest_rows, subject_digest, subject_leaf,
};
use crate::{Store, StoreError, dictionary, lifecycle};

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

/// The change of one cell.
pub(crate) struct Change<'a> {
    pub(crate) subject: i64,
    pub(crate) policy: i64,
    pub(crate) before: Option<Status>,
    pub(crate) after: Option<&'a Record>,
    /// Why the cell is gone, if it is.
    pub(crate) gone: &'static str,
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
        let id = scan.id()?;
        let expected = scan.result_root();
        let tenant = scan.context.tenant.clone();
        self.write(&tenant, |db| record(db, scan, key, now, &id, &expected))
    }
}

fn record(
    db: &mut dyn Backend,
    scan: &Snapshot,
    key: &SecretKey,
    now: i64,
    id: &Hash,
    expected: &Hash,
) -> Result<Recorded, StoreError> {
    let tenant = scan.context.tenant.as_str();
    let found = db.query(
        "SELECT seq, ledger_seq FROM run WHERE tenant = $1 AND id = $2",
        &[tenant.into(), id.as_slice().into()],
    )?;
    if let Some(row) = found.first() {
        return Ok(Recorded {
            id: hex(id),
            seq: row.int(0)?,
            already: true,
            ledger_seq: row.int(1)?,
        });
    }
    let mut ledger = Appender::open(db, tenant, key, now)?;
    let stream = dictionary::stream(db, tenant, &scan.context.stream)?;
    let rows = db.query(
        "SELECT COALESCE(MAX(seq), 0) + 1 FROM run WHERE tenant = $1 AND stream = $2",
        &[tenant.into(), stream.into()],
    )?;
    let seq = rows.first().map_or(Ok(1), |row| row.int(0))?;
    let (pack, policies) = dictionary::pack(db, scan, &mut ledger)?;
    let at = At {
        tenant,
        stream,
        seq,
        time: scan.at,
    };
    if scan.complete {
        let written = intervals(db, scan, &policies, &at)?;
        if written != *expected {
            return Err(StoreError::Mismatch {
                stream: scan.context.stream.clone(),
            });
        }
    }
    let body = run_body(scan, seq, id, expected);
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
    if let Some(due) = scan.context.slot {
        let state = if scan.complete { "ran" } else { "failed" };
        db.execute(
            "INSERT INTO slot (tenant, stream, due_at, state, seq) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tenant, stream, due_at) DO UPDATE SET state = excluded.state, seq = excluded.seq",
            &[tenant.into(), stream.into(), due.into(), state.into(), seq.into()],
        )?;
    }
    ledger.close(db)?;
    Ok(Recorded {
        id: hex(id),
        seq,
        already: false,
        ledger_seq,
    })
}

fn run_body(scan: &Snapshot, seq: i64, id: &Hash, result_root: &Hash) -> Value {
    json!({
        "tenant": scan.context.tenant, "stream": scan.context.stream, "scan": seq, "id": hex(id),
        "at": scan.at, "complete": scan.complete, "commit": scan.context.commit, "actor": scan.context.actor,
        "pack": hex(&scan.pack_digest()), "tool": scan.tool_version, "result_root": hex(result_root),
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

/// Writes what changed, and gives the root over what is then stored.
fn intervals(
    db: &mut dyn Backend,
    scan: &Snapshot,
    policies: &BTreeMap<String, i64>,
    at: &At<'_>,
) -> Result<Hash, StoreError> {
    let mut open = open_subjects(db, at)?;
    for (subject, records) in &scan.results {
        let digest = subject_digest(records);
        let known = open.remove(subject);
        if known.is_some_and(|(_, before)| before == digest) {
            continue;
        }
        let number = match known {
            Some((number, _)) => number,
            None => dictionary::subject(db, at.tenant, subject)?,
        };
        change_subject(db, at, number, records, policies, scan)?;
        let stored = stored_digest(db, at, number)?;
        replace_digest(db, at, number, known.is_some(), Some(stored))?;
    }
    for (number, _) in open.into_values() {
        change_subject(db, at, number, &BTreeMap::new(), policies, scan)?;
        replace_digest(db, at, number, true, None)?;
    }
    let leaves = open_subjects(db, at)?;
    let leaves = leaves
        .iter()
        .map(|(subject, (_, digest))| subject_leaf(subject, digest));
    Ok(root(&leaves.collect::<Vec<_>>()))
}

fn open_subjects(
    db: &mut dyn Backend,
    at: &At<'_>,
) -> Result<BTreeMap<Subject, (i64, Hash)>, StoreError> {
    let rows = db.query(
        "SELECT u.id, u.input, u.address, u.type, s.digest FROM subject_state s JOIN subject u ON u.tenant = s.tenant AND u.id = s.subject
         WHERE s.tenant = $1 AND s.stream = $2 AND s.to_seq IS NULL",
        &[at.tenant.into(), at.stream.into()],
    )?;
    let mut open = BTreeMap::new();
    for row in rows {
        let subject = Subject {
            input: u32::try_from(row.int(1)?)
                .map_err(|_| StoreError::Damaged("number of an input".to_owned()))?,
            address: row.text(2)?,
            resource_type: row.text(3)?,
        };
        open.insert(subject, (row.int(0)?, row.hash(4)?));
    }
    Ok(open)
}

/// Closes and opens the intervals of one subject.
fn change_subject(
    db: &mut dyn Backend,
    at: &At<'_>,
    subject: i64,
    records: &BTreeMap<String, Record>,
    policies: &BTreeMap<String, i64>,
    scan: &Snapshot,
) -> Result<(), StoreError> {
    let rows = db.query(
        "SELECT p.policy_id, s.policy, s.status, s.detail, s.from_seq FROM state s JOIN policy p ON p.tenant = s.tenant AND p.id = s.policy
         WHERE s.tenant = $1 AND s.stream = $2 AND s.subject = $3 AND s.to_seq IS NULL",
        &[at.tenant.into(), at.stream.into(), subject.into()],
    )?;
    let mut before = BTreeMap::new();
    for row in rows {
        let cell = (
            row.int(1)?,
            Status::from_code(row.int(2)?)?,
            row.int(3)?,
            row.int(4)?,
        );
        before.insert(row.text(0)?, cell);
    }
    for (id, record) in records {
        let policy = policies.get(id).copied().ok_or_else(|| {
            StoreError::Damaged(format!(
                "a result of {id}, which is not among the policies of the scan"
            ))
        })?;
        let detail = dictionary::detail(db, at.tenant, &record.detail)?;
        let known = before.remove(id);
        if let Some((_, status, old, from)) = known {
            if status == record.status && old == detail {
                continue;
            }
            close_cell(db, at, subject, policy, from)?;
        }
        db.execute(
            "INSERT INTO state (tenant, stream, subject, policy, from_seq, status, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                at.tenant.into(), at.stream.into(), subject.into(), policy.into(), at.seq.into(),
                record.status.code().into(), detail.into(),
            ],
        )?;
        let before = known.map(|(_, status, ..)| status);
        lifecycle::apply(
            db,
            at,
            &Change {
                subject,
                policy,
                before,
                after: Some(record),
                gone: "fixed",
            },
        )?;
    }
    for (id, (policy, status, _, from)) in before {
        close_cell(db, at, subject, policy, from)?;
        let gone = match (scan.policies.contains_key(&id), records.is_empty()) {
            (false, _) => "policy_removed",
            (true, true) => "resource_removed",
            (true, false) => "fixed",
        };
        lifecycle::apply(
            db,
            at,
            &Change {
                subject,
                policy,
                before: Some(status),
                after: None,
                gone,
            },
        )?;
    }
    Ok(())
}

fn close_cell(
    db: &mut dyn Backend,
    at: &At<'_>,
    subject: i64,
    policy: i64,
    from: i64,
) -> Result<(), StoreError> {
    db.execute(
        "UPDATE state SET to_seq = $1 WHERE tenant = $2 AND stream = $3 AND subject = $4 AND policy = $5 AND from_seq = $6",
        &[at.seq.into(), at.tenant.into(), at.stream.into(), subject.into(), policy.into(), from.into()],
    )?;
    Ok(())
}

/// The digest of a subject from what is stored, not from what was to be stored.
fn stored_digest(db: &mut dyn Backend, at: &At<'_>, subject: i64) -> Result<Hash, StoreError> {
    let rows = db.query(
        "SELECT p.policy_id, s.status, d.json FROM state s JOIN policy p ON p.tenant = s.tenant AND p.id = s.policy
         JOIN detail d ON d.tenant = s.tenant AND d.id = s.detail
         WHERE s.tenant = $1 AND s.stream = $2 AND s.subject = $3 AND s.to_seq IS NULL",
        &[at.tenant.into(), at.stream.into(), subject.into()],
    )?;
    let mut cells = BTreeMap::new();
    for row in rows {
        cells.insert(
            row.text(0)?,
            (
                Status::from_code(row.int(1)?)?,
                sha256(row.text(2)?.as_bytes()),
            ),
        );
    }
    Ok(digest_rows(cells.iter().map(|(id, (status, detail))| {
        (id.as_str(), *status, *detail)
    })))
}

fn replace_digest(
    db: &mut dyn Backend,
    at: &At<'_>,
    subject: i64,
    known: bool,
    digest: Option<Hash>,
) -> Result<(), StoreError> {
    if known {
        db.execute(
            "UPDATE subject_state SET to_seq = $1 WHERE tenant = $2 AND stream = $3 AND subject = $4 AND to_seq IS NULL",
            &[at.seq.into(), at.tenant.into(), at.stream.into(), subject.into()],
        )?;
    }
    if let Some(digest) = digest {
        db.execute(
            "INSERT INTO subject_state (tenant, stream, subject, from_seq, digest) VALUES ($1, $2, $3, $4, $5)",
            &[at.tenant.into(), at.stream.into(), subject.into(), at.seq.into(), digest.as_slice().into()],
        )?;
    }
    Ok(())
}
