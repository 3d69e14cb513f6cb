//! Recording a scan: where it comes from, the store, and the spool.

use std::fs::OpenOptions;
use std::io::{self, Write};

use abide_core::scan::Scan;
use abide_core::source::RedactionKey;
use abide_store::{Snapshot, Store};
use anyhow::Context;
use jiff::Timestamp;

use crate::cli::{RecordArgs, StoreArgs};
use crate::{ci, ledger_key, pipeline, terminal};

const STORE: &str = ".abide/abide.db";

/// What will be recorded of a scan.
pub(crate) fn snapshot(scan: &Scan, args: &RecordArgs, input_digests: Vec<String>) -> Snapshot {
    let mut context = ci::run(&ci::variable);
    context.tenant.clone_from(&args.store.tenant);
    context.kind = scan
        .inputs
        .first()
        .map_or("plan", |input| input.kind)
        .to_owned();
    context.stream = stream(args, context.repository.clone());
    context.actor = args.actor.clone().or(context.actor);
    context.commit = args.commit.clone().or(context.commit);
    context.ticket = args.ticket.clone();
    context.input_digests = input_digests;
    Snapshot::of(scan, context)
}

/// The key of the digests that stand for secrets: made from the ledger's key, so that an unchanged
/// secret is no change of its resource. Without that key nothing will be recorded by this run, and
/// a fresh one serves.
pub(crate) fn redaction_key(args: &StoreArgs) -> anyhow::Result<RedactionKey> {
    match ledger_key::key(args) {
        Ok(key) => Ok(RedactionKey::new(
            key.derive(&format!("abide redaction v1 {}", args.tenant)),
        )),
        Err(_) => pipeline::redaction_key(),
    }
}

/// Records, or keeps the scan in the spool.
pub(crate) fn record(snapshot: &Snapshot, args: &RecordArgs) -> anyhow::Result<()> {
    let error = match deliver(snapshot, &args.store) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let Some(spool) = &args.spool else {
        return Err(error.context(
            "the scan was NOT recorded; with --spool FILE it would be kept to be delivered later",
        ));
    };
    let line = format!("{}\n", serde_json::to_string(snapshot)?);
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(spool)
        .with_context(|| {
            format!(
                "the scan was NOT recorded ({error:#}), and the spool {} cannot be written",
                spool.display()
            )
        })?;
    file.write_all(line.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| {
            format!(
                "the scan was NOT recorded ({error:#}), and the spool {} cannot be written",
                spool.display()
            )
        })?;
    let problem = terminal::visible(&format!("{error:#}"));
    writeln!(
        io::stderr(),
        "warning: the scan is not recorded yet: {problem}\n  it waits in {}; deliver it with `abide evidence ingest`",
        spool.display()
    )?;
    Ok(())
}

fn deliver(snapshot: &Snapshot, args: &StoreArgs) -> anyhow::Result<()> {
    let mut store = open(args)?;
    store.record(snapshot, &ledger_key::key(args)?, now())?;
    Ok(())
}

/// Says in the store that a scan that was due could not be done; where that cannot be said, the
/// failure itself is what counts.
pub(crate) fn failed(args: &RecordArgs, error: &anyhow::Error) {
    let stream = stream(args, ci::run(&ci::variable).repository);
    failed_in(args, &stream, error);
}

/// The same of a stream that is named.
pub(crate) fn failed_in(args: &RecordArgs, stream: &str, error: &anyhow::Error) {
    let reason: String = terminal::visible(&error.to_string())
        .chars()
        .take(500)
        .collect();
    let said = open_existing(&args.store).and_then(|mut store| {
        let key = ledger_key::existing(&args.store)?;
        Ok(store.mark_failed(&args.store.tenant, stream, &reason, &key, now())?)
    });
    drop(said);
}

fn stream(args: &RecordArgs, repository: Option<String>) -> String {
    let named = args.stream.clone().or(repository);
    named.unwrap_or_else(|| "default".to_owned())
}

/// The present, in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// The store of the flags, made if it is not there.
pub(crate) fn open(args: &StoreArgs) -> anyhow::Result<Store> {
    Ok(Store::open(url(args))?)
}

/// The same to read what is in it.
pub(crate) fn open_existing(args: &StoreArgs) -> anyhow::Result<Store> {
    Ok(Store::open_existing(url(args))?)
}

/// Where the store of the flags is.
pub(crate) fn url(args: &StoreArgs) -> &str {
    args.store.as_deref().unwrap_or(STORE)
}
