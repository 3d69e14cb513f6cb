//! The ledger's secret key: its text in the environment, a file, or an entry of the system's keyring.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use abide_ledger::note::SecretKey;
use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cli::StoreArgs;
use crate::keyring;

const FILE: &str = ".abide/ledger.key";
/// What a name of an entry begins with where a file could be named.
const KEYRING: &str = "keyring:";

/// Where a key is kept.
enum Keeper {
    File(PathBuf),
    /// An entry of the system's keyring: Keychain, Credential Manager, the kernel's on Linux.
    Keyring(String),
}

impl Keeper {
    fn of(named: &Path) -> Self {
        let name = named.to_str().and_then(|text| text.strip_prefix(KEYRING));
        match name {
            Some(name) => Self::Keyring(name.to_owned()),
            None => Self::File(named.to_owned()),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Keyring(name) => format!("{KEYRING}{name}"),
        }
    }

    /// The key's text; `None` if it is not there.
    fn read(&self) -> anyhow::Result<Option<String>> {
        match self {
            Self::File(path) => match fs::read_to_string(path) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error.into()),
            },
            Self::Keyring(name) => keyring::read(name),
        }
    }

    /// Keeps a new key; gives the one that counts, which another process may have made meanwhile.
    fn make(&self) -> anyhow::Result<String> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
        let text = format!("{}\n", STANDARD.encode(seed));
        match self {
            Self::File(path) => {
                if !make_file(path, &text)? {
                    return Ok(fs::read_to_string(path)?);
                }
            }
            Self::Keyring(name) => keyring::write(name, text.trim_end())?,
        }
        writeln!(
            io::stderr(),
            "note: made the ledger's key {}; keep it out of the repository, and keep a copy",
            self.place()
        )?;
        Ok(text)
    }

    fn key(&self, name: &str, text: &str) -> anyhow::Result<SecretKey> {
        SecretKey::parse(name, text).with_context(|| self.place())
    }
}

/// The ledger's key. One that is not named, or is to be in the keyring, is made when missing.
pub(crate) fn key(args: &StoreArgs) -> anyhow::Result<SecretKey> {
    if let Some(key) = given(args)? {
        return Ok(key);
    }
    let keeper = keeper(args);
    let may_be_made = args.ledger_key.is_none() || matches!(keeper, Keeper::Keyring(_));
    match may_be_made {
        true => read_or_make(&keeper, &name(&args.tenant)),
        false => existing(args),
    }
}

/// The same, which is not made.
pub(crate) fn existing(args: &StoreArgs) -> anyhow::Result<SecretKey> {
    if let Some(key) = given(args)? {
        return Ok(key);
    }
    let keeper = keeper(args);
    let cannot = || format!("cannot read the ledger's key {}", keeper.place());
    let text = keeper.read().with_context(cannot)?;
    let text = text
        .ok_or_else(|| anyhow!("it is not there"))
        .with_context(cannot)?;
    keeper.key(&name(&args.tenant), &text)
}

/// A key that is named, made when missing.
pub(crate) fn named(place: &Path, tenant: &str) -> anyhow::Result<SecretKey> {
    read_or_make(&Keeper::of(place), &name(tenant))
}

fn name(tenant: &str) -> String {
    format!("abide/{tenant}")
}

/// The key whose text the environment has.
fn given(args: &StoreArgs) -> anyhow::Result<Option<SecretKey>> {
    match env::var("ABIDE_LEDGER_KEY") {
        Ok(text) if !text.is_empty() => {
            let key = SecretKey::parse(&name(&args.tenant), &text).context("ABIDE_LEDGER_KEY")?;
            Ok(Some(key))
        }
        _ => Ok(None),
    }
}

fn keeper(args: &StoreArgs) -> Keeper {
    Keeper::of(args.ledger_key.as_deref().unwrap_or(Path::new(FILE)))
}

fn read_or_make(keeper: &Keeper, name: &str) -> anyhow::Result<SecretKey> {
    let text = keeper
        .read()
        .with_context(|| format!("cannot read the ledger's key {}", keeper.place()))?;
    let text = match text {
        Some(text) => text,
        None => keeper
            .make()
            .with_context(|| format!("cannot make the ledger's key {}", keeper.place()))?,
    };
    keeper.key(name, &text)
}

/// Makes a file that only its owner can read; says whether it was not there yet.
fn make_file(path: &Path, text: &str) -> anyhow::Result<bool> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.into()),
    }
}
