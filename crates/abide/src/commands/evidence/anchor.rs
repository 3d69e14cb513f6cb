//! `abide evidence anchor`: a checkpoint in the form that a keeper outside wants.

use std::fs;
use std::io::{self, Write};

use abide_ledger::note::{Checkpoint, hex};
use abide_ledger::tree::sha256;
use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::json;

use crate::cli::{AnchorArgs, AnchorFormat};
use crate::{output, recording};

/// RFC 3161, 2.4.1: version 1, SHA-256 of the message, `certReq`; the digest comes between.
const REQUEST_HEAD: [u8; 24] = [
    0x30, 0x39, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];
const REQUEST_TAIL: [u8; 3] = [0x01, 0x01, 0xff];

pub(super) fn run(args: &AnchorArgs) -> anyhow::Result<()> {
    let note = recording::open_existing(&args.store)?.checkpoint(&args.store.tenant)?;
    let digest = sha256(note.as_bytes());
    let text = match args.format {
        AnchorFormat::Note => note,
        AnchorFormat::Rfc3161 => {
            let request = [REQUEST_HEAD.as_slice(), &digest, &REQUEST_TAIL].concat();
            return match &args.output {
                Some(path) => fs::write(path, request)
                    .with_context(|| format!("cannot write {}", path.display())),
                None => Ok(io::stdout().write_all(&request)?),
            };
        }
        AnchorFormat::S3 => headers(&digest, args.retain)?,
        AnchorFormat::Webhook => {
            let checkpoint = Checkpoint::parse(&note)?;
            let body = json!({
                "origin": checkpoint.origin, "size": checkpoint.size, "root": hex(&checkpoint.root),
                "sha256": hex(&digest), "checkpoint": note,
            });
            format!("{body}\n")
        }
    };
    match &args.output {
        Some(path) => output::write_text(&text, path),
        None => output::print_text(text.trim_end()),
    }
}

/// Headers of a PUT that nobody can undo before its time, one a line as curl reads them.
fn headers(digest: &[u8], retain: Span) -> anyhow::Result<String> {
    let now = TimeZone::UTC.to_datetime(Timestamp::now());
    let until = now
        .checked_add(retain)
        .map_err(|_| anyhow!("--retain is too long"))?;
    Ok(format!(
        "x-amz-object-lock-mode: COMPLIANCE\nx-amz-object-lock-retain-until-date: {}\nx-amz-checksum-sha256: {}\ncontent-type: text/plain; charset=utf-8\n",
        until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        STANDARD.encode(digest)
    ))
}
