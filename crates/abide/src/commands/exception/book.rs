//! The file of exceptions with the rules it is held to, and changes to it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use abide_core::exception::{self, Act, Exception, ExceptionSet, Grant, Rules};
use abide_policy::Severity;
use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;

use crate::cli::{BookArgs, Cli, PolicyArgs};
use crate::config::Config;
use crate::{output, pipeline};

/// The file as it is, or as it will be.
pub(super) struct Book {
    pub(super) path: PathBuf,
    pub(super) set: ExceptionSet,
    pub(super) rules: Rules,
    pub(super) known: Vec<(String, Severity)>,
    pub(super) now: Timestamp,
    text: String,
}

impl Book {
    /// Reads the file; it need not be there yet.
    pub(super) fn open(cli: &Cli, args: &BookArgs) -> anyhow::Result<Self> {
        let config = Config::load(cli)?;
        let path = args.file.clone().or_else(|| config.exceptions_file());
        let path = path.or_else(|| config.usual_exceptions_file());
        let path = path.ok_or_else(|| {
            anyhow!("which file of exceptions? With --no-config name it with --file")
        })?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read exceptions {}", path.display()));
            }
        };
        let policies = PolicyArgs {
            policies: args.policies.clone(),
            ..PolicyArgs::default()
        };
        let settings = pipeline::settings(&config, &policies)?;
        let all = pipeline::all_policies(&config, &policies)?;
        Ok(Self {
            set: ExceptionSet::read(&path.display().to_string(), &text)?,
            rules: config.rules()?,
            known: pipeline::severities(&all, &settings),
            now: args.now.unwrap_or_else(Timestamp::now),
            text,
            path,
        })
    }

    /// The same, if there must be a file.
    pub(super) fn open_existing(cli: &Cli, args: &BookArgs) -> anyhow::Result<Self> {
        let book = Self::open(cli, args)?;
        if !book.path.exists() {
            bail!(
                "there is no {} yet: `abide exception request` begins one, --file names another",
                book.path.display()
            );
        }
        Ok(book)
    }

    /// All exceptions under the rules.
    pub(super) fn grants(&self) -> Vec<Grant<'_>> {
        self.set.judge(&self.known, &self.rules)
    }

    /// One of them by its id.
    pub(super) fn grant(&self, id: &str) -> anyhow::Result<Grant<'_>> {
        let found = self
            .grants()
            .into_iter()
            .find(|grant| grant.exception.id == id);
        found.ok_or_else(|| {
            anyhow!(
                "{}: there is no exception {id}; `abide exception list` names them",
                self.path.display()
            )
        })
    }

    /// Adds an exception, not yet on disk.
    pub(super) fn add(&mut self, exception: &Exception) -> anyhow::Result<()> {
        let text = exception::add_entry(&self.set.file, &self.text, exception)?;
        self.take(text)
    }

    /// Adds an act to an exception, not yet on disk.
    pub(super) fn act(&mut self, id: &str, field: &'static str, act: &Act) -> anyhow::Result<()> {
        let text = exception::add_field(&self.set.file, &self.text, id, field, act)?;
        self.take(text)
    }

    fn take(&mut self, text: String) -> anyhow::Result<()> {
        self.set = ExceptionSet::read(&self.set.file, &text)?;
        self.text = text;
        Ok(())
    }

    /// Writes the file, whole or not at all.
    pub(super) fn save(&self) -> anyhow::Result<()> {
        output::write_text(&self.text, &self.path)
    }

    /// An id that no exception has: the day, and something of what it is for, so that two
    /// branches seldom choose the same.
    pub(super) fn new_id(&self, exception: &Exception) -> String {
        let day = jiff::tz::TimeZone::UTC.to_datetime(self.now).date();
        let digest = exception.digest();
        let taken: BTreeMap<&str, ()> = self
            .set
            .list
            .iter()
            .map(|known| (known.id.as_str(), ()))
            .collect();
        let ids = (4..=digest.len()).map(|length| {
            let short: String = digest.chars().take(length).collect();
            format!("EXC-{}-{short}", day.strftime("%Y%m%d"))
        });
        let mut ids = ids.filter(|id| !taken.contains_key(id.as_str()));
        ids.next().unwrap_or(digest)
    }
}
