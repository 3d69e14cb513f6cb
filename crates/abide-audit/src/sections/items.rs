//! The population: a row for every policy on every resource.

use crate::document::{Block, Cell, ColumnKind, Section};
use crate::model::AuditReport;

use super::{list, number, page, table};

/// What CSV exports.
pub(super) const TABLE: &str = "population";

pub(super) fn section(report: &AuditReport) -> Section {
    let rows = report.items.iter().map(|item| {
        let counts = &item.evaluations;
        let days = &item.days;
        let mut row = vec![
            Cell::Text(item.target.clone()),
            Cell::Code(item.resource.clone()),
            Cell::Code(item.resource_type.clone()),
            Cell::Integer(i64::from(item.input)),
            Cell::Code(item.policy.clone()),
            list(&item.controls),
            Cell::Text(item.last.clone()),
        ];
        row.extend(
            [
                counts.evaluated(),
                counts.pass,
                counts.fail,
                counts.excepted,
                counts.unknown,
                counts.error,
                days.pass,
                days.fail,
                days.excepted,
                days.unknown,
            ]
            .map(number),
        );
        row
    });
    let table = table(
        TABLE,
        "Every policy on every resource it was evaluated on in a whole scan of the period",
        &[
            ("target", "Target", ColumnKind::Text),
            ("resource", "Resource", ColumnKind::Code),
            ("type", "Type", ColumnKind::Code),
            ("input", "Input", ColumnKind::Number),
            ("policy", "Policy", ColumnKind::Code),
            ("controls", "Controls", ColumnKind::Code),
            ("last", "Last outcome", ColumnKind::Word),
            ("scans", "Scans", ColumnKind::Number),
            ("pass", "Pass", ColumnKind::Number),
            ("fail", "Fail", ColumnKind::Number),
            ("excepted", "Excepted", ColumnKind::Number),
            ("unknown", "Unknown", ColumnKind::Number),
            ("error", "Error", ColumnKind::Number),
            ("days_pass", "Days passed", ColumnKind::Number),
            ("days_fail", "Days failed", ColumnKind::Number),
            ("days_excepted", "Days excepted", ColumnKind::Number),
            ("days_unknown", "Days unknown", ColumnKind::Number),
        ],
        rows.collect(),
        "Nothing was evaluated.",
    );
    page("population", "Population", vec![Block::Table(table)])
}
