//! No secret of an input is in anything the program says.

use std::fs;

use serde_json::Value;

use crate::command::{repository, run, run_in};

const FORMATS: [&str; 8] = [
    "human", "markdown", "github", "json", "sarif", "junit", "gitlab", "csv",
];

fn assert_clean(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{what} shows {secret}");
    }
}

/// Every fixture that plants secrets, through every format and command.
#[test]
fn fixtures_with_secrets() {
    let mut seen = 0;
    for folder in ["plans", "states"] {
        for case in fs::read_dir(repository().join("tests/fixtures").join(folder)).unwrap() {
            let case = case.unwrap().path();
            let Ok(text) = fs::read_to_string(case.join("expected.json")) else {
                continue;
            };
            let expected: Value = serde_json::from_str(&text).unwrap();
            let secrets: Vec<String> = expected["_secrets"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|s| s.as_str().unwrap().to_owned())
                .collect();
            if secrets.is_empty() {
                continue;
            }
            for file in ["plan.json", "show.json", "terraform.tfstate"] {
                let path = case.join(file);
                if path.exists() {
                    seen += 1;
                    check(&path.display().to_string(), &secrets);
                }
            }
        }
    }
    assert!(seen >= 2, "{seen}");
}

fn check(path: &str, secrets: &[String]) {
    let text = fs::read_to_string(path).unwrap();
    assert!(
        secrets.iter().any(|secret| text.contains(secret.as_str())),
        "{path} plants them"
    );
    for format in FORMATS {
        let ran = run(&[
            "scan",
            path,
            "--format",
            format,
            "--all-results",
            "--strict",
        ]);
        assert_clean(
            &format!("{path} {format}"),
            &format!("{}{}", ran.stdout, ran.stderr),
            secrets,
        );
    }
    let report: Value = serde_json::from_str(
        &run(&[
            "scan",
            path,
            "--format",
            "json",
            "--all-results",
            "--strict",
        ])
        .stdout,
    )
    .unwrap();
    for result in report["results"].as_array().unwrap().iter().take(40) {
        let (policy, address) = (
            result["policy_id"].as_str().unwrap(),
            result["resource_address"].as_str().unwrap(),
        );
        let ran = run(&["explain", policy, address, "--plan", path]);
        assert_clean(
            &format!("explain {policy} {address}"),
            &format!("{}{}", ran.stdout, ran.stderr),
            secrets,
        );
    }
    mangled(&text, secrets);
}

/// Broken variants of the file: error messages quote nothing of it.
fn mangled(text: &str, secrets: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    let first = secrets.first().unwrap();
    let quoted = format!("\"{first}\"");
    for broken in [
        text.get(..text.len() / 2).unwrap().to_owned(),
        text.replace("\"actions\":[\"create\"]", &format!("\"actions\":{quoted}")),
        text.replace("\"mode\":\"managed\"", &format!("\"mode\":[{quoted}]")),
        text.replace("\"change\":{", &format!("\"change\":{quoted},\"c\":{{")),
        text.replace(
            "\"expressions\":{",
            &format!("\"expressions\":{quoted},\"e\":{{"),
        ),
        format!("{quoted}{text}"),
    ] {
        fs::write(folder.path().join("plan.json"), broken).unwrap();
        let ran = run_in(folder.path(), &["scan", "plan.json"]);
        assert_clean(
            "an error",
            &format!("{}{}", ran.stdout, ran.stderr),
            secrets,
        );
    }
}

/// Files the program writes hold no secret either.
#[test]
fn written_files() {
    let case = crate::command::plan("sensitive-create");
    let expected: Value = serde_json::from_str(
        &fs::read_to_string(case.replace("plan.json", "expected.json")).unwrap(),
    )
    .unwrap();
    let secrets: Vec<String> = expected["_secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_str().unwrap().to_owned())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let outputs: Vec<String> = FORMATS
        .iter()
        .map(|format| format!("{format}=out.{format}"))
        .collect();
    let mut arguments = vec![
        "scan",
        &case,
        "--all-results",
        "--strict",
        "--timings",
        "--format",
        "github",
    ];
    arguments.extend(
        outputs
            .iter()
            .flat_map(|output| ["--output", output.as_str()]),
    );
    let ran = crate::command::abide()
        .current_dir(here)
        .env("GITHUB_OUTPUT", here.join("github-output"))
        .env("GITHUB_STEP_SUMMARY", here.join("github-summary"))
        .args(arguments)
        .output()
        .unwrap();
    assert_clean("stdout", &String::from_utf8_lossy(&ran.stdout), &secrets);
    assert_clean("stderr", &String::from_utf8_lossy(&ran.stderr), &secrets);
    assert_eq!(
        run_in(here, &["baseline", "create", &case, "-o", "b.jsonl"]).code,
        0
    );
    let mut seen = 0;
    for file in fs::read_dir(here).unwrap() {
        let path = file.unwrap().path();
        seen += 1;
        assert_clean(
            &path.display().to_string(),
            &fs::read_to_string(&path).unwrap(),
            &secrets,
        );
    }
    assert_eq!(seen, FORMATS.len() + 3);
}
