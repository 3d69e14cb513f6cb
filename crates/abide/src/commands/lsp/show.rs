//! Findings as an editor shows them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use abide_core::diagnostic::{self, Level};
use abide_core::finding::{Finding, Location, Outcome, Related};
use abide_core::scan::Scan;
use abide_hcl::Loaded;
use abide_policy::Severity;
use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, NumberOrString,
    Range,
};

use super::documents::Documents;
use super::workspace::Shown;
use super::{link, place};

/// Draws the findings of one directory.
pub(super) struct Pen<'p> {
    pub(super) documents: &'p Documents,
    pub(super) loaded: &'p Loaded,
    pub(super) scan: &'p Scan,
    pub(super) dir: &'p Path,
}

impl Pen<'_> {
    /// Everything to show, by file.
    pub(super) fn all(&self) -> BTreeMap<PathBuf, Vec<Shown>> {
        let mut all: BTreeMap<PathBuf, Vec<Shown>> = BTreeMap::new();
        for remark in &self.loaded.inventory.diagnostics {
            if let Some((path, diagnostic)) = self.remark(remark) {
                let shown = Shown {
                    diagnostic,
                    finding: None,
                };
                all.entry(path).or_default().push(shown);
            }
        }
        let wanted = self
            .scan
            .findings
            .iter()
            .filter(|finding| finding.is_violation() || finding.outcome == Outcome::Error);
        for finding in wanted {
            let Some(location) = &finding.location else {
                continue;
            };
            let Some((path, diagnostic)) = self.finding(finding, location) else {
                continue;
            };
            let shown = all.entry(path).or_default();
            // The instances of one line are one thing to mend.
            let is_known = shown.iter().any(|known| {
                known.diagnostic.range == diagnostic.range
                    && known.diagnostic.code == diagnostic.code
                    && known.finding.is_some()
            });
            if !is_known {
                shown.push(Shown {
                    diagnostic,
                    finding: Some(finding.clone()),
                });
            }
        }
        all
    }

    fn finding(&self, finding: &Finding, location: &Location) -> Option<(PathBuf, Diagnostic)> {
        let (path, range) = self.range(location)?;
        let policy = self.scan.policies.get(finding.policy as usize)?;
        let others = finding.related.iter().chain(&finding.calls);
        let href = policy.references.first().and_then(|url| link(url));
        Some((
            path,
            Diagnostic {
                range,
                severity: Some(severity(finding)),
                code: Some(NumberOrString::String(policy.id.clone())),
                code_description: href.map(|href| CodeDescription { href }),
                source: Some("abide".to_owned()),
                message: finding.message.clone(),
                related_information: Some(others.filter_map(|r| self.related(r)).collect()),
                tags: None,
                data: None,
            },
        ))
    }

    fn related(&self, related: &Related) -> Option<DiagnosticRelatedInformation> {
        let (path, range) = self.range(&related.location)?;
        Some(DiagnosticRelatedInformation {
            location: lsp_types::Location {
                uri: self.documents.uri(&path)?,
                range,
            },
            message: related.message.clone(),
        })
    }

    /// Something that keeps a part of the source from being judged.
    fn remark(&self, remark: &diagnostic::Diagnostic) -> Option<(PathBuf, Diagnostic)> {
        let at = remark.place.as_ref()?;
        let location = Location {
            file: at.file.clone(),
            line: at.line,
            column: at.column,
            end_line: at.line,
            // To the end of the line.
            end_column: u32::MAX,
        };
        let (path, range) = self.range(&location)?;
        let severity = match remark.level {
            Level::Error => DiagnosticSeverity::ERROR,
            Level::Warning => DiagnosticSeverity::WARNING,
            Level::Note => DiagnosticSeverity::INFORMATION,
        };
        Some((
            path,
            Diagnostic {
                range,
                severity: Some(severity),
                code: Some(NumberOrString::String(remark.code.to_owned())),
                source: Some("abide".to_owned()),
                message: remark.message.clone(),
                ..Diagnostic::default()
            },
        ))
    }

    /// The file and the range in it, counted in the text that was read: masked secrets could have
    /// another length.
    fn range(&self, location: &Location) -> Option<(PathBuf, Range)> {
        let path = self.dir.join(&location.file);
        let read = self.loaded.sources.named(&location.file);
        let text = match (self.documents.text(&path), read) {
            (Some(open), _) => open,
            // Editors take the mark away when they open a file.
            (None, Some(file)) => file.text.trim_start_matches('\u{feff}'),
            (None, None) => return None,
        };
        Some((path, place::range(text, location)))
    }
}

/// How loud it is: what does not fail a scan is only a hint.
fn severity(finding: &Finding) -> DiagnosticSeverity {
    if finding.outcome == Outcome::Error {
        return DiagnosticSeverity::WARNING;
    }
    if finding.in_baseline || finding.is_observed() {
        return DiagnosticSeverity::HINT;
    }
    match finding.severity {
        Severity::Critical | Severity::High => DiagnosticSeverity::ERROR,
        Severity::Medium => DiagnosticSeverity::WARNING,
        Severity::Low => DiagnosticSeverity::INFORMATION,
    }
}
