//! `abide scan`: what it judges, what it exits with.

use std::fs;

use crate::command::{PAYMENTS, abide, json, plan, repository, run, run_in};

#[test]
fn exit_codes_follow_the_threshold() {
    assert_eq!(run(&["scan", PAYMENTS]).code, 1);
    assert_eq!(run(&["scan", PAYMENTS, "--fail-on", "never"]).code, 0);
    assert_eq!(run(&["scan", PAYMENTS, "--exit-zero"]).code, 0);
    assert_eq!(run(&["scan", PAYMENTS, "--select", "POL-0117"]).code, 0);
    assert_eq!(
        run(&["scan", PAYMENTS, "--select", "POL-0117", "--fail-on", "low"]).code,
        1
    );
}

#[test]
fn nothing_evaluated_is_not_green() {
    let ran = run(&["scan", &plan("nothing-to-check")]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert_eq!(
        run(&["scan", &plan("nothing-to-check"), "--allow-empty"]).code,
        0
    );
}

#[test]
fn an_errored_plan_is_incomplete() {
    let ran = run(&["scan", &plan("errored"), "--fail-on", "never"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("planning failed"), "{}", ran.stdout);
}

#[test]
fn unknowns_fail_when_asked() {
    let case = plan("conditional-bucket");
    let scan = |more: &[&str]| {
        let mut all = vec!["scan", &case, "--select", "POL-0001", "--format", "json"];
        all.extend(more);
        run(&all)
    };
    let report: serde_json::Value = serde_json::from_str(&scan(&[]).stdout).unwrap();
    assert_eq!(report["summary"]["unknown"], 2);
    let sse = plan("sse-algorithm-unknown");
    let all = |on: &str| run(&["scan", &sse, "--select", "POL-0001", "--on-unknown", on]).code;
    assert_eq!((all("warn"), all("ignore"), all("fail")), (0, 0, 1));
}

#[test]
fn several_inputs_and_standard_input() {
    let report = json(&[PAYMENTS, &plan("sse-by-reference")]);
    assert_eq!(report["inputs"].as_array().unwrap().len(), 2);
    let text = fs::read(repository().join(PAYMENTS)).unwrap();
    let output = abide()
        .args(["scan", "-", "--format", "json"])
        .write_stdin(text)
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["resources"], 38);
}

#[test]
fn frameworks_and_selectors_narrow() {
    let policies = |arguments: &[&str]| {
        let mut all = vec![PAYMENTS];
        all.extend(arguments);
        json(&all)["summary"]["policies"].as_u64().unwrap()
    };
    let all = policies(&[]);
    assert!(all >= 60, "{all}");
    assert!(policies(&["--strict"]) >= all);
    assert!((1..all).contains(&policies(&["--framework", "cis-aws"])));
    assert_eq!(policies(&["--select", "POL-0001,POL-0002"]), 2);
    assert!(policies(&["--ignore", "critical"]) < all);
    assert!((1..all).contains(&policies(&["--select", "s3"])));
}

#[test]
fn parameters_change_verdicts() {
    let open = |set: &str| {
        json(&[
            &plan("security-group-forms"),
            "--select",
            "POL-0002",
            "--set",
            set,
        ])["summary"]["fail"]
            .as_u64()
            .unwrap()
    };
    assert!(open("POL-0002.allowed_ports=0") > open("POL-0002.allowed_ports=443"));
}

#[test]
fn the_configuration_file_counts_and_its_slips_are_found() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(repository().join(PAYMENTS), folder.path().join("plan.json")).unwrap();
    fs::write(
        folder.path().join("abide.toml"),
        "[scan]\nfail_on = \"never\"\n[policies.POL-0001]\nseverity = \"low\"\n",
    )
    .unwrap();
    let ran = run_in(folder.path(), &["scan", "plan.json"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.contains("low warning[POL-0001]"),
        "{}",
        ran.stdout
    );
    let shown = run_in(folder.path(), &["config", "show"]).stdout;
    assert!(
        shown.contains("scan.fail_on") && shown.contains("\"never\"  # abide.toml"),
        "{shown}"
    );
    fs::write(
        folder.path().join("abide.toml"),
        "[scan]\nfail_onn = \"never\"\n",
    )
    .unwrap();
    let ran = run_in(folder.path(), &["scan", "plan.json"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("abide.toml:2:1") && ran.stderr.contains("did you mean `fail_on`?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn timings_go_to_standard_error_and_quiet_is_quiet() {
    let ran = run(&["scan", PAYMENTS, "--timings", "--quiet"]);
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr.contains("load") && ran.stderr.contains("evaluate"),
        "{}",
        ran.stderr
    );
}

#[test]
fn colours_only_when_wanted() {
    assert!(!run(&["scan", PAYMENTS]).stdout.contains('\u{1b}'));
    assert!(
        run(&["scan", PAYMENTS, "--color", "always"])
            .stdout
            .contains('\u{1b}')
    );
    let plain = abide()
        .current_dir(repository())
        .env("FORCE_COLOR", "1")
        .env("NO_COLOR", "1")
        .args(["scan", PAYMENTS])
        .output()
        .unwrap();
    assert!(!plain.stdout.contains(&0x1b));
}

#[test]
fn states_are_read_like_plans() {
    let shown = repository().join("tests/fixtures/states");
    for state in fs::read_dir(shown).unwrap() {
        for file in ["show.json", "terraform.tfstate"] {
            let path = state.as_ref().unwrap().path().join(file);
            if path.exists() {
                let report = json(&[&path.display().to_string()]);
                assert_eq!(report["inputs"][0]["kind"], "state");
            }
        }
    }
}

#[test]
fn own_policies_add_or_stand_alone() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("mine")).unwrap();
    fs::write(
        here.join("mine/ACME-0001.yaml"),
        "id: ACME-0001\ntitle: Volumes are in zone b\nseverity: low\nwhy: w\nresource_types: [aws_ebs_volume]\ncheck: {attribute: availability_zone, ends_with: b}\nmessage: in zone {found}\nremediation: r\n",
    )
    .unwrap();
    let case = plan("ebs-volume");
    let policies = |more: &[&str]| -> Vec<String> {
        let mut all = vec!["scan", &case, "--format", "json", "--policies", "mine"];
        all.extend(more);
        let report: serde_json::Value = serde_json::from_str(&run_in(here, &all).stdout).unwrap();
        let mut ids: Vec<String> = report["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["policy_id"].as_str().unwrap().to_owned())
            .collect();
        ids.dedup();
        ids
    };
    assert!(policies(&[]).contains(&"POL-0005".to_owned()));
    assert!(policies(&[]).contains(&"ACME-0001".to_owned()));
    assert_eq!(policies(&["--no-builtin"]), ["ACME-0001"]);
    let low = |more: &[&str]| {
        let mut all = vec!["scan", &case, "--policies", "mine", "--no-builtin"];
        all.extend(more);
        run_in(here, &all).code
    };
    assert_eq!((low(&[]), low(&["--fail-on", "low"])), (0, 1));
}

/// Errors are never turned into success.
#[test]
fn exit_zero_keeps_errors() {
    assert_eq!(run(&["scan", "nowhere.json", "--exit-zero"]).code, 2);
    assert_eq!(run(&["scan", &plan("errored"), "--exit-zero"]).code, 2);
    assert_eq!(
        run(&["scan", &plan("nothing-to-check"), "--exit-zero"]).code,
        0
    );
}

/// One bad input among good ones: no report that looks whole.
#[test]
fn one_bad_input_stops_all() {
    let ran = run(&["scan", PAYMENTS, "tests/fixtures/odd/truncated.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("truncated.json"), "{}", ran.stderr);
}

#[test]
fn nothing_evaluated_in_words() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(plan("empty"), folder.path().join("plan.json")).unwrap();
    let ran = run_in(
        folder.path(),
        &["scan", "plan.json", "--select", "POL-0005"],
    );
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.starts_with("0 resources, 1 policy, 0 evaluated"));
    assert!(
        ran.stdout
            .ends_with("nothing evaluated: `plan.json` has no managed resources\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_configuration_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("deep")).unwrap();
    fs::write(here.join("abide.toml"), "[scan]\nfail_on = \"never\"\n").unwrap();
    fs::write(here.join("other.toml"), "[scan]\nselect = [\"POL-0117\"]\n").unwrap();
    let code = |more: &[&str]| {
        let case = plan("ebs-volume");
        let mut all = vec!["scan", &case];
        all.extend(more);
        run_in(&here.join("deep"), &all).code
    };
    // The nearest file upwards counts; flags win over it.
    assert_eq!(code(&[]), 0);
    assert_eq!(code(&["--fail-on", "high"]), 1);
    assert_eq!(code(&["--no-config"]), 1);
    assert_eq!(code(&["--config", "../other.toml"]), 3);
    assert_eq!(code(&["--no-config", "--config", "../other.toml"]), 2);
}
