//! The file: written whole or not at all, by one process at a time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;

use crate::memory::Memory;

/// The memory in its file. A change is on disk before anybody acts on it.
#[derive(Debug)]
pub struct Book {
    path: PathBuf,
    memory: Mutex<Memory>,
    /// Held as long as the book is open.
    _lock: File,
}

/// Why the book cannot be opened or written.
#[derive(Debug, Error)]
pub enum BookError {
    /// The disk does not want to.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else has it open.
    #[error(
        "{0} is in use by another abide: one watches at a time; end that one, or give this one a file of its own with --memory"
    )]
    InUse(PathBuf),
    /// It is not what we wrote.
    #[error(
        "{path} cannot be read: {why}. It holds what was told already; restore it, or move it away, and all that stands is told again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

impl Book {
    /// Opens the file, or begins one.
    ///
    /// # Errors
    /// If another process has it open, or it cannot be read or written.
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let io = |source| BookError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&name)
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(BookError::InUse(path.to_owned())),
            Err(fs::TryLockError::Error(source)) => return Err(io(source)),
        }
        let memory = match fs::read_to_string(path) {
            Ok(text) => read(path, &text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut random = [0; 32];
                getrandom::fill(&mut random).map_err(|e| BookError::Random(e.to_string()))?;
                let memory = Memory::new(random);
                write(path, &memory).map_err(io)?;
                memory
            }
            Err(error) => return Err(io(error)),
        };
        Ok(Self {
            path: path.to_owned(),
            memory: Mutex::new(memory),
            _lock: lock,
        })
    }

    /// Changes the memory. When this comes back, the change is on disk; if it fails, nothing
    /// changed.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn change<R>(&self, change: impl FnOnce(&mut Memory) -> R) -> Result<R, BookError> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = memory.clone();
        let result = change(&mut next);
        if next != *memory {
            write(&self.path, &next).map_err(|source| BookError::Io {
                path: self.path.clone(),
                source,
            })?;
            *memory = next;
        }
        Ok(result)
    }

    /// Looks at the memory.
    pub fn read<R>(&self, look: impl FnOnce(&Memory) -> R) -> R {
        look(&self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(path: &Path, text: &str) -> Result<Memory, BookError> {
    let damaged = |why: String| BookError::Damaged {
        path: path.to_owned(),
        why,
    };
    let memory: Memory = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
    match memory.version() {
        Memory::VERSION => Ok(memory),
        other => Err(damaged(format!(
            "it has form {other}, this abide knows {}",
            Memory::VERSION
        ))),
    }
}

/// A new file takes the old one's place; only its owner can read it.
fn write(path: &Path, memory: &Memory) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(io::BufWriter::new(&mut file), memory)?;
    file.as_file_mut().flush()?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // Else the name may be lost with the power.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again_and_only_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/watch.json");
        let book = Book::open(&path).unwrap();
        assert!(matches!(Book::open(&path), Err(BookError::InUse(_))));
        book.change(|memory| memory.desk.delivered = 7).unwrap();
        let key = book.read(Memory::key);
        drop(book);
        let book = Book::open(&path).unwrap();
        assert_eq!(
            (book.read(|m| m.desk.delivered), book.read(Memory::key)),
            (7, key)
        );
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 2);
    }

    #[test]
    fn what_cannot_be_written_did_not_happen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/watch.json");
        let book = Book::open(&path).unwrap();
        fs::rename(folder.path().join("a"), folder.path().join("b")).unwrap();
        assert!(book.change(|memory| memory.desk.delivered = 7).is_err());
        assert_eq!(book.read(|memory| memory.desk.delivered), 0);
    }

    #[test]
    fn a_damaged_file_is_never_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watch.json");
        for text in [
            "",
            "{\"version\": 1",
            "{\"version\":2,\"key\":\"\",\"desk\":{\"seed\":\"\"}}",
        ] {
            fs::write(&path, text).unwrap();
            assert!(
                matches!(Book::open(&path), Err(BookError::Damaged { .. })),
                "{text}"
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
