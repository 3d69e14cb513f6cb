//! `abide.toml`: found from the current folder upwards; unknown keys are errors.
//!
//! A setting comes from a flag, else from the file, else from the default.
//! [`Config::show`] tells which.

mod exceptions;
mod file;
mod notify;
mod rollout;
mod show;
mod source;
mod targets;
mod unmanaged;
mod watch;

use std::env;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use abide_controls::Framework;
use abide_core::gate::OnUnknown;
use abide_core::policy::{CompileError, PolicySettings, SelectionError, Selector};
use abide_core::rollout::Rollout;
use abide_policy::{Literal, Severity};
use anyhow::{Context, anyhow, bail};
use toml::Spanned;

use crate::cli::Cli;

pub(crate) use file::AccountSetting;
use file::{File, PolicyTable, UnknownSetting};
pub(crate) use targets::Target;
pub(crate) use unmanaged::IgnoreEntry;

/// The name that is looked for.
const FILE_NAME: &str = "abide.toml";

/// The configuration and where it was found.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// The file, if there is one.
    pub(crate) path: Option<PathBuf>,
    /// Its content.
    pub(crate) file: File,
    /// Its text, for the places of what is wrong.
    text: String,
    /// Nothing is to be read that no flag names.
    is_off: bool,
}

impl Config {
    /// Finds and reads the file.
    pub(crate) fn load(cli: &Cli) -> anyhow::Result<Self> {
        let path = match &cli.config {
            Some(path) => Some(path.clone()),
            None if cli.no_config => None,
            None => find(),
        };
        let Some(path) = path else {
            return Ok(Self {
                is_off: cli.no_config,
                ..Self::default()
            });
        };
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let file: File = toml::from_str(&text).map_err(|error| {
            let place = place(&path, &text, error.span());
            anyhow!("{place}: {}", describe(error.message()))
        })?;
        let config = Self {
            path: Some(path),
            file,
            text,
            is_off: false,
        };
        // What needs no policies is judged at once, whatever the command.
        config.settings()?;
        config.frameworks()?;
        config.fail_on()?;
        config.rules()?;
        Ok(config)
    }

    /// An error at a place of the file.
    fn error(&self, span: Range<usize>, message: impl std::fmt::Display) -> anyhow::Error {
        match &self.path {
            Some(path) => anyhow!("{}: {message}", place(path, &self.text, Some(span))),
            None => anyhow!("{message}"),
        }
    }

    /// An error of choosing policies, at its place if it comes from the file: from `lists`, which
    /// are those in use, or from the tables of single policies.
    pub(crate) fn selection_error(
        &self,
        error: SelectionError,
        lists: &[Option<&Vec<Spanned<String>>>],
    ) -> anyhow::Error {
        let text = error.text();
        let entries = lists.iter().flatten().copied().flatten();
        let named = entries
            .filter(|entry| selector(entry).to_string() == text)
            .chain(self.file.policies.keys().filter(|id| id.get_ref() == text));
        match named.map(Spanned::span).next() {
            Some(span) => self.error(span, error),
            None => error.into(),
        }
    }

    /// An error of a policy under settings, at its place if it comes from the file.
    pub(crate) fn compile_error(
        &self,
        error: CompileError,
        settings: &PolicySettings,
    ) -> anyhow::Error {
        let (CompileError::Parameter { id, name, .. } | CompileError::Refused { id, name, .. }) =
            &error
        else {
            return error.into();
        };
        let is_typed = settings
            .words
            .get(id)
            .is_some_and(|words| words.contains_key(name));
        let table = self
            .file
            .policies
            .iter()
            .find(|(key, _)| key.get_ref() == id);
        let parameter = table.and_then(|(_, table)| {
            let mut parameters = table.parameters.iter();
            parameters.find(|(key, _)| key.get_ref() == name)
        });
        match (parameter, &error) {
            (Some((key, _)), CompileError::Parameter { .. }) if !is_typed => {
                self.error(key.span(), error)
            }
            (Some((_, value)), _) if !is_typed => self.error(value.span(), error),
            _ => error.into(),
        }
    }

