//! The states of all targets: what they hold is managed.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use abide_connect::{Cancel, Planning, Tool, state};
use anyhow::{Context, bail};

use super::accounts::Account;
use crate::commands::drift::look::{data, environment};
use crate::config::Target;
use crate::terminal;

/// How many states are read at the same time.
const JOBS: usize = 4;

/// The state of one target.
pub(super) struct State {
    pub(super) target: String,
    /// The account, if it is known.
    pub(super) account: Option<String>,
    /// The state in JSON, or why it could not be read.
    pub(super) json: Result<String, String>,
    steps: Vec<(String, Duration)>,
}

/// Reads the states of all targets that may be in these accounts.
pub(super) fn read(
    all: &[Target],
    accounts: &[Account<'_>],
    cancel: &Cancel,
) -> anyhow::Result<Vec<State>> {
    let of = |target: &Target| {
        let known = accounts.iter().find(|account| {
            let mut targets = account.targets.iter();
            targets.any(|known| known.name == target.name)
        });
        known
            .map(|account| account.id.clone())
            .or_else(|| target.account.clone())
    };
    let tasks: Vec<(&Target, Option<String>)> = all
        .iter()
        .map(|target| (target, of(target)))
        .filter(|(_, account)| match account {
            Some(id) => accounts.iter().any(|account| account.id == *id),
            None => !accounts.is_empty(),
        })
        .collect();
    let next = AtomicUsize::new(0);
    let states = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..JOBS.min(tasks.len()) {
            scope.spawn(|| {
                while let Some((target, account)) = tasks.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let state = one(target, account.clone(), cancel);
                    states
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(state);
                }
            });
        }
    });
    if cancel.is_cancelled() {
        bail!("cancelled; nothing was changed");
    }
    let mut states = states.into_inner().unwrap_or_else(PoisonError::into_inner);
    states.sort_by(|a: &State, b| a.target.cmp(&b.target));
    Ok(states)
}

fn one(target: &Target, account: Option<String>, cancel: &Cancel) -> State {
    let bar = terminal::spinner(format!("{}: reading the state", target.name));
    let mut steps = Vec::new();
    let json = shown(target, cancel, &mut steps, &|line| {
        bar.set_message(format!("{}: {}", target.name, terminal::visible(line)));
    });
    bar.finish_and_clear();
    State {
        target: target.name.clone(),
        account,
        json: json.map_err(|error| format!("{error:#}")),
        steps,
    }
}

fn shown(
    target: &Target,
    cancel: &Cancel,
    steps: &mut Vec<(String, Duration)>,
    progress: &(dyn Fn(&str) + Sync),
) -> anyhow::Result<String> {
    let environment = environment(target);
    let tool = Tool::find(target.table.terraform.as_deref(), &environment)?;
    let shown = state(
        &Planning {
            tool: &tool,
            directory: &target.directory,
            data: &data(target),
            workspace: target.table.workspace.as_deref(),
            var_files: &[],
            backend: &target.table.backend_config,
            refresh: false,
            environment: &environment,
            limit: target.timeout,
            cancel,
        },
        progress,
    )?;
    let timed = shown.steps.iter();
    steps.extend(timed.map(|(step, time)| (format!("{} {}", target.name, step.as_str()), *time)));
    String::from_utf8(shown.json).context("the state that was shown is no text")
}

/// Refuses an account of which a state is missing: all it holds would look unmanaged.
pub(super) fn check(states: &[State], account: &Account<'_>) -> anyhow::Result<()> {
    for state in states.iter().filter(|state| state.is_of(account)) {
        if let Err(error) = &state.json {
            bail!(
                "the state of target {} cannot be read, and all that it holds would look unmanaged:\n{error}",
                state.target
            );
        }
    }
    Ok(())
}

/// How long reading the states of an account took.
pub(super) fn steps(states: &[State], account: &Account<'_>) -> Vec<(String, Duration)> {
    let states = states.iter().filter(|state| state.is_of(account));
    states.flat_map(|state| state.steps.clone()).collect()
}

impl State {
    fn is_of(&self, account: &Account<'_>) -> bool {
        self.account.as_ref().is_none_or(|id| *id == account.id)
    }
}
