//! The comments of a text, which the parser drops, and what they stand at.

use std::ops::Range;
use std::path::Path;

use abide_core::diagnostic::Place;
use abide_core::finding;

use crate::ast::Body;
use crate::source_map::{FileId, Location, SourceMap, Span};

/// One line of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Its text without the comment's signs and the blanks around it.
    pub text: String,
    /// Where the text begins.
    pub place: Place,
    /// The attribute or block below its line, or on it; else the attribute it is in.
    pub scope: Option<finding::Location>,
    /// The block of the file it is in, or which it stands at.
    pub block: Option<finding::Location>,
}

/// The comments of a file of native syntax that hold one of these words. `name` is what
/// places call the file. A file that cannot be parsed has comments that stand at nothing.
#[must_use]
pub fn remarks(name: &str, text: &str, words: &[&str]) -> Vec<Remark> {
    if !words.iter().any(|word| text.contains(word)) {
        return Vec::new();
    }
    let mut sources = SourceMap::default();
    let file = sources.add(name.to_owned(), Path::new(name), text.into());
    let body = crate::parse::body(file, text).body;
    let mut things = Vec::new();
    outline(&body, &mut things);
    let comments = comments(text);
    let mut out = Vec::new();
    for comment in &comments {
        let scope = scope(text, &comments, &things, comment);
        let tops = body.blocks.iter().map(|block| block.span.range());
        let top = tops.into_iter().find(|top| {
            let inside = |range: &Range<usize>| top.start <= range.start && range.end <= top.end;
            inside(comment) || scope.as_ref().is_some_and(inside)
        });
        let range = |range: Option<Range<usize>>| sources.range(location(file, range?));
        for line in lines(text, comment) {
            let text = text.get(line.clone()).unwrap_or_default();
            if words.iter().any(|word| text.contains(word))
                && let Some(place) = sources.place(location(file, line))
            {
                out.push(Remark {
                    text: text.to_owned(),
                    place,
                    scope: range(scope.clone()),
                    block: range(top.clone()),
                });
            }
        }
    }
    out
}

fn location(file: FileId, range: Range<usize>) -> Location {
    Location {
        file,
        span: Span::from(range),
    }
}

/// Attributes and blocks, outer ones first.
fn outline(body: &Body, out: &mut Vec<Range<usize>>) {
    out.extend(body.attributes.iter().map(|a| a.span.range()));
    for block in &body.blocks {
        out.push(block.span.range());
        outline(&block.body, out);
    }
}

/// What a comment stands at.
fn scope(
    text: &str,
    comments: &[Range<usize>],
    things: &[Range<usize>],
    comment: &Range<usize>,
) -> Option<Range<usize>> {
    let line = line_of(text, comment.start);
    let around = || {
        let around = things
            .iter()
            .filter(|thing| thing.start < comment.start && comment.end < thing.end);
        around.min_by_key(|thing| thing.len())
    };
    if !is_blank(text, comments, line.start..comment.start) {
        let on_line = |at: usize| line.contains(&at);
        let starts = things
            .iter()
            .filter(|thing| on_line(thing.start) && thing.start < comment.start);
        let ends = things
            .iter()
            .filter(|thing| on_line(thing.end.saturating_sub(1)) && thing.end <= comment.start);
        return starts
            .max_by_key(|thing| thing.len())
            .or_else(|| ends.max_by_key(|thing| thing.len()))
            .or_else(around)
            .cloned();
    }
    let below = things
        .iter()
        .filter(|thing| thing.start >= comment.end)
        .min_by_key(|thing| (thing.start, std::cmp::Reverse(thing.end)));
    below
        .filter(|thing| {
            let between = comment.end..thing.start;
            let gap = text.get(between.clone()).unwrap_or_default();
            is_blank(text, comments, between) && !has_empty_line(gap)
        })
        .or_else(|| around().filter(|thing| !holds_another(things, thing)))
        .cloned()
}

/// Whether a block goes on with other things: a comment in it that is above none of them
/// is about none.
fn holds_another(things: &[Range<usize>], thing: &Range<usize>) -> bool {
    let mut others = things.iter();
    others.any(|other| thing.start < other.start && other.end <= thing.end)
}

fn has_empty_line(gap: &str) -> bool {
    let lines: Vec<&str> = gap.split('\n').collect();
    let inner = lines.get(1..lines.len().saturating_sub(1));
    inner
        .unwrap_or_default()
        .iter()
        .any(|line| line.trim().is_empty())
}

/// Whether there are only blanks and comments.
fn is_blank(text: &str, comments: &[Range<usize>], range: Range<usize>) -> bool {
    let mut at = range.start;
    for comment in comments {
        if comment.start >= at && comment.end <= range.end {
            if !blank(text, at..comment.start) {
                return false;
            }
            at = comment.end;
        }
    }
    blank(text, at..range.end)
}

fn blank(text: &str, range: Range<usize>) -> bool {
    let text = text.get(range).unwrap_or_default();
    text.trim_start_matches('\u{feff}').trim().is_empty()
}

/// The line a byte is in, with its end.
fn line_of(text: &str, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = memchr::memrchr(b'\n', bytes.get(..at).unwrap_or_default());
    let end = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default());
    start.map_or(0, |start| start + 1)..end.map_or(bytes.len(), |end| at + end + 1)
}

