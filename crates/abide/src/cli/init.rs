//! Flags of `abide init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(crate) const INIT_HELP: &str = "\
Finds root modules, variable files and workspaces, and writes abide.toml, .abide/, a workflow for CI
and an entry for pre-commit. What somebody wrote is left as it is; a second run changes nothing.

Exit codes:
  0  it is set up, or was already
  2  there is no Terraform source, or a file could not be written

Examples:
  abide init --dry-run
  abide init
  abide init infra --ci gitlab";

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder that gets abide.toml
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// CI system to write for [default: what the remote `origin` or the files there say]
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) ci: Option<Ci>,

    /// Print what would be written, as a difference; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write again what `abide init` wrote, also if it was edited since; never the exceptions
    #[arg(long)]
    pub(crate) force: bool,
}

/// A CI system that init writes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ci {
    Github,
    Gitlab,
    None,
}
