//! What an audit report asks: everything of a period, in a fixed number of questions. None is
//! asked for each cell.

use std::collections::{BTreeMap, BTreeSet};

use abide_ledger::tree::Hash;
use serde_json::Value as Json;

use crate::snapshot::{RunContext, Status, Subject};
use crate::value::{Row, Value};
use crate::{Store, StoreError};

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct AuditQuery<'a> {
    /// Whose history.
    pub tenant: &'a str,
    /// Only these streams; all if there are none.
    pub targets: &'a [String],
    /// First moment, in milliseconds since 1970.
    pub from: i64,
    /// The moment after the last.
    pub to: i64,
    /// Nothing that was recorded later.
    pub at: i64,
    /// Only policies with a control whose id begins so; all if empty.
    pub controls: &'a str,
}

/// Everything of a period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditData {
    /// Each stream, by name.
    pub streams: Vec<AuditStream>,
    /// Resources by number.
    pub subjects: BTreeMap<i64, Subject>,
    /// Ids of policies by number.
    pub policies: BTreeMap<i64, String>,
    /// Sets of policies that scans used, by number.
    pub packs: BTreeMap<i64, Pack>,
    /// Versions of policies with wanted controls, by number of the policy and digest.
    pub versions: BTreeMap<(i64, Hash), PolicyVersion>,
    /// Details of all that is no pass, by number.
    pub details: BTreeMap<i64, String>,
    /// Entries of the ledger that are no scans, in order, up to the asked moment.
    pub events: Vec<LedgerEvent>,
    /// The end of the ledger at the asked moment.
    pub ledger: LedgerHead,
}

/// A sequence of scans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditStream {
    /// Its name.
    pub name: String,
    /// Scans from the last whole one before the period on, as recorded.
    pub runs: Vec<AuditRun>,
    /// When its first scan was made, ever.
    pub first_at: Option<i64>,
    /// Number of scans, ever.
    pub total: i64,
    /// Due times in the period.
    pub slots: Vec<crate::SlotRow>,
    /// Outcomes, by resource, policy and first scan.
    pub cells: Vec<Cell>,
    /// Which resources were there, by resource and first scan.
    pub presence: Vec<Presence>,
    /// Lives of findings, by resource, policy and first scan.
    pub lives: Vec<Life>,
}

/// A scan.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRun {
    /// Its number in its stream.
    pub seq: i64,
    /// Its id.
    pub id: Hash,
    /// When.
    pub at: i64,
    /// When it was recorded.
    pub recorded_at: i64,
    /// Whether everything was judged.
    pub complete: bool,
    /// Number of the set of policies.
    pub pack: i64,
    /// The program's version.
    pub tool_version: String,
    /// Whose and why.
    pub context: RunContext,
    /// Inputs.
    pub inputs: Json,
    /// Counts and unchecked types.
    pub summary: Json,
    /// Root over its results.
    pub result_root: Hash,
    /// Its ledger entry.
    pub ledger_seq: i64,
}

/// One outcome that lasted, by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The resource.
    pub subject: i64,
    /// The policy.
    pub policy: i64,
    /// First scan.
    pub from: i64,
    /// First scan without it.
    pub to: Option<i64>,
    /// What came out.
    pub status: Status,
    /// Its details.
    pub detail: i64,
}

/// A resource was in these scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The resource.
    pub subject: i64,
    /// First scan.
    pub from: i64,
    /// First scan without it.
    pub to: Option<i64>,
}

/// The life of a finding, by numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// The resource.
    pub subject: i64,
    /// The policy.
    pub policy: i64,
    /// The scan that opened it.
    pub opened: i64,
    /// When it was first seen.
    pub first_seen: i64,
    /// Identity across scans.
    pub fingerprint: String,
    /// The scan that closed it.
    pub closed: Option<i64>,
    /// When it was closed.
    pub closed_at: Option<i64>,
    /// Why.
    pub reason: Option<String>,
}

