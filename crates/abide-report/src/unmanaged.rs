//! Shows what no state holds: for a terminal, for a pull request, for programs.

mod human;
mod json;
mod markdown;
mod words;

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use abide_core::finding::Finding;
use abide_core::scan::ScanPolicy;
use jiff::Timestamp;

use crate::DriftFormat;

/// What was found in all accounts.
#[derive(Debug)]
pub struct UnmanagedReport {
    /// When.
    pub at: Timestamp,
    /// The program's version.
    pub tool_version: &'static str,
    /// Policies in force; findings name them by position.
    pub policies: Vec<ScanPolicy>,
    /// Whether what was found was read and judged.
    pub evaluated: bool,
    /// By their number.
    pub accounts: Vec<UnmanagedAccount>,
    /// Whether to tell how long steps took.
    pub timings: bool,
}

/// One account.
#[derive(Debug)]
pub struct UnmanagedAccount {
    /// 12 digits, or the target if it is not known.
    pub account: String,
    /// The targets that are in it.
    pub targets: Vec<String>,
    /// The regions that were looked at.
    pub regions: Vec<String>,
    /// What was found, or why it could not be looked at.
    pub outcome: Result<UnmanagedFound, String>,
    /// How long each step took.
    pub steps: Vec<(String, Duration)>,
}

/// What was found in one account.
#[derive(Debug, Default)]
pub struct UnmanagedFound {
    /// By type, region and id.
    pub resources: Vec<UnmanagedResource>,
    /// By type.
    pub kinds: Vec<UnmanagedKind>,
    /// What AWS made by itself: type, id and why.
    pub own: Vec<(String, String, String)>,
    /// What could not be looked at.
    pub not_looked: Vec<UnseenKind>,
    /// Remarks: entries of the ignore list that are over or fit nothing.
    pub remarks: Vec<String>,
}

/// How many of a type there are.
#[derive(Clone, Debug)]
pub struct UnmanagedKind {
    /// Terraform's type.
    pub type_name: String,
    /// For people.
    pub what: String,
    /// All.
    pub listed: usize,
    /// In a state.
    pub held: usize,
    /// AWS made them.
    pub own: usize,
    /// They belong to something else.
    pub children: usize,
}

/// A type, or one of it, that could not be looked at.
#[derive(Clone, Debug)]
pub struct UnseenKind {
    /// Terraform's type.
    pub type_name: String,
    /// Where; `None` if it has no region.
    pub region: Option<String>,
    /// The one that is meant, if not all.
    pub id: Option<String>,
    /// Why.
    pub reason: String,
}

/// Something that no state holds.
#[derive(Clone, Debug)]
pub struct UnmanagedResource {
    /// Terraform's type.
    pub type_name: String,
    /// What it is imported by.
    pub id: String,
    /// Where; `None` if it has no region.
    pub region: Option<String>,
    /// What it is proposed to be called.
    pub address: String,
    /// What belongs to it: type and id.
    pub children: Vec<(String, String)>,
    /// Violations and what cannot be told, also of what is configured beside it.
    pub findings: Vec<Finding>,
    /// Policies that could not be asked, because what they read is not here.
    pub undecided: Vec<String>,
    /// Why it could not be read, if so.
    pub unread: Option<String>,
    /// Why it may be there, if somebody said so.
    pub ignored: Option<UnmanagedIgnore>,
}

/// An entry of the ignore list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmanagedIgnore {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Its last day, `YYYY-MM-DD`.
    pub expires: String,
}

impl UnmanagedResource {
    /// Findings that stand.
    pub fn violations(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.is_violation())
    }

    /// Whether somebody has to deal with it.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.ignored.is_none()
    }
}

impl UnmanagedReport {
    /// What somebody has to deal with, in all accounts.
    pub fn resources(&self) -> impl Iterator<Item = &UnmanagedResource> {
        let found = self
            .accounts
            .iter()
            .filter_map(|account| account.outcome.as_ref().ok());
        found
            .flat_map(|found| &found.resources)
            .filter(|resource| resource.counts())
    }

    /// Whether all was looked at, and with evaluation read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.accounts.iter().all(|account| match &account.outcome {
            Ok(found) => {
                found.not_looked.is_empty()
                    && found
                        .resources
                        .iter()
                        .all(|resource| resource.unread.is_none())
            }
            Err(_) => false,
        })
    }
}

/// Writes the report.
///
/// # Errors
/// If `out` cannot be written to.
pub fn render_unmanaged(
    format: DriftFormat,
    report: &UnmanagedReport,
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
