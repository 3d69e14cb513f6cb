//! CSV (RFC 4180): the table that the document names, a row for each item.
//!
//! Line breaks and unseen characters are written out, so that a line is a row for every tool;
//! a cell that a spreadsheet would take for a formula begins with `'`. Numbers, percentages
//! (0 to 100), times (RFC 3339) and durations (days) are as other programs read them.

use std::borrow::Cow;

use abide_report::escape::csv_cell;

use super::{RenderError, Result, check, words};
use crate::document::{Cell, Document, Table};

/// The named table.
///
/// # Errors
/// If the document does not fit together or has no such table.
pub fn render(document: &Document) -> Result<Vec<u8>> {
    check(document)?;
    let table = table(document)?;
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let head = table.columns.iter().map(|column| csv_cell(&column.key));
    write(&mut writer, head)?;
    for row in &table.rows {
        write(&mut writer, row.iter().map(text))?;
    }
    writer.into_inner().map_err(|error| refused(error.error()))
}

fn table(document: &Document) -> Result<&Table> {
    let named = document.csv_table.as_deref();
    let found = document
        .each_table()
        .find(|table| named.is_none_or(|name| table.id == name));
    found.ok_or_else(|| {
        let known: Vec<&str> = document.each_table().map(|one| &*one.id).collect();
        RenderError::NoTable {
            table: named.unwrap_or_default().to_owned(),
            known: known.join(", "),
        }
    })
}

fn write<'a>(
    writer: &mut ::csv::Writer<Vec<u8>>,
    cells: impl Iterator<Item = Cow<'a, str>>,
) -> Result<()> {
    for cell in cells {
        writer.write_field(cell.as_bytes()).map_err(refused)?;
    }
    writer.write_record(None::<&[u8]>).map_err(refused)
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn refused(error: impl ToString) -> RenderError {
    RenderError::Writer {
        format: "CSV",
        reason: error.to_string(),
    }
}

/// Only text can be hostile; numbers are ours and stay numbers.
fn text(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => "".into(),
        Cell::Text(text) | Cell::Code(text) | Cell::Url(text) | Cell::Link { text, .. } => {
            csv_cell(text)
        }
        Cell::List(values) => csv_cell(&values.join("; ")).into_owned().into(),
        Cell::Integer(value) => value.to_string().into(),
        Cell::Decimal { value, places } => words::decimal(*value, *places, true).into(),
        Cell::Percent { whole: 0, .. } => "".into(),
        Cell::Percent { part, whole } => {
            // Cut like everywhere, so that what is not all is never 100.
            let parts = u128::from(*part) * 1_000_000 / u128::from(*whole);
            format!("{}.{:04}", parts / 10_000, parts % 10_000).into()
        }
        Cell::Time(ms) => words::iso(*ms).into(),
        Cell::Date(ms) => words::date(*ms).into(),
        Cell::Days(ms) => format!("{:.4}", words::days_number(*ms)).into(),
        Cell::Bool(value) => value.to_string().into(),
        Cell::Verdict(verdict) => verdict.as_str().into(),
        Cell::Severity(severity) => severity.as_str().into(),
    }
}
