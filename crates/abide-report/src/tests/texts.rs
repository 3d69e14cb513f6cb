//! What the sentences say.

use abide_core::diagnostic::{Diagnostic, Level};
use abide_core::finding::{Finding, Outcome};
use abide_core::gate::{Gate, OnUnknown};
use abide_core::remedy::Remedy;
use abide_core::scan::Scan;
use abide_policy::Severity;

use crate::sample::{self, finding, show};
use crate::{Format, ReportOptions};

fn gate(fail_on: Option<Severity>, on_unknown: OnUnknown) -> ReportOptions {
    ReportOptions {
        gate: Gate {
            fail_on,
            on_unknown,
            allow_empty: false,
        },
        ..ReportOptions::default()
    }
}

fn verdict(scan: &Scan, options: ReportOptions) -> String {
    let text = show(scan, Format::Human, options);
    text.lines().last().unwrap().to_owned()
}

fn failing(policy: u32, number: usize) -> Vec<Finding> {
    let addresses = (0..number).map(|at| format!("aws_x.x{policy}_{at}"));
    addresses
        .map(|address| finding(policy, &address, Outcome::Fail, "no"))
        .collect()
}

#[test]
fn the_last_line_says_why() {
    let high = || gate(Some(Severity::High), OnUnknown::Warn);
    let mixed = sample::of([failing(0, 2), failing(1, 1), failing(3, 4)].concat());
    assert_eq!(
        verdict(&mixed, high()),
        "failed: 2 critical, 1 high, at or above the threshold high"
    );
    let strict = gate(Some(Severity::Critical), OnUnknown::Warn);
    assert_eq!(
        verdict(&mixed, strict),
        "failed: 2 critical, at the threshold critical"
    );
    let never = gate(None, OnUnknown::Warn);
    assert_eq!(
        verdict(&mixed, never),
        "passed: violations do not fail this run (2 critical, 1 high, 4 low)"
    );
    let mild = sample::of(failing(3, 4));
    assert_eq!(
        verdict(&mild, high()),
        "passed: no violation at or above the threshold high (4 low below it)"
    );
}

#[test]
fn undecided_evaluations_are_in_the_verdict() {
    let scan = sample::of(vec![finding(0, "aws_x.x", Outcome::Unknown, "?")]);
    let fail = gate(Some(Severity::High), OnUnknown::Fail);
    assert_eq!(
        verdict(&scan, fail),
        "failed: 1 unknown that counts as a failure, at or above the threshold high"
    );
    let warn = gate(Some(Severity::High), OnUnknown::Warn);
    assert_eq!(verdict(&scan, warn), "passed: no violations, 1 not decided");
    let ignored = show(
        &scan,
        Format::Human,
        gate(Some(Severity::High), OnUnknown::Ignore),
    );
    assert!(!ignored.contains("unknown[POL-0002]") && ignored.contains("1 unknown"));
}

#[test]
fn a_part_not_judged_is_no_pass() {
    let mut scan = sample::of(vec![finding(3, "aws_x.x", Outcome::Pass, "fine")]);
    scan.diagnostics = vec![Diagnostic::new(
        Level::Error,
        "plan-partial",
        "The plan is not complete",
    )];
    assert_eq!(
        verdict(&scan, ReportOptions::default()),
        "incomplete: a part of the input could not be judged; this is no pass"
    );
    let text = show(&scan, Format::Markdown, ReportOptions::default());
    assert!(!text.contains("All resources comply"), "{text}");
}

#[test]
fn nothing_evaluated_is_no_pass() {
    let mut scan = sample::of(Vec::new());
    let text = show(&scan, Format::Markdown, ReportOptions::default());
    assert!(
        text.contains(
            "**Nothing evaluated**: none of the 4 policies in force concerns any of 412 resources."
        ),
        "{text}"
    );
    assert!(!text.contains("All resources comply"));
    scan.summary.resources = 0;
    assert_eq!(
        verdict(&scan, ReportOptions::default()),
        "nothing evaluated: `terraform/plan.json` has no managed resources"
    );
}

#[test]
fn all_is_well_only_if_all_is() {
    const CLEAN: &str = "## Policy Scan Results\n\n✅ 1 passed | ❌ 0 violations\n\nAll resources comply with policy requirements.\n";
    let pass = finding(3, "aws_x.x", Outcome::Pass, "fine");
    let text = |findings| {
        show(
            &sample::of(findings),
            Format::Markdown,
            ReportOptions::default(),
        )
    };
    assert!(text(vec![pass.clone()]).starts_with(CLEAN));
    let unknown = finding(3, "aws_x.y", Outcome::Unknown, "?");
    assert!(!text(vec![pass.clone(), unknown]).contains("All resources comply"));
    let mut excepted = finding(3, "aws_x.y", Outcome::Fail, "no");
    excepted.exception = Some(sample::exception("because"));
    assert!(text(vec![pass, excepted]).contains(
        "All resources comply with policy requirements. 1 violation has an approved exception.\n"
    ));
}

