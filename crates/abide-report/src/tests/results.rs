//! JSON that is read back says the same.

use abide_core::baseline::Baseline;
use abide_core::scan::Scan;

use crate::sample::{self, show};
use crate::{Format, ReportOptions, Results, known_before, markdown};

fn json(scan: &Scan) -> String {
    show(scan, Format::Json, ReportOptions::default())
}

fn read(scan: &Scan) -> Results {
    Results::read("results.json", &json(scan)).unwrap()
}

#[test]
fn the_comment_is_the_one_the_scan_wrote() {
    let scan = sample::scan();
    let results = read(&scan);
    assert_eq!(
        results.verdict(),
        ReportOptions::default().gate.judge(&scan)
    );
    assert_eq!(results.scan().summary, scan.summary);
    let report = results.report(None);
    let frame = markdown::Frame::default();
    let written = show(&scan, Format::Markdown, ReportOptions::default());
    assert_eq!(markdown::comment(&report, &frame), written);
}

/// Nothing that a finding holds is lost on the way.
#[test]
fn findings_come_back_whole() {
    let scan = sample::scan();
    let results = read(&scan);
    assert!(scan.findings.len() > 5);
    let strip = |scan: &Scan| -> Vec<_> {
        let findings = scan.findings.iter().cloned();
        findings
            .map(|mut finding| {
                let id = scan.policies[finding.policy as usize].id.clone();
                // The file has the policy's advice filled in.
                finding.policy = 0;
                finding.remediation = String::new();
                (id, finding)
            })
            .collect()
    };
    let there: Vec<_> = strip(&scan)
        .into_iter()
        .filter(|(_, f)| {
            !matches!(
                f.outcome,
                abide_core::finding::Outcome::Pass | abide_core::finding::Outcome::NotApplicable
            )
        })
        .collect();
    assert_eq!(strip(results.scan()), there);
}

#[test]
fn what_was_known_is_marked_and_what_is_gone_is_named() {
    let scan = sample::scan();
    let mut base = sample::scan();
    let new = |scan: &Scan| {
        scan.findings
            .iter()
            .filter(|f| f.is_new_violation())
            .count()
    };
    let at = base
        .findings
        .iter()
        .position(|f| f.is_new_violation())
        .unwrap();
    base.findings[at].fingerprint = "0".repeat(32).parse().unwrap();
    let mut results = read(&scan);
    let known = known_before("base.json", &json(&base)).unwrap();
    let gone = results.compare(&known);
    assert_eq!(new(results.scan()), 1);
    assert_eq!(gone.len(), 1);
    assert_eq!(
        gone[0].resource,
        base.findings[at].resource_address.as_str()
    );
    // A baseline file says the same as the results it was made of.
    let file = Baseline::default().of(&base).write();
    let mut again = read(&scan);
    assert_eq!(
        again.compare(&known_before("base.jsonl", &file).unwrap()),
        gone
    );
    // What an earlier baseline held stays known.
    let mut marked = sample::scan();
    let count = marked.findings.iter().filter(|f| f.in_baseline).count();
    assert!(count > 0);
    Baseline::default().add_to(&mut marked);
    assert_eq!(
        marked.findings.iter().filter(|f| f.in_baseline).count(),
        count
    );
}

#[test]
fn the_verdict_is_judged_again_by_the_same_gate() {
    let scan = sample::scan();
    let mut results = read(&scan);
    let all = known_before("base.json", &json(&scan)).unwrap();
    assert!(results.compare(&all).is_empty());
    assert_eq!(results.verdict(), results.gate().judge(results.scan()));
    assert_ne!(results.verdict(), abide_core::gate::Verdict::Failed);
}

#[test]
fn nonsense_is_refused_with_the_place() {
    let good = json(&sample::scan());
    for (from, to) in [
        ("\"verdict\": \"failed\"", "\"verdict\": \"fine\""),
        ("\"schema_version\": \"1\"", "\"schema_version\": \"9\""),
        ("\"kind\": \"plan\"", "\"kind\": \"plane\""),
        ("\"results\": [", "\"results\": [7,"),
    ] {
        assert!(
            good.contains(from) || good.contains(&from.replace(": ", ":")),
            "{from}"
        );
        let bad = good.replacen(from, to, 1).replacen(
            &from.replace(": ", ":"),
            &to.replace(": ", ":"),
            1,
        );
        let error = Results::read("r.json", &bad).unwrap_err().to_string();
        assert!(
            error.starts_with("r.json: ") && error.contains("abide scan"),
            "{error}"
        );
    }
    assert!(known_before("x", "neither").is_err());
}

#[test]
fn links_and_names_stay_in_their_place() {
    let scan = sample::scan();
    let results = read(&scan);
    let frame = markdown::Frame {
        name: "prod\n<!-- x --> **b**",
        lead: "",
        all: Some("https://x/) [evil](https://y"),
    };
    let text = markdown::comment(&results.report(None), &frame);
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("## Policy Scan Results: prod "),
        "{first}"
    );
    assert!(
        !first.contains("<!--") && !first.contains(" **b**"),
        "{first}"
    );
    assert!(!text.contains("[evil]("), "{text}");
}
