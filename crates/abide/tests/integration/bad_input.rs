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
        (&["scan", "."], "a directory"),
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
