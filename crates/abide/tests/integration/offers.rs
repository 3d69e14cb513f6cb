//! `abide scan --fixes`: what other programs apply makes the finding pass.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{folder, git, run_in};

const MODULE: &str = "variable \"open\" {}\n\nresource \"aws_db_instance\" \"a\" {\n  identifier          = \"ä\"\n  publicly_accessible = var.open\n}\n";
const ROOT: &str = "module \"db\" {\n  source = \"../module\"\n  open   = true\n}\n\nresource \"aws_s3_bucket\" \"b\" {\n  bucket = \"b\"\n}\n";
const SCAN: &[&str] = &["scan", "--no-config", "--select", "POL-0333,POL-0010"];

/// A root module and one beside it, in a repository; names are those of the repository.
fn repository() -> tempfile::TempDir {
    let dir = folder(&[("live/main.tf", ROOT), ("module/main.tf", MODULE)]);
    git(dir.path(), &["init", "-q"]);
    dir
}

fn parsed(dir: &Path, arguments: &[&str]) -> Value {
    let ran = run_in(dir, &[SCAN, arguments].concat());
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

fn failing(dir: &Path) -> Vec<String> {
    let json = parsed(dir, &["live", "--format", "json"]);
    let results = json["results"].as_array().unwrap();
    let failing = results.iter().filter(|result| result["outcome"] == "fail");
    failing
        .map(|result| result["policy_id"].as_str().unwrap().to_owned())
        .collect()
}

/// The byte of a line and a column, both from 1.
fn byte(text: &str, line: &Value, column: &Value) -> usize {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap() - 1;
    let start: usize = text
        .split_inclusive('\n')
        .take(number(line))
        .map(str::len)
        .sum();
    let chars = text.get(start..).unwrap().chars().take(number(column));
    start + chars.map(char::len_utf8).sum::<usize>()
}

#[test]
fn sarif_replacements_mend() {
    let dir = repository();
    assert_eq!(failing(dir.path()), ["POL-0333", "POL-0010"]);
    let sarif = parsed(dir.path(), &["live", "--fixes", "--format", "sarif"]);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let kept = ["live/main.tf", "module/main.tf"]
            .map(|name| (name, fs::read_to_string(dir.path().join(name)).unwrap()));
        for change in result["fixes"][0]["artifactChanges"].as_array().unwrap() {
            let path = dir
                .path()
                .join(change["artifactLocation"]["uri"].as_str().unwrap());
            let mut text = fs::read_to_string(&path).unwrap();
            for replacement in change["replacements"].as_array().unwrap().iter().rev() {
                let region = &replacement["deletedRegion"];
                let range = byte(&text, &region["startLine"], &region["startColumn"])
                    ..byte(&text, &region["endLine"], &region["endColumn"]);
                let new = replacement["insertedContent"]["text"].as_str().unwrap();
                text.replace_range(range, new);
            }
            fs::write(&path, text).unwrap();
        }
        let fixed = result["ruleId"].as_str().unwrap().to_owned();
        let left = failing(dir.path());
        assert!(left.len() == 1 && !left.contains(&fixed), "{left:?}");
        for (name, text) in kept {
            fs::write(dir.path().join(name), text).unwrap();
        }
    }
}

/// As GitHub applies them: the file and the lines stand above the block.
#[test]
fn markdown_suggestions_mend() {
    let dir = repository();
    let ran = run_in(
        dir.path(),
        &[SCAN, &["live", "--fixes", "--format", "markdown"]].concat(),
    );
    let mut parts = ran.stdout.split("\n\n  ```suggestion\n");
    let mut above = parts.next().unwrap();
    let mut applied = 0;
    for part in parts {
        let (block, rest) = part.split_once("\n  ```\n").unwrap();
        let (_, place) = above.rsplit_once("In `").unwrap();
        let (file, line) = place.trim_end_matches("`:").split_once(':').unwrap();
        let path = dir.path().join(file);
        let before = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<&str> = before.split('\n').collect();
        let at = line.parse::<usize>().unwrap() - 1;
        let new = block
            .split('\n')
            .map(|line| line.strip_prefix("  ").unwrap_or(line));
        lines.splice(at..=at, new);
        fs::write(&path, lines.join("\n")).unwrap();
        assert_eq!(failing(dir.path()).len(), 1, "{block}");
        fs::write(&path, before).unwrap();
        applied += 1;
        above = rest;
    }
    assert_eq!(applied, 2, "{}", ran.stdout);
}

