//! `abide baseline`

use abide_core::baseline::Baseline;
use anyhow::bail;

use crate::cli::{BaselineArgs, BaselineCommand, Cli};
use crate::config::Config;
use crate::output;
use crate::pipeline::{self, Job, Standing, Timings};

pub(crate) fn run(cli: &Cli, command: &BaselineCommand) -> anyhow::Result<u8> {
    let (args, prune) = match command {
        BaselineCommand::Create(args) => (args, false),
        BaselineCommand::Prune(args) => (args, true),
    };
    let before = match args.output.exists() || prune {
        true => pipeline::read_baseline(&args.output)?,
        false => Baseline::default(),
    };
    let after = rewrite(cli, args, &before, prune)?;
    output::write_text(&after.write(), &args.output)?;
    let path = args.output.display();
    let sentence = match prune {
        true => format!(
            "{path}: {} findings, {} taken out because they are gone",
            after.len(),
            before.len().saturating_sub(after.len())
        ),
        false => format!(
            "{path}: {} findings; `abide scan --baseline {path}` fails on new ones only",
            after.len()
        ),
    };
    output::print_text(&sentence)?;
    Ok(0)
}

fn rewrite(
    cli: &Cli,
    args: &BaselineArgs,
    before: &Baseline,
    prune: bool,
) -> anyhow::Result<Baseline> {
    let config = Config::load(cli)?;
    let chosen = pipeline::choose(&config, &args.policy)?;
    let job = Job {
        inputs: &args.inputs,
        source: &config.source(&args.source)?,
        standing: Standing::excepted(&config, args.exceptions.as_deref())?,
        all_results: false,
        fixes: None,
        now: args.now,
    };
    let scan = pipeline::scan(&chosen, &job, &mut Timings::default())?;
    // What an incomplete plan does not show may well be there.
    let partial = |code| matches!(code, "plan-incomplete" | "plan-deferred");
    let whole = scan.is_complete() && !scan.diagnostics.iter().any(|d| partial(d.code));
    if prune && !whole {
        bail!(
            "the plan is not complete: findings that it does not show may still be there, so nothing is taken out"
        );
    }
    Ok(if prune {
        before.prune(&scan)
    } else {
        before.of(&scan)
    })
}
