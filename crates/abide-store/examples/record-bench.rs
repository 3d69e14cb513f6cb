//! How fast and how small: 200 resources, 666 policies, 1 300 scans with realistic churn.
//!
//!     cargo run --release -p abide-store --example record-bench -- FILE|postgres://… [SCANS] [--dense] [--old] [--connections N]
//!
//! A resource is judged by the policies of its type, 20 of the 666; with `--dense` by all of them.
//! One or two resources change every second scan (every hundredth with several connections),
//! now and then one comes or goes, and the policies change every fiftieth scan. All scans are read back and
//! compared; beyond 5 000 every thirteenth. `--old` sets the last thousand scans against the first
//! thousand of a new store, one by one in turn.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use abide_ledger::note::SecretKey;
use abide_store::{PolicyText, Record, RunContext, Snapshot, Status, Store, Subject};
use serde_json::json;

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

/// What is measured.
#[derive(Clone, Copy)]
struct Plan {
    scans: u64,
    /// Something changes in every so many scans.
    every: u64,
    /// Policies that judge a resource.
    policies: u64,
}

fn resource(
    number: u64,
    policies: u64,
    numbers: &mut Numbers,
) -> (Subject, BTreeMap<String, Record>) {
    let kind = number % TYPES;
    let subject = Subject {
        input: 0,
        address: format!(
            "module.app[\"{}\"].aws_type_{kind}.resource_{number}",
            number % 7
        ),
        resource_type: format!("aws_type_{kind}"),
    };
    let policies = (0..policies).map(|n| ((kind * 20 + n) % 666, numbers.below(100)));
    let records = policies.map(|(policy, dice)| {
        let status = match dice {
            0..10 => Status::Fail,
            10..14 => Status::Unknown,
            _ => Status::Pass,
        };
        let id = format!("POL-{policy:04}");
        // What passes is mostly set to the same few values: of the 3 528 passes of a generated plan of
        // 2 000 resources, 146 say something of their own; of its 664 other outcomes, 153 do.
        let found = match status {
            Status::Pass => dice % 6,
            _ => dice,
        };
        let detail = json!([{"message": format!("{id}: attribute has a value"), "found": found.to_string(), "remediation": "set it"}]);
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
fn churn(results: &mut Results, next: &mut u64, policies: u64, numbers: &mut Numbers) {
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
                let (subject, records) = resource(*next, policies, numbers);
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
                let (_, fresh) = resource(number, policies, numbers);
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

fn snapshot(tenant: &str, results: Results) -> Snapshot {
    Snapshot {
        format: 1,
        context: RunContext {
            tenant: tenant.to_owned(),
            stream: STREAM.to_owned(),
            ..RunContext::default()
        },
        at: 0,
        complete: true,
        tool_version: "bench".to_owned(),
        inputs: json!([{"name": "plan.json"}]),
        summary: json!({"counts": {}}),
        policies: policies(0),
        results,
    }
}

const STREAM: &str = "payments/prod";

/// How long each scan took, in milliseconds, and whether it changed something.
type Took = Vec<(f64, bool)>;

type Failure = Box<dyn Error + Send + Sync>;

/// The results of scan after scan; the same every time, so that nothing has to be kept for
/// the comparison.
struct History {
    plan: Plan,
    results: Results,
    next: u64,
    numbers: Numbers,
    number: u64,
}

impl History {
    fn new(plan: Plan) -> Self {
        let mut numbers = Numbers(7);
        let results = (0..200).map(|n| resource(n, plan.policies, &mut numbers));
        Self {
            plan,
            results: results.collect(),
            next: 200,
            numbers,
            number: 0,
        }
    }

    /// Goes on to the next scan; says whether something changes in it.
    fn step(&mut self) -> bool {
        let change = self.number.is_multiple_of(self.plan.every);
        if change && self.number > 0 {
            let policies = self.plan.policies;
            churn(
                &mut self.results,
                &mut self.next,
                policies,
                &mut self.numbers,
            );
        }
        self.number += 1;
        change
    }
}

/// Records a tenant's history, scan after scan.
struct Recorder {
    store: Store,
    key: SecretKey,
    history: History,
    scan: Snapshot,
}

impl Recorder {
    fn open(url: &str, tenant: &str, plan: Plan) -> Result<Self, Failure> {
        let history = History::new(plan);
        Ok(Self {
            store: Store::open(url)?,
            key: SecretKey::from_seed("abide/bench", &[1; 32]),
            scan: snapshot(tenant, history.results.clone()),
            history,
        })
    }

    /// Records the next scan: how long it took in milliseconds, and whether something changed.
    fn step(&mut self) -> Result<(f64, bool), Failure> {
        let number = self.history.number;
        let change = self.history.step();
        if change {
            self.scan.results.clone_from(&self.history.results);
        }
        if number % 50 == 49 {
            self.scan.policies = policies(number / 50 + 1);
        }
        self.scan.at = 1_772_000_000_000 + i64::try_from(number)? * 3_600_000;
        self.scan.context.commit = Some(format!("{number:040x}"));
        let start = Instant::now();
        self.store.record(&self.scan, &self.key, self.scan.at)?;
        Ok((start.elapsed().as_secs_f64() * 1000.0, change))
    }
}

fn record(url: &str, tenant: &str, plan: Plan) -> Result<Took, Failure> {
    let mut recorder = Recorder::open(url, tenant, plan)?;
    (0..plan.scans).map(|_| recorder.step()).collect()
}

/// Scans of an old store and of one in its first year, one of this and one of that, so that both
/// meet the same machine.
fn age(url: &str, plan: Plan) -> Result<(Took, Took), Failure> {
    let tenant = "tenant0";
    let mut old = Recorder::open(url, tenant, plan)?;
    for _ in 0..plan.scans.saturating_sub(COMPARED) {
        old.step()?;
    }
    let mut young = Recorder::open(&format!("{url}-young"), tenant, plan)?;
    let (mut aged, mut fresh) = (Took::new(), Took::new());
    for _ in 0..COMPARED {
        aged.push(old.step()?);
        fresh.push(young.step()?);
    }
    Ok((aged, fresh))
}

/// Scans that are compared when a store is old.
const COMPARED: u64 = 1000;

/// Scans that were read, and those that do not come back as they were. Of long or dense
/// histories one in thirteen is read.
fn differences(url: &str, tenant: &str, plan: Plan) -> Result<(u64, u64), Failure> {
    let mut store = Store::open(url)?;
    let (mut read, mut wrong) = (0, 0);
    let mut history = History::new(plan);
    let all = plan.scans <= 5000 && plan.policies <= 20;
    for number in 0..plan.scans {
        history.step();
        if !all && number % 13 != 0 {
            continue;
        }
        let seq = i64::try_from(number)? + 1;
        let stored = store.results(tenant, STREAM, seq)?.unwrap_or_default();
        let same = stored.len() == history.results.len()
            && history.results.iter().all(|(subject, records)| {
                let stored = stored.get(subject);
                stored.is_some_and(|stored| Store::same(records, stored))
            });
        read += 1;
        wrong += u64::from(!same);
    }
    Ok((read, wrong))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn medians(took: &[(f64, bool)]) -> String {
    let of = |wanted: bool| median(took.iter().filter(|(_, c)| *c == wanted).map(|(ms, _)| *ms));
    format!("{:.2} ms without changes, {:.2} with", of(false), of(true))
}

fn flag(arguments: &mut Vec<String>, name: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != name);
    arguments.len() < before
}

/// Several tenants at once, and how many scans a second that gives.
#[allow(clippy::print_stdout, reason = "a benchmark prints")]
fn many(url: &str, plan: Plan, connections: u64) -> Result<(), Failure> {
    Store::open(url)?;
    let start = Instant::now();
    let threads: Vec<_> = (0..connections)
        .map(|number| {
            let url = url.to_owned();
            std::thread::spawn(move || record(&url, &format!("tenant{number}"), plan))
        })
        .collect();
    let mut took = Took::new();
    for thread in threads {
        took.extend(thread.join().map_err(|_| "a thread failed")??);
    }
    let elapsed = start.elapsed().as_secs_f64();
    println!("  median {}", medians(&took));
    println!(
        "  {:.0} scans/s",
        (plan.scans * connections) as f64 / elapsed
    );
    Ok(())
}

fn option(arguments: &mut Vec<String>, name: &str) -> Result<Option<u64>, Failure> {
    let Some(at) = arguments.iter().position(|argument| argument == name) else {
        return Ok(None);
    };
    arguments.remove(at);
    let value = arguments.get(at).ok_or("a number is missing")?.parse()?;
    arguments.remove(at);
    Ok(Some(value))
}

#[allow(clippy::print_stdout, reason = "a benchmark prints")]
fn main() -> Result<(), Failure> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let connections = option(&mut arguments, "--connections")?.unwrap_or(1);
    let dense = flag(&mut arguments, "--dense");
    let old = flag(&mut arguments, "--old");
    let url = arguments.first().ok_or("name a file or a URL")?.clone();
    let plan = Plan {
        scans: arguments.get(1).map_or(Ok(1300), |text| text.parse())?,
        every: if connections > 1 { 100 } else { 2 },
        policies: if dense { 666 } else { 20 },
    };
    if old {
        let (aged, fresh) = age(&url, plan)?;
        println!(
            "  after {} scans: {}",
            plan.scans.saturating_sub(COMPARED),
            medians(&aged)
        );
        println!("  from the first: {}", medians(&fresh));
    } else {
        many(&url, plan, connections)?;
    }
    let (mut read, mut wrong) = (0, 0);
    for number in 0..connections {
        let (more, different) = differences(&url, &format!("tenant{number}"), plan)?;
        read += more;
        wrong += different;
    }
    println!("  {read} scans read back, {wrong} differ");
    if let Ok(file) = std::fs::metadata(&url) {
        let bytes = file.len();
        println!(
            "  {:.1} MB, {} bytes a scan",
            bytes as f64 / 1e6,
            bytes / plan.scans
        );
    }
    if wrong > 0 {
        return Err("a scan does not come back as it was".into());
    }
    Ok(())
}
