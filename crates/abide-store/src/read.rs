//! What readers ask: scans of a period, their results, intervals, findings, slots.

use std::collections::BTreeMap;

use abide_ledger::tree::{Hash, root, sha256};

use crate::snapshot::{Record, RunContext, Status, Subject, digest_rows, subject_leaf};
use crate::value::Row;
use crate::{Store, StoreError};

/// A recorded scan, without its results.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Its number in its stream.
    pub seq: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// When it was recorded.
    pub recorded_at: i64,
    /// Whether everything was judged; if not, it has no results.
    pub complete: bool,
    /// Number of the set of policies.
    pub pack: i64,
    /// The program's version.
    pub tool_version: String,
    /// Whose and why.
    pub context: RunContext,
    /// Inputs, as JSON.
    pub inputs: serde_json::Value,
    /// Counts and unchecked types, as JSON.
    pub summary: serde_json::Value,
    /// Root over its results.
    pub result_root: Hash,
    /// Its ledger entry.
    pub ledger_seq: i64,
}

/// One outcome that lasted from one scan up to, not with, another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The resource.
    pub subject: Subject,
    /// The policy.
    pub policy: String,
    /// First scan.
    pub from: i64,
    /// First scan without it; `None` if it lasts.
    pub to: Option<i64>,
    /// What came out.
    pub status: Status,
    /// Details, as JSON.
    pub detail: String,
}

/// Status and details, by resource and policy.
pub type StoredResults = BTreeMap<Subject, BTreeMap<String, (Status, String)>>;

/// The life of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRow {
    /// The resource.
    pub subject: Subject,
    /// The policy.
    pub policy: String,
    /// The scan that opened it.
    pub opened: i64,
    /// When it was first seen, in milliseconds since 1970; survives exceptions and moves.
    pub first_seen: i64,
    /// Identity across scans.
    pub fingerprint: String,
    /// `open`, `excepted` or `closed`.
    pub state: String,
    /// The scan that closed it.
    pub closed: Option<i64>,
    /// When it was closed.
    pub closed_at: Option<i64>,
    /// `fixed`, `resource_removed`, `policy_removed` or `moved`.
    pub reason: Option<String>,
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

pub(crate) fn subject(row: &Row) -> Result<Subject, StoreError> {
    Ok(Subject {
        input: u32::try_from(row.int(0)?)
            .map_err(|_| StoreError::Damaged("number of an input".to_owned()))?,
        address: row.text(1)?,
        resource_type: row.text(2)?,
    })
}

/// The leaves of a scan's root, in the order of its resources.
pub(crate) fn leaves(results: &StoredResults) -> Vec<Hash> {
    let leaves = results.iter().map(|(subject, records)| {
        let rows = records
            .iter()
            .map(|(id, (status, detail))| (id.as_str(), *status, sha256(detail.as_bytes())));
        subject_leaf(subject, &digest_rows(rows))
    });
    leaves.collect()
}

/// The results that intervals of one scan give, if they have its root.
pub(crate) fn results_of(
    intervals: impl IntoIterator<Item = Interval>,
    expected: &Hash,
) -> Option<StoredResults> {
    let mut results = StoredResults::new();
    for interval in intervals {
        let of_subject = results.entry(interval.subject).or_default();
        of_subject.insert(interval.policy, (interval.status, interval.detail));
    }
    (root(&leaves(&results)) == *expected).then_some(results)
}

