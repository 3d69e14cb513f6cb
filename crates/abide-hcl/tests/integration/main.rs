//! Drives the loader through its public functions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking and may print"
)]

mod console;
mod examples;
mod load;
mod overlay;
mod parity;
mod spans;
mod verdicts;
