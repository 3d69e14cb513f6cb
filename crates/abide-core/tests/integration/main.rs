//! Drives the core through its public arrows: load, evaluate.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a test fails by panicking and may print"
)]

mod corpus;
mod drift;
mod fixtures;
mod raw;
mod secrets;
mod support;
