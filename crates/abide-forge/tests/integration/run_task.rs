//! Run tasks, as HCP Terraform publishes them.

use abide_forge::run_task::{
    Enforcement, Outcome, OutcomeLevel, Received, Refusal, Rules, SeenInMemory, Stage, Status, Tag,
    TaskResult, receive,
};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha512;

const KEY: &[u8] = b"a key entered on both sides";

fn payload() -> Value {
    json!({
        "payload_version": 1,
        "stage": "post_plan",
        "access_token": "4QEuyyxug1f2rw.atlasv1.canary",
        "capabilities": {"outcomes": true},
        "configuration_version_download_url": "https://app.terraform.io/api/v2/configuration-versions/cv-1/download",
        "configuration_version_id": "cv-1",
        "is_speculative": false,
        "organization_name": "acme",
        "plan_json_api_url": "https://app.terraform.io/api/v2/plans/plan-1/json-output",
        "run_app_url": "https://app.terraform.io/app/acme/payments/runs/run-1",
        "run_created_at": "2026-03-01T11:00:00.000Z",
        "run_created_by": "kenji",
        "run_id": "run-1",
        "run_message": "Triggered via UI",
        "task_result_callback_url": "https://app.terraform.io/api/v2/task-results/1-2-3/callback",
        "task_result_enforcement_level": "mandatory",
        "task_result_id": "taskrs-1",
        "vcs_branch": "main",
        "vcs_commit_url": "https://github.com/acme/infra/commit/1",
        "vcs_pull_request_url": null,
        "vcs_repo_url": "https://github.com/acme/infra",
        "workspace_app_url": "https://app.terraform.io/app/acme/payments",
        "workspace_id": "ws-1",
        "workspace_name": "payments",
        "workspace_working_directory": "/terraform"
    })
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn rules() -> Rules<'static> {
    Rules {
        key: KEY,
        hosts: &["app.terraform.io"],
        oldest: SignedDuration::from_hours(24),
    }
}

fn sign(key: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
    mac.update(body);
    mac.finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn send(payload: &Value) -> Result<Received, Refusal> {
    let body = payload.to_string();
    let signature = sign(KEY, body.as_bytes());
    receive(
        &rules(),
        Some(&signature),
        body.as_bytes(),
        now(),
        &SeenInMemory::new(10),
    )
}

fn with(field: &str, value: Value) -> Value {
    let mut payload = payload();
    payload[field] = value;
    payload
}

#[test]
fn a_signed_request_is_a_task() {
    let Ok(Received::Task(task)) = send(&payload()) else {
        panic!("refused");
    };
    assert_eq!(
        (task.stage, task.enforcement),
        (Stage::PostPlan, Enforcement::Mandatory)
    );
    assert_eq!(
        task.plan_url.as_deref(),
        Some("https://app.terraform.io/api/v2/plans/plan-1/json-output")
    );
    assert_eq!(
        (task.workspace.as_str(), task.working_directory.as_deref()),
        ("payments", Some("/terraform"))
    );
    assert!(task.takes_outcomes && task.pull_request_url.is_none());
    assert!(!format!("{task:?}").contains("canary"));
}

#[test]
fn only_the_key_opens() {
    let body = payload().to_string();
    let good = sign(KEY, body.as_bytes());
    let seen = SeenInMemory::new(10);
    let try_with = |rules: &Rules<'_>, signature: Option<&str>, body: &str| {
        receive(rules, signature, body.as_bytes(), now(), &seen)
    };
    let mut flipped = good.clone();
    flipped.replace_range(0..1, if good.starts_with('0') { "1" } else { "0" });
    let short = good.get(..126).unwrap();
    for signature in [
        None,
        Some(""),
        Some("zz"),
        Some("ä0"),
        Some(flipped.as_str()),
        Some(short),
        Some(&sign(b"other", body.as_bytes())),
    ] {
        assert_eq!(
            try_with(&rules(), signature, &body),
            Err(Refusal::Signature),
            "{signature:?}"
        );
    }
    let changed = body.replace("payments", "payment5");
    assert_eq!(
        try_with(&rules(), Some(&good), &changed),
        Err(Refusal::Signature)
    );
    let keyless = Rules {
        key: b"",
        ..rules()
    };
    let signed_with_nothing = sign(b"", body.as_bytes());
    assert_eq!(
        try_with(&keyless, Some(&signed_with_nothing), &body),
        Err(Refusal::NoKey)
    );
    assert!(try_with(&rules(), Some(&good.to_uppercase()), &body).is_ok());
}

