//! Flags of `abide explain` and `abide policy`.

use std::path::PathBuf;

use abide_core::policy::Selector;
use clap::{Args, Subcommand, ValueEnum};

use super::{PolicyArgs, SourceArgs, now};

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The policy, e.g. POL-0001; also an id of Checkov, Trivy, Prowler or Security Hub
    pub(crate) policy: String,

    /// The resource whose judgement to explain
    #[arg(requires = "plan")]
    pub(crate) address: Option<String>,

    /// The plan, state or directory it is in
    #[arg(long, value_name = "FILE", requires = "address")]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    #[command(flatten)]
    pub(crate) policies: PolicyArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// List policies
    List(ListArgs),
    /// Print a policy's file
    Show(ShowArgs),
    /// Run the examples of policies
    Test(TestArgs),
    /// Write the first draft of a policy
    New(NewArgs),
    /// Print the JSON Schema of policy files
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,

    /// Also those that are switched off
    #[arg(long)]
    pub(crate) all: bool,

    /// Say how far rollouts are at this time (2026-03-01 or 2026-03-01T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = now)]
    pub(crate) now: Option<jiff::Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Human,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The policy, e.g. POL-0001
    pub(crate) policy: String,

    #[command(flatten)]
    pub(crate) policies: PolicyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Policy files or folders [default: the built-in policies]
    pub(crate) paths: Vec<PathBuf>,

    /// Only these policies
    #[arg(long, value_name = "WHICH", value_delimiter = ',')]
    pub(crate) select: Vec<Selector>,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The new policy's id, e.g. ACME-0001
    pub(crate) id: String,

    /// The resource type it judges, e.g. aws_s3_bucket
    #[arg(long, value_name = "TYPE")]
    pub(crate) resource_type: String,

    /// The attribute it looks at
    #[arg(long, value_name = "PATH")]
    pub(crate) attribute: Option<String>,

    /// The folder to write it to
    #[arg(long, value_name = "DIR", default_value = "policies")]
    pub(crate) dir: PathBuf,
}
