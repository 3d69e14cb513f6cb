//! Asks AWS two things: what there is ([`unmanaged`]), and who changed it ([`trail`]).
//!
//! All calls only read. They are signed by `aws-sigv4` and sent by one small HTTP client; what
//! the calls are stands in tables (`data/`), so that a new resource type is a few lines there.
//! Credentials come from where every AWS tool looks for them, and are never shown.

mod answer;
mod connector;
mod endpoint;
mod error;
mod http;
mod pace;
mod service;
mod session;
pub mod trail;
pub mod unmanaged;

pub use error::AwsError;
pub use pace::Pace;
pub use session::{Identity, Session};
