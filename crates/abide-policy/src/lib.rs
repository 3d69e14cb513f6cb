//! The format of Abide's policy files: what one may say, and how it is read.
//!
//! A policy is one YAML file. [`read`] turns its text into a [`Policy`] or into
//! errors that name line and column; [`json_schema`] describes the format to
//! editors. What a policy *means* for an inventory is not decided here: that is
//! `abide-core`'s evaluation. The crate stands alone because the built-in
//! policies are read by it at build time.

mod check;
mod error;
mod model;
mod parameter;
mod path;
mod read;
mod read_condition;
mod schema;
pub mod yaml;

pub use error::{PolicyError, PolicyErrors, Position};
pub use model::*;
pub use parameter::{Accepts, Parameter, Refused, Scalar};
pub use path::{Anchor, Path, PathStep};
pub use read::{is_policy, read};
pub use schema::json_schema;
