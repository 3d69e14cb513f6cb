//! The store's own commands, and what others read of what they write.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::evidence::{RECORD, abide, ok, text};

/// Records three scans of a plan that changes, at three times in three months.
fn history(here: &Path) {
    let plan = fs::read_to_string(RECORD[1]).expect("plan");
    let (bad, good) = (
        "\"is_multi_region_trail\":false",
        "\"is_multi_region_trail\":true",
    );
    let secure = plan.replace(bad, good);
    assert_ne!(secure, plan, "the example has a trail of one region");
    for (at, text) in [
        ("2026-01-10", &plan),
        ("2026-02-10", &secure),
        ("2026-03-10", &plan),
    ] {
        fs::write(here.join("plan.json"), text).expect("written");
        let scan = ["scan", "plan.json", "--record", "-q", "--exit-zero"];
        ok(&abide(here, &[&scan[..], &["--now", at]].concat()));
    }
}

#[test]
fn a_backup_is_restored_and_seen_to_be_old() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    ok(&abide(here, &RECORD));
    ok(&abide(here, &["store", "backup", "abide.backup"]));
    let twice = abide(here, &["store", "backup", "abide.backup"]);
    assert!(text(&twice).contains("abide.backup"), "{}", text(&twice));
    assert_eq!(twice.status.code(), Some(2));
    ok(&abide(here, &RECORD));
    ok(&abide(here, &["evidence", "anchor", "-o", "later"]));
    let copy = ["--store", "copy.db"];
    ok(&abide(
        here,
        &[&["store", "restore", "abide.backup"], &copy[..]].concat(),
    ));
    let alone = abide(here, &[&["evidence", "verify"], &copy[..]].concat());
    assert!(
        text(&alone).starts_with("ok: 2 entries"),
        "{}",
        text(&alone)
    );
    let old = abide(
        here,
        &[&["evidence", "verify", "--checkpoint", "later"], &copy[..]].concat(),
    );
    assert_eq!(old.status.code(), Some(2));
    assert!(
        text(&old).contains("an old backup was restored"),
        "{}",
        text(&old)
    );
    let again = abide(
        here,
        &[&["store", "restore", "abide.backup"], &copy[..]].concat(),
    );
    assert!(
        text(&again).contains("name a new store"),
        "{}",
        text(&again)
    );
}

