//! Flags of what is recorded and proven.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{Span, SpanRelativeTo, Timestamp};

/// Where the history is, and whose.
#[derive(Clone, Debug, Args)]
pub(crate) struct StoreArgs {
    /// The store: a file, or postgres://… [default: .abide/abide.db]
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        help_heading = "Store"
    )]
    pub(crate) store: Option<String>,

    /// Whose history
    #[arg(
        long,
        value_name = "NAME",
        env = "ABIDE_TENANT",
        default_value = "default",
        help_heading = "Store"
    )]
    pub(crate) tenant: String,

    /// File of the ledger's secret key, or `keyring:NAME` for an entry of the system's keyring (or
    /// the key's text in `ABIDE_LEDGER_KEY`) [default: .abide/ledger.key, made when missing]
    #[arg(
        long,
        value_name = "FILE",
        env = "ABIDE_LEDGER_KEY_FILE",
        help_heading = "Store"
    )]
    pub(crate) ledger_key: Option<PathBuf>,
}

/// Whether and how a scan is recorded.
#[derive(Clone, Debug, Args)]
pub(crate) struct RecordArgs {
    /// Record the scan in the store; if that fails the exit code is 2
    #[arg(long, help_heading = "Store")]
    pub(crate) record: bool,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    /// Keep the scan in this file if the store cannot be reached; deliver it with
    /// `abide evidence ingest`
    #[arg(long, value_name = "FILE", requires = "record", help_heading = "Store")]
    pub(crate) spool: Option<PathBuf>,

    /// The sequence of scans it belongs to, e.g. payments/prod [default: the repository]
    #[arg(long, value_name = "NAME", requires = "record", help_heading = "Store")]
    pub(crate) stream: Option<String>,

    /// Who runs it [default: from CI]
    #[arg(long, value_name = "WHO", requires = "record", help_heading = "Store")]
    pub(crate) actor: Option<String>,

    /// The commit [default: from CI]
    #[arg(long, value_name = "SHA", requires = "record", help_heading = "Store")]
    pub(crate) commit: Option<String>,

    /// The ticket of the change
    #[arg(long, value_name = "ID", requires = "record", help_heading = "Store")]
    pub(crate) ticket: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Check the ledger and all recorded scans; names the first bad entry
    Verify(VerifyArgs),
    /// Write a folder that an auditor can check without this program
    Export {
        /// The folder to write, which must not exist yet
        folder: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Print the signed checkpoint, to be kept outside
    Anchor(AnchorArgs),
    /// Print an entry's proof (.tlog-proof), or that of a finding (JSON)
    Prove {
        /// Position of the entry in the ledger, the id of a scan, or the fingerprint of a finding
        entry: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Hand the ledger over to a new key; the present one signs that
    Rotate {
        /// File of the new key, made when missing
        #[arg(long, value_name = "FILE")]
        new_key: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Record scans that wait in a file
    Ingest {
        /// The file of `abide scan --record --spool`
        file: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A folder of `abide evidence export`, or the proof of a finding [default: the store]
    pub(crate) bundle: Option<PathBuf>,
    /// The folder that `abide store prune` moved results to; they are checked too
    #[arg(long, value_name = "DIR", conflicts_with = "bundle")]
    pub(crate) archive: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// A checkpoint that was kept elsewhere
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// The first public key of the ledger, as handed over earlier
    #[arg(long, value_name = "KEY")]
    pub(crate) public_key: Option<String>,
}

/// What a checkpoint is printed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnchorFormat {
    Note,
    Rfc3161,
    S3,
    Webhook,
}

#[derive(Debug, Args)]
pub(crate) struct AnchorArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// What to print: the checkpoint itself, a request for a time stamp of it (DER), headers to
    /// put it into S3 under Object Lock, or JSON for a webhook
    #[arg(long, value_enum, default_value_t = AnchorFormat::Note, value_name = "FORMAT")]
    pub(crate) format: AnchorFormat,
    /// How long Object Lock keeps it, e.g. 18mo
    #[arg(long, default_value = "7y", value_name = "TIME", value_parser = span)]
    pub(crate) retain: Span,
    /// Write it to a file instead
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Bring the store to the newest version
    Migrate(StoreArgs),
    /// Write the whole store to one file, which fits SQLite and PostgreSQL
    Backup {
        /// The file to write, which must not exist yet
        file: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Fill a new store from a backup
    Restore {
        /// The file of `abide store backup`
        file: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Move old results to Parquet files, and say so in the ledger
    Prune {
        /// How long results stay in the store, e.g. 18mo or 90d
        #[arg(long, value_name = "TIME", value_parser = span)]
        keep: Span,
        /// The folder to move them to
        #[arg(long, value_name = "DIR", default_value = ".abide/archive")]
        archive: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Print the SQL that makes the roles of a store in PostgreSQL
    Roles,
    /// When scans are due, and what became of it
    #[command(subcommand)]
    Slots(SlotsCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SlotsCommand {
    /// Say when scans of a stream are due from now on
    Add {
        /// The stream, e.g. payments/prod
        stream: String,
        /// Time between two due times, e.g. 24h
        #[arg(long, value_name = "TIME", value_parser = milliseconds)]
        every: i64,
        /// How long after a due time a scan answers it [default: until the next]
        #[arg(long, value_name = "TIME", value_parser = milliseconds)]
        grace: Option<i64>,
        /// The first due time (2026-03-01 or 2026-03-01T06:00:00Z) [default: now]
        #[arg(long, value_name = "TIME", value_parser = super::now)]
        from: Option<Timestamp>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// End the schedule of a stream
    Remove {
        /// The stream
        stream: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List due times that did not end in a scan, and count those that did
    List {
        /// Only this stream
        stream: Option<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// A time by the calendar: 18mo, 90d, 1y6mo.
fn span(text: &str) -> Result<Span, String> {
    let span: Result<Span, _> = text.parse();
    let span = span.map_err(|_| format!("`{text}` is no time: expected e.g. 18mo, 90d or 24h"))?;
    match span.is_positive() {
        true => Ok(span),
        false => Err("expected a time that is longer than none".to_owned()),
    }
}

/// A time by the clock: 24h, 30m, 7d.
fn milliseconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` has no fixed length: expected e.g. 30m, 24h or 7d");
    let length = span(text)?.to_duration(SpanRelativeTo::days_are_24_hours());
    i64::try_from(length.map_err(|_| wrong())?.as_millis()).map_err(|_| wrong())
}