#[test]
fn the_test_call_is_known_in_all_its_forms() {
    for payload in [
        with("stage", json!("test")),
        with("task_result_enforcement_level", json!("test")),
        with("access_token", json!("test-token")),
        json!({"payload_version": 1, "access_token": null, "task_result_callback_url": null}),
    ] {
        assert_eq!(send(&payload), Ok(Received::Test));
    }
}

#[test]
fn repetitions_are_told() {
    let body = payload().to_string();
    let signature = sign(KEY, body.as_bytes());
    let seen = SeenInMemory::new(10);
    let again = || receive(&rules(), Some(&signature), body.as_bytes(), now(), &seen);
    assert!(matches!(again(), Ok(Received::Task(_))));
    assert_eq!(again(), Ok(Received::Repeated));
}

#[test]
fn old_requests_and_those_of_the_future_are_refused() {
    for (made, fine) in [
        ("2026-02-28T12:00:01Z", true),
        ("2026-02-28T11:59:59Z", false),
        ("2026-03-01T12:04:59Z", true),
        ("2026-03-01T12:05:01Z", false),
    ] {
        let done = send(&with("run_created_at", json!(made)));
        assert_eq!(done.is_ok(), fine, "{made}: {done:?}");
    }
}

#[test]
fn the_token_goes_to_terraform_only() {
    for field in [
        "task_result_callback_url",
        "plan_json_api_url",
        "configuration_version_download_url",
    ] {
        for url in [
            "https://evil.example/x",
            "http://app.terraform.io/x",
            "https://app.terraform.io@evil.example/",
            "https://app.terraform.io:8443/x",
            "nonsense",
        ] {
            let done = send(&with(field, json!(url)));
            assert!(
                matches!(done, Err(Refusal::Address { .. })),
                "{field} {url}: {done:?}"
            );
        }
    }
}

#[test]
fn nonsense_is_refused_without_its_text() {
    for payload in [
        json!([]),
        json!({"payload_version": 2, "access_token": "canary"}),
        with("stage", json!("canary")),
        with("run_created_at", json!("canary")),
        with("access_token", json!("a canary\n")),
    ] {
        let error = send(&payload).unwrap_err();
        assert_eq!(error.status(), 422);
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn the_result_is_json_api() {
    let tag = |label: &str, level| Tag {
        label: label.to_owned(),
        level,
    };
    let result = TaskResult {
        status: Status::Failed,
        message: "m".repeat(600),
        url: Some("https://abide.example/runs/1".to_owned()),
        outcomes: vec![Outcome {
            id: "POL-0001".to_owned(),
            description: "1 bucket without encryption".to_owned(),
            body: "a line\n".repeat(200_000),
            url: None,
            status: tag("Failed", OutcomeLevel::Error),
            severity: tag("Critical", OutcomeLevel::Error),
        }],
    };
    let body = result.body();
    assert_eq!(body["data"]["type"], "task-results");
    assert_eq!(body["data"]["attributes"]["status"], "failed");
    assert_eq!(
        body["data"]["attributes"]["message"]
            .as_str()
            .unwrap()
            .len(),
        500
    );
    let outcome = &body["data"]["relationships"]["outcomes"]["data"][0];
    assert_eq!(outcome["type"], "task-result-outcomes");
    assert_eq!(outcome["attributes"]["outcome-id"], "POL-0001");
    assert_eq!(
        outcome["attributes"]["tags"]["Severity"],
        json!([{"label": "Critical", "level": "error"}])
    );
    let text = outcome["attributes"]["body"].as_str().unwrap();
    assert!(text.len() <= 1_000_000 && text.ends_with("More is left out for its length.\n"));
    let running = TaskResult {
        status: Status::Running,
        message: "at work".to_owned(),
        url: None,
        outcomes: Vec::new(),
    };
    assert_eq!(
        running.body(),
        json!({"data": {"type": "task-results", "attributes": {"status": "running", "message": "at work"}}})
    );
}
