//! Servers on loopback that behave as the forges do.

pub(crate) mod github;
mod openapi;
pub(crate) mod server;
