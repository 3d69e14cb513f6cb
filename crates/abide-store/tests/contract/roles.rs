//! What the roles of PostgreSQL may do, and what not.

use abide_store::{ROLES, Schedule, Store};
use postgres::{Client, NoTls};

use crate::{HOUR, T0, history, key, record_all, server};

fn as_role(url: &str, role: &str) -> String {
    url.replace("abide@", &format!("{role}@"))
}

#[test]
fn the_writer_records_and_changes_nothing_that_was_recorded() {
    let url = server::shared().database("roles");
    Store::open(&url).expect("open");
    let mut owner = Client::connect(&url, NoTls).expect("connect");
    owner.batch_execute(ROLES).expect("roles");
    owner.batch_execute(ROLES).expect("a second time");
    let people =
        "CREATE ROLE ci LOGIN IN ROLE abide_writer; CREATE ROLE auditor LOGIN IN ROLE abide_reader;
                  CREATE ROLE keeper LOGIN IN ROLE abide_keeper";
    owner.batch_execute(people).expect("people");

    // Everything recording needs.
    let mut store = Store::open(&as_role(&url, "ci")).expect("open");
    let schedule = Schedule {
        stream: "payments".to_owned(),
        from: T0,
        every: HOUR,
        grace: HOUR,
        until: None,
    };
    store
        .schedule("acme", &schedule, &key(), T0)
        .expect("scheduled");
    record_all(&mut store);
    store.check_scans("acme", None).expect("good");

    let mut writer = Client::connect(&as_role(&url, "ci"), NoTls).expect("connect");
    let refused = |client: &mut Client, sql: &str| {
        let error = client.batch_execute(sql).expect_err(sql);
        let code = error.code().expect("of the server").code().to_owned();
        assert_eq!(code, "42501", "{sql}: {error}");
    };
    for table in [
        "ledger_entry",
        "checkpoint",
        "run",
        "policy_version",
        "pack_policy",
        "pruned",
    ] {
        for sql in ["DELETE FROM", "TRUNCATE"] {
            refused(&mut writer, &format!("{sql} {table}"));
        }
        refused(&mut writer, &format!("UPDATE {table} SET tenant = tenant"));
    }
    for sql in [
        "DELETE FROM state",
        "DELETE FROM finding",
        "DELETE FROM slot",
        "UPDATE state SET status = 1",
        "UPDATE detail SET json = ''",
        "UPDATE finding SET first_seen = 0",
        "INSERT INTO pruned VALUES ('acme', 1, 5, 0)",
        "DROP TRIGGER run_only_grows ON run",
        "ALTER TABLE run DISABLE TRIGGER ALL",
        "CREATE TABLE more (a int)",
    ] {
        refused(&mut writer, sql);
    }
    // Not even the owner changes the ledger by mistake.
    owner
        .batch_execute("UPDATE ledger_entry SET text = ''")
        .expect_err("a trigger");

    let mut auditor = Store::open(&as_role(&url, "auditor")).expect("open");
    auditor.check_scans("acme", None).expect("reads");
    let mut scan = history().remove(0);
    scan.at += 1;
    auditor
        .record(&scan, &key(), T0 + 9 * HOUR)
        .expect_err("only reads");

    let archive = tempfile::tempdir().expect("folder");
    let before = T0 + 5 * HOUR;
    store
        .prune("acme", before, archive.path(), &key(), T0 + 9 * HOUR)
        .expect_err("the writer");
    let mut keeper = Store::open(&as_role(&url, "keeper")).expect("open");
    let pruned = keeper.prune("acme", before, archive.path(), &key(), T0 + 9 * HOUR);
    assert_eq!(pruned.expect("pruned").streams.len(), 1);
    keeper
        .check_scans("acme", Some(archive.path()))
        .expect("good");
}
