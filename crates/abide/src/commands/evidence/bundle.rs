//! The folder for an auditor: it verifies with Python and openssl alone.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use abide_ledger::note::{PublicKey, hex};
use abide_ledger::tree::sha256;
use abide_ledger::verify::Log;
use abide_store::{Bundle, Store};
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

const VERIFIER: &str = include_str!("verify.py");
const README: &str = include_str!("README.md");

/// What an Ed25519 key looks like to openssl: the fixed beginning of RFC 8410.
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Writes the folder.
pub(crate) fn write(store: &mut Store, tenant: &str, folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        bail!("{} exists already: name a new folder", folder.display());
    }
    let Bundle { log, first_key } = store.log(tenant)?;
    let Some(key) = first_key else {
        bail!("nothing was recorded for tenant `{tenant}` yet");
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let lines: String = log
        .entries
        .iter()
        .map(|(text, _)| format!("{text}\n"))
        .collect();
    put("ledger.jsonl", &lines)?;
    let notes: Vec<_> = log
        .checkpoints
        .iter()
        .map(|note| json!(note).to_string() + "\n")
        .collect();
    put("checkpoints.jsonl", &notes.concat())?;
    put(
        "checkpoint",
        log.checkpoints.last().map_or("", String::as_str),
    )?;
    put("key.txt", &format!("{key}\n"))?;
    let der = [SPKI.as_slice(), key.bytes()].concat();
    put(
        "key.pem",
        &format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der)
        ),
    )?;
    put("verify.py", VERIFIER)?;
    put("README.md", README)?;
    let statements = store.statements(tenant)?;
    put(
        "statements.jsonl",
        &statements
            .iter()
            .map(|text| format!("{text}\n"))
            .collect::<String>(),
    )?;
    let path = folder.join("results.jsonl");
    let mut results = OpenOptions::new().create(true).append(true).open(&path)?;
    for stream in store.streams(tenant)? {
        let rows = store.archived(tenant, &stream)?;
        let digest = hex(&sha256(stream.as_bytes()));
        let (name, _) = digest.split_at(12);
        abide_store::write_intervals(&folder.join("parquet"), tenant, name, &rows)?;
        for interval in rows.into_iter().map(|row| row.interval) {
            let line = json!({
                "stream": stream, "address": interval.subject.address, "type": interval.subject.resource_type,
                "input": interval.subject.input, "policy": interval.policy, "from_scan": interval.from,
                "to_scan": interval.to, "status": interval.status, "detail": interval.detail,
            });
            writeln!(results, "{line}")?;
        }
    }
    Ok(())
}

/// Reads the folder back.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Bundle> {
    let get = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let entries = get("ledger.jsonl")?
        .lines()
        .map(|line| (line.to_owned(), None))
        .collect();
    let notes = get("checkpoints.jsonl")?;
    let checkpoints = notes
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .context("checkpoints.jsonl: expected one JSON text in each line")?;
    let first_key = Some(PublicKey::parse(&get("key.txt")?).context("key.txt")?);
    Ok(Bundle {
        log: Log {
            entries,
            checkpoints,
        },
        first_key,
    })
}