impl Store {
    pub(crate) fn stream(&mut self, tenant: &str, name: &str) -> Result<i64, StoreError> {
        let sql = "SELECT id FROM stream WHERE tenant = $1 AND name = $2";
        let rows = self.db.query(sql, &[tenant.into(), name.into()])?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::NotFound(format!("stream `{name}` of `{tenant}`")))?;
        row.int(0)
    }

    /// Names of all tenants.
    pub fn tenants(&mut self) -> Result<Vec<String>, StoreError> {
        let rows = self
            .db
            .query("SELECT tenant FROM tenant ORDER BY tenant", &[])?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// Names of a tenant's streams.
    pub fn streams(&mut self, tenant: &str) -> Result<Vec<String>, StoreError> {
        let rows = self.db.query(
            "SELECT name FROM stream WHERE tenant = $1 ORDER BY name",
            &[tenant.into()],
        )?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// Scans of a stream at times `from <= at < to`, in the order they were recorded.
    pub fn runs(
        &mut self,
        tenant: &str,
        stream: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        let stream = self.stream(tenant, stream)?;
        let rows = self.db.query(
            "SELECT seq, at, recorded_at, complete, pack, tool_version, context, inputs, summary, result_root, ledger_seq
             FROM run WHERE tenant = $1 AND stream = $2 AND at >= $3 AND at < $4 ORDER BY seq",
            &[tenant.into(), stream.into(), from.into(), to.into()],
        )?;
        let rows = rows.iter().map(|row| {
            Ok(RunRow {
                seq: row.int(0)?,
                at: row.int(1)?,
                recorded_at: row.int(2)?,
                complete: row.int(3)? == 1,
                pack: row.int(4)?,
                tool_version: row.text(5)?,
                context: json(&row.text(6)?)?,
                inputs: json(&row.text(7)?)?,
                summary: json(&row.text(8)?)?,
                result_root: row.hash(9)?,
                ledger_seq: row.int(10)?,
            })
        });
        rows.collect()
    }

    /// Scans of a stream below this one have their results in the archive, not in the store; 0
    /// if nothing was pruned.
    pub fn pruned_below(&mut self, tenant: &str, stream: &str) -> Result<i64, StoreError> {
        let number = self.stream(tenant, stream)?;
        let sql = "SELECT COALESCE(MAX(below), 0) FROM pruned WHERE tenant = $1 AND stream = $2";
        let rows = self.db.query(sql, &[tenant.into(), number.into()])?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }

    /// All outcomes that held in scans `from <= seq < to`.
    ///
    /// # Errors
    /// Among others [`StoreError::Pruned`], if some of these scans are in the archive: a part
    /// of the outcomes would look like the whole.
    pub fn intervals(
        &mut self,
        tenant: &str,
        stream: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<Interval>, StoreError> {
        let below = self.pruned_below(tenant, stream)?;
        if from < below {
            return Err(StoreError::Pruned {
                stream: stream.to_owned(),
                below,
            });
        }
        self.stored(tenant, stream, from, to)
    }

    /// The same, of what is in the store.
    pub(crate) fn stored(
        &mut self,
        tenant: &str,
        stream: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<Interval>, StoreError> {
        let stream = self.stream(tenant, stream)?;
        let rows = self.db.query(
            "SELECT u.input, u.address, u.type, p.policy_id, s.from_seq, s.to_seq, s.status, d.json
             FROM state s JOIN subject u ON u.tenant = s.tenant AND u.id = s.subject
             JOIN policy p ON p.tenant = s.tenant AND p.id = s.policy
             JOIN detail d ON d.tenant = s.tenant AND d.id = s.detail
             WHERE s.tenant = $1 AND s.stream = $2 AND s.from_seq < $3 AND (s.to_seq IS NULL OR s.to_seq > $4)
             ORDER BY u.input, u.address, u.type, p.policy_id, s.from_seq",
            &[tenant.into(), stream.into(), to.into(), from.into()],
        )?;
        let rows = rows.iter().map(|row| {
            Ok(Interval {
                subject: subject(row)?,
                policy: row.text(3)?,
                from: row.int(4)?,
                to: row.maybe_int(5)?,
                status: Status::from_code(row.int(6)?)?,
                detail: row.text(7)?,
            })
        });
        rows.collect()
    }

    /// The results of a scan, exactly as they were; `None` if it was partial. What is stored
    /// must give the root that was recorded.
    pub fn results(
        &mut self,
        tenant: &str,
        stream: &str,
        seq: i64,
    ) -> Result<Option<StoredResults>, StoreError> {
        let number = self.stream(tenant, stream)?;
        let sql =
            "SELECT complete, result_root FROM run WHERE tenant = $1 AND stream = $2 AND seq = $3";
        let rows = self
            .db
            .query(sql, &[tenant.into(), number.into(), seq.into()])?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::NotFound(format!("scan {seq} of `{stream}`")))?;
        if row.int(0)? == 0 {
            return Ok(None);
        }
        let expected = row.hash(1)?;
        let intervals = self.intervals(tenant, stream, seq, seq + 1)?;
        results_of(intervals, &expected)
            .map(Some)
            .ok_or_else(|| StoreError::Damaged(format!(
                "scan {seq} of `{stream}`: its stored results do not have the root that was recorded"
            )))
    }

    /// The signed statements of all scans (in-toto in DSSE envelopes), in the order of the ledger.
    pub fn statements(&mut self, tenant: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT statement FROM run WHERE tenant = $1 AND statement IS NOT NULL ORDER BY ledger_seq";
        let rows = self.db.query(sql, &[tenant.into()])?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// The lives of all findings of a stream.
    pub fn findings(&mut self, tenant: &str, stream: &str) -> Result<Vec<FindingRow>, StoreError> {
        let stream = self.stream(tenant, stream)?;
        let rows = self.db.query(
            "SELECT u.input, u.address, u.type, p.policy_id, f.opened_seq, f.first_seen, f.fingerprint, f.state, f.closed_seq, f.closed_at, f.reason
             FROM finding f JOIN subject u ON u.tenant = f.tenant AND u.id = f.subject
             JOIN policy p ON p.tenant = f.tenant AND p.id = f.policy
             WHERE f.tenant = $1 AND f.stream = $2 ORDER BY f.opened_seq, p.policy_id, u.address, u.input",
            &[tenant.into(), stream.into()],
        )?;
        let rows = rows.iter().map(|row| {
            Ok(FindingRow {
                subject: subject(row)?,
                policy: row.text(3)?,
                opened: row.int(4)?,
                first_seen: row.int(5)?,
                fingerprint: row.text(6)?,
                state: row.text(7)?,
                closed: row.maybe_int(8)?,
                closed_at: row.maybe_int(9)?,
                reason: row.maybe_text(10)?,
            })
        });
        rows.collect()
    }

    /// Whether results and findings hold what a snapshot says, for tests and audits.
    #[must_use]
    pub fn same(
        snapshot: &BTreeMap<String, Record>,
        stored: &BTreeMap<String, (Status, String)>,
    ) -> bool {
        snapshot.len() == stored.len()
            && snapshot.iter().all(|(id, record)| {
                stored.get(id).is_some_and(|(status, detail)| {
                    *status == record.status && *detail == record.detail
                })
            })
    }
}
