//! Drift that is recorded, accepted for a time, and shown in the formats of findings.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{Ran, repository, run_in};

/// A repository with a target that stands for itself by its plan.
struct Place(tempfile::TempDir);

impl Place {
    fn with(case: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.becomes(case);
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// The plan of the target, changed by what happened in between.
    fn becomes(&self, case: &str) {
        let plan = repository()
            .join("tests/fixtures")
            .join(case)
            .join("plan.json");
        fs::copy(plan, self.path().join("prod.json")).unwrap();
    }

    /// The same plan, as if nothing had been changed outside.
    fn repaired(&self) {
        let path = self.path().join("prod.json");
        let mut plan: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let drift = plan["resource_drift"].take();
        for entry in drift.as_array().unwrap() {
            let before = &entry["change"]["before"];
            let address = entry["address"].as_str().unwrap();
            let list = &mut plan["prior_state"]["values"]["root_module"]["resources"];
            let there = list.as_array_mut().unwrap();
            match there.iter_mut().find(|r| r["address"] == address) {
                Some(found) => found["values"] = before.clone(),
                None => there.push(json!({
                    "address": address, "mode": "managed", "type": entry["type"], "name": entry["name"],
                    "provider_name": entry["provider_name"], "schema_version": 0, "values": before,
                })),
            }
            let changes = plan["resource_changes"].as_array_mut().unwrap();
            for change in changes.iter_mut().filter(|c| c["address"] == address) {
                change["change"]["actions"] = json!(["no-op"]);
                change["change"]["before"] = before.clone();
                change["change"]["after"] = before.clone();
                change["change"]["after_unknown"] = json!({});
            }
        }
        plan["resource_drift"] = json!([]);
        fs::write(path, plan.to_string()).unwrap();
    }

    fn drift(&self, more: &[&str]) -> Ran {
        let arguments = [&["drift", "--plan", "prod.json"], more].concat();
        run_in(self.path(), &arguments)
    }

    fn recorded(&self, more: &[&str]) -> Ran {
        self.drift(&[&["--record", "--stream", "pay"], more].concat())
    }
}

fn parsed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}\n{}", ran.stdout, ran.stderr))
}

