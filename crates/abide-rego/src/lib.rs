//! Rego policies: folders written for conftest or OPA, and `rego:` bodies of policy files.
//!
//! Both end in the same findings as every other policy. A folder sees the plan
//! as it is, secrets replaced; a body sees one resource at a time. What Rego
//! cannot say is "not known yet": an undefined value makes a rule silent. So a
//! body gets `input.unknown`, and may answer with `unknown`.

mod finding;
mod folder;
mod resource;

use std::path::PathBuf;

pub use folder::Folder;
pub use resource::evaluate_bodies;

/// Why Rego cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegoError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file is no Rego.
    #[error("{}: {reason}", path.display())]
    Rego {
        /// Which.
        path: PathBuf,
        /// The parser's words, with line and column.
        reason: String,
    },
    /// A data file is no JSON.
    #[error("{}: not JSON: {reason}", path.display())]
    Data {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A folder whose modules declare nothing to ask.
    #[error("{} declares no deny, warn or violation rules: it would check nothing", path.display())]
    NoRules {
        /// Which.
        path: PathBuf,
    },
}

/// Puts a module into an engine, in today's syntax or in that of before OPA 1.0.
/// Gives the package's path (`data.main`).
fn add_module(engine: &mut regorus::Engine, name: &str, text: &str) -> Result<String, String> {
    engine.set_rego_v0(false);
    let first = engine.add_policy(name.to_owned(), text.to_owned());
    first.or_else(|error| {
        engine.set_rego_v0(true);
        let second = engine.add_policy(name.to_owned(), text.to_owned());
        engine.set_rego_v0(false);
        // Whoever writes today's syntax wants to know what is wrong with that.
        second.map_err(|_| error.to_string())
    })
}
