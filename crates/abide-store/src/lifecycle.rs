//! The life of a finding: open, excepted, closed, with the reason; first seen stays.

use crate::backend::Backend;
use crate::record::At;
use crate::snapshot::{Record, Status};
use crate::value::Value;
use crate::{StoreError, bulk};

/// The change of one cell.
pub(crate) struct Change<'a> {
    pub(crate) subject: i64,
    pub(crate) policy: i64,
    pub(crate) before: Option<Status>,
    pub(crate) after: Option<&'a Record>,
    /// Why the cell is gone, if it is.
    pub(crate) gone: &'static str,
}

/// Findings that one scan opens, written together.
#[derive(Default)]
pub(crate) struct Lives {
    new: Vec<Vec<Value>>,
}

impl Lives {
    /// Applies one change of a cell. Unknown and error do not close a finding: they are no proof.
    pub(crate) fn apply(
        &mut self,
        db: &mut dyn Backend,
        at: &At<'_>,
        change: &Change<'_>,
    ) -> Result<(), StoreError> {
        // A finding is open only while its cell is, and a cell that passes has none.
        let maybe_open = !matches!(change.before, None | Some(Status::Pass));
        match change.after {
            Some(record) => match record.status {
                Status::Fail => self.open(db, at, change, record, "open"),
                Status::Excepted => self.open(db, at, change, record, "excepted"),
                Status::Pass if maybe_open => close(db, at, change, "fixed"),
                Status::Pass | Status::Unknown | Status::Error => Ok(()),
            },
            None if maybe_open => close(db, at, change, change.gone),
            None => Ok(()),
        }
    }

    fn open(
        &mut self,
        db: &mut dyn Backend,
        at: &At<'_>,
        change: &Change<'_>,
        record: &Record,
        state: &str,
    ) -> Result<(), StoreError> {
        let goes_on = !matches!(change.before, None | Some(Status::Pass))
            && db.execute(
                "UPDATE finding SET state = $1, fingerprint = $2, since_seq = CASE WHEN state = $3 THEN since_seq ELSE $4 END
                 WHERE tenant = $5 AND stream = $6 AND subject = $7 AND policy = $8 AND closed_seq IS NULL",
                &[
                    state.into(), record.fingerprint.as_str().into(), state.into(), at.seq.into(), at.tenant.into(),
                    at.stream.into(), change.subject.into(), change.policy.into(),
                ],
            )? > 0;
        if goes_on {
            return Ok(());
        }
        let first_seen = moved(db, at, record)?.unwrap_or(at.time);
        self.new.push(vec![
            at.tenant.into(),
            at.stream.into(),
            change.subject.into(),
            change.policy.into(),
            at.seq.into(),
            first_seen.into(),
            record.fingerprint.as_str().into(),
            state.into(),
            at.seq.into(),
        ]);
        Ok(())
    }

    /// Writes the new ones.
    pub(crate) fn write(self, db: &mut dyn Backend) -> Result<(), StoreError> {
        let columns = "tenant, stream, subject, policy, opened_seq, first_seen, fingerprint, state, since_seq";
        bulk::insert(db, "finding", columns, &self.new)
    }
}

/// When the finding was first seen under the address its resource is moved from; that one
/// is closed as moved.
fn moved(db: &mut dyn Backend, at: &At<'_>, record: &Record) -> Result<Option<i64>, StoreError> {
    let Some(previous) = &record.previous_fingerprint else {
        return Ok(None);
    };
    // It may have been closed by this very scan already.
    let rows = db.query(
        "SELECT MIN(first_seen) FROM finding WHERE tenant = $1 AND stream = $2 AND fingerprint = $3 AND (closed_seq IS NULL OR closed_seq = $4)",
        &[at.tenant.into(), at.stream.into(), previous.as_str().into(), at.seq.into()],
    )?;
    let first_seen = rows.first().map_or(Ok(None), |row| row.maybe_int(0))?;
    db.execute(
        "UPDATE finding SET state = 'closed', closed_seq = $1, closed_at = $2, reason = 'moved'
         WHERE tenant = $3 AND stream = $4 AND fingerprint = $5 AND (closed_seq IS NULL OR closed_seq = $6)",
        &[at.seq.into(), at.time.into(), at.tenant.into(), at.stream.into(), previous.as_str().into(), at.seq.into()],
    )?;
    Ok(first_seen)
}

fn close(
    db: &mut dyn Backend,
    at: &At<'_>,
    change: &Change<'_>,
    reason: &str,
) -> Result<(), StoreError> {
    db.execute(
        "UPDATE finding SET state = 'closed', closed_seq = $1, closed_at = $2, reason = $3
         WHERE tenant = $4 AND stream = $5 AND subject = $6 AND policy = $7 AND closed_seq IS NULL",
        &[
            at.seq.into(),
            at.time.into(),
            reason.into(),
            at.tenant.into(),
            at.stream.into(),
            change.subject.into(),
            change.policy.into(),
        ],
    )?;
    Ok(())
}
