//! An exception from its request to its end, by the real program.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{PAYMENTS, Ran, abide, git, repository, run_in};

/// The finding of the example that is excepted: a high policy.
const FINDING: &str = r#"POL-0003:module.database["cards"].aws_db_instance.this"#;
const FILE: &str = ".abide/exceptions.yaml";

/// A folder with the example's plan and the results of a scan of it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(repository().join(PAYMENTS), folder.path().join("plan.json")).unwrap();
    scan(folder.path(), "2026-03-01T09:00:00Z");
    folder
}

/// Scans, keeps the results and gives them.
fn scan(folder: &Path, now: &str) -> Value {
    let ran = run_in(
        folder,
        &[
            "scan",
            "plan.json",
            "--now",
            now,
            "--quiet",
            "--output",
            "results.json",
        ],
    );
    assert!(ran.code <= 1, "{}", ran.stderr);
    serde_json::from_str(&fs::read_to_string(folder.join("results.json")).unwrap()).unwrap()
}

/// Runs `abide exception …` on a line of words; `FINDING` stands for the finding.
fn exception(folder: &Path, line: &str) -> Ran {
    let words = line
        .split(' ')
        .map(|word| if word == "FINDING" { FINDING } else { word });
    let arguments: Vec<&str> = ["exception"].into_iter().chain(words).collect();
    run_in(folder, &arguments)
}

fn done(folder: &Path, line: &str) -> String {
    let ran = exception(folder, line);
    assert_eq!(ran.code, 0, "{line}: {}{}", ran.stdout, ran.stderr);
    ran.stdout
}

/// What is refused, and changes nothing.
fn refused(folder: &Path, line: &str) -> String {
    let before = fs::read_to_string(folder.join(FILE)).ok();
    let ran = exception(folder, line);
    assert_eq!(ran.code, 2, "{line}: {}", ran.stdout);
    assert_eq!(before, fs::read_to_string(folder.join(FILE)).ok());
    ran.stderr
}

fn id(out: &str) -> String {
    out.split(':').next().unwrap().to_owned()
}

fn excepted(report: &Value) -> Vec<String> {
    let results = report["results"].as_array().unwrap().iter();
    let covered = results.filter(|row| !row["exception"].is_null());
    covered
        .map(|row| {
            format!(
                "{} by {}",
                row["resource_address"].as_str().unwrap(),
                row["exception"]["id"].as_str().unwrap()
            )
        })
        .collect()
}

/// The remarks on exceptions as `code`.
fn codes(report: &Value) -> Vec<&str> {
    let diagnostics = report["diagnostics"].as_array().unwrap().iter();
    let codes = diagnostics.filter_map(|d| d["code"].as_str());
    codes.filter(|code| code.starts_with("exception")).collect()
}

const ASK: &str = "request FINDING --from results.json --reason moving --by bob@example.com --now 2026-03-01T10:00:00Z";

/// One that is approved on the second of March.
fn granted(folder: &Path) -> String {
    let id = id(&done(folder, &format!("{ASK} --expires 2026-03-20")));
    done(
        folder,
        &format!("approve {id} --by ana@example.com --now 2026-03-02T10:00:00Z"),
    );
    id
}

/// Validates the file as its readers in editors do.
fn assert_follows_schema(folder: &Path) {
    let text = fs::read_to_string(folder.join(FILE)).unwrap();
    let errors = schema_errors(&text);
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
}

