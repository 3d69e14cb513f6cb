//! The files that were read, and byte ranges in them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use abide_core::diagnostic::Place;
use abide_core::finding;

/// One file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// The span as a range, to take the text.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn to(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        let word = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: word(range.start),
            end: word(range.end),
        }
    }
}

/// A place in a file: what code frames are drawn of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
}

/// A file as it was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path as given, with `/` between names.
    pub name: String,
    /// The path it is read by, as [`crate::Options::overlay`] has it.
    pub path: PathBuf,
    /// Its text, byte for byte.
    pub text: Arc<str>,
    /// Offsets at which its lines begin.
    lines: OnceLock<Box<[u32]>>,
}

impl SourceFile {
    /// Line and column (in characters) of a byte, both from 1.
    fn position(&self, byte: u32) -> (u32, u32) {
        let word = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let lines = self.lines.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0)
                .chain(ends.map(|end| word(end + 1)))
                .collect()
        });
        let mut byte = (byte as usize).min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = lines
            .partition_point(|start| *start as usize <= byte)
            .max(1);
        let start = lines.get(line - 1).map_or(0, |start| *start as usize);
        let before = self.text.get(start..byte).unwrap_or_default();
        // An invisible byte order mark is no column.
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        (word(line), word(before.chars().count()).saturating_add(1))
    }
}

/// All files that were read, by id.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    names: BTreeMap<String, FileId>,
}

impl SourceMap {
    pub(crate) fn add(&mut self, name: String, path: &Path, text: Arc<str>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.names.insert(name.clone(), id);
        self.files.push(SourceFile {
            name,
            path: crate::files::normal(path),
            text,
            lines: OnceLock::new(),
        });
        id
    }

    /// A file.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// A file by its name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&SourceFile> {
        self.file(*self.names.get(name)?)
    }

    /// All files in the order in which they were read.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// The text at a location.
    #[must_use]
    pub fn text(&self, location: Location) -> Option<&str> {
        self.file(location.file)?.text.get(location.span.range())
    }

    /// File, line and column (in characters) of a location's first byte.
    #[must_use]
    pub fn place(&self, location: Location) -> Option<Place> {
        let file = self.file(location.file)?;
        let (line, column) = file.position(location.span.start);
        Some(Place {
            file: file.name.clone(),
            line,
            column,
        })
    }

    /// The location in lines and columns.
    #[must_use]
    pub fn range(&self, location: Location) -> Option<finding::Location> {
        let file = self.file(location.file)?;
        let (line, column) = file.position(location.span.start);
        let (end_line, end_column) = file.position(location.span.end);
        Some(finding::Location {
            file: file.name.clone(),
            line,
            column,
            end_line,
            end_column,
        })
    }
}
