//! Edits of text at byte ranges, and the look of what is inserted.

use std::ops::Range;

/// Replaces a range of bytes by a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Splice {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) text: String,
}

impl Splice {
    pub(crate) fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            start: range.start,
            end: range.end,
            text: text.into(),
        }
    }
}

/// Applies edits that do not overlap; `None` if they do, or split a character.
pub(crate) fn apply(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort();
    let mut out = String::with_capacity(text.len() + 128);
    let mut at = 0;
    for splice in &splices {
        out.push_str(text.get(at..splice.start)?);
        out.push_str(&splice.text);
        at = splice.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// How lines of a text end.
pub(crate) fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The first byte of the line.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |found| found + 1)
}

/// The byte after the line's last, before its line break.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let end = at + rest.find('\n').unwrap_or(rest.len());
    if text.get(..end).is_some_and(|line| line.ends_with('\r')) && end > at {
        end - 1
    } else {
        end
    }
}

/// The white space at the beginning of the line.
pub(crate) fn indentation(text: &str, at: usize) -> &str {
    let line = text.get(line_start(text, at)..).unwrap_or_default();
    let line = line.trim_start_matches('\u{feff}');
    let end = line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

/// Lines with their indentation put before, ended as the file ends its lines.
pub(crate) fn indent(hcl: &str, indentation: &str, unit: &str, newline: &str) -> String {
    let mut out = String::new();
    for line in hcl.trim_end().lines() {
        let bare = line.trim_start_matches(' ');
        let depth = (line.len() - bare.len()) / 2;
        if !bare.is_empty() {
            out.push_str(indentation);
            out.push_str(&unit.repeat(depth));
            out.push_str(bare);
        }
        out.push_str(newline);
    }
    out
}
