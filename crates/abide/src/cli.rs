//! What the user can type.

mod drift;
mod evidence;
mod exception;
mod fix;
mod init;
mod library;
mod more;
mod notify;
mod plan;
mod pr;
mod remedy;
mod report;
mod scan;
mod source;
#[cfg(feature = "aws")]
mod unmanaged;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::drift::{DriftArgs, Shown};
pub(crate) use self::evidence::{
    AnchorArgs, AnchorFormat, EvidenceCommand, RecordArgs, SlotsCommand, StoreArgs, StoreCommand,
    VerifyArgs,
};
pub(crate) use self::exception::{
    AuditArgs, BookArgs, ChangeArgs, CheckArgs, DecideArgs, ExceptionCommand, ExceptionListArgs,
    ExceptionShowArgs, ImportArgs, Kind, RenewArgs, RequestArgs, TermArgs, WhoArgs,
};
pub(crate) use self::init::{Ci, InitArgs};
pub(crate) use self::notify::NotifyCommand;
pub(crate) use self::plan::{OfflineArgs, PlanArgs};
pub(crate) use self::pr::{Fallback, Forge, PrCommand, PrCommentArgs};
pub(crate) use self::remedy::{ApplyRevertArgs, DriftCommand, PlaceArgs, RemedyArgs};
pub(crate) use self::report::{ReportArgs, TrendsArgs, TrendsFormat};
#[cfg(feature = "aws")]
pub(crate) use self::unmanaged::{Listed, UnmanagedArgs};

pub(crate) use self::fix::{FixArgs, FixFormat, LspArgs};
pub(crate) use self::library::{
    ExplainArgs, ListArgs, ListFormat, NewArgs, PolicyCommand, ShowArgs, TestArgs,
};
pub(crate) use self::more::{
    BaselineArgs, BaselineCommand, CompletionsArgs, ConfigCommand, ManArgs,
};
pub(crate) use self::scan::{Account, PolicyArgs, ScanArgs, Unknown, fail_on, now};
pub(crate) use self::source::{Configured, Overlay, RootArgs, SourceArgs};

/// Keeps Terraform infrastructure inside SOC 2, PCI DSS and CIS AWS rules, and proves it.
#[derive(Debug, Parser)]
#[command(
    name = "abide",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// Configuration file [default: the nearest abide.toml, from the current folder upwards]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Read no configuration file
    #[arg(long, global = true, conflicts_with = "config")]
    pub(crate) no_config: bool,

    /// When to use colours; NO_COLOR, FORCE_COLOR and CLICOLOR are honoured
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set a repository up: abide.toml, CI, pre-commit
    #[command(after_help = init::INIT_HELP)]
    Init(InitArgs),
    /// Judge plans, states and Terraform source by the policies
    #[command(after_help = scan::SCAN_HELP)]
    Scan(Box<ScanArgs>),
    /// Say what a policy demands and why, or how it judged one resource
    Explain(ExplainArgs),
    /// Edit Terraform source so that findings pass; print the difference, or write it
    #[command(after_help = fix::FIX_HELP)]
    Fix(FixArgs),
    /// Say what somebody changed outside Terraform, and what it breaks
    #[command(after_help = drift::DRIFT_HELP)]
    Drift(Box<DriftArgs>),
    /// Try the routes by which people hear of drift
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Plan Terraform source without cloud or credentials
    #[command(after_help = plan::PLAN_HELP)]
    Plan(Box<PlanArgs>),
    /// List what there is in the accounts and in no state, and what it breaks
    #[cfg(feature = "aws")]
    #[command(after_help = unmanaged::UNMANAGED_HELP)]
    Unmanaged(Box<UnmanagedArgs>),
    /// Serve editors by the Language Server Protocol on standard input and output
    Lsp(LspArgs),
    /// Tell a pull request or merge request what a scan found
    #[command(subcommand)]
    Pr(PrCommand),
    /// List, show, test and write policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Write down today's findings, so that only new ones fail
    #[command(subcommand)]
    Baseline(BaselineCommand),
    /// Ask for exceptions, grant them, and look after them
    #[command(subcommand)]
    Exception(ExceptionCommand),
    /// Check, prove and hand over what was recorded
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Write the audit report of a framework over a period, from what was recorded
    #[command(after_help = report::REPORT_HELP)]
    Report(Box<ReportArgs>),
    /// Show how things develop: time to fix, open violations, exceptions, coverage
    Trends(TrendsArgs),
    /// Look after the store
    #[command(subcommand)]
    Store(StoreCommand),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the man page of abide or of a subcommand
    Man(ManArgs),
}
