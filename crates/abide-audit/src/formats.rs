//! The formats a report is handed over in.

use std::fmt;
use std::str::FromStr;

use abide_ledger::note::hex;
use sha2::{Digest, Sha256};

use crate::model::AuditReport;
use crate::oscal;
use crate::render::{self, RenderError};
use crate::sections::{Extent, document};

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Markdown.
    Markdown,
    /// One HTML file with charts.
    Html,
    /// PDF.
    Pdf,
    /// The population: a row for each policy on each resource.
    Csv,
    /// All tables as sheets.
    Xlsx,
    /// The report as data.
    Json,
    /// OSCAL assessment results 1.2.1.
    Oscal,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Markdown,
        Self::Html,
        Self::Pdf,
        Self::Csv,
        Self::Xlsx,
        Self::Json,
        Self::Oscal,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
            Self::Oscal => "oscal",
        }
    }

    /// The name of its file in a pack.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Markdown => "report.md",
            Self::Html => "report.html",
            Self::Pdf => "report.pdf",
            Self::Csv => "report.csv",
            Self::Xlsx => "report.xlsx",
            Self::Json => "report.json",
            Self::Oscal => "oscal.json",
        }
    }

    /// Whether it can be read in a terminal.
    #[must_use]
    pub fn is_text(self) -> bool {
        !matches!(self, Self::Pdf | Self::Xlsx)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = if text == "markdown" { "md" } else { text };
        let known = Self::ALL.into_iter().find(|format| format.as_str() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is no format of reports: expected one of {names}")
        })
    }
}

/// The report as JSON; its SHA-256 stands on every page of the other formats.
///
/// # Errors
/// If it cannot be written, which no report does.
pub fn json(report: &AuditReport) -> Result<Vec<u8>, RenderError> {
    let mut bytes = serde_json::to_vec_pretty(report).map_err(|error| writer("json", &error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The report in a format: the same bytes for the same report.
///
/// # Errors
/// If the writer of the format refuses.
pub fn render(report: &AuditReport, format: Format) -> Result<Vec<u8>, RenderError> {
    let data = json(report)?;
    let digest = hex(&Sha256::digest(&data));
    let read = || document(report, &digest, Extent::Read);
    let count = || document(report, &digest, Extent::Count);
    match format {
        Format::Json => Ok(data),
        Format::Oscal => {
            let results = oscal::assessment_results(report, &digest);
            let mut bytes =
                serde_json::to_vec_pretty(&results).map_err(|error| writer("oscal", &error))?;
            bytes.push(b'\n');
            Ok(bytes)
        }
        Format::Markdown => render::markdown::render(&read()),
        Format::Html => render::html::render(&read()),
        Format::Csv => render::csv::render(&count()),
        #[cfg(feature = "pdf")]
        Format::Pdf => render::pdf::render(&read()),
        #[cfg(feature = "xlsx")]
        Format::Xlsx => render::xlsx::render(&count()),
        #[cfg(not(all(feature = "pdf", feature = "xlsx")))]
        #[allow(unreachable_patterns, reason = "one of the two may be there")]
        Format::Pdf | Format::Xlsx => Err(RenderError::Writer {
            format: format.as_str(),
            reason: "this abide was built without it".to_owned(),
        }),
    }
}

fn writer(format: &'static str, error: &serde_json::Error) -> RenderError {
    RenderError::Writer {
        format,
        reason: error.to_string(),
    }
}
