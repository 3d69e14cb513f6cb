//! Drives the real program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod baseline;
mod command;
mod exceptions;
mod formats;
mod policy;
mod rego;
mod scan;
mod secrets;
mod workflow;
