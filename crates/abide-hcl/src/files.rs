//! Where source comes from: a directory tree that is never left, or memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// Whether Terraform or OpenTofu reads a file of this name as part of a module.
#[must_use]
pub fn is_source(name: &str) -> bool {
    stem(name).is_some()
}

/// The same in the native syntax: with comments, and to be edited.
#[must_use]
pub fn is_native_source(name: &str) -> bool {
    name.ends_with(".tf") || name.ends_with(".tofu")
}

/// Whether a file of this name gives values to variables.
#[must_use]
pub fn is_variables(name: &str) -> bool {
    name.ends_with(".tfvars") || name.ends_with(".tfvars.json")
}

/// A source file's name without its extension.
pub(crate) fn stem(name: &str) -> Option<&str> {
    [".tf", ".tofu", ".tf.json", ".tofu.json"]
        .iter()
        .find_map(|extension| name.strip_suffix(extension))
}

/// Why a file was not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FileError {
    Missing,
    /// It is outside the limit, or a link leads there.
    Outside,
    TooLarge,
    NotText,
    /// The system's reason.
    Io(String),
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such file"),
            Self::Outside => f.write_str("it is outside the repository, which is never left"),
            Self::TooLarge => f.write_str("it is too large"),
            Self::NotText => f.write_str("it is not UTF-8 text"),
            Self::Io(reason) => f.write_str(reason),
        }
    }
}

/// The files of one load.
pub(crate) enum Files {
    /// Everything below a directory (canonical).
    Disk {
        limit: PathBuf,
        max_size: u64,
        /// Texts that stand for what files hold, or for files that are not there.
        overlay: BTreeMap<PathBuf, String>,
        /// Files that are there but not meant.
        hidden: BTreeSet<PathBuf>,
    },
    /// Texts by normal path.
    Memory(BTreeMap<PathBuf, String>),
}

