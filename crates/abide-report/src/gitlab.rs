//! GitLab code quality: a JSON array, shown in merge requests.
//!
//! GitLab compares the reports of two branches by fingerprint, so what the baseline holds is
//! in it, and an entry stands for one thing to fix. Exceptions are left out: GitLab has no
//! place for them.

use std::io::{self, Write};

use abide_core::finding::Outcome;
use abide_policy::Severity;
use serde::Serialize;

use crate::escape::{clip, visible};
use crate::report::{Group, Report};
use crate::{json_text, words};

/// Characters of a sentence or a name.
const TEXT: usize = 500;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Writes the array.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let groups = [
        &report.violations,
        &report.baseline,
        &report.errors,
        &report.unknown,
        &report.observed,
    ];
    let issues = groups.into_iter().flatten();
    json_text::write(
        &Issues(|| issues.clone().map(|group| issue(report, group))),
        1,
        out,
    )
}

/// Issues that are made while they are written.
struct Issues<F>(F);

impl<F: Fn() -> I, I: Iterator<Item = Issue>> Serialize for Issues<F> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0())
    }
}

fn issue(report: &Report<'_>, group: &Group<'_>) -> Issue {
    let finding = group.first();
    let subject = match group.len() {
        1 => visible(&clip(words::subject(finding), TEXT)).into_owned(),
        n => format!("{} ({n} instances)", visible(&clip(&group.block, TEXT))),
    };
    let message = words::message(finding, TEXT);
    let (path, begin) = words::source_file(report, finding);
    let request = words::requested(finding).map_or_else(String::new, |request| {
        format!(" ({})", visible(&request).replace('\n', " "))
    });
    Issue {
        description: format!("{message}: {subject}{request}"),
        check_name: report.scan.policy_of(finding).id.clone(),
        fingerprint: words::group_fingerprint(report, group).to_string(),
        severity: match finding.is_observed() {
            true => "info",
            false => severity(finding.outcome, finding.severity),
        },
        location: Location {
            path,
            lines: Lines { begin },
        },
    }
}

fn severity(outcome: Outcome, severity: Severity) -> &'static str {
    match (outcome, severity) {
        (Outcome::Unknown, _) => "info",
        (_, Severity::Critical) => "blocker",
        (_, Severity::High) => "critical",
        (_, Severity::Medium) => "major",
        (_, Severity::Low) => "minor",
    }
}
