//! When scans are due, and what became of it: ran, failed or missed, never silence.

use abide_ledger::entry::Kind;
use abide_ledger::note::SecretKey;
use serde_json::json;

use crate::backend::Backend;
use crate::ledger::Appender;
use crate::{Store, StoreError, bulk, dictionary};

/// A time at which a scan was due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRow {
    /// When, in milliseconds since 1970.
    pub due_at: i64,
    /// `due`, `ran`, `failed` or `missed`.
    pub state: String,
    /// The scan that answered.
    pub seq: Option<i64>,
    /// Why not.
    pub reason: Option<String>,
}

/// What became of a due time that no scan answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Nobody tried.
    Missed,
    /// Somebody tried, and could not.
    Failed,
}

/// When scans of a stream are due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The stream.
    pub stream: String,
    /// The first due time, in milliseconds since 1970.
    pub from: i64,
    /// Time between two due times, in milliseconds.
    pub every: i64,
    /// How long after a due time a scan still answers it, in milliseconds.
    pub grace: i64,
    /// Due times end here, if they do.
    pub until: Option<i64>,
}

/// The shortest time between two due times: slots are rows.
const SHORTEST_MS: i64 = 60_000;
/// Due times a schedule may have in the past when it is made.
const MOST_AT_ONCE: i64 = 100_000;

/// Writes the due times up to now, and marks as missed what nobody answered in time; gives how many.
pub(crate) fn advance(
    db: &mut dyn Backend,
    tenant: &str,
    ledger: &mut Appender<'_>,
    now: i64,
) -> Result<usize, StoreError> {
    let rows = db.query(
        "SELECT c.stream, c.from_at, c.every_ms, c.until_at,
                (SELECT MAX(s.due_at) FROM slot s WHERE s.tenant = c.tenant AND s.stream = c.stream AND s.due_at >= c.from_at)
         FROM schedule c WHERE c.tenant = $1 ORDER BY c.stream, c.from_at",
        &[tenant.into()],
    )?;
    let mut due = Vec::new();
    for row in &rows {
        let (from, every) = (row.int(1)?, row.int(2)?.max(SHORTEST_MS));
        let until = row.maybe_int(3)?.unwrap_or(i64::MAX);
        let mut next = row.maybe_int(4)?.map_or(from, |last| last + every);
        while next <= now && next < until {
            due.push(vec![
                tenant.into(),
                row.int(0)?.into(),
                next.into(),
                "due".into(),
            ]);
            next += every;
        }
    }
    bulk::insert(db, "slot", "tenant, stream, due_at, state", &due)?;
    let late = db.query(
        "SELECT s.stream, s.due_at, n.name, c.grace_ms FROM slot s
         JOIN schedule c ON c.tenant = s.tenant AND c.stream = s.stream AND s.due_at >= c.from_at AND (c.until_at IS NULL OR s.due_at < c.until_at)
         JOIN stream n ON n.tenant = s.tenant AND n.id = s.stream
         WHERE s.tenant = $1 AND s.state = 'due' AND s.due_at + c.grace_ms < $2 ORDER BY s.due_at, n.name",
        &[tenant.into(), now.into()],
    )?;
    for row in &late {
        let (stream, due, grace) = (row.int(0)?, row.int(1)?, row.int(3)?);
        let reason = format!("no scan was recorded within {} minutes", grace / 60_000);
        settle(db, tenant, (stream, due), "missed", None, Some(&reason))?;
        let body = json!({"stream": row.text(2)?, "due_at": due, "reason": reason});
        ledger.append(db, Kind::RunMissed, body)?;
    }
    Ok(late.len())
}

fn settle(
    db: &mut dyn Backend,
    tenant: &str,
    (stream, due): (i64, i64),
    state: &str,
    seq: Option<i64>,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    db.execute(
        "UPDATE slot SET state = $1, seq = $2, reason = $3 WHERE tenant = $4 AND stream = $5 AND due_at = $6",
        &[state.into(), seq.into(), reason.into(), tenant.into(), stream.into(), due.into()],
    )?;
    Ok(())
}

