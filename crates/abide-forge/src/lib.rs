//! Talks to GitHub and GitLab about pull requests, and to HCP Terraform about runs.
//!
//! Texts come in ready to be shown; nothing here knows what a finding is. [`comment::upsert`]
//! keeps one comment for each run name, [`github::PullRequest::check`] puts up a check run,
//! `suggest` of either forge makes suggestions at lines, [`run_task::receive`] judges what HCP
//! Terraform sends.

pub mod comment;
mod diff;
pub mod environment;
mod error;
pub mod github;
pub mod gitlab;
pub mod http;
pub mod run_task;
mod secret;
mod suggestion;

pub use error::ForgeError;
pub use secret::{Token, TokenError};
pub use suggestion::{Suggested, Suggestion};
