//! What the store keeps of drift, and what it knows of earlier: each target is a stream of scans.

use std::collections::BTreeMap;

use abide_core::drift::scan::POLICY;
use abide_core::scan::ScanPolicy;
use abide_report::{DriftReport, DriftTarget};
use anyhow::{Context, anyhow};
use jiff::Timestamp;

use crate::cli::{RecordArgs, StoreArgs};
use crate::{ci, recording};

/// Records the scans of all targets, if that is asked for, and writes into the report since when
/// its drift is known. A target that could not be looked at is a due time that failed.
///
/// # Errors
/// If something that should be recorded is not; the other targets are.
pub(super) fn record(report: &mut DriftReport, args: &RecordArgs) -> anyhow::Result<()> {
    record_due(report, args, None)
}

/// The same of scans that answer a due time.
///
/// # Errors
/// If something that should be recorded is not; the other targets are.
pub(super) fn record_due(
    report: &mut DriftReport,
    args: &RecordArgs,
    due: Option<Timestamp>,
) -> anyhow::Result<()> {
    let mut failed = None;
    for target in &mut report.targets {
        let stream = stream(args, &target.name);
        if args.record
            && let Err(error) = record_one(target, &stream, args, due)
        {
            failed.get_or_insert_with(|| error.context(format!("target {}", target.name)));
        }
        // DATABASE_URL may be that of another program: without --record no server is asked.
        if args.record || !recording::url(&args.store).contains("://") {
            since(target, &report.policies, &stream, &args.store);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// The stream of a target's scans.
pub(super) fn stream(args: &RecordArgs, target: &str) -> String {
    let base = args
        .stream
        .clone()
        .or_else(|| ci::run(&ci::variable).repository)
        .unwrap_or_else(|| "default".to_owned());
    format!("{base}/{target}")
}

fn record_one(
    target: &DriftTarget,
    stream: &str,
    args: &RecordArgs,
    due: Option<Timestamp>,
) -> anyhow::Result<()> {
    match (&target.outcome, &target.scan) {
        (Err(reason), _) => {
            recording::failed_in(args, stream, &anyhow!("{reason}"));
            Ok(())
        }
        (Ok(_), Some(scan)) => {
            let mut snapshot = recording::snapshot(scan, args, Vec::new());
            stream.clone_into(&mut snapshot.context.stream);
            snapshot.context.slot = due.map(Timestamp::as_millisecond);
            recording::record(&snapshot, args)
        }
        (Ok(_), None) => Ok(()),
    }
    .context("drift is not recorded")
}

/// Looks up when drift that still is was first seen. A store that is not there, or holds nothing of
/// the target, knows nothing: no error.
fn since(target: &mut DriftTarget, policies: &[ScanPolicy], stream: &str, store: &StoreArgs) {
    let Ok(drift) = &mut target.outcome else {
        return;
    };
    let rows = recording::open_existing(store)
        .ok()
        .and_then(|mut known| known.findings(&store.tenant, stream).ok());
    let Some(rows) = rows else {
        return;
    };
    let open = rows.iter().filter(|row| row.state != "closed");
    let mut first: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for row in open {
        let key = (row.subject.address.as_str(), row.policy.as_str());
        let seen = first.entry(key).or_insert(row.first_seen);
        *seen = row.first_seen.min(*seen);
    }
    for item in &mut drift.resources {
        let of = |policy: &str| first.get(&(item.address.as_str(), policy)).copied();
        // What is judged otherwise because of another did not drift itself.
        let broken = item.verdicts.iter().filter(|v| v.finding.is_some());
        let broken = broken.filter_map(|v| of(&policies.get(v.policy as usize)?.id));
        let millisecond = of(POLICY).or_else(|| broken.min());
        item.since = millisecond.and_then(|at| Timestamp::from_millisecond(at).ok());
    }
}