    /// A path in the file is relative to the file.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        match self.path.as_deref().and_then(Path::parent) {
            Some(folder) if !folder.as_os_str().is_empty() => folder.join(path),
            _ => path.to_owned(),
        }
    }

    fn name(&self) -> String {
        self.path
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default()
    }

    /// Overrides of single policies.
    pub(crate) fn settings(&self) -> anyhow::Result<PolicySettings> {
        let mut settings = PolicySettings::default();
        if let Some(value) = &self.file.rollout.default {
            settings.default_rollout = self.rollout("rollout.default", value)?;
        }
        for (id, table) in &self.file.policies {
            self.policy(id.get_ref(), table, &mut settings)?;
        }
        Ok(settings)
    }

    fn policy(
        &self,
        id: &str,
        table: &PolicyTable,
        settings: &mut PolicySettings,
    ) -> anyhow::Result<()> {
        if let Some(enabled) = table.enabled {
            settings.enabled.insert(id.to_owned(), enabled);
        }
        if let Some(severity) = table.severity {
            settings.severity.insert(id.to_owned(), severity);
        }
        if let Some(value) = &table.rollout {
            let rollout = self.rollout(&format!("policies.{id}.rollout"), value)?;
            settings.rollout.insert(id.to_owned(), rollout);
        }
        // An empty table still names a policy.
        let parameters = settings.parameters.entry(id.to_owned()).or_default();
        for (name, value) in &table.parameters {
            let Some(literal) = literal(value.get_ref()) else {
                let message = format!(
                    "policies.{id}.parameters.{}: expected a text, a number, true, false or a list of these",
                    name.get_ref()
                );
                return Err(self.error(value.span(), message));
            };
            parameters.insert(name.get_ref().clone(), literal);
        }
        Ok(())
    }

    fn rollout(&self, name: &str, value: &Spanned<toml::Value>) -> anyhow::Result<Rollout> {
        rollout::read(value.get_ref())
            .map_err(|message| self.error(value.span(), format!("{name}: {message}")))
    }

    /// `frameworks`, parsed.
    pub(crate) fn frameworks(&self) -> anyhow::Result<Vec<Framework>> {
        let list = self.file.scan.frameworks.iter().flatten();
        list.map(|text| {
            let parsed = text.get_ref().parse();
            parsed.map_err(|error| self.error(text.span(), format!("scan.frameworks: {error}")))
        })
        .collect()
    }

    /// `select` or `ignore`, parsed.
    pub(crate) fn selectors(list: Option<&Vec<Spanned<String>>>) -> Vec<Selector> {
        list.into_iter().flatten().map(selector).collect()
    }

    /// `fail_on`, parsed; the inner `None` is `never`.
    pub(crate) fn fail_on(&self) -> anyhow::Result<Option<Option<Severity>>> {
        let Some(text) = &self.file.scan.fail_on else {
            return Ok(None);
        };
        match crate::cli::fail_on(text.get_ref()) {
            Ok(fail_on) => Ok(Some(fail_on.0)),
            Err(message) => Err(self.error(text.span(), format!("scan.fail_on: {message}"))),
        }
    }

    /// `on_unknown`.
    pub(crate) fn on_unknown(&self) -> Option<OnUnknown> {
        self.file.scan.on_unknown.map(|setting| match setting {
            UnknownSetting::Warn => OnUnknown::Warn,
            UnknownSetting::Fail => OnUnknown::Fail,
            UnknownSetting::Ignore => OnUnknown::Ignore,
        })
    }
}

fn find() -> Option<PathBuf> {
    let here = env::current_dir().ok()?;
    here.ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
        .map(|path| {
            // Messages read better with a short path.
            path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)
        })
}

fn place(path: &Path, text: &str, span: Option<Range<usize>>) -> String {
    let Some(span) = span else {
        return path.display().to_string();
    };
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    format!("{}:{line}:{column}", path.display())
}

fn selector(text: &Spanned<String>) -> Selector {
    let Ok(selector) = text.get_ref().parse();
    selector
}

/// `; did you mean …?`, if a known name is near.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let distances = known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known));
    match distances.min().filter(|(distance, _)| *distance <= 3) {
        Some((_, known)) => format!("; did you mean `{known}`?"),
        None => String::new(),
    }
}

/// serde's message, with what was probably meant.
fn describe(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.as_slice() {
        [found, known @ ..] if message.starts_with("unknown ") => {
            format!("{message}{}", nearest(found, known.iter().copied()))
        }
        _ => message.to_owned(),
    }
}

fn literal(value: &toml::Value) -> Option<Literal> {
    Some(match value {
        toml::Value::String(text) => Literal::String(text.clone()),
        toml::Value::Integer(int) => Literal::Int(*int),
        toml::Value::Float(float) => Literal::Float(*float),
        toml::Value::Boolean(bool) => Literal::Bool(*bool),
        toml::Value::Array(list) => Literal::List(list.iter().map(literal).collect::<Option<_>>()?),
        toml::Value::Datetime(_) | toml::Value::Table(_) => return None,
    })
}

/// Reads `POL-0002.allowed_ports=80,443` into settings.
pub(crate) fn set(text: &str, settings: &mut PolicySettings) -> anyhow::Result<()> {
    let parts = text
        .split_once('=')
        .and_then(|(name, value)| Some((name.split_once('.')?, value)));
    let Some(((id, name), value)) = parts else {
        bail!("`--set {text}`: expected POLICY.NAME=VALUE, e.g. POL-0002.allowed_ports=80,443");
    };
    settings
        .words
        .entry(id.to_owned())
        .or_default()
        .insert(name.to_owned(), value.to_owned());
    Ok(())
}
