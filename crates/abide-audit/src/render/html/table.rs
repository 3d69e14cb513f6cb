//! Tables: heads that say what they head, a row's first cell as its name.

use super::Page;
use crate::document::{Align, Cell, Column, ColumnKind, Table};
use crate::render::words;

/// From this many rows on a table scrolls by itself and can be filtered.
const LONG: usize = 25;
/// From this many columns on a table is printed small.
const CROWDED: usize = 13;
/// Wider tables are printed across the page.
const WIDE: u32 = 62;

impl Page {
    /// A table; `kind` keeps its name apart from other things of the same id.
    pub(super) fn table(&mut self, table: &Table, kind: &str) {
        self.raw("<div class=\"table\">\n");
        let long = table.rows.len() >= LONG;
        self.raw(match long {
            true => "<div class=\"scroll long\" tabindex=\"0\" role=\"region\" aria-labelledby=\"",
            false => "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"",
        });
        self.name(kind, &table.id);
        self.raw("\">\n<table");
        if table.columns.len() >= CROWDED {
            self.raw(" class=\"crowded\"");
        }
        self.raw(if table.rows.len() > 1 {
            " data-live"
        } else {
            ""
        });
        self.raw("><caption id=\"");
        self.name(kind, &table.id);
        self.raw("\">");
        self.text(&table.caption);
        if long {
            let count = i64::try_from(table.rows.len()).unwrap_or(i64::MAX);
            self.raw(&format!(" <small>{} rows</small>", words::integer(count)));
        }
        self.raw("</caption>\n<thead><tr>");
        let classes = classes(table);
        for (column, class) in table.columns.iter().zip(&classes) {
            self.raw(&format!("<th scope=\"col\" class=\"{class}\">"));
            self.text(&column.title);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.row(&classes, row, words::NOTHING);
        }
        if table.rows.is_empty() {
            self.raw(&format!(
                "<tr><td class=\"empty\" colspan=\"{}\">",
                table.columns.len().max(1)
            ));
            self.text(if table.empty.is_empty() {
                "None."
            } else {
                &table.empty
            });
            self.raw("</td></tr>\n");
        }
        self.raw("</tbody>\n");
        if let Some(total) = &table.total {
            self.raw("<tfoot>\n");
            self.row(&classes, total, "");
            self.raw("</tfoot>\n");
        }
        self.raw("</table>\n</div>\n");
        if let Some(note) = &table.note {
            self.raw("<p class=\"summary\">");
            self.text(note);
            self.raw("</p>\n");
        }
        self.raw("</div>\n");
    }

    /// A row; `nothing` stands in its empty cells.
    fn row(&mut self, classes: &[String], row: &[Cell], nothing: &str) {
        self.raw("<tr>");
        for (at, (class, cell)) in classes.iter().zip(row).enumerate() {
            let (open, close) = match at {
                0 => ("<th scope=\"row\"", "</th>"),
                _ => ("<td", "</td>"),
            };
            self.raw(open);
            self.raw(&format!(" class=\"{class}\""));
            if let Some(key) = sort_key(cell) {
                self.raw(&format!(" data-v=\"{key}\""));
            }
            self.raw(">");
            match cell {
                Cell::Empty => self.raw(nothing),
                cell => self.cell(cell),
            }
            self.raw(close);
        }
        self.raw("</tr>\n");
    }
}

/// By what a cell is sorted if not by its text.
#[allow(clippy::cast_precision_loss)] // only the order matters
fn sort_key(cell: &Cell) -> Option<f64> {
    let key = match cell {
        Cell::Integer(value) | Cell::Date(value) | Cell::Time(value) | Cell::Days(value) => {
            *value as f64
        }
        Cell::Decimal { value, places } => *value as f64 / 10_f64.powi(i32::from(*places)),
        Cell::Percent { whole: 0, .. } => -1.0,
        Cell::Percent { part, whole } => *part as f64 / *whole as f64,
        Cell::Verdict(verdict) => f64::from(*verdict as u8),
        Cell::Severity(severity) => f64::from(*severity as u8),
        _ => return None,
    };
    Some(key)
}

/// The class of each column: what it holds, whether all of that is short, to which side it goes.
fn classes(table: &Table) -> Vec<String> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(at, column)| class(table, at, column))
        .collect()
}

fn class(table: &Table, at: usize, column: &Column) -> String {
    let mut cells = table.rows.iter().filter_map(|row| row.get(at));
    let kind = match column.kind {
        ColumnKind::Text | ColumnKind::Code if cells.all(is_short) => "short",
        ColumnKind::Text => "text",
        ColumnKind::Code => "code",
        ColumnKind::Number => "number",
        ColumnKind::Time | ColumnKind::Date => "time",
        ColumnKind::Word => "word",
    };
    match column.align {
        Align::Left => kind.to_owned(),
        Align::Center => format!("{kind} center"),
        Align::Right => format!("{kind} right"),
    }
}

/// Whether a text stays on one line.
fn is_short(cell: &Cell) -> bool {
    const SHORT: usize = 18;
    match cell {
        Cell::List(values) => values.iter().all(|value| value.len() <= SHORT),
        cell => words::plain(cell).len() <= SHORT,
    }
}

/// Whether a table needs a turned page in print.
pub(super) fn is_wide(table: &Table) -> bool {
    let widths = table.columns.iter().map(|column| match column.kind {
        ColumnKind::Text => 16,
        ColumnKind::Code => 14,
        ColumnKind::Time => 9,
        ColumnKind::Date | ColumnKind::Word => 8,
        ColumnKind::Number => 6,
    });
    widths.sum::<u32>() > WIDE
}
