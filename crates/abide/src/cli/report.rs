//! Flags of what is told from the store.

use std::path::PathBuf;

use abide_audit::formats::Format;
use abide_controls::Framework;
use clap::{Args, ValueEnum};

use super::StoreArgs;

pub(crate) const REPORT_HELP: &str = "\
A control is PASS only if something was evaluated, everything passed and the evidence has no
hole; otherwise FAIL, INCOMPLETE, EXCEPTED or NOT TESTED, with the reasons. The exit code says
whether the report was made, not what it says.

Examples:
  abide report soc2
  abide report pci-dss --from 2026-01-01 --to 2026-07-01 --format pdf --output pci.pdf
  abide report soc2 --target payments/prod --pack evidence --sample-seed 41 --sample-size 25";

/// The period and what is in scope.
#[derive(Clone, Debug, Args)]
pub(crate) struct PeriodArgs {
    /// First day, or moment, of the period, in UTC
    #[arg(long, value_name = "TIME", value_parser = super::now, requires = "to")]
    pub(crate) from: Option<jiff::Timestamp>,

    /// The day, or moment, before which it ends: the day itself is not in it
    #[arg(long, value_name = "TIME", value_parser = super::now, requires = "from")]
    pub(crate) to: Option<jiff::Timestamp>,

    /// Only this target (the stream of `abide scan --record`); may be given more than once
    /// [default: all that were ever recorded]
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Vec<String>,

    /// So many days a result stands if no whole scan follows
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub(crate) max_gap: u32,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// soc2, pci-dss or cis-aws
    pub(crate) framework: Framework,

    /// The period; both or neither [default: the last full quarter]
    #[command(flatten)]
    pub(crate) period: PeriodArgs,

    /// Leave out what was recorded later [default: the newest record]
    #[arg(long, value_name = "TIME", value_parser = super::now)]
    pub(crate) at: Option<jiff::Timestamp>,

    /// md, html, pdf, csv, xlsx, json or oscal
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "md",
        conflicts_with = "pack"
    )]
    pub(crate) format: Format,

    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE", conflicts_with = "pack")]
    pub(crate) output: Option<PathBuf>,

    /// Write a new folder: the report in all formats, the population, samples with their
    /// proofs, a manifest, and a verifier that needs only Python and openssl
    #[arg(long, value_name = "DIR")]
    pub(crate) pack: Option<PathBuf>,

    /// What the auditor chose the sample by
    #[arg(long, value_name = "SEED", requires = "pack")]
    pub(crate) sample_seed: Option<String>,

    /// How many items are drawn
    #[arg(
        long,
        value_name = "N",
        requires = "sample_seed",
        default_value_t = 25,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub(crate) sample_size: u32,
}

#[derive(Debug, Args)]
pub(crate) struct TrendsArgs {
    /// The period; both or neither [default: the 26 weeks before the newest record]
    #[command(flatten)]
    pub(crate) period: PeriodArgs,

    /// How to print
    #[arg(long, value_enum, default_value_t = TrendsFormat::Human)]
    pub(crate) format: TrendsFormat,

    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrendsFormat {
    /// For people
    Human,
    /// For programs
    Json,
    /// Prometheus' text format
    Prometheus,
}
