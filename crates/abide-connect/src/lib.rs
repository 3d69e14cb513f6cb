//! Lets `terraform` or `tofu` plan, for drift.
//!
//! Four subcommands are run and no other: `version`, `init`, `plan` and `show`
//! ([`Step`]); nothing of that applies, refreshes or writes a state. The one exception has a module
//! of its own: [`apply()`] applies a saved plan whose digest was approved. Each runs in a process group
//! of its own, gets a chosen environment, and ends when its time is over or the caller cancels.

mod apply;
mod environment;
mod plan;
mod process;
mod state;
mod tool;

pub use apply::{ApprovedPlan, NoDigest, PlanDigest, apply, show};
pub use environment::Environment;
pub use plan::{Planned, Planning, import, init, plan, plan_only, plan_with_variables};
pub use process::{Cancel, Step};
pub use state::{ShownState, state};
pub use tool::{Flavour, Tool};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No program to run.
    #[error(
        "neither `terraform` nor `tofu` is on the PATH: install one, or name it as `terraform` in abide.toml"
    )]
    NotFound,
    /// The program cannot be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else, or too old to say its version in JSON.
    #[error(
        "{program} does not say which version it is; expected Terraform or OpenTofu, 1.0 or later"
    )]
    Version {
        /// The program.
        program: String,
    },
    /// A step failed.
    #[error("{tool} {step} failed{code}:\n{output}", step = step.as_str(), code = shown_code(*code))]
    Failed {
        /// `terraform` or `tofu`.
        tool: &'static str,
        /// Which step.
        step: Step,
        /// The exit code; `None` if a signal ended it.
        code: Option<i32>,
        /// The end of what it said.
        output: String,
    },
    /// A step took too long and was ended.
    #[error(
        "{tool} {step} was ended after {seconds} s: raise `timeout` of the target if it needs more",
        step = step.as_str()
    )]
    TimeOut {
        /// `terraform` or `tofu`.
        tool: &'static str,
        /// Which step.
        step: Step,
        /// The limit.
        seconds: u64,
    },
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The saved plan is not the one that was approved.
    #[error(
        "{file} is not the approved plan: it has {found}, approved was {approved}; make a new one with `abide drift remedy`"
    )]
    NotApproved {
        /// The file.
        file: String,
        /// Its digest.
        found: String,
        /// The one asked for.
        approved: String,
    },
    /// Reading or writing a scratch file.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The directory of the target.
    #[error("{0} is no directory with Terraform source: check `directory` of the target")]
    NoDirectory(String),
}

fn shown_code(code: Option<i32>) -> String {
    code.map_or_else(
        || " (ended by a signal)".to_owned(),
        |code| format!(" (exit code {code})"),
    )
}