#[test]
fn the_baseline_is_counted_and_not_repeated() {
    let mut known = failing(0, 3);
    known
        .iter_mut()
        .for_each(|finding| finding.in_baseline = true);
    let scan = sample::of(known);
    let text = show(&scan, Format::Human, ReportOptions::default());
    assert!(
        text.contains("in the baseline: 3 violations known before\n   = policies: POL-0002 (3)"),
        "{text}"
    );
    assert!(
        text.ends_with("passed: no violation at or above the threshold high, 3 in the baseline\n"),
        "{text}"
    );
    let markdown = show(&scan, Format::Markdown, ReportOptions::default());
    assert!(
        markdown.contains("❌ 3 violations (3 known before)"),
        "{markdown}"
    );
    assert!(!markdown.contains("### CRITICAL"));
    assert!(!show(&scan, Format::Github, ReportOptions::default()).contains("::error"));
}

#[test]
fn at_most_ten_annotations_of_a_level() {
    let scan = sample::of([failing(0, 30), failing(3, 30)].concat());
    let text = show(&scan, Format::Github, ReportOptions::default());
    let number = |level: &str| text.lines().filter(|line| line.starts_with(level)).count();
    assert_eq!((number("::error"), number("::warning")), (10, 10));
}

#[test]
fn many_places_of_a_policy_are_folded() {
    let scan = sample::of(failing(0, 100));
    let text = show(&scan, Format::Human, ReportOptions::default());
    assert_eq!(text.matches("critical error[POL-0002]: no").count(), 3);
    assert!(
        text.contains("critical error[POL-0002]: 97 more places\n"),
        "{text}"
    );
    assert!(
        text.contains("   = 77 more places: `--format json` and `--format csv` list them all\n"),
        "{text}"
    );
}

#[test]
fn several_inputs_are_named() {
    let mut scan = sample::of(failing(0, 1));
    let mut other = scan.inputs[0].clone();
    other.name = "network/plan.json".into();
    scan.inputs.push(other);
    scan.findings[0].input = 1;
    for format in [Format::Human, Format::Markdown] {
        assert!(show(&scan, format, ReportOptions::default()).contains("network/plan.json"));
    }
}

#[test]
fn places_are_links_if_they_can_be() {
    let options = ReportOptions {
        permalink_base: Some("https://github.com/o/r/blob/abc".into()),
        ..ReportOptions::default()
    };
    let text = show(&sample::scan(), Format::Markdown, options);
    assert!(text.contains(
        "[`network/main.tf:12`](https://github.com/o/r/blob/abc/network/main.tf#L12-L12)"
    ));
}

/// The lines of a suggestion as a reader of Markdown sees them.
fn suggested(markdown: &str) -> Vec<String> {
    use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
    let mut found = Vec::new();
    let mut inside = false;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(word))) => {
                inside = &*word == "suggestion";
                if inside {
                    found.push(String::new());
                }
            }
            Event::End(TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => found.last_mut().unwrap().push_str(&text),
            _ => {}
        }
    }
    found
}

/// One character more or less would be written into somebody's file.
#[test]
fn a_suggestion_reads_back_as_its_lines() {
    for text in [
        "    cidr_blocks = [\"10.0.0.0/8\"]",
        "\tcidr_blocks = []\n\n\t  # ```` @all <b>",
        "",
        "\n  x = 1\n",
    ] {
        let mut finding = finding(0, "aws_x.x", Outcome::Fail, "no");
        let mut fix = sample::restrict("");
        fix.suggestions[0].text = text.to_owned();
        finding.remedy = Some(Remedy::Proven(fix));
        let scan = sample::of(vec![finding]);
        let markdown = show(&scan, Format::Markdown, ReportOptions::default());
        // The parser leaves out the break of an empty block.
        let [found] = suggested(&markdown).try_into().unwrap();
        assert_eq!(
            found.strip_suffix('\n').unwrap_or(&found),
            text,
            "{markdown}"
        );
    }
}

#[test]
fn lines_that_cannot_be_shown_as_they_are_are_no_suggestion() {
    let long = "x".repeat(4_000);
    for text in ["a\u{202e}b", "\u{feff}a", "##[error]x", &long] {
        let mut finding = finding(0, "aws_x.x", Outcome::Fail, "no");
        finding.remedy = Some(Remedy::Proven(sample::restrict(text)));
        let scan = sample::of(vec![finding]);
        let markdown = show(&scan, Format::Markdown, ReportOptions::default());
        assert!(suggested(&markdown).is_empty(), "{markdown}");
        let sarif = show(&scan, Format::Sarif, ReportOptions::default());
        let is_long = text.len() > 100;
        assert_eq!(sarif.contains("\"fixes\""), is_long, "{sarif}");
    }
}

#[test]
fn a_proven_fix_is_a_difference_on_the_terminal() {
    let text = show(&sample::scan(), Format::Human, ReportOptions::default());
    assert!(text.contains("fix: proven"), "{text}");
    assert!(
        text.contains("12 +     cidr_blocks = [\"10.0.0.0/8\"]"),
        "{text}"
    );
    assert!(
        text.contains("no edit: main.tf.json has JSON syntax"),
        "{text}"
    );
}
