//! JUnit XML: a suite for each input, a case for each policy and resource.
//!
//! Only what fails the gate's question "does this resource follow this policy" is a failure:
//! excepted, known and undecided ones are skipped with their reason, evaluations that went
//! wrong are errors.

use std::io::{self, Write};

use abide_core::finding::{Fact, Finding, Outcome};
use abide_core::rollout::Stage;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::escape::{clip, prose, visible};
use crate::report::Report;
use crate::words;

/// Characters of a sentence or a name.
const TEXT: usize = 1_000;

/// Writes the XML.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: Vec<TestSuite> = report
        .scan
        .inputs
        .iter()
        .map(|input| TestSuite::new(&*visible(&clip(&input.name, TEXT))))
        .collect();
    for finding in report.results() {
        if finding.outcome == Outcome::Unknown && !report.shows_unknown() {
            continue;
        }
        if let Some(suite) = suites.get_mut(finding.input as usize) {
            suite.add_test_case(case(report, finding));
        }
    }
    let mut junit = quick_junit::Report::new("abide");
    junit.add_test_suites(suites);
    junit.serialize(out).map_err(io::Error::other)
}

fn case(report: &Report<'_>, finding: &Finding) -> TestCase {
    let name = visible(&clip(finding.resource_address.as_str(), TEXT)).into_owned();
    let mut case = TestCase::new(name, status(report, finding));
    case.set_classname(&*visible(&report.scan.policy_of(finding).id));
    if let Some(location) = &finding.location {
        let file = visible(&clip(&location.file, TEXT)).into_owned();
        let line = location.line.to_string();
        case.extra.insert("file".into(), file.into());
        case.extra.insert("line".into(), line.into());
    }
    case
}

fn status(report: &Report<'_>, finding: &Finding) -> TestCaseStatus {
    let message = prose(&clip(&finding.message, TEXT)).into_owned();
    let kind = match finding.outcome {
        Outcome::Pass | Outcome::NotApplicable => return TestCaseStatus::success(),
        Outcome::Error => NonSuccessKind::Error,
        Outcome::Fail if finding.is_new_violation() && finding.rollout == Stage::Enforce => {
            NonSuccessKind::Failure
        }
        Outcome::Unknown if report.fails(finding) => NonSuccessKind::Failure,
        Outcome::Fail | Outcome::Unknown => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(format!("{}: {message}", why_skipped(finding)));
            return skipped;
        }
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status.set_type(finding.severity.as_str());
    status.set_description(description(report, finding));
    status
}

fn why_skipped(finding: &Finding) -> String {
    match &finding.exception {
        Some(exception) => format!(
            "excepted by {} until {}",
            visible(&clip(&exception.id, TEXT)),
            visible(&clip(&exception.expires, TEXT)),
        ),
        None if finding.in_baseline => "in the baseline".to_owned(),
        None if finding.is_observed() => "observed".to_owned(),
        None if finding.outcome == Outcome::Fail => "warning".to_owned(),
        None => finding.outcome.as_str().to_owned(),
    }
}

/// What a test report shows when a case is opened.
fn description(report: &Report<'_>, finding: &Finding) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("{name}: {}", prose(&clip(text, TEXT))));
        }
    };
    let attribute = finding.attribute.as_ref().map(ToString::to_string);
    line("attribute", &attribute.unwrap_or_default());
    line("found", finding.found.as_deref().unwrap_or_default());
    line("expected", finding.expected.as_deref().unwrap_or_default());
    let facts: Vec<String> = finding.facts.iter().map(Fact::to_string).collect();
    line("because", &facts.join("; "));
    line("waits for", &finding.waits_for.join(", "));
    line("request", &words::requested(finding).unwrap_or_default());
    line("controls", &report.labels(finding).join(", "));
    line("help", words::remediation(report, finding));
    lines.join("\n")
}
