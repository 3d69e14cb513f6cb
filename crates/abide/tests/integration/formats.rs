//! Text from a plan is inert in every format, and order is fixed.

use std::fs;

use serde_json::Value;

use crate::command::{PAYMENTS, plan, repository, run, run_in};

const FORMATS: [&str; 8] = [
    "human", "markdown", "github", "json", "sarif", "junit", "gitlab", "csv",
];

#[test]
fn hostile_text_is_inert() {
    let case = plan("hostile-text");
    for format in FORMATS {
        let out = run(&[
            "scan",
            &case,
            "--format",
            format,
            "--all-results",
            "--strict",
        ])
        .stdout;
        let raw = out.chars().find(|c| {
            (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(raw, None, "{format}");
        if format == "github" {
            let ours = |line: &str| {
                [
                    "::error ",
                    "::warning ",
                    "::notice ",
                    "::group::",
                    "::endgroup::",
                ]
                .iter()
                .any(|start| line.starts_with(start))
            };
            assert!(
                out.lines()
                    .filter(|line| line.trim_start().starts_with("::"))
                    .all(ours),
                "{out}"
            );
        }
        if format == "csv" {
            assert!(
                !out.lines().any(|line| line.starts_with(['=', '+', '@'])),
                "{out}"
            );
        }
    }
}

/// Sorts, reverses or rotates the keys of every object.
fn reorder(value: &Value, way: usize) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            match way {
                0 => entries.sort_by(|a, b| a.0.cmp(b.0)),
                1 => entries.sort_by(|a, b| b.0.cmp(a.0)),
                _ => entries.sort_by_key(|(name, _)| (name.len(), name.to_string())),
            }
            let parts: Vec<String> = entries
                .iter()
                .map(|(name, value)| {
                    format!("{}:{}", Value::from(name.as_str()), reorder(value, way))
                })
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(list) => format!(
            "[{}]",
            list.iter()
                .map(|value| reorder(value, way))
                .collect::<Vec<_>>()
                .join(",")
        ),
        scalar => scalar.to_string(),
    }
}

#[test]
fn the_order_of_keys_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for case in [
        repository().join(PAYMENTS).display().to_string(),
        plan("for-each-two-levels"),
        plan("policy-document-deferred"),
    ] {
        let value: Value = serde_json::from_str(&fs::read_to_string(&case).unwrap()).unwrap();
        for format in ["json", "sarif", "markdown"] {
            let outputs: Vec<String> = (0..3)
                .map(|way| {
                    fs::write(folder.path().join("plan.json"), reorder(&value, way)).unwrap();
                    run_in(
                        folder.path(),
                        &[
                            "scan",
                            "plan.json",
                            "--format",
                            format,
                            "--now",
                            "2026-03-01",
                        ],
                    )
                    .stdout
                })
                .collect();
            assert!(
                outputs.windows(2).all(|pair| pair[0] == pair[1]),
                "{case} {format}"
            );
        }
    }
}

#[test]
fn files_are_written_beside_the_printed_format() {
    let folder = tempfile::tempdir().unwrap();
    let case = repository().join(PAYMENTS).display().to_string();
    let ran = run_in(
        folder.path(),
        &[
            "scan",
            &case,
            "--output",
            "sarif=a/b.sarif",
            "--output",
            "junit=j.xml",
            "--output",
            "r.json",
        ],
    );
    assert!(ran.stdout.contains("critical error"), "{}", ran.stdout);
    let sarif: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("a/b.sarif")).unwrap())
            .unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(
        fs::read_to_string(folder.path().join("j.xml"))
            .unwrap()
            .contains("<testsuites")
    );
    let json: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("r.json")).unwrap()).unwrap();
    let schema: Value = serde_json::from_str(
        &fs::read_to_string(repository().join("schemas/results.schema.json")).unwrap(),
    )
    .unwrap();
    assert!(jsonschema::is_valid(&schema, &json));
}
