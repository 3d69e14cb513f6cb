//! Where policies come from: the library in the program, and folders of the user's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use abide_policy::{Policy, PolicyErrors};

/// Why a folder of policies cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A policy file is wrong.
    #[error("{0}")]
    Policy(PolicyErrors),
    /// A folder without any policy.
    #[error("{} holds no policy files (*.yaml, *.yml): a wrong folder would check nothing", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
}

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// The library in the program, ordered by id, without its examples: a scan
/// needs none, and they are most of the text (see [`complete`]).
#[must_use]
pub fn builtin() -> Vec<Policy> {
    // The bytes were made by the same code at build time; a test decodes them.
    postcard::from_bytes(BUILTIN).unwrap_or_default()
}

/// Gives a built-in policy its examples; others have theirs.
pub fn complete(policy: &mut Policy) {
    if let Some(text) = builtin_text(&policy.id).filter(|_| policy.docs.examples.is_empty())
        && let Ok(whole) = abide_policy::read(&policy.id, text)
    {
        policy.docs.examples = whole.docs.examples;
    }
}

/// The file of a built-in policy, as it was written.
#[must_use]
pub fn builtin_text(id: &str) -> Option<&'static str> {
    TEXTS
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, text)| *text)
}

/// Reads one policy file.
///
/// # Errors
/// If it cannot be read or is no policy.
pub fn load_file(path: &Path) -> Result<Policy, LibraryError> {
    let text = fs::read_to_string(path).map_err(|source| LibraryError::Read {
        path: path.to_owned(),
        source,
    })?;
    abide_policy::read(&path.display().to_string(), &text).map_err(LibraryError::Policy)
}

/// Reads all policy files of a folder and the folders in it; a file counts as a folder of one.
///
/// # Errors
/// If anything cannot be read, or nothing is there. Errors of all files are shown together.
pub fn load_dir(path: &Path) -> Result<Vec<Policy>, LibraryError> {
    load(path, |_| true)
}

/// Reads the policy files of a folder that also holds Rego: its other YAML is data.
///
/// # Errors
/// As [`load_dir`].
pub fn load_mixed_dir(path: &Path) -> Result<Vec<Policy>, LibraryError> {
    let is_policy = |file: &Path| {
        // What cannot be read is reported when it is loaded.
        fs::read_to_string(file).map_or(true, |text| abide_policy::is_policy(&text))
    };
    load(path, is_policy)
}

fn load(path: &Path, is_policy: impl Fn(&Path) -> bool) -> Result<Vec<Policy>, LibraryError> {
    let mut files = Vec::new();
    collect(path, &mut files, 0)?;
    files.retain(|file| is_policy(file));
    files.sort();
    if files.is_empty() {
        return Err(LibraryError::Empty {
            path: path.to_owned(),
        });
    }
    let mut policies = Vec::new();
    let mut errors = Vec::new();
    for file in &files {
        match load_file(file) {
            Ok(policy) => policies.push(policy),
            Err(LibraryError::Policy(PolicyErrors(list))) => errors.extend(list),
            Err(error) => return Err(error),
        }
    }
    if errors.is_empty() {
        Ok(policies)
    } else {
        Err(LibraryError::Policy(PolicyErrors(errors)))
    }
}

/// How deep folders of policies may nest; links may form rings.
const MAX_DEPTH: usize = 16;

fn collect(path: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<(), LibraryError> {
    let read = |source| LibraryError::Read {
        path: path.to_owned(),
        source,
    };
    let meta = fs::metadata(path).map_err(read)?;
    if meta.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(read)? {
        let entry = entry.map_err(read)?.path();
        let name = entry
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') || depth >= MAX_DEPTH {
            continue;
        }
        if entry.is_dir() {
            collect(&entry, files, depth + 1)?;
        } else if name.ends_with(".yaml") || name.ends_with(".yml") {
            files.push(entry);
        }
    }
    Ok(())
}
