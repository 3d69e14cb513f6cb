//! `abide drift`

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use abide_connect::{Cancel, Environment, Planning, Tool, plan};
use abide_core::drift::{Class, Code, Drift, classify};
use abide_core::inventory::Inventory;
use abide_core::scan::ScanPolicy;
use abide_core::source::{self, Input, LoadOptions, RedactionKey, Wanted};
use abide_core::value::Value;
use abide_report::{DriftFormat, DriftReport, DriftTarget, render_drift};
use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;

use crate::cli::{Cli, DriftArgs, Shown};
use crate::config::{Config, Target};
use crate::pipeline::{self, Chosen};
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, args: &DriftArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let chosen = pipeline::choose(&config, &args.policy)?;
    let key = pipeline::redaction_key()?;
    let looking = Looking {
        chosen: &chosen,
        key,
        applied: args.applied,
    };
    let targets = match args.plan.is_empty() {
        true => looking.targets(&wanted(&config, args)?, args)?,
        false => args.plan.iter().map(|file| looking.file(file)).collect(),
    };
    let at = Timestamp::now();
    let report = DriftReport {
        at,
        tool_version: env!("CARGO_PKG_VERSION"),
        policies: chosen
            .set
            .policies
            .iter()
            .map(|policy| ScanPolicy::of(policy, at))
            .collect(),
        targets,
        timings: args.timings,
    };
    write(cli, args, &report)?;
    Ok(code(&report))
}

fn code(report: &DriftReport) -> u8 {
    let doubtful = |target: &DriftTarget| match &target.outcome {
        Ok(drift) => drift.suspicion.is_some(),
        Err(_) => true,
    };
    let violations = Class::ALL.into_iter().filter(|class| class.is_violation());
    match violations.map(|class| report.count(class)).sum::<usize>() {
        _ if report.targets.iter().any(doubtful) => 2,
        0 => 0,
        _ => 1,
    }
}

fn write(cli: &Cli, args: &DriftArgs, report: &DriftReport) -> anyhow::Result<()> {
    let format = match args.format {
        Shown::Human => DriftFormat::Human,
        Shown::Markdown => DriftFormat::Markdown,
        Shown::Json => DriftFormat::Json,
    };
    let mut bytes = Vec::new();
    let (color, width) = match &args.output {
        Some(_) => (false, None),
        None => (terminal::use_color(cli.color), terminal::width()),
    };
    render_drift(format, report, color, width, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    match &args.output {
        Some(path) => output::write_text(&text, path),
        None => output::print_text(&text),
    }
}

/// The targets that are asked for.
fn wanted(config: &Config, args: &DriftArgs) -> anyhow::Result<Vec<Target>> {
    let known = config.targets()?;
    if known.is_empty() {
        bail!(
            "there is no target: write one into abide.toml, e.g.\n  [targets.prod]\n  directory = \"infra/prod\"\nor name a plan with --plan"
        );
    }
    if args.all {
        return Ok(known);
    }
    if args.targets.is_empty() {
        let names: Vec<&str> = known.iter().map(|target| target.name.as_str()).collect();
        bail!("which target? Name some, or --all: {}", names.join(", "));
    }
    let found = args.targets.iter().map(|name| {
        let target = known.iter().find(|target| target.name == *name);
        target.cloned().ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|target| target.name.as_str()).collect();
            anyhow!(
                "there is no target `{name}`; abide.toml has {}",
                names.join(", ")
            )
        })
    });
    found.collect()
}

/// What holds for all targets.
struct Looking<'a> {
    chosen: &'a Chosen,
    key: RedactionKey,
    applied: bool,
}

/// A target's result, its steps, and who planned.
type Looked = (
    anyhow::Result<Drift>,
    Vec<(String, Duration)>,
    Option<String>,
);

impl Looking<'_> {
    /// Plans all targets, some at a time; one that fails does not stop the others.
    fn targets(&self, wanted: &[Target], args: &DriftArgs) -> anyhow::Result<Vec<DriftTarget>> {
        let cancel = Cancel::default();
        let asked = cancel.clone();
        // The programs have groups of their own: Ctrl-C reaches only us.
        ctrlc::set_handler(move || asked.cancel()).context("cannot listen for Ctrl-C")?;
        let queue: Mutex<VecDeque<usize>> = Mutex::new((0..wanted.len()).collect());
        let results: Mutex<Vec<Option<DriftTarget>>> =
            Mutex::new(wanted.iter().map(|_| None).collect());
        let next = || {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.pop_front()
        };
        std::thread::scope(|scope| {
            for _ in 0..usize::from(args.jobs).min(wanted.len()) {
                scope.spawn(|| {
                    while let Some(at) = next() {
                        let target = self.target(&wanted[at], &cancel);
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

    fn target(&self, target: &Target, cancel: &Cancel) -> DriftTarget {
        let bar = terminal::spinner(format!("{}: starting", target.name));
        let (outcome, steps, tool) = self.look(target, cancel, &|line| {
            bar.set_message(format!("{}: {}", target.name, terminal::visible(line)));
        });
        bar.finish_and_clear();
        DriftTarget {
            name: target.name.clone(),
            owner: target.table.owner.clone(),
            outcome: outcome.map_err(|error| error.to_string()),
            steps,
            tool,
        }
    }

    fn look(&self, target: &Target, cancel: &Cancel, progress: &(dyn Fn(&str) + Sync)) -> Looked {
        let mut steps = Vec::new();
        let mut shown = None;
        let mut work = || {
            let environment = environment(target);
            let tool = Tool::find(target.table.terraform.as_deref(), &environment)?;
            shown = Some(format!("{} {}", tool.flavour.as_str(), tool.version));
            let data = target
                .directory
                .join(".terraform/abide")
                .join(file_name(&target.name));
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
            let drift = self.drift(&planned.json, applied, target.account.as_deref());
            steps.push(("judge".to_owned(), begun.elapsed()));
            drift
        };
        let outcome = work();
        (outcome, steps, shown)
    }

    /// A plan that is there already.
    fn file(&self, file: &Path) -> DriftTarget {
        let begun = Instant::now();
        let outcome = self.drift(file, self.applied, None);
        DriftTarget {
            name: file.display().to_string(),
            owner: None,
            outcome: outcome.map_err(|error| error.to_string()),
            steps: vec![("judge".to_owned(), begun.elapsed())],
            tool: None,
        }
    }

    fn drift(&self, plan: &Path, applied: bool, account: Option<&str>) -> anyhow::Result<Drift> {
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
        let code = match applied {
            true => Code::Applied,
            false => Code::MayBeAhead,
        };
        Ok(classify(&sides, &self.chosen.set, code))
    }
}

/// What the program may see: our variables that it needs, and the target's own.
fn environment(target: &Target) -> Environment {
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
fn file_name(name: &str) -> String {
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
