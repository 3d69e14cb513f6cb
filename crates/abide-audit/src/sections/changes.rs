//! Which change led to which scan, and the orphans.

use crate::document::{Block, Cell, ColumnKind, NoticeKind, Section, Table};
use crate::model::AuditReport;

use super::{list, maybe, notice, number, page, paragraph, table};

pub(super) fn section(report: &AuditReport) -> Section {
    let orphans = report.changes.iter().filter(|change| change.orphan).count();
    let mut blocks = vec![paragraph(
        "Every scanned commit with the pull requests and tickets that any scan of it named. An orphan is a commit that was \
         scanned outside a pull request and of which neither is known.",
    )];
    if orphans + report.orphans.len() > 0 {
        blocks.push(notice(
            NoticeKind::Warning,
            format!(
                "{orphans} commits lead to no pull request or ticket, and {} scans to no commit.",
                report.orphans.len()
            ),
        ));
    }
    blocks.extend([Block::Table(changes(report)), Block::Table(lost(report))]);
    page("changes", "Changes", blocks)
}

fn changes(report: &AuditReport) -> Table {
    let rows = report.changes.iter().map(|change| {
        vec![
            Cell::Code(change.commit.clone()),
            maybe(change.repository.as_ref()),
            list(&change.branches),
            list(&change.pull_requests),
            list(&change.tickets),
            list(&change.actors),
            list(&change.targets),
            number(change.scans),
            Cell::Time(change.first.0),
            Cell::Time(change.last.0),
            Cell::Bool(change.orphan),
        ]
    });
    table(
        "changes",
        "Scanned commits",
        &[
            ("commit", "Commit", ColumnKind::Code),
            ("repository", "Repository", ColumnKind::Text),
            ("branches", "Branch", ColumnKind::Text),
            ("pull_requests", "Pull requests", ColumnKind::Text),
            ("tickets", "Tickets", ColumnKind::Text),
            ("actors", "Run by", ColumnKind::Text),
            ("targets", "Targets", ColumnKind::Text),
            ("scans", "Scans", ColumnKind::Number),
            ("first", "First scan", ColumnKind::Time),
            ("last", "Last scan", ColumnKind::Time),
            ("orphan", "Orphan", ColumnKind::Word),
        ],
        rows.collect(),
        "No scan named a commit.",
    )
}

fn lost(report: &AuditReport) -> Table {
    let rows = report.orphans.iter().map(|orphan| {
        vec![
            Cell::Text(orphan.target.clone()),
            Cell::Integer(orphan.scan.scan),
            Cell::Time(orphan.scan.at.0),
            Cell::Text(orphan.scan.kind.clone()),
            maybe(orphan.scan.actor.as_ref()),
        ]
    });
    table(
        "scans-without-commit",
        "Scans that name no commit",
        &[
            ("target", "Target", ColumnKind::Text),
            ("scan", "Scan", ColumnKind::Number),
            ("at", "Made", ColumnKind::Time),
            ("kind", "Kind", ColumnKind::Word),
            ("actor", "Run by", ColumnKind::Text),
        ],
        rows.collect(),
        "Every scan names its commit.",
    )
}
