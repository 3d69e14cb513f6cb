//! Says whether a plan is a remedy of drift and nothing else.
//!
//! ```text
//! drift ─▶ Undo ─▶ targeted plan ─▶ revert::check   it undoes these attributes of these resources alone
//! drift ─▶ edited source ─▶ plan ─▶ adopt::check    these resources want nothing any more, all others what they did
//! ```
//!
//! Plans are read as Terraform prints them, secrets and all: only names leave this crate, never values.

pub mod adopt;
mod plan;
pub mod revert;

pub use plan::{Plan, PlanError, PlannedChange};
