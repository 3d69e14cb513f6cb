//! `abide.toml`: found from the current folder upwards; unknown keys are errors.
//!
//! A setting comes from a flag, else from the file, else from the default.
//! [`Config::show`] tells which.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use abide_controls::Framework;
use abide_core::gate::OnUnknown;
use abide_core::policy::{PolicySettings, Selector};
use abide_policy::{Literal, Severity};
use anyhow::{Context, bail};
use serde::Deserialize;

use crate::cli::Cli;

/// The name that is looked for.
const FILE_NAME: &str = "abide.toml";

/// The file's content.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) scan: ScanTable,
    #[serde(default)]
    pub(crate) exceptions: ExceptionsTable,
    #[serde(default)]
    pub(crate) policies: BTreeMap<String, PolicyTable>,
}

/// `[scan]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScanTable {
    pub(crate) policies: Option<Vec<PathBuf>>,
    pub(crate) builtin: Option<bool>,
    pub(crate) frameworks: Option<Vec<String>>,
    pub(crate) select: Option<Vec<String>>,
    pub(crate) ignore: Option<Vec<String>>,
    pub(crate) strict: Option<bool>,
    pub(crate) account: Option<AccountSetting>,
    pub(crate) fail_on: Option<String>,
    pub(crate) on_unknown: Option<UnknownSetting>,
    pub(crate) baseline: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccountSetting {
    Auto,
    Off,
    Baseline,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnknownSetting {
    Warn,
    Fail,
    Ignore,
}

/// `[exceptions]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExceptionsTable {
    pub(crate) file: Option<PathBuf>,
    pub(crate) allow_unapproved: Option<bool>,
}

/// `[policies.POL-0001]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyTable {
    pub(crate) enabled: Option<bool>,
    pub(crate) severity: Option<Severity>,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, toml::Value>,
}