/// A set of policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pack {
    /// Its digest.
    pub digest: Hash,
    /// Framework editions its policies speak of.
    pub editions: Vec<String>,
    /// How many policies it has, wanted or not.
    pub size: i64,
    /// Wanted policies with their versions.
    pub policies: BTreeMap<i64, Hash>,
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// `critical` to `low`.
    pub severity: String,
    /// Ids with their editions.
    pub controls: Vec<String>,
    /// Canonical JSON of the policy.
    pub body: String,
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEvent {
    /// Its position.
    pub seq: i64,
    /// When.
    pub at: i64,
    /// What kind.
    pub kind: String,
    /// What happened.
    pub body: Json,
}

/// The end of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerHead {
    /// Number of entries.
    pub size: i64,
    /// Number of checkpoints.
    pub checkpoints: i64,
    /// The signed checkpoint that covers it.
    pub note: String,
}

/// A JSON text of `RunContext` says so of a scan that was no proposal.
pub(crate) const STANDING: &str = r#"%"pull_request":null%"#;

impl Store {
    /// When the newest entry of a tenant's ledger was made.
    ///
    /// # Errors
    /// If nothing was recorded for it.
    pub fn last_recorded(&mut self, tenant: &str) -> Result<i64, StoreError> {
        let sql = "SELECT ledger_time FROM tenant WHERE tenant = $1";
        let rows = self.db.query(sql, &[tenant.into()])?;
        let row = rows.first().ok_or_else(|| nothing(tenant))?;
        row.int(0)
    }

    /// Everything an audit report of a period needs.
    ///
    /// # Errors
    /// If a named target does not exist or nothing was recorded for the tenant.
    pub fn audit(&mut self, query: &AuditQuery<'_>) -> Result<AuditData, StoreError> {
        let mut data = AuditData::default();
        self.last_recorded(query.tenant)?;
        let wanted = self.wanted_policies(query, &mut data)?;
        for (number, name) in self.wanted_streams(query)? {
            let stream = self.audit_stream(query, number, name, &wanted, &mut data.details)?;
            data.streams.push(stream);
        }
        self.subjects(query.tenant, &mut data)?;
        self.packs(query.tenant, &mut data)?;
        data.ledger = self.ledger_head(query.tenant, query.at)?;
        data.events = self.ledger_events(query.tenant, data.ledger.size)?;
        Ok(data)
    }

