//! `[targets.NAME]`: what is looked at for drift.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use serde::Deserialize;
use toml::Spanned;

use super::Config;

/// One target: a root module in one workspace, with its account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetTable {
    /// The root module, relative to the file.
    pub(crate) directory: PathBuf,
    /// Terraform's workspace.
    pub(crate) workspace: Option<String>,
    /// The account that must be meant, 12 digits.
    pub(crate) account: Option<Spanned<String>>,
    /// Files of variables, relative to the file.
    #[serde(default)]
    pub(crate) var_files: Vec<PathBuf>,
    /// `key=value` for `init -backend-config`.
    #[serde(default)]
    pub(crate) backend_config: Vec<String>,
    /// A profile of the AWS configuration, which may assume a role.
    pub(crate) profile: Option<String>,
    /// Further variables of the environment.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// The program: a name on the PATH, or a path.
    pub(crate) terraform: Option<PathBuf>,
    /// For init, plan and show together, e.g. `20m`.
    pub(crate) timeout: Option<Spanned<String>>,
    /// Whether what is checked out is what was applied last.
    pub(crate) applied: Option<bool>,
    /// Whom it belongs to.
    pub(crate) owner: Option<String>,
    /// When it is looked at by `abide drift --watch`: a cron expression.
    pub(crate) schedule: Option<Spanned<String>>,
    /// The time zone of the schedule, e.g. `Europe/Berlin`.
    pub(crate) time_zone: Option<Spanned<String>>,
    /// The routes that hear of it.
    pub(crate) notify: Option<Vec<Spanned<String>>>,
}

/// Twice what a plan of a large root module takes.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// A target with its name, checked.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) table: TargetTable,
    pub(crate) directory: PathBuf,
    pub(crate) var_files: Vec<PathBuf>,
    pub(crate) account: Option<String>,
    pub(crate) timeout: Duration,
}

impl Config {
    /// All targets, by name.
    pub(crate) fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let targets = self.file.targets.iter();
        targets
            .map(|(name, table)| self.target(name, table))
            .collect()
    }

    fn target(&self, name: &str, table: &TargetTable) -> anyhow::Result<Target> {
        let account = match &table.account {
            Some(account) if !is_account(account.get_ref()) => {
                let message = format!(
                    "account `{}` of target `{name}`: expected 12 digits in quotes",
                    account.get_ref()
                );
                return Err(self.error(account.span(), message));
            }
            account => account.as_ref().map(|account| account.get_ref().clone()),
        };
        let timeout = match &table.timeout {
            None => TIMEOUT,
            Some(text) => duration(text.get_ref()).ok_or_else(|| {
                let message = format!(
                    "timeout `{}` of target `{name}`: expected a time such as 90s, 20m or 1h",
                    text.get_ref()
                );
                self.error(text.span(), message)
            })?,
        };
        let absolute = |path: &PathBuf| {
            std::path::absolute(self.resolve(path))
                .map_err(|error| anyhow!("{}: {error}", path.display()))
        };
        Ok(Target {
            name: name.to_owned(),
            directory: absolute(&table.directory)?,
            var_files: table
                .var_files
                .iter()
                .map(absolute)
                .collect::<Result<_, _>>()?,
            account,
            timeout,
            table: table.clone(),
        })
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn duration(text: &str) -> Option<Duration> {
    let span: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(span).ok().filter(|time| !time.is_zero())
}