impl Files {
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        match self {
            Self::Memory(files) => files
                .get(&normal(path))
                .map(|text| text.clone().into_bytes())
                .ok_or(FileError::Missing),
            Self::Disk {
                limit,
                max_size,
                overlay,
                hidden,
            } => {
                let written = normal(path);
                if hidden.contains(&written) {
                    return Err(FileError::Missing);
                }
                match (inside(path, limit), overlay.get(&written)) {
                    (Ok(_), Some(text)) => Ok(text.clone().into_bytes()),
                    (Err(FileError::Missing), Some(text)) => {
                        new_file(&written, limit)?;
                        Ok(text.clone().into_bytes())
                    }
                    (real, _) => open(&real?, *max_size),
                }
            }
        }
    }

    /// Reads a file the user named, inside the limit or not.
    pub(crate) fn read_named(&self, path: &Path) -> Result<String, FileError> {
        let bytes = match self {
            Self::Memory(_) => self.read(path)?,
            Self::Disk { max_size, .. } => open(path, *max_size)?,
        };
        String::from_utf8(bytes).map_err(|_| FileError::NotText)
    }

    pub(crate) fn read_text(&self, path: &Path) -> Result<String, FileError> {
        String::from_utf8(self.read(path)?).map_err(|_| FileError::NotText)
    }

    /// Whether there is a file; an error if it may not be asked for.
    pub(crate) fn exists(&self, path: &Path) -> Result<bool, FileError> {
        match self {
            Self::Memory(files) => Ok(files.contains_key(&normal(path))),
            Self::Disk {
                limit,
                overlay,
                hidden,
                ..
            } => {
                let written = normal(path);
                match inside(path, limit) {
                    Ok(real) => Ok(real.is_file() && !hidden.contains(&written)),
                    Err(FileError::Missing) => {
                        let is_new = overlay.contains_key(&written) && !hidden.contains(&written);
                        Ok(is_new && new_file(&written, limit).is_ok())
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Names of the files in a directory, sorted; `None` if there is no such directory.
    pub(crate) fn list(&self, dir: &Path) -> Result<Option<Vec<String>>, FileError> {
        match self {
            Self::Memory(files) => {
                let dir = normal(dir);
                let names: Vec<String> = files
                    .keys()
                    .filter(|path| path.parent() == Some(&dir))
                    .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
                    .collect();
                Ok((!names.is_empty() || dir.as_os_str().is_empty()).then_some(names))
            }
            Self::Disk {
                limit,
                overlay,
                hidden,
                ..
            } => {
                let real = match inside(dir, limit) {
                    Ok(real) => real,
                    Err(FileError::Missing) => return Ok(None),
                    Err(error) => return Err(error),
                };
                if !real.is_dir() {
                    return Ok(None);
                }
                let dir = normal(dir);
                let mut names = BTreeSet::new();
                for entry in std::fs::read_dir(&real).map_err(|error| io(&error))? {
                    let entry = entry.map_err(|error| io(&error))?;
                    if let Some(name) = entry.file_name().to_str()
                        && !hidden.contains(&dir.join(name))
                    {
                        names.insert(name.to_owned());
                    }
                }
                let meant = overlay.keys().filter(|path| !hidden.contains(*path));
                let texts = meant.filter(|path| path.parent() == Some(&dir));
                let new = texts.filter_map(|path| path.file_name()?.to_str());
                names.extend(new.map(str::to_owned));
                Ok(Some(names.into_iter().collect()))
            }
        }
    }

    /// Paths of all files below a directory, relative to it, at most `max`.
    pub(crate) fn below(&self, dir: &Path, max: usize) -> Result<BTreeSet<String>, FileError> {
        let mut found = BTreeSet::new();
        match self {
            Self::Memory(files) => {
                let dir = normal(dir);
                for path in files.keys() {
                    if let Some(text) = path.strip_prefix(&dir).ok().and_then(Path::to_str) {
                        found.insert(text.to_owned());
                    }
                }
            }
            Self::Disk {
                limit,
                overlay,
                hidden,
                ..
            } => {
                let root = inside(dir, limit)?;
                let written = normal(dir);
                let mut open = vec![(root, String::new())];
                while let Some((dir, prefix)) = open.pop() {
                    for entry in std::fs::read_dir(&dir).map_err(|error| io(&error))? {
                        let entry = entry.map_err(|error| io(&error))?;
                        let name = entry.file_name();
                        let Some(name) = name.to_str() else { continue };
                        let path = format!("{prefix}{name}");
                        // Links to directories are not followed: they may form a ring.
                        let kind = entry.file_type().map_err(|error| io(&error))?;
                        if kind.is_dir() {
                            open.push((entry.path(), format!("{path}/")));
                        } else if !hidden.contains(&written.join(&path)) {
                            found.insert(path);
                        }
                        if found.len() + open.len() > max {
                            return Err(FileError::TooLarge);
                        }
                    }
                }
                let meant = overlay.keys().filter(|path| !hidden.contains(*path));
                let new = meant.filter_map(|path| {
                    new_file(path, limit).ok()?;
                    path.strip_prefix(&written).ok()?.to_str()
                });
                found.extend(new.map(str::to_owned));
            }
        }
        Ok(found)
    }
}

fn open(path: &Path, max_size: u64) -> Result<Vec<u8>, FileError> {
    // Not a device or a pipe, which may never end.
    let meta = std::fs::metadata(path).map_err(|error| io(&error))?;
    if !meta.is_file() {
        return Err(FileError::Io("it is not a regular file".to_owned()));
    }
    if meta.len() > max_size {
        return Err(FileError::TooLarge);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(max_size).read_to_end(&mut bytes))
        .map_err(|error| io(&error))?;
    Ok(bytes)
}

/// The real path if it is inside the limit, links followed.
fn inside(path: &Path, limit: &Path) -> Result<PathBuf, FileError> {
    // First by the text, so that nothing outside can be probed for.
    let written = normal(path);
    let absolute = if written.is_absolute() {
        written
    } else {
        return Err(FileError::Outside);
    };
    if !absolute.starts_with(limit) {
        return Err(FileError::Outside);
    }
    let real = absolute.canonicalize().map_err(|error| io(&error))?;
    if real.starts_with(limit) {
        Ok(real)
    } else {
        Err(FileError::Outside)
    }
}

/// A file that is only in the overlay must be in a directory that may be read.
fn new_file(path: &Path, limit: &Path) -> Result<(), FileError> {
    let parent = path.parent().ok_or(FileError::Missing)?;
    inside(parent, limit).map(|_| ())
}

fn io(error: &std::io::Error) -> FileError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => FileError::Missing,
        kind => FileError::Io(kind.to_string()),
    }
}

/// The path without `.` and, where that is possible, `..`.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir) => {}
                _ => out.push(".."),
            },
            other => out.push(other),
        }
    }
    out
}
