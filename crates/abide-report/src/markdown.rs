//! Markdown for a pull request comment or a job summary.
//!
//! Its first lines are a fixed point: workflows find the comment by `## Policy Scan Results`.
//! A comment has a limit of 65 536 characters; text is cut between entries, the worst come
//! first, and what is left out is counted.

mod entry;
mod suggest;

use std::io::{self, Write};

use abide_core::diagnostic::Level;
use abide_core::scan::Summary;
use abide_policy::Severity;

use crate::escape::{clip, is_hidden, markdown};
use crate::report::{Group, Report};
use crate::words;

pub use self::suggest::{Inline, inline};

/// How every comment begins: workflows find it by this.
const HEADING: &str = "## Policy Scan Results";
/// Bytes of a comment. GitHub refuses more than 65 536 characters.
pub(crate) const COMMENT: usize = 60_000;
/// Bytes of a job summary. GitHub drops one of more than 1 MiB.
pub(crate) const STEP_SUMMARY: usize = 900 * 1024;
/// Kept free for closing tags and the number of what is left out.
const RESERVE: usize = 600;
/// Resource types named among those without a policy.
const TYPES: usize = 20;
/// Diagnostics that are listed.
const DIAGNOSTICS: usize = 20;
/// Bytes after which a list in the tail ends: escaping makes hostile text ten times longer.
const LIST: usize = 8_000;

/// Writes the Markdown of a comment.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(text(report, COMMENT).as_bytes())
}

/// What stands around the results where a comment is of one run among several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// The name of the run, for the heading; empty for the only one.
    pub name: &'a str,
    /// Markdown below the heading, ours and short.
    pub lead: &'a str,
    /// Where all results are, if something has no room.
    pub all: Option<&'a str>,
}

/// The heading of a run's comment.
#[must_use]
pub fn heading(name: &str) -> String {
    match name {
        "" => HEADING.to_owned(),
        name => format!("{HEADING}: {}", markdown(&clip(name, 100))),
    }
}

/// The Markdown of a comment about one run, short enough for GitHub, with room for a marker.
#[must_use]
pub fn comment(report: &Report<'_>, frame: &Frame<'_>) -> String {
    framed(report, frame, COMMENT)
}

/// The Markdown in at most `limit` bytes.
pub(crate) fn text(report: &Report<'_>, limit: usize) -> String {
    framed(report, &Frame::default(), limit)
}

fn framed(report: &Report<'_>, frame: &Frame<'_>, limit: usize) -> String {
    let tail = tail(report);
    let mut page = Page {
        text: head(report, frame),
        limit: limit.saturating_sub(tail.len() + RESERVE),
        left: 0,
    };
    for severity in Severity::ALL {
        let groups = of_severity(&report.violations, severity);
        let number = instances(groups);
        let heading = format!("### {} ({number})\n\n", severity.as_str().to_uppercase());
        page.section(&heading, groups, "", |group| {
            entry::violation(report, group)
        });
    }
    page.section(
        &format!(
            "### Not evaluated because of an error ({})\n\n",
            instances(&report.errors)
        ),
        &report.errors,
        "",
        |group| entry::brief(report, group),
    );
    page.section(
        &format!("### ⚠️ Unknown ({})\n\n", instances(&report.unknown)),
        &report.unknown,
        "",
        |group| entry::unknown(report, group),
    );
    page.section(
        &folded("Excepted", instances(&report.excepted)),
        &report.excepted,
        "</details>\n\n",
        |group| entry::excepted(report, group),
    );
    page.section(
        &folded("Known before, in the baseline", instances(&report.baseline)),
        &report.baseline,
        "</details>\n\n",
        |group| entry::brief(report, group),
    );
    page.section(
        &folded("Observed, does not count yet", instances(&report.observed)),
        &report.observed,
        "</details>\n\n",
        |group| entry::brief(report, group),
    );
    page.finish(&tail, frame.all)
}

/// Text that grows by whole entries until there is no more room.
struct Page {
    text: String,
    limit: usize,
    /// Findings that had no room.
    left: usize,
}

