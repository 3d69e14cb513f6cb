//! Every function and operator against `terraform console`.
//!
//! `console/expressions.txt` holds expressions, `console/results.json` what
//! Terraform 1.11.4 makes of them. `ABIDE_UPDATE_PLANS=1` asks the `terraform`
//! on the PATH again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use abide_core::source::{RedactionKey, Wanted};
use abide_core::value::Value;
use abide_hcl::{Options, load_text};

/// What this program leaves unknown although Terraform knows it.
const UNKNOWN: &[&str] = &[
    // Terraform's numbers have more digits than ours.
    "pow(2, 70)",
    "jsonencode(1e50)",
    "tostring(1000000000000000000000)",
    // Which way a tie is rounded depends on those digits.
    "format(\"%.2f\", 2.345)",
    // Terraform computes these with doubles and prints all their digits.
    "log(50, 10)",
    // Only a null of a known type can be printed.
    "format(\"%v\", null)",
    // Graphemes beyond single code points.
    "length(\"👾🕴️\")",
    // Dates in YAML become time stamps.
    "yamldecode(\"a: 2020-01-01\\n\")",
    // YAML of other bases.
    "yamldecode(\"a: 0x1F\\nb: 0o17\\nc: 017\\n\")",
];

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/console")
}

fn expressions() -> Vec<String> {
    std::fs::read_to_string(dir().join("expressions.txt"))
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("# ") && !line.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// Asks Terraform; an expression it refuses gives `null`.
fn ask(expressions: &[String]) -> BTreeMap<String, Option<String>> {
    let dir = tempfile::tempdir().unwrap();
    let outputs: String = expressions
        .iter()
        .enumerate()
        .map(|(at, expression)| {
            format!("output \"e{at}\" {{\n  value = try([jsonencode({expression})], [])\n}}\n")
        })
        .collect();
    std::fs::write(dir.path().join("main.tf"), outputs).unwrap();
    let terraform = |arguments: &[&str]| {
        let output = Command::new("terraform")
            .args(arguments)
            .current_dir(dir.path())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        output.stdout
    };
    terraform(&["init", "-no-color"]);
    terraform(&["plan", "-no-color", "-out=plan"]);
    let plan: serde_json::Value =
        serde_json::from_slice(&terraform(&["show", "-json", "plan"])).unwrap();
    let answer = |at: usize| {
        let value = &plan["planned_values"]["outputs"][format!("e{at}")]["value"];
        value[0].as_str().map(ToOwned::to_owned)
    };
    (0..)
        .zip(expressions)
        .map(|(at, expression)| (expression.clone(), answer(at)))
        .collect()
}

#[test]
fn agrees_with_terraform_console() {
    let expressions = expressions();
    let path = dir().join("results.json");
    if std::env::var_os("ABIDE_UPDATE_PLANS").is_some() {
        let text = serde_json::to_string_pretty(&ask(&expressions)).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let results: BTreeMap<String, Option<String>> =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for expression in &expressions {
        let expected = results
            .get(expression)
            .expect("run with ABIDE_UPDATE_PLANS=1");
        let found = evaluate(expression);
        let right = match &found {
            Answer::Unknown => UNKNOWN.contains(&expression.as_str()),
            Answer::Error(_) => expected.is_none(),
            Answer::Json(json) => expected.as_ref() == Some(json),
        };
        if !right {
            wrong.push(format!(
                "{expression}\n  expected {expected:?}\n  found    {found:?}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[derive(Debug)]
enum Answer {
    Json(String),
    Unknown,
    Error(#[expect(dead_code, reason = "shown when a test fails")] String),
}

fn evaluate(expression: &str) -> Answer {
    let wanted = Wanted::everything();
    let text =
        format!("resource \"terraform_data\" \"x\" {{\n  input = jsonencode({expression})\n}}\n");
    let options = Options::new(&wanted, RedactionKey::new([0; 32]));
    let loaded = load_text(&[("main.tf", &text)], &options).unwrap();
    if let Some(diagnostic) = loaded.inventory.diagnostics.first() {
        return Answer::Error(diagnostic.to_string());
    }
    match loaded.inventory.resources[0].values.get("input") {
        Some(Value::String(json)) => Answer::Json(json.to_string()),
        Some(Value::Unknown) => Answer::Unknown,
        other => Answer::Error(format!("{other:?}")),
    }
}
