//! The output of each structured format against its schema, or its shape.

use std::path::Path;

use abide_core::finding::Outcome;
use quick_xml::events::Event;
use serde_json::Value;

use crate::sample::{self, show};
use crate::{Format, ReportOptions, json_schema};

fn everything() -> ReportOptions {
    ReportOptions {
        all_results: true,
        sarif_include_excepted: true,
        ..ReportOptions::default()
    }
}

fn parsed(format: Format, options: ReportOptions) -> Value {
    serde_json::from_str(&show(&sample::scan(), format, options)).unwrap()
}

fn assert_valid(schema: &Value, value: &Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// `ABIDE_WRITE_SCHEMAS=1 cargo test -p abide-report` writes the file anew.
#[test]
fn the_published_schema_is_the_current_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/results.schema.json");
    let current = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    if std::env::var_os("ABIDE_WRITE_SCHEMAS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &current).unwrap();
    }
    let published = std::fs::read_to_string(&file).unwrap();
    assert!(
        published == current,
        "run ABIDE_WRITE_SCHEMAS=1 cargo test -p abide-report"
    );
}

#[test]
fn json_follows_its_contract() {
    let schema = json_schema();
    assert!(jsonschema::meta::is_valid(&schema));
    for options in [ReportOptions::default(), everything()] {
        assert_valid(&schema, &parsed(Format::Json, options));
    }
}

#[test]
fn the_contract_names_every_field() {
    let schema = json_schema();
    let value = parsed(Format::Json, everything());
    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&schema["properties"]), names(&value));
    let results = value["results"].as_array().unwrap();
    // What nobody asked for is left out of a result.
    let mut all = serde_json::Map::new();
    for result in results {
        all.extend(result.as_object().unwrap().clone());
    }
    let all = Value::Object(all);
    let fix = &all["proven_fix"];
    for (definition, example) in [
        ("result", &all),
        ("fix", fix),
        ("edit", &fix["edits"][0]),
        ("suggestion", &fix["suggestions"][0]),
        ("summary", &value["summary"]),
        ("input", &value["inputs"][0]),
        ("diagnostic", &value["diagnostics"][0]),
        (
            "exception",
            &results.iter().find(|r| !r["exception"].is_null()).unwrap()["exception"],
        ),
    ] {
        assert_eq!(
            names(&schema["$defs"][definition]["properties"]),
            names(example)
        );
    }
}

#[test]
fn json_lists_what_passed_only_if_asked() {
    let outcomes = |options| {
        let value = parsed(Format::Json, options);
        let results = value["results"].as_array().unwrap().clone();
        results
            .into_iter()
            .map(|r| r["outcome"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(!outcomes(ReportOptions::default()).contains(&"pass".to_owned()));
    let all = outcomes(everything());
    assert!(all.contains(&"pass".to_owned()));
    assert!(!all.contains(&Outcome::NotApplicable.as_str().to_owned()));
}

#[test]
fn sarif_follows_the_standard() {
    let schema = include_str!("../../tests/fixtures/sarif-schema-2.1.0.json");
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    // Its pattern for languages is no regular expression; we do not write the field.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern");
    }
    for options in [ReportOptions::default(), everything()] {
        assert_valid(&schema, &parsed(Format::Sarif, options));
    }
}

#[test]
fn sarif_is_what_github_takes() {
    let value = parsed(Format::Sarif, everything());
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for name in ["shortDescription", "fullDescription", "help"] {
            let text = rule[name]["text"].as_str().unwrap();
            assert!((1..=1024).contains(&text.chars().count()), "{name}");
        }
        let tags = rule["properties"]["tags"].as_array().unwrap();
        assert!(tags.len() <= 20 && tags[0] == "security");
    }
    for result in run["results"].as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.is_empty() && !uri.starts_with('/') && !uri.contains(".."));
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
}

#[test]
fn sarif_leaves_exceptions_out_unless_asked() {
    let suppressed = |options| {
        let value = parsed(Format::Sarif, options);
        let results = value["runs"][0]["results"].as_array().unwrap().clone();
        results
            .iter()
            .filter(|r| r.get("suppressions").is_some())
            .count()
    };
    assert_eq!(suppressed(ReportOptions::default()), 0);
    assert_eq!(suppressed(everything()), 1);
}

#[test]
fn gitlab_has_the_fields_it_needs() {
    let value = parsed(Format::Gitlab, ReportOptions::default());
    let issues = value.as_array().unwrap();
    let mut fingerprints: Vec<&str> = issues
        .iter()
        .map(|i| i["fingerprint"].as_str().unwrap())
        .collect();
    for issue in issues {
        for name in ["description", "check_name"] {
            assert!(!issue[name].as_str().unwrap().is_empty(), "{name}");
        }
        let severity = issue["severity"].as_str().unwrap();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        assert!(
            !issue["location"]["path"]
                .as_str()
                .unwrap()
                .starts_with(['.', '/'])
        );
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
    }
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), issues.len());
}

/// How often each element begins, after checking that it stands where JUnit has it.
#[test]
fn junit_has_its_shape() {
    let text = show(&sample::scan(), Format::Junit, everything());
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut path, mut cases, mut verdicts) = (Vec::new(), 0, Vec::new());
    loop {
        let event = reader.read_event().unwrap();
        let (name, opens) = match &event {
            Event::Start(tag) => (tag.name().as_ref().to_vec(), true),
            Event::Empty(tag) => (tag.name().as_ref().to_vec(), false),
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let name = String::from_utf8(name).unwrap();
        path.push(name.clone());
        match path.join(">").as_str() {
            "testsuites" | "testsuites>testsuite" => {}
            "testsuites>testsuite>testcase" => cases += 1,
            "testsuites>testsuite>testcase>failure"
            | "testsuites>testsuite>testcase>error"
            | "testsuites>testsuite>testcase>skipped" => verdicts.push(name),
            other => panic!("{other}"),
        }
        if !opens {
            path.pop();
        }
    }
    let number = |wanted: &str| verdicts.iter().filter(|name| *name == wanted).count();
    assert_eq!(cases, 14);
    assert_eq!(
        (number("failure"), number("error"), number("skipped")),
        (9, 1, 3)
    );
}
