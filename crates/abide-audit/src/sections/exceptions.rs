//! Exceptions that covered something, day by day.

use crate::document::{
    Block, Cell, Chart, ChartData, ColumnKind, Section, SpanRow, Table, TimeSpan, Tone, Verdict,
};
use crate::model::{AuditReport, ExceptionUse, Moment};

use super::{list, maybe, number, page, paragraph, table};

pub(super) fn section(report: &AuditReport) -> Section {
    let mut blocks = vec![
        paragraph(
            "Every exception that covered a violation in a scan of the period, what it covered and on which days. \
             An exception that covered nothing has no effect and is not here. Excepted is not passed.",
        ),
        Block::Table(exceptions(report)),
        Block::Table(covered(report)),
    ];
    if !report.exceptions.is_empty() {
        blocks.push(Block::Chart(chart(report)));
    }
    blocks.extend([Block::Table(by_day(report)), Block::Table(events(report))]);
    page("exceptions", "Exceptions", blocks)
}

fn exceptions(report: &AuditReport) -> Table {
    let rows = report.exceptions.iter().map(|one| {
        vec![
            Cell::Code(one.id.clone()),
            Cell::Text(one.reason.clone()),
            maybe(one.category.as_ref()),
            maybe(one.requester.as_ref()),
            list(&one.approvers),
            maybe(one.ticket.as_ref()),
            maybe(one.compensating_control.as_ref()),
            maybe(one.expires.as_ref()),
            number(one.covered.len() as u64),
            number(one.days),
        ]
    });
    table(
        "exceptions",
        "Exceptions that covered violations, as scans recorded them",
        &[
            ("id", "Exception", ColumnKind::Code),
            ("reason", "Reason", ColumnKind::Text),
            ("category", "Category", ColumnKind::Word),
            ("requester", "Requested by", ColumnKind::Text),
            ("approvers", "Approved by", ColumnKind::Text),
            ("ticket", "Ticket", ColumnKind::Text),
            (
                "compensating_control",
                "Compensating control",
                ColumnKind::Text,
            ),
            ("expires", "Last day", ColumnKind::Date),
            ("violations", "Violations", ColumnKind::Number),
            ("days", "Days", ColumnKind::Number),
        ],
        rows.collect(),
        "No exception covered anything.",
    )
}

fn covered(report: &AuditReport) -> Table {
    let rows = report.exceptions.iter().flat_map(|one| {
        one.covered.iter().map(|covered| {
            let days = covered.days.iter().map(|(first, last)| {
                if first == last {
                    first.clone()
                } else {
                    format!("{first} to {last}")
                }
            });
            vec![
                Cell::Code(one.id.clone()),
                Cell::Severity(covered.severity),
                Cell::Code(covered.policy.clone()),
                list(&covered.controls),
                Cell::Text(covered.target.clone()),
                Cell::Code(covered.resource.clone()),
                Cell::Text(covered.message.clone()),
                number(covered.scans),
                Cell::List(days.collect()),
            ]
        })
    });
    table(
        "excepted-violations",
        "Violations under exceptions, with their days",
        &[
            ("id", "Exception", ColumnKind::Code),
            ("severity", "Severity", ColumnKind::Word),
            ("policy", "Policy", ColumnKind::Code),
            ("controls", "Controls", ColumnKind::Code),
            ("target", "Target", ColumnKind::Text),
            ("resource", "Resource", ColumnKind::Code),
            ("message", "What is wrong", ColumnKind::Text),
            ("scans", "Scans", ColumnKind::Number),
            ("days", "Days", ColumnKind::Date),
        ],
        rows.collect(),
        "None.",
    )
}

fn by_day(report: &AuditReport) -> Table {
    let rows = report.exception_days.iter().map(|day| {
        vec![
            start(&day.day).map_or_else(|| day.day.clone().into(), Cell::Date),
            number(day.exceptions.len() as u64),
            number(day.covered),
            list(&day.exceptions),
        ]
    });
    Table {
        note: Some("Days without an exception in force are left out.".to_owned()),
        ..table(
            "exceptions-by-day",
            "Exceptions in force, day by day",
            &[
                ("day", "Day", ColumnKind::Date),
                ("exceptions", "In force", ColumnKind::Number),
                ("violations", "Violations covered", ColumnKind::Number),
                ("ids", "Which", ColumnKind::Code),
            ],
            rows.collect(),
            "No exception was in force.",
        )
    }
}

fn events(report: &AuditReport) -> Table {
    table(
        "exception-decisions",
        "Decisions on exceptions in the ledger",
        &super::drift::HEADS,
        super::drift::rows(&report.exception_events),
        "The ledger holds no decision on an exception: see the file of exceptions in the repository.",
    )
}

fn chart(report: &AuditReport) -> Chart {
    let rows = report.exceptions.iter().map(|one| SpanRow {
        label: one.id.clone(),
        spans: spans(one),
    });
    Chart {
        id: "exceptions-in-force".to_owned(),
        title: "Exceptions in force".to_owned(),
        summary: format!(
            "When each of {} exceptions covered a violation.",
            report.exceptions.len()
        ),
        data: ChartData::Spans {
            from: report.cover.from.0,
            to: report.cover.to.0,
            rows: rows.collect(),
        },
    }
}

/// Days on which it covered anything, joined.
fn spans(one: &ExceptionUse) -> Vec<TimeSpan> {
    let days = one.covered.iter().flat_map(|covered| &covered.days);
    let days = days.filter_map(|(first, last)| Some((start(first)?, start(last)?)));
    let mut ranges: Vec<(i64, i64)> = days.map(|(from, to)| (from, to + crate::DAY)).collect();
    ranges.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in ranges {
        match joined.last_mut() {
            Some((_, end)) if *end >= from => *end = (*end).max(to),
            _ => joined.push((from, to)),
        }
    }
    let spans = joined.into_iter().map(|(from, to)| TimeSpan {
        from,
        to: Some(to),
        tone: Tone::Verdict(Verdict::Excepted),
    });
    spans.collect()
}

/// Midnight at which a day begins.
fn start(day: &str) -> Option<i64> {
    let text = serde_json::Value::String(format!("{day}T00:00:00Z"));
    let moment: Moment = serde_json::from_value(text).ok()?;
    Some(moment.0)
}
