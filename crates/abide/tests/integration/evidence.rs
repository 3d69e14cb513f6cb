//! Recording, and what an auditor does with it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PLAN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/payments/plan.json"
);

pub(crate) fn abide(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_abide"));
    for name in [
        "DATABASE_URL",
        "ABIDE_LEDGER_KEY",
        "ABIDE_LEDGER_KEY_FILE",
        "ABIDE_TENANT",
        "GITHUB_ACTIONS",
    ] {
        command.env_remove(name);
    }
    command
        .args(args)
        .current_dir(folder)
        .output()
        .expect("abide runs")
}

pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

pub(crate) fn ok(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

pub(crate) const RECORD: [&str; 7] = [
    "scan",
    PLAN,
    "--record",
    "-q",
    "--exit-zero",
    "--commit",
    "c1",
];

#[test]
fn what_is_recorded_verifies_without_the_program() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    ok(&abide(here, &RECORD));
    ok(&abide(here, &["evidence", "anchor", "-o", "earlier"]));
    ok(&abide(here, &RECORD));
    let verified = abide(here, &["evidence", "verify", "--checkpoint", "earlier"]);
    ok(&verified);
    assert!(
        text(&verified).starts_with("ok: 3 entries, 3 checkpoints, 2 scans reproduced"),
        "{}",
        text(&verified)
    );
    ok(&abide(here, &["evidence", "export", "bundle"]));
    ok(&abide(
        here,
        &["evidence", "verify", "bundle", "--checkpoint", "earlier"],
    ));
    let python = || {
        let mut command = Command::new("python3");
        command
            .args(["bundle/verify.py", "--checkpoint", "earlier"])
            .current_dir(here);
        command.output().expect("python3 runs")
    };
    ok(&python());

    // One result changed: both verifiers that see it say so.
    let results = here.join("bundle/results.jsonl");
    let before = fs::read_to_string(&results).expect("results");
    fs::write(&results, before.replacen("\"fail\"", "\"pass\"", 1)).expect("written");
    let changed = python();
    assert!(
        text(&changed).contains("do not have its root"),
        "{}",
        text(&changed)
    );
    fs::write(&results, before).expect("written");

    let ledger = here.join("bundle/ledger.jsonl");
    let before = fs::read_to_string(&ledger).expect("ledger");
    fs::write(
        &ledger,
        before.replace("\"commit\":\"c1\"", "\"commit\":\"c2\""),
    )
    .expect("written");
    assert!(text(&python()).contains("history was changed"));
    assert_eq!(
        abide(here, &["evidence", "verify", "bundle"]).status.code(),
        Some(2)
    );
}

#[test]
fn a_scan_that_cannot_be_recorded_says_so_or_waits() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    let nowhere = ["--store", "postgres://abide:hunter2@127.0.0.1:1/x"];
    let failed = abide(here, &[&RECORD[..], &nowhere].concat());
    assert_eq!(failed.status.code(), Some(2));
    assert!(
        text(&failed).contains("NOT recorded") && !text(&failed).contains("hunter2"),
        "{}",
        text(&failed)
    );
    let spooled = abide(
        here,
        &[&RECORD[..], &nowhere, &["--spool", "spool"]].concat(),
    );
    ok(&spooled);
    assert!(
        text(&spooled).contains("waits in spool"),
        "{}",
        text(&spooled)
    );
    let first = abide(here, &["evidence", "ingest", "spool"]);
    assert!(
        text(&first).contains("1 scans recorded, 0 were there"),
        "{}",
        text(&first)
    );
    let second = abide(here, &["evidence", "ingest", "spool"]);
    assert!(
        text(&second).contains("0 scans recorded, 1 were there"),
        "{}",
        text(&second)
    );
}

/// Killed at any moment: nothing half-recorded, nothing lost once acknowledged.
#[test]
fn killed_while_recording_leaves_a_whole_history() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    ok(&abide(here, &RECORD));
    let mut acknowledged = 1;
    for round in 0..20_u64 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_abide"))
            .args(RECORD)
            .env_remove("DATABASE_URL")
            .current_dir(here)
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("abide runs");
        std::thread::sleep(std::time::Duration::from_millis(40 + round * 17));
        let _ = child.kill();
        acknowledged += usize::from(child.wait().expect("ends").success());
    }
    let verified = abide(here, &["evidence", "verify"]);
    ok(&verified);
    let text = text(&verified);
    let scans: usize = text
        .split_once(" scans")
        .and_then(|(head, _)| head.rsplit(' ').next()?.parse().ok())
        .expect("a number");
    assert!(
        (acknowledged..=21).contains(&scans),
        "{acknowledged} acknowledged: {text}"
    );
}

#[test]
fn without_record_nothing_is_written() {
    let folder = tempfile::tempdir().expect("folder");
    ok(&abide(folder.path(), &["scan", PLAN, "-q", "--exit-zero"]));
    assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 0);
}

const SHOWS_DIGESTS: &str = r#"package main

deny contains msg if {
  digests := {substring(text, 11, 8) | walk(input, [_, text]); is_string(text); startswith(text, "(sensitive:")}
  msg := concat(" ", digests)
}
"#;

/// Lines of `results.jsonl` of an export, as JSON.
fn results(folder: &Path, args: &[&str]) -> Vec<serde_json::Value> {
    let bundle = format!("bundle-{}", args.len());
    ok(&abide(
        folder,
        &[&["evidence", "export", bundle.as_str()], args].concat(),
    ));
    let text = fs::read_to_string(folder.join(bundle).join("results.jsonl")).expect("results");
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON")
}

#[test]
fn an_unchanged_secret_is_no_change() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    fs::create_dir(here.join("rego")).expect("folder");
    fs::write(here.join("rego/main.rego"), SHOWS_DIGESTS).expect("rule");
    let plan = crate::command::plan("sensitive-create");
    let scan = |tenant: &str| {
        let args = ["--policies", "rego", "--no-builtin", "--tenant", tenant];
        let record = ["scan", &plan, "--record", "-q", "--exit-zero"];
        ok(&abide(here, &[&record[..], &args].concat()));
    };
    scan("default");
    scan("default");
    scan("other");
    let own = results(here, &[]);
    assert!(
        own.iter().all(|line| line["to_scan"].is_null()),
        "something changed: {own:?}"
    );
    // The digests are in it, and equal secrets of two tenants are not seen to be equal.
    let other = results(here, &["--tenant", "other"]);
    assert_ne!(other[0]["detail"], own[0]["detail"]);
}

#[test]
fn the_digest_is_that_of_the_input() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    ok(&abide(here, &RECORD));
    ok(&abide(here, &["evidence", "export", "bundle"]));
    let sum = Command::new("sha256sum").arg(PLAN).output().expect("sum");
    let sum = String::from_utf8_lossy(&sum.stdout);
    let digest = sum.split(' ').next().expect("digits");
    let ledger = fs::read_to_string(here.join("bundle/ledger.jsonl")).expect("ledger");
    assert!(
        ledger.contains(&format!("\"inputs\":[\"{digest}\"]")),
        "{ledger}"
    );
}
