//! The sample pack: a folder that an auditor draws, reads and checks without this program.
//!
//! The population is every outcome of a policy on a resource that lasted over whole scans of
//! the period, named by the first of these scans. The sample is the items with the smallest
//! HMAC-SHA256 of their name under the auditor's seed, so that anybody draws the same.

use std::collections::BTreeMap;

use abide_ledger::note::hex;
use abide_store::{AuditData, AuditRun, Cell, Store, StoreError, Subject};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Request;
use crate::build::word;
use crate::days::{DAY, Span};
use crate::scope::Scope;
use crate::timeline::{Limits, Timeline};

/// Checks a pack with Python's standard library and openssl.
const VERIFIER: &str = include_str!("pack/verify.py");
const README: &str = include_str!("pack/README.md");

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The auditor's seed, chosen after the checkpoint was handed over.
    pub seed: String,
    /// How many items.
    pub size: usize,
}

/// Files of a folder by their path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// An item of the population.
struct Item<'a> {
    /// Its name: JSON of target, scan, input, resource, policy.
    name: String,
    stream: &'a str,
    run: &'a AuditRun,
    subject: &'a Subject,
    cell: &'a Cell,
}

/// The samples with their proofs, the population they were drawn from, and how to check both.
///
/// # Errors
/// If the store does not hold what was recorded.
pub fn samples(
    store: &mut Store,
    data: &AuditData,
    request: &Request,
    draw: &Draw,
) -> Result<Files, StoreError> {
    let population = population(data, request);
    let mut files = Files::new();
    let names = population.iter().map(|item| format!("{}\n", item.name));
    files.insert(
        "population.jsonl".to_owned(),
        names.collect::<String>().into(),
    );
    let drawn = drawn(&population, draw);
    let chosen: Vec<&str> = drawn.iter().map(|item| item.name.as_str()).collect();
    files.insert(
        "sample.json".to_owned(),
        pretty(&json!({"seed": draw.seed, "size": draw.size, "population": population.len(), "drawn": chosen})),
    );
    for (number, item) in (1..).zip(&drawn) {
        let policy = data
            .policies
            .get(&item.cell.policy)
            .cloned()
            .unwrap_or_default();
        let folder = format!("samples/{number:03}-{}", file_name(&policy));
        sample(store, data, request, item, &policy, &folder, &mut files)?;
    }
    let key = store.log(&request.tenant)?.first_key;
    let key = key.map_or_else(String::new, |key| format!("{key}\n"));
    files.insert("key.txt".to_owned(), key.into());
    files.insert("verify.py".to_owned(), VERIFIER.into());
    files.insert("README.md".to_owned(), README.into());
    Ok(files)
}

/// Adds SHA-256 of all files, in the form that `sha256sum -c` reads.
pub fn add_manifest(files: &mut Files) {
    let lines = files
        .iter()
        .map(|(path, bytes)| format!("{}  {path}\n", hex(&Sha256::digest(bytes))));
    let lines: String = lines.collect();
    files.insert("MANIFEST.sha256".to_owned(), lines.into());
}

fn population<'a>(data: &'a AuditData, request: &Request) -> Vec<Item<'a>> {
    let scope = Scope::of(data, request.framework);
    let limits = Limits {
        period: Span {
            from: request.from,
            to: request.to,
        },
        as_of: request.as_of.unwrap_or(i64::MAX),
        max_gap: i64::from(request.max_gap_days) * DAY,
    };
    let mut items = Vec::new();
    for stream in &data.streams {
        let timeline = Timeline::of(stream, limits);
        for cell in &stream.cells {
            items.extend(item(data, &scope, &timeline, &stream.name, cell));
        }
    }
    items.sort_by(|a, b| a.name.cmp(&b.name));
    items
}

