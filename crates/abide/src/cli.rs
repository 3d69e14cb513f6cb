//! What the user can type.

mod drift;
mod evidence;
mod exception;
mod notify;
mod plan;
mod pr;
mod remedy;
mod report;
#[cfg(feature = "aws")]
mod unmanaged;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abide_controls::Framework;
use abide_core::policy::Selector;
use abide_policy::Severity;
use abide_report::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::drift::{DriftArgs, Shown};
pub(crate) use self::evidence::{
    AnchorArgs, AnchorFormat, EvidenceCommand, RecordArgs, SlotsCommand, StoreArgs, StoreCommand,
    VerifyArgs,
};
pub(crate) use self::exception::{
    AuditArgs, BookArgs, ChangeArgs, CheckArgs, DecideArgs, ExceptionCommand, ExceptionListArgs,
    ExceptionShowArgs, ImportArgs, Kind, RenewArgs, RequestArgs, TermArgs, WhoArgs,
};
pub(crate) use self::notify::NotifyCommand;
pub(crate) use self::plan::{OfflineArgs, PlanArgs};
pub(crate) use self::pr::{Fallback, Forge, PrCommand, PrCommentArgs};
pub(crate) use self::remedy::{ApplyRevertArgs, DriftCommand, RemedyArgs};
pub(crate) use self::report::{ReportArgs, TrendsArgs, TrendsFormat};
#[cfg(feature = "aws")]
pub(crate) use self::unmanaged::{Listed, UnmanagedArgs};

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
    /// Judge plans, states and Terraform source by the policies
    #[command(after_help = SCAN_HELP)]
    Scan(Box<ScanArgs>),
    /// Say what a policy demands and why, or how it judged one resource
    Explain(ExplainArgs),
    /// Edit Terraform source so that findings pass; print the difference, or write it
    #[command(after_help = FIX_HELP)]
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

const SCAN_HELP: &str = "\
Exit codes:
  0  nothing at or above the --fail-on severity
  1  findings at or above it
  2  the job could not be done: usage, unreadable or refused input, incomplete plan
  3  nothing was evaluated

