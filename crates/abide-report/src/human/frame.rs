//! The code around a finding, drawn by `annotate-snippets` as rustc does.
//!
//! What is drawn comes from a file somebody wrote: hidden characters are
//! replaced one by one, so that columns stay what they are. Secrets were
//! starred out by whoever gave the text.

use std::ops::Range;

use abide_core::finding::{Finding, Location};
use abide_core::remedy::Fix;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use crate::escape::{clip, is_hidden, visible};
use crate::report::Report;

use super::screen::Tone;

/// Other places that are shown.
const RELATED: usize = 3;
/// Lines between two marks that are still one piece of code.
const APART: u32 = 8;
/// Lines that are marked as a whole; of more only the first is.
const TALLEST: u32 = 6;
/// Lines of a fix.
const LONGEST: u32 = 60;
/// Bytes of its new text.
const LARGEST: usize = 4_000;
/// Characters of a line.
const WIDEST: usize = 400;
/// Characters of a file's name or a label.
const NAME: usize = 200;

/// A marked place.
struct Mark<'a> {
    location: &'a Location,
    primary: bool,
    label: String,
}

/// The code of a finding with its places marked; `None` if the source is not at hand.
pub(super) fn draw(
    report: &Report<'_>,
    finding: &Finding,
    tone: Tone,
    label: String,
) -> Option<String> {
    let primary = finding.location.as_ref()?;
    let known = |location: &&Location| report.scan.sources.contains_key(&location.file);
    known(&primary).then_some(())?;
    let mut marks = vec![Mark {
        location: primary,
        primary: true,
        label,
    }];
    let related = finding.related.iter();
    marks.extend(
        related
            .filter(|related| known(&&related.location))
            .take(RELATED)
            .map(|related| Mark {
                location: &related.location,
                primary: false,
                label: visible(&clip(&related.message, NAME)).into_owned(),
            }),
    );
    let mut group = Group::with_level(match tone {
        Tone::Error => Level::ERROR,
        Tone::Warning => Level::WARNING,
        _ => Level::NOTE,
    });
    for piece in pieces(marks) {
        let text = report.scan.sources.get(&piece.first()?.location.file)?;
        group = group.element(snippet(text, &piece));
    }
    let renderer = match report.options.color {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let width = report.options.width.unwrap_or(140).max(60);
    Some(renderer.term_width(width).render(&[group]))
}

/// The edits of a fix as a difference, a drawing for each file; `None` if the source of one
/// is not at hand or there is too much to show.
pub(super) fn draw_fix(report: &Report<'_>, fix: &Fix) -> Option<Vec<String>> {
    let renderer = match report.options.color {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let files = fix
        .edits
        .chunk_by(|a, b| a.location.file == b.location.file);
    let drawn = files.map(|edits| {
        let name = &edits.first()?.location.file;
        let text = report.scan.sources.get(name)?;
        let first = edits.first()?.location.line;
        let last = edits.iter().map(|edit| edit.location.end_line).max()?;
        let new: usize = edits.iter().map(|e| e.replacement.lines().count()).sum();
        let bytes: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
        if last - first > LONGEST || new > LONGEST as usize || bytes > LARGEST {
            return None;
        }
        let code = Code::cut(text, first, last);
        let patches = edits.iter().map(|edit| {
            let at = &edit.location;
            let start = code.byte(at.line, at.column);
            let end = code.byte(at.end_line, at.end_column);
            Patch::new(
                start..end.max(start),
                harmless(&edit.replacement.replace("\r\n", "\n")),
            )
        });
        let patches: Vec<_> = patches.collect();
        let snippet = Snippet::source(code.text)
            .line_start(first as usize)
            .path(visible(&clip(name, NAME)).into_owned())
            .fold(true)
            .patches(patches);
        let group = Group::with_level(Level::HELP).element(snippet);
        let width = report.options.width.unwrap_or(140).max(60);
        Some(renderer.clone().term_width(width).render(&[group]))
    });
    drawn.collect()
}

/// Lines with what is hidden in them replaced.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // `##[` is a command to some runners wherever it stands.
        let command = c == '#' && rest.peek() == Some(&'#');
        let hidden = is_hidden(c) && !matches!(c, '\t' | '\n');
        out.push(if command || hidden { '\u{fffd}' } else { c });
    }
    out
}

/// Marks of one file that are close together are one piece; that of the first mark comes first.
fn pieces(marks: Vec<Mark<'_>>) -> Vec<Vec<Mark<'_>>> {
    let mut pieces: Vec<Vec<Mark<'_>>> = Vec::new();
    for mark in marks {
        let near = |piece: &Vec<Mark<'_>>| {
            piece.iter().any(|other| {
                other.location.file == mark.location.file
                    && other.location.line.abs_diff(mark.location.line) <= APART
            })
        };
        match pieces.iter_mut().find(|piece| near(piece)) {
            Some(piece) => piece.push(mark),
            None => pieces.push(vec![mark]),
        }
    }
    pieces
}

fn snippet<'a>(text: &str, piece: &[Mark<'a>]) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let first = piece
        .iter()
        .map(|mark| mark.location.line)
        .min()
        .unwrap_or(1);
    let last = piece
        .iter()
        .map(|mark| end(mark.location).0)
        .max()
        .unwrap_or(1);
    let code = Code::cut(text, first, last);
    let annotations = piece.iter().map(|mark| {
        let kind = match mark.primary {
            true => AnnotationKind::Primary,
            false => AnnotationKind::Context,
        };
        let label = (!mark.label.is_empty()).then(|| mark.label.clone());
        kind.span(code.span(mark.location)).label(label)
    });
    let annotations: Vec<_> = annotations.collect();
    let name = piece.first().map_or("", |mark| &mark.location.file);
    Snippet::source(code.text)
        .line_start(first as usize)
        .path(visible(&clip(name, NAME)).into_owned())
        .fold(true)
        .annotations(annotations)
}

/// Where a mark ends: with its first line, if it is tall.
fn end(location: &Location) -> (u32, Option<u32>) {
    match location.end_line.saturating_sub(location.line) < TALLEST {
        true => (location.end_line, Some(location.end_column)),
        false => (location.line, None),
    }
}

/// Lines of a file, harmless.
struct Code {
    text: String,
    first: u32,
    /// Where each line begins in `text`.
    starts: Vec<usize>,
}

impl Code {
    fn cut(text: &str, first: u32, last: u32) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut code = Self {
            text: String::new(),
            first,
            starts: Vec::new(),
        };
        let count = last.saturating_sub(first) as usize + 1;
        for line in text.split('\n').skip(first as usize - 1).take(count) {
            code.starts.push(code.text.len());
            let line = line.strip_suffix('\r').unwrap_or(line);
            let end = line.char_indices().nth(WIDEST).map_or(line.len(), |c| c.0);
            code.text.push_str(&harmless(line.get(..end).unwrap_or("")));
            code.text.push('\n');
        }
        code
    }

    fn span(&self, location: &Location) -> Range<usize> {
        let start = self.byte(location.line, location.column);
        let end = match end(location) {
            (line, Some(column)) => self.byte(line, column),
            (line, None) => self.byte(line, u32::MAX),
        };
        start..end.max(start)
    }

    /// The byte of a line and column; the line's end if it is shorter.
    fn byte(&self, line: u32, column: u32) -> usize {
        let at = line.saturating_sub(self.first) as usize;
        let start = self.starts.get(at).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("");
        let bytes = line
            .char_indices()
            .nth(column.saturating_sub(1) as usize)
            .map_or(line.len(), |(at, _)| at);
        start + bytes
    }
}
