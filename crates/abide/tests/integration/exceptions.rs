//! Exceptions end, and never hide.

use std::fs;

use serde_json::Value;

use crate::command::{PAYMENTS, repository, run_in};

/// Scans the example with a file of exceptions; gives report and Markdown.
fn scan(file: &str, text: &str, now: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(repository().join(PAYMENTS), folder.path().join("plan.json")).unwrap();
    fs::write(folder.path().join(file), text).unwrap();
    let ran = run_in(
        folder.path(),
        &[
            "scan",
            "plan.json",
            "--exceptions",
            file,
            "--now",
            now,
            "--format",
            "json",
        ],
    );
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

fn exception(fields: &str) -> String {
    format!(
        "- {{id: E-1, policy: POL-0003, resource: 'module.database[\"cards\"].aws_db_instance.this', reason: move, approver: ana, {fields}}}\n"
    )
}

fn codes(report: &Value) -> Vec<String> {
    report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|d| d["code"].as_str())
        .filter(|code| code.starts_with("exception"))
        .map(ToOwned::to_owned)
        .collect()
}

fn diagnostic(report: &Value) -> &Value {
    report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["code"].as_str().unwrap().starts_with("exception"))
        .unwrap()
}

#[test]
fn covers_until_the_end_of_its_last_day() {
    let text = exception("expires: 2026-03-20");
    for (now, excepted) in [
        ("2026-03-01", 1),
        ("2026-03-20T23:59:59Z", 1),
        ("2026-03-21T00:00:00Z", 0),
    ] {
        assert_eq!(
            scan("e.yaml", &text, now)["summary"]["excepted"],
            excepted,
            "{now}"
        );
    }
    let report = scan("e.yaml", &text, "2026-03-01");
    let finding = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| !r["exception"].is_null())
        .unwrap();
    assert_eq!(
        (
            &finding["outcome"],
            &finding["compliant"],
            &finding["exception"]["id"]
        ),
        (&"fail".into(), &true.into(), &"E-1".into())
    );
    assert!(
        report["markdown"].as_str().unwrap().contains("E-1"),
        "never hidden"
    );
    assert_eq!(
        codes(&scan("e.yaml", &text, "2026-03-21")),
        ["exception-expired"]
    );
    assert_eq!(
        codes(&scan("e.yaml", &text, "2026-03-15")),
        ["exception-expiring"]
    );
}

#[test]
fn void_ones_cover_nothing_and_are_told_at_their_line() {
    for (fields, why) in [
        ("expires: soon", "is not a date"),
        ("expires: 2026-02-30", "is not a date"),
        ("expires: 2027-03-01", "run 30 days at most"),
        ("until: 2026-03-20", "no field `until`"),
    ] {
        let report = scan(
            "e.yaml",
            &format!("# approved by the board\n{}", exception(fields)),
            "2026-03-01",
        );
        assert_eq!(report["summary"]["excepted"], 0);
        let said = diagnostic(&report);
        assert!(said["message"].as_str().unwrap().contains(why), "{said}");
        assert_eq!(said["place"]["line"], 2, "{said}");
        assert!(said["place"]["file"].as_str().unwrap().ends_with("e.yaml"));
    }
}

#[test]
fn bound_to_facts() {
    let covered = |facts: &str| {
        scan(
            "e.yaml",
            &exception(&format!("expires: 2026-03-20, facts: [{facts}]")),
            "2026-03-01",
        )["summary"]["excepted"]
            .clone()
    };
    assert_eq!(covered("{attribute: backup_retention_period, value: 1}"), 1);
    assert_eq!(covered("{attribute: backup_retention_period, value: 3}"), 0);
}

#[test]
fn unused_unknown_and_json_forms() {
    let unused = r#"[{"id": "E-2", "policy": "POL-0003", "resource": "aws_db_instance.gone", "reason": "r", "approver": "a", "expires": "2026-03-20"}]"#;
    assert_eq!(
        codes(&scan("e.json", unused, "2026-03-01")),
        ["exception-unused"]
    );
    let nobody = unused.replace("POL-0003", "POL-9999");
    assert_eq!(
        codes(&scan("e.json", &nobody, "2026-03-01")),
        ["exception-void"]
    );
    let seed = r#"{"POL-0003:module.database[\"cards\"].aws_db_instance.this": {"expiresAt": "2026-03-10T00:00:00Z", "reason": "r"}}"#;
    let report = scan("e.json", seed, "2026-03-01");
    assert_eq!(report["summary"]["excepted"], 0);
    assert!(
        diagnostic(&report)["message"]
            .as_str()
            .unwrap()
            .contains("approver missing")
    );
}

#[test]
fn what_is_excepted_is_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::copy(repository().join(PAYMENTS), here.join("plan.json")).unwrap();
    fs::write(here.join("e.yaml"), exception("expires: 2026-03-20")).unwrap();
    for format in [
        "human", "markdown", "github", "json", "junit", "csv", "sarif",
    ] {
        let ran = run_in(
            here,
            &[
                "scan",
                "plan.json",
                "--exceptions",
                "e.yaml",
                "--now",
                "2026-03-01",
                "--sarif-include-excepted",
                "--format",
                format,
            ],
        );
        assert!(ran.stdout.contains("E-1"), "{format}: {}", ran.stdout);
    }
}

/// What covers a finding changes the verdict, and nothing else does.
#[test]
fn the_verdict_follows() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::copy(repository().join(PAYMENTS), here.join("plan.json")).unwrap();
    fs::write(here.join("e.yaml"), exception("expires: 2026-03-20")).unwrap();
    let code = |now: &str| {
        run_in(
            here,
            &[
                "scan",
                "plan.json",
                "--select",
                "POL-0003",
                "--exceptions",
                "e.yaml",
                "--now",
                now,
            ],
        )
        .code
    };
    let without = run_in(here, &["scan", "plan.json", "--select", "POL-0003"]).code;
    assert_eq!(
        (without, code("2026-03-20T23:59:59Z"), code("2026-03-21")),
        (1, 0, 1)
    );
}

#[test]
fn one_id_for_two_is_void() {
    let twice = exception("expires: 2026-03-20").repeat(2);
    let report = scan("e.yaml", &twice, "2026-03-01");
    assert!(codes(&report).contains(&"exception-void".to_owned()));
    assert_eq!(diagnostic(&report)["place"]["line"], 2);
}

#[test]
fn the_older_form_can_be_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::copy(repository().join(PAYMENTS), here.join("plan.json")).unwrap();
    fs::write(
        here.join("e.json"),
        r#"{"POL-0003:module.database[\"cards\"].aws_db_instance.this": {"expiresAt": "2026-03-10T00:00:00Z", "reason": "r"}}"#,
    )
    .unwrap();
    fs::write(
        here.join("abide.toml"),
        "[exceptions]\nfile = \"e.json\"\nallow_unapproved = true\n",
    )
    .unwrap();
    let excepted = |now: &str| {
        let ran = run_in(
            here,
            &["scan", "plan.json", "--now", now, "--format", "json"],
        );
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        report["summary"]["excepted"].clone()
    };
    // A moment, not a day: it has ended when it comes.
    assert_eq!(excepted("2026-03-09T23:59:59Z"), 1);
    assert_eq!(excepted("2026-03-11"), 0);
}
