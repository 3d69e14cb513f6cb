//! From one database to the other and back.

use std::io::BufReader;

use abide_ledger::verify::Broken;
use abide_store::{Status, Store, StoreError};

use crate::{HOUR, T0, history, key, record_all, server, snapshot};

fn backup(url: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut store = Store::open(url).expect("open");
    let rows = store.backup(&mut bytes).expect("written");
    assert!(rows > 20, "{rows}");
    bytes
}

fn restore(url: &str, bytes: &[u8]) -> Result<usize, StoreError> {
    Store::restore(url, &mut BufReader::new(bytes)).map(|restored| restored.rows)
}

fn there_and_back(first: &str, second: &str, third: &str) {
    let mut store = Store::open(first).expect("open");
    record_all(&mut store);
    let bytes = backup(first);
    restore(second, &bytes).expect("restored");
    assert_eq!(backup(second), bytes, "the copy is not the same");
    restore(third, &backup(second)).expect("restored");
    let mut copy = Store::open(third).expect("open");
    assert_eq!(copy.check_scans("acme", None).expect("all").reproduced, 6);
    // It goes on where it was.
    let next = snapshot(9, &["POL-0001"], &[("a", "POL-0001", Status::Pass)]);
    copy.record(&next, &key(), next.at).expect("recorded");
    assert!(matches!(
        restore(second, &bytes),
        Err(StoreError::Backup(_))
    ));
}

#[test]
fn from_sqlite_to_postgres_and_back() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let there = server::shared().database("restored");
    there_and_back(&path("one.db"), &there, &path("two.db"));
}

#[test]
fn from_postgres_to_sqlite_and_back() {
    let folder = tempfile::tempdir().expect("folder");
    let there = folder.path().join("one.db").display().to_string();
    let server = server::shared();
    there_and_back(&server.database("first"), &there, &server.database("third"));
}

#[test]
fn a_broken_backup_restores_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    record_all(&mut Store::open(&path("one.db")).expect("open"));
    let good = String::from_utf8(backup(&path("one.db"))).expect("text");
    let cut = good.lines().count() - 1;
    let cut: String = good
        .lines()
        .take(cut)
        .map(|line| format!("{line}\n"))
        .collect();
    let lost: String = good
        .lines()
        .filter(|line| !line.contains("bucket") && !line.contains("\"c2\""))
        .map(|line| format!("{line}\n"))
        .collect();
    let hostile = good.replace(
        "\"columns\":[\"tenant\",\"id\",\"name\"]",
        "\"columns\":[\"tenant\",\"id\",\"name) VALUES (1)--\"]",
    );
    assert_ne!(hostile, good);
    for (number, (bad, says)) in [
        (cut, "cut off"),
        (lost, "changed"),
        (hostile, "no part of a backup"),
        (good.replacen("c5", "c6", 1), "changed"),
        (String::new(), "empty"),
        ("{}\n".to_owned(), "first line"),
    ]
    .into_iter()
    .enumerate()
    {
        let url = path(&format!("bad{number}.db"));
        let error = restore(&url, bad.as_bytes()).expect_err("refused");
        assert!(error.to_string().contains(says), "{error}");
        let mut store = Store::open(&url).expect("open");
        assert!(
            store.tenants().expect("tenants").is_empty(),
            "half restored"
        );
    }
}

/// A restored backup is a good store; only a checkpoint that is younger shows what is missing.
#[test]
fn a_restored_backup_is_seen_to_be_old() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut store = Store::open(&path("one.db")).expect("open");
    let scans = history();
    store.record(&scans[0], &key(), T0).expect("recorded");
    let bytes = backup(&path("one.db"));
    store
        .record(&scans[1], &key(), T0 + HOUR)
        .expect("recorded");
    let younger = store.checkpoint("acme").expect("checkpoint");
    restore(&path("two.db"), &bytes).expect("restored");
    let log = Store::open(&path("two.db"))
        .expect("open")
        .log("acme")
        .expect("log")
        .log;
    log.verify(key().public(), &[]).expect("good by itself");
    let old = log.verify(key().public(), &[younger]);
    assert!(matches!(old, Err(Broken::Short { .. })), "{old:?}");
}

/// A backup of an earlier version is brought to the newest.
#[test]
fn backups_know_every_table() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("abide.db");
    Store::open(&file.display().to_string()).expect("open");
    let db = rusqlite::Connection::open(&file).expect("open");
    let sql = "SELECT m.name, group_concat(c.name, ',') FROM sqlite_master m JOIN pragma_table_info(m.name) c
               WHERE m.type = 'table' AND m.name NOT IN ('abide_version') GROUP BY m.name ORDER BY m.name";
    let mut statement = db.prepare(sql).expect("sql");
    let sorted = |names: Vec<&str>| {
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    };
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let schema: Vec<_> = rows
        .expect("rows")
        .map(|row| row.expect("row"))
        .map(|(table, columns)| (table, sorted(columns.split(',').collect())))
        .collect();
    let mut known: Vec<_> = Store::backup_tables()
        .into_iter()
        .map(|(table, columns)| (table.to_owned(), sorted(columns)))
        .collect();
    known.sort();
    assert_eq!(known, schema);
}
