//! The reader and the published schema, held against each other and against the library.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a test fails by panicking and may print"
)]

use std::path::{Path, PathBuf};

use abide_policy::yaml::{Kind, Node, parse};

fn policy_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        files.extend(
            std::fs::read_dir(folder.unwrap().path())
                .unwrap()
                .map(|file| file.unwrap().path()),
        );
    }
    files.sort();
    files
}

/// YAML as an editor's JSON Schema validator sees it.
fn json(node: &Node) -> serde_json::Value {
    match &node.kind {
        Kind::Scalar {
            text,
            quoted: false,
        } => match text.as_str() {
            "true" => true.into(),
            "false" => false.into(),
            number => number
                .parse::<i64>()
                .map_or_else(|_| number.into(), Into::into),
        },
        Kind::Scalar { text, .. } => text.as_str().into(),
        Kind::List(list) => list.iter().map(json).collect(),
        Kind::Map(map) => map
            .iter()
            .map(|(key, node)| (key.name.clone(), json(node)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[test]
fn every_builtin_policy_satisfies_the_schema() {
    let validator = jsonschema::validator_for(&abide_policy::json_schema()).unwrap();
    for file in policy_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        abide_policy::read(&file.display().to_string(), &text)
            .unwrap_or_else(|errors| panic!("{errors}"));
        let document = json(&parse(&text).unwrap());
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{}: {}",
            file.display(),
            errors.join("\n")
        );
    }
}

/// Each policy is in a file of its name, has a passing and a failing example,
/// and says what to do.
#[test]
fn the_library_keeps_its_rules() {
    let files = policy_files();
    assert!(files.len() >= 60, "{} policies", files.len());
    for file in files {
        let policy = abide_policy::read("", &std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(file.file_stem().unwrap().to_str().unwrap(), policy.id);
        assert!(
            !policy.controls.is_empty(),
            "{} names no control",
            policy.id
        );
        assert!(
            !policy.docs.references.is_empty(),
            "{} names no reference",
            policy.id
        );
        for expect in [
            abide_policy::Expectation::Pass,
            abide_policy::Expectation::Fail,
        ] {
            assert!(
                policy
                    .docs
                    .examples
                    .iter()
                    .any(|example| example.expect == expect),
                "{} has no {} example",
                policy.id,
                expect.as_str()
            );
        }
    }
}

fn errors(text: &str) -> String {
    abide_policy::read("my.yaml", text).unwrap_err().to_string()
}

const GOOD: &str = "\
id: ACME-0001
title: t
severity: low
why: w
resource_types: [aws_s3_bucket]
message: m
remediation: r
";

#[test]
fn errors_name_the_place_and_what_was_meant() {
    insta::assert_snapshot!(errors(""), @"my.yaml:1:1: the file is empty: expected a policy");
    insta::assert_snapshot!(errors("id: [\n"), @"my.yaml:2:1: not YAML: while parsing a node, did not find expected node content");
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}check: {{attribute: buckett, is: set}}\n"
    )));
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}chek: {{attribute: bucket, is: set}}\n"
    )));
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}check: {{attribute: bucket, matches: \"(\"}}\n"
    )));
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}check: {{attribute: bucket, at_lest: 7}}\n"
    )));
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}check: {{attribute: bucket, equals: $nmae}}\n"
    )));
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}check: {{attribute: cors_rule.allowed_methods, contains: GET}}\n"
    )));
    insta::assert_snapshot!(errors(
        &GOOD
            .replace("aws_s3_bucket", "aws_s3_buckets")
            .replace("ACME-0001", "acme-1")
            .replace("low", "hgh")
    ));
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}controls: [cis-aws-7.0.0:99.9, soc2:CC6.1]\ncheck: {{linked: aws_s3_bucket_versioning, by: bukcet}}\n"
    )));
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}check: {{attribute: bucket, is: set}}\nid: ACME-0002\n"
    )));
    insta::assert_snapshot!(errors(&format!(
        "{GOOD}check: {{attribute: bucket, is: set}}\nexamples:\n  - {{name: n, expect: fail, hcl: x}}\n"
    )));
}

#[test]
fn digits_with_a_leading_zero_stay_text() {
    let policy = abide_policy::read(
        "my.yaml",
        &format!("{GOOD}check: {{attribute: bucket, equals: 0123}}\n"),
    )
    .unwrap();
    let text = format!("{policy:?}");
    assert!(
        text.contains(r#"Equals(Literal(String("0123")))"#),
        "{text}"
    );
}