impl Page {
    fn section(
        &mut self,
        heading: &str,
        groups: &[Group<'_>],
        close: &str,
        entry: impl Fn(&Group<'_>) -> String,
    ) {
        let mut open = false;
        for (at, group) in groups.iter().enumerate() {
            let heading = if open { "" } else { heading };
            // Once something had no room, nothing smaller may jump the queue.
            let entry = match self.left {
                0 => entry(group),
                _ => String::new(),
            };
            let size = self.text.len() + heading.len() + entry.len();
            if self.left > 0 || size > self.limit {
                self.left += instances(&groups[at..]);
                break;
            }
            self.text.push_str(heading);
            self.text.push_str(&entry);
            open = true;
        }
        if open {
            self.text.push_str(close);
        }
    }

    fn finish(mut self, tail: &str, all: Option<&str>) -> String {
        if self.left > 0 {
            let left = words::count(self.left, "more finding");
            let place = match all {
                Some(url) => format!(" See [all results]({}).", target(url)),
                None => String::new(),
            };
            self.text.push_str(&format!(
                "**and {left}**, not shown here for their number: the JSON, CSV and SARIF results list them all.{place}\n\n"
            ));
        }
        self.text.push_str(tail);
        self.text
    }
}

/// A URL as the target of a link: nothing ends it or the line.
fn target(url: &str) -> String {
    let ends = |c: char| c.is_whitespace() || is_hidden(c) || matches!(c, '(' | ')' | '<' | '>');
    url.replace(ends, "")
}

fn instances(groups: &[Group<'_>]) -> usize {
    groups.iter().map(Group::len).sum()
}

/// The groups of one severity; they are ordered by it.
fn of_severity<'g, 'a>(groups: &'g [Group<'a>], severity: Severity) -> &'g [Group<'a>] {
    let start = groups.partition_point(|group| group.first().severity > severity);
    let end = groups.partition_point(|group| group.first().severity >= severity);
    groups.get(start..end).unwrap_or(&[])
}

fn folded(title: &str, number: usize) -> String {
    format!("<details><summary>{title} ({number})</summary>\n\n")
}

fn head(report: &Report<'_>, frame: &Frame<'_>) -> String {
    let summary = &report.scan.summary;
    let mut out = format!(
        "{}\n\n✅ {} passed | ❌ {} violations",
        heading(frame.name),
        summary.pass,
        summary.fail
    );
    let also = [
        (summary.in_baseline, "", "known before"),
        (summary.observed, "", "observed"),
        (summary.unknown, "⚠️ ", "unknown"),
        (summary.excepted, "🛡️ ", "excepted"),
        (summary.error, "💥 ", "not evaluated"),
    ];
    for (number, sign, word) in also.into_iter().filter(|(number, ..)| *number > 0) {
        match sign {
            "" => out.push_str(&format!(" ({number} {word})")),
            sign => out.push_str(&format!(" | {sign}{number} {word}")),
        }
    }
    out.push_str("\n\n");
    out.push_str(frame.lead);
    out.push_str(&conclusion(report));
    out.push_str("\n\n");
    out
}

/// The sentence below the numbers.
fn conclusion(report: &Report<'_>) -> String {
    let summary = &report.scan.summary;
    let clean = summary.evaluated > 0
        && summary.fail == 0
        && summary.unknown == 0
        && report.scan.is_complete();
    if !clean {
        let verdict = words::verdict(report);
        let (word, why) = verdict.split_once(": ").unwrap_or((&verdict, ""));
        let (first, rest) = word.split_at_checked(1).unwrap_or(("", word));
        let word = format!("**{}{rest}**", first.to_uppercase());
        return match why {
            "" => format!("{word}."),
            why => format!("{word}: {}.", markdown(why)),
        };
    }
    let mut out = "All resources comply with policy requirements.".to_owned();
    match summary.excepted {
        0 => {}
        1 => out.push_str(" 1 violation has an approved exception."),
        n => out.push_str(&format!(" {n} violations have an approved exception.")),
    }
    out
}

/// What follows the entries; of limited size.
fn tail(report: &Report<'_>) -> String {
    let mut out = diagnostics(report);
    out.push_str(&unchecked(report));
    out.push_str(&totals(&report.scan.summary));
    let scan = report.scan;
    let inputs: Vec<String> = scan
        .inputs
        .iter()
        .take(5)
        .map(|input| markdown(&clip(&input.name, 200)))
        .collect();
    let more = match scan.inputs.len() {
        0..=5 => String::new(),
        n => format!(" and {} more", n - 5),
    };
    let at = scan.at.strftime("%Y-%m-%d %H:%M UTC");
    let inputs = inputs.join(", ");
    out.push_str(&format!(
        "<sub>abide {}, {at}: {inputs}{more}</sub>\n",
        markdown(&scan.tool_version)
    ));
    out
}

fn diagnostics(report: &Report<'_>) -> String {
    let mut out = String::new();
    // Errors first: they mean that something was not judged.
    let level = |wanted| {
        report
            .scan
            .diagnostics
            .iter()
            .filter(move |d| d.level == wanted)
    };
    let all = level(Level::Error)
        .chain(level(Level::Warning))
        .chain(level(Level::Note));
    let mut shown = 0;
    for diagnostic in all.take(DIAGNOSTICS) {
        if out.len() > LIST {
            break;
        }
        shown += 1;
        let place = match &diagnostic.place {
            Some(place) => format!(" ({})", markdown(&clip(&place.to_string(), 200))),
            None => String::new(),
        };
        out.push_str(&format!(
            "- {}: {}{place}\n",
            diagnostic.level.as_str(),
            markdown(&clip(&diagnostic.message, 500)),
        ));
    }
    let left = report.scan.diagnostics.len() - shown;
    if left > 0 {
        out.push_str(&format!("- and {}\n", words::count(left, "more remark")));
    }
    match out.is_empty() {
        true => out,
        false => format!("### Remarks\n\n{out}\n"),
    }
}

fn unchecked(report: &Report<'_>) -> String {
    let Some(headline) = words::unchecked_headline(report) else {
        return String::new();
    };
    let (types, mut left) = words::unchecked(report, TYPES);
    let mut out = format!("<details><summary>{headline}</summary>\n\n");
    for (name, number) in types {
        if out.len() > LIST {
            left += 1;
            continue;
        }
        out.push_str(&format!("- {} ({number})\n", markdown(&clip(name, 100))));
    }
    if left > 0 {
        out.push_str(&format!("- and {}\n", words::count(left, "more type")));
    }
    out.push_str("\n</details>\n\n");
    out
}

fn totals(summary: &Summary) -> String {
    let by = &summary.by_severity;
    format!(
        "| Resources | Policies | Evaluated | Passed | Failed | Critical | High | Medium | Low | Unknown | Excepted | Errors | Not applicable |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n\
         | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n\n",
        summary.resources,
        summary.policies,
        summary.evaluated,
        summary.pass,
        summary.fail,
        by.critical,
        by.high,
        by.medium,
        by.low,
        summary.unknown,
        summary.excepted,
        summary.error,
        summary.not_applicable,
    )
}
