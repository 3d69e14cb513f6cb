//! Reports and trends from what the program itself recorded.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const PLAN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/payments/plan.json"
);

fn abide(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_abide"));
    for name in [
        "DATABASE_URL",
        "ABIDE_LEDGER_KEY",
        "ABIDE_LEDGER_KEY_FILE",
        "ABIDE_TENANT",
        "GITHUB_ACTIONS",
        "CI_COMMIT_SHA",
    ] {
        command.env_remove(name);
    }
    let output = command.args(args).current_dir(folder).output();
    output.expect("abide runs")
}

fn ok(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two scans of the example a week apart.
fn recorded(folder: &Path) {
    for (time, commit) in [
        ("2026-03-02T08:00:00Z", "c1"),
        ("2026-03-08T08:00:00Z", "c2"),
    ] {
        ok(&abide(
            folder,
            &[
                "scan",
                PLAN,
                "--record",
                "-q",
                "--exit-zero",
                "--stream",
                "payments",
                "--commit",
                commit,
                "--now",
                time,
            ],
        ));
    }
}

const PERIOD: [&str; 4] = ["--from", "2026-03-02", "--to", "2026-03-10"];

fn report<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["report", "soc2"];
    args.extend(PERIOD);
    args.extend(more);
    args
}

#[test]
fn a_report_begins_with_the_controls_and_is_the_same_twice() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    recorded(here);
    let text = ok(&abide(here, &report(&[])));
    assert!(text.contains("## SOC2-CC6.1 — ❌ FAIL"), "{text}");
    assert!(text.contains(" times during period, in 2 scans"), "{text}");
    assert!(text.contains("## Completeness"));
    assert_eq!(text, ok(&abide(here, &report(&[]))));
    let json: Value =
        serde_json::from_str(&ok(&abide(here, &report(&["--format", "json"])))).expect("JSON");
    assert_eq!(json["cover"]["framework"], "soc2");
    let total = |control: &Value| {
        let counts = &control["evaluations"];
        ["pass", "fail", "excepted", "unknown", "error"]
            .map(|name| counts[name].as_u64().unwrap_or(0))
            .iter()
            .sum::<u64>()
    };
    // Both scans judged the same plan, so every number is even.
    for control in json["controls"].as_array().expect("controls") {
        assert_eq!(total(control) % 2, 0, "{control}");
    }
    let oscal = ok(&abide(here, &report(&["--format", "oscal"])));
    assert!(oscal.contains("\"oscal-version\": \"1.2.1\""));
    ok(&abide(here, &report(&["--format", "pdf", "-o", "r.pdf"])));
    let pdf = fs::read(here.join("r.pdf")).expect("written");
    assert!(pdf.starts_with(b"%PDF-"));
}

#[test]
fn a_pack_verifies_without_the_program() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    recorded(here);
    let args = report(&[
        "--pack",
        "pack",
        "--sample-seed",
        "41",
        "--sample-size",
        "5",
    ]);
    ok(&abide(here, &args));
    for name in [
        "report.md",
        "report.html",
        "report.pdf",
        "report.xlsx",
        "report.csv",
        "report.json",
        "oscal.json",
    ] {
        assert!(here.join("pack").join(name).is_file(), "{name}");
    }
    let python = Command::new("python3")
        .arg(here.join("pack/verify.py"))
        .output()
        .expect("python3 runs");
    let said = ok(&python);
    assert!(said.starts_with("ok: 5 of "), "{said}");
    assert!(refused(&abide(here, &args)).contains("pack exists already"));
}

#[test]
fn what_cannot_be_reported_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    let said = refused(&abide(here, &report(&[])));
    assert!(said.contains("there is no store"), "{said}");
    recorded(here);
    let said = refused(&abide(here, &report(&["--target", "paymens"])));
    assert!(said.contains("known: payments"), "{said}");
    let said = refused(&abide(
        here,
        &[
            "report",
            "soc2",
            "--from",
            "2026-03-10",
            "--to",
            "2026-03-02",
        ],
    ));
    assert!(said.contains("the period is empty"), "{said}");
    let said = refused(&abide(
        here,
        &[
            "report",
            "soc2",
            "--from",
            "2026-03-10",
            "--to",
            "9000-01-01",
        ],
    ));
    assert!(said.contains("not over yet"), "{said}");
    refused(&abide(here, &["report", "soc2", "--from", "2026-03-10"]));
    let said = refused(&abide(here, &["report", "hipaa"]));
    assert!(said.contains("soc2"), "{said}");
    // A period in which nothing was scanned is told, not passed.
    let empty = ok(&abide(
        here,
        &[
            "report",
            "soc2",
            "--from",
            "2025-01-01",
            "--to",
            "2025-04-01",
        ],
    ));
    assert!(empty.contains("no control was tested"), "{empty}");
    assert!(!empty.contains("✅"), "{empty}");
}

#[test]
fn trends_in_each_format() {
    let folder = tempfile::tempdir().expect("folder");
    let here = folder.path();
    recorded(here);
    let args = |format| {
        let mut args = vec!["trends", "--format", format];
        args.extend(PERIOD);
        args
    };
    let text = ok(&abide(here, &args("human")));
    assert!(text.contains("Open by age"), "{text}");
    let json: Value = serde_json::from_str(&ok(&abide(here, &args("json")))).expect("JSON");
    let weeks = json["weeks"].as_array().expect("weeks");
    let opened: u64 = weeks
        .iter()
        .filter_map(|week| week["opened"].as_u64())
        .sum();
    assert!(opened > 0);
    let metrics = ok(&abide(here, &args("prometheus")));
    let period = format!("abide_violations_period{{state=\"opened\"}} {opened}");
    assert!(metrics.contains(&period), "{metrics}");
}
