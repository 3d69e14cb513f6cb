//! Loading: from a file to an [`Inventory`], secrets already out.
//!
//! [`load`] finds out what the input is and hands it to the loader of that
//! kind. A new kind of input is one new file here and one arm in [`load`].

mod change;
mod detect;
mod hashed;
mod members;
mod plan;
mod plan_config;
mod plan_expression;
mod raw;
mod redact;
mod scan;
mod sections;
mod settle;
mod state;
mod values;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use detect::Described;
pub use detect::NotAnInventory;
pub use hashed::Hashed;
pub use raw::raw;
pub use redact::RedactionKey;
pub use sections::SectionError;
pub use settle::fills_block;

use crate::inventory::Inventory;

/// Where the text of an input comes from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Text in memory, with the name messages call it by.
    Memory {
        /// Name in messages: `-` for standard input.
        name: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A file whose SHA-256 is taken while it is read.
    Hashed(Hashed),
}

impl Input {
    /// The name messages call it by.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Memory { name, .. } => name.clone(),
            Self::Hashed(hashed) => hashed.path().display().to_string(),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path)?),
            Self::Memory { bytes, .. } => Box::new(bytes.as_slice()),
            Self::Hashed(hashed) => Box::new(hashed.open()?),
        })
    }

    /// The same for a first look, which does not count as reading.
    fn peek(&self) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Self::Hashed(hashed) => Ok(Box::new(File::open(hashed.path())?)),
            _ => self.open(),
        }
    }

    /// Where it is, unless it is in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Hashed(hashed) => Some(hashed.path()),
            Self::Memory { .. } => None,
        }
    }

    /// SHA-256 of the bytes that were read, in hexadecimal; nothing if nobody asked for it.
    ///
    /// # Errors
    /// If the file could not be read to its end, or changed between two readings.
    pub fn sha256(&self) -> Result<Option<String>, LoadError> {
        let read = |source| LoadError::Read {
            input: self.name(),
            source,
        };
        match self {
            Self::File(_) => Ok(None),
            Self::Memory { bytes, .. } => Ok(Some(hashed::hex(bytes))),
            Self::Hashed(hashed) => hashed.digest().map_err(read),
        }
    }
}

/// The attributes policies read, by resource type. Everything else stays in the file.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Load every attribute of every type.
    pub everything: bool,
    types: FxHashMap<String, WantedType>,
}

/// The attributes that are read of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedType {
    everything: bool,
    names: FxHashSet<String>,
}

impl Wanted {
    /// Every attribute of every type.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            everything: true,
            types: FxHashMap::default(),
        }
    }

    /// Asks for one top-level attribute of a type.
    pub fn add(&mut self, type_name: &str, attribute: &str) {
        let wanted = self.types.entry(type_name.to_owned()).or_default();
        wanted.names.insert(attribute.to_owned());
    }

    /// Asks for a type, even if no attribute of it is read.
    pub fn touch(&mut self, type_name: &str) {
        self.types.entry(type_name.to_owned()).or_default();
    }

    /// Asks for all attributes of a type.
    pub fn add_all(&mut self, type_name: &str) {
        self.types
            .entry(type_name.to_owned())
            .or_default()
            .everything = true;
    }

    /// What is wanted of a type; `None` if nothing is.
    #[must_use]
    pub fn of(&self, type_name: &str) -> Option<&WantedType> {
        if self.everything {
            Some(WantedType::everything())
        } else {
            self.types.get(type_name)
        }
    }
}

/// All attributes.
static EVERYTHING: LazyLock<WantedType> = LazyLock::new(|| WantedType {
    everything: true,
    names: FxHashSet::default(),
});

impl WantedType {
    fn everything() -> &'static Self {
        &EVERYTHING
    }

    /// Whether an attribute is wanted.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        self.everything || self.names.contains(name)
    }
}

/// How to load.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// What to keep.
    pub wanted: Wanted,
    /// Key of the digests that replace secrets.
    pub key: RedactionKey,
}

/// An input's name in a sentence.
fn shown(input: &str) -> &str {
    match input {
        "-" => "standard input",
        name => name,
    }
}