/// The outcome, if a whole scan of the period had it and its policy speaks for the framework.
fn item<'a>(
    data: &'a AuditData,
    scope: &Scope,
    timeline: &Timeline<'a>,
    stream: &'a str,
    cell: &'a Cell,
) -> Option<Item<'a>> {
    let places = timeline.places(cell.from, cell.to);
    let inside = &timeline.inside;
    let mut first = places.iter().filter_map(|range| {
        let start = range.start.max(inside.start);
        (start < range.end.min(inside.end)).then_some(start)
    });
    let run = timeline.standing.get(first.next()?).copied()?;
    let version = data.packs.get(&run.pack)?.policies.get(&cell.policy)?;
    if scope.controls_of(cell.policy, version).is_empty() {
        return None;
    }
    let subject = data.subjects.get(&cell.subject)?;
    let policy = data.policies.get(&cell.policy)?;
    Some(Item {
        name: json!([
            stream,
            run.seq,
            subject.input,
            subject.address,
            subject.resource_type,
            policy
        ])
        .to_string(),
        stream,
        run,
        subject,
        cell,
    })
}

fn drawn<'i, 'a>(population: &'i [Item<'a>], draw: &Draw) -> Vec<&'i Item<'a>> {
    let mut ranked: Vec<([u8; 32], &Item<'_>)> = population
        .iter()
        .filter_map(|item| {
            let mut mac = Hmac::<Sha256>::new_from_slice(draw.seed.as_bytes()).ok()?;
            mac.update(item.name.as_bytes());
            Some((mac.finalize().into_bytes().into(), item))
        })
        .collect();
    ranked.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.name.cmp(&other.name)));
    let chosen = ranked.into_iter().take(draw.size);
    chosen.map(|(_, item)| item).collect()
}

fn sample(
    store: &mut Store,
    data: &AuditData,
    request: &Request,
    item: &Item<'_>,
    policy: &str,
    folder: &str,
    files: &mut Files,
) -> Result<(), StoreError> {
    let tenant = request.tenant.as_str();
    let run = item.run;
    let mut put = |name: &str, bytes: Vec<u8>| files.insert(format!("{folder}/{name}"), bytes);
    let proof = store.prove_result(tenant, item.stream, run.seq, item.subject)?;
    let row = proof.rows.iter().find(|(id, _, _)| id == policy);
    let (status, detail) = row.map_or((item.cell.status, "[]"), |(_, status, detail)| {
        (*status, detail.as_str())
    });
    let read: Value = serde_json::from_str(detail).unwrap_or_default();
    let context = &run.context;
    put(
        "result.json",
        pretty(&json!({
            "name": serde_json::from_str::<Value>(&item.name).unwrap_or_default(),
            "target": item.stream, "scan": run.seq, "scan_id": hex(&run.id), "at": crate::model::Moment(run.at),
            "policy": policy, "outcome": word(status), "details": read,
            "commit": context.commit, "pull_request": context.pull_request, "ticket": context.ticket,
            "actor": context.actor, "repository": context.repository, "ci_run": context.ci_run,
            "input_sha256": context.input_digests, "tool": run.tool_version,
        })),
    );
    put(
        "resource.json",
        pretty(&json!({
            "address": item.subject.address, "type": item.subject.resource_type, "input": item.subject.input,
            "note": "What the policies read of the resource; secrets were taken out before anything was judged. The whole resource is not kept.",
            "results": proof.rows.iter().map(|(id, status, detail)| json!({"policy": id, "status": word(*status), "detail": detail})).collect::<Vec<_>>(),
            "index": proof.index, "size": proof.size, "path": proof.path.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
        })),
    );
    let version = data
        .packs
        .get(&run.pack)
        .and_then(|pack| pack.policies.get(&item.cell.policy))
        .and_then(|version| data.versions.get(&(item.cell.policy, *version)));
    put(
        "policy.json",
        version.map_or_else(Vec::new, |version| version.body.clone().into_bytes()),
    );
    let seq = u64::try_from(run.ledger_seq)
        .map_err(|_| StoreError::Damaged(format!("the ledger entry of scan {}", run.seq)))?;
    let (entry, proof) = store.prove(tenant, seq)?;
    put("scan.json", entry.into_bytes());
    put("scan.tlog-proof", proof.to_string().into_bytes());
    Ok(())
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// A policy's id as a part of a file's name: ids of Rego may hold anything.
fn file_name(id: &str) -> String {
    let safe = id.chars().map(|c| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    });
    safe.take(60).collect()
}
