//! Edits as whole lines, as GitHub's suggestions want them.

use std::ops::Range;

use abide_core::remedy::Suggestion;
use similar::TextDiff;

use crate::FileFix;

/// Lines that stay between two changes of one suggestion.
const APART: usize = 3;

/// Lines that go, and those that come for them; both from 0.
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

/// The change of a file as suggestions; `None` if a line in them has something to hide.
pub(crate) fn suggestions(file: &FileFix, hides: &dyn Fn(&str) -> bool) -> Option<Vec<Suggestion>> {
    let old: Vec<&str> = file.before.split_inclusive('\n').collect();
    let new: Vec<&str> = file.after.split_inclusive('\n').collect();
    let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let made = changes(&file.before, &file.after)
        .into_iter()
        .map(|change| {
            let change = anchored(change, &old, hides)?;
            let text = new.get(change.new)?.concat();
            (!hides(&text)).then(|| Suggestion {
                file: file.name.clone(),
                line: word(change.old.start + 1),
                end_line: word(change.old.end),
                text: bare(&text),
            })
        });
    made.collect()
}

fn changes(before: &str, after: &str) -> Vec<Change> {
    let diff = TextDiff::from_lines(before, after);
    let mut changes: Vec<Change> = Vec::new();
    let differ = diff.ops().iter();
    for op in differ.filter(|op| op.tag() != similar::DiffTag::Equal) {
        let (old, new) = (op.old_range(), op.new_range());
        match changes.last_mut() {
            Some(last) if old.start - last.old.end <= APART => {
                last.old.end = old.end;
                last.new.end = new.end;
            }
            _ => changes.push(Change { old, new }),
        }
    }
    changes
}

/// A suggestion replaces a line at least: an insertion repeats the one before it, or
/// the one after it.
fn anchored(mut change: Change, old: &[&str], hides: &dyn Fn(&str) -> bool) -> Option<Change> {
    if !change.old.is_empty() {
        return Some(change);
    }
    let can_stand = |line: usize| old.get(line).is_some_and(|line| !hides(line));
    let before = change.old.start.checked_sub(1);
    if let Some(line) = before.filter(|line| can_stand(*line)) {
        change.old.start = line;
        change.new.start = change.new.start.checked_sub(1)?;
        return Some(change);
    }
    can_stand(change.old.end).then(|| {
        change.old.end += 1;
        change.new.end += 1;
        change
    })
}

/// Without the last line's end; the others are `\n`, whatever the file has.
fn bare(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    text.replace("\r\n", "\n")
}
