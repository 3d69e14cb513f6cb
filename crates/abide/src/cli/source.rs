//! Flags of Terraform source.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

/// How Terraform source is read.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SourceArgs {
    /// Terraform source a plan or state was made of [default: source.directory of abide.toml;
    /// else its folder or the current one, if it fits]
    #[arg(long, value_name = "DIR", help_heading = "Source")]
    pub(crate) source: Option<PathBuf>,

    /// Do not look for the source of a plan
    #[arg(long, conflicts_with = "source", help_heading = "Source")]
    pub(crate) no_source: bool,

    #[command(flatten)]
    pub(crate) root: RootArgs,

    /// Plans to judge in place of directories; no flag sets it.
    #[arg(skip)]
    pub(crate) plans: BTreeMap<PathBuf, Arc<[u8]>>,
}

/// How a root module is read.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RootArgs {
    /// Set a variable of the root module, as for terraform plan
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment, help_heading = "Source")]
    pub(crate) var: Vec<(String, String)>,

    /// File with values of variables, as for terraform plan
    #[arg(long, value_name = "FILE", value_parser = present, help_heading = "Source")]
    pub(crate) var_file: Vec<PathBuf>,

    /// Value of terraform.workspace [default: TF_WORKSPACE, that of abide.toml, or the one
    /// Terraform selected]
    #[arg(long, value_name = "NAME", help_heading = "Source")]
    pub(crate) workspace: Option<String>,

    /// What the configuration says; any flag wins.
    #[arg(skip)]
    pub(crate) configured: Configured,

    /// Texts in place of what files hold; no flag sets it.
    #[arg(skip)]
    pub(crate) overlay: Overlay,
}

/// `[source]` of the configuration, as far as flags are stronger.
#[derive(Clone, Default)]
pub(crate) struct Configured {
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) workspace: Option<String>,
}

/// The values of variables may be secrets.
impl std::fmt::Debug for Configured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Configured")
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}

/// What directories are to be read as instead of what is in them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlay {
    /// Texts by path.
    pub(crate) texts: BTreeMap<PathBuf, String>,
    /// Files that are not meant.
    pub(crate) hidden: BTreeSet<PathBuf>,
}

/// A file that is there: without its values the wrong thing would be judged.
pub(crate) fn present(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match std::fs::metadata(&path) {
        Ok(data) if data.is_file() => Ok(path),
        Ok(_) => Err("it is no file".to_owned()),
        Err(error) => Err(format!("it cannot be read: {error}")),
    }
}

pub(crate) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}