    fn wanted_streams(&mut self, query: &AuditQuery<'_>) -> Result<Vec<(i64, String)>, StoreError> {
        let rows = self.db.query(
            "SELECT id, name FROM stream WHERE tenant = $1 ORDER BY name",
            &[query.tenant.into()],
        )?;
        let all = rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?)));
        let mut all = all.collect::<Result<Vec<_>, StoreError>>()?;
        for target in query.targets {
            if !all.iter().any(|(_, name)| name == target) {
                let known: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).collect();
                return Err(StoreError::NotFound(format!(
                    "target `{target}` of `{}` (known: {})",
                    query.tenant,
                    known.join(", ")
                )));
            }
        }
        if !query.targets.is_empty() {
            all.retain(|(_, name)| query.targets.contains(name));
        }
        Ok(all)
    }

    /// Policies that ever had a wanted control, and all their versions.
    fn wanted_policies(
        &mut self,
        query: &AuditQuery<'_>,
        data: &mut AuditData,
    ) -> Result<BTreeSet<i64>, StoreError> {
        let like = format!("%\"{}%", query.controls);
        let rows = self.db.query(
            "SELECT v.policy, p.policy_id, v.digest, v.severity, v.controls, v.body
             FROM policy_version v JOIN policy p ON p.tenant = v.tenant AND p.id = v.policy
             WHERE v.tenant = $1 AND v.policy IN (SELECT policy FROM policy_version WHERE tenant = $2 AND (controls LIKE $3 OR $4 = ''))",
            &[query.tenant.into(), query.tenant.into(), like.into(), query.controls.into()],
        )?;
        for row in rows {
            let policy = row.int(0)?;
            data.policies.insert(policy, row.text(1)?);
            let version = PolicyVersion {
                severity: row.text(3)?,
                controls: json(&row.text(4)?)?,
                body: row.text(5)?,
            };
            data.versions.insert((policy, row.hash(2)?), version);
        }
        Ok(data.policies.keys().copied().collect())
    }

    fn audit_stream(
        &mut self,
        query: &AuditQuery<'_>,
        number: i64,
        name: String,
        wanted: &BTreeSet<i64>,
        details: &mut BTreeMap<i64, String>,
    ) -> Result<AuditStream, StoreError> {
        let (first_at, total) = self.ever(query, number)?;
        let runs = self.audit_runs(query, number)?;
        let slots = self.slots(query.tenant, &name, query.from, query.to)?;
        let bounds = runs.iter().map(|run| run.seq);
        let (Some(low), Some(high)) = (bounds.clone().min(), bounds.max()) else {
            return Ok(AuditStream {
                name,
                first_at,
                total,
                slots,
                ..AuditStream::default()
            });
        };
        let below = self.pruned_below(query.tenant, &name)?;
        if low < below {
            return Err(StoreError::Pruned {
                stream: name,
                below,
            });
        }
        let range: [Value; 4] = [query.tenant.into(), number.into(), high.into(), low.into()];
        Ok(AuditStream {
            name,
            runs,
            first_at,
            total,
            slots,
            cells: self.cells(&range, wanted, details)?,
            presence: self.presence(&range)?,
            lives: self.lives(&range, wanted)?,
        })
    }

    fn ever(
        &mut self,
        query: &AuditQuery<'_>,
        stream: i64,
    ) -> Result<(Option<i64>, i64), StoreError> {
        let rows = self.db.query(
            "SELECT MIN(at), COUNT(*) FROM run WHERE tenant = $1 AND stream = $2 AND recorded_at <= $3",
            &[query.tenant.into(), stream.into(), query.at.into()],
        )?;
        match rows.first() {
            Some(row) => Ok((row.maybe_int(0)?, row.int(1)?)),
            None => Ok((None, 0)),
        }
    }

    /// Scans from the last whole one before the period on: that one says how things stood
    /// when the period began, later ones how what was open ended.
    fn audit_runs(
        &mut self,
        query: &AuditQuery<'_>,
        stream: i64,
    ) -> Result<Vec<AuditRun>, StoreError> {
        let rows = self.db.query(
            "SELECT COALESCE(MAX(CASE WHEN context LIKE $1 THEN at END), MAX(at)) FROM run
             WHERE tenant = $2 AND stream = $3 AND complete = 1 AND at < $4 AND recorded_at <= $5",
            &[
                STANDING.into(),
                query.tenant.into(),
                stream.into(),
                query.from.into(),
                query.at.into(),
            ],
        )?;
        let before = rows.first().map_or(Ok(None), |row| row.maybe_int(0))?;
        let since = before.unwrap_or(query.from);
        let rows = self.db.query(
            "SELECT seq, id, at, recorded_at, complete, pack, tool_version, context, inputs, summary, result_root, ledger_seq
             FROM run WHERE tenant = $1 AND stream = $2 AND at >= $3 AND recorded_at <= $4 ORDER BY seq",
            &[query.tenant.into(), stream.into(), since.into(), query.at.into()],
        )?;
        rows.iter().map(run).collect()
    }

    fn cells(
        &mut self,
        range: &[Value; 4],
        wanted: &BTreeSet<i64>,
        details: &mut BTreeMap<i64, String>,
    ) -> Result<Vec<Cell>, StoreError> {
        let rows = self.db.query(
            "SELECT subject, policy, from_seq, to_seq, status, detail FROM state
             WHERE tenant = $1 AND stream = $2 AND from_seq <= $3 AND (to_seq IS NULL OR to_seq > $4)
             ORDER BY subject, policy, from_seq",
            range,
        )?;
        let mut cells = Vec::with_capacity(rows.len());
        for row in rows {
            let policy = row.int(1)?;
            if !wanted.contains(&policy) {
                continue;
            }
            cells.push(Cell {
                subject: row.int(0)?,
                policy,
                from: row.int(2)?,
                to: row.maybe_int(3)?,
                status: Status::from_code(row.int(4)?)?,
                detail: row.int(5)?,
            });
        }
        let rows = self.db.query(
            "SELECT DISTINCT d.id, d.json FROM state s JOIN detail d ON d.tenant = s.tenant AND d.id = s.detail
             WHERE s.tenant = $1 AND s.stream = $2 AND s.from_seq <= $3 AND (s.to_seq IS NULL OR s.to_seq > $4) AND s.status <> 1",
            range,
        )?;
        for row in rows {
            details.insert(row.int(0)?, row.text(1)?);
        }
        Ok(cells)
    }

    fn presence(&mut self, range: &[Value; 4]) -> Result<Vec<Presence>, StoreError> {
        let rows = self.db.query(
            "SELECT subject, from_seq, to_seq FROM subject_state
             WHERE tenant = $1 AND stream = $2 AND from_seq <= $3 AND (to_seq IS NULL OR to_seq > $4)
             ORDER BY subject, from_seq",
            range,
        )?;
        let mut all: Vec<Presence> = Vec::new();
        for row in rows {
            let (subject, from, to) = (row.int(0)?, row.int(1)?, row.maybe_int(2)?);
            // A row ends when a result changes; the resource is still there.
            match all.last_mut() {
                Some(last) if last.subject == subject && last.to == Some(from) => last.to = to,
                _ => all.push(Presence { subject, from, to }),
            }
        }
        Ok(all)
    }

    fn lives(
        &mut self,
        range: &[Value; 4],
        wanted: &BTreeSet<i64>,
    ) -> Result<Vec<Life>, StoreError> {
        let rows = self.db.query(
            "SELECT subject, policy, opened_seq, first_seen, fingerprint, closed_seq, closed_at, reason FROM finding
             WHERE tenant = $1 AND stream = $2 AND opened_seq <= $3 AND (closed_seq IS NULL OR closed_seq >= $4)
             ORDER BY subject, policy, opened_seq",
            range,
        )?;
        let high = match range[2] {
            Value::Int(high) => high,
            _ => i64::MAX,
        };
        let mut lives = Vec::with_capacity(rows.len());
        for row in rows {
            let policy = row.int(1)?;
            if !wanted.contains(&policy) {
                continue;
            }
            // What happened after the asked moment has not happened yet.
            let closed = row.maybe_int(5)?.filter(|closed| *closed <= high);
            lives.push(Life {
                subject: row.int(0)?,
                policy,
                opened: row.int(2)?,
                first_seen: row.int(3)?,
                fingerprint: row.text(4)?,
                closed,
                closed_at: row.maybe_int(6)?.filter(|_| closed.is_some()),
                reason: row.maybe_text(7)?.filter(|_| closed.is_some()),
            });
        }
        Ok(lives)
    }

    fn subjects(&mut self, tenant: &str, data: &mut AuditData) -> Result<(), StoreError> {
        let present = data.streams.iter().flat_map(|stream| &stream.presence);
        let wanted: BTreeSet<i64> = present.map(|presence| presence.subject).collect();
        let rows = self.db.query(
            "SELECT id, input, address, type FROM subject WHERE tenant = $1",
            &[tenant.into()],
        )?;
        for row in rows {
            let number = row.int(0)?;
            if !wanted.contains(&number) {
                continue;
            }
            let subject = Subject {
                input: u32::try_from(row.int(1)?)
                    .map_err(|_| StoreError::Damaged("number of an input".to_owned()))?,
                address: row.text(2)?,
                resource_type: row.text(3)?,
            };
            data.subjects.insert(number, subject);
        }
        Ok(())
    }

    fn packs(&mut self, tenant: &str, data: &mut AuditData) -> Result<(), StoreError> {
        let runs = data.streams.iter().flat_map(|stream| &stream.runs);
        let used: BTreeSet<i64> = runs.map(|run| run.pack).collect();
        let rows = self.db.query(
            "SELECT k.id, k.digest, k.editions, (SELECT COUNT(*) FROM pack_policy y WHERE y.tenant = k.tenant AND y.pack = k.id)
             FROM pack k WHERE k.tenant = $1",
            &[tenant.into()],
        )?;
        for row in rows {
            let id = row.int(0)?;
            if used.contains(&id) {
                let pack = Pack {
                    digest: row.hash(1)?,
                    editions: json(&row.text(2)?)?,
                    size: row.int(3)?,
                    policies: BTreeMap::new(),
                };
                data.packs.insert(id, pack);
            }
        }
        let rows = self.db.query(
            "SELECT pack, policy, version FROM pack_policy WHERE tenant = $1",
            &[tenant.into()],
        )?;
        for row in rows {
            let (pack, policy) = (row.int(0)?, row.int(1)?);
            if let Some(pack) = data.packs.get_mut(&pack)
                && data.policies.contains_key(&policy)
            {
                pack.policies.insert(policy, row.hash(2)?);
            }
        }
        Ok(())
    }
}

