//! Answers Terraform as its providers would, from their schemas alone.
//!
//! The user's own terraform or tofu evaluates the configuration; this crate serves every provider
//! it requires, so that a plan needs no cloud, no credentials and no registry. What only the cloud
//! knows is unknown, never made up.
//!
//! ```text
//! directory ─▶ Configuration (modules, providers, types, data sources)
//!                 │                    │
//!             Tree (links and          Library (schemas: files, cache, embedded)
//!             override files           │
//!             in a scratch folder)   Server (plugin protocol 6) ◀─ TF_REATTACH_PROVIDERS ─ terraform init, plan, show
//!                 └──────────────────▶ plan ─▶ plan JSON
//! ```
//!
//! [`Provider::with_cloud`] makes the same server a test double of a whole provider, for tests of drift.

mod announce;
mod clean;
mod cloud;
mod configuration;
mod data;
mod fill;
mod invent;
mod normal;
mod plan;
mod provider;
mod schema;
mod server;
mod tree;
mod value;
mod wire;

pub use cloud::{Cloud, FolderCloud};
pub use plan::{Offline, OfflinePlan};
pub use provider::Provider;
pub use schema::{Address, Found, Library, Missing, NotAnAddress, ProviderSchema, Types};
pub use server::Server;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// Reading or writing a file.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// No Terraform source.
    #[error("{0} has no Terraform source (.tf, .tofu or .tf.json files)")]
    NoSource(String),
    /// Providers whose schema is not known.
    #[error(
        "no schema is known of:\n{}\nRun once where these providers can be installed: `terraform init && terraform providers schema -json > schema.json`, then `abide plan --schema schema.json`. It is kept in the cache after that.",
        plan::missing_text(.0)
    )]
    NoSchema(Vec<Missing>),
    /// A module that cannot be fetched.
    #[error(
        "module.{name} ({from}) is not on disk and cannot be fetched; run `terraform get` first:\n{output}"
    )]
    Module {
        /// Its name, with those of the modules that call it.
        name: String,
        /// Its source.
        from: String,
        /// What terraform said.
        output: String,
    },
    /// Terraform found an error.
    #[error("{tool} {step} cannot plan this offline:\n{output}{hint}")]
    Refused {
        /// `terraform` or `tofu`.
        tool: &'static str,
        /// Which step.
        step: &'static str,
        /// What it said.
        output: String,
        /// What to do, if that can be said.
        hint: &'static str,
    },
    /// Terraform printed something else than a plan.
    #[error("the plan that terraform printed cannot be read: {0}")]
    Plan(String),
    /// Terraform cannot be run.
    #[error(transparent)]
    Connect(#[from] abide_connect::ConnectError),
    /// Beyond what a sound configuration has.
    #[error("this is too much to plan: {0}")]
    TooMuch(String),
    /// A file that should hold schemas.
    #[error("{file}: {reason}; expected what `terraform providers schema -json` prints")]
    Schema {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
}
