//! Plans a directory without cloud or credentials.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use abide_connect::{Cancel, Environment, Tool};
use abide_offline::{Library, Offline, OfflinePlan};
use anyhow::Context;

use crate::cli::{OfflineArgs, RootArgs};
use crate::load;
use crate::terminal;

/// Seconds, if nobody says otherwise; a plan takes about one.
const LIMIT: u64 = 300;

/// terraform has a process group of its own: Ctrl-C reaches only us, and is passed on.
pub(crate) fn interruptible() -> anyhow::Result<Cancel> {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    ctrlc::set_handler(move || asked.cancel()).context("cannot listen for Ctrl-C")?;
    Ok(cancel)
}

/// Plans, and tells on the terminal what terraform does.
pub(crate) fn plan(
    directory: &Path,
    root: &RootArgs,
    args: &OfflineArgs,
    cancel: &Cancel,
) -> anyhow::Result<OfflinePlan> {
    let mut environment = Environment::of(env::vars_os());
    // Weaker than files of variables, as in a directory that is read without terraform.
    for (name, value) in &root.configured.variables {
        environment.set(format!("TF_VAR_{name}"), value);
    }
    let library = Library::new(&args.schema, cache())?;
    let tool = Tool::find(args.terraform.as_deref(), &environment)?;
    let workspace = load::workspace(directory, root);
    let name = terminal::visible(&directory.display().to_string());
    let bar = terminal::spinner(format!("planning {name}"));
    let progress = |line: &str| bar.set_message(terminal::visible(line));
    let plan = Offline {
        tool: &tool,
        directory,
        workspace: Some(workspace.as_str()).filter(|name| *name != "default"),
        var_files: &root.var_file,
        variables: &root.var,
        environment: &environment,
        library: &library,
        limit: Duration::from_secs(args.plan_timeout.unwrap_or(LIMIT)),
        cancel,
    }
    .plan(&progress);
    bar.finish_and_clear();
    let plan = plan.with_context(|| format!("cannot plan {name}"))?;
    let notes = plan.notes.iter().map(|note| format!("note: {note}"));
    terminal::say(&notes.collect::<Vec<_>>())?;
    Ok(plan)
}

/// Where schemas are kept for this user.
fn cache() -> Option<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|path| !path.is_empty());
    let caches = named("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(named("HOME")?).join(".cache")))?;
    Some(caches.join("abide/schemas"))
}