#[test]
fn the_store_knows_since_when_and_the_ledger_when_it_ended() {
    let place = Place::with("plans/drift-in-plan");
    let first = parsed(&place.recorded(&["--format", "json"]));
    let resources = first["targets"][0]["resources"].as_array().unwrap();
    assert_eq!(resources.len(), 5);
    let since = resources[0]["since"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(20));
    let later = parsed(&place.drift(&["--stream", "pay", "--record", "--format", "json"]));
    for resource in later["targets"][0]["resources"].as_array().unwrap() {
        assert_eq!(resource["since"], since, "{resource}");
    }
    place.repaired();
    let clean = place.recorded(&["--format", "json"]);
    assert_eq!(clean.code, 0, "{}{}", clean.stdout, clean.stderr);
    assert_eq!(parsed(&clean)["targets"][0]["resources"], json!([]));

    let verified = run_in(place.path(), &["evidence", "verify"]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
    let exported = run_in(place.path(), &["evidence", "export", "bundle"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    let ledger = fs::read_to_string(place.path().join("bundle/ledger.jsonl")).unwrap();
    let entries: Vec<Value> = ledger
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let about = |kind: &str| {
        let of_kind = entries.iter().filter(|entry| entry["kind"] == kind);
        let addresses = of_kind.map(|entry| entry["body"]["address"].as_str().unwrap().to_owned());
        let mut addresses: Vec<String> = addresses.collect();
        addresses.sort();
        addresses
    };
    let drifted = [
        "aws_ebs_volume.data",
        "aws_s3_bucket_public_access_block.ledger",
        "aws_security_group.bastion",
        "aws_security_group.tolerated",
    ];
    assert_eq!(about("drift.opened"), drifted);
    assert_eq!(about("drift.closed"), drifted);

    let now = jiff::Timestamp::now().to_string();
    let report = run_in(
        place.path(),
        &[
            "report",
            "soc2",
            "--from",
            "2020-01-01",
            "--to",
            &now,
            "--format",
            "json",
        ],
    );
    let report = parsed(&report);
    assert_eq!(report["drift"]["scans"], 3, "{}", report["drift"]);
    assert_eq!(report["drift"]["events"].as_array().unwrap().len(), 8);
}

#[test]
fn a_deleted_wave_is_recorded_as_a_scan_that_proves_nothing() {
    let place = Place::with("drift/wave");
    assert_eq!(place.recorded(&[]).code, 2);
    let now = jiff::Timestamp::now().to_string();
    let trends = run_in(
        place.path(),
        &[
            "report",
            "soc2",
            "--from",
            "2020-01-01",
            "--to",
            &now,
            "--format",
            "json",
        ],
    );
    let report = parsed(&trends);
    assert_eq!(report["drift"]["scans"], 1, "{}", report["drift"]);
    assert_eq!(report["drift"]["events"], json!([]), "{}", report["drift"]);
}

#[test]
fn formats_of_findings_show_what_drift_breaks_and_the_rest_as_drift() {
    let place = Place::with("plans/drift-in-plan");
    let sarif = place.drift(&["--format", "sarif"]);
    assert_eq!(sarif.code, 1);
    let sarif = parsed(&sarif);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let rules: Vec<&str> = results
        .iter()
        .map(|r| r["ruleId"].as_str().unwrap())
        .collect();
    assert_eq!(
        rules.iter().filter(|rule| **rule == "DRIFT").count(),
        2,
        "{rules:?}"
    );
    assert!(rules.contains(&"POL-0002"), "{rules:?}");
    let github = place.drift(&["--format", "github"]).stdout;
    assert!(github.contains("::error title=POL-0010 (high)"), "{github}");
    assert!(github.contains("::warning title=DRIFT (low)"), "{github}");
    let csv = place.drift(&["--format", "csv"]).stdout;
    assert_eq!(csv.lines().count(), 1 + results.len(), "{csv}");
    let junit = place.drift(&["--format", "junit"]).stdout;
    assert!(junit.contains("aws_ebs_volume.data"), "{junit}");
    let gitlab = parsed(&place.drift(&["--format", "gitlab"]));
    assert_eq!(gitlab.as_array().unwrap().len(), results.len());
}

#[test]
fn a_target_that_failed_is_not_shown_as_clean() {
    let place = Place::with("plans/drift-in-plan");
    fs::write(place.path().join("prod.json"), "{").unwrap();
    let ran = place.drift(&["--format", "sarif"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("a target was not looked at"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "");
}

#[test]
fn detailed_exit_codes_are_those_of_terraform() {
    let place = Place::with("drift/improving");
    assert_eq!(place.drift(&["--detailed-exitcode"]).code, 2);
    assert_eq!(place.drift(&[]).code, 0);
    place.becomes("drift/after-apply");
    assert_eq!(place.drift(&["--detailed-exitcode"]).code, 0);
    fs::write(place.path().join("prod.json"), "{").unwrap();
    assert_eq!(place.drift(&["--detailed-exitcode"]).code, 1);
}

#[test]
fn an_exception_accepts_drift_until_it_ends() {
    let place = Place::with("drift/improving");
    let drifted = parsed(&place.drift(&["--format", "json"]));
    let address = drifted["targets"][0]["resources"][0]["address"]
        .as_str()
        .unwrap();
    let finding = format!("DRIFT:{address}");
    let drifted = place.drift(&["--results", "results.json"]);
    assert_eq!(drifted.code, 0, "{}", drifted.stderr);
    let asked = run_in(
        place.path(),
        &[
            "exception",
            "request",
            "--from",
            "results.json",
            &finding,
            "--reason",
            "the vendor repairs it",
            "--days",
            "30",
            "--by",
            "bob",
        ],
    );
    assert_eq!(asked.code, 0, "{}", asked.stderr);
    assert_eq!(place.drift(&["--detailed-exitcode"]).code, 2);
    let file = fs::read_to_string(place.path().join(".abide/exceptions.yaml")).unwrap();
    let id = file
        .split_whitespace()
        .find(|word| word.starts_with("EXC-"))
        .unwrap();
    let approved = run_in(place.path(), &["exception", "approve", id, "--by", "ana"]);
    assert_eq!(approved.code, 0, "{}", approved.stderr);

    let accepted = place.drift(&["--detailed-exitcode"]);
    assert_eq!(accepted.code, 0, "{}{}", accepted.stdout, accepted.stderr);
    assert!(
        accepted.stdout.contains(&format!("accepted: {id} until ")),
        "{}",
        accepted.stdout
    );
    // It is bound to what was found: another change is not accepted.
    let path = place.path().join("prod.json");
    let mut plan: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    plan["resource_drift"][0]["change"]["after"]["description"] = json!("mine");
    let found = plan["prior_state"]["values"]["root_module"]["resources"].as_array_mut();
    for resource in found
        .unwrap()
        .iter_mut()
        .filter(|r| r["address"] == address)
    {
        resource["values"]["description"] = json!("mine");
    }
    fs::write(&path, plan.to_string()).unwrap();
    assert_eq!(place.drift(&["--detailed-exitcode"]).code, 2);
}

/// `DATABASE_URL` often belongs to another program; opening a store makes its tables.
#[test]
fn without_record_no_server_is_asked() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let url = format!("postgres://x@{}/app", server.local_addr().unwrap());
    let place = Place::with("drift/improving");
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_abide"))
        .args(["drift", "--plan", "prod.json"])
        .env("DATABASE_URL", url)
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(ran.status.success());
    assert!(server.accept().is_err(), "somebody called");
}