/// Why an input gave no inventory.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}", shown(input))]
    Read {
        /// The input's name.
        input: String,
        /// The system's reason.
        source: io::Error,
    },
    /// It is something else than a plan, a state or a configuration.
    #[error("{} is {}", shown(input), Described { what, input })]
    NotAnInventory {
        /// The input's name.
        input: String,
        /// What it is instead and what to do.
        what: NotAnInventory,
    },
    /// It is broken JSON.
    #[error(
        "{}: {source}\n  expected the output of `terraform show -json PLANFILE`; write it to the file again",
        shown(input)
    )]
    Sections {
        /// The input's name.
        input: String,
        /// Where it broke.
        source: SectionError,
    },
    /// A part of it has another shape than Terraform writes.
    #[error(
        "{}: {section} at byte {at} is not what Terraform writes: {reason}",
        shown(input)
    )]
    Shape {
        /// The input's name.
        input: String,
        /// The section of the plan or state.
        section: String,
        /// Byte offset of the part.
        at: u64,
        /// What is wrong, without quoting values.
        reason: String,
    },
}

/// Loads a plan (`terraform show -json PLANFILE`), a state (`terraform show
/// -json`) or a state file, whichever the input is.
///
/// # Errors
/// If the input cannot be read or is none of these; the message says what it is.
pub fn load(input: &Input, options: &LoadOptions) -> Result<Inventory, LoadError> {
    match utf8(input)? {
        Some(decoded) => plan::load(&decoded, options),
        None => plan::load(input, options),
    }
}

/// The input in UTF-8, if it is not in it already; what can be no plan is refused.
fn utf8(input: &Input) -> Result<Option<Input>, LoadError> {
    if let Some(path) = input.path() {
        refuse_directory(path)?;
    }
    let name = input.name();
    let read = |source| LoadError::Read {
        input: name.clone(),
        source,
    };
    let mut head = vec![0; 4096];
    let len = fill(&mut *input.peek().map_err(read)?, &mut head).map_err(read)?;
    head.truncate(len);
    let refuse = |head: &[u8]| {
        detect::refuse_other(head).map_err(|what| LoadError::NotAnInventory {
            input: name.clone(),
            what,
        })
    };
    let detect::Encoding::Utf16(encoding) = detect::encoding(&head) else {
        refuse(&head)?;
        return Ok(None);
    };
    let mut bytes = Vec::new();
    input
        .open()
        .map_err(read)?
        .read_to_end(&mut bytes)
        .map_err(read)?;
    let (text, _, malformed) = encoding.decode(&bytes);
    if malformed {
        return Err(LoadError::NotAnInventory {
            input: name,
            what: NotAnInventory::BrokenUtf16,
        });
    }
    let bytes = text.into_owned().into_bytes();
    refuse(&bytes[..bytes.len().min(4096)])?;
    Ok(Some(Input::Memory { name, bytes }))
}

/// Both sides of a plan, for drift.
#[derive(Clone, Debug)]
pub struct Snapshots {
    /// What the code wants (`planned_values`), with the changes made outside Terraform.
    pub desired: Inventory,
    /// What was found when the plan was made (`prior_state`).
    pub found: Inventory,
    /// Whether the plan says what the code wants; one of `-refresh-only` does not.
    pub has_code: bool,
}

/// Loads both sides of a plan.
///
/// # Errors
/// As [`load`], and if the input is a state.
pub fn snapshots(input: &Input, options: &LoadOptions) -> Result<Snapshots, LoadError> {
    match utf8(input)? {
        Some(decoded) => plan::snapshots(&decoded, options),
        None => plan::snapshots(input, options),
    }
}

/// Reads a JSON text inside a value, such as a policy document.
#[must_use]
pub fn value_of_json(text: &str) -> Option<crate::value::Value> {
    values::whole(text).ok()
}

fn refuse_directory(path: &Path) -> Result<(), LoadError> {
    let input = path.display().to_string();
    match std::fs::metadata(path) {
        Ok(data) if data.is_dir() => Err(LoadError::NotAnInventory {
            input,
            what: NotAnInventory::Directory,
        }),
        Ok(_) => Ok(()),
        Err(source) => Err(LoadError::Read { input, source }),
    }
}

fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match reader.read(&mut buffer[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}
