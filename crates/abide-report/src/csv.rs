//! CSV for spreadsheets (RFC 4180): a row for each result.
//!
//! Line breaks inside a cell are written out, so that a line is a row for every tool, and a
//! cell that a spreadsheet would take for a formula begins with `'`.

use std::borrow::Cow;
use std::io::{self, Write};

use abide_core::finding::{AppliedException, Fact, Finding};

use crate::escape::csv_cell;
use crate::report::Report;
use crate::words;

/// The columns; new ones go to the end.
pub(crate) const COLUMNS: [&str; 27] = [
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
    "rollout",
    "requested",
];

/// Writes the header and the rows.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(out);
    writer.write_record(COLUMNS)?;
    for finding in report.results() {
        for cell in row(report, finding) {
            writer.write_field(csv_cell(&cell).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

fn row<'a>(report: &'a Report<'_>, finding: &'a Finding) -> [Cow<'a, str>; COLUMNS.len()] {
    let policy = report.scan.policy_of(finding);
    let exception = finding.exception.as_ref();
    let location = finding.location.as_ref();
    let facts: Vec<String> = finding.facts.iter().map(Fact::to_string).collect();
    let attribute = finding.attribute.as_ref().map(ToString::to_string);
    let of_exception = |field: fn(&AppliedException) -> &String| text(exception.map(field));
    [
        Cow::from(&policy.id),
        Cow::from(&policy.title),
        finding.severity.as_str().into(),
        finding.outcome.as_str().into(),
        words::is_compliant(finding).to_string().into(),
        finding.resource_address.as_str().into(),
        (&*finding.resource_type).into(),
        Cow::from(&finding.message),
        attribute.unwrap_or_default().into(),
        text(finding.found.as_ref()),
        text(finding.expected.as_ref()),
        facts.join("; ").into(),
        report.labels(finding).join(", ").into(),
        words::remediation(report, finding).into(),
        finding.waits_for.join(", ").into(),
        of_exception(|exception| &exception.id),
        of_exception(|exception| &exception.expires),
        of_exception(|exception| &exception.approver),
        of_exception(|exception| &exception.reason),
        finding.in_baseline.to_string().into(),
        finding.fingerprint.to_string().into(),
        report.input(finding).into(),
        text(location.map(|at| &at.file)),
        location
            .map(|at| at.line.to_string())
            .unwrap_or_default()
            .into(),
        report.scan.at.to_string().into(),
        finding.rollout.as_str().into(),
        words::requested(finding).unwrap_or_default().into(),
    ]
}

fn text(text: Option<&String>) -> Cow<'_, str> {
    text.map(Cow::from).unwrap_or_default()
}
