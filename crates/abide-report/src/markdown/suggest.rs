//! Proven fixes as GitHub's suggestion blocks: the lines that are to stand for others.

use abide_core::finding::Location;
use abide_core::remedy::{Fix, Remedy, Suggestion};

use crate::escape::markdown_fence;
use crate::report::Report;
use crate::words;

use super::entry;

/// Characters of all suggestions of a fix; longer ones are for `abide fix`.
const LONGEST: usize = 3_000;

/// Whether the lines can stand here as they are; a suggestion that was cut or escaped would
/// write something else into the file.
pub(super) fn can_show(fix: &Fix) -> bool {
    let length = |suggestion: &Suggestion| suggestion.text.chars().count();
    let all = &fix.suggestions;
    !all.is_empty()
        && all.iter().map(length).sum::<usize>() <= LONGEST
        // A line break of its own would be one of Markdown, too.
        && all.iter().all(|s| !words::hides(&s.text) && !s.text.contains('\r'))
}

/// Lines to stand for others, to be shown at them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inline {
    /// The file, from the repository's root.
    pub file: String,
    /// First line.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
    /// What stands there afterwards.
    pub text: String,
    /// Markdown that says why.
    pub why: String,
    /// What it mends, the same at each push.
    pub about: String,
}

/// The proven fixes of violations that people have to deal with, each piece once.
#[must_use]
pub fn inline(report: &Report<'_>) -> Vec<Inline> {
    let mut all: Vec<Inline> = Vec::new();
    for group in &report.violations {
        let finding = group.first();
        let fix = finding.remedy.as_ref().and_then(Remedy::fix);
        let Some(fix) = fix.filter(|fix| can_show(fix)) else {
            continue;
        };
        let parts = fix.suggestions.len();
        for (at, suggestion) in fix.suggestions.iter().enumerate() {
            let mut why = entry::reason(report, group);
            if parts > 1 {
                why.push_str(&format!(
                    "\n\nPart {} of {parts}: take all of them.",
                    at + 1
                ));
            }
            let id = &report.scan.policy_of(finding).id;
            let one = Inline {
                file: suggestion.file.clone(),
                line: suggestion.line,
                end_line: suggestion.end_line,
                text: suggestion.text.clone(),
                why,
                about: format!("{id} {} {at}", group.block),
            };
            let there = |other: &Inline| {
                (&other.file, other.line, &other.text) == (&one.file, one.line, &one.text)
            };
            if !all.iter().any(there) {
                all.push(one);
            }
        }
    }
    all
}

/// A block for each piece of the fix, and where it belongs.
pub(super) fn blocks(report: &Report<'_>, fix: &Fix) -> String {
    let mut out = "  <details><summary>Proven fix</summary>\n\n".to_owned();
    for suggestion in &fix.suggestions {
        let place = Location {
            file: suggestion.file.clone(),
            line: suggestion.line,
            column: 1,
            end_line: suggestion.end_line,
            end_column: 1,
        };
        let lines = match suggestion.line == suggestion.end_line {
            true => String::new(),
            false => format!(", lines {} to {}", suggestion.line, suggestion.end_line),
        };
        let fence = markdown_fence(&suggestion.text);
        out.push_str(&format!(
            "  In {}{lines}:\n\n  {fence}suggestion\n",
            entry::link(report, &place)
        ));
        for line in suggestion.text.split('\n') {
            if !line.is_empty() {
                out.push_str("  ");
                out.push_str(line);
            }
            out.push('\n');
        }
        out.push_str(&format!("  {fence}\n\n"));
    }
    out.push_str("  </details>\n\n");
    out
}
