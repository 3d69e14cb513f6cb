//! A file whose digest is taken of the very bytes that are judged, while they pass by.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// What was read of the file so far.
#[derive(Debug, Default)]
enum Seen {
    #[default]
    Nothing,
    /// The digest every whole reading gave.
    Whole([u8; 32]),
    /// A reading failed, or two differ.
    Broken(String),
}

/// A file, and the digest of what was read of it.
#[derive(Clone, Debug)]
pub struct Hashed {
    path: PathBuf,
    seen: Arc<Mutex<Seen>>,
}

impl Hashed {
    /// A file that is to be read.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            seen: Arc::default(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn open(&self) -> io::Result<Reader> {
        Ok(Reader {
            file: File::open(&self.path)?,
            hash: Sha256::new(),
            seen: Arc::clone(&self.seen),
        })
    }

    pub(super) fn digest(&self) -> io::Result<Option<String>> {
        match &*self.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            Seen::Nothing => Ok(None),
            Seen::Whole(digest) => Ok(Some(digits(digest))),
            Seen::Broken(why) => Err(io::Error::other(why.clone())),
        }
    }
}

/// Hashes what passes through; whoever stops early has the rest read when it is dropped.
pub(super) struct Reader {
    file: File,
    hash: Sha256,
    seen: Arc<Mutex<Seen>>,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let rest = io::copy(self, &mut io::sink());
        let digest: [u8; 32] = self.hash.finalize_reset().into();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = match (rest, &*seen) {
            (_, Seen::Broken(why)) => Seen::Broken(why.clone()),
            (Err(error), _) => Seen::Broken(error.to_string()),
            (Ok(_), Seen::Whole(before)) if *before != digest => {
                Seen::Broken("it changed while it was read; scan it again".to_owned())
            }
            (Ok(_), _) => Seen::Whole(digest),
        };
    }
}

fn digits(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    digits(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(hashed: &Hashed, bytes: u64) {
        let mut reader = hashed.open().unwrap();
        io::copy(&mut reader.by_ref().take(bytes), &mut io::sink()).unwrap();
    }

    #[test]
    fn the_whole_file_counts_and_a_change_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        std::fs::write(&path, "abc").unwrap();
        let hashed = Hashed::new(path.clone());
        assert_eq!(hashed.digest().unwrap(), None);
        read(&hashed, 1);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hashed.digest().unwrap().as_deref(), Some(abc));
        read(&hashed, 3);
        assert_eq!(hashed.digest().unwrap().as_deref(), Some(abc));
        std::fs::write(&path, "abd").unwrap();
        read(&hashed, 3);
        assert!(hashed.digest().is_err());
    }
}
