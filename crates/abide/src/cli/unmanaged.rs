//! Flags of `abide unmanaged`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PolicyArgs;

pub(crate) const UNMANAGED_HELP: &str = "\
The accounts of the targets are listed by read-only calls; what the states of all targets hold, what
AWS made by itself and what belongs to something else is taken away. The rest is in no state.
--evaluate lets terraform (or tofu) read it by import blocks in a scratch folder, and judges it.
Nothing is imported, and no state is written.

Exit codes:
  0  nothing is unmanaged (with --evaluate: nothing unmanaged violates a policy)
  1  something is
  2  something could not be looked at

Examples:
  abide unmanaged prod
  abide unmanaged --all --evaluate --format markdown
  abide unmanaged prod --type aws_s3_bucket --out-imports imports.tf";

#[derive(Debug, Args)]
pub(crate) struct UnmanagedArgs {
    /// Targets of abide.toml, whose accounts are looked at
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,

    /// All targets of abide.toml
    #[arg(long, conflicts_with = "targets")]
    pub(crate) all: bool,

    /// Regions to look at, or `all` that are enabled [default: those of the states and the
    /// credentials]
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub(crate) region: Vec<String>,

    /// Resource types to look for [default: all that are known]
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    pub(crate) types: Vec<String>,

    /// Read what was found and judge it by the policies
    #[arg(long)]
    pub(crate) evaluate: bool,

    /// Write import blocks for what was found
    #[arg(long, value_name = "FILE")]
    pub(crate) out_imports: Option<PathBuf>,

    /// Exceptions for findings [default: exceptions.file of abide.toml, else .abide/exceptions.yaml]
    #[arg(long, value_name = "FILE")]
    pub(crate) exceptions: Option<PathBuf>,

    /// How many calls are made at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// What to print
    #[arg(long, value_enum, default_value_t = Listed::Human, help_heading = "Output")]
    pub(crate) format: Listed,

    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// Tell how long each step took
    #[arg(long, help_heading = "Output")]
    pub(crate) timings: bool,
}

/// How unmanaged resources are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    Human,
    Markdown,
    Json,
}
