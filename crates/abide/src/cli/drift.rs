//! Flags of `abide drift`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::remedy::DriftCommand;
use super::{PolicyArgs, RecordArgs};

pub(crate) const DRIFT_HELP: &str = "\
terraform (or tofu) makes one normal plan of each target, without a lock; nothing is applied and
no state is written. The policies are judged on what the last state says, what is there, and what
the code wants.

Exit codes:
  0  no policy is broken by drift, or an exception accepts it
  1  one is
  2  a target could not be looked at, or its result is suspicious

Examples:
  abide drift prod
  abide drift --all --format markdown --output drift.md
  abide drift --all --record --stream payments
  abide drift --plan plan.json
  abide drift --all --notify
  abide drift --watch";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DriftArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DriftCommand>,

    /// Targets of abide.toml
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,

    /// All targets of abide.toml
    #[arg(long, conflicts_with = "targets")]
    pub(crate) all: bool,

    /// Read a plan somebody made (`terraform show -json`) instead of making one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "all"])]
    pub(crate) plan: Vec<PathBuf>,

    /// The code is what was applied last: whatever differs from it was changed outside
    #[arg(long)]
    pub(crate) applied: bool,

    /// Ask CloudTrail who made the violating, improving and sensitive changes
    #[cfg(feature = "aws")]
    #[arg(long, conflicts_with = "plan")]
    pub(crate) who: bool,

    /// Since when to ask [default: when a local state was written, else 90 days]
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "TIME", requires = "who")]
    pub(crate) who_since: Option<jiff::Timestamp>,

    /// How many targets are planned at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,

    /// Stay, and look at targets when their schedule says; all that have one, or those named
    #[arg(long, conflicts_with_all = ["plan", "format", "output", "timings", "notify", "detailed_exitcode"], help_heading = "Watching")]
    pub(crate) watch: bool,

    /// Tell the routes of the targets what changed since the last time
    #[arg(long, conflicts_with = "plan", help_heading = "Watching")]
    pub(crate) notify: bool,

    /// Where is kept what was told and what became of due times
    /// [default: drift.memory of abide.toml, or .abide/watch.json beside it]
    #[arg(long, value_name = "FILE", help_heading = "Watching")]
    pub(crate) memory: Option<PathBuf>,

    /// With --watch: write numbers for Prometheus, every ten seconds
    #[arg(
        long,
        value_name = "FILE",
        requires = "watch",
        help_heading = "Watching"
    )]
    pub(crate) metrics: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// What to print
    #[arg(long, value_enum, default_value_t = Shown::Human, help_heading = "Output")]
    pub(crate) format: Shown,

    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,

    /// Also write drift as the results of a scan: for `abide exception request --from FILE`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) results: Option<PathBuf>,

    /// Exit with 0 if nothing drifted, 1 on errors and 2 on any drift, as terraform plan does
    #[arg(long, help_heading = "Output")]
    pub(crate) detailed_exitcode: bool,

    /// File of approved exceptions; `DRIFT` stands for the policy in those that accept drift
    #[arg(long, value_name = "FILE")]
    pub(crate) exceptions: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) recording: RecordArgs,

    /// Tell how long each step took
    #[arg(long, help_heading = "Output")]
    pub(crate) timings: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shown {
    Human,
    Markdown,
    Json,
    /// Annotations of GitHub Actions
    Github,
    Sarif,
    Junit,
    /// Code quality of GitLab
    Gitlab,
    Csv,
}
