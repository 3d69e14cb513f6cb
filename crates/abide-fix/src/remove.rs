//! Where text goes out of a file, or into a map of several lines, without leaving traces.

use std::ops::Range;

use abide_hcl::{Location, SourceFile};

use crate::propose::Proposal;
use crate::text::{self, Splice, line_end, line_start};

/// The bytes of something: with its lines if it has them for itself, else alone.
pub(crate) fn cut(text: &str, range: Range<usize>) -> Range<usize> {
    let (start, end) = (line_start(text, range.start), line_end(text, range.end));
    let before = text.get(start..range.start).unwrap_or_default();
    let after = text.get(range.end..end).unwrap_or_default();
    let alone = before.trim().is_empty() && matches!(after.trim(), "" | ",");
    let cut = match alone {
        true => start..next_line(text, end),
        false => range.start..range.end + comma(text, range.end),
    };
    without_gap(text, cut)
}

fn next_line(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    end + rest.find('\n').map_or(rest.len(), |at| at + 1)
}

fn comma(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    match rest.trim_start_matches([' ', '\t']).starts_with(',') {
        true => blank + 1,
        false => 0,
    }
}

/// Of two empty lines around what goes, one goes too.
fn without_gap(text: &str, cut: Range<usize>) -> Range<usize> {
    let before = text.get(..cut.start).unwrap_or_default();
    let after = text.get(cut.end..).unwrap_or_default();
    let first = after.split('\n').next().unwrap_or_default();
    let closes = first.trim() == "}";
    let gap_before = before.ends_with("\n\n") || before.ends_with("\n\r\n");
    if gap_before && (closes || first.trim().is_empty()) {
        let trimmed = before.trim_end_matches(['\r', '\n']);
        let line = text::newline(text);
        return trimmed.len() + line.len()..cut.end;
    }
    cut
}

/// Before the closing bracket of a map that is written on several lines.
pub(crate) fn multi_line(file: &SourceFile, place: Location, entry: &str) -> Option<Proposal> {
    let text = &file.text;
    let close = (place.span.end as usize).checked_sub(1)?;
    let start = line_start(text, close);
    if text.get(start..=close)?.trim() != "}" {
        return None;
    }
    let before = text.get(..start)?.trim_end();
    let own = text::indentation(text, before.len());
    let line = text::newline(text);
    let last = before.lines().next_back().unwrap_or_default().trim_end();
    let opens = last.ends_with('{');
    let own = match opens {
        true => format!("{}  ", text::indentation(text, close)),
        false => own.to_owned(),
    };
    let comma = if last.ends_with(',') { "," } else { "" };
    Some(Proposal {
        file: file.name.clone(),
        splices: vec![Splice::new(
            start..start,
            format!("{own}{entry}{comma}{line}"),
        )],
    })
}