/// What DuckDB says of a query, as JSON.
fn duckdb(here: &Path, sql: &str) -> String {
    let script = "import duckdb, json, sys; print(json.dumps(duckdb.sql(sys.argv[1]).fetchall(), default=str))";
    let installed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/python");
    let mut command = Command::new("python3");
    command
        .args(["-c", script, sql])
        .env("PYTHONPATH", installed);
    let output = command.current_dir(here).output().expect("python3 runs");
    assert!(
        output.status.success(),
        "DuckDB failed; if it is missing: scripts/test installs it, or python3 -m pip install --target target/python duckdb\n{}",
        text(&output)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn old_results_go_to_parquet_that_an_engine_reads() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    history(here);
    ok(&abide(here, &["evidence", "export", "bundle"]));
    let exported =
        "read_parquet('bundle/parquet/intervals/**/*.parquet', hive_partitioning = true)";
    let lines = fs::read_to_string(here.join("bundle/results.jsonl")).expect("results");
    let count = lines.lines().count();
    let sql =
        format!("SELECT count(*), count(DISTINCT month), min(tenant), min(year) FROM {exported}");
    assert_eq!(
        duckdb(here, &sql),
        format!("[[{count}, 3, \"default\", 2026]]")
    );
    // A scan as it was, from the files alone.
    let per_scan = |scan: u8| {
        format!(
            "SELECT status, count(*) FROM {exported} WHERE from_scan <= {scan} AND (to_scan IS NULL OR to_scan > {scan}) GROUP BY 1 ORDER BY 1"
        )
    };
    assert_eq!(duckdb(here, &per_scan(1)), duckdb(here, &per_scan(3)));
    assert_ne!(duckdb(here, &per_scan(1)), duckdb(here, &per_scan(2)));
    let trail = format!(
        "SELECT from_scan, to_scan, status, month, epoch_ms(from_at) FROM {exported} WHERE policy = 'POL-0004' ORDER BY 1"
    );
    let day = |text: &str| {
        let time: jiff::Timestamp = format!("{text}T00:00:00Z").parse().expect("a time");
        time.as_millisecond()
    };
    let expected = format!(
        "[[1, 2, \"fail\", \"01\", {}], [2, 3, \"pass\", \"02\", {}], [3, null, \"fail\", \"03\", {}]]",
        day("2026-01-10"),
        day("2026-02-10"),
        day("2026-03-10")
    );
    assert_eq!(duckdb(here, &trail), expected);

    let bad = abide(here, &["store", "prune", "--keep", "soon"]);
    assert!(text(&bad).contains("is no time"), "{}", text(&bad));
    let nothing = abide(here, &["store", "prune", "--keep", "50y"]);
    assert!(
        text(&nothing).contains("nothing is that old"),
        "{}",
        text(&nothing)
    );
    let pruned = abide(
        here,
        &["store", "prune", "--keep", "1d", "--archive", "old"],
    );
    ok(&pruned);
    assert!(
        text(&pruned).contains("before scan 3 moved"),
        "{}",
        text(&pruned)
    );
    let moved = "read_parquet('old/intervals/**/*.parquet', hive_partitioning = true)";
    let ended = lines
        .lines()
        .filter(|line| !line.contains("\"to_scan\":null"))
        .count();
    assert!(ended > 0);
    let sql = format!("SELECT count(*) FROM {moved} WHERE to_scan IS NOT NULL");
    assert_eq!(duckdb(here, &sql), format!("[[{ended}]]"));

    let verified = text(&abide(here, &["evidence", "verify"]));
    assert!(verified.contains("1 scans reproduced"), "{verified}");
    assert!(verified.contains("2 scans were pruned"), "{verified}");
    let with = text(&abide(here, &["evidence", "verify", "--archive", "old"]));
    assert!(with.contains("3 scans reproduced"), "{with}");
    ok(&abide(here, &["evidence", "export", "after"]));
    let python = Command::new("python3")
        .arg("after/verify.py")
        .current_dir(here)
        .output();
    let python = text(&python.expect("python3 runs"));
    assert!(python.contains("3 scans, 2 of them pruned"), "{python}");
}

#[test]
fn due_times_end_as_ran_failed_or_missed() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    let list = || text(&abide(here, &["store", "slots", "list"]));
    ok(&abide(here, &RECORD));
    assert!(list().contains("no scan is due"), "{}", list());
    let two_days = jiff::Timestamp::now()
        .checked_sub(jiff::SignedDuration::from_hours(50))
        .expect("time");
    let from = two_days.to_string();
    let add = [
        "store", "slots", "add", "default", "--every", "24h", "--from", &from,
    ];
    ok(&abide(here, &add));
    assert!(list().contains("1 due, 2 missed"), "{}", list());
    let failed = abide(here, &["scan", "nowhere.json", "--record", "-q"]);
    assert_eq!(failed.status.code(), Some(2));
    assert!(list().contains("1 failed, 2 missed"), "{}", list());
    assert!(list().contains("nowhere.json"), "{}", list());
    ok(&abide(here, &RECORD));
    assert!(list().contains("2 missed, 1 ran"), "{}", list());
    ok(&abide(here, &["store", "slots", "remove", "default"]));
    assert!(list().contains(" to 20"), "{}", list());
    let month = abide(
        here,
        &["store", "slots", "add", "default", "--every", "1mo"],
    );
    assert!(text(&month).contains("no fixed length"), "{}", text(&month));
    ok(&abide(here, &["evidence", "verify"]));
}

#[test]
fn a_key_hands_over_and_a_stranger_cannot() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    ok(&abide(here, &RECORD));
    let other = [
        "evidence",
        "rotate",
        "--new-key",
        "stolen.key",
        "--ledger-key",
        "own.key",
    ];
    fs::write(
        here.join("own.key"),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    )
    .expect("written");
    let refused = abide(here, &other);
    assert!(
        text(&refused).contains("the ledger is signed by"),
        "{}",
        text(&refused)
    );
    ok(&abide(
        here,
        &["evidence", "rotate", "--new-key", "new.key"],
    ));
    let old = abide(here, &RECORD);
    assert!(
        text(&old).contains("abide evidence rotate"),
        "{}",
        text(&old)
    );
    ok(&abide(
        here,
        &[&RECORD[..], &["--ledger-key", "new.key"]].concat(),
    ));
    ok(&abide(here, &["evidence", "verify"]));
    ok(&abide(here, &["evidence", "export", "bundle"]));
    let python = || {
        let run = Command::new("python3")
            .arg("bundle/verify.py")
            .current_dir(here)
            .output();
        text(&run.expect("python3 runs"))
    };
    assert!(
        python().starts_with("ok: 4 entries, 2 scans"),
        "{}",
        python()
    );
    let statements = here.join("bundle/statements.jsonl");
    let before = fs::read_to_string(&statements).expect("statements");
    assert_eq!(before.lines().count(), 2);
    fs::write(
        &statements,
        before.replacen("\"payload\":\"ey", "\"payload\":\"eW", 1),
    )
    .expect("written");
    assert!(python().contains("statement is not signed"), "{}", python());
}

