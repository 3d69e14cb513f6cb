//! One file for each subcommand.

#[cfg(feature = "aws")]
mod aws;
pub(crate) mod baseline;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod drift;
pub(crate) mod evidence;
pub(crate) mod exception;
pub(crate) mod explain;
pub(crate) mod fix;
pub(crate) mod forge;
pub(crate) mod init;
pub(crate) mod lsp;
pub(crate) mod man;
pub(crate) mod notify;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod pr;
pub(crate) mod report;
pub(crate) mod scan;
pub(crate) mod store;
pub(crate) mod trends;
#[cfg(feature = "aws")]
pub(crate) mod unmanaged;
