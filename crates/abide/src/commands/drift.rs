//! `abide drift`

mod history;
pub(crate) mod look;
mod observe;
mod remedy;
mod watch;
#[cfg(feature = "aws")]
mod who;

use abide_connect::Cancel;
use abide_core::drift::{self, Class};
use abide_core::gate::{Gate, OnUnknown};
use abide_core::scan::ScanPolicy;
use abide_policy::Severity;
use abide_report::{
    DriftFormat, DriftReport, DriftTarget, Format, Report, ReportOptions, render, render_drift,
};
use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;

use self::look::Looking;
use crate::cli::{Cli, DriftArgs, DriftCommand, Shown};
use crate::config::{Config, Target};
use crate::pipeline::{self, Standing};
use crate::{ci, decisions, output, recording, terminal};

pub(crate) fn run(cli: &Cli, args: &DriftArgs) -> anyhow::Result<u8> {
    match &args.command {
        Some(DriftCommand::Remedy(args)) => return remedy::run(cli, args),
        Some(DriftCommand::ApplyRevert(args)) => return remedy::apply(cli, args),
        None => {}
    }
    if args.watch {
        return watch::run(cli, args);
    }
    let config = Config::load(cli)?;
    let chosen = pipeline::choose(&config, &args.policy)?;
    let standing = Standing::excepted(&config, args.exceptions.as_deref())?;
    let at = Timestamp::now();
    let wanted = match args.plan.is_empty() {
        true => wanted(&config, args)?,
        false => Vec::new(),
    };
    let telling = match args.notify {
        true => Some(watch::Telling::new(&config, args, &wanted)?),
        false => None,
    };
    let looking = Looking {
        chosen: &chosen,
        key: match (&telling, args.recording.record) {
            (_, true) => recording::redaction_key(&args.recording.store)?,
            (Some(telling), false) => telling.key(),
            (None, false) => pipeline::redaction_key()?,
        },
        applied: args.applied,
        standing: &standing,
        at,
    };
    let targets = match args.plan.is_empty() {
        true => {
            let cancel = interruptible()?;
            let looked = looking.targets(&wanted, usize::from(args.jobs), &cancel)?;
            #[cfg(feature = "aws")]
            let looked = match args.who {
                true => who::ask(&wanted, looked, args.who_since, &cancel),
                false => looked,
            };
            looked
        }
        false => args.plan.iter().map(|file| looking.file(file)).collect(),
    };
    let policies = chosen.set.policies.iter();
    let mut report = DriftReport {
        at,
        tool_version: env!("CARGO_PKG_VERSION"),
        policies: policies.map(|policy| ScanPolicy::of(policy, at)).collect(),
        targets,
        timings: args.timings,
    };
    let recorded = history::record(&mut report, &args.recording);
    write(cli, args, &report)?;
    recorded?;
    if args.recording.record {
        decisions::record(&chosen, &standing, &args.recording)?;
    }
    if let Some(telling) = &telling {
        telling.tell(&config, &wanted, &report)?;
    }
    Ok(match args.detailed_exitcode {
        true => detailed_code(&report),
        false => code(&report),
    })
}

/// Ctrl-C reaches only us, since the programs have groups of their own: passed on to them.
pub(crate) fn interruptible() -> anyhow::Result<Cancel> {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    ctrlc::set_handler(move || asked.cancel()).context("cannot listen for Ctrl-C")?;
    Ok(cancel)
}

/// Whether the result of a target must not be relied on.
fn is_doubtful(target: &DriftTarget) -> bool {
    match &target.outcome {
        Ok(drift) => drift.suspicion.is_some(),
        Err(_) => true,
    }
}

fn code(report: &DriftReport) -> u8 {
    match report.violations() {
        _ if report.targets.iter().any(is_doubtful) => 2,
        0 => 0,
        _ => 1,
    }
}

/// As `terraform plan -detailed-exitcode` counts: any drift that nobody accepted.
fn detailed_code(report: &DriftReport) -> u8 {
    let drifted = report
        .resources()
        .any(|(_, resource)| resource.class != Class::Pending && resource.accepted.is_none());
    match drifted {
        _ if report.targets.iter().any(is_doubtful) => 1,
        false => 0,
        true => 2,
    }
}

fn write(cli: &Cli, args: &DriftArgs, report: &DriftReport) -> anyhow::Result<()> {
    let (color, width) = match &args.output {
        Some(_) => (false, None),
        None => (terminal::use_color(cli.color), terminal::width()),
    };
    if let Some(path) = &args.results {
        let mut bytes = Vec::new();
        findings(Format::Json, report, &mut bytes)?;
        output::write_bytes(&bytes, path)?;
    }
    let mut bytes = Vec::new();
    let mut drift = |format| render_drift(format, report, color, width, &mut bytes);
    match args.format {
        Shown::Human => drift(DriftFormat::Human)?,
        Shown::Markdown => drift(DriftFormat::Markdown)?,
        Shown::Json => drift(DriftFormat::Json)?,
        Shown::Github => findings(Format::Github, report, &mut bytes)?,
        Shown::Sarif => findings(Format::Sarif, report, &mut bytes)?,
        Shown::Junit => findings(Format::Junit, report, &mut bytes)?,
        Shown::Gitlab => findings(Format::Gitlab, report, &mut bytes)?,
        Shown::Csv => findings(Format::Csv, report, &mut bytes)?,
    }
    let text = String::from_utf8_lossy(&bytes);
    match &args.output {
        Some(path) => output::write_text(&text, path),
        None => output::print_text(&text),
    }
}

/// Formats that know findings only: drift is shown as what breaks policies, and the rest as a
/// finding of the policy `DRIFT`.
fn findings(format: Format, report: &DriftReport, out: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut scans = Vec::new();
    for target in &report.targets {
        match (&target.outcome, &target.scan) {
            (Ok(drift), Some(scan)) => scans.push((scan, drift)),
            (Err(error), _) => bail!(
                "{}: {error}\n  a format of findings cannot say that a target was not looked at; take human, markdown or json",
                target.name
            ),
            (Ok(_), None) => {}
        }
    }
    let Some(scan) = drift::scan::findings(&scans) else {
        bail!("no target was looked at");
    };
    let gate = Gate {
        fail_on: Some(Severity::Low),
        on_unknown: OnUnknown::Ignore,
        allow_empty: true,
    };
    let options = ReportOptions {
        gate,
        permalink_base: ci::permalink_base(&ci::variable),
        ..ReportOptions::default()
    };
    render(format, &Report::new(&scan, gate.judge(&scan), options), out)?;
    Ok(())
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
