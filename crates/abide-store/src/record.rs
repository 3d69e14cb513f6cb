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
use crate::{Store, StoreError, lifecycle};

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
    let stream = stream(db, tenant, &scan.context.stream)?;
    let rows = db.query(
        "SELECT COALESCE(MAX(seq), 0) + 1 FROM run WHERE tenant = $1 AND stream = $2",
        &[tenant.into(), stream.into()],
    )?;
    let seq = rows.first().map_or(Ok(1), |row| row.int(0))?;
    let (pack, policies) = pack(db, scan, &mut ledger)?;
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

pub(crate) fn stream(db: &mut dyn Backend, tenant: &str, name: &str) -> Result<i64, StoreError> {
    identify(
        db,
        "SELECT id FROM stream WHERE tenant = $1 AND name = $2",
        "INSERT INTO stream (tenant, id, name) SELECT $1::text, COALESCE(MAX(id), 0) + 1, $2::text FROM stream WHERE tenant = $3",
        tenant,
        &[name.into()],
    )
}

/// The number of something in a dictionary; a new one gets the next. Nobody else writes for
/// this tenant meanwhile, so numbers need no sequence.
fn identify(
    db: &mut dyn Backend,
    select: &str,
    insert: &str,
    tenant: &str,
    key: &[crate::value::Value],
) -> Result<i64, StoreError> {
    let mut values = vec![tenant.into()];
    values.extend(key.iter().cloned());
    if let Some(row) = db.query(select, &values)?.first() {
        return row.int(0);
    }
    let mut all = values.clone();
    all.push(tenant.into());
    db.execute(&cast(insert), &all)?;
    let rows = db.query(select, &values)?;
    let row = rows.first().ok_or_else(|| {
        StoreError::Damaged("a row that was just written is not there".to_owned())
    })?;
    row.int(0)
}

/// `$1::text` tells PostgreSQL the type; SQLite knows `CAST` alone, and so do both.
fn cast(sql: &str) -> String {
    let mut text = sql.to_owned();
    for number in 1..=4 {
        text = text.replace(
            &format!("${number}::text"),
            &format!("CAST(${number} AS TEXT)"),
        );
    }
    text
}

/// The set of policies, and the number of each policy.
fn pack(
    db: &mut dyn Backend,
    scan: &Snapshot,
    ledger: &mut Appender<'_>,
) -> Result<(i64, BTreeMap<String, i64>), StoreError> {
    let tenant = scan.context.tenant.as_str();
    let digest = scan.pack_digest();
    let known = db.query(
        "SELECT id FROM pack WHERE tenant = $1 AND digest = $2",
        &[tenant.into(), digest.as_slice().into()],
    )?;
    let mut numbers = BTreeMap::new();
    for row in db.query(
        "SELECT policy_id, id FROM policy WHERE tenant = $1",
        &[tenant.into()],
    )? {
        numbers.insert(row.text(0)?, row.int(1)?);
    }
    if let Some(row) = known.first() {
        return Ok((row.int(0)?, numbers));
    }
    let editions = json!(scan.editions());
    let rows = db.query(
        "SELECT COALESCE(MAX(id), 0) + 1 FROM pack WHERE tenant = $1",
        &[tenant.into()],
    )?;
    let pack = rows.first().map_or(Ok(1), |row| row.int(0))?;
    db.execute(
        "INSERT INTO pack (tenant, id, digest, editions) VALUES ($1, $2, $3, $4)",
        &[
            tenant.into(),
            pack.into(),
            digest.as_slice().into(),
            editions.to_string().into(),
        ],
    )?;
    let mut next = numbers.values().max().copied().unwrap_or(0) + 1;
    for (id, policy) in &scan.policies {
        let number = *numbers.entry(id.clone()).or_insert(next);
        if number == next {
            db.execute(
                "INSERT INTO policy (tenant, id, policy_id) VALUES ($1, $2, $3)",
                &[tenant.into(), number.into(), id.as_str().into()],
            )?;
            next += 1;
        }
        let version = sha256(policy.body.as_bytes());
        db.execute(
            "INSERT INTO policy_version (tenant, policy, digest, severity, controls, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            &[
                tenant.into(), number.into(), version.as_slice().into(), policy.severity.as_str().into(),
                json!(policy.controls).to_string().into(), policy.body.as_str().into(),
            ],
        )?;
        db.execute(
            "INSERT INTO pack_policy (tenant, pack, policy, version) VALUES ($1, $2, $3, $4)",
            &[
                tenant.into(),
                pack.into(),
                number.into(),
                version.as_slice().into(),
            ],
        )?;
    }
    let body =
        json!({"digest": hex(&digest), "policies": scan.policies.len(), "editions": editions});
    ledger.append(db, Kind::PolicyBundle, body)?;
    Ok((pack, numbers))
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
            None => self::subject(db, at.tenant, subject)?,
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

fn subject(db: &mut dyn Backend, tenant: &str, subject: &Subject) -> Result<i64, StoreError> {
    identify(
        db,
        "SELECT id FROM subject WHERE tenant = $1 AND address = $2 AND type = $3 AND input = $4",
        "INSERT INTO subject (tenant, address, type, input, id) SELECT $1::text, $2::text, $3::text, CAST($4 AS BIGINT), COALESCE(MAX(id), 0) + 1 FROM subject WHERE tenant = $5",
        tenant,
        &[
            subject.address.as_str().into(),
            subject.resource_type.as_str().into(),
            i64::from(subject.input).into(),
        ],
    )
}

fn detail(db: &mut dyn Backend, tenant: &str, text: &str) -> Result<i64, StoreError> {
    let digest = sha256(text.as_bytes());
    let select = "SELECT id FROM detail WHERE tenant = $1 AND digest = $2";
    let key = [tenant.into(), digest.as_slice().into()];
    if let Some(row) = db.query(select, &key)?.first() {
        return row.int(0);
    }
    let rows = db.query(
        "SELECT COALESCE(MAX(id), 0) + 1 FROM detail WHERE tenant = $1",
        &[tenant.into()],
    )?;
    let id = rows.first().map_or(Ok(1), |row| row.int(0))?;
    db.execute(
        "INSERT INTO detail (tenant, id, digest, json) VALUES ($1, $2, $3, $4)",
        &[
            tenant.into(),
            id.into(),
            digest.as_slice().into(),
            text.into(),
        ],
    )?;
    Ok(id)
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
        let detail = detail(db, at.tenant, &record.detail)?;
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
