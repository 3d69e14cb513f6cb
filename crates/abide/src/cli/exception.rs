//! Flags of the life of exceptions.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{ListFormat, PolicyArgs, SourceArgs, now};

#[derive(Debug, Subcommand)]
pub(crate) enum ExceptionCommand {
    /// Ask for an exception for what a scan found; its facts are written down with it
    #[command(after_help = REQUEST_HELP)]
    Request(RequestArgs),
    /// Approve what somebody else asked for
    Approve(DecideArgs),
    /// Refuse what was asked for; the one who asked withdraws it
    Reject(ChangeArgs),
    /// Take an exception back
    Revoke(ChangeArgs),
    /// Ask for an exception that follows another
    Renew(RenewArgs),
    /// List exceptions and where each is in its life, now or at a past time
    List(ExceptionListArgs),
    /// Show all of one exception
    Show(ExceptionShowArgs),
    /// Look for what needs somebody: void, expired and soon expiring exceptions
    #[command(after_help = CHECK_HELP)]
    Check(CheckArgs),
    /// Say who asked, who approved, how that is known, for how long, and what is odd
    Audit(AuditArgs),
    /// Write what Checkov, Trivy, tfsec and Snyk are told to pass over as exceptions to be
    /// approved; what cannot be mapped is listed on standard error
    Import(ImportArgs),
    /// Print the JSON Schema of files of exceptions
    Schema,
}

const REQUEST_HELP: &str = "\
A finding is named by its fingerprint, or the beginning of it, or as POLICY:ADDRESS, in which
`*` stands for anything: one request is written for each finding it matches.

Examples:
  abide scan plan.json --output results.json
  abide exception request --from results.json 'POL-0003:aws_db_instance.cards' \\
    --reason 'the move to Aurora ends in March' --ticket SEC-1 --expires 2026-03-20";

const CHECK_HELP: &str = "\
Exit codes:
  0  nothing needs anybody
  1  an exception is void, ends within --warn-days, ended within the last --warn-days, or was
     granted in an emergency and not reviewed; with --from also: covers nothing, or not what is
     there now
  2  the job could not be done";

/// Where the exceptions are, and the time.
#[derive(Debug, Default, Args)]
pub(crate) struct BookArgs {
    /// File of exceptions [default: exceptions.file of abide.toml, else .abide/exceptions.yaml]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Folder of your own policies, which exceptions may name
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Vec<PathBuf>,

    /// Take this for the present (2026-03-01 or 2026-03-01T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = now)]
    pub(crate) now: Option<Timestamp>,
}

/// Who does it.
#[derive(Debug, Default, Args)]
pub(crate) struct WhoArgs {
    /// Who you are [default: what the CI system says, else the e-mail address git has]
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
}

/// When an exception begins and ends.
#[derive(Debug, Default, Args)]
pub(crate) struct TermArgs {
    /// The last day it shall hold, UTC
    #[arg(long, value_name = "DAY", value_parser = day, conflicts_with = "days")]
    pub(crate) expires: Option<Date>,

    /// Until this many days from now
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<i32>,

    /// The first day it shall hold, UTC [default: once it is approved]
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) not_before: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// Findings: fingerprints, or POLICY:ADDRESS
    #[arg(value_name = "FINDING", required = true)]
    pub(crate) findings: Vec<String>,

    /// Results of a scan (`abide scan … --output results.json`)
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,

    /// Why [default: that of the request in the source]
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,

    #[command(flatten)]
    pub(crate) term: TermArgs,

    /// Where it is discussed
    #[arg(long, value_name = "ID")]
    pub(crate) ticket: Option<String>,

    /// What kind of permission it is [default: waiver]
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) category: Option<Kind>,

    /// What is done instead, in words
    #[arg(long, value_name = "TEXT")]
    pub(crate) control: Option<String>,

    /// A policy that must pass as long as the exception covers
    #[arg(long, value_name = "POLICY")]
    pub(crate) control_policy: Option<String>,

    /// An emergency: one approver, 72 hours at most, and a review afterwards
    #[arg(long)]
    pub(crate) break_glass: bool,

    #[command(flatten)]
    pub(crate) who: WhoArgs,

    #[command(flatten)]
    pub(crate) book: BookArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The risk is taken for a time
    Waiver,
    /// Something else keeps the risk low
    Mitigated,
    /// The policy is wrong here
    FalsePositive,
}

#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// Exceptions
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,

    /// Write down that you have looked at what was granted in an emergency
    #[arg(long)]
    pub(crate) review: bool,

    #[command(flatten)]
    pub(crate) who: WhoArgs,

    #[command(flatten)]
    pub(crate) book: BookArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Exceptions
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,

    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,

    #[command(flatten)]
    pub(crate) who: WhoArgs,

    #[command(flatten)]
    pub(crate) book: BookArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RenewArgs {
    /// The exception to follow
    pub(crate) id: String,

    /// Results of a scan: the new one accepts the facts in them [default: the facts of the old one]
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,

    /// Why it has to go on
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,

    #[command(flatten)]
    pub(crate) term: TermArgs,

    /// Where it is discussed [default: as the old one]
    #[arg(long, value_name = "ID")]
    pub(crate) ticket: Option<String>,

    #[command(flatten)]
    pub(crate) who: WhoArgs,

    #[command(flatten)]
    pub(crate) book: BookArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExceptionListArgs {
    /// As it was at this time (2026-03-01 or 2026-03-01T12:00:00Z) [default: now]
    #[arg(long, value_name = "TIME", value_parser = now)]
    pub(crate) at: Option<Timestamp>,

    /// Only those in force
    #[arg(long)]
    pub(crate) in_force: bool,

    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,

    #[command(flatten)]
    pub(crate) book: BookArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExceptionShowArgs {
    /// The exception
    pub(crate) id: String,

    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,

    #[command(flatten)]
    pub(crate) book: BookArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Days before its end from which an exception needs somebody [default: exceptions.warn_days
    /// of abide.toml, else 14]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..=3650))]
    pub(crate) warn_days: Option<i32>,

    /// Results of a scan, for what covers nothing
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Vec<PathBuf>,

    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,

    #[command(flatten)]
    pub(crate) book: BookArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Results of scans, for what covers nothing
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Vec<PathBuf>,

    /// How to print
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,

    #[command(flatten)]
    pub(crate) book: BookArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Directories, or single files: .tf, .trivyignore, .trivyignore.yaml, .checkov.baseline,
    /// .snyk
    #[arg(value_name = "FILE|DIR", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// File to write, which must be new [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    /// Leave out what is over at this time (2026-03-01 or 2026-03-01T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = now)]
    pub(crate) now: Option<jiff::Timestamp>,
}

fn day(text: &str) -> Result<Date, String> {
    let read = (text.len() == 10).then(|| text.parse().ok()).flatten();
    read.ok_or_else(|| format!("`{text}` is no day: expected YYYY-MM-DD"))
}
