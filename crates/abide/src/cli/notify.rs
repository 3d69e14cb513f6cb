//! Flags of `abide notify`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Send a message that says it is a test
    Test(NotifyTestArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NotifyTestArgs {
    /// Routes of abide.toml
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
}
