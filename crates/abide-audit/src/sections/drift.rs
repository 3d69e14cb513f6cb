//! What was changed outside Terraform.

use crate::document::{Block, Cell, ColumnKind, NoticeKind, Section};
use crate::model::{AuditReport, Event};

use super::{maybe, notice, page, paragraph, table};

/// Columns of entries of the ledger.
pub(super) const HEADS: [(&str, &str, ColumnKind); 5] = [
    ("entry", "Entry", ColumnKind::Number),
    ("at", "When", ColumnKind::Time),
    ("kind", "What happened", ColumnKind::Word),
    ("subject", "To what", ColumnKind::Code),
    ("actor", "By whom", ColumnKind::Text),
];

pub(super) fn rows(events: &[Event]) -> Vec<Vec<Cell>> {
    let rows = events.iter().map(|event| {
        vec![
            Cell::Integer(event.entry),
            Cell::Time(event.at.0),
            Cell::Text(event.kind.clone()),
            super::code(&event.subject),
            maybe(event.actor.as_ref()),
        ]
    });
    rows.collect()
}

pub(super) fn section(report: &AuditReport) -> Section {
    let drift = &report.drift;
    let mut blocks = Vec::new();
    if drift.scans == 0 && drift.events.is_empty() {
        blocks.push(notice(
            NoticeKind::Warning,
            "Drift was not recorded in the period: nothing is said about changes outside Terraform.",
        ));
    } else {
        blocks.push(paragraph(&format!(
            "{} drift scans were recorded in the period.",
            drift.scans
        )));
        blocks.push(Block::Table(table(
            "drift",
            "Drift that was opened and closed",
            &HEADS,
            rows(&drift.events),
            "No drift was opened or closed.",
        )));
    }
    page("drift", "Drift", blocks)
}
