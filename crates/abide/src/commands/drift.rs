//! `abide drift`

mod look;
mod remedy;

use abide_connect::Cancel;
use abide_core::drift::Class;
use abide_core::scan::ScanPolicy;
use abide_report::{DriftFormat, DriftReport, DriftTarget, render_drift};
use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;

use self::look::Looking;
use crate::cli::{Cli, DriftArgs, DriftCommand, Shown};
use crate::config::{Config, Target};
use crate::pipeline;
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, args: &DriftArgs) -> anyhow::Result<u8> {
    match &args.command {
        Some(DriftCommand::Remedy(args)) => return remedy::run(cli, args),
        Some(DriftCommand::ApplyRevert(args)) => return remedy::apply(cli, args),
        None => {}
    }
    let config = Config::load(cli)?;
    let chosen = pipeline::choose(&config, &args.policy)?;
    let key = pipeline::redaction_key()?;
    let looking = Looking {
        chosen: &chosen,
        key,
        applied: args.applied,
    };
    let targets = match args.plan.is_empty() {
        true => looking.targets(
            &wanted(&config, args)?,
            usize::from(args.jobs),
            &interruptible()?,
        )?,
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

/// Ctrl-C reaches only us, since the programs have groups of their own: passed on to them.
fn interruptible() -> anyhow::Result<Cancel> {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    ctrlc::set_handler(move || asked.cancel()).context("cannot listen for Ctrl-C")?;
    Ok(cancel)
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
        bail!("which target? Name some, or --all: {}", names(&known));
    }
    let found = args.targets.iter().map(|name| named(&known, name));
    found.collect()
}

fn named(known: &[Target], name: &str) -> anyhow::Result<Target> {
    let target = known.iter().find(|target| target.name == *name);
    target.cloned().ok_or_else(|| {
        let names = names(known);
        anyhow!("there is no target `{name}`; abide.toml has {names}")
    })
}

fn names(known: &[Target]) -> String {
    let names: Vec<&str> = known.iter().map(|target| target.name.as_str()).collect();
    names.join(", ")
}
