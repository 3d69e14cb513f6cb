//! What `abide.toml` may say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use abide_policy::Severity;
use serde::Deserialize;
use toml::Spanned;

use super::notify::NotifyTable;
use super::targets::TargetTable;
use super::unmanaged::UnmanagedTable;
use super::watch::DriftTable;

/// The file's content. What is judged later keeps its place.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) scan: ScanTable,
    #[serde(default)]
    pub(crate) source: SourceTable,
    #[serde(default)]
    pub(crate) exceptions: ExceptionsTable,
    #[serde(default)]
    pub(crate) rollout: RolloutTable,
    #[serde(default)]
    pub(crate) policies: BTreeMap<Spanned<String>, PolicyTable>,
    #[serde(default)]
    pub(crate) targets: BTreeMap<String, TargetTable>,
    #[serde(default)]
    pub(crate) drift: DriftTable,
    #[serde(default)]
    pub(crate) notify: BTreeMap<String, NotifyTable>,
    #[serde(default)]
    pub(crate) unmanaged: UnmanagedTable,
}

/// `[scan]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScanTable {
    pub(crate) policies: Option<Vec<PathBuf>>,
    pub(crate) builtin: Option<bool>,
    pub(crate) frameworks: Option<Vec<Spanned<String>>>,
    pub(crate) select: Option<Vec<Spanned<String>>>,
    pub(crate) ignore: Option<Vec<Spanned<String>>>,
    pub(crate) strict: Option<bool>,
    pub(crate) account: Option<AccountSetting>,
    pub(crate) fail_on: Option<Spanned<String>>,
    pub(crate) on_unknown: Option<UnknownSetting>,
    pub(crate) baseline: Option<PathBuf>,
}

/// `[source]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceTable {
    pub(crate) directory: Option<PathBuf>,
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, toml::Value>,
    pub(crate) var_files: Option<Vec<Spanned<PathBuf>>>,
    pub(crate) workspace: Option<String>,
}

/// The values of variables may be secrets.
impl std::fmt::Debug for SourceTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceTable")
            .field("directory", &self.directory)
            .field("var_files", &self.var_files)
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
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
    pub(crate) require_requester: Option<bool>,
    pub(crate) approvers: Option<Vec<String>>,
    pub(crate) renewals: Option<Spanned<i64>>,
    pub(crate) break_glass_hours: Option<Spanned<i64>>,
    pub(crate) warn_days: Option<Spanned<i64>>,
    #[serde(default)]
    pub(crate) max_days: SeverityTable,
    #[serde(default)]
    pub(crate) approvals: SeverityTable,
}

/// A number for some severities.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeverityTable {
    pub(crate) critical: Option<Spanned<i64>>,
    pub(crate) high: Option<Spanned<i64>>,
    pub(crate) medium: Option<Spanned<i64>>,
    pub(crate) low: Option<Spanned<i64>>,
}

/// `[rollout]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolloutTable {
    pub(crate) default: Option<Spanned<toml::Value>>,
}

/// `[policies.POL-0001]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyTable {
    pub(crate) enabled: Option<bool>,
    pub(crate) severity: Option<Severity>,
    pub(crate) rollout: Option<Spanned<toml::Value>>,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
}