#[test]
fn nobody_pays_for_what_was_not_asked() {
    let dir = repository();
    for format in ["json", "sarif", "markdown", "human"] {
        let ran = run_in(dir.path(), &[SCAN, &["live", "--format", format]].concat());
        for word in ["proven_fix", "\"fixes\"", "suggestion", "proven"] {
            assert!(!ran.stdout.contains(word), "{}", ran.stdout);
        }
    }
}

#[test]
fn the_module_is_edited_at_its_call() {
    let dir = repository();
    let json = parsed(dir.path(), &["live", "--fixes", "--format", "json"]);
    let fix = &json["results"][0]["proven_fix"];
    assert_eq!(
        fix["suggestions"][0],
        serde_json::json!({"file": "live/main.tf", "line": 3, "end_line": 3, "text": "  open   = false"})
    );
}

#[test]
fn a_limit_is_said() {
    let dir = repository();
    let json = parsed(dir.path(), &["live", "--fixes=1", "--format", "json"]);
    let results = json["results"].as_array().unwrap();
    assert!(results[0].get("proven_fix").is_some());
    assert!(results[1].get("proven_fix").is_none());
    let codes: Vec<&str> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diagnostic| diagnostic["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"fixes-cut"), "{codes:?}");
}

#[test]
fn a_plan_is_mended_in_its_source() {
    let dir = repository();
    let plan = serde_json::json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": {},
        "planned_values": {"root_module": {}},
        "resource_changes": [{
            "address": "module.db.aws_db_instance.a",
            "module_address": "module.db",
            "mode": "managed",
            "type": "aws_db_instance",
            "name": "a",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"],
                "before": null,
                "after": {"publicly_accessible": true},
                "after_unknown": {},
                "before_sensitive": false,
                "after_sensitive": {},
            },
        }],
        "configuration": {"root_module": {}},
    });
    fs::write(dir.path().join("plan.json"), plan.to_string()).unwrap();
    let json = parsed(
        dir.path(),
        &[
            "plan.json",
            "--source",
            "live",
            "--fixes",
            "--format",
            "json",
        ],
    );
    let fix = &json["results"][0]["proven_fix"];
    assert_eq!(fix["suggestions"][0]["file"], "live/main.tf", "{json}");
}

#[test]
fn fix_prints_reports_too() {
    let dir = repository();
    let fix = &[
        "fix",
        "live",
        "--no-config",
        "--select",
        "POL-0333",
        "--format",
    ];
    let ran = run_in(dir.path(), &[&fix[..], &["sarif"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(
        sarif["runs"][0]["results"][0]["fixes"].is_array(),
        "{sarif}"
    );
    let ran = run_in(dir.path(), &[&fix[..], &["markdown"]].concat());
    assert!(
        ran.stdout.contains("```suggestion\n    open   = false\n"),
        "{}",
        ran.stdout
    );
    let ran = run_in(dir.path(), &[&fix[..], &["markdown", "--write"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.stdout);
}

/// The source of a plan is proven with the values the plan was made with.
#[test]
fn values_of_the_plan_count_in_the_proof() {
    let source = "variable \"on\" {}\nresource \"aws_db_instance\" \"a\" {\n  count               = var.on ? 1 : 0\n  publicly_accessible = true\n}\n";
    let dir = folder(&[("main.tf", source)]);
    let plan = serde_json::json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": {"on": {"value": true}},
        "planned_values": {"root_module": {}},
        "resource_changes": [{
            "address": "aws_db_instance.a[0]",
            "mode": "managed",
            "type": "aws_db_instance",
            "name": "a",
            "index": 0,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"],
                "before": null,
                "after": {"publicly_accessible": true},
                "after_unknown": {},
            },
        }],
        "configuration": {"root_module": {}},
    });
    fs::write(dir.path().join("plan.json"), plan.to_string()).unwrap();
    let json = parsed(
        dir.path(),
        &["plan.json", "--source", ".", "--fixes", "--format", "json"],
    );
    let fix = &json["results"][0]["proven_fix"];
    assert_eq!(fix["edits"][0]["location"]["line"], 4, "{json}");
}