#[test]
fn one_finding_is_proven_with_all_steps() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    ok(&abide(
        here,
        &[&RECORD[..5], &["--output", "results.json"]].concat(),
    ));
    let results = fs::read_to_string(here.join("results.json")).expect("results");
    let results: serde_json::Value = serde_json::from_str(&results).expect("JSON");
    let found = results["results"].as_array().expect("findings");
    let failed = found
        .iter()
        .find(|finding| finding["outcome"] == "fail")
        .expect("one");
    let print = failed["fingerprint"].as_str().expect("a fingerprint");
    let proof = abide(here, &["evidence", "prove", print]);
    ok(&proof);
    fs::write(here.join("proof.json"), &proof.stdout).expect("written");
    ok(&abide(here, &["evidence", "export", "bundle"]));
    let key = fs::read_to_string(here.join("bundle/key.txt")).expect("key");
    let verify = || {
        abide(
            here,
            &[
                "evidence",
                "verify",
                "proof.json",
                "--public-key",
                key.trim(),
            ],
        )
    };
    ok(&verify());
    assert!(
        text(&verify()).contains(failed["policy_id"].as_str().expect("id")),
        "{}",
        text(&verify())
    );
    let good = String::from_utf8_lossy(&proof.stdout).into_owned();
    for (from, to) in [
        ("\"status\": \"fail\"", "\"status\": \"pass\""),
        ("\"index\": ", "\"index\": 1"),
        ("\\\"complete\\\":true", "\\\"complete\\\":false"),
        ("aws_", "aws-"),
    ] {
        let forged = good.replacen(from, to, 1);
        assert_ne!(forged, good, "{from}");
        fs::write(here.join("proof.json"), forged).expect("written");
        assert_eq!(
            verify().status.code(),
            Some(2),
            "{from}: {}",
            text(&verify())
        );
    }
    let missing = abide(here, &["evidence", "prove", "0123456789abcdef"]);
    assert!(
        text(&missing).contains("is not in the store"),
        "{}",
        text(&missing)
    );
}

#[test]
fn anchors_are_what_their_keepers_read() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    ok(&abide(here, &RECORD));
    ok(&abide(here, &["evidence", "anchor", "-o", "checkpoint"]));
    ok(&abide(
        here,
        &["evidence", "anchor", "--format", "rfc3161", "-o", "own.tsq"],
    ));
    let query = [
        "ts",
        "-query",
        "-data",
        "checkpoint",
        "-sha256",
        "-no_nonce",
        "-cert",
        "-out",
        "theirs.tsq",
    ];
    ok(&Command::new("openssl")
        .args(query)
        .current_dir(here)
        .output()
        .expect("openssl runs"));
    let read = |name: &str| fs::read(here.join(name)).expect("written");
    assert_eq!(read("own.tsq"), read("theirs.tsq"));
    let headers = text(&abide(
        here,
        &["evidence", "anchor", "--format", "s3", "--retain", "18mo"],
    ));
    assert!(
        headers.contains("x-amz-object-lock-mode: COMPLIANCE\n"),
        "{headers}"
    );
    let hook = text(&abide(here, &["evidence", "anchor", "--format", "webhook"]));
    let hook: serde_json::Value = serde_json::from_str(&hook).expect("JSON");
    assert_eq!(hook["size"], 2);
    assert_eq!(
        hook["checkpoint"].as_str().map(str::as_bytes),
        Some(read("checkpoint").as_slice())
    );
}

#[test]
fn roles_are_printed() {
    let folder = tempfile::tempdir().expect("folder");
    let printed = abide(folder.path(), &["store", "roles"]);
    ok(&printed);
    assert!(text(&printed).contains("CREATE ROLE"), "{}", text(&printed));
}
