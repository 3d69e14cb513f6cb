//! Shows what drifted: for a terminal, for a pull request, for programs.
//!
//! The other formats show violations only; they get them as a scan.

mod human;
mod json;
mod markdown;
mod words;

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use abide_core::drift::{Class, Drift, Drifted};
use abide_core::scan::{Scan, ScanPolicy};
use jiff::Timestamp;

pub use words::{advice, change as change_line, happened, suspicion};

/// A format that shows drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftFormat {
    /// For a terminal.
    Human,
    /// For a pull request or an issue.
    Markdown,
    /// For programs.
    Json,
}

/// What is known of one target.
#[derive(Debug)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Whom it belongs to.
    pub owner: Option<String>,
    /// What was found, or why it could not be looked at.
    pub outcome: Result<Drift, String>,
    /// The same as a scan, for what takes scans: the store, and formats of findings.
    pub scan: Option<Scan>,
    /// How long each step took.
    pub steps: Vec<(String, Duration)>,
    /// The program that planned, e.g. `terraform 1.11.4`.
    pub tool: Option<String>,
}

/// What was found in all targets.
#[derive(Debug)]
pub struct DriftReport {
    /// When.
    pub at: Timestamp,
    /// The program's version.
    pub tool_version: &'static str,
    /// Policies in force; verdicts name them by position.
    pub policies: Vec<ScanPolicy>,
    /// In the order they were asked for.
    pub targets: Vec<Target>,
    /// Whether to tell how long steps took.
    pub timings: bool,
}

impl DriftReport {
    fn policy(&self, index: u32) -> Option<&ScanPolicy> {
        self.policies.get(index as usize)
    }

    /// Drifted resources of all targets that could be looked at.
    pub fn resources(&self) -> impl Iterator<Item = (&Target, &Drifted)> {
        let drifts = self.targets.iter();
        drifts.flat_map(|target| {
            let resources = target.outcome.iter().flat_map(|drift| &drift.resources);
            resources.map(move |resource| (target, resource))
        })
    }

    /// How many resources break policies by drift that nobody accepted.
    #[must_use]
    pub fn violations(&self) -> usize {
        self.resources().filter(|(_, r)| r.is_violation()).count()
    }

    /// How many resources of a class.
    #[must_use]
    pub fn count(&self, class: Class) -> usize {
        self.resources().filter(|(_, r)| r.class == class).count()
    }
}

/// Writes the report.
///
/// # Errors
/// If `out` cannot be written to.
pub fn render_drift(
    format: DriftFormat,
    report: &DriftReport,
    color: bool,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match format {
        DriftFormat::Human => human::render(report, color, width, &mut out),
        DriftFormat::Markdown => out.write_all(markdown::text(report).as_bytes()),
        DriftFormat::Json => json::render(report, &mut out),
    }?;
    out.flush()
}
