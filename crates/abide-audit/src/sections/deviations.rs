//! All violations, not a sample.

use crate::document::{Block, Cell, ColumnKind, Section, Table};
use crate::model::{AuditReport, Closed};

use super::{list, maybe_time, number, page, paragraph, scan_cells, table};

pub(super) const ID: &str = "deviations";

pub(super) fn section(report: &AuditReport) -> Section {
    section_of(vec![
        paragraph(
            "Every violation that stood in the period without an exception for at least a part of it. First seen survives \
             exceptions and moves; open counts from there to the scan that showed the end, or to the moment of the report.",
        ),
        Block::Table(deviations(report)),
        paragraph(
            "Violations that pull requests brought and that did not stand before. They are no deviations: nobody had merged them yet.",
        ),
        Block::Table(caught(report)),
    ])
}

fn section_of(blocks: Vec<Block>) -> Section {
    page(ID, "Deviations", blocks)
}

fn deviations(report: &AuditReport) -> Table {
    let rows = report.deviations.iter().map(|one| {
        let still = if one.excepted_now { "excepted" } else { "open" };
        let mut row = vec![
            Cell::Code(one.id.clone()),
            Cell::Severity(one.severity),
            Cell::Code(one.policy.clone()),
            list(&one.controls),
            Cell::Text(one.target.clone()),
            Cell::Code(one.resource.clone()),
            Cell::Text(one.message.clone()),
            Cell::Time(one.first_seen.0),
        ];
        row.extend(scan_cells(one.found_by.as_ref()));
        row.extend([
            Cell::Text(one.closed_as.map_or(still, Closed::as_str).to_owned()),
            maybe_time(one.closed_at),
            Cell::Days(one.open_ms),
        ]);
        row.extend(scan_cells(one.closed_by.as_ref()));
        row.extend([number(one.scans), number(one.days), list(&one.exceptions)]);
        row
    });
    table(
        "deviations",
        "Violations that stood in the period",
        &[
            ("id", "Deviation", ColumnKind::Code),
            ("severity", "Severity", ColumnKind::Word),
            ("policy", "Policy", ColumnKind::Code),
            ("controls", "Controls", ColumnKind::Code),
            ("target", "Target", ColumnKind::Text),
            ("resource", "Resource", ColumnKind::Code),
            ("message", "What is wrong", ColumnKind::Text),
            ("first_seen", "First seen", ColumnKind::Time),
            ("found_commit", "Found at commit", ColumnKind::Code),
            ("found_pull_request", "Pull request", ColumnKind::Text),
            ("found_ticket", "Ticket", ColumnKind::Text),
            ("state", "State", ColumnKind::Word),
            ("closed_at", "Ended", ColumnKind::Time),
            ("open", "Open for", ColumnKind::Number),
            ("fix_commit", "Ended at commit", ColumnKind::Code),
            ("fix_pull_request", "Pull request", ColumnKind::Text),
            ("fix_ticket", "Ticket", ColumnKind::Text),
            ("scans", "Scans", ColumnKind::Number),
            ("days", "Days", ColumnKind::Number),
            ("exceptions", "Excepted for a time by", ColumnKind::Code),
        ],
        rows.collect(),
        "No violation stood in the period.",
    )
}

fn caught(report: &AuditReport) -> Table {
    let rows = report.caught.iter().map(|one| {
        let end = match (one.fixed_at, one.merged) {
            (Some(_), _) => "fixed in it",
            (None, true) => "merged",
            (None, false) => "not merged as far as recorded",
        };
        vec![
            Cell::Text(one.pull_request.clone()),
            Cell::Text(one.target.clone()),
            Cell::Severity(one.severity),
            Cell::Code(one.policy.clone()),
            Cell::Code(one.resource.clone()),
            Cell::Text(one.message.clone()),
            Cell::Time(one.first_seen.0),
            maybe_time(one.fixed_at),
            Cell::Text(end.to_owned()),
        ]
    });
    table(
        "caught-in-pull-requests",
        "Violations of pull requests",
        &[
            ("pull_request", "Pull request", ColumnKind::Text),
            ("target", "Target", ColumnKind::Text),
            ("severity", "Severity", ColumnKind::Word),
            ("policy", "Policy", ColumnKind::Code),
            ("resource", "Resource", ColumnKind::Code),
            ("message", "What is wrong", ColumnKind::Text),
            ("first_seen", "First seen", ColumnKind::Time),
            ("fixed_at", "Fixed", ColumnKind::Time),
            ("end", "What became of it", ColumnKind::Word),
        ],
        rows.collect(),
        "No pull request brought a violation, or none was scanned.",
    )
}