/// The lines of a comment without its signs.
fn lines(text: &str, comment: &Range<usize>) -> Vec<Range<usize>> {
    let whole = text.get(comment.clone()).unwrap_or_default();
    let mut out = Vec::new();
    let mut at = comment.start;
    for line in whole.split_inclusive('\n') {
        let bare = line.trim_start_matches(|c: char| c.is_whitespace() || "#/*".contains(c));
        let start = at + line.len() - bare.len();
        let bare = bare.trim_end();
        let bare = match whole.starts_with("/*") {
            true => bare.strip_suffix("*/").unwrap_or(bare).trim_end(),
            false => bare,
        };
        out.push(start..start + bare.len());
        at += line.len();
    }
    out
}

/// Finds the comments: what is in strings and heredocs is none.
pub(crate) fn comments(text: &str) -> Vec<Range<usize>> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        at: 0,
        open: vec![Inside::Code(0)],
        found: Vec::new(),
    };
    while scanner.at < scanner.bytes.len() {
        scanner.step();
    }
    scanner.found
}

/// What the scanner is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Code, with the braces that are open in it.
    Code(u32),
    /// A string.
    Text,
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    open: Vec<Inside>,
    found: Vec<Range<usize>>,
}

impl Scanner<'_> {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) {
        match self.open.last().copied() {
            Some(Inside::Text) => self.in_text(),
            Some(Inside::Code(braces)) => self.in_code(braces),
            None => self.open.push(Inside::Code(0)),
        }
    }

    fn in_text(&mut self) {
        match self.rest() {
            [b'\\', _, ..] => self.at += 2,
            // A doubled sign stands for itself.
            [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => self.at += 3,
            [b'$' | b'%', b'{', ..] => {
                self.open.push(Inside::Code(0));
                self.at += 2;
            }
            // A string ends with its line at the latest; what follows is not lost.
            [b'"' | b'\n', ..] => {
                self.open.pop();
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    fn in_code(&mut self, braces: u32) {
        let top = self.open.len() - 1;
        match self.rest() {
            [b'#', ..] | [b'/', b'/', ..] => self.comment(b"\n", 0),
            [b'/', b'*', ..] => self.comment(b"*/", 2),
            [b'"', ..] => {
                self.open.push(Inside::Text);
                self.at += 1;
            }
            [b'<', b'<', ..] => self.heredoc(),
            [b'{', ..] => {
                self.open[top] = Inside::Code(braces.saturating_add(1));
                self.at += 1;
            }
            [b'}', ..] => {
                match braces {
                    // The end of an interpolation.
                    0 if top > 0 => {
                        self.open.pop();
                    }
                    _ => self.open[top] = Inside::Code(braces.saturating_sub(1)),
                }
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    fn comment(&mut self, end: &[u8], kept: usize) {
        let from = self.at + kept;
        let after = self.bytes.get(from..).unwrap_or_default();
        let length = memchr::memmem::find(after, end);
        let end = length.map_or(self.bytes.len(), |length| from + length + kept);
        self.found.push(self.at..end.min(self.bytes.len()));
        self.at = end;
    }

    /// Passes over `<<NAME` up to the line that is `NAME`.
    fn heredoc(&mut self) {
        self.at += 2;
        if self.rest().first() == Some(&b'-') {
            self.at += 1;
        }
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') || *b >= 128;
        let name: Vec<u8> = self.rest().iter().copied().take_while(is_name).collect();
        if name.is_empty() {
            return;
        }
        let mut first = true;
        while self.at < self.bytes.len() {
            let end = memchr::memchr(b'\n', self.rest());
            let line = self.rest().get(..end.unwrap_or(usize::MAX));
            let is_end = line.unwrap_or(self.rest()).trim_ascii() == name;
            let length = end.map_or(self.bytes.len() - self.at, |end| end + 1);
            if is_end && !first {
                self.at += end.unwrap_or(length);
                return;
            }
            first = false;
            self.at += length;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let ranges = comments(text).into_iter();
        ranges.filter_map(|range| text.get(range)).collect()
    }

    #[test]
    fn comments_of_every_form() {
        let text = "a = 1 # one\n// two\nb = [/* three\n*/ 2] /**/\n# last";
        assert_eq!(
            found(text),
            ["# one", "// two", "/* three\n*/", "/**/", "# last"]
        );
    }

    #[test]
    fn texts_hold_no_comments() {
        for text in [
            r##"a = "# no" "##,
            r##"a = "\" # no" "##,
            r##"a = "http://x/*" "##,
            r##"a = "$${ # no" "##,
            r##"a = "${f("# no")} # no" "##,
            r##"a = "${ {b = "}"} } # no" "##,
            "a = <<EOT\n# no\nEOT x\n // no\nEOT",
            "a = <<-EOT\n  # no\n  EOT",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
            let after = format!("{text}\n# yes");
            assert_eq!(found(&after), ["# yes"], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_scanned(text in r##"[a"#/*{}$%<EOT\n\\é \-]{0,60}"##) {
            for range in comments(&text) {
                prop_assert!(text.get(range).is_some_and(|c| c.starts_with(['#', '/'])));
            }
            let _ = remarks("x.tf", &format!("{text}#q"), &["q"]);
        }
    }
}
