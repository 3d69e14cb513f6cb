//! `abide scan`

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;

use abide_core::gate::{Gate, OnUnknown, Verdict};
use abide_policy::Severity;
use abide_report::{Format, Report, ReportOptions};
use anyhow::{Context, bail};

use crate::cli::{Cli, ScanArgs, SourceArgs, Unknown};
use crate::config::Config;
use crate::pipeline::{self, Job, Reading, Standing, Timings};
use crate::staged::Staged;
use crate::{ci, decisions, offline, output, recording, terminal};

pub(crate) fn run(cli: &Cli, args: &ScanArgs) -> anyhow::Result<u8> {
    let done = scan(cli, args);
    if let Err(error) = &done
        && args.recording.record
    {
        recording::failed(&args.recording, error);
    }
    done
}

fn scan(cli: &Cli, args: &ScanArgs) -> anyhow::Result<u8> {
    let mut timings = Timings::default();
    let config = Config::load(cli)?;
    let mut inputs: Vec<PathBuf> = args.inputs.iter().chain(&args.plan).cloned().collect();
    let mut source = config.source(&args.source)?;
    if args.staged {
        let staged = Staged::read()?;
        if staged.directories.is_empty() {
            terminal::say(&["no Terraform source is staged; nothing to judge".to_owned()])?;
            return Ok(0);
        }
        inputs = staged.directories;
        source.root.overlay = staged.overlay;
    }
    if args.via_terraform {
        timings.time("terraform", || via_terraform(&inputs, &mut source, args))?;
    }
    if inputs.is_empty() {
        bail!(
            "nothing to scan: name a plan or a directory, e.g. `abide scan plan.json` or `abide scan .`\n  make one with `terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json`"
        );
    }
    let chosen = timings.time("policies", || pipeline::choose(&config, &args.policy))?;
    let job = Job {
        inputs: &inputs,
        source: &source,
        standing: Standing::read(
            &config,
            args.exceptions.as_deref(),
            args.baseline.as_deref(),
        )?,
        // The store keeps passes too.
        all_results: args.all_results || args.recording.record,
        fixes: args.fixes,
        now: args.now,
    };
    let reading = Reading {
        key: match args.recording.record {
            true => recording::redaction_key(&args.recording.store)?,
            false => pipeline::redaction_key()?,
        },
        hash: args.recording.record,
    };
    let (mut scan, digests) = pipeline::run(&chosen, &job, &reading, &mut timings)?;
    let snapshot = match args.recording.record {
        true => Some(timings.time("snapshot", || {
            recording::snapshot(&scan, &args.recording, digests)
        })),
        false => None,
    };
    if !args.all_results && snapshot.is_some() {
        pipeline::keep_findings(&mut scan);
    }
    let gate = gate(&config, args)?;
    let verdict = gate.judge(&scan);
    let options = ReportOptions {
        gate,
        color: terminal::use_color(cli.color),
        width: terminal::width(),
        all_results: args.all_results,
        sarif_include_excepted: args.sarif_include_excepted,
        permalink_base: ci::permalink_base(&ci::variable),
    };
    timings.time("report", || {
        report(args, &Report::new(&scan, verdict, options))
    })?;
    if let Some(snapshot) = snapshot {
        timings.time("record", || recording::record(&snapshot, &args.recording))?;
        timings.time("decisions", || {
            decisions::record(&chosen, &job.standing, &args.recording)
        })?;
    }
    if args.timings {
        print_timings(&timings)?;
    }
    let code = exit_code(verdict, scan.is_complete(), args.exit_zero);
    // Findings borrow nothing that outlives them; the process ends here anyway.
    std::mem::forget(scan);
    Ok(code)
}

/// Plans every directory; plans and states stay what they are.
fn via_terraform(
    inputs: &[PathBuf],
    source: &mut SourceArgs,
    args: &ScanArgs,
) -> anyhow::Result<()> {
    // A plan names its source by its directory.
    source.source = None;
    let cancel = offline::interruptible()?;
    for directory in inputs.iter().filter(|path| path.is_dir()) {
        let plan = offline::plan(directory, &source.root, &args.offline, &cancel)?;
        let bytes = serde_json::to_vec(&plan.json).context("keeping the plan")?;
        source.plans.insert(directory.clone(), bytes.into());
    }
    Ok(())
}

/// Findings of an incomplete scan come first, but forgiving them does not make it complete.
fn exit_code(verdict: Verdict, complete: bool, exit_zero: bool) -> u8 {
    match verdict {
        Verdict::Failed if exit_zero && !complete => Verdict::Incomplete.exit_code(),
        Verdict::Failed | Verdict::NothingEvaluated if exit_zero => 0,
        verdict => verdict.exit_code(),
    }
}

fn gate(config: &Config, args: &ScanArgs) -> anyhow::Result<Gate> {
    let fail_on = match args.fail_on {
        Some(flag) => flag.0,
        None => config.fail_on()?.unwrap_or(Some(Severity::High)),
    };
    let on_unknown = match args.on_unknown {
        Some(Unknown::Warn) => OnUnknown::Warn,
        Some(Unknown::Fail) => OnUnknown::Fail,
        Some(Unknown::Ignore) => OnUnknown::Ignore,
        None => config.on_unknown().unwrap_or_default(),
    };
    Ok(Gate {
        fail_on,
        on_unknown,
        allow_empty: args.allow_empty,
    })
}

fn report(args: &ScanArgs, report: &Report<'_>) -> anyhow::Result<()> {
    for file in &args.output {
        output::write(file.format, report, &file.path)?;
    }
    let under_actions = env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    let format = args.format.unwrap_or(if under_actions {
        Format::Github
    } else {
        Format::Human
    });
    if format == Format::Github {
        output::github_files(report)?;
    }
    if args.quiet {
        return Ok(());
    }
    output::print(format, report)
}

fn print_timings(timings: &Timings) -> anyhow::Result<()> {
    let mut err = io::stderr().lock();
    for (step, took) in &timings.0 {
        writeln!(err, "{step:>9} {:>9.3} ms", took.as_secs_f64() * 1000.0)?;
    }
    Ok(())
}
