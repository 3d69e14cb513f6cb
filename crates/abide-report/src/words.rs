//! Sentences and words that several formats share.

use abide_core::finding::{Finding, Fingerprint, Outcome};
use abide_core::gate::Verdict;
use abide_core::remedy::Remedy;
use abide_core::scan::{ScanPolicy, SeverityCounts, Summary};
use abide_policy::Severity;

use crate::escape;
use crate::report::{Group, Report};

/// `1 violation`, `2 violations`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

/// `2 critical, 1 high`, without zeros; empty if there is nothing.
pub(crate) fn severities(counts: &SeverityCounts) -> String {
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .filter(|severity| counts.get(*severity) > 0)
        .map(|severity| format!("{} {severity}", counts.get(severity)))
        .collect();
    parts.join(", ")
}

/// All of it.
pub(crate) fn total(counts: &SeverityCounts) -> usize {
    Severity::ALL.into_iter().map(|s| counts.get(s)).sum()
}

/// The ids of a policy's controls as people know them: its own labels first, then the short
/// labels of the current editions, each once.
pub(crate) fn control_labels(policy: &ScanPolicy) -> Vec<String> {
    unique(policy, |control| control.short_label())
}

/// The ids of a policy's controls for machines: its own labels, then canonical ids.
pub(crate) fn control_ids(policy: &ScanPolicy) -> Vec<String> {
    unique(policy, ToString::to_string)
}

fn unique(policy: &ScanPolicy, name: impl Fn(&abide_controls::ControlId) -> String) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let names = policy.labels.iter().cloned();
    for name in names.chain(policy.controls.iter().map(name)) {
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out
}

/// What a finding is about, in words: its address, or the account.
pub(crate) fn subject(finding: &Finding) -> &str {
    match &*finding.resource_type {
        "account" => "the root module",
        _ => finding.resource_address.as_str(),
    }
}

/// What to do about a finding: its own advice, or for a violation that of its policy.
pub(crate) fn remediation<'a>(report: &Report<'a>, finding: &'a Finding) -> &'a str {
    match (finding.remediation.trim(), finding.outcome) {
        ("", Outcome::Fail) => report.scan.policy_of(finding).remediation.trim(),
        (own, _) => own,
    }
}

/// What is wrong, for lists that mix violations with evaluations that went wrong.
pub(crate) fn message(finding: &Finding, most: usize) -> String {
    let message = escape::clip(&finding.message, most);
    match finding.outcome {
        Outcome::Error => format!("Not evaluated: {}", escape::prose(&message)),
        _ => escape::prose(&message).into_owned(),
    }
}

/// Whether it is worth saying which input: there are several.
pub(crate) fn names_inputs(report: &Report<'_>) -> bool {
    report.scan.inputs.len() > 1
}

/// `400 resources, 60 policies, 2310 evaluated: 2280 passed, 25 failed (2 critical), …`
pub(crate) fn totals(summary: &Summary) -> String {
    let mut out = format!(
        "{}, {}, {} evaluated: {} passed, {} failed",
        count(summary.resources, "resource"),
        count(summary.policies, "policy"),
        summary.evaluated,
        summary.pass,
        summary.fail,
    );
    let severities = severities(&summary.by_severity);
    if !severities.is_empty() {
        out.push_str(&format!(" ({severities})"));
    }
    out.push_str(&format!(
        ", {} unknown, {} excepted, {}; {} not applicable",
        summary.unknown,
        summary.excepted,
        count(summary.error, "error"),
        summary.not_applicable,
    ));
    out
}

/// Why the verdict is what it is, beginning with its word.
pub(crate) fn verdict(report: &Report<'_>) -> String {
    match report.verdict {
        Verdict::Passed => passed(report),
        Verdict::Failed => failed(report),
        Verdict::Incomplete => incomplete(report),
        Verdict::NothingEvaluated => format!("nothing evaluated: {}", why_nothing(report)),
    }
}

