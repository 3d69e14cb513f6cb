//! CSV for spreadsheets (RFC 4180): a row for each result.
//!
//! Line breaks inside a cell are written out, so that a line is a row for every tool, and a
//! cell that a spreadsheet would take for a formula begins with `'`.

use std::io::{self, Write};

use abide_core::finding::{Fact, Finding};

use crate::escape::csv_cell;
use crate::report::Report;
use crate::words;

/// The columns; new ones go to the end.
pub(crate) const COLUMNS: [&str; 25] = [
    "policy_id",
    "title",
    "severity",
    "outcome",
    "compliant",
    "resource_address",
    "resource_type",
    "message",
    "attribute",
    "found",
    "expected",
    "facts",
    "controls",
    "remediation",
    "waits_for",
    "exception_id",
    "exception_expires",
    "exception_approver",
    "exception_reason",
    "in_baseline",
    "fingerprint",
    "input",
    "file",
    "line",
    "scanned_at",
];

/// Writes the header and the rows.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(COLUMNS)?;
    for finding in report.results() {
        let row = row(report, finding);
        writer.write_record(row.iter().map(|cell| csv_cell(cell).into_owned()))?;
    }
    writer.flush()
}

fn row(report: &Report<'_>, finding: &Finding) -> [String; COLUMNS.len()] {
    let policy = report.scan.policy_of(finding);
    let exception = finding.exception.as_ref();
    let location = finding.location.as_ref();
    let facts: Vec<String> = finding.facts.iter().map(Fact::to_string).collect();
    [
        policy.id.clone(),
        policy.title.clone(),
        finding.severity.to_string(),
        finding.outcome.as_str().to_owned(),
        words::is_compliant(finding).to_string(),
        finding.resource_address.to_string(),
        finding.resource_type.to_string(),
        finding.message.clone(),
        finding
            .attribute
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        finding.found.clone().unwrap_or_default(),
        finding.expected.clone().unwrap_or_default(),
        facts.join("; "),
        report.labels(finding).join(", "),
        words::remediation(report, finding).to_owned(),
        finding.waits_for.join(", "),
        exception.map(|e| e.id.clone()).unwrap_or_default(),
        exception.map(|e| e.expires.clone()).unwrap_or_default(),
        exception.map(|e| e.approver.clone()).unwrap_or_default(),
        exception.map(|e| e.reason.clone()).unwrap_or_default(),
        finding.in_baseline.to_string(),
        finding.fingerprint.to_string(),
        report.input(finding).to_owned(),
        location.map(|at| at.file.clone()).unwrap_or_default(),
        location.map(|at| at.line.to_string()).unwrap_or_default(),
        report.scan.at.to_string(),
    ]
}
