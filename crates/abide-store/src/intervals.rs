//! Writes what a scan changed: closes and opens the intervals of its resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use abide_core::drift::scan::POLICY;
use abide_ledger::tree::{Hash, root, sha256};

use crate::backend::Backend;
use crate::lifecycle::{Change, Lives};
use crate::read::subject;
use crate::record::At;
use crate::snapshot::{Record, Snapshot, Status, Subject, digest_rows, subject_leaf};
use crate::value::Value;
use crate::{StoreError, bulk, dictionary};

/// Resources of the newest scan, with their numbers and leaves.
type Open = BTreeMap<Subject, (i64, Hash)>;

/// Records by policy.
type Records = BTreeMap<String, Record>;

/// A resource of which something changed; no records if it is gone.
struct Changed<'a> {
    number: i64,
    known: bool,
    records: Option<&'a Records>,
}

/// A cell as it is stored: policy, status, detail and the scan it began with.
type Cell = (i64, Status, i64, i64);

/// What writing gave.
pub(crate) struct Written {
    /// The root over what is then stored.
    pub(crate) root: Hash,
    /// Drift that began or ended.
    pub(crate) drift: Vec<Turn>,
}

/// Drift of one resource began or ended.
pub(crate) struct Turn {
    subject: i64,
    pub(crate) began: bool,
    /// What the record says, or why it ended.
    pub(crate) said: String,
}

impl Turn {
    /// `None` unless the policy is that of drift, and it broke or no longer does.
    fn of(
        subject: i64,
        policy: &str,
        before: Option<Status>,
        after: Option<&Record>,
    ) -> Option<Self> {
        let is_open = |status| matches!(status, Status::Fail | Status::Excepted);
        let was = before.is_some_and(is_open);
        let is = after.is_some_and(|record| is_open(record.status));
        (policy == POLICY && was != is).then(|| Self {
            subject,
            began: is,
            said: after.map_or_else(String::new, |record| record.detail.clone()),
        })
    }

    /// The resources they are about, in their order.
    pub(crate) fn subjects(
        db: &mut dyn Backend,
        tenant: &str,
        turns: &[Self],
    ) -> Result<Vec<Subject>, StoreError> {
        let numbers: Vec<Value> = turns.iter().map(|turn| turn.subject.into()).collect();
        let sql = "SELECT input, address, type, id FROM subject WHERE tenant = $1 AND id";
        let mut known = HashMap::new();
        for row in bulk::select(db, sql, &[tenant.into()], &numbers)? {
            known.insert(row.int(3)?, subject(&row)?);
        }
        let found = turns.iter().map(|turn| {
            known
                .get(&turn.subject)
                .cloned()
                .ok_or_else(|| StoreError::Damaged("a resource without a row".to_owned()))
        });
        found.collect()
    }
}

/// Writes what changed.
pub(crate) fn write(
    db: &mut dyn Backend,
    scan: &Snapshot,
    leaves: &[Hash],
    at: &At<'_>,
) -> Result<Written, StoreError> {
    // Most scans change nothing. A leaf is of one resource, so the same leaves are the same scan.
    if open_leaves(db, at)? == leaves.iter().copied().collect() {
        return Ok(Written {
            root: root(leaves),
            drift: Vec::new(),
        });
    }
    let open = open_subjects(db, at)?;
    let changed = changed(db, scan, leaves, open, at)?;
    let drift = cells(db, scan, &changed, at)?;
    replace_leaves(db, &changed, at)?;
    Ok(Written {
        root: root_of(&open_subjects(db, at)?),
        drift,
    })
}

fn open_leaves(db: &mut dyn Backend, at: &At<'_>) -> Result<BTreeSet<Hash>, StoreError> {
    let rows = db.query(
        "SELECT digest FROM subject_state WHERE tenant = $1 AND stream = $2 AND to_seq IS NULL",
        &[at.tenant.into(), at.stream.into()],
    )?;
    rows.iter().map(|row| row.hash(0)).collect()
}

