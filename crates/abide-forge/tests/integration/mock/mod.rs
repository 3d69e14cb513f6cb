//! Servers on loopback that behave as the forges do.

pub(crate) mod github;
pub(crate) mod gitlab;
mod openapi;
mod opened;
pub(crate) mod server;
