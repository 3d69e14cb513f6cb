//! The bullets of the Markdown format.

use abide_core::finding::{Finding, Location, Snippet};
use abide_core::remedy::Remedy;

use crate::escape::{clip, lines, markdown, markdown_code, markdown_fence, uri_path};
use crate::report::{Group, Report};
use crate::words;

use super::suggest;

/// Characters of a name or a value.
const NAME: usize = 300;
/// Characters of a sentence.
const SENTENCE: usize = 1_000;
/// Characters of a snippet.
const SNIPPET: usize = 3_000;
/// Instances, facts, and things waited for that are named.
const FEW: usize = 3;
/// Two spaces at its end break a line; comments break it anyway, files do not.
const BREAK: &str = "  \n  ";

/// A standing violation.
pub(crate) fn violation(report: &Report<'_>, group: &Group<'_>) -> String {
    let finding = group.first();
    let mut parts = vec![headline(report, finding, ""), resource(report, group)];
    parts.extend(values(finding));
    parts.extend(words::requested(finding).map(|request| markdown(&request)));
    let labels = report.labels(finding);
    if !labels.is_empty() {
        parts.push(format!(
            "Controls: {}",
            markdown(&clip(&labels.join(", "), SENTENCE))
        ));
    }
    let remediation = words::remediation(report, finding);
    if !remediation.is_empty() {
        parts.push(format!("Fix: {}", markdown(&clip(remediation, SENTENCE))));
    }
    if let Some(why) = words::no_fix(finding) {
        let why = markdown(&clip(why, SENTENCE));
        parts.push(format!("No edit is offered: {why}"));
    }
    let mut out = parts.join(BREAK);
    out.push_str("\n\n");
    match finding.remedy.as_ref().and_then(Remedy::fix) {
        Some(fix) if suggest::can_show(fix) => out.push_str(&suggest::blocks(report, fix)),
        _ if !finding.fix.is_empty() => out.push_str(&snippets(&finding.fix)),
        _ => {}
    }
    out
}

/// What a suggestion is for, in a line or two.
pub(crate) fn reason(report: &Report<'_>, group: &Group<'_>) -> String {
    let finding = group.first();
    let headline = headline(report, finding, &format!(" ({})", finding.severity));
    let headline = headline.strip_prefix("- ").unwrap_or(&headline).to_owned();
    format!("{headline}\n\n{}", resource(report, group))
}

/// An evaluation that cannot be decided.
pub(crate) fn unknown(report: &Report<'_>, group: &Group<'_>) -> String {
    let finding = group.first();
    let severity = format!(" ({})", finding.severity);
    let mut parts = vec![
        headline(report, finding, &severity),
        resource(report, group),
    ];
    parts.extend(words::requested(finding).map(|request| markdown(&request)));
    if !finding.waits_for.is_empty() {
        let waits = few(finding.waits_for.iter().map(String::as_str));
        parts.push(format!("Waits for: {waits}"));
    }
    let hint = words::remediation(report, finding);
    if !hint.is_empty() {
        parts.push(format!("To decide it: {}", markdown(&clip(hint, SENTENCE))));
    }
    parts.join(BREAK) + "\n\n"
}

/// A violation with an exception.
pub(crate) fn excepted(report: &Report<'_>, group: &Group<'_>) -> String {
    let finding = group.first();
    let severity = format!(" ({})", finding.severity);
    let mut parts = vec![
        headline(report, finding, &severity),
        resource(report, group),
    ];
    if let Some(exception) = &finding.exception {
        parts.push(format!(
            "Exception: {}, approved by {}, until {}: {}",
            markdown(&clip(&exception.id, NAME)),
            markdown(&clip(&exception.approver, NAME)),
            markdown(&clip(&exception.expires, NAME)),
            markdown(&clip(&exception.reason, SENTENCE)),
        ));
    }
    parts.join(BREAK) + "\n\n"
}

/// Only what and where.
pub(crate) fn brief(report: &Report<'_>, group: &Group<'_>) -> String {
    let finding = group.first();
    let severity = format!(" ({})", finding.severity);
    [
        headline(report, finding, &severity),
        resource(report, group),
    ]
    .join(BREAK)
        + "\n\n"
}

fn headline(report: &Report<'_>, finding: &Finding, after: &str) -> String {
    let id = markdown(&clip(&report.scan.policy_of(finding).id, NAME));
    let message = markdown(&clip(&finding.message, SENTENCE));
    format!("- **{id}**{after}: {message}")
}

fn resource(report: &Report<'_>, group: &Group<'_>) -> String {
    let finding = group.first();
    let mut out = match group.len() {
        1 => format!("Resource: {}", code(words::subject(finding))),
        n => {
            let addresses = group.findings.iter();
            let examples = few(addresses.map(|finding| finding.resource_address.as_str()));
            format!(
                "Resource: {}, {n} instances: {examples}",
                code(&group.block)
            )
        }
    };
    if let Some(location) = &finding.location {
        out.push_str(&format!(" at {}", link(report, location)));
    }
    if words::names_inputs(report) {
        out.push_str(&format!(" in {}", code(report.input(finding))));
    }
    out
}

/// `Found: attribute is value, expected something`, as far as it is known.
fn values(finding: &Finding) -> Option<String> {
    let path = finding.attribute.as_ref().filter(|path| !path.is_empty());
    let path = path.map(|path| code(&path.to_string()));
    let found = finding.found.as_ref().map(|found| code(found));
    let mut out = match (path, found) {
        (Some(path), Some(found)) => format!("{path} is {found}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => String::new(),
    };
    if let Some(expected) = &finding.expected {
        out.push_str(if out.is_empty() {
            "expected "
        } else {
            ", expected "
        });
        out.push_str(&markdown(&clip(expected, NAME)));
    }
    (!out.is_empty()).then(|| format!("Found: {out}"))
}

pub(super) fn link(report: &Report<'_>, location: &Location) -> String {
    let file = clip(&location.file, NAME);
    let text = code(&format!("{file}:{}", location.line));
    match &report.options.permalink_base {
        Some(base) => format!(
            "[{text}]({}/{}#L{}-L{})",
            base.trim_end_matches('/'),
            uri_path(&location.file),
            location.line,
            location.end_line
        ),
        None => text,
    }
}

fn snippets(snippets: &[Snippet]) -> String {
    let mut out = "  <details><summary>What to write</summary>\n\n".to_owned();
    for snippet in snippets {
        let hcl = clip(&snippet.hcl, SNIPPET);
        let fence = markdown_fence(&hcl);
        out.push_str(match snippet.inside {
            true => "  In the block:\n\n",
            false => "  Beside it:\n\n",
        });
        out.push_str(&format!("  {fence}hcl\n"));
        for line in lines(&hcl) {
            out.push_str(format!("  {line}").trim_end());
            out.push('\n');
        }
        out.push_str(&format!("  {fence}\n\n"));
    }
    out.push_str("  </details>\n\n");
    out
}

fn code(text: &str) -> String {
    markdown_code(&clip(text, NAME))
}

fn few<'t>(items: impl ExactSizeIterator<Item = &'t str>) -> String {
    let left = items.len().saturating_sub(FEW);
    let names: Vec<String> = items.take(FEW).map(code).collect();
    match left {
        0 => names.join(", "),
        left => format!("{} and {left} more", names.join(", ")),
    }
}