fn changed<'a>(
    db: &mut dyn Backend,
    scan: &'a Snapshot,
    leaves: &[Hash],
    mut open: Open,
    at: &At<'_>,
) -> Result<Vec<Changed<'a>>, StoreError> {
    let (mut changed, mut new) = (Vec::new(), Vec::new());
    for ((subject, records), leaf) in scan.results.iter().zip(leaves) {
        match open.remove(subject) {
            Some((_, before)) if before == *leaf => {}
            Some((number, _)) => changed.push(Changed {
                number,
                known: true,
                records: Some(records),
            }),
            None => new.push((subject, records)),
        }
    }
    let subjects: Vec<&Subject> = new.iter().map(|(subject, _)| *subject).collect();
    let numbers = dictionary::subjects(db, at.tenant, &subjects)?;
    changed.extend(
        new.iter()
            .zip(numbers)
            .map(|((_, records), number)| Changed {
                number,
                known: false,
                records: Some(records),
            }),
    );
    changed.extend(open.into_values().map(|(number, _)| Changed {
        number,
        known: true,
        records: None,
    }));
    Ok(changed)
}

fn root_of(open: &Open) -> Hash {
    root(&open.values().map(|(_, leaf)| *leaf).collect::<Vec<_>>())
}

fn open_subjects(db: &mut dyn Backend, at: &At<'_>) -> Result<Open, StoreError> {
    let rows = db.query(
        "SELECT u.input, u.address, u.type, u.id, s.digest FROM subject_state s JOIN subject u ON u.tenant = s.tenant AND u.id = s.subject
         WHERE s.tenant = $1 AND s.stream = $2 AND s.to_seq IS NULL",
        &[at.tenant.into(), at.stream.into()],
    )?;
    let mut open = Open::new();
    for row in rows {
        open.insert(subject(&row)?, (row.int(3)?, row.hash(4)?));
    }
    Ok(open)
}

fn numbers(changed: &[Changed<'_>], wanted: impl Fn(&Changed<'_>) -> bool) -> Vec<Value> {
    let wanted = changed.iter().filter(|changed| wanted(changed));
    wanted.map(|changed| changed.number.into()).collect()
}

/// The open cells of resources, by resource and policy.
fn open_cells(
    db: &mut dyn Backend,
    at: &At<'_>,
    subjects: &[Value],
) -> Result<HashMap<i64, BTreeMap<String, Cell>>, StoreError> {
    let rows = bulk::select(
        db,
        "SELECT s.subject, p.policy_id, s.policy, s.status, s.detail, s.from_seq FROM state s JOIN policy p ON p.tenant = s.tenant AND p.id = s.policy
         WHERE s.tenant = $1 AND s.stream = $2 AND s.to_seq IS NULL AND s.subject",
        &[at.tenant.into(), at.stream.into()],
        subjects,
    )?;
    let mut cells: HashMap<i64, BTreeMap<String, Cell>> = HashMap::new();
    for row in rows {
        let cell = (
            row.int(2)?,
            Status::from_code(row.int(3)?)?,
            row.int(4)?,
            row.int(5)?,
        );
        cells
            .entry(row.int(0)?)
            .or_default()
            .insert(row.text(1)?, cell);
    }
    Ok(cells)
}

