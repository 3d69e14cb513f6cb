//! How fast and how small: 200 resources, 666 policies, 1 300 scans with realistic churn.
//!
//!     cargo run --release -p abide-store --example record-bench -- FILE [SCANS]
//!     cargo run --release -p abide-store --example record-bench -- postgres://… [SCANS] [CONNECTIONS]
//!
//! A resource is judged by the policies of its type, 20 of the 666. One or two
//! resources change every second scan (every hundredth with several connections), now and then
//! one comes or goes, and the policies change every fiftieth scan. Up to 200 scans all are read
//! back and compared, beyond that every thirteenth.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use abide_ledger::note::SecretKey;
use abide_store::{PolicyText, Record, RunContext, Snapshot, Status, Store, Subject};
use serde_json::json;

/// Milliseconds of scans with and without changes, and scans that differ.
type Measured = (Vec<f64>, Vec<f64>, usize);
type Results = BTreeMap<Subject, BTreeMap<String, Record>>;

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

const TYPES: u64 = 33;

fn resource(number: u64, numbers: &mut Numbers) -> (Subject, BTreeMap<String, Record>) {
    let kind = number % TYPES;
    let subject = Subject {
        input: 0,
        address: format!(
            "module.app[\"{}\"].aws_type_{kind}.resource_{number}",
            number % 7
        ),
        resource_type: format!("aws_type_{kind}"),
    };
    let policies = (0..20).map(|n| (kind * 20 + n, numbers.below(100)));
    let records = policies.map(|(policy, dice)| {
        let status = match dice {
            0..10 => Status::Fail,
            10..14 => Status::Unknown,
            _ => Status::Pass,
        };
        let id = format!("POL-{policy:04}");
        let detail = json!([{"message": format!("{id}: attribute has a value"), "found": dice.to_string(), "remediation": "set it"}]);
        let record = Record {
            status,
            detail: detail.to_string(),
            fingerprint: format!("{number:016x}{policy:016x}"),
            previous_fingerprint: None,
        };
        (id, record)
    });
    (subject, records.collect())
}

/// Changes the results as a week of work does.
fn churn(results: &mut Results, next: &mut u64, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3).min(1) {
        let Some(subject) = results
            .keys()
            .nth(usize::try_from(numbers.below(results.len() as u64)).unwrap_or(0))
            .cloned()
        else {
            return;
        };
        match numbers.below(20) {
            0 => {
                results.remove(&subject);
            }
            1 => {
                let (subject, records) = resource(*next, numbers);
                results.insert(subject, records);
                *next += 1;
            }
            _ => {
                let number = subject
                    .address
                    .rsplit('_')
                    .next()
                    .and_then(|n| n.parse().ok())
                    .unwrap_or(0);
                let (_, fresh) = resource(number, numbers);
                if let Some(records) = results.get_mut(&subject) {
                    let changed = numbers.below(3) + 1;
                    for (id, record) in fresh
                        .into_iter()
                        .take(usize::try_from(changed).unwrap_or(1))
                    {
                        records.insert(id, record);
                    }
                }
            }
        }
    }
}

fn policies(version: u64) -> BTreeMap<String, PolicyText> {
    let all = (0..666).map(|number| {
        let id = format!("POL-{number:04}");
        let version = if number % 50 == version % 50 {
            version
        } else {
            0
        };
        let body = json!({"id": id, "version": version, "why": "x".repeat(300)}).to_string();
        let controls = vec!["soc2-2017:CC6.1".to_owned()];
        (
            id,
            PolicyText {
                severity: "high".to_owned(),
                controls,
                body,
            },
        )
    });
    all.collect()
}

fn snapshot(
    tenant: &str,
    number: u64,
    results: &Results,
    policies: &BTreeMap<String, PolicyText>,
) -> Snapshot {
    Snapshot {
        format: 1,
        context: RunContext {
            tenant: tenant.to_owned(),
            stream: "payments/prod".to_owned(),
            commit: Some(format!("{number:040x}")),
            ..RunContext::default()
        },
        at: 1_772_000_000_000 + i64::try_from(number).unwrap_or(0) * 3_600_000,
        complete: true,
        tool_version: "bench".to_owned(),
        inputs: json!([{"name": "plan.json"}]),
        summary: json!({"counts": {}}),
        policies: policies.clone(),
        results: results.clone(),
    }
}

/// Records a tenant's history; gives milliseconds of scans with and without changes.
fn history(
    url: &str,
    tenant: &str,
    scans: u64,
    every: u64,
) -> Result<Measured, Box<dyn Error + Send + Sync>> {
    let mut store = Store::open(url)?;
    let key = SecretKey::from_seed("abide/bench", &[1; 32]);
    let mut numbers = Numbers(7);
    let mut results: Results = (0..200).map(|n| resource(n, &mut numbers)).collect();
    let (mut next, mut changed, mut same, mut kept) = (200, Vec::new(), Vec::new(), Vec::new());
    let mut pack = policies(0);
    for number in 0..scans {
        let change = number % every == 0;
        if change && number > 0 {
            churn(&mut results, &mut next, &mut numbers);
        }
        if number % 50 == 49 {
            pack = policies(number / 50 + 1);
        }
        let scan = snapshot(tenant, number, &results, &pack);
        let start = Instant::now();
        store.record(&scan, &key, scan.at)?;
        let took = start.elapsed().as_secs_f64() * 1000.0;
        if change {
            changed.push(took)
        } else {
            same.push(took)
        }
        if number % 13 == 0 || scans <= 200 {
            kept.push((i64::try_from(number)? + 1, scan.results));
        }
    }
    let mut differences = 0;
    for (seq, expected) in &kept {
        let stored = store
            .results(tenant, "payments/prod", *seq)?
            .unwrap_or_default();
        let good = stored.len() == expected.len()
            && expected.iter().all(|(subject, records)| {
                stored.get(subject).is_some_and(|s| Store::same(records, s))
            });
        differences += usize::from(!good);
    }
    Ok((changed, same, differences))
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[allow(clippy::print_stdout, reason = "a benchmark prints")]
fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let url = arguments.first().ok_or("name a file or a URL")?.clone();
    let scans: u64 = arguments.get(1).map_or(Ok(1300), |text| text.parse())?;
    let connections: u64 = arguments.get(2).map_or(Ok(1), |text| text.parse())?;
    Store::open(&url)?;
    let start = Instant::now();
    // With several connections, one scan in a hundred changes something.
    let every = if connections > 1 { 100 } else { 2 };
    let threads: Vec<_> = (0..connections)
        .map(|number| {
            let url = url.clone();
            std::thread::spawn(move || history(&url, &format!("tenant{number}"), scans, every))
        })
        .collect();
    let (mut changed, mut same, mut differences) = (Vec::new(), Vec::new(), 0);
    for thread in threads {
        let (with, without, wrong) = thread.join().map_err(|_| "a thread failed")??;
        changed.extend(with);
        same.extend(without);
        differences += wrong;
    }
    println!(
        "scans {} in {:.1} s with generating and reading back",
        scans * connections,
        start.elapsed().as_secs_f64()
    );
    println!(
        "median ms: {:.2} with changes, {:.2} without",
        median(&mut changed),
        median(&mut same)
    );
    let recording: f64 = changed.iter().chain(&same).sum();
    println!(
        "scans/s while recording: {:.0}",
        (scans * connections) as f64 * connections as f64 / recording * 1000.0
    );
    println!("scans that differ: {differences}");
    if let Ok(file) = std::fs::metadata(&url) {
        println!("bytes: {}", file.len());
    }
    Ok(())
}
