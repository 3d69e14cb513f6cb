//! Old results go to the archive, and the ledger still says what they were.

use std::fs;
use std::path::Path;

use abide_store::{AuditQuery, Store, StoreError};

use crate::{HOUR, T0, history, key, record_all, server};

/// Keeps the scans from the fifth on, and the third: the last whole one before.
fn prune(store: &mut Store, archive: &Path) -> abide_store::Pruned {
    let before = T0 + 5 * HOUR;
    store
        .prune("acme", before, archive, &key(), T0 + 9 * HOUR)
        .expect("pruned")
}

fn moves_and_still_verifies(url: &str) {
    let folder = tempfile::tempdir().expect("folder");
    let archive = folder.path();
    let mut store = Store::open(url).expect("open");
    record_all(&mut store);
    let findings = store.findings("acme", "payments").expect("findings");
    let pruned = prune(&mut store, archive);
    assert_eq!(pruned.streams.len(), 1);
    assert_eq!(pruned.streams[0].below, 3);
    let rows: usize = pruned.streams[0].files.iter().map(|file| file.rows).sum();
    // Four outcomes ended with scan 2 or 3.
    assert_eq!(rows, 4);
    let bundle = store.log("acme").expect("log");
    bundle.log.verify(key().public(), &[]).expect("good");

    // What is asked of a moved scan is refused, not answered in part.
    let gone = store.results("acme", "payments", 2);
    assert!(
        matches!(gone, Err(StoreError::Pruned { below: 3, .. })),
        "{gone:?}"
    );
    assert!(store.intervals("acme", "payments", 0, 99).is_err());
    let audit = |store: &mut Store, from: i64| {
        store.audit(&AuditQuery {
            tenant: "acme",
            targets: &[],
            from,
            to: T0 + 9 * HOUR,
            at: i64::MAX,
            controls: "",
        })
    };
    let part = audit(&mut store, T0);
    assert!(matches!(part, Err(StoreError::Pruned { .. })));
    audit(&mut store, T0 + 5 * HOUR).expect("what is kept can be reported");
    assert!(
        store
            .results("acme", "payments", 3)
            .expect("kept")
            .is_some()
    );
    assert_eq!(
        store.findings("acme", "payments").expect("findings"),
        findings
    );

    let without = store.check_scans("acme", None).expect("good");
    assert_eq!((without.reproduced, without.pruned), (4, 2));
    let with = store.check_scans("acme", Some(archive)).expect("good");
    assert_eq!((with.reproduced, with.pruned), (6, 0));

    // Nothing is left to move.
    assert!(prune(&mut store, archive).streams.is_empty());
    // The newest scan stays, however old it is.
    store
        .prune("acme", T0 + 99 * HOUR, archive, &key(), T0 + 99 * HOUR)
        .expect("pruned");
    assert!(
        store
            .results("acme", "payments", 6)
            .expect("kept")
            .is_some()
    );
    let all = store.check_scans("acme", Some(archive)).expect("good");
    assert_eq!((all.reproduced, all.pruned), (6, 0));

    // A changed file is noticed.
    let file = archive.join(&pruned.streams[0].files[0].path);
    let mut bytes = fs::read(&file).expect("file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).expect("written");
    let error = store
        .check_scans("acme", Some(archive))
        .expect_err("caught");
    assert!(
        error.to_string().contains("its digest is another"),
        "{error}"
    );
}

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("abide.db");
    let url = file.display().to_string();
    moves_and_still_verifies(&url);
    let db = rusqlite::Connection::open(&file).expect("open");
    let count = |sql: &str| {
        db.query_row(sql, [], |row| row.get::<_, i64>(0))
            .expect("sql")
    };
    // The view shows whole scans only.
    assert_eq!(
        count("SELECT COUNT(DISTINCT scan) FROM policy_scan_results"),
        1
    );
    assert_eq!(count("SELECT COUNT(*) FROM detail"), 2);
}

#[test]
fn on_postgres() {
    moves_and_still_verifies(&server::shared().database("prune"));
}

/// Results that vanish without an entry that says so are damage, not pruning.
#[test]
fn removed_results_are_noticed() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("abide.db");
    let mut store = Store::open(&file.display().to_string()).expect("open");
    record_all(&mut store);
    let db = rusqlite::Connection::open(&file).expect("open");
    db.execute("DELETE FROM state WHERE to_seq <= 5", [])
        .expect("deleted");
    db.execute("INSERT INTO pruned VALUES ('acme', 1, 5, 0)", [])
        .expect("inserted");
    store.check_scans("acme", None).expect_err("caught");
}

/// The archive cannot be written: nothing is removed.
#[test]
fn without_an_archive_nothing_is_removed() {
    let folder = tempfile::tempdir().expect("folder");
    let mut store =
        Store::open(&folder.path().join("abide.db").display().to_string()).expect("open");
    record_all(&mut store);
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let failed = store.prune("acme", T0 + 5 * HOUR, &file, &key(), T0 + 9 * HOUR);
    assert!(matches!(failed, Err(StoreError::Archive(_))), "{failed:?}");
    for seq in (1..).take(history().len()) {
        store.results("acme", "payments", seq).expect("all there");
    }
}