fn failed(report: &Report<'_>) -> String {
    let severities = severities(&report.failing);
    let unknown = match report.failing_unknown {
        0 => String::new(),
        1 => "1 unknown that counts as a failure".to_owned(),
        n => format!("{n} unknown that count as failures"),
    };
    let parts: Vec<&str> = [severities.as_str(), unknown.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    match report.options.gate.fail_on {
        Some(threshold) if !parts.is_empty() => {
            format!(
                "failed: {}, {}",
                parts.join(" and "),
                at_or_above(threshold)
            )
        }
        _ => "failed".to_owned(),
    }
}

/// `at or above high`, `at the threshold critical`.
fn at_or_above(threshold: Severity) -> String {
    match threshold {
        Severity::Critical => "at the threshold critical".to_owned(),
        threshold => format!("at or above the threshold {threshold}"),
    }
}

fn passed(report: &Report<'_>) -> String {
    let summary = &report.scan.summary;
    if summary.evaluated == 0 {
        return format!(
            "passed, though nothing was evaluated: {}",
            why_nothing(report)
        );
    }
    let mut out = match report.options.gate.fail_on {
        Some(_) if summary.fail == 0 => "passed: no violations".to_owned(),
        Some(threshold) => format!("passed: no violation {}", at_or_above(threshold)),
        None if summary.fail == 0 => "passed: no violations".to_owned(),
        None => "passed: violations do not fail this run".to_owned(),
    };
    out.push_str(&below(report));
    if summary.in_baseline > 0 {
        out.push_str(&format!(", {} in the baseline", summary.in_baseline));
    }
    if summary.observed > 0 {
        out.push_str(&format!(", {} observed", summary.observed));
    }
    if summary.unknown > 0 {
        out.push_str(&format!(", {} not decided", summary.unknown));
    }
    out
}

/// What people have to deal with though the run passed: ` (2 medium below it)`.
fn below(report: &Report<'_>) -> String {
    let new = severities(&report.new);
    let Some(threshold) = report.options.gate.fail_on.filter(|_| !new.is_empty()) else {
        return match new.is_empty() {
            true => String::new(),
            false => format!(" ({new})"),
        };
    };
    let warned = Severity::ALL
        .into_iter()
        .filter(|severity| *severity >= threshold)
        .any(|severity| report.new.get(severity) > 0);
    match warned {
        // At the threshold, of policies that only warn.
        true => format!(" that is enforced ({new} to see to)"),
        false => format!(" ({new} below it)"),
    }
}

fn incomplete(report: &Report<'_>) -> String {
    let mut parts = Vec::new();
    if report.scan.summary.error > 0 {
        let evaluations = count(report.scan.summary.error, "evaluation");
        parts.push(format!("{evaluations} went wrong"));
    }
    let inputs = report.scan.diagnostics.iter();
    let inputs = inputs.filter(|d| d.level == abide_core::diagnostic::Level::Error);
    match inputs.count() {
        0 => {}
        1 => parts.push("a part of the input could not be judged".to_owned()),
        n => parts.push(format!("{n} parts of the input could not be judged")),
    }
    format!("incomplete: {}; this is no pass", parts.join(" and "))
}

/// Why nothing was evaluated.
pub(crate) fn why_nothing(report: &Report<'_>) -> String {
    let scan = report.scan;
    match (scan.inputs.as_slice(), scan.summary.resources) {
        _ if scan.policies.is_empty() => "no policy is in force".to_owned(),
        ([], _) => "there was no input".to_owned(),
        ([input], 0) => format!(
            "`{}` has no managed resources",
            escape::visible(&escape::clip(&input.name, 300))
        ),
        (_, 0) => "the inputs have no managed resources".to_owned(),
        (_, resources) => format!(
            "none of {} in force concerns any of {}",
            match scan.policies.len() {
                1 => "the 1 policy".to_owned(),
                n => format!("the {n} policies"),
            },
            count(resources, "resource"),
        ),
    }
}

/// Resource types that no policy knows, most frequent first: at most `most`, and how many are left.
pub(crate) fn unchecked<'a>(report: &Report<'a>, most: usize) -> (Vec<(&'a str, usize)>, usize) {
    let mut types: Vec<(&str, usize)> = report
        .scan
        .unchecked_types
        .iter()
        .map(|(name, number)| (name.as_str(), *number))
        .collect();
    types.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let left = types.len().saturating_sub(most);
    types.truncate(most);
    (types, left)
}

/// `31 resources of 4 types have no policy in force`, or nothing.
pub(crate) fn unchecked_headline(report: &Report<'_>) -> Option<String> {
    let types = &report.scan.unchecked_types;
    let resources: usize = types.values().sum();
    let verb = match resources {
        1 => "has",
        _ => "have",
    };
    (!types.is_empty()).then(|| {
        format!(
            "{} of {} {verb} no policy in force",
            count(resources, "resource"),
            count(types.len(), "type"),
        )
    })
}

/// Whether nothing is to be done: it passed, or an exception covers it.
pub(crate) fn is_compliant(finding: &Finding) -> bool {
    finding.outcome == Outcome::Pass || finding.exception.is_some()
}

/// `exception requested, not approved: why (until 2026-03-31, SEC-1)`, if that is how it is.
/// It is raw text, as findings are.
pub(crate) fn requested(finding: &Finding) -> Option<String> {
    let request = finding.requested.as_ref();
    let request = request.filter(|_| finding.exception.is_none())?;
    let ticket = request.ticket.as_ref();
    Some(format!(
        "exception requested, not approved: {} (until {}{})",
        escape::clip(&request.reason, 500),
        request.until,
        ticket.map_or_else(String::new, |ticket| format!(
            ", {}",
            escape::clip(ticket, 100)
        )),
    ))
}

/// The file and line to show a finding at: where it is written, or the first line of its
/// input as long as that is not known.
pub(crate) fn source_file(report: &Report<'_>, finding: &Finding) -> (String, u32) {
    match &finding.location {
        Some(location) => (relative(&location.file), location.line.max(1)),
        None => (relative(report.input(finding)), 1),
    }
}

/// A path relative to the repository, as far as its text tells: without `.` and `..`, and only
/// the name of a file that is given from the root of a disk, which nobody else has.
pub(crate) fn relative(path: &str) -> String {
    let slashes = path.replace('\\', "/");
    let absolute = slashes.starts_with('/') || slashes.get(1..3) == Some(":/");
    let steps = slashes.split('/');
    let mut steps: Vec<&str> = steps
        .filter(|step| !matches!(*step, "" | "." | ".."))
        .collect();
    if absolute {
        steps.drain(..steps.len().saturating_sub(1));
    }
    match steps.join("/") {
        path if path.is_empty() || path == "-" => "stdin".to_owned(),
        path => path,
    }
}

/// The identity of a group across scans: that of its finding, or for many instances that of
/// their block, so that it stays when an instance comes or goes.
pub(crate) fn group_fingerprint(report: &Report<'_>, group: &Group<'_>) -> Fingerprint {
    let finding = group.first();
    if group.len() == 1 {
        return finding.fingerprint;
    }
    Fingerprint::of(
        &report.scan.policy_of(finding).id,
        &group.block,
        finding.outcome,
        finding.attribute.as_ref(),
        &finding.facts,
    )
}

/// Why no edit is offered, if somebody asked for one.
pub(crate) fn no_fix(finding: &Finding) -> Option<&str> {
    match finding.remedy.as_ref()? {
        Remedy::ByHand { why } => Some(why),
        Remedy::Proven(_) => None,
    }
}

/// Whether a text of several lines has something in it that is not shown as it is.
pub(crate) fn hides(text: &str) -> bool {
    let mut parts = text.split(['\n', '\r', '\t']);
    parts.any(|part| escape::visible(part) != part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_nouns() {
        assert_eq!(count(1, "policy"), "1 policy");
        assert_eq!(count(2, "policy"), "2 policies");
        assert_eq!(count(0, "error"), "0 errors");
    }

    #[test]
    fn paths_stay_in_the_repository() {
        for (path, expected) in [
            ("./a/../plan.json", "a/plan.json"),
            ("../plan.json", "plan.json"),
            ("/home/kim/work/plan.json", "plan.json"),
            ("C:\\work\\plan.json", "plan.json"),
            ("-", "stdin"),
            ("", "stdin"),
        ] {
            assert_eq!(relative(path), expected, "{path}");
        }
    }
}
