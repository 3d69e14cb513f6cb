//! GitHub Actions: annotations in the log, step outputs and the job summary.
//!
//! GitHub shows ten annotations of each level for a step, so the ten that matter most are
//! written; the text after them has all. Writing to the files of the job is the caller's.

use std::io::{self, Write};

use abide_core::finding::Location;
use abide_policy::Severity;

use crate::escape::{clip, command_data, command_property, prose, visible};
use crate::report::{Group, Report};
use crate::{human, markdown, words};

/// Annotations of one level that GitHub shows.
const SHOWN: usize = 10;
/// Characters of a sentence or a name.
const TEXT: usize = 500;

/// The level of an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Fails the run.
    Error,
    /// A violation below the threshold, or one of an evaluation that went wrong.
    Warning,
    /// Not decided.
    Notice,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// What an annotation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark<'a> {
    /// Its level.
    pub level: Level,
    /// The lines it is about, if they are known.
    pub place: Option<&'a Location>,
    /// Its title.
    pub title: String,
    /// Its lines.
    pub message: String,
}

/// All annotations of a report, those that matter most first.
#[must_use]
pub fn remarks<'a>(report: &Report<'a>) -> Vec<Remark<'a>> {
    let fails = |group: &&Group<'_>| report.fails(group.first());
    let open = || report.violations.iter().chain(&report.unknown);
    let mild = report.violations.iter().filter(|group| !fails(group));
    let undecided = report.unknown.iter().filter(|group| !fails(group));
    let errors = open()
        .filter(fails)
        .map(|group| remark(report, Level::Error, group));
    let mild = mild.chain(&report.errors);
    let mild = mild.map(|group| remark(report, Level::Warning, group));
    let undecided = undecided.map(|group| remark(report, Level::Notice, group));
    errors.chain(mild).chain(undecided).collect()
}

/// Writes annotations, and the human format after them.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let remarks = remarks(report);
    for level in [Level::Error, Level::Warning, Level::Notice] {
        let shown = remarks.iter().filter(|remark| remark.level == level);
        for remark in shown.take(SHOWN) {
            writeln!(out, "{}", command(remark))?;
        }
    }
    human::render(report, out)
}

fn remark<'a>(report: &Report<'a>, level: Level, group: &Group<'a>) -> Remark<'a> {
    let finding = group.first();
    let id = &report.scan.policy_of(finding).id;
    let mut lines = vec![
        words::message(finding, TEXT),
        match group.len() {
            1 => visible(&clip(words::subject(finding), TEXT)).into_owned(),
            n => format!("{} ({n} instances)", visible(&clip(&group.block, TEXT))),
        },
    ];
    let remediation = words::remediation(report, finding);
    if !remediation.is_empty() {
        lines.push(format!("Fix: {}", prose(&clip(remediation, TEXT))));
    }
    lines.extend(words::requested(finding).map(|request| prose(&request).into_owned()));
    Remark {
        level,
        place: finding.location.as_ref(),
        title: visible(&format!("{id} ({})", finding.severity)).into_owned(),
        message: lines.join("\n"),
    }
}

/// `::error file=…,line=…,title=…::message`
fn command(remark: &Remark<'_>) -> String {
    let mut properties = remark.place.map(place).unwrap_or_default();
    properties.push_str(&format!("title={}", command_property(&remark.title)));
    let data = command_data(&remark.message);
    format!("::{} {properties}::{data}", remark.level.as_str())
}

/// The properties of a place. Columns only go with a single line.
fn place(location: &Location) -> String {
    let mut out = format!(
        "file={},line={},endLine={},",
        command_property(&location.file),
        location.line,
        location.end_line
    );
    if location.line == location.end_line {
        out.push_str(&format!(
            "col={},endColumn={},",
            location.column, location.end_column
        ));
    }
    out
}

/// The step outputs, one `name=value` a line, to be appended to the file `GITHUB_OUTPUT` names.
///
/// The counts by severity, and `violations`, are of what this change answers for: violations
/// that neither an exception covers nor the baseline holds.
#[must_use]
pub fn outputs(report: &Report<'_>) -> String {
    let summary = &report.scan.summary;
    let mut out = String::new();
    for severity in Severity::ALL {
        out.push_str(&format!("{severity}_count={}\n", report.new.get(severity)));
    }
    for (name, number) in [
        ("violations", words::total(&report.new)),
        ("in_baseline", summary.in_baseline),
        ("observed", summary.observed),
        ("unknown", summary.unknown),
        ("excepted", summary.excepted),
    ] {
        out.push_str(&format!("{name}={number}\n"));
    }
    out.push_str(&format!("verdict={}\n", report.verdict.as_str()));
    out
}

/// The job summary: the Markdown of a comment with more room, to be appended to the file
/// `GITHUB_STEP_SUMMARY` names.
#[must_use]
pub fn step_summary(report: &Report<'_>) -> String {
    markdown::text(report, markdown::STEP_SUMMARY)
}