/// Closes and opens the intervals of all changed resources; gives the drift that began or ended.
fn cells(
    db: &mut dyn Backend,
    scan: &Snapshot,
    changed: &[Changed<'_>],
    at: &At<'_>,
) -> Result<Vec<Turn>, StoreError> {
    let mut open = open_cells(db, at, &numbers(changed, |changed| changed.known))?;
    let policies = dictionary::policies(db, at.tenant)?;
    let records = changed.iter().filter_map(|changed| changed.records);
    let texts: BTreeSet<&str> = records
        .flat_map(|records| records.values().map(|record| record.detail.as_str()))
        .collect();
    let details = dictionary::details(db, at.tenant, &texts)?;
    let (mut lives, mut rows, mut drift) = (Lives::default(), Vec::new(), Vec::new());
    let nothing = Records::new();
    for one in changed {
        let mut before = open.remove(&one.number).unwrap_or_default();
        for (id, record) in one.records.unwrap_or(&nothing) {
            let policy = policies.get(id).copied().ok_or_else(|| {
                StoreError::Damaged(format!(
                    "a result of {id}, which is not among the policies of the scan"
                ))
            })?;
            let detail = details.get(record.detail.as_str()).copied();
            let detail = detail
                .ok_or_else(|| StoreError::Damaged("a detail without a number".to_owned()))?;
            let known = before.remove(id);
            if let Some((_, status, old, from)) = known {
                if status == record.status && old == detail {
                    continue;
                }
                close(db, at, one.number, policy, from)?;
            }
            rows.push(vec![
                at.tenant.into(),
                at.stream.into(),
                one.number.into(),
                policy.into(),
                at.seq.into(),
                record.status.code().into(),
                detail.into(),
            ]);
            let change = Change {
                subject: one.number,
                policy,
                before: known.map(|(_, status, ..)| status),
                after: Some(record),
                gone: "fixed",
            };
            drift.extend(Turn::of(one.number, id, change.before, change.after));
            lives.apply(db, at, &change)?;
        }
        for (id, (policy, status, _, from)) in before {
            close(db, at, one.number, policy, from)?;
            let gone = match (scan.policies.contains_key(&id), one.records.is_none()) {
                (false, _) => "policy_removed",
                (true, true) => "resource_removed",
                (true, false) => "fixed",
            };
            let change = Change {
                subject: one.number,
                policy,
                before: Some(status),
                after: None,
                gone,
            };
            drift.extend(Turn::of(one.number, &id, change.before, None));
            lives.apply(db, at, &change)?;
        }
    }
    let columns = "tenant, stream, subject, policy, from_seq, status, detail";
    bulk::insert(db, "state", columns, &rows)?;
    lives.write(db)?;
    Ok(drift)
}

fn close(
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

/// Replaces the leaves of changed resources, from what is stored and not from what was to be stored.
fn replace_leaves(
    db: &mut dyn Backend,
    changed: &[Changed<'_>],
    at: &At<'_>,
) -> Result<(), StoreError> {
    let there = numbers(changed, |changed| changed.records.is_some());
    let rows = bulk::select(
        db,
        "SELECT s.subject, p.policy_id, s.status, d.json FROM state s JOIN policy p ON p.tenant = s.tenant AND p.id = s.policy
         JOIN detail d ON d.tenant = s.tenant AND d.id = s.detail
         WHERE s.tenant = $1 AND s.stream = $2 AND s.to_seq IS NULL AND s.subject",
        &[at.tenant.into(), at.stream.into()],
        &there,
    )?;
    let sql = "SELECT input, address, type, id FROM subject WHERE tenant = $1 AND id";
    let mut subjects = HashMap::new();
    for row in bulk::select(db, sql, &[at.tenant.into()], &there)? {
        subjects.insert(row.int(3)?, subject(&row)?);
    }
    let mut cells: HashMap<i64, BTreeMap<String, (Status, Hash)>> = HashMap::new();
    for row in rows {
        let cell = (
            Status::from_code(row.int(2)?)?,
            sha256(row.text(3)?.as_bytes()),
        );
        cells
            .entry(row.int(0)?)
            .or_default()
            .insert(row.text(1)?, cell);
    }
    let mut new = Vec::new();
    for one in changed {
        if one.known {
            db.execute(
                "UPDATE subject_state SET to_seq = $1 WHERE tenant = $2 AND stream = $3 AND subject = $4 AND to_seq IS NULL",
                &[at.seq.into(), at.tenant.into(), at.stream.into(), one.number.into()],
            )?;
        }
        if let Some(subject) = subjects.get(&one.number) {
            let of_one = cells.remove(&one.number).unwrap_or_default();
            let rows = of_one.iter();
            let digest =
                digest_rows(rows.map(|(id, (status, detail))| (id.as_str(), *status, *detail)));
            new.push(vec![
                at.tenant.into(),
                at.stream.into(),
                one.number.into(),
                at.seq.into(),
                subject_leaf(subject, &digest).as_slice().into(),
            ]);
        }
    }
    bulk::insert(
        db,
        "subject_state",
        "tenant, stream, subject, from_seq, digest",
        &new,
    )
}
