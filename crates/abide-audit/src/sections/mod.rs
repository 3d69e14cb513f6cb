//! From the report to a document: one file for each section.

mod changes;
mod completeness;
mod controls;
mod deviations;
mod drift;
mod exceptions;
mod health;
mod items;
mod manifest;
mod operated;
mod results;

pub(crate) use controls::said;

use crate::document::{
    Block, Cell, Column, ColumnKind, Document, Fact, Inline, NoticeKind, Section, Span, Table,
    Verdict,
};
use crate::model::{AuditReport, Moment, ScanRef};
use crate::verdict::ControlVerdict;

/// How much a document shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// For people to read: everything but the population.
    Read,
    /// For spreadsheets and programs: with a row for every policy on every resource.
    Count,
}

/// The document of a report. The digest is that of the report's JSON.
#[must_use]
pub fn document(report: &AuditReport, digest: &str, extent: Extent) -> Document {
    let cover = &report.cover;
    let mut sections = controls::sections(report);
    sections.push(results::section(report));
    sections.push(operated::section(report));
    sections.push(completeness::section(report));
    sections.push(deviations::section(report));
    sections.push(exceptions::section(report));
    sections.push(drift::section(report));
    sections.push(changes::section(report));
    if extent == Extent::Count {
        sections.push(items::section(report));
    }
    sections.push(health::health(report));
    sections.push(health::retention(report));
    sections.push(health::access(report));
    sections.push(manifest::limits(report));
    sections.push(manifest::verification(report, digest));
    Document {
        title: format!("{} evidence report", cover.title),
        subtitle: format!(
            "{} to {} (UTC), {}",
            cover.from.day(),
            last_day(cover.to),
            cover.targets.join(", ")
        ),
        digest: digest.to_owned(),
        made_by: cover.tool.clone(),
        made_at: cover.as_of.0,
        facts: facts(report),
        sections,
        csv_table: Some(items::TABLE.to_owned()),
    }
}

fn facts(report: &AuditReport) -> Vec<Fact> {
    let cover = &report.cover;
    let whole: u64 = report
        .completeness
        .iter()
        .map(|target| target.complete)
        .sum();
    let partial: u64 = report
        .completeness
        .iter()
        .map(|target| target.partial)
        .sum();
    let verdicts = ControlVerdict::ALL.iter().filter_map(|verdict| {
        let of = report.controls.iter();
        let count = of.filter(|control| control.verdict == *verdict).count();
        (count > 0).then(|| format!("{count} {}", verdict.as_str()))
    });
    let verdicts: Vec<String> = verdicts.collect();
    let scope = if cover.chosen {
        "the targets named here were chosen"
    } else {
        "all targets that were ever recorded"
    };
    vec![
        Fact::new("Controls", verdicts.join(", ").into()),
        Fact::new("Period begins", Cell::Time(cover.from.0)),
        Fact::new("Period ends before", Cell::Time(cover.to.0)),
        Fact::new("Targets", Cell::List(cover.targets.clone())),
        Fact::new("Scope", scope.into()),
        Fact::new("Tenant", cover.tenant.clone().into()),
        Fact::new("Total scans", number(whole)),
        Fact::new("Partial scans, not counted", number(partial)),
        Fact::new("As recorded up to", Cell::Time(cover.as_of.0)),
        Fact::new("Entries of the ledger", Cell::Integer(cover.ledger_size)),
        Fact::new("Root of the ledger", code(&cover.ledger_root)),
        Fact::new("To verify", code(&cover.verify)),
    ]
}

/// The last day of a period that ends before a moment.
fn last_day(to: Moment) -> String {
    Moment(to.0 - 1).day()
}

fn number(value: u64) -> Cell {
    Cell::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

fn code(text: &str) -> Cell {
    if text.is_empty() {
        Cell::Empty
    } else {
        Cell::Code(text.to_owned())
    }
}

fn maybe_code(text: Option<&String>) -> Cell {
    text.map_or(Cell::Empty, |text| code(text))
}

fn maybe(text: Option<&String>) -> Cell {
    text.map_or(Cell::Empty, |text| Cell::Text(text.clone()))
}

fn list(texts: &[String]) -> Cell {
    match texts {
        [] => Cell::Empty,
        [one] => Cell::Text(one.clone()),
        more => Cell::List(more.to_vec()),
    }
}

fn maybe_time(at: Option<Moment>) -> Cell {
    at.map_or(Cell::Empty, |at| Cell::Time(at.0))
}

/// The change behind a scan: pull request, ticket or commit.
fn scan_cells(scan: Option<&ScanRef>) -> [Cell; 3] {
    [
        maybe_code(scan.and_then(|scan| scan.commit.as_ref())),
        maybe(scan.and_then(|scan| scan.pull_request.as_ref())),
        maybe(scan.and_then(|scan| scan.ticket.as_ref())),
    ]
}

fn columns(columns: &[(&str, &str, ColumnKind)]) -> Vec<Column> {
    let columns = columns.iter();
    columns
        .map(|(key, title, kind)| Column::new(*key, *title, *kind))
        .collect()
}

fn table(
    id: &str,
    caption: &str,
    heads: &[(&str, &str, ColumnKind)],
    rows: Vec<Vec<Cell>>,
    empty: &str,
) -> Table {
    Table {
        id: id.to_owned(),
        caption: caption.to_owned(),
        columns: columns(heads),
        rows,
        empty: empty.to_owned(),
        ..Table::default()
    }
}

fn page(id: &str, title: &str, blocks: Vec<Block>) -> Section {
    Section {
        new_page: true,
        blocks,
        ..Section::new(id, title)
    }
}

fn paragraph(text: &str) -> Block {
    Block::Paragraph(text.into())
}

fn notice(kind: NoticeKind, text: impl Into<Inline>) -> Block {
    Block::Notice {
        kind,
        text: text.into(),
    }
}

fn strong(text: impl Into<String>) -> Span {
    Span::Strong(text.into())
}

fn words(text: impl Into<String>) -> Span {
    Span::Text(text.into())
}

fn exact(text: impl Into<String>) -> Span {
    Span::Code(text.into())
}

/// A control's verdict as documents show it.
pub(crate) fn shown(verdict: ControlVerdict) -> Verdict {
    match verdict {
        ControlVerdict::Pass => Verdict::Pass,
        ControlVerdict::Excepted => Verdict::Excepted,
        ControlVerdict::Incomplete => Verdict::Incomplete,
        ControlVerdict::Fail => Verdict::Fail,
        ControlVerdict::NotTested | ControlVerdict::NotShown => Verdict::NotTested,
    }
}
