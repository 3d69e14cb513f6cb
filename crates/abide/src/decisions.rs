//! Decisions about exceptions that a recorded scan saw in their file, for the ledger.

use abide_core::exception::{Act, Exception, Grant};
use abide_ledger::entry::Kind;
use serde_json::{Value, json};

use crate::cli::RecordArgs;
use crate::pipeline::{Chosen, Standing};
use crate::{ledger_key, recording, terminal};

/// Records them, each once. With a spool the next scan may do it: they stay in the file.
pub(crate) fn record(
    chosen: &Chosen,
    standing: &Standing,
    args: &RecordArgs,
) -> anyhow::Result<()> {
    let Some(set) = &standing.exceptions else {
        return Ok(());
    };
    let grants = set.judge(&chosen.known, &chosen.rules);
    let decisions: Vec<_> = grants.iter().flat_map(of).collect();
    if decisions.is_empty() {
        return Ok(());
    }
    match deliver(&decisions, args) {
        Err(error) if args.spool.is_some() => {
            let line =
                format!("warning: decisions about exceptions are not recorded yet: {error:#}");
            Ok(terminal::say(&[line])?)
        }
        done => done,
    }
}

fn deliver(decisions: &[(Kind, Value)], args: &RecordArgs) -> anyhow::Result<()> {
    let key = ledger_key::key(&args.store)?;
    let mut store = recording::open(&args.store)?;
    store.append_decisions(&args.store.tenant, decisions, &key, recording::now())?;
    Ok(())
}

/// What was decided about one exception. Approvals that do not count are none.
fn of(grant: &Grant<'_>) -> Vec<(Kind, Value)> {
    let exception = grant.exception;
    if exception.id.is_empty() || !exception.faults.is_empty() {
        return Vec::new();
    }
    let asked = match exception.renews {
        Some(_) => Kind::ExceptionRenewed,
        None => Kind::ExceptionRequested,
    };
    let mut out: Vec<_> = exception
        .requester
        .iter()
        .map(|act| (asked, body(exception, act)))
        .collect();
    let approved = grant.approved.iter();
    out.extend(approved.map(|act| (Kind::ExceptionApproved, body(exception, act))));
    let others = [
        (Kind::ExceptionRejected, &exception.rejected),
        (Kind::ExceptionReviewed, &exception.reviewed),
        (Kind::ExceptionRevoked, &exception.revoked),
    ];
    for (kind, act) in others {
        out.extend(act.iter().map(|act| (kind, body(exception, act))));
    }
    out
}

/// Nothing in it depends on where the file is, so that two scans say the same.
fn body(exception: &Exception, act: &Act) -> Value {
    let mut out = json!({
        "exception": exception.id,
        "policy": exception.policy,
        "resource": exception.resource,
        "by": act.name,
        "identity": act.identity.as_str(),
        // What it permits; a change of that is another decision.
        "digest": exception.digest(),
        "facts": exception.facts,
        "reason": act.reason.as_ref().unwrap_or(&exception.reason),
        "expires": exception.expires.map(|end| end.to_string()),
    });
    let more = [
        ("at", act.at.map(|at| at.to_string())),
        ("ticket", exception.ticket.clone()),
        ("renews", exception.renews.clone()),
        (
            "break_glass",
            exception.break_glass.then(|| "true".to_owned()),
        ),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            out[name] = value.into();
        }
    }
    out
}
