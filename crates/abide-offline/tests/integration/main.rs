//! The crate from outside. What needs the real terraform is in modules named `real_terraform`; where
//! it is missing these tests fail, and `scripts/test` says that it leaves them out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod compare;
mod double;
mod fixtures;
mod planning;
mod support;