fn schema_errors(text: &str) -> Vec<String> {
    let schema = fs::read_to_string(repository().join("schemas/exceptions.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    let value = value(&abide_policy::yaml::parse(text).unwrap());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors = validator.iter_errors(&value);
    errors.map(|error| error.to_string()).collect()
}

/// What the documentation shows is right, and slips are seen by the schema and by the program.
#[test]
fn the_documented_file_follows_the_schema() {
    let docs = fs::read_to_string(repository().join("docs/exceptions.md")).unwrap();
    let example = docs.split("```yaml\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    assert_eq!(schema_errors(example), [""; 0]);
    let seed = r#"{"POL-0001:aws_s3_bucket.x": {"expiresAt": "2026-12-01", "reason": "r"}}"#;
    assert_eq!(schema_errors(seed), [""; 0]);
    assert_eq!(schema_errors("exceptions: []\n"), [""; 0]);
    let folder = folder();
    let here = folder.path();
    fs::create_dir(here.join(".abide")).unwrap();
    for (old, new) in [
        ("  id: EXC", "  idd: EXC"),
        ("  policy: ", "  policies: "),
        ("expires: 2026-03-20", "expires: soon"),
        ("  reason: ", "  reasons: "),
        ("identity: git", "identity: magic"),
        ("{name: bob@example.com,", "{"),
        ("  ticket: SEC-1", "  category: fine"),
    ] {
        let old = old.replacen("  id", "- id", 1);
        let new = new.replacen("  idd", "- idd", 1);
        let slip = example.replacen(&old, &new, 1);
        assert_ne!(slip, example, "{old}");
        assert!(!schema_errors(&slip).is_empty(), "{slip}");
        fs::write(here.join(FILE), &slip).unwrap();
        let ran = exception(here, "check --now 2026-03-03");
        assert!(
            ran.code == 1 && ran.stdout.contains("void"),
            "{slip}{}",
            ran.stdout
        );
    }
}

/// YAML as JSON has it.
fn value(node: &abide_policy::yaml::Node) -> Value {
    use abide_policy::yaml::Kind;
    match &node.kind {
        Kind::Scalar {
            text,
            quoted: false,
        } if text == "true" || text == "false" => (text == "true").into(),
        Kind::Scalar { .. } if node.is_nothing() => Value::Null,
        Kind::Scalar { text, .. } => text.as_str().into(),
        Kind::List(list) => list.iter().map(value).collect(),
        Kind::Map(map) => Value::Object(
            map.iter()
                .map(|(key, node)| (key.name.clone(), value(node)))
                .collect(),
        ),
    }
}

#[test]
fn a_whole_life() {
    let folder = folder();
    let here = folder.path();
    let asked = done(here, &format!("{ASK} --expires 2026-03-20"));
    let id = id(&asked);
    assert!(
        asked.contains("waits for 1 approver other than bob@example.com"),
        "{asked}"
    );
    assert_follows_schema(here);

    // A request covers nothing, and says so at the finding.
    let report = scan(here, "2026-03-02");
    assert_eq!(
        (excepted(&report), codes(&report)),
        (vec![], vec!["exception-requested"])
    );
    let row = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| !row["requested"].is_null())
        .unwrap();
    assert_eq!(row["requested"]["reason"], "moving");

    // Who asked does not approve, nor does a machine.
    let said = refused(
        here,
        &format!("approve {id} --by Bob@example.com --now 2026-03-02T10:00:00Z"),
    );
    assert!(said.contains("is who asked for it"), "{said}");
    refused(
        here,
        &format!("approve {id} --by github-actions[bot] --now 2026-03-02T10:00:00Z"),
    );
    done(
        here,
        &format!("approve {id} --by ana@example.com --now 2026-03-02T10:00:00Z"),
    );
    assert_follows_schema(here);

    let covered = vec![format!("{} by {id}", FINDING.split_once(':').unwrap().1)];
    for (now, expected) in [
        ("2026-03-02T09:59:59Z", &vec![]),
        ("2026-03-02T10:00:00Z", &covered),
        ("2026-03-20T23:59:59Z", &covered),
        ("2026-03-21T00:00:00Z", &vec![]),
    ] {
        assert_eq!(&excepted(&scan(here, now)), expected, "{now}");
    }
    assert_eq!(codes(&scan(here, "2026-03-21")), ["exception-expired"]);

    // A renewal begins where the old one ends, and is approved like any other.
    scan(here, "2026-03-18");
    let renewed = done(
        here,
        &format!(
            "renew {id} --from results.json --reason late --days 10 --by bob@example.com --now 2026-03-18"
        ),
    );
    let next = self::id(&renewed);
    assert!(
        renewed.contains("renewal 1 of 2") && renewed.contains("from 2026-03-21 until 2026-03-31"),
        "{renewed}"
    );
    done(
        here,
        &format!("approve {next} --by ana@example.com --now 2026-03-19"),
    );
    assert_eq!(excepted(&scan(here, "2026-03-20"))[0], covered[0]);
    assert!(excepted(&scan(here, "2026-03-21"))[0].ends_with(&next));

    // Taken back at an instant; the past stays as it was.
    done(
        here,
        &format!("revoke {next} --reason fixed --by eve --now 2026-03-25T12:00:00Z"),
    );
    assert_eq!(excepted(&scan(here, "2026-03-25T12:00:00Z")).len(), 0);
    let in_force = |at: &str| {
        let list = done(here, &format!("list --in-force --format json --at {at}"));
        let list: Value = serde_json::from_str(&list).unwrap();
        list.as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(in_force("2026-03-01"), [""; 0]);
    assert_eq!(in_force("2026-03-10"), [id.as_str()]);
    assert_eq!(in_force("2026-03-25T11:59:59Z"), [next.as_str()]);
    assert_eq!(in_force("2026-03-25T12:00:00Z"), [""; 0]);
    let shown = done(here, &format!("show {next} --now 2026-03-26"));
    assert!(
        shown.contains("revoked by eve (flag) 2026-03-25T12:00:00Z: fixed"),
        "{shown}"
    );
    assert_follows_schema(here);
}

/// The heart of it: what is worse than what was approved is not covered.
#[test]
fn other_facts_are_not_covered() {
    let folder = folder();
    let here = folder.path();
    let id = granted(here);
    let plan = fs::read_to_string(here.join("plan.json")).unwrap();
    let address = FINDING.split_once(':').unwrap().1;
    let mut value: Value = serde_json::from_str(&plan).unwrap();
    for change in value["resource_changes"].as_array_mut().unwrap() {
        if change["address"] == address {
            change["change"]["after"]["backup_retention_period"] = 0.into();
        }
    }
    fs::write(here.join("plan.json"), value.to_string()).unwrap();
    let report = scan(here, "2026-03-04");
    assert_eq!(
        (excepted(&report), codes(&report)),
        (vec![], vec!["exception-exceeded"])
    );
    let diagnostics = report["diagnostics"].as_array().unwrap();
    let said = diagnostics
        .iter()
        .find(|d| d["code"] == "exception-exceeded")
        .unwrap();
    let message = said["message"].as_str().unwrap();
    assert!(
        message.contains(&id) && message.contains("value=0") && message.contains("value=1"),
        "{message}"
    );
    assert_eq!(said["place"]["file"], FILE);
    // The check tells it too, from the results.
    let ran = exception(
        here,
        "check --from results.json --now 2026-03-04 --warn-days 0",
    );
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("exception-exceeded"), "{}", ran.stdout);
}

#[test]
fn an_edit_after_the_approval_undoes_it() {
    let folder = folder();
    let here = folder.path();
    let id = granted(here);
    let path = here.join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("value: \"1\"", "value: \"0\"")).unwrap();
    let report = scan(here, "2026-03-10");
    assert_eq!(
        (excepted(&report), codes(&report)),
        (vec![], vec!["exception-void"])
    );
    let shown = done(here, &format!("show {id} --now 2026-03-10"));
    assert!(
        shown.contains("changed after ana@example.com approved it"),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_granted_cannot_be_asked_for() {
    let folder = folder();
    let here = folder.path();
    for (line, why) in [
        (format!("{ASK} --expires 2026-04-01"), "run 30 days at most"),
        (format!("{ASK} --expires 2026-02-01"), "before it begins"),
        (ASK.to_owned(), "until when?"),
        (
            format!("{ASK} --days 3 --control-policy POL-9999"),
            "there is no policy POL-9999",
        ),
        (
            format!("{ASK} --days 3 --category mitigated"),
            "needs a compensating_control",
        ),
        (
            ASK.replace("FINDING", "POL-0003:aws_s3_bucket.none"),
            "names no finding",
        ),
        (
            ASK.replace("results.json", "plan.json"),
            "expected results of a scan",
        ),
        (
            "approve E-1 --by ana".to_owned(),
            "there is no .abide/exceptions.yaml yet",
        ),
    ] {
        let said = refused(here, &line);
        assert!(said.contains(why), "{line}: {said}");
    }
    granted(here);
    let said = refused(here, "approve E-9 --by ana");
    assert!(said.contains("there is no exception E-9"), "{said}");
}

#[test]
fn critical_takes_two_and_an_emergency_one() {
    let folder = folder();
    let here = folder.path();
    fs::write(
        here.join("abide.toml"),
        "[policies.POL-0003]\nseverity = \"critical\"\n",
    )
    .unwrap();
    scan(here, "2026-03-01");
    let id = id(&done(here, &format!("{ASK} --expires 2026-03-12")));
    done(here, &format!("approve {id} --by ana --now 2026-03-02"));
    assert_eq!(excepted(&scan(here, "2026-03-03")).len(), 0);
    let said = refused(
        here,
        &format!("approve {id} --by ana@example.com --now 2026-03-02"),
    );
    assert!(said.contains("has approved it already"), "{said}");
    done(here, &format!("approve {id} --by eve --now 2026-03-03"));
    assert_eq!(excepted(&scan(here, "2026-03-03")).len(), 1);
    done(
        here,
        &format!("revoke {id} --reason enough --by eve --now 2026-03-04"),
    );

    scan(here, "2026-03-05");
    let urgent = self::id(&done(
        here,
        &format!(
            "{} --break-glass",
            ASK.replace("2026-03-01T10", "2026-03-05T10")
        ),
    ));
    done(
        here,
        &format!("approve {urgent} --by ana --now 2026-03-05T11:00:00Z"),
    );
    assert_eq!(excepted(&scan(here, "2026-03-08T09:59:59Z")).len(), 1);
    let report = scan(here, "2026-03-08T10:00:00Z");
    assert_eq!(
        excepted(&report).len(),
        0,
        "72 hours after it was asked for"
    );
    assert!(codes(&report).contains(&"exception-review-due"));
    let line = "check --now 2026-04-30";
    assert_eq!(exception(here, line).code, 1);
    refused(
        here,
        &format!("approve --review {urgent} --by bob --now 2026-04-29"),
    );
    done(
        here,
        &format!("approve --review {urgent} --by eve --now 2026-04-29"),
    );
    assert_eq!(
        exception(here, line).code,
        0,
        "{}",
        exception(here, line).stdout
    );
}

#[test]
fn a_compensating_control_that_fails_suspends() {
    let folder = folder();
    let here = folder.path();
    let report = scan(here, "2026-03-01");
    let summary = &report["summary"];
    let all = run_in(
        here,
        &[
            "scan",
            "plan.json",
            "--all-results",
            "--format",
            "json",
            "--now",
            "2026-03-01",
        ],
    );
    let all: Value = serde_json::from_str(&all.stdout).unwrap();
    let rows = all["results"].as_array().unwrap();
    let outcomes = |policy: &str| {
        rows.iter()
            .filter(|row| row["policy_id"] == policy)
            .map(|row| row["outcome"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    let policy_of = |passes: bool| {
        let mut ids = rows
            .iter()
            .map(|row| row["policy_id"].as_str().unwrap())
            .filter(|id| *id != "POL-0003");
        ids.find(|id| {
            outcomes(id)
                .iter()
                .all(|outcome| (*outcome == "pass") == passes)
        })
        .unwrap()
        .to_owned()
    };
    for (policy, covered, code) in [
        (policy_of(true), 1, None),
        (policy_of(false), 0, Some("exception-suspended")),
    ] {
        let _ = fs::remove_file(here.join(FILE));
        scan(here, "2026-03-01");
        let id = id(&done(
            here,
            &format!("{ASK} --days 10 --control-policy {policy}"),
        ));
        done(here, &format!("approve {id} --by ana --now 2026-03-02"));
        let report = scan(here, "2026-03-03");
        assert_eq!(excepted(&report).len(), covered, "{policy}");
        assert_eq!(
            codes(&report).contains(&"exception-suspended"),
            code.is_some()
        );
        // What passed is not listed for it.
        assert!(
            report["results"]
                .as_array()
                .unwrap()
                .iter()
                .all(|row| row["outcome"] != "pass")
        );
        assert_eq!(report["summary"]["pass"], summary["pass"]);
    }
}

#[test]
fn check_says_what_ends_by_its_exit_code() {
    let folder = folder();
    let here = folder.path();
    assert_eq!(
        exception(here, "check --now 2026-03-03").code,
        0,
        "there is none yet"
    );
    granted(here);
    for (now, days, code) in [
        ("2026-03-03", 14, 0),
        ("2026-03-06", 14, 1),
        ("2026-03-06", 13, 0),
        ("2026-03-20", 0, 1),
        ("2026-03-21", 14, 1),
        ("2026-04-04", 14, 0),
    ] {
        let ran = exception(here, &format!("check --now {now} --warn-days {days}"));
        assert_eq!(ran.code, code, "{now} {days}: {}", ran.stdout);
    }
    let path = here.join(FILE);
    let text = fs::read_to_string(&path).unwrap()
        + "- {id: V, policy: POL-0003, resource: aws_db_instance.x, reason: r, approver: a, expires: soon}\n";
    fs::write(&path, &text).unwrap();
    let ran = exception(here, "check --now 2026-03-03");
    let line = text.lines().count();
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout
            .contains(&format!("{FILE}:{line}:3: exception V")),
        "{}",
        ran.stdout
    );
}

#[test]
fn refused_and_withdrawn() {
    let folder = folder();
    let here = folder.path();
    for (day, who, state) in [
        ("2026-03-02", "ana", "rejected"),
        ("2026-03-03", "bob@example.com", "withdrawn"),
    ] {
        let ask = ASK.replace("2026-03-01", day);
        let id = id(&done(here, &format!("{ask} --expires 2026-03-20")));
        let at = format!("{day}T11:00:00Z");
        done(
            here,
            &format!("reject {id} --reason no --by {who} --now {at}"),
        );
        let shown = done(here, &format!("show {id} --now {at}"));
        assert!(shown.starts_with(&format!("{id}: {state}")), "{shown}");
        refused(here, &format!("approve {id} --by eve --now {at}"));
    }
    let report = scan(here, "2026-03-04");
    assert_eq!((excepted(&report), codes(&report)), (vec![], vec![]));
}

/// Names come from CI, git and CODEOWNERS, and the file says which.
#[test]
fn who_it_is_and_how_that_is_known() {
    let folder = folder();
    let here = folder.path();
    let ask = |environment: &[(&str, &str)]| {
        let _ = fs::remove_file(here.join(FILE));
        let mut command = abide();
        command
            .current_dir(here)
            .env("HOME", here)
            .env("GIT_CONFIG_NOSYSTEM", "1");
        for (name, value) in environment {
            command.env(name, value);
        }
        let arguments = [
            "exception",
            "request",
            FINDING,
            "--from",
            "results.json",
            "--reason",
            "r",
            "--days",
            "5",
        ];
        let ran: Ran = command.args(arguments).output().unwrap().into();
        ran.stdout
            .lines()
            .next()
            .map_or(ran.stderr.clone(), |line| {
                line.split("requested by ").nth(1).unwrap().to_owned()
            })
    };
    // {"user_email":"dora@example.com"}
    let token = "e30.eyJ1c2VyX2VtYWlsIjoiZG9yYUBleGFtcGxlLmNvbSJ9.x";
    assert_eq!(
        ask(&[
            ("ABIDE_ID_TOKEN", token),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "carl")
        ]),
        "dora@example.com (oidc)"
    );
    assert_eq!(
        ask(&[("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "carl")]),
        "carl (ci)"
    );
    assert_eq!(ask(&[("GITLAB_USER_LOGIN", "carl")]), "carl (ci)");
    assert_eq!(
        ask(&[("GIT_AUTHOR_EMAIL", "bob@example.com")]),
        "bob@example.com (git)"
    );
    assert!(ask(&[]).contains("name yourself with --by"));
    git(here, &["init", "-q"]);
    fs::write(
        here.join("CODEOWNERS"),
        "* @all\n/.abide/ bob@example.com @ana\n",
    )
    .unwrap();
    fs::create_dir_all(here.join(".abide")).unwrap();
    assert_eq!(
        ask(&[("GIT_AUTHOR_EMAIL", "bob@example.com")]),
        "bob@example.com (codeowners)"
    );
    let text = fs::read_to_string(here.join(FILE)).unwrap();
    let id = text
        .split("id: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let said = refused(here, &format!("approve {id} --by mallory"));
    assert!(said.contains("does not own"), "{said}");
    done(here, &format!("approve {id} --by ana"));
}

#[test]
fn an_audit_names_everybody_and_what_is_odd() {
    let folder = folder();
    let here = folder.path();
    let id = granted(here);
    let path = here.join(FILE);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(&format!("- {{id: OLD, policy: POL-0003, resource: '{}', reason: r, approver: ana, expires: 2026-03-15}}\n", FINDING.split_once(':').unwrap().1));
    text.push_str("- {id: GONE, policy: POL-0003, resource: aws_db_instance.gone, reason: r, approver: ana, expires: 2026-03-15}\n");
    text.push_str("- {id: V, policy: POL-0003, resource: aws_db_instance.x, reason: r, approver: a, expires: soon}\n");
    fs::write(&path, &text).unwrap();
    git(here, &["init", "-q"]);
    git(here, &["add", FILE]);
    git(here, &["commit", "-q", "-m", "x"]);
    scan(here, "2026-03-10");
    let out = done(
        here,
        "audit --from results.json --now 2026-03-10 --format json",
    );
    let list: Value = serde_json::from_str(&out).unwrap();
    let of = |id: &str| {
        list.as_array()
            .unwrap()
            .iter()
            .find(|e| e["id"] == id)
            .unwrap()
    };
    let first = of(&id);
    assert_eq!(
        (&first["state"], &first["days"]),
        (&"active".into(), &19.into())
    );
    let acts = first["acts"].as_array().unwrap();
    assert_eq!(acts.len(), 2);
    assert_eq!(
        (
            &acts[1]["name"],
            &acts[1]["identity"],
            &acts[1]["committed_by"]
        ),
        (
            &"ana@example.com".into(),
            &"flag".into(),
            &"t@example.com".into()
        )
    );
    let remarks = |id: &str| of(id)["remarks"].to_string();
    assert!(remarks(&id).contains("overlaps OLD"), "{}", remarks(&id));
    assert!(remarks(&id).contains("was committed by t@example.com"));
    // The commit is of today.
    assert!(remarks(&id).contains("approved by ana@example.com on 2026-03-02, but written on"));
    assert!(
        remarks("OLD").contains("bound to no facts")
            && remarks("OLD").contains("nobody is recorded as having asked")
    );
    assert!(
        remarks("GONE").contains("covers nothing in these results"),
        "{}",
        remarks("GONE")
    );
    let line = text.lines().count();
    assert!(
        remarks("V").contains(&format!("{FILE}:{line}:")),
        "{}",
        remarks("V")
    );
    let human = done(here, "audit --now 2026-03-10");
    assert!(
        human.contains("approved by ana@example.com (flag) 2026-03-02T10:00:00Z"),
        "{human}"
    );
}

#[test]
fn comments_and_bytes_stay() {
    let folder = folder();
    let here = folder.path();
    let text = "# ours, do not sort\nexceptions:   # the list\n\n  - id: E-1   # first\n    policy: POL-0003\n    resource: aws_db_instance.gone\n    reason: 'it''s'\n    approver: ana\n    expires: 2026-03-20\n\n# the end\n";
    fs::create_dir(here.join(".abide")).unwrap();
    fs::write(here.join(FILE), text).unwrap();
    let id = granted(here);
    let new = fs::read_to_string(here.join(FILE)).unwrap();
    let (head, tail) = text.split_once("\n# the end\n").unwrap();
    assert!(
        new.starts_with(head) && new.ends_with(&format!("\n# the end\n{tail}")),
        "{new}"
    );
    assert!(
        new.contains(&format!("  - id: {id}\n    policy: POL-0003\n")),
        "{new}"
    );
}

#[test]
fn configuration_makes_rules_stricter_only() {
    let folder = folder();
    let here = folder.path();
    for (text, why) in [
        (
            "[exceptions.max_days]\nhigh = 31\n",
            "abide.toml:2:8: exceptions.max_days.high: expected a number from 1 to 30, found 31",
        ),
        ("[exceptions.approvals]\ncritical = 1\n", "from 2 to 9"),
        ("[exceptions]\nrenewals = 3\n", "from 0 to 2"),
        ("[exceptions]\nbreak_glass_hours = 100\n", "from 1 to 72"),
    ] {
        fs::write(here.join("abide.toml"), text).unwrap();
        let said = refused(here, "check");
        assert!(said.contains(why), "{said}");
    }
    fs::write(
        here.join("abide.toml"),
        "[exceptions]\napprovers = [\"ana\"]\nmax_days = { high = 5 }\napprovals = { high = 2 }\nrequire_requester = true\n",
    )
    .unwrap();
    let said = refused(here, &format!("{ASK} --days 6"));
    assert!(said.contains("run 5 days at most"), "{said}");
    let id = id(&done(here, &format!("{ASK} --days 5")));
    let said = refused(here, &format!("approve {id} --by eve --now 2026-03-02"));
    assert!(said.contains("not among exceptions.approvers"), "{said}");
    let out = done(here, &format!("approve {id} --by ana --now 2026-03-02"));
    assert!(out.contains("waits for 1 approver"), "{out}");
}

/// Records a scan of the plan.
fn record(here: &Path, now: &str) {
    let arguments = ["scan", "plan.json", "--record", "--quiet", "--now", now];
    let mut command = abide();
    for name in [
        "DATABASE_URL",
        "ABIDE_LEDGER_KEY",
        "ABIDE_LEDGER_KEY_FILE",
        "ABIDE_TENANT",
    ] {
        command.env_remove(name);
    }
    let ran: Ran = command
        .current_dir(here)
        .args(arguments)
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.code, 1, "{}", ran.stderr);
}

/// Decisions in the ledger, which are all about one exception.
fn decisions(here: &Path, name: &str, id: &str) -> Vec<String> {
    let ran = run_in(here, &["evidence", "export", name]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut out = Vec::new();
    for file in fs::read_dir(here.join(name)).unwrap() {
        let Ok(text) = fs::read_to_string(file.unwrap().path()) else {
            continue;
        };
        for line in text.lines() {
            let Ok(entry) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            let kind = entry["kind"].as_str().unwrap_or_default();
            if kind.starts_with("exception.") {
                assert_eq!(entry["body"]["exception"], id);
                out.push(format!("{kind} {}", entry["body"]["by"].as_str().unwrap()));
            }
        }
    }
    out
}

/// Decisions stand in the ledger, each once, however often they are seen.
#[test]
fn recorded_scans_record_decisions_once() {
    let folder = folder();
    let here = folder.path();
    let id = granted(here);
    let granted = [
        "exception.requested bob@example.com",
        "exception.approved ana@example.com",
    ];
    record(here, "2026-03-03");
    record(here, "2026-03-04");
    assert_eq!(decisions(here, "first", &id), granted);
    done(
        here,
        &format!("revoke {id} --reason fixed --by eve --now 2026-03-05"),
    );
    record(here, "2026-03-06");
    record(here, "2026-03-07");
    assert_eq!(
        decisions(here, "second", &id),
        [&granted[..], &["exception.revoked eve"]].concat()
    );
    assert_eq!(run_in(here, &["evidence", "verify"]).code, 0);
}

/// So do refusals.
#[test]
fn a_refused_request_is_in_the_ledger() {
    let folder = folder();
    let here = folder.path();
    let id = id(&done(here, &format!("{ASK} --expires 2026-03-20")));
    done(
        here,
        &format!("reject {id} --reason no --by ana@example.com --now 2026-03-02"),
    );
    record(here, "2026-03-03");
    record(here, "2026-03-04");
    assert_eq!(
        decisions(here, "bundle", &id),
        [
            "exception.requested bob@example.com",
            "exception.rejected ana@example.com"
        ]
    );
}
