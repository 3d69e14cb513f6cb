//! One suite for both databases.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod attacks;
mod audit;
mod backup;
mod crash;
mod prune;
mod roles;
mod schema;
mod server;
mod slots;
mod tls;

use std::collections::BTreeMap;

use abide_ledger::entry::{Entry, Kind};
use abide_ledger::note::{Checkpoint, PublicKey, SecretKey};
use abide_ledger::tree::root_from_proof;
use abide_ledger::verify::Broken;
use abide_store::{PolicyText, Record, RunContext, Snapshot, Status, Store, StoreError, Subject};
use serde_json::json;

const T0: i64 = 1_772_000_000_000;
const HOUR: i64 = 3_600_000;

fn key() -> SecretKey {
    SecretKey::from_seed("abide/acme", &[7; 32])
}

type Cell<'a> = (&'a str, &'a str, Status);

fn snapshot(number: i64, policies: &[&str], cells: &[Cell<'_>]) -> Snapshot {
    let mut results: BTreeMap<Subject, BTreeMap<String, Record>> = BTreeMap::new();
    for (address, policy, status) in cells {
        let subject = Subject {
            input: 0,
            address: (*address).to_owned(),
            resource_type: "aws_s3_bucket".to_owned(),
        };
        let record = Record {
            status: *status,
            detail: format!(
                r#"[{{"message":"{policy} says {status:?}","remediation":"mend it"}}]"#
            ),
            fingerprint: format!("{address}/{policy}"),
            previous_fingerprint: None,
        };
        results
            .entry(subject)
            .or_default()
            .insert((*policy).to_owned(), record);
    }
    let policies = policies.iter().map(|id| {
        let text = PolicyText {
            severity: "high".to_owned(),
            controls: vec!["pci-dss-4.0.1:1.2.1".to_owned()],
            body: format!(r#"{{"id":"{id}"}}"#),
        };
        ((*id).to_owned(), text)
    });
    Snapshot {
        format: 1,
        context: RunContext {
            tenant: "acme".to_owned(),
            stream: "payments".to_owned(),
            commit: Some(format!("c{number}")),
            ..RunContext::default()
        },
        at: T0 + number * HOUR,
        complete: true,
        tool_version: "0.1.0".to_owned(),
        inputs: json!([{"name": "plan.json"}]),
        summary: json!({"counts": {"fail": 1}}),
        policies: policies.collect(),
        results,
    }
}

fn history() -> Vec<Snapshot> {
    use Status::{Error, Excepted, Fail, Pass, Unknown};
    let both = ["POL-0001", "POL-0002"];
    let mut partial = snapshot(4, &both, &[]);
    partial.complete = false;
    vec![
        snapshot(
            1,
            &both,
            &[
                ("a", "POL-0001", Fail),
                ("a", "POL-0002", Fail),
                ("b", "POL-0001", Fail),
            ],
        ),
        snapshot(
            2,
            &both,
            &[
                ("a", "POL-0001", Excepted),
                ("a", "POL-0002", Fail),
                ("b", "POL-0001", Fail),
            ],
        ),
        snapshot(
            3,
            &both,
            &[
                ("a", "POL-0001", Fail),
                ("a", "POL-0002", Unknown),
                ("b", "POL-0001", Error),
            ],
        ),
        partial,
        snapshot(
            5,
            &both,
            &[
                ("a", "POL-0001", Pass),
                ("a", "POL-0002", Fail),
                ("c", "POL-0001", Pass),
            ],
        ),
        snapshot(
            6,
            &["POL-0001"],
            &[("a", "POL-0001", Fail), ("c", "POL-0001", Pass)],
        ),
    ]
}

fn record_all(store: &mut Store) {
    for scan in history() {
        let recorded = store.record(&scan, &key(), scan.at).expect("recorded");
        assert!(!recorded.already);
    }
}

/// Every past scan comes back exactly.
fn reproduces(url: &str) {
    let mut store = Store::open(url).expect("open");
    record_all(&mut store);
    for (seq, scan) in (1..).zip(history()) {
        let stored = store.results("acme", "payments", seq).expect("results");
        let Some(stored) = stored else {
            assert!(!scan.complete);
            continue;
        };
        assert_eq!(stored.len(), scan.results.len(), "scan {seq}");
        for (subject, records) in &scan.results {
            assert!(
                Store::same(records, &stored[subject]),
                "scan {seq}, {subject:?}"
            );
        }
    }
    let runs = store
        .runs("acme", "payments", T0 + 2 * HOUR, T0 + 5 * HOUR)
        .expect("runs");
    assert_eq!(
        runs.iter().map(|run| run.seq).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert_eq!(runs[0].context.commit.as_deref(), Some("c2"));
}

fn keeps_lives(url: &str) {
    let mut store = Store::open(url).expect("open");
    record_all(&mut store);
    let findings = store.findings("acme", "payments").expect("findings");
    let lives: Vec<_> = findings
        .iter()
        .map(|f| {
            (
                f.subject.address.as_str(),
                f.policy.as_str(),
                f.opened,
                (f.first_seen - T0) / HOUR,
                f.state.as_str(),
                f.closed,
                f.reason.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        lives,
        [
            // Excepted in scan 2 and open again in scan 3: first seen stays.
            ("a", "POL-0001", 1, 1, "closed", Some(5), Some("fixed")),
            (
                "b",
                "POL-0001",
                1,
                1,
                "closed",
                Some(5),
                Some("resource_removed")
            ),
            // Unknown in scan 3 is no proof that it was fixed.
            (
                "a",
                "POL-0002",
                1,
                1,
                "closed",
                Some(6),
                Some("policy_removed")
            ),
            ("a", "POL-0001", 6, 6, "open", None, None),
        ]
    );
}

fn is_idempotent(url: &str) {
    let mut store = Store::open(url).expect("open");
    let scan = snapshot(1, &["POL-0001"], &[("a", "POL-0001", Status::Fail)]);
    let first = store.record(&scan, &key(), scan.at).expect("recorded");
    let again = store
        .record(&scan, &key(), scan.at + HOUR)
        .expect("recorded");
    assert_eq!(
        (again.already, &again.id, again.seq),
        (true, &first.id, first.seq)
    );
    let spooled: Snapshot = serde_json::from_str(&serde_json::to_string(&scan).unwrap()).unwrap();
    assert!(
        store
            .record(&spooled, &key(), scan.at + HOUR)
            .expect("recorded")
            .already
    );
    assert_eq!(store.log("acme").expect("log").log.entries.len(), 2);
}

fn keeps_slots(url: &str) {
    let mut store = Store::open(url).expect("open");
    for hour in 1..=3 {
        store
            .due("acme", "payments", T0 + hour * HOUR)
            .expect("due");
    }
    let mut scan = snapshot(1, &["POL-0001"], &[("a", "POL-0001", Status::Pass)]);
    scan.context.slot = Some(T0 + HOUR);
    store.record(&scan, &key(), scan.at).expect("recorded");
    let missed = store
        .mark_missed(
            "acme",
            T0 + 3 * HOUR,
            "the runner was down",
            &key(),
            T0 + 4 * HOUR,
        )
        .expect("missed");
    assert_eq!(missed, 1);
    let slots = store
        .slots("acme", "payments", T0, T0 + 9 * HOUR)
        .expect("slots");
    let states: Vec<_> = slots.iter().map(|slot| slot.state.as_str()).collect();
    assert_eq!(states, ["ran", "missed", "due"]);
}

fn verifies_and_proves(url: &str) {
    let mut store = Store::open(url).expect("open");
    record_all(&mut store);
    let bundle = store.log("acme").expect("log");
    assert_eq!(bundle.first_key.as_ref(), Some(key().public()));
    // Six scans, two sets of policies.
    assert_eq!(
        bundle.log.verify(key().public(), &[]).expect("good").size,
        8
    );
    let (text, proof) = store.prove("acme", 3).expect("proof");
    let checkpoint = Checkpoint::open(&proof.checkpoint, key().public()).expect("signed");
    let entry = Entry { seq: 3, text };
    assert_eq!(
        root_from_proof(entry.leaf(), 3, 8, &proof.path),
        Some(checkpoint.root)
    );
}

/// Each attack, and the entry that is named.
fn names_the_first_bad_entry(url: &str) {
    let mut store = Store::open(url).expect("open");
    record_all(&mut store);
    let good = store.log("acme").expect("log").log;
    let key = key();
    let earlier = good.checkpoints[1].clone();
    let attack = |change: &dyn Fn(&mut abide_ledger::verify::Log)| {
        let mut log = good.clone();
        change(&mut log);
        log.verify(key.public(), &[]).expect_err("caught")
    };
    let edited = |log: &mut abide_ledger::verify::Log| {
        log.entries[4].0 = log.entries[4].0.replace("\"fail\":1", "\"fail\":0")
    };
    assert_eq!(attack(&edited), Broken::Changed { at: 4 });
    let edited_with_hash = |log: &mut abide_ledger::verify::Log| {
        edited(log);
        log.entries[4].1 = None;
    };
    assert_eq!(
        attack(&edited_with_hash),
        Broken::Root { first: 4, size: 5 }
    );
    assert!(matches!(
        attack(&|log| {
            log.entries.remove(3);
        }),
        Broken::Sequence { at: 3, .. }
    ));
    assert!(matches!(
        attack(&|log| log.entries.swap(2, 5)),
        Broken::Sequence { at: 2, .. }
    ));
    assert_eq!(
        attack(&|log| log.entries.truncate(5)),
        Broken::Short {
            have: 5,
            expected: 6
        }
    );
    let cut_both = |log: &mut abide_ledger::verify::Log| {
        log.entries.truncate(5);
        log.checkpoints.truncate(4);
    };
    let mut cut = good.clone();
    cut_both(&mut cut);
    // A restored backup is a good log by itself: only a later checkpoint shows it.
    assert!(cut.verify(key.public(), &[]).is_ok());
    let newest = good.checkpoints.last().cloned().expect("newest");
    assert_eq!(
        cut.verify(key.public(), &[newest]),
        Err(Broken::Short {
            have: 5,
            expected: 8
        })
    );

    // Rewritten and signed again with the real key: good by itself, but not with an earlier checkpoint.
    let other = format!("{url}-rewritten");
    let mut forged = if url.starts_with("postgres") {
        Store::open(&server::shared().database("rewritten"))
    } else {
        Store::open(&other)
    }
    .expect("open");
    for mut scan in history() {
        scan.context.commit = Some("forged".to_owned());
        forged.record(&scan, &key, scan.at).expect("recorded");
    }
    let forged = forged.log("acme").expect("log").log;
    assert!(forged.verify(key.public(), &[]).is_ok());
    assert_eq!(
        forged.verify(key.public(), &[earlier]),
        Err(Broken::Rewritten { size: 3, first: 0 })
    );
}

fn minds_the_clock(url: &str) {
    let mut store = Store::open(url).expect("open");
    let scan = snapshot(1, &["POL-0001"], &[("a", "POL-0001", Status::Fail)]);
    store.record(&scan, &key(), T0 + HOUR).expect("recorded");
    let next = snapshot(2, &["POL-0001"], &[]);
    let error = store.record(&next, &key(), T0).expect_err("refused");
    assert!(
        matches!(error, StoreError::ClockBack { behind_s: 3600 }),
        "{error}"
    );
    store
        .record(&next, &key(), T0 + HOUR - 1000)
        .expect("a second is no matter");
    store
        .log("acme")
        .expect("log")
        .log
        .verify(key().public(), &[])
        .expect("good");
}

fn records_rotation(url: &str) {
    let mut store = Store::open(url).expect("open");
    store
        .append("acme", &[(Kind::ConfigChanged, json!({}))], &key(), T0)
        .expect("appended");
    let next = SecretKey::from_seed("abide/acme", &[8; 32]);
    let entry = [(Kind::ConfigChanged, json!({}))];
    let other = store.append("acme", &entry, &next, T0);
    assert!(matches!(other, Err(StoreError::OtherKey { .. })));
    store.rotate("acme", &key(), &next, T0).expect("rotated");
    store.append("acme", &entry, &next, T0).expect("appended");
    assert!(store.append("acme", &entry, &key(), T0).is_err());
    let bundle = store.log("acme").expect("log");
    let first: PublicKey = bundle.first_key.expect("key");
    assert_eq!(&first, key().public());
    assert_eq!(bundle.log.verify(&first, &[]).expect("good").size, 3);
    assert!(bundle.log.verify(next.public(), &[]).is_err());
}

fn migrates_from_every_version(url: &dyn Fn(usize) -> String) {
    let newest = Store::open(&url(99))
        .expect("open")
        .version()
        .expect("version");
    for version in 0..newest {
        let url = url(usize::try_from(version).unwrap());
        let mut old = Store::open_at_version(&url, usize::try_from(version).unwrap()).expect("old");
        assert_eq!(old.version().expect("version"), version);
        drop(old);
        let mut store = Store::open(&url).expect("open");
        assert_eq!(store.version().expect("version"), newest);
        record_all(&mut store);
    }
}

fn two_writers(url: &str) {
    Store::open(url).expect("open");
    let threads: Vec<_> = (0..2)
        .map(|thread| {
            let url = url.to_owned();
            std::thread::spawn(move || {
                let mut store = Store::open(&url).expect("open");
                for number in 0..20 {
                    let mut scan =
                        snapshot(number, &["POL-0001"], &[("a", "POL-0001", Status::Fail)]);
                    scan.context.actor = Some(thread.to_string());
                    store.record(&scan, &key(), T0 + HOUR).expect("recorded");
                }
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().expect("no panic"));
    let mut store = Store::open(url).expect("open");
    assert_eq!(
        store
            .runs("acme", "payments", 0, i64::MAX)
            .expect("runs")
            .len(),
        40
    );
    assert_eq!(
        store
            .log("acme")
            .expect("log")
            .log
            .verify(key().public(), &[])
            .expect("good")
            .size,
        41
    );
}

use audit::{audits, audits_the_past, proves_results};

macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(#[test] fn $name() {
                let folder = tempfile::tempdir().expect("folder");
                super::$name(&folder.path().join("abide.db").display().to_string());
            })*
        }
        mod on_postgres {
            $(#[test] fn $name() { super::$name(&super::server::shared().database(stringify!($name))); })*
        }
    };
}

on_both! {
    reproduces keeps_lives is_idempotent keeps_slots verifies_and_proves names_the_first_bad_entry
    minds_the_clock records_rotation two_writers audits audits_the_past proves_results
}

#[test]
fn migrations_on_sqlite() {
    let folder = tempfile::tempdir().expect("folder");
    migrates_from_every_version(&|version| {
        folder
            .path()
            .join(format!("{version}.db"))
            .display()
            .to_string()
    });
}

#[test]
fn migrations_on_postgres() {
    migrates_from_every_version(&|version| {
        server::shared().database(&format!("migrate_{version}"))
    });
}

#[test]
fn the_view_shows_every_evaluation() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("abide.db");
    record_all(&mut Store::open(&path.display().to_string()).expect("open"));
    let db = rusqlite::Connection::open(&path).expect("open");
    let row: (i64, i64, String) = db
        .query_row(
            "SELECT COUNT(*), SUM(compliant), MAX(remediation) FROM policy_scan_results",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .expect("view");
    assert_eq!(row, (14, 3, "mend it".to_owned()));
    // The ledger only grows.
    assert!(db.execute("DELETE FROM ledger_entry", []).is_err());
    assert!(db.execute("UPDATE run SET at = 0", []).is_err());

    let url = server::shared().database("view");
    record_all(&mut Store::open(&url).expect("open"));
    let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("connect");
    let row = client.query_one("SELECT COUNT(*), COUNT(*) FILTER (WHERE compliant), MAX(remediation) FROM policy_scan_results", &[]).expect("view");
    assert_eq!(
        (
            row.get::<_, i64>(0),
            row.get::<_, i64>(1),
            row.get::<_, String>(2)
        ),
        (14, 3, "mend it".to_owned())
    );
    assert!(client.batch_execute("DELETE FROM ledger_entry").is_err());
    assert!(client.batch_execute("TRUNCATE checkpoint").is_err());
}
