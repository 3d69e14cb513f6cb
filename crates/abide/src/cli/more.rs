//! Flags of `abide baseline`, `config`, `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ListFormat, PolicyArgs, SourceArgs, now};

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Write all findings of the inputs to a baseline
    Create(BaselineArgs),
    /// Take findings out of a baseline that are gone
    Prune(BaselineArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BaselineArgs {
    /// Plans, states or directories of Terraform source
    #[arg(value_name = "PLAN|STATE|DIR|-", required = true)]
    pub(crate) inputs: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// File of approved exceptions; what they cover is left out
    #[arg(long, value_name = "FILE")]
    pub(crate) exceptions: Option<PathBuf>,

    /// The baseline
    #[arg(
        long,
        short,
        value_name = "FILE",
        default_value = ".abide/baseline.jsonl"
    )]
    pub(crate) output: PathBuf,

    /// The time to write down as first seen
    #[arg(long, value_name = "TIME", value_parser = now)]
    pub(crate) now: Option<jiff::Timestamp>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting in force, and where it comes from
    Show {
        /// How to print
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A subcommand, e.g. scan
    pub(crate) subcommand: Option<String>,
}
