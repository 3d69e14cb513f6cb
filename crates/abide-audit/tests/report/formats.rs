//! What the report looks like to others: OSCAL's schema, documents, hostile names, packs.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use abide_audit::formats::{Format, json, render};
use abide_audit::model::AuditReport;
use abide_audit::oscal::assessment_results;
use abide_audit::pack::{Draw, add_manifest, samples};
use abide_audit::render::check;
use abide_audit::{Extent, document};
use abide_store::Status::{Excepted, Fail, Pass, Unknown};
use serde_json::Value;

use crate::history::*;

const SCHEMA: &str = include_str!("../fixtures/oscal_assessment-results_schema-1.2.1.json");

fn assert_valid(report: &AuditReport) -> Value {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let oscal = assessment_results(report, &"0".repeat(64));
    let errors: Vec<String> = validator
        .iter_errors(&oscal)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    oscal
}

fn state<'o>(oscal: &'o Value, control: &str) -> Option<&'o str> {
    let findings = oscal["assessment-results"]["results"][0]["findings"].as_array();
    let mut findings = findings.into_iter().flatten();
    let finding = findings.find(|finding| finding["target"]["target-id"] == control)?;
    finding["target"]["status"]["state"].as_str()
}

#[test]
fn oscal_is_valid_and_says_satisfied_of_a_pass_only() {
    let report = report(&crate::known::history(), &request(0, 31));
    let oscal = assert_valid(&report);
    assert_eq!(state(&oscal, "soc2-2017_CC6.6"), Some("not-satisfied"));
    // An error in one scan: nothing was found out.
    assert_eq!(state(&oscal, "soc2-2017_A1.2"), None);
    let result = &oscal["assessment-results"]["results"][0];
    let statuses: Vec<&str> = result["risks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|risk| risk["status"].as_str())
        .collect();
    assert_eq!(
        statuses,
        ["closed", "closed", "closed", "deviation-approved"]
    );
    assert_eq!(result["observations"].as_array().unwrap().len(), 4);
    let february = crate::history::report(&crate::known::history(), &request(25, 42));
    let oscal = assert_valid(&february);
    assert_eq!(state(&oscal, "soc2-2017_CC6.6"), Some("satisfied"));
    assert_valid(&crate::history::report(
        &crate::known::history(),
        &request(200, 210),
    ));
}

/// Names that would break out of each format if somebody forgot to escape them.
const HOSTILE: [&str; 8] = [
    "=HYPERLINK(\"https://evil.example\",\"x\")",
    "<script>alert(1)</script>",
    "a|b\n## SOC2-CC6.6 — ✅ PASS",
    " leading and trailing \t",
    "](https://evil.example) ![x](y)",
    "\u{202e}gnp.exe\u{0007}\u{1b}[31m",
    "'; DROP TABLE run; --",
    "",
];

fn hostile() -> Vec<Scan> {
    let mut outcomes = Vec::new();
    for (number, name) in HOSTILE.into_iter().enumerate() {
        outcomes.push((
            name,
            "POL-0001",
            [Fail, Excepted, Pass, Unknown][number % 4],
        ));
        outcomes.push((name, "POL-0002", Fail));
    }
    let mut scan = Scan::new("<b>pay|ments</b>", day(3), &outcomes);
    scan.exception = "EX\n<i>1</i>";
    scan.commit = Some("\"><img src=x>\nc1".to_owned());
    let mut later = scan.clone();
    later.at += HOUR;
    later.recorded_at += HOUR;
    later.outcomes.clear();
    vec![scan, later]
}

#[test]
fn hostile_names_are_inert() {
    let report = report(&hostile(), &request(0, 10));
    assert_valid(&report);
    let html = String::from_utf8(render(&report, Format::Html).unwrap()).unwrap();
    for bad in ["<script>alert", "<b>pay", "<img src=x", "<i>1"] {
        assert!(!html.contains(bad), "{bad}");
    }
    let markdown = String::from_utf8(render(&report, Format::Markdown).unwrap()).unwrap();
    let heads: Vec<&str> = markdown
        .lines()
        .filter(|line| line.starts_with("## SOC2-CC6.6"))
        .collect();
    assert_eq!(heads, ["## SOC2-CC6.6 — ❌ FAIL"]);
    let csv = String::from_utf8(render(&report, Format::Csv).unwrap()).unwrap();
    assert!(csv.contains("HYPERLINK"));
    assert!(
        !csv.contains(",=HYPERLINK") && !csv.contains("\"=HYPERLINK"),
        "{csv}"
    );
    #[cfg(all(feature = "pdf", feature = "xlsx"))]
    for format in [Format::Pdf, Format::Xlsx] {
        assert!(render(&report, format).unwrap().len() > 1000);
    }
}

#[test]
fn documents_fit_together_and_begin_with_the_controls() {
    for (scans, from, to) in [
        (crate::known::history(), 0, 31),
        (crate::known::history(), 25, 42),
        (crate::known::history(), 200, 210),
        (hostile(), 0, 10),
    ] {
        let report = report(&scans, &request(from, to));
        for extent in [Extent::Read, Extent::Count] {
            check(&document(&report, "d", extent)).unwrap();
        }
    }
    let report = report(&crate::known::history(), &request(0, 31));
    let markdown = String::from_utf8(render(&report, Format::Markdown).unwrap()).unwrap();
    let first = markdown.find("## SOC2-CC6.1 — ❌ FAIL").unwrap();
    let next = markdown.find("## SOC2-CC6.1:encryption").unwrap();
    let section = &markdown[first..next];
    assert!(
        section.contains("Checked 8 times during period"),
        "{section}"
    );
    assert!(section.contains("**Violations** (2):"), "{section}");
    assert!(section.contains("POL-0001 says Fail of a"), "{section}");
    assert!(next < markdown.find("## Completeness").unwrap());
}

#[test]
fn at_most_five_violations_are_on_the_first_page() {
    let names: Vec<&'static str> = (0..7)
        .map(|number| &*Box::leak(format!("bucket-{number}").into_boxed_str()))
        .collect();
    let outcomes: Vec<_> = names.iter().map(|name| (*name, "POL-0002", Fail)).collect();
    let report = report(&[Scan::new("payments", day(1), &outcomes)], &request(0, 2));
    let markdown = String::from_utf8(render(&report, Format::Markdown).unwrap()).unwrap();
    let end = markdown.find("## Results").unwrap();
    let page = &markdown[..end];
    assert_eq!(page.matches("says Fail of").count(), 5);
    assert!(page.contains("2 more are in"), "{page}");
}

#[test]
fn the_same_history_gives_the_same_bytes() {
    let request = request(0, 31);
    for format in Format::ALL {
        if !cfg!(feature = "pdf") && !format.is_text() {
            continue;
        }
        let one = render(&report(&crate::known::history(), &request), format).unwrap();
        let other = render(&report(&crate::known::history(), &request), format).unwrap();
        assert!(one == other, "{format}");
    }
}

#[test]
fn a_pack_is_drawn_again_and_proven_by_python() {
    let mut store = recorded(&crate::known::history());
    let request = request(0, 31);
    let (report, data) = AuditReport::read(&mut store, &request).unwrap();
    let draw = |seed: &str, size: usize| Draw {
        seed: seed.to_owned(),
        size,
    };
    let mut files = samples(&mut store, &data, &request, &draw("41", 4)).unwrap();
    let again = samples(&mut store, &data, &request, &draw("41", 4)).unwrap();
    assert_eq!(files, again);
    let other = samples(&mut store, &data, &request, &draw("42", 4)).unwrap();
    assert_ne!(files["sample.json"], other["sample.json"]);
    // A larger sample holds the smaller one.
    let larger = samples(&mut store, &data, &request, &draw("41", 6)).unwrap();
    let names = |file: &[u8]| -> BTreeSet<String> {
        let sample: Value = serde_json::from_slice(file).unwrap();
        let drawn = sample["drawn"].as_array().unwrap().iter();
        drawn
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    assert!(names(&larger["sample.json"]).is_superset(&names(&files["sample.json"])));

    files.insert("report.json".to_owned(), json(&report).unwrap());
    add_manifest(&mut files);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    files.iter().for_each(|(name, bytes)| write(name, bytes));
    let python = || {
        let output = Command::new("python3")
            .arg(folder.path().join("verify.py"))
            .output()
            .expect("python3 runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    assert_eq!(python(), "ok: 4 of 9 items drawn and proven\n");

    // A result that was changed, with the manifest made anew, does not lead to the root.
    let path = files
        .keys()
        .find(|name| name.ends_with("resource.json"))
        .unwrap()
        .clone();
    let forge = |files: &abide_audit::pack::Files, path: &str, from: &str, to: &str| {
        let mut forged = files.clone();
        forged.remove("MANIFEST.sha256");
        let text = String::from_utf8(forged[path].clone())
            .unwrap()
            .replace(from, to);
        assert_ne!(text.as_bytes(), forged[path], "{from}");
        forged.insert(path.to_owned(), text.into_bytes());
        add_manifest(&mut forged);
        forged.iter().for_each(|(name, bytes)| write(name, bytes));
        let said = python();
        files.iter().for_each(|(name, bytes)| write(name, bytes));
        said
    };
    let said = forge(&files, &path, "aws_s3_bucket", "aws_s3_object");
    assert!(
        said.contains("it is another item than the one drawn"),
        "{said}"
    );
    let said = forge(&files, &path, "\"size\": ", "\"size\": 1");
    assert!(said.contains("FAIL"), "{said}");
    let said = forge(
        &files,
        "sample.json",
        "\"seed\": \"41\"",
        "\"seed\": \"42\"",
    );
    assert!(said.contains("the seed draws other items"), "{said}");
    let scan = path.replace("resource.json", "scan.json");
    let said = forge(
        &files,
        &scan,
        "\"actor\":\"alice\"",
        "\"actor\":\"mallory\"",
    );
    assert!(said.contains("not in the ledger that was signed"), "{said}");
    write("report.json", b"{}");
    assert!(python().contains("report.json was changed"));
}
