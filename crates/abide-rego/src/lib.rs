//! Rego policies: folders written for conftest or OPA, and `rego:` bodies of policy files.
//!
//! Both end in the same findings as every other policy. A folder sees the plan
//! as it is, secrets replaced; a body sees one resource at a time. What Rego
//! cannot say is "not known yet": an undefined value makes a rule silent. So a
//! body gets `input.unknown`, and may answer with `unknown`.

mod data;
mod finding;
mod folder;
mod module;
mod resource;

use std::path::PathBuf;
use std::sync::LazyLock;

use abide_policy::Position;
use regex::Regex;

pub use folder::{Folder, name_apart};
pub use resource::{check_bodies, evaluate_bodies};

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
    #[error("{}:{}:{}: {reason}", path.display(), at.line, at.column)]
    Rego {
        /// Which.
        path: PathBuf,
        /// Where.
        at: Position,
        /// The parser's words.
        reason: String,
    },
    /// A data file cannot be used.
    #[error("{}: {reason}", path.display())]
    Data {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The body of a policy file is no Rego.
    #[error("policy {id}: line {line} of its file: {reason}")]
    Body {
        /// The policy.
        id: String,
        /// The line in the policy's file.
        line: u32,
        /// The parser's words.
        reason: String,
    },
    /// The body of a policy file that can never fail.
    #[error("policy {id}: its Rego declares no deny, warn or violation rule: it would always pass")]
    Silent {
        /// The policy.
        id: String,
    },
    /// Two folders that cannot be told apart declare one rule.
    #[error("{id} is declared in {} and in {}: give one of the packages another name", first.display(), second.display())]
    Clash {
        /// The rule.
        id: String,
        /// The one folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A folder whose modules declare nothing to ask.
    #[error("{} declares no deny, warn or violation rules: it would check nothing", path.display())]
    NoRules {
        /// Which.
        path: PathBuf,
    },
}

/// How to ask rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asking {
    /// The input's index in the scan.
    pub input: u32,
    /// Whether passes are listed too.
    pub all_results: bool,
}

/// What rules print while they are asked goes to the caller: it holds text of the plan.
fn take_prints(engine: &mut regorus::Engine, prints: &mut Vec<String>) {
    prints.extend(engine.take_prints().unwrap_or_default());
}

/// Puts a module into an engine, in today's syntax or in that of before OPA 1.0.
/// Gives the package's path (`data.main`).
fn add_module(engine: &mut regorus::Engine, name: &str, text: &str) -> Result<String, Complaint> {
    engine.set_rego_v0(false);
    let first = engine.add_policy(name.to_owned(), text.to_owned());
    first.or_else(|error| {
        engine.set_rego_v0(true);
        let second = engine.add_policy(name.to_owned(), text.to_owned());
        engine.set_rego_v0(false);
        second.map_err(|old| {
            // What was read further is the syntax that was meant.
            let (today, old) = (
                Complaint::read(&error.to_string()),
                Complaint::read(&old.to_string()),
            );
            if old.at > today.at { old } else { today }
        })
    })
}

/// What the parser or interpreter complains of, and where in the module.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Complaint {
    at: Position,
    reason: String,
}

/// `--> file:3:7`, the quoted line, then `error: …`.
static REPORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s)-->\s.+?:(\d+):(\d+)\n.*?\n *error: (.+)").ok());

impl Complaint {
    fn read(text: &str) -> Self {
        let captures = REPORT.as_ref().and_then(|report| report.captures(text));
        let number = |group: &str| group.parse().unwrap_or(u32::MAX);
        let (line, column, reason) = captures.as_ref().map_or((1, 1, text), |found| {
            (
                number(&found[1]),
                number(&found[2]),
                found.extract::<3>().1[2],
            )
        });
        Self {
            at: Position { line, column },
            // More than one error: the first leads to the others.
            reason: reason.trim().lines().next().unwrap_or_default().to_owned(),
        }
    }
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.at.line, self.at.column, self.reason
        )
    }
}