/// The due time that a scan at this time answers, if a schedule has one that is not answered.
pub(crate) fn answered(
    db: &mut dyn Backend,
    tenant: &str,
    stream: i64,
    at: i64,
) -> Result<Option<i64>, StoreError> {
    let rows = db.query(
        "SELECT s.due_at FROM slot s
         JOIN schedule c ON c.tenant = s.tenant AND c.stream = s.stream AND s.due_at >= c.from_at AND (c.until_at IS NULL OR s.due_at < c.until_at)
         WHERE s.tenant = $1 AND s.stream = $2 AND s.due_at <= $3 AND s.due_at + c.grace_ms >= $4 AND s.state <> 'ran'
         ORDER BY s.due_at DESC LIMIT 1",
        &[tenant.into(), stream.into(), at.into(), at.into()],
    )?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// Marks what a recorded scan answers: the due time it names, else the newest it is in time for.
pub(crate) fn answer(
    db: &mut dyn Backend,
    tenant: &str,
    stream: i64,
    due: i64,
    (complete, seq): (bool, i64),
) -> Result<(), StoreError> {
    let state = if complete { "ran" } else { "failed" };
    let reason = (!complete).then_some("the scan is not complete");
    db.execute(
        "INSERT INTO slot (tenant, stream, due_at, state, seq, reason) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant, stream, due_at) DO UPDATE SET state = excluded.state, seq = excluded.seq, reason = excluded.reason",
        &[tenant.into(), stream.into(), due.into(), state.into(), seq.into(), reason.into()],
    )?;
    Ok(())
}

impl Store {
    /// Says when scans of a stream are due from now on; an earlier schedule of it ends.
    ///
    /// # Errors
    /// If the times make no sense, or the store fails.
    pub fn schedule(
        &mut self,
        tenant: &str,
        schedule: &Schedule,
        key: &SecretKey,
        now: i64,
    ) -> Result<(), StoreError> {
        let wrong = |what: &str| Err(StoreError::Schedule(what.to_owned()));
        if schedule.every < SHORTEST_MS {
            return wrong("scans may be due once a minute, not more often");
        }
        if schedule.grace <= 0 || schedule.grace > schedule.every {
            return wrong(
                "a scan answers its due time before the next one: the time to answer must not be longer than the time between two",
            );
        }
        if (now - schedule.from) / schedule.every > MOST_AT_ONCE {
            return wrong("it begins too long ago");
        }
        self.write(tenant, |db| {
            let stream = dictionary::stream(db, tenant, &schedule.stream)?;
            let mut ledger = Appender::open(db, tenant, key, now)?;
            advance(db, tenant, &mut ledger, now)?;
            end(db, tenant, stream, schedule.from)?;
            db.execute(
                "INSERT INTO schedule (tenant, stream, from_at, every_ms, grace_ms) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (tenant, stream, from_at) DO UPDATE SET every_ms = excluded.every_ms, grace_ms = excluded.grace_ms, until_at = NULL",
                &[tenant.into(), stream.into(), schedule.from.into(), schedule.every.into(), schedule.grace.into()],
            )?;
            let body = json!({"schedule": {
                "stream": schedule.stream, "from": schedule.from, "every_ms": schedule.every, "grace_ms": schedule.grace,
            }});
            ledger.append(db, Kind::ConfigChanged, body)?;
            advance(db, tenant, &mut ledger, now)?;
            ledger.close(db)
        })
    }

    /// Ends the schedule of a stream; due times up to now stay.
    ///
    /// # Errors
    /// If it has none, or the store fails.
    pub fn end_schedule(
        &mut self,
        tenant: &str,
        stream: &str,
        key: &SecretKey,
        now: i64,
    ) -> Result<(), StoreError> {
        let number = self.stream(tenant, stream)?;
        self.write(tenant, |db| {
            let mut ledger = Appender::open(db, tenant, key, now)?;
            advance(db, tenant, &mut ledger, now)?;
            if end(db, tenant, number, now)? == 0 {
                return Err(StoreError::NotFound(format!("a schedule of `{stream}`")));
            }
            let body = json!({"schedule": {"stream": stream, "until": now}});
            ledger.append(db, Kind::ConfigChanged, body)?;
            ledger.close(db)
        })
    }

    /// All schedules of a tenant.
    ///
    /// # Errors
    /// If the store fails.
    pub fn schedules(&mut self, tenant: &str) -> Result<Vec<Schedule>, StoreError> {
        let rows = self.db.query(
            "SELECT n.name, c.from_at, c.every_ms, c.grace_ms, c.until_at FROM schedule c
             JOIN stream n ON n.tenant = c.tenant AND n.id = c.stream WHERE c.tenant = $1 ORDER BY n.name, c.from_at",
            &[tenant.into()],
        )?;
        let rows = rows.iter().map(|row| {
            Ok(Schedule {
                stream: row.text(0)?,
                from: row.int(1)?,
                every: row.int(2)?,
                grace: row.int(3)?,
                until: row.maybe_int(4)?,
            })
        });
        rows.collect()
    }

    /// Writes due times up to now and marks what was missed; gives how many were.
    ///
    /// # Errors
    /// If the store fails.
    pub fn mark_overdue(
        &mut self,
        tenant: &str,
        key: &SecretKey,
        now: i64,
    ) -> Result<usize, StoreError> {
        if self.schedules(tenant)?.is_empty() {
            return Ok(0);
        }
        self.write(tenant, |db| {
            let mut ledger = Appender::open(db, tenant, key, now)?;
            let missed = advance(db, tenant, &mut ledger, now)?;
            match ledger.is_empty() {
                true => Ok(missed),
                false => ledger.close(db).map(|()| missed),
            }
        })
    }

    /// Says that a scan was tried and could not be done. Gives whether one was due; only then
    /// there is something to say.
    ///
    /// # Errors
    /// If the store fails.
    pub fn mark_failed(
        &mut self,
        tenant: &str,
        stream: &str,
        reason: &str,
        key: &SecretKey,
        now: i64,
    ) -> Result<bool, StoreError> {
        if self.schedules(tenant)?.is_empty() {
            return Ok(false);
        }
        let number = self.stream(tenant, stream)?;
        self.write(tenant, |db| {
            let mut ledger = Appender::open(db, tenant, key, now)?;
            advance(db, tenant, &mut ledger, now)?;
            let due = answered(db, tenant, number, now)?;
            if let Some(due) = due {
                settle(db, tenant, (number, due), "failed", None, Some(reason))?;
                let body = json!({"stream": stream, "due_at": due, "reason": reason});
                ledger.append(db, Kind::RunFailed, body)?;
            }
            match ledger.is_empty() {
                true => Ok(false),
                false => ledger.close(db).map(|()| due.is_some()),
            }
        })
    }

    /// Says what became of a due time that nobody answered: `missed` or `failed`, in the ledger
    /// too. What is known already is not said again, and what ran stays so; gives whether it was
    /// news.
    ///
    /// # Errors
    /// If the store fails.
    pub fn settle_slot(
        &mut self,
        tenant: &str,
        (stream, due_at): (&str, i64),
        (state, reason): (Unanswered, &str),
        key: &SecretKey,
        now: i64,
    ) -> Result<bool, StoreError> {
        self.write(tenant, |db| {
            let number = dictionary::stream(db, tenant, stream)?;
            let rows = db.query(
                "SELECT state FROM slot WHERE tenant = $1 AND stream = $2 AND due_at = $3",
                &[tenant.into(), number.into(), due_at.into()],
            )?;
            let (word, kind) = match state {
                Unanswered::Missed => ("missed", Kind::RunMissed),
                Unanswered::Failed => ("failed", Kind::RunFailed),
            };
            match rows.first().map(|row| row.text(0)).transpose()? {
                Some(known) if known == "ran" || known == word => return Ok(false),
                Some(_) => settle(db, tenant, (number, due_at), word, None, Some(reason))?,
                None => drop(db.execute(
                    "INSERT INTO slot (tenant, stream, due_at, state, reason) VALUES ($1, $2, $3, $4, $5)",
                    &[tenant.into(), number.into(), due_at.into(), word.into(), reason.into()],
                )?),
            }
            let mut ledger = Appender::open(db, tenant, key, now)?;
            let body = json!({"stream": stream, "due_at": due_at, "reason": reason});
            ledger.append(db, kind, body)?;
            ledger.close(db).map(|()| true)
        })
    }

    /// Says that a scan is due.
    pub fn due(&mut self, tenant: &str, stream: &str, due_at: i64) -> Result<(), StoreError> {
        self.write(tenant, |db| {
            let stream = dictionary::stream(db, tenant, stream)?;
            db.execute(
                "INSERT INTO slot (tenant, stream, due_at, state) VALUES ($1, $2, $3, 'due') ON CONFLICT DO NOTHING",
                &[tenant.into(), stream.into(), due_at.into()],
            )?;
            Ok(())
        })
    }

    /// Marks what was due before a time and did not run as missed, in the ledger too; gives
    /// how many.
    pub fn mark_missed(
        &mut self,
        tenant: &str,
        before: i64,
        reason: &str,
        key: &SecretKey,
        now: i64,
    ) -> Result<usize, StoreError> {
        self.write(tenant, |db| {
            let rows = db.query(
                "SELECT s.stream, s.due_at, n.name FROM slot s JOIN stream n ON n.tenant = s.tenant AND n.id = s.stream
                 WHERE s.tenant = $1 AND s.state = 'due' AND s.due_at < $2 ORDER BY s.due_at, n.name",
                &[tenant.into(), before.into()],
            )?;
            if rows.is_empty() {
                return Ok(0);
            }
            let mut ledger = Appender::open(db, tenant, key, now)?;
            for row in &rows {
                db.execute(
                    "UPDATE slot SET state = 'missed', reason = $1 WHERE tenant = $2 AND stream = $3 AND due_at = $4",
                    &[reason.into(), tenant.into(), row.int(0)?.into(), row.int(1)?.into()],
                )?;
                let body = json!({"stream": row.text(2)?, "due_at": row.int(1)?, "reason": reason});
                ledger.append(db, Kind::RunMissed, body)?;
            }
            ledger.close(db)?;
            Ok(rows.len())
        })
    }

    /// Due times of a stream in `from <= due < to`.
    pub fn slots(
        &mut self,
        tenant: &str,
        stream: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<SlotRow>, StoreError> {
        let stream = self.stream(tenant, stream)?;
        let rows = self.db.query(
            "SELECT due_at, state, seq, reason FROM slot WHERE tenant = $1 AND stream = $2 AND due_at >= $3 AND due_at < $4 ORDER BY due_at",
            &[tenant.into(), stream.into(), from.into(), to.into()],
        )?;
        let rows = rows.iter().map(|row| {
            Ok(SlotRow {
                due_at: row.int(0)?,
                state: row.text(1)?,
                seq: row.maybe_int(2)?,
                reason: row.maybe_text(3)?,
            })
        });
        rows.collect()
    }
}

/// Ends open schedules of a stream; gives how many.
fn end(db: &mut dyn Backend, tenant: &str, stream: i64, at: i64) -> Result<u64, StoreError> {
    db.execute(
        "UPDATE schedule SET until_at = $1 WHERE tenant = $2 AND stream = $3 AND until_at IS NULL",
        &[at.into(), tenant.into(), stream.into()],
    )
}
