//! Shows a [`Scan`](abide_core::scan::Scan) to people and machines.
//!
//! Nothing is stored, evaluated or judged here: a scan and its verdict come in, text goes out.
//! [`Report`] groups and counts once; every format reads it and lives in one file:
//!
//! | format | for |
//! |---|---|
//! | [`Format::Human`] | a terminal |
//! | [`Format::Markdown`] | a pull request comment |
//! | [`Format::Github`] | the log of a GitHub Actions job, with annotations |
//! | [`Format::Json`] | programs; a versioned contract, see [`json_schema`] |
//! | [`Format::Sarif`] | code scanning |
//! | [`Format::Junit`] | test reports of CI systems |
//! | [`Format::Gitlab`] | GitLab code quality |
//! | [`Format::Csv`] | spreadsheets |
//!
//! A new format is one file, one variant of [`Format`] and the arms the compiler asks for.
//! Text that is not ours passes through `escape.rs`, whatever the format.

mod csv;
mod drift;
pub mod escape;
mod format;
pub mod github;
mod gitlab;
mod human;
mod json;
mod json_schema;
mod json_text;
mod junit;
pub mod markdown;
mod report;
mod results;
#[cfg(test)]
mod sample;
mod sarif;
#[cfg(test)]
mod tests;
mod unmanaged;
mod words;

use std::io::{self, BufWriter, Write};

pub use drift::{
    DriftFormat, DriftReport, Target as DriftTarget, advice as drift_advice,
    change_line as drift_change, happened as drift_happened, render_drift,
    suspicion as drift_suspicion,
};
pub use format::{Format, UnknownFormat};
pub use json::SCHEMA_VERSION;
pub use json_schema::json_schema;
pub use report::{Report, ReportOptions};
pub use results::{Resolved, Results, ResultsError, known_before};
pub use unmanaged::{
    UnmanagedAccount, UnmanagedFound, UnmanagedIgnore, UnmanagedKind, UnmanagedReport,
    UnmanagedResource, UnseenKind, render_unmanaged,
};

/// Writes a report in a format.
///
/// # Errors
/// If `out` cannot be written to.
pub fn render(format: Format, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    match format {
        Format::Human => human::render(report, &mut out),
        Format::Markdown => markdown::render(report, &mut out),
        Format::Github => github::render(report, &mut out),
        Format::Json => json::render(report, &mut out),
        Format::Sarif => sarif::render(report, &mut out),
        Format::Junit => junit::render(report, &mut out),
        Format::Gitlab => gitlab::render(report, &mut out),
        Format::Csv => csv::render(report, &mut out),
    }?;
    out.flush()
}
