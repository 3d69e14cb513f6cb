//! Bad input gets a clear error and exit code 2.

use std::fs;

use serde_json::Value;

use crate::command::{repository, run, run_in};

/// `tests/fixtures/odd/expected.json`: file → what it is, exit codes, words of the message.
#[test]
fn odd_files_are_read_or_named() {
    let odd = repository().join("tests/fixtures/odd");
    let expected: Value =
        serde_json::from_str(&fs::read_to_string(odd.join("expected.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (file, want) in expected
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| !name.starts_with('_'))
    {
        let ran = run(&["scan", &odd.join(file).display().to_string()]);
        let said = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
        let codes = want
            .get("exit")
            .or_else(|| want.get("exit_codes"))
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        if !codes.is_empty()
            && !codes
                .iter()
                .any(|code| code.as_i64() == Some(ran.code.into()))
        {
            wrong.push(format!(
                "{file}: exit {} instead of {codes:?}: {said}",
                ran.code
            ));
        }
        for word in want
            .get("says")
            .or_else(|| want.get("words"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !said.contains(&word.as_str().unwrap().to_lowercase()) {
                wrong.push(format!("{file}: does not say {word}: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn errors_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.json"), "").unwrap();
    fs::write(
        folder.path().join("ok.json"),
        r#"{"format_version":"1.2","planned_values":{},"resource_changes":[]}"#,
    )
    .unwrap();
    fs::create_dir(folder.path().join("none")).unwrap();
    for (arguments, words) in [
        (&["scan", "nowhere.json"][..], "cannot read nowhere.json"),
        (&["scan", "."], "has no Terraform source"),
        (
            &["scan", "ok.json", "--source", "none"],
            "has no Terraform source",
        ),
        (&["scan", ".", "--var", "novalue"], "expected NAME=VALUE"),
        (&["scan", ".", "--var-file", "no.tfvars"], "cannot be read"),
        (&["fix", "nowhere"], "cannot read nowhere"),
        (&["exception", "import", "nowhere"], "cannot read nowhere"),
        (&["scan", "--staged"], "not a git repository"),
        (
            &["evidence", "verify", "--store", "no.db"],
            "there is no store no.db",
        ),
        (
            &["evidence", "prove", "0", "--store", "no.db"],
            "there is no store no.db",
        ),
        (
            &["evidence", "anchor", "--store", "no.db"],
            "there is no store no.db",
        ),
        (
            &["store", "migrate", "--store", "no.db"],
            "there is no store no.db",
        ),
        (&["scan", "empty.json"], "empty"),
        (&["scan"], "nothing to scan"),
        (
            &["scan", "ok.json", "--select", "POL-0012x"],
            "selects nothing",
        ),
        (
            &["scan", "ok.json", "--select", "POL-9001"],
            "unknown policy `POL-9001`",
        ),
        (
            &["scan", "ok.json", "--policies", "none"],
            "no policy files",
        ),
        (&["scan", "ok.json", "--now", "yesterday"], "is no time"),
        (
            &["scan", "ok.json", "--format", "sariff"],
            "did you mean `sarif`",
        ),
        (
            &["scan", "ok.json", "--output", "sariff=x"],
            "did you mean `sarif`",
        ),
        (
            &["scan", "ok.json", "--fail-on", "severe"],
            "is no severity",
        ),
        (&["scan", "ok.json", "--framework", "pci"], "pci-dss"),
        (
            &["scan", "ok.json", "--set", "POL-0002.allowed_port=1"],
            "has no parameter `allowed_port`",
        ),
        (
            &["scan", "ok.json", "--set", "POL-0003.min_days=many"],
            "cannot be `many`: expected a whole number",
        ),
        (
            &["scan", "ok.json", "--exceptions", "none.yaml"],
            "cannot read exceptions none.yaml",
        ),
        (&["explain", "POL-00011"], "did you mean"),
        (
            &[
                "explain",
                "POL-0001",
                "aws_s3_bucket.x",
                "--plan",
                "ok.json",
            ],
            "has no `aws_s3_bucket.x`",
        ),
    ] {
        let ran = run_in(folder.path(), arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stdout);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
    assert!(
        !folder.path().join("no.db").exists(),
        "reading makes no store"
    );
}

#[test]
fn policies_with_one_id_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("mine.yaml"),
        run(&["policy", "show", "POL-0001"]).stdout,
    )
    .unwrap();
    let plan = crate::command::plan("sse-by-reference");
    let ran = run_in(folder.path(), &["scan", &plan, "--policies", "mine.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("POL-0001 is defined twice"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        run_in(
            folder.path(),
            &["scan", &plan, "--policies", "mine.yaml", "--no-builtin"]
        )
        .code,
        1
    );
}

/// One message for each kind of slip, as it reads.
#[test]
fn messages_read_well() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let odd = |file: &str| {
        fs::copy(
            repository().join("tests/fixtures/odd").join(file),
            here.join(file),
        )
        .unwrap();
    };
    odd("binary.tfplan");
    odd("wrapper.json");
    fs::write(here.join("empty.json"), "").unwrap();
    let said = |arguments: &[&str]| {
        let ran = run_in(here, arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        ran.stderr
    };
    insta::assert_snapshot!(said(&["scan", "nowhere.json"]), @"error: cannot read nowhere.json: No such file or directory (os error 2)");
    insta::assert_snapshot!(said(&["scan", "binary.tfplan"]), @"error: binary.tfplan is a binary plan file, which only Terraform can read; convert it with `terraform show -json binary.tfplan > plan.json`");
    insta::assert_snapshot!(said(&["scan", "wrapper.json"]), @"error: wrapper.json is a plan behind a line of the setup-terraform action's wrapper; set `terraform_wrapper: false` for that action");
    insta::assert_snapshot!(said(&["scan", "-", "-"]), @"error: `-` is named twice, but standard input can be read only once");
    insta::assert_snapshot!(said(&["explain", "POL-00011"]), @"error: unknown policy `POL-00011`; did you mean `POL-0001`?");
    insta::assert_snapshot!(said(&["scan", "empty.json", "--config", "none.toml"]), @r"
    error: cannot read none.toml
      caused by: No such file or directory (os error 2)
    ");
}

/// Slips in policy files, each at its place.
#[test]
fn policy_files_are_refused_at_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let plan = crate::command::plan("ebs-volume");
    let good = "id: ACME-0001\ntitle: t\nseverity: high\nwhy: w\nresource_types: [aws_ebs_volume]\ncheck: {attribute: availability_zone, matches: eu}\nmessage: m\nremediation: r\n";
    for (part, instead, words) in [
        (
            "eu}",
            "\"([\"}",
            "mine.yaml:6:48: not a regular expression: unclosed character class",
        ),
        (
            "matches",
            "matchez",
            "mine.yaml:6:39: this condition has no `matchez`; did you mean `matches`?",
        ),
        (
            "high",
            "hihg",
            "mine.yaml:3:11: `hihg` is not a severity: expected critical, high, medium or low",
        ),
        (
            "availability_zone",
            "availability_zome",
            "did you mean `availability_zone`?",
        ),
        (
            "[aws_ebs_volume]",
            "[aws_ebs_volum]",
            "did you mean `aws_ebs_volume`?",
        ),
        ("title: t", "titel: t", "did you mean `title`?"),
        ("[aws_ebs_volume]", "[", "mine.yaml:"),
    ] {
        assert!(good.contains(part), "{part}");
        fs::write(
            folder.path().join("mine.yaml"),
            good.replacen(part, instead, 1),
        )
        .unwrap();
        let ran = run_in(folder.path(), &["scan", &plan, "--policies", "mine.yaml"]);
        assert_eq!(ran.code, 2, "{instead}: {}", ran.stdout);
        assert!(ran.stderr.contains(words), "{instead}: {}", ran.stderr);
    }
    fs::create_dir(folder.path().join("twice")).unwrap();
    for name in ["a.yaml", "b.yaml"] {
        fs::write(folder.path().join("twice").join(name), good).unwrap();
    }
    let ran = run_in(folder.path(), &["scan", &plan, "--policies", "twice"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("ACME-0001 is defined twice"),
        "{}",
        ran.stderr
    );
}

#[test]
fn reports_that_cannot_be_written_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let plan = crate::command::plan("ebs-volume");
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for target in ["file/r.json", "folder"] {
        let ran = run_in(folder.path(), &["scan", &plan, "--output", target]);
        assert_eq!(ran.code, 2);
        assert!(
            ran.stderr.contains(&format!("cannot write {target}")),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(fs::read_to_string(folder.path().join("file")).unwrap(), "");
}

#[test]
fn broken_exception_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let plan = crate::command::plan("ebs-volume");
    for (text, words) in [
        ("- {id: E, policy: POL-0005", "e.yaml:"),
        ("3", "e.yaml:1:1: expected a list of exceptions"),
    ] {
        fs::write(folder.path().join("e.yaml"), text).unwrap();
        let ran = run_in(folder.path(), &["scan", &plan, "--exceptions", "e.yaml"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

/// What is refused prints no report that something could take for one.
#[test]
fn refused_files_print_nothing_to_standard_output() {
    let odd = repository().join("tests/fixtures/odd");
    for file in [
        "binary.tfplan",
        "truncated.json",
        "list.json",
        "html.json",
        "two-plans.json",
        "format-2.0.json",
    ] {
        let path = odd.join(file).display().to_string();
        let ran = run(&["scan", &path, "--format", "json"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{file}");
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    }
}
