//! The texts that are open in the editor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::Uri;

use super::place;

/// A text as the editor has it.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) uri: Uri,
    pub(super) text: Arc<str>,
    pub(super) version: i32,
}

/// All that are open, by path. A copy is cheap, and stays what it is while people type.
#[derive(Clone, Default)]
pub(super) struct Documents(pub(super) BTreeMap<PathBuf, Document>);

impl Documents {
    /// The text of an open file.
    pub(super) fn text(&self, path: &Path) -> Option<&str> {
        Some(&self.0.get(path)?.text)
    }

    /// The URI of a file, as the editor writes it if it is open there.
    pub(super) fn uri(&self, path: &Path) -> Option<Uri> {
        match self.0.get(path) {
            Some(document) => Some(document.uri.clone()),
            None => place::uri(path),
        }
    }
}
