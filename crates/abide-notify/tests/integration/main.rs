//! Routes against loopback servers that check what they get by the published rules of each service.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod rules;
mod services;
mod smtp;
mod stub;
