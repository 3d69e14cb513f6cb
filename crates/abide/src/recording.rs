//! Recording a scan: where it comes from, the key, the store, and the spool.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use abide_core::scan::Scan;
use abide_core::source::RedactionKey;
use abide_ledger::note::SecretKey;
use abide_store::{Snapshot, Store};
use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::cli::{RecordArgs, StoreArgs};
use crate::{ci, pipeline, terminal};

const STORE: &str = ".abide/abide.db";
const KEY: &str = ".abide/ledger.key";

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
    match key(args) {
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
    store.record(snapshot, &key(args)?, now())?;
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
        let key = existing_key(&args.store)?;
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

/// The ledger's key: from the environment, a file, or made when missing.
pub(crate) fn key(args: &StoreArgs) -> anyhow::Result<SecretKey> {
    let given = env::var("ABIDE_LEDGER_KEY").is_ok_and(|text| !text.is_empty());
    let path = Path::new(KEY);
    if !given && args.ledger_key.is_none() && !path.exists() {
        make_key(path)
            .with_context(|| format!("cannot make the ledger's key {}", path.display()))?;
    }
    existing_key(args)
}

/// A key in a file, made when missing.
pub(crate) fn key_in(path: &Path, tenant: &str) -> anyhow::Result<SecretKey> {
    let place = || path.display().to_string();
    if !path.exists() {
        make_key(path).with_context(place)?;
    }
    let text = fs::read_to_string(path).with_context(place)?;
    SecretKey::parse(&format!("abide/{tenant}"), &text).with_context(place)
}

/// The same, which is not made.
fn existing_key(args: &StoreArgs) -> anyhow::Result<SecretKey> {
    let name = format!("abide/{}", args.tenant);
    if let Some(text) = env::var("ABIDE_LEDGER_KEY")
        .ok()
        .filter(|text| !text.is_empty())
    {
        return SecretKey::parse(&name, &text).context("ABIDE_LEDGER_KEY");
    }
    let path = args.ledger_key.as_deref().unwrap_or(Path::new(KEY));
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the ledger's key {}", path.display()))?;
    SecretKey::parse(&name, &text).with_context(|| path.display().to_string())
}

/// Makes a key that only its owner can read; keeps one that was made meanwhile.
fn make_key(path: &Path) -> anyhow::Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(format!("{}\n", STANDARD.encode(seed)).as_bytes())?;
            file.sync_all()?;
            writeln!(
                io::stderr(),
                "note: made the ledger's key {}; keep it out of the repository",
                path.display()
            )?;
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
    }
}
