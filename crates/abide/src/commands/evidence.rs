//! `abide evidence`

mod anchor;
mod bundle;

use std::fs;
use std::path::Path;

use abide_ledger::note::PublicKey;
use abide_store::{Bundle, Checked, FindingProof, Snapshot};
use anyhow::{Context, bail};

use crate::cli::{EvidenceCommand, StoreArgs, VerifyArgs};
use crate::{ledger_key, output, recording, terminal};

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
        EvidenceCommand::Anchor(args) => anchor::run(args).map(|()| 0),
        EvidenceCommand::Rotate { new_key, store } => rotate(new_key, store),
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
    if let Some(file) = args.bundle.as_deref().filter(|path| path.is_file()) {
        return verify_finding(file, args.public_key.as_deref());
    }
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
        Some(store) => store.check_scans(tenant, args.archive.as_deref())?,
        None => Checked::default(),
    };
    let mut text = format!(
        "ok: {} entries, {} checkpoints, {} scans reproduced; root {}",
        verified.size,
        verified.checkpoints,
        scans.reproduced,
        abide_ledger::note::hex(&verified.root)
    );
    if scans.pruned > 0 {
        text.push_str(&format!(
            "\n{} scans were pruned, as the ledger says: `--archive DIR` checks them too",
            scans.pruned
        ));
    }
    if args.public_key.is_none() {
        text.push_str(&format!("\nkey {key}, as the ledger itself names it: compare it with the one handed over earlier"));
    }
    if earlier.is_empty() {
        text.push_str("\nno earlier checkpoint was given: a history rewritten with the real key would not be noticed");
    }
    output::print_text(&text)?;
    Ok(0)
}

/// Checks the proof of one finding.
fn verify_finding(file: &Path, key: Option<&str>) -> anyhow::Result<u8> {
    let place = || file.display().to_string();
    let key =
        PublicKey::parse(key.context("the proof of a finding is checked with --public-key KEY")?)?;
    let text = fs::read_to_string(file).with_context(place)?;
    let proof: FindingProof = serde_json::from_str(&text)
        .context("expected a proof of `abide evidence prove FINGERPRINT`")
        .with_context(place)?;
    let checkpoint = proof.verify(&key).with_context(place)?;
    let entry: serde_json::Value = serde_json::from_str(&proof.entry)?;
    output::print_text(&format!(
        "ok: {} on {} was found by scan {} of {}, which is in the ledger of {} entries",
        terminal::visible(&proof.policy),
        terminal::visible(&proof.subject.address),
        entry["body"]["scan"],
        terminal::visible(entry["body"]["stream"].as_str().unwrap_or_default()),
        checkpoint.size
    ))?;
    Ok(0)
}

fn rotate(new: &Path, args: &StoreArgs) -> anyhow::Result<u8> {
    let mut store = recording::open_existing(args)?;
    let key = ledger_key::key(args)?;
    let next = ledger_key::named(new, &args.tenant)?;
    store.rotate(&args.tenant, &key, &next, recording::now())?;
    output::print_text(&format!(
        "from here on {} signs: name it with --ledger-key {}, and keep the old one until every checkpoint it signed is checked",
        next.public(),
        new.display()
    ))?;
    Ok(0)
}

fn prove(entry: &str, args: &StoreArgs) -> anyhow::Result<u8> {
    let mut store = recording::open_existing(args)?;
    // Ids of scans are digests of 64 digits, fingerprints are shorter, positions are short numbers.
    let position = entry.parse().ok().filter(|_| entry.len() < 12);
    let seq = match position {
        Some(seq) => seq,
        None if entry.len() == 64 => store.entry_of_scan(&args.tenant, entry)?,
        None => {
            let proof = store.prove_finding(&args.tenant, entry)?;
            output::print_text(&serde_json::to_string_pretty(&proof)?)?;
            return Ok(0);
        }
    };
    let (_, proof) = store.prove(&args.tenant, seq)?;
    output::print_text(proof.to_string().trim_end())?;
    Ok(0)
}

fn ingest(file: &Path, args: &StoreArgs) -> anyhow::Result<u8> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read spool {}", file.display()))?;
    let mut store = recording::open(args)?;
    let key = ledger_key::key(args)?;
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
