//! Talks to GitHub and GitLab about pull requests, and to HCP Terraform about runs.
//!
//! Texts come in ready to be shown; nothing here knows what a finding is. [`comment::upsert`]
//! keeps one comment for each run name, [`github::PullRequest::check`] puts up a check run,
//! `suggest` of either forge makes suggestions at lines, [`github::Repository`] and
//! [`gitlab::Project`] open pull requests and issues, [`run_task::receive`] judges what HCP
//! Terraform sends.

pub mod comment;
mod diff;
pub mod environment;
mod error;
pub mod github;
pub mod gitlab;
pub mod http;
mod opening;
pub mod run_task;
mod secret;
mod suggestion;

pub use error::ForgeError;
pub use opening::{Marker, Opened, Proposal};
pub use secret::{Token, TokenError};
pub use suggestion::{Suggested, Suggestion};
