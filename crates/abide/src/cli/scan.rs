//! Flags of `abide scan`, and those of policies that other commands share.

use std::path::PathBuf;

use abide_controls::Framework;
use abide_core::policy::Selector;
use abide_policy::Severity;
use abide_report::Format;
use clap::{Args, ValueEnum};

use super::{OfflineArgs, RecordArgs, SourceArgs};

pub(crate) const SCAN_HELP: &str = "\
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
