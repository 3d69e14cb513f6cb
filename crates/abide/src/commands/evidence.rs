//! `abide evidence`

mod bundle;

use std::fs;
use std::path::Path;

use abide_ledger::note::PublicKey;
use abide_store::{Bundle, Snapshot};
use anyhow::{Context, bail};

use crate::cli::{EvidenceCommand, StoreArgs, VerifyArgs};
use crate::{output, recording};

pub(crate) fn run(command: &EvidenceCommand) -> anyhow::Result<u8> {
    match command {
        EvidenceCommand::Verify(args) => verify(args),
        EvidenceCommand::Export { folder, store } => {
            bundle::write(&mut recording::open_existing(store)?, &store.tenant, folder)?;
            let text = format!(
                "wrote {0}; check it with `python3 {0}/verify.py`",
                folder.display()
            );
            output::print_text(&text)?;
            Ok(0)
        }
        EvidenceCommand::Anchor {
            store,
            output: file,
        } => {
            let note = recording::open_existing(store)?.checkpoint(&store.tenant)?;
            match file {
                Some(path) => output::write_text(&note, path)?,
                None => output::print_text(note.trim_end())?,
            }
            Ok(0)
        }
        EvidenceCommand::Prove { entry, store } => prove(entry, store),
        EvidenceCommand::Ingest { file, store } => ingest(file, store),
    }
}

fn verify(args: &VerifyArgs) -> anyhow::Result<u8> {
    let read = |path: &Path| {
        fs::read_to_string(path)
            .with_context(|| format!("cannot read checkpoint {}", path.display()))
    };
    let earlier = args
        .checkpoint
        .iter()
        .map(|path| read(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let tenant = args.store.tenant.as_str();
    let mut store = None;
    let Bundle { log, first_key } = match &args.bundle {
        Some(folder) => bundle::read(folder)?,
        None => store
            .insert(recording::open_existing(&args.store)?)
            .log(tenant)?,
    };
    let key = match &args.public_key {
        Some(text) => PublicKey::parse(text)?,
        None => match first_key {
            Some(key) => key,
            None => bail!("the ledger of `{tenant}` names no key: nothing was recorded yet"),
        },
    };
    let verified = log.verify(&key, &earlier)?;
    let scans = match &mut store {
        Some(store) => store.check_scans(tenant)?,
        None => 0,
    };
    let mut text = format!(
        "ok: {} entries, {} checkpoints, {scans} scans reproduced; root {}",
        verified.size,
        verified.checkpoints,
        abide_ledger::note::hex(&verified.root)
    );
    if args.public_key.is_none() {
        text.push_str(&format!("\nkey {key}, as the ledger itself names it: compare it with the one handed over earlier"));
    }
    if earlier.is_empty() {
        text.push_str("\nno earlier checkpoint was given: a history rewritten with the real key would not be noticed");
    }
    output::print_text(&text)?;
    Ok(0)
}

fn prove(entry: &str, args: &StoreArgs) -> anyhow::Result<u8> {
    let mut store = recording::open_existing(args)?;
    let seq = match entry.parse() {
        Ok(seq) => seq,
        Err(_) => store.entry_of_scan(&args.tenant, entry)?,
    };
    let (_, proof) = store.prove(&args.tenant, seq)?;
    output::print_text(proof.to_string().trim_end())?;
    Ok(0)
}

fn ingest(file: &Path, args: &StoreArgs) -> anyhow::Result<u8> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read spool {}", file.display()))?;
    let mut store = recording::open(args)?;
    let key = recording::key(args)?;
    let (mut new, mut known) = (0, 0);
    for (number, line) in (1..).zip(text.lines()) {
        let place = || format!("{}:{number}", file.display());
        let snapshot: Snapshot = serde_json::from_str(line).with_context(place)?;
        if snapshot.format != 1 {
            bail!(
                "{}: form {} is not known: use a newer abide",
                place(),
                snapshot.format
            );
        }
        if snapshot.context.tenant != args.tenant {
            bail!(
                "{}: a scan of tenant `{}`: add --tenant",
                place(),
                snapshot.context.tenant
            );
        }
        let recorded = store
            .record(&snapshot, &key, recording::now())
            .with_context(place)?;
        *(if recorded.already {
            &mut known
        } else {
            &mut new
        }) += 1;
    }
    output::print_text(&format!("{new} scans recorded, {known} were there already"))?;
    Ok(0)
}
