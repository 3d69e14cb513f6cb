//! Flags of `abide fix` and `abide lsp`.

use std::path::Path;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{PolicyArgs, RootArgs};

pub(crate) const FIX_HELP: &str = "\
An edit is offered only if the policies, judged again on the edited source, show that the
finding passes and nothing else fails.

Exit codes:
  0  everything is fixed, or there is nothing to fix
  1  findings remain, each with the reason
  2  the job could not be done: usage, unreadable source, files with uncommitted changes

Examples:
  abide fix
  abide fix infra --select POL-0331 --write
  abide fix infra --plan plan.json";

#[derive(Clone, Debug, Args)]
pub(crate) struct FixArgs {
    /// Directory of the root module [default: source.directory of abide.toml, or .]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Fix what fails in this plan; edits go to DIR and are proven there
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// Write the edits into the files
    #[arg(long)]
    pub(crate) write: bool,

    /// Write also into files that have uncommitted changes or are not in git
    #[arg(long, requires = "write")]
    pub(crate) allow_dirty: bool,

    #[command(flatten)]
    pub(crate) root: RootArgs,

    /// How to print: a unified diff, JSON with the edits, or the findings with an edit for each
    #[arg(long, value_enum, default_value_t = FixFormat::Human)]
    pub(crate) format: FixFormat,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

impl FixArgs {
    pub(crate) fn dir(&self) -> &Path {
        self.dir.as_deref().unwrap_or(Path::new("."))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FixFormat {
    Human,
    Json,
    Markdown,
    Sarif,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct LspArgs {
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// Accepted because editors pass it; there is no other way
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}