/// The configuration and where it was found.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// The file, if there is one.
    pub(crate) path: Option<PathBuf>,
    /// Its content.
    pub(crate) file: File,
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
            return Ok(Self::default());
        };
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let file: File = toml::from_str(&text).map_err(|error| {
            anyhow::anyhow!(
                "{}: {}",
                place(&path, &text, &error),
                describe(error.message())
            )
        })?;
        let config = Self {
            path: Some(path),
            file,
        };
        config.settings()?;
        Ok(config)
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
        for (id, table) in &self.file.policies {
            settings
                .enabled
                .extend(table.enabled.map(|enabled| (id.clone(), enabled)));
            settings
                .severity
                .extend(table.severity.map(|severity| (id.clone(), severity)));
            for (name, value) in &table.parameters {
                let Some(literal) = literal(value) else {
                    bail!(
                        "{}: policies.{id}.parameters.{name}: expected a text, a number, true, false or a list of these",
                        self.name()
                    );
                };
                settings
                    .parameters
                    .entry(id.clone())
                    .or_default()
                    .insert(name.clone(), literal);
            }
        }
        Ok(settings)
    }

    /// `frameworks`, parsed.
    pub(crate) fn frameworks(&self) -> anyhow::Result<Vec<Framework>> {
        let list = self.file.scan.frameworks.iter().flatten();
        list.map(|text| {
            text.parse()
                .with_context(|| format!("{}: scan.frameworks", self.name()))
        })
        .collect()
    }

    /// `select` or `ignore`, parsed.
    pub(crate) fn selectors(list: Option<&Vec<String>>) -> Vec<Selector> {
        list.into_iter()
            .flatten()
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    /// `fail_on`, parsed; the inner `None` is `never`.
    pub(crate) fn fail_on(&self) -> anyhow::Result<Option<Option<Severity>>> {
        let Some(text) = &self.file.scan.fail_on else {
            return Ok(None);
        };
        match crate::cli::fail_on(text) {
            Ok(fail_on) => Ok(Some(fail_on.0)),
            Err(message) => bail!("{}: scan.fail_on: {message}", self.name()),
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

    /// Every setting with its value and origin, in order.
    pub(crate) fn show(&self) -> anyhow::Result<Vec<(String, serde_json::Value, String)>> {
        let scan = &self.file.scan;
        let file = self.name();
        let mut rows = Vec::new();
        let mut row = |name: &str, value: Option<serde_json::Value>, default: serde_json::Value| {
            let origin = if value.is_some() {
                file.clone()
            } else {
                "default".to_owned()
            };
            rows.push((name.to_owned(), value.unwrap_or(default), origin));
        };
        let json = |value: Option<String>| value.map(serde_json::Value::from);
        let paths = |list: Option<&Vec<PathBuf>>| {
            list.map(|list| {
                list.iter()
                    .map(|path| self.resolve(path).display().to_string())
                    .collect::<Vec<_>>()
                    .into()
            })
        };
        row(
            "scan.policies",
            paths(scan.policies.as_ref()),
            serde_json::json!([]),
        );
        row("scan.builtin", scan.builtin.map(Into::into), true.into());
        row(
            "scan.frameworks",
            scan.frameworks.clone().map(Into::into),
            serde_json::json!([]),
        );
        row(
            "scan.select",
            scan.select.clone().map(Into::into),
            serde_json::json!([]),
        );
        row(
            "scan.ignore",
            scan.ignore.clone().map(Into::into),
            serde_json::json!([]),
        );
        row("scan.strict", scan.strict.map(Into::into), false.into());
        row(
            "scan.account",
            json(scan.account.map(|a| format!("{a:?}").to_lowercase())),
            "auto".into(),
        );
        row("scan.fail_on", json(scan.fail_on.clone()), "high".into());
        row(
            "scan.on_unknown",
            json(scan.on_unknown.map(|u| format!("{u:?}").to_lowercase())),
            "warn".into(),
        );
        row(
            "scan.baseline",
            json(
                scan.baseline
                    .as_ref()
                    .map(|path| self.resolve(path).display().to_string()),
            ),
            serde_json::Value::Null,
        );
        row(
            "exceptions.file",
            json(
                self.file
                    .exceptions
                    .file
                    .as_ref()
                    .map(|path| self.resolve(path).display().to_string()),
            ),
            serde_json::Value::Null,
        );
        row(
            "exceptions.allow_unapproved",
            self.file.exceptions.allow_unapproved.map(Into::into),
            false.into(),
        );
        for (id, table) in &self.file.policies {
            if let Some(enabled) = table.enabled {
                row(
                    &format!("policies.{id}.enabled"),
                    Some(enabled.into()),
                    true.into(),
                );
            }
            if let Some(severity) = table.severity {
                row(
                    &format!("policies.{id}.severity"),
                    Some(severity.as_str().into()),
                    serde_json::Value::Null,
                );
            }
            for (name, value) in &table.parameters {
                row(
                    &format!("policies.{id}.parameters.{name}"),
                    Some(serde_json::to_value(value)?),
                    serde_json::Value::Null,
                );
            }
        }
        Ok(rows)
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

fn place(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else {
        return path.display().to_string();
    };
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    format!("{}:{line}:{column}", path.display())
}

/// serde's message, with what was probably meant.
fn describe(message: &str) -> String {
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.as_slice() {
        [found, known @ ..] if message.starts_with("unknown ") => {
            let nearest = known
                .iter()
                .map(|name| (strsim::damerau_levenshtein(found, name), name))
                .min();
            match nearest.filter(|(distance, _)| *distance <= 3) {
                Some((_, name)) => format!("{message}; did you mean `{name}`?"),
                None => message.to_owned(),
            }
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
    let one = |text: &str| match (text.parse::<bool>(), text.parse::<i64>()) {
        (Ok(bool), _) => Literal::Bool(bool),
        // A leading zero is text: an account id.
        (_, Ok(int)) if !text.starts_with('0') || text == "0" => Literal::Int(int),
        _ => Literal::String(text.to_owned()),
    };
    let literal = if value.contains(',') {
        Literal::List(value.split(',').map(one).collect())
    } else {
        one(value)
    };
    settings
        .parameters
        .entry(id.to_owned())
        .or_default()
        .insert(name.to_owned(), literal);
    Ok(())
}
