//! The difference between two texts as narrow edits, for editors.

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// A place in a text: line and column from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// One replacement of a range of the text as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// First byte.
    #[serde(skip)]
    pub start_byte: usize,
    /// The byte after the last.
    #[serde(skip)]
    pub end_byte: usize,
    /// Where it starts.
    pub start: Position,
    /// Where it ends, exclusive.
    pub end: Position,
    /// What stands there afterwards.
    pub replacement: String,
}

/// The edits that make one text of the other, in order.
pub(crate) fn between(before: &str, after: &str) -> Vec<Edit> {
    let diff = TextDiff::from_lines(before, after);
    let mut edits = Vec::new();
    let mut at = 0;
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => {
                at = hunk(before, at, (&mut gone, &mut new), &mut edits);
                at += change.value().len();
            }
            ChangeTag::Delete => gone.push(change.value()),
            ChangeTag::Insert => new.push(change.value()),
        }
    }
    hunk(before, at, (&mut gone, &mut new), &mut edits);
    edits
}

/// Pairs lines that go with lines that come, so that each edit is as narrow as it can be.
/// Gives where the lines that go end.
fn hunk(
    text: &str,
    mut at: usize,
    (gone, new): (&mut Vec<&str>, &mut Vec<&str>),
    edits: &mut Vec<Edit>,
) -> usize {
    let pairs = gone.len().min(new.len());
    let rest: String = new.drain(pairs..).collect();
    for (index, old) in gone.drain(..).enumerate() {
        let line = new.get(index).copied().unwrap_or_default();
        edits.extend(narrow(text, at, old, line));
        at += old.len();
    }
    new.clear();
    edits.extend(narrow(text, at, "", &rest));
    at
}

/// Leaves out what both have at their beginning and end; no edit if that is all.
fn narrow(text: &str, start: usize, old: &str, new: &str) -> Option<Edit> {
    if old == new {
        return None;
    }
    let end = start + old.len();
    let mut head = common(old.chars(), new.chars());
    head -= torn(old, head).max(torn(new, head));
    let (old, new) = (
        old.get(head..).unwrap_or_default(),
        new.get(head..).unwrap_or_default(),
    );
    let mut tail = common(old.chars().rev(), new.chars().rev());
    tail -= led(old, tail).max(led(new, tail));
    let replacement = new.get(..new.len() - tail).unwrap_or_default().to_owned();
    let (start, end) = (start + head, end - tail);
    Some(Edit {
        start_byte: start,
        end_byte: end,
        start: position(text, start),
        end: position(text, end),
        replacement,
    })
}

/// The bytes of a word before a cut that goes through it: `true` becomes `false`, not `tru`
/// something else.
fn torn(text: &str, at: usize) -> usize {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else {
        return 0;
    };
    match after.starts_with(is_word) {
        true => before.len() - before.trim_end_matches(is_word).len(),
        false => 0,
    }
}

/// The same for the bytes behind a cut, counted from the end.
fn led(text: &str, tail: usize) -> usize {
    let Some((before, after)) = text.split_at_checked(text.len() - tail) else {
        return 0;
    };
    match before.ends_with(is_word) {
        true => after.len() - after.trim_start_matches(is_word).len(),
        false => 0,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn common(a: impl Iterator<Item = char>, b: impl Iterator<Item = char>) -> usize {
    a.zip(b)
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum()
}

fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or_default();
    // An invisible byte order mark is no column.
    let before = before.strip_prefix('\u{feff}').unwrap_or(before);
    let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
    let last = before.rsplit('\n').next().unwrap_or_default();
    Position {
        line: word(before.matches('\n').count()),
        column: word(last.chars().count()),
    }
}