/// The ledger at a moment in the past.
impl Store {
    fn ledger_head(&mut self, tenant: &str, at: i64) -> Result<LedgerHead, StoreError> {
        let (mut low, mut high) = (0, self.ledger_size(tenant)?);
        // Times never go back, so a binary search finds the end.
        while low < high {
            let middle = low + (high - low) / 2;
            let rows = self.db.query(
                "SELECT text FROM ledger_entry WHERE tenant = $1 AND seq = $2",
                &[tenant.into(), middle.into()],
            )?;
            let missing = || StoreError::Damaged(format!("entry {middle} of the ledger"));
            let entry: Json = json(&rows.first().ok_or_else(missing)?.text(0)?)?;
            if entry["at"].as_i64().ok_or_else(missing)? <= at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let rows = self.db.query(
            "SELECT size, note, (SELECT COUNT(*) FROM checkpoint n WHERE n.tenant = c.tenant AND n.size <= c.size)
             FROM checkpoint c WHERE tenant = $1 AND size <= $2 ORDER BY size DESC LIMIT 1",
            &[tenant.into(), low.into()],
        )?;
        let Some(row) = rows.first() else {
            return Ok(LedgerHead::default());
        };
        Ok(LedgerHead {
            size: row.int(0)?,
            note: row.text(1)?,
            checkpoints: row.int(2)?,
        })
    }

    fn ledger_size(&mut self, tenant: &str) -> Result<i64, StoreError> {
        let sql = "SELECT COALESCE(MAX(seq), -1) + 1 FROM ledger_entry WHERE tenant = $1";
        let rows = self.db.query(sql, &[tenant.into()])?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }

    fn ledger_events(&mut self, tenant: &str, size: i64) -> Result<Vec<LedgerEvent>, StoreError> {
        // Quotes within texts are escaped in JSON, so only the entry itself ends like this.
        let rows = self.db.query(
            "SELECT seq, text FROM ledger_entry WHERE tenant = $1 AND seq < $2
             AND text NOT LIKE '%\"kind\":\"run.finished\",\"seq\":' || seq || '}' ORDER BY seq",
            &[tenant.into(), size.into()],
        )?;
        let rows = rows.iter().map(|row| {
            let mut entry: Json = json(&row.text(1)?)?;
            Ok(LedgerEvent {
                seq: row.int(0)?,
                at: entry["at"].as_i64().unwrap_or_default(),
                kind: entry["kind"].as_str().unwrap_or_default().to_owned(),
                body: entry["body"].take(),
            })
        });
        rows.collect()
    }
}

fn run(row: &Row) -> Result<AuditRun, StoreError> {
    Ok(AuditRun {
        seq: row.int(0)?,
        id: row.hash(1)?,
        at: row.int(2)?,
        recorded_at: row.int(3)?,
        complete: row.int(4)? == 1,
        pack: row.int(5)?,
        tool_version: row.text(6)?,
        context: json(&row.text(7)?)?,
        inputs: json(&row.text(8)?)?,
        summary: json(&row.text(9)?)?,
        result_root: row.hash(10)?,
        ledger_seq: row.int(11)?,
    })
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn nothing(tenant: &str) -> StoreError {
    StoreError::NotFound(format!("a scan of tenant `{tenant}`"))
}