Examples:
  terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json
  abide scan plan.json
  abide scan plan.json --framework pci-dss --format markdown
  abide scan plan.json --output sarif=abide.sarif --output results.json --format github";

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
fn present(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match std::fs::metadata(&path) {
        Ok(data) if data.is_file() => Ok(path),
        Ok(_) => Err("it is no file".to_owned()),
        Err(error) => Err(format!("it cannot be read: {error}")),
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

const FIX_HELP: &str = "\
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

/// Which policies run, and how.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PolicyArgs {
    /// Folder or file of your own policies (YAML or Rego); adds to the built-in ones
    #[arg(long, value_name = "DIR", help_heading = "Policies")]
    pub(crate) policies: Vec<PathBuf>,

    /// Leave the built-in policies out
    #[arg(long, help_heading = "Policies")]
    pub(crate) no_builtin: bool,

    /// Only policies for this framework: soc2, pci-dss or cis-aws
    #[arg(
        long,
        value_name = "FRAMEWORK",
        value_delimiter = ',',
        help_heading = "Policies"
    )]
    pub(crate) framework: Vec<Framework>,

    /// Only these policies: ids (POL-0001), severities (high) or services (s3)
    #[arg(
        long,
        value_name = "WHICH",
        value_delimiter = ',',
        help_heading = "Policies"
    )]
    pub(crate) select: Vec<Selector>,

    /// Not these policies
    #[arg(
        long,
        value_name = "WHICH",
        value_delimiter = ',',
        help_heading = "Policies"
    )]
    pub(crate) ignore: Vec<Selector>,

    /// Also policies of the strict profile: noisy ones and matters of taste
    #[arg(long, help_heading = "Policies")]
    pub(crate) strict: bool,

    /// Change a parameter: POL-0002.allowed_ports=80,443
    #[arg(
        long = "set",
        value_name = "POLICY.NAME=VALUE",
        help_heading = "Policies"
    )]
    pub(crate) set: Vec<String>,

    /// Policies about the whole account: judge them if the input holds something
    /// related (auto), never (off), or always (baseline)
    #[arg(long, value_enum, value_name = "MODE", help_heading = "Policies")]
    pub(crate) account: Option<Account>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Account {
    Auto,
    Off,
    Baseline,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Plans (`terraform show -json`), states, directories of Terraform source, or `-` for
    /// standard input
    #[arg(value_name = "PLAN|STATE|DIR|-")]
    pub(crate) inputs: Vec<PathBuf>,

    /// A plan; the same as naming it without a flag
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Vec<PathBuf>,

    /// Judge the directories of staged Terraform files as they are staged in git
    #[arg(long, conflicts_with_all = ["inputs", "plan", "source"])]
    pub(crate) staged: bool,

    /// Let terraform evaluate directories: a plan without cloud or credentials, as `abide plan`
    /// makes it, is judged instead of the source alone
    #[arg(long, conflicts_with_all = ["plan", "staged", "source", "no_source"])]
    pub(crate) via_terraform: bool,

    #[command(flatten)]
    pub(crate) offline: OfflineArgs,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// File of approved exceptions
    #[arg(long, value_name = "FILE")]
    pub(crate) exceptions: Option<PathBuf>,

    /// File of known findings, which do not fail (see `abide baseline create`)
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Mildest severity that fails: critical, high, medium, low, or never [default: high]
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on, help_heading = "Verdict")]
    pub(crate) fail_on: Option<FailOn>,

    /// What evaluations do that cannot be decided before apply [default: warn]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Verdict")]
    pub(crate) on_unknown: Option<Unknown>,

    /// Exit with 0 whatever was found (errors still give 2)
    #[arg(long, help_heading = "Verdict")]
    pub(crate) exit_zero: bool,

    /// Do not mind if nothing was evaluated
    #[arg(long, help_heading = "Verdict")]
    pub(crate) allow_empty: bool,

    /// What to print: human, markdown, github, json, sarif, junit, gitlab, csv
    /// [default: human; github under GitHub Actions]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<Format>,

    /// Also write a file, e.g. sarif=abide.sarif; without a format it is JSON
    #[arg(long, value_name = "[FORMAT=]FILE", value_parser = output, help_heading = "Output")]
    pub(crate) output: Vec<Output>,

    /// List every evaluation in JSON, CSV and JUnit, not only findings
    #[arg(long, help_heading = "Output")]
    pub(crate) all_results: bool,

    /// List violations that an exception covers in SARIF, as suppressed
    #[arg(long, help_heading = "Output")]
    pub(crate) sarif_include_excepted: bool,

    /// Offer edits of the source, each proven: judged again with it, the finding passes and
    /// nothing else fails. At most N are proven [default: 100], each costs a load
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "100",
        help_heading = "Output"
    )]
    pub(crate) fixes: Option<usize>,

    /// Print nothing to standard output
    #[arg(long, short, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// Print how long each step took, to standard error
    #[arg(long, help_heading = "Output")]
    pub(crate) timings: bool,

    /// Judge exceptions and rollouts as of this time (2026-03-01 or 2026-03-01T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = now)]
    pub(crate) now: Option<jiff::Timestamp>,

    #[command(flatten)]
    pub(crate) recording: RecordArgs,
}

/// `never`, or the mildest severity that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FailOn(pub(crate) Option<Severity>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unknown {
    Warn,
    Fail,
    Ignore,
}

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) path: PathBuf,
}

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

pub(crate) fn fail_on(text: &str) -> Result<FailOn, String> {
    if text == "never" {
        return Ok(FailOn(None));
    }
    text.parse()
        .map(|severity| FailOn(Some(severity)))
        .map_err(|_| {
            format!("`{text}` is no severity: expected critical, high, medium, low or never")
        })
}

fn output(text: &str) -> Result<Output, String> {
    if text.is_empty() {
        return Err("expected a file, or FORMAT=FILE".to_owned());
    }
    match text.split_once('=') {
        Some((format, path)) if !format.contains(['/', '\\', '.']) => {
            if path.is_empty() {
                return Err(format!("`{text}` names no file: expected FORMAT=FILE"));
            }
            let format = format.parse().map_err(|error| format!("{error}"))?;
            Ok(Output {
                format,
                path: path.into(),
            })
        }
        _ => Ok(Output {
            format: Format::Json,
            path: text.into(),
        }),
    }
}

/// A time, or the beginning of a day in UTC.
pub(crate) fn now(text: &str) -> Result<jiff::Timestamp, String> {
    let whole = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    whole
        .parse()
        .map_err(|_| format!("`{text}` is no time: expected 2026-03-01 or 2026-03-01T12:00:00Z"))
}
