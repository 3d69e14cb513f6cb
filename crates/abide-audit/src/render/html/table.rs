//! Tables: heads that say what they head, a row's first cell as its name.

use super::Page;
use crate::document::{Align, Cell, Column, ColumnKind, Table};
use crate::render::words;

/// From this many rows on a table scrolls by itself and can be filtered.
const LONG: usize = 25;
/// Wider tables are printed across the page.
const WIDE: u32 = 62;

impl Page {
    /// A table; `kind` keeps its name apart from other things of the same id.
    pub(super) fn table(&mut self, table: &Table, kind: &str) {
        self.raw("<div class=\"table");
        self.raw(if is_wide(table) { " wide" } else { "" });
        self.raw("\">\n");
        let long = table.rows.len() >= LONG;
        self.raw(match long {
            true => "<div class=\"scroll long\" tabindex=\"0\" role=\"region\" aria-labelledby=\"",
            false => "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"",
        });
        self.name(kind, &table.id);
        self.raw("\">\n<table");
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
        for column in &table.columns {
            self.raw(&format!("<th scope=\"col\" class=\"{}\">", class(column)));
            self.text(&column.title);
            self.raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.row(&table.columns, row);
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
            self.row(&table.columns, total);
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

    fn row(&mut self, columns: &[Column], row: &[Cell]) {
        self.raw("<tr>");
        for (at, (column, cell)) in columns.iter().zip(row).enumerate() {
            let (open, close) = match at {
                0 => ("<th scope=\"row\"", "</th>"),
                _ => ("<td", "</td>"),
            };
            self.raw(open);
            let class = class(column);
            if !class.is_empty() {
                self.raw(&format!(" class=\"{class}\""));
            }
            if let Some(key) = sort_key(cell) {
                self.raw(&format!(" data-v=\"{key}\""));
            }
            self.raw(">");
            self.cell(cell);
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

fn class(column: &Column) -> String {
    let kind = match column.kind {
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

fn is_wide(table: &Table) -> bool {
    let widths = table.columns.iter().map(|column| match column.kind {
        ColumnKind::Text => 16,
        ColumnKind::Code => 14,
        ColumnKind::Time => 9,
        ColumnKind::Date | ColumnKind::Word => 8,
        ColumnKind::Number => 6,
    });
    widths.sum::<u32>() > WIDE
}
