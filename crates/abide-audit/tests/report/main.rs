//! Reports of recorded histories; every number is derived again in another way.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod big;
mod formats;
mod history;
mod known;
mod random;
mod trends;
