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

/// A cell that a spreadsheet would run, wherever it stands in its line.
#[test]
fn no_cell_is_a_formula() {
    let out = run(&[
        "scan",
        &plan("hostile-text"),
        "--format",
        "csv",
        "--all-results",
        "--strict",
    ])
    .stdout;
    for cell in cells(&out) {
        assert!(
            !cell.starts_with(['=', '+', '@', '\t', '\r']) && !runs(&cell),
            "{cell}"
        );
    }
}

/// `-` begins a formula unless a number or a flag of ours follows.
fn runs(cell: &str) -> bool {
    cell.strip_prefix('-')
        .is_some_and(|rest| rest.parse::<f64>().is_err())
}

/// Splits CSV the way spreadsheets do: quotes hold commas and line ends.
fn cells(text: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' | '\n' if !quoted => cells.push(String::new()),
            // The line break has two characters.
            '\r' if !quoted => {}
            _ => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

/// Reasons and approvers are written by people too, and file names by anyone.
#[test]
fn hostile_exceptions_and_names_are_inert() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let name = "plan\u{1b}[31m\n::error::x\u{202e}.json";
    fs::copy(repository().join(PAYMENTS), here.join(name)).unwrap();
    let hostile = "\u{1b}[2J\n::error::pwned\n<img src=x>\u{202e}=1+1|`a`";
    fs::write(
        here.join("e.json"),
        serde_json::json!([{
            "id": "E-1", "policy": "POL-0003", "resource": "module.database[\"cards\"].aws_db_instance.this",
            "reason": hostile, "approver": format!("=HYPERLINK(1){hostile}"), "expires": "2026-03-20"
        }])
        .to_string(),
    )
    .unwrap();
    for format in FORMATS {
        let ran: crate::command::Ran = crate::command::abide()
            .current_dir(here)
            .env("GITHUB_OUTPUT", here.join(format!("{format}-output")))
            .env(
                "GITHUB_STEP_SUMMARY",
                here.join(format!("{format}-summary")),
            )
            .args([
                "scan",
                name,
                "--exceptions",
                "e.json",
                "--now",
                "2026-03-01",
            ])
            .args(["--format", format])
            .output()
            .unwrap()
            .into();
        // CSV ends its lines as RFC 4180 wants it.
        let mut all = format!("{}{}", ran.stdout, ran.stderr).replace("\r\n", "\n");
        for file in ["output", "summary"] {
            let path = here.join(format!("{format}-{file}"));
            all.push_str(&fs::read_to_string(path).unwrap_or_default());
        }
        assert!(ran.code == 1 && all.contains("POL-0"), "{format}: {all}");
        let raw = all
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}'));
        assert_eq!(raw, None, "{format}: {all}");
        // Standard output is what a runner reads commands from.
        assert!(
            !all.lines()
                .any(|line| line.trim_start().starts_with("::error::")),
            "{format}: {all}"
        );
        // HTML means something where Markdown is shown, not in a log.
        let shown = match format {
            "markdown" => ran.stdout,
            _ => fs::read_to_string(here.join(format!("{format}-summary"))).unwrap_or_default(),
        };
        assert!(!shown.contains("<img"), "{format}: {shown}");
    }
    let broken = run_in(here, &["scan", "no\u{1b}[31m\u{202e}.json"]);
    assert!(
        !broken.stderr.contains(['\u{1b}', '\u{202e}']),
        "{}",
        broken.stderr
    );
}
