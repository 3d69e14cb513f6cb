//! What becomes of each file, and doing it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use similar::TextDiff;

use super::files::Wanted;
use super::{MARKER, place};
use crate::output;

/// A file, and what is done about it.
pub(super) struct Step {
    pub(super) path: PathBuf,
    pub(super) action: Action,
}

pub(super) enum Action {
    /// It is new, or ours and written again.
    Write {
        before: Option<String>,
        text: String,
    },
    /// It says already what it should.
    Same,
    /// It is not touched.
    Leave {
        why: String,
        /// What is to be added by hand.
        add: Option<String>,
    },
}

impl Action {
    pub(super) fn leave(why: &str) -> Self {
        Self::Leave {
            why: why.to_owned(),
            add: None,
        }
    }
}

impl Step {
    /// Decides about a file of ours.
    pub(super) fn of(wanted: Wanted, base: &Path, top: &Path, force: bool) -> anyhow::Result<Self> {
        let root = if wanted.is_at_top { top } else { base };
        let path = root.join(&wanted.path);
        if is_below_link(root, &wanted.path) {
            let action = Action::leave("a folder above it is a link");
            return Ok(Self { path, action });
        }
        let action = match read(&path)? {
            Found::Nothing => Action::Write {
                before: None,
                text: wanted.text,
            },
            Found::Other(what) => Action::leave(&format!("it is {what}")),
            Found::Text(_) if wanted.is_seed => Action::Same,
            Found::Text(text) if text == wanted.text => Action::Same,
            Found::Text(text) if !text.starts_with(MARKER) => {
                Action::leave("somebody wrote it; `abide init` changes only what it wrote")
            }
            Found::Text(text) if force => Action::Write {
                before: Some(text),
                text: wanted.text,
            },
            Found::Text(_) => {
                Action::leave("it was edited, or the layout changed; --force writes it again")
            }
        };
        Ok(Self { path, action })
    }

    /// Writes it, if that is to be done.
    pub(super) fn apply(&self) -> anyhow::Result<()> {
        match &self.action {
            Action::Write { text, .. } => output::write_text(text, &self.path),
            Action::Same | Action::Leave { .. } => Ok(()),
        }
    }

    /// The difference it would make.
    pub(super) fn diff(&self) -> String {
        let Action::Write { before, text } = &self.action else {
            return String::new();
        };
        let shown = place(&self.path);
        let old = before
            .as_ref()
            .map_or("/dev/null".to_owned(), |_| format!("a/{shown}"));
        let diff = TextDiff::from_lines(before.as_deref().unwrap_or_default(), text);
        let mut unified = diff.unified_diff();
        unified
            .context_radius(3)
            .header(&old, &format!("b/{shown}"))
            .to_string()
    }
}

/// Whether one of the folders between is a link, which may lead anywhere.
fn is_below_link(root: &Path, path: &str) -> bool {
    let folders = Path::new(path).ancestors().skip(1);
    let folders = folders.filter(|folder| !folder.as_os_str().is_empty());
    folders
        .map(|folder| root.join(folder))
        .any(|folder| folder.is_symlink())
}

/// What is at a path.
pub(super) enum Found {
    Nothing,
    Text(String),
    /// Something that must not be replaced.
    Other(&'static str),
}

pub(super) fn read(path: &Path) -> anyhow::Result<Found> {
    let context = || format!("cannot read {}", place(path));
    let data = match fs::symlink_metadata(path) {
        Ok(data) => data,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error).with_context(context),
    };
    // Writing through a link would change, or replace by a file, what is elsewhere.
    if data.is_symlink() {
        return Ok(Found::Other("a link"));
    }
    if !data.is_file() {
        return Ok(Found::Other("no file"));
    }
    let bytes = fs::read(path).with_context(context)?;
    Ok(String::from_utf8(bytes).map_or(Found::Other("not UTF-8"), Found::Text))
}
