//! Drives the real program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod baseline;
mod bombs;
mod canaries;
mod command;
mod directory;
mod drift;
mod drift_history;
mod evidence;
mod exception_life;
mod exceptions;
mod fix;
/// The forges of abide-forge's own tests.
#[path = "../../../abide-forge/tests/integration/mock/mod.rs"]
#[allow(dead_code, reason = "its own tests use all of it")]
mod forge_mock;
mod formats;
mod help;
mod import;
mod init;
mod ledger_key;
mod live_drift;
#[cfg(feature = "aws")]
mod live_unmanaged;
mod lsp;
mod offers;
mod offline;
mod policy;
mod pr;
mod real_aws;
mod rego;
mod remedies;
mod report;
mod requests;
mod scan;
mod secrets;
mod settings;
mod staged;
mod store;
mod tofu;
mod watch;
mod wording;
mod workflow;
