//! Paths as URIs, and columns as UTF-16 counts them.

use std::path::{Path, PathBuf};

use abide_core::finding::Location;
use lsp_types::{Position, Range, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What RFC 3986 allows in a path stays as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The path of a `file:` URI.
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    // A host before the path is this one.
    let (_, path) = rest.split_once('/')?;
    let path = percent_decode_str(path).decode_utf8().ok()?;
    // `/c:/folder` on Windows.
    let is_drive = path.as_bytes().get(1) == Some(&b':') && cfg!(windows);
    Some(PathBuf::from(if is_drive {
        path.into_owned()
    } else {
        format!("/{path}")
    }))
}

/// The `file:` URI of a path.
pub(super) fn uri(path: &Path) -> Option<Uri> {
    let path = path.to_str()?.replace('\\', "/");
    // What Windows puts before canonical paths.
    let path = path.strip_prefix("//?/").unwrap_or(&path);
    let path = utf8_percent_encode(path.trim_start_matches('/'), ESCAPED);
    format!("file:///{path}").parse().ok()
}

/// A location of ours (from 1, in characters) as a range of the protocol (from 0, in UTF-16).
pub(super) fn range(text: &str, location: &Location) -> Range {
    Range {
        start: position(text, location.line, location.column),
        end: position(text, location.end_line, location.end_column),
    }
}

/// A line and a column of ours as a position of the protocol.
pub(super) fn position(text: &str, line: u32, column: u32) -> Position {
    let line = line.saturating_sub(1);
    let content = text.split('\n').nth(line as usize).unwrap_or_default();
    let content = content.strip_suffix('\r').unwrap_or(content);
    // A byte order mark is no column of ours.
    let mark = usize::from(line == 0 && content.starts_with('\u{feff}'));
    let before = mark + column.saturating_sub(1) as usize;
    let units: usize = content.chars().take(before).map(char::len_utf16).sum();
    Position {
        line,
        character: u32::try_from(units).unwrap_or(u32::MAX),
    }
}

/// Whether two ranges share a place; one that begins where the other ends does.
pub(super) fn touch(a: Range, b: Range) -> bool {
    a.start <= b.end && b.start <= a.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_utf16() {
        let text = "\u{feff}a = \"é😀\" # x\r\nb";
        let at = |line, column| {
            let position = position(text, line, column);
            (position.line, position.character)
        };
        assert_eq!(at(1, 1), (0, 1));
        assert_eq!(at(1, 7), (0, 7));
        assert_eq!(at(1, 8), (0, 9));
        // Not into the line end.
        assert_eq!(at(1, 99), (0, 14));
        assert_eq!(at(2, 2), (1, 1));
        assert_eq!(at(9, 9), (8, 0));
    }

    #[test]
    fn paths_come_back() {
        for name in ["/a b/é#?%25:/main.tf", "/x/😀.tf"] {
            let uri = uri(Path::new(name)).expect("a URI");
            assert_eq!(path(uri.as_str()), Some(PathBuf::from(name)));
        }
        assert_eq!(path("untitled:Untitled-1"), None);
    }
}
