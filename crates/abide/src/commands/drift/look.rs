//! Looking at targets: each is planned, and its plan judged. What is done with the outcome is not decided here.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use abide_connect::{Cancel, Environment, Planning, Tool, plan};
use abide_core::drift::{self, Code, Drift, classify};
use abide_core::inventory::Inventory;
use abide_core::scan::Scan;
use abide_core::source::{self, Input, LoadOptions, RedactionKey, Snapshots, Wanted};
use abide_core::value::Value;
use abide_rego::Asking;
use abide_report::DriftTarget;
use anyhow::bail;
use jiff::Timestamp;

use crate::cli::SourceArgs;
use crate::config::Target;
use crate::pipeline::{self, Chosen, Standing};
use crate::{load, terminal};

/// What holds for all targets.
pub(super) struct Looking<'a> {
    pub(super) chosen: &'a Chosen,
    pub(super) key: RedactionKey,
    pub(super) applied: bool,
    /// What lets findings stand.
    pub(super) standing: &'a Standing,
    /// When it is looked; exceptions are held against it.
    pub(super) at: Timestamp,
}

/// A target's result, its steps, and who planned.
type Looked = (
    anyhow::Result<(Drift, Scan)>,
    Vec<(String, Duration)>,
    Option<String>,
);

impl Looking<'_> {
    /// Plans all targets, some at a time; one that fails does not stop the others.
    pub(super) fn targets(
        &self,
        wanted: &[Target],
        jobs: usize,
        cancel: &Cancel,
    ) -> anyhow::Result<Vec<DriftTarget>> {
        let queue: Mutex<VecDeque<usize>> = Mutex::new((0..wanted.len()).collect());
        let results: Mutex<Vec<Option<DriftTarget>>> =
            Mutex::new(wanted.iter().map(|_| None).collect());
        let next = || {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.pop_front()
        };
        std::thread::scope(|scope| {
            for _ in 0..jobs.min(wanted.len()) {
                scope.spawn(|| {
                    while let Some(at) = next() {
                        let target = self.target(&wanted[at], cancel);
                        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                        results[at] = Some(target);
                    }
                });
            }
        });
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        if cancel.is_cancelled() {
            bail!("cancelled; no target was changed");
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// Plans one target and judges its plan.
    pub(super) fn target(&self, target: &Target, cancel: &Cancel) -> DriftTarget {
        let bar = terminal::spinner(format!("{}: starting", target.name));
        let (outcome, steps, tool) = self.look(target, cancel, &|line| {
            bar.set_message(format!("{}: {}", target.name, terminal::visible(line)));
        });
        bar.finish_and_clear();
        let (outcome, scan) = apart(outcome);
        DriftTarget {
            name: target.name.clone(),
            owner: target.table.owner.clone(),
            outcome,
            scan,
            steps,
            tool,
        }
    }

    fn look(&self, target: &Target, cancel: &Cancel, progress: &(dyn Fn(&str) + Sync)) -> Looked {
        let whole = Instant::now();
        let mut steps = Vec::new();
        let mut shown = None;
        let mut work = || {
            let environment = environment(target);
            let begun = Instant::now();
            let tool = Tool::find(target.table.terraform.as_deref(), &environment)?;
            steps.push(("version".to_owned(), begun.elapsed()));
            shown = Some(format!("{} {}", tool.flavour.as_str(), tool.version));
            let data = data(target);
            let planned = plan(
                &Planning {
                    tool: &tool,
                    directory: &target.directory,
                    data: &data,
                    workspace: target.table.workspace.as_deref(),
                    var_files: &target.var_files,
                    backend: &target.table.backend_config,
                    refresh: true,
                    environment: &environment,
                    limit: target.timeout,
                    cancel,
                },
                progress,
            )?;
            let timed = planned.steps.iter();
            steps.extend(timed.map(|(step, time)| (step.as_str().to_owned(), *time)));
            let begun = Instant::now();
            let applied = self.applied || target.table.applied == Some(true);
            let drift = self.judged(&planned.json, applied, Some(target), &target.name);
            steps.push(("judge".to_owned(), begun.elapsed()));
            drift
        };
        let outcome = work();
        // All that is not the program's: judging, and what lies between its steps.
        let theirs = steps.iter().filter(|(step, _)| step != "judge");
        let theirs: Duration = theirs.map(|(_, time)| *time).sum();
        steps.push(("abide".to_owned(), whole.elapsed().saturating_sub(theirs)));
        (outcome, steps, shown)
    }

    /// A plan that is there already.
    pub(super) fn file(&self, file: &Path) -> DriftTarget {
        let begun = Instant::now();
        let name = file.display().to_string();
        let (outcome, scan) = apart(self.judged(file, self.applied, None, &name));
        DriftTarget {
            name,
            owner: None,
            outcome,
            scan,
            steps: vec![("judge".to_owned(), begun.elapsed())],
            tool: None,
        }
    }

    /// What a plan shows of drift, and the scan of what was found.
    fn judged(
        &self,
        plan: &Path,
        applied: bool,
        target: Option<&Target>,
        name: &str,
    ) -> anyhow::Result<(Drift, Scan)> {
        let account = target.and_then(|target| target.account.as_deref());
        let sides = self.sides(plan, account)?;
        let mut drift = self.classify(&sides, applied);
        let mut prints = Vec::new();
        let asking = Asking {
            input: 0,
            all_results: true,
        };
        let found = pipeline::evaluate(self.chosen, &sides.found, None, asking, &mut prints);
        let mut scan = drift::scan::scan(
            (self.at, env!("CARGO_PKG_VERSION")),
            &self.chosen.set,
            name,
            (&sides.found, found),
            &drift,
        );
        if let Some(loaded) = target.and_then(|target| self.source(target)) {
            pipeline::locate(self.chosen, &mut scan, &[loaded.locator()]);
        }
        pipeline::except(self.chosen, &mut scan, self.standing);
        drift::scan::attach(&mut drift, &scan);
        terminal::say(&prints)?;
        Ok((drift, scan))
    }

    /// The source of a target: only to say where things are written, so it may be missing.
    fn source(&self, target: &Target) -> Option<load::Loaded> {
        let mut args = SourceArgs::default();
        args.root.var_file.clone_from(&target.var_files);
        args.root.workspace.clone_from(&target.table.workspace);
        let options = LoadOptions {
            wanted: self.chosen.set.wanted().clone(),
            key: self.key.clone(),
        };
        load::load(&Input::File(target.directory.clone()), &args, &options).ok()
    }

    pub(super) fn classify(&self, sides: &Snapshots, applied: bool) -> Drift {
        let code = match applied {
            true => Code::Applied,
            false => Code::MayBeAhead,
        };
        classify(sides, &self.chosen.set, code)
    }

    /// The sides of a plan that can be judged by.
    pub(super) fn sides(&self, plan: &Path, account: Option<&str>) -> anyhow::Result<Snapshots> {
        let options = LoadOptions {
            // What changed is shown whether or not a policy reads it.
            wanted: Wanted::everything(),
            key: self.key.clone(),
        };
        let sides = source::snapshots(&Input::File(plan.to_owned()), &options)?;
        let broken = sides.desired.diagnostics.iter();
        if let Some(broken) = broken
            .filter(|diagnostic| diagnostic.level == abide_core::diagnostic::Level::Error)
            .map(|diagnostic| &diagnostic.message)
            .next()
        {
            bail!("{broken}");
        }
        if let Some(account) = account {
            check_account(&sides.found, account)?;
        }
        Ok(sides)
    }
}

/// Drift for people, and the scan for programs.
fn apart(judged: anyhow::Result<(Drift, Scan)>) -> (Result<Drift, String>, Option<Scan>) {
    match judged {
        Ok((drift, scan)) => (Ok(drift), Some(scan)),
        Err(error) => (Err(error.to_string()), None),
    }
}

/// Where Terraform keeps what it needs for a target.
pub(crate) fn data(target: &Target) -> PathBuf {
    let folder = target.directory.join(".terraform/abide");
    folder.join(file_name(&target.name))
}

/// What the program may see: our variables that it needs, and the target's own.
pub(crate) fn environment(target: &Target) -> Environment {
    let mut environment = Environment::of(std::env::vars_os());
    if let Some(profile) = &target.table.profile {
        environment.set("AWS_PROFILE", profile);
        // They would win over the profile.
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        ] {
            environment.remove(name);
        }
    }
    for (name, value) in &target.table.environment {
        environment.set(name, value);
    }
    environment
}

/// A folder's name for a target.
pub(super) fn file_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// Refuses what was found in another account than the target's: by ARNs, which name theirs.
fn check_account(found: &Inventory, account: &str) -> anyhow::Result<()> {
    for resource in &found.resources {
        let identity = match &*resource.type_name {
            "aws_caller_identity" => resource.values.get("account_id"),
            _ => resource.values.get("arn"),
        };
        let Some(text) = identity.and_then(Value::as_str) else {
            continue;
        };
        let of = match text.strip_prefix("arn:") {
            // arn:aws:ec2:eu-west-1:111122223333:…
            Some(rest) => rest.split(':').nth(3).unwrap_or_default(),
            None => text,
        };
        let is_account = of.len() == 12 && of.bytes().all(|byte| byte.is_ascii_digit());
        if is_account && of != account {
            bail!(
                "{} is in account {of}, but the target is account {account}: check credentials, profile and workspace",
                resource.address
            );
        }
    }
    Ok(())
}
