//! The state as it is.

use std::time::{Duration, Instant};

use crate::plan::{LockFile, init_arguments};
use crate::process::Step;
use crate::{ConnectError, Planning};

/// A state in Terraform's JSON; it may hold secrets.
pub struct ShownState {
    /// `terraform show -json`.
    pub json: Vec<u8>,
    /// How long each step took.
    pub steps: Vec<(Step, Duration)>,
}

/// Initialises and shows the state: nothing is planned, and the cloud is not looked at.
///
/// # Errors
/// If a step fails, takes too long or is cancelled.
pub fn state(
    planning: &Planning<'_>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<ShownState, ConnectError> {
    if !planning.directory.is_dir() {
        let directory = planning.directory.display().to_string();
        return Err(ConnectError::NoDirectory(directory));
    }
    let environment = planning.environment();
    let run = planning.run(&environment, progress);
    let lock = LockFile::of(planning.directory);
    let init = init_arguments(planning, &lock);
    let init: Vec<&str> = init.iter().map(String::as_str).collect();
    let begun = Instant::now();
    run.step(Step::Init, &init)?;
    let initialised = begun.elapsed();
    let begun = Instant::now();
    let json = run.step(Step::Show, &["-json", "-no-color"])?;
    drop(lock);
    Ok(ShownState {
        json,
        steps: vec![(Step::Init, initialised), (Step::Show, begun.elapsed())],
    })
}
