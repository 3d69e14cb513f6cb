//! The user's own pipeline, as they wrote it.

use std::fs;

use serde_json::Value;

use crate::command::{PAYMENTS, Ran, abide, repository};

#[test]
fn the_users_workflow_works_as_written() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir_all(here.join("terraform")).unwrap();
    fs::copy(
        repository().join(PAYMENTS),
        here.join("terraform/plan.json"),
    )
    .unwrap();
    fs::create_dir_all(here.join("policies")).unwrap();
    let own = "id: ACME-0001\ntitle: Queues are encrypted with a key of ours\nseverity: low\nwhy: w\nresource_types: [aws_sqs_queue]\ncheck: {attribute: kms_master_key_id, is: customer_key}\nmessage: no key\nremediation: set kms_master_key_id\n";
    fs::write(here.join("policies/ACME-0001.yaml"), own).unwrap();
    fs::write(here.join(".policy-exceptions.json"), r#"{"POL-0001:aws_s3_bucket.card_exports": {"expiresAt": "2026-03-10T00:00:00Z", "reason": "migration"}}"#).unwrap();
    fs::write(here.join("output"), "before=1\n").unwrap();
    let ran: Ran = abide()
        .current_dir(here)
        .env("GITHUB_OUTPUT", here.join("output"))
        .env("GITHUB_STEP_SUMMARY", here.join("summary"))
        .args([
            "scan",
            "--plan",
            "terraform/plan.json",
            "--policies",
            "policies",
            "--exceptions",
            ".policy-exceptions.json",
        ])
        .args([
            "--output",
            "results.json",
            "--format",
            "github",
            "--now",
            "2026-03-01",
        ])
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let results: Value =
        serde_json::from_str(&fs::read_to_string(here.join("results.json")).unwrap()).unwrap();
    assert!(
        results["markdown"]
            .as_str()
            .unwrap()
            .starts_with("## Policy Scan Results\n\n")
    );
    let severity = |name: &str| results["summary"]["by_severity"][name].as_u64().unwrap();
    let outputs = fs::read_to_string(here.join("output")).unwrap();
    let output = |name: &str| {
        outputs.lines().find_map(|line| {
            line.strip_prefix(&format!("{name}="))
                .map(ToOwned::to_owned)
        })
    };
    assert!(outputs.starts_with("before=1\n"), "{outputs}");
    for name in ["critical", "high", "medium", "low"] {
        assert_eq!(
            output(&format!("{name}_count")).unwrap(),
            severity(name).to_string()
        );
    }
    assert_eq!(
        output("violations").unwrap(),
        results["summary"]["fail"].to_string()
    );
    assert_eq!(
        output("unknown").unwrap(),
        results["summary"]["unknown"].to_string()
    );
    assert_eq!(output("excepted").unwrap(), "0");
    assert_eq!(output("verdict").unwrap(), "failed");
    assert!(
        fs::read_to_string(here.join("summary"))
            .unwrap()
            .contains("## Policy Scan Results")
    );
    assert!(
        ran.stdout
            .lines()
            .filter(|line| line.starts_with("::error "))
            .count()
            <= 10
    );
    assert!(ran.stdout.contains("::error "), "{}", ran.stdout);
    // The old form names no approver: it is void, and says so.
    let codes: Vec<&str> = results["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"exception-void"), "{codes:?}");
    assert!(
        results["results"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["policy_id"] == "POL-0001" && r["compliant"] == false)
    );
}

/// Two scans in one job: each appends, none overwrites.
#[test]
fn steps_append() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for plan in ["security-group-forms", "nothing-to-check"] {
        abide()
            .current_dir(here)
            .env("GITHUB_OUTPUT", here.join("output"))
            .env("GITHUB_STEP_SUMMARY", here.join("summary"))
            .args(["scan", &crate::command::plan(plan), "--format", "github"])
            .output()
            .unwrap();
    }
    let outputs = fs::read_to_string(here.join("output")).unwrap();
    let verdicts: Vec<&str> = outputs
        .lines()
        .filter(|line| line.starts_with("verdict="))
        .collect();
    assert_eq!(verdicts, ["verdict=failed", "verdict=nothing_evaluated"]);
    assert!(
        outputs.lines().all(|line| line
            .split_once('=')
            .is_some_and(|(name, value)| { !name.is_empty() && !value.is_empty() })),
        "{outputs}"
    );
    let summary = fs::read_to_string(here.join("summary")).unwrap();
    assert_eq!(summary.matches("## Policy Scan Results").count(), 2);
}

/// Under GitHub Actions the format needs no flag; another format leaves its files alone.
#[test]
fn github_is_the_default_in_its_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let scan = |more: &[&str]| -> Ran {
        abide()
            .current_dir(here)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", here.join("output"))
            .args(["scan", &crate::command::plan("security-group-forms")])
            .args(more)
            .output()
            .unwrap()
            .into()
    };
    assert!(!scan(&["--format", "json"]).stdout.contains("::error"));
    assert!(!here.join("output").exists());
    assert!(scan(&[]).stdout.contains("::error "));
    assert!(here.join("output").exists());
}
