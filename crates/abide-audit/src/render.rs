//! The formats a [`Document`](crate::document::Document) is handed over in.
//!
//! | module | for |
//! |---|---|
//! | [`markdown`] | pull requests, wikis, reading in a terminal |
//! | [`html`] | reading in a browser, with charts; one file that loads nothing |
//! | [`pdf`] | handing over and archiving; tagged, PDF/A |
//! | [`xlsx`] | spreadsheets; a sheet for each table, typed |
//! | [`csv`] | other programs; one table |
//!
//! Each gives the same bytes for the same document: no clock, no chance, no network. All text
//! of a document is taken for hostile and escaped here, and only here.

mod check;
pub mod csv;
pub mod html;
pub mod markdown;
#[cfg(feature = "pdf")]
pub mod pdf;
mod scene;
mod words;
#[cfg(feature = "xlsx")]
pub mod xlsx;

pub use check::check;

/// Why a document could not be rendered. All but the last are faults of whoever made it.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A row does not have a cell for each column.
    #[error("table {table:?}, row {row}: {found} cells, expected {expected}, one for each column")]
    Row {
        /// The table.
        table: String,
        /// The row, counted from 1; 0 is the row of sums.
        row: usize,
        /// Its cells.
        found: usize,
        /// The columns of the table.
        expected: usize,
    },
    /// An id stands twice.
    #[error("the {what} {id:?} stands twice in the document; ids must be unique")]
    Twice {
        /// Section, table or chart.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// A link leads nowhere.
    #[error("a link leads to the section {section:?}, which the document does not have")]
    Link {
        /// The id it names.
        section: String,
    },
    /// A chart has more or fewer values than places for them.
    #[error("chart {chart:?}, {series:?}: {found} values, expected {expected}")]
    Values {
        /// The chart.
        chart: String,
        /// The series or row.
        series: String,
        /// Its values.
        found: usize,
        /// The times, categories or columns of the chart.
        expected: usize,
    },
    /// CSV exports a table, and there is none of that name.
    #[error("the document has no table {table:?} to export as CSV; it has: {known}")]
    NoTable {
        /// The name asked for.
        table: String,
        /// Those there are.
        known: String,
    },
    /// A sheet has at most 1 048 576 rows.
    #[error(
        "table {table:?} has {rows} rows, a sheet of XLSX holds 1048575 below its head; use CSV"
    )]
    TooLong {
        /// The table.
        table: String,
        /// Its rows.
        rows: usize,
    },
    /// The writer of the format refused.
    #[error("cannot write {format}: {reason}")]
    Writer {
        /// The format.
        format: &'static str,
        /// What it said.
        reason: String,
    },
}

/// What a renderer gives.
pub type Result<T> = std::result::Result<T, RenderError>;
