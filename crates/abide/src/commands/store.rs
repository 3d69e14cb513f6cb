//! `abide store`

mod slots;

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use abide_store::{ROLES, Store};
use anyhow::{Context, anyhow};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::cli::{StoreArgs, StoreCommand};
use crate::{ledger_key, output, recording};

pub(crate) fn run(command: &StoreCommand) -> anyhow::Result<u8> {
    match command {
        StoreCommand::Migrate(args) => {
            let version = recording::open_existing(args)?.migrate()?;
            output::print_text(&format!("the store has version {version}, the newest"))?;
        }
        StoreCommand::Backup { file, store } => backup(file, store)?,
        StoreCommand::Restore { file, store } => restore(file, store)?,
        StoreCommand::Prune {
            keep,
            archive,
            store,
        } => prune(*keep, archive, store)?,
        StoreCommand::Roles => output::print_text(ROLES)?,
        StoreCommand::Slots(command) => slots::run(command)?,
    }
    Ok(0)
}

fn backup(path: &Path, args: &StoreArgs) -> anyhow::Result<()> {
    let mut store = recording::open_existing(args)?;
    let place = || format!("cannot write backup {}", path.display());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).with_context(place)?;
    let mut to = BufWriter::new(file);
    let written = store
        .backup(&mut to)
        .map_err(anyhow::Error::from)
        .and_then(|rows| {
            to.flush()?;
            to.get_ref().sync_all()?;
            Ok(rows)
        });
    if written.is_err() {
        // Half a backup is none.
        let _ = std::fs::remove_file(path);
    }
    let rows = written.with_context(place)?;
    output::print_text(&format!("{rows} rows written to {}", path.display()))
}

fn restore(path: &Path, args: &StoreArgs) -> anyhow::Result<()> {
    let place = || format!("cannot restore {}", path.display());
    let file = File::open(path).with_context(place)?;
    let restored =
        Store::restore(recording::url(args), &mut BufReader::new(file)).with_context(place)?;
    output::print_text(&format!(
        "{} rows restored; compare with a checkpoint kept elsewhere: `abide evidence verify --checkpoint FILE`",
        restored.rows
    ))
}

/// The time a span ago, in milliseconds since 1970.
fn ago(span: Span) -> anyhow::Result<i64> {
    let now = TimeZone::UTC.to_datetime(Timestamp::now());
    let then = now
        .checked_sub(span)
        .map_err(|_| anyhow!("--keep reaches too far back"))?;
    Ok(TimeZone::UTC.to_timestamp(then)?.as_millisecond())
}

fn prune(keep: Span, archive: &Path, args: &StoreArgs) -> anyhow::Result<()> {
    let before = ago(keep)?;
    let mut store = recording::open_existing(args)?;
    let key = ledger_key::key(args)?;
    let pruned = store.prune(&args.tenant, before, archive, &key, recording::now())?;
    if pruned.streams.is_empty() {
        return output::print_text("nothing is that old: nothing was moved");
    }
    let lines = pruned.streams.iter().map(|stream| {
        let rows: usize = stream.files.iter().map(|file| file.rows).sum();
        format!(
            "{}: {rows} outcomes before scan {} moved to {} files\n",
            stream.stream,
            stream.below,
            stream.files.len()
        )
    });
    let text: String = lines.collect();
    output::print_text(&format!(
        "{text}keep {}: `abide evidence verify --archive {0}` checks it",
        archive.display()
    ))
}
