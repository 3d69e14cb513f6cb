//! Flags of what is recorded and proven.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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

    /// File of the ledger's secret key (or its text in `ABIDE_LEDGER_KEY`)
    /// [default: .abide/ledger.key, made when missing]
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
    Anchor {
        #[command(flatten)]
        store: StoreArgs,
        /// Write it to a file instead
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Print an entry's proof (.tlog-proof)
    Prove {
        /// Position of the entry in the ledger, or the id of a scan
        entry: String,
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
    /// A folder of `abide evidence export` [default: the store]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// A checkpoint that was kept elsewhere
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// The first public key of the ledger, as handed over earlier
    #[arg(long, value_name = "KEY")]
    pub(crate) public_key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Bring the store to the newest version
    Migrate(StoreArgs),
}
