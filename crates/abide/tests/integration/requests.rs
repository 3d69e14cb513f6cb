//! Exceptions that are asked for in the source.

use std::path::Path;

use serde_json::Value;

use crate::command::{Ran, folder, run_in};

fn scan(files: &[(&str, &str)]) -> Value {
    let folder = folder(files);
    let ran = run_in(
        folder.path(),
        &["scan", ".", "--now", "2026-03-01", "--format", "json"],
    );
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
}

/// A scan for one policy in a format.
fn shown(folder: &Path, format: &str) -> Ran {
    let scan = ["scan", ".", "--now", "2026-03-01", "--select", PUBLIC];
    run_in(folder, &[&scan[..], &["--format", format]].concat())
}

/// What was asked for of a policy's findings, as `address: reason`.
fn asked(report: &Value, policy: &str) -> Vec<String> {
    let results = report["results"].as_array().unwrap().iter();
    let of_policy = results.filter(|row| row["policy_id"] == policy);
    of_policy
        .map(|row| {
            assert_eq!(
                (&row["outcome"], &row["compliant"]),
                (&"fail".into(), &false.into())
            );
            let address = row["resource_address"].as_str().unwrap();
            let reason = row["requested"]["reason"].as_str().unwrap_or("-");
            format!("{address}: {reason}")
        })
        .collect()
}

/// The remarks on requests as `code@line`.
fn remarks(report: &Value) -> Vec<String> {
    let diagnostics = report["diagnostics"].as_array().unwrap().iter();
    let codes = diagnostics.filter(|d| d["code"].as_str().unwrap().starts_with("request"));
    codes
        .map(|d| format!("{}@{}", d["code"].as_str().unwrap(), d["place"]["line"]))
        .collect()
}

const PUBLIC: &str = "POL-0333";

fn instance(before: &str, at_header: &str, at_attribute: &str) -> String {
    format!(
        "{before}\nresource \"aws_db_instance\" \"a\" {{ {at_header}\n  identifier = \"# abide:ignore=POL-0333\"\n  publicly_accessible = true {at_attribute}\n}}\n"
    )
}

const REQUEST: &str = "abide:ignore=POL-0333 until=2026-03-11 reason=\"it is a demo\" ticket=SEC-1";

#[test]
fn stands_at_what_it_is_about() {
    let (hash, slashes) = (format!("# {REQUEST}"), format!("// {REQUEST}"));
    let stars = format!("/*\n * {REQUEST}\n */");
    for text in [
        instance(&hash, "", ""),
        instance(&stars, "", ""),
        instance("", &slashes, ""),
        instance("", "", "").replace("  pub", &format!("  {hash}\n  # another\n  pub")),
        instance("", "", &format!("/* {REQUEST} */")),
        instance(&hash, "", "").replace('\n', "\r\n"),
        format!("\u{feff}{}", instance(&hash, "", "").trim_start()),
        instance(&hash.replace("POL-0333", "CKV_AWS_17"), "", ""),
    ] {
        let report = scan(&[("main.tf", &text)]);
        assert_eq!(
            asked(&report, PUBLIC),
            ["aws_db_instance.a: it is a demo"],
            "{text}"
        );
        assert_eq!(remarks(&report), [""; 0], "{text}");
    }
}

#[test]
fn is_of_its_policy_and_place_alone() {
    let text =
        instance("", "", "") + &instance(&format!("# {REQUEST}"), "", "").replace("\"a\"", "\"b\"");
    let report = scan(&[("main.tf", &text)]);
    assert_eq!(
        asked(&report, PUBLIC),
        ["aws_db_instance.a: -", "aws_db_instance.b: it is a demo"]
    );
    let others = report["results"].as_array().unwrap().iter();
    let mut others = others.filter(|row| row["policy_id"] != PUBLIC);
    assert!(others.all(|row| row["requested"].is_null()));
}

#[test]
fn at_a_module_call_it_is_for_all_in_it() {
    let main = format!(
        "module \"a\" {{ # {REQUEST}\n  source = \"./m\"\n}}\nmodule \"b\" {{\n  source = \"./m\"\n}}\n"
    );
    let report = scan(&[("main.tf", &main), ("m/main.tf", &instance("", "", ""))]);
    assert_eq!(
        asked(&report, PUBLIC),
        [
            "module.a.aws_db_instance.a: it is a demo",
            "module.b.aws_db_instance.a: -"
        ]
    );
}

#[test]
fn what_is_wrong_is_said_at_its_line() {
    for (written, code) in [
        ("abide:ignore=POL-0333 reason=x", "malformed"),
        ("abide:ignore=POL-0333 until=2026-03-11", "malformed"),
        (
            "abide:ignore=POL-0333 until=11.3.2026 reason=x",
            "malformed",
        ),
        (
            "abide:ignore=POL-0333 until=2026-02-30 reason=x",
            "malformed",
        ),
        (
            "abide:ignore POL-0333 until=2026-03-11 reason=x",
            "malformed",
        ),
        (
            "abide:ignore=POL-0333, until=2026-03-11 reason=x",
            "malformed",
        ),
        (
            "abide:ignore=POL-0333 until=2026-03-11 reason=\"x",
            "malformed",
        ),
        (
            "abide:ignore=POL-0333 until=2026-03-11 reason=two words",
            "malformed",
        ),
        (
            "abide:ignore=POL-9999 until=2026-03-11 reason=x",
            "malformed",
        ),
        ("abide:ignore=POL-0333 until=2026-02-28 reason=x", "expired"),
        // The policy is critical: a fortnight, and no day more.
        (
            "abide:ignore=POL-0333 until=2026-03-16 reason=x",
            "too-long",
        ),
        ("abide:ignore=POL-0001 until=2026-03-11 reason=x", "unused"),
        (
            "abide:ignore=POL-0333 until=2026-03-11 reason=x\n",
            "misplaced",
        ),
    ] {
        let report = scan(&[("main.tf", &instance(&format!("# {written}"), "", ""))]);
        assert_eq!(remarks(&report), [format!("request-{code}@1")], "{written}");
        assert_eq!(
            asked(&report, PUBLIC),
            ["aws_db_instance.a: -"],
            "{written}"
        );
    }
}

#[test]
fn the_last_day_counts() {
    let text = instance(&format!("# {}", REQUEST.replace("03-11", "03-01")), "", "");
    assert_eq!(
        asked(&scan(&[("main.tf", &text)]), PUBLIC),
        ["aws_db_instance.a: it is a demo"]
    );
}

#[test]
fn every_format_says_it() {
    let folder = folder(&[("main.tf", &instance(&format!("# {REQUEST}"), "", ""))]);
    for format in [
        "human", "markdown", "github", "sarif", "junit", "gitlab", "csv",
    ] {
        let ran = shown(folder.path(), format);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(
            ran.stdout.contains("exception requested, not approved"),
            "{format}: {}",
            ran.stdout
        );
    }
}

/// Both calls make one line of code, but only one has a request.
#[test]
fn a_line_that_two_calls_share_is_told_apart() {
    let main = format!(
        "module \"a\" {{ # {REQUEST}\n  source = \"./m\"\n}}\nmodule \"b\" {{\n  source = \"./m\"\n}}\n"
    );
    let folder = folder(&[("main.tf", &main), ("m/main.tf", &instance("", "", ""))]);
    let ran = shown(folder.path(), "markdown");
    let entries: Vec<&str> = ran.stdout.split("- **POL-0333**").skip(1).collect();
    let asked: Vec<bool> = entries
        .iter()
        .map(|e| e.contains("exception requested"))
        .collect();
    assert_eq!(asked, [true, false], "{}", ran.stdout);
}
