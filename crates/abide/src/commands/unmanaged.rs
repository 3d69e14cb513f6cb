//! `abide unmanaged`

mod accounts;
mod judge;
mod read;
mod states;

use std::fmt::Write as _;

use abide_aws::unmanaged::{Held, Imports, Kind, kinds};
use abide_core::scan::ScanPolicy;
use abide_report::{
    DriftFormat, UnmanagedAccount, UnmanagedFound, UnmanagedReport, render_unmanaged,
};
use anyhow::{anyhow, bail};
use jiff::Timestamp;

use self::accounts::Account;
use self::states::State;
use crate::cli::{Cli, Listed, UnmanagedArgs};
use crate::commands::drift::interruptible;
use crate::config::{Config, IgnoreEntry, Target};
use crate::pipeline::{self, Chosen, Standing};
use crate::{output, terminal};

/// What holds for all accounts.
struct Work<'a> {
    args: &'a UnmanagedArgs,
    chosen: &'a Chosen,
    standing: &'a Standing,
    ignored: &'a [IgnoreEntry],
    held: &'a Held,
    cancel: &'a abide_connect::Cancel,
    at: Timestamp,
}

pub(crate) fn run(cli: &Cli, args: &UnmanagedArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let chosen = pipeline::choose(&config, &args.policy)?;
    let standing = Standing::excepted(&config, args.exceptions.as_deref())?;
    let ignored = config.ignored()?;
    known_types(&args.types)?;
    known_types(
        &ignored
            .iter()
            .map(|e| e.type_name.clone())
            .collect::<Vec<_>>(),
    )?;
    let all = config.targets()?;
    let wanted = wanted(&all, args)?;
    let cancel = interruptible()?;
    let (accounts, mut failed) = accounts::of(&wanted);
    let states = states::read(&all, &accounts, &cancel)?;
    let mut held = Held::default();
    for state in states.iter() {
        if let Ok(json) = &state.json {
            held.add(json, state.account.as_deref())
                .map_err(|error| anyhow!("target {}: {error}", state.target))?;
        }
    }
    let work = Work {
        args,
        chosen: &chosen,
        standing: &standing,
        ignored: &ignored,
        held: &held,
        cancel: &cancel,
        at: Timestamp::now(),
    };
    let mut imports = String::new();
    let mut found = Vec::new();
    for account in &accounts {
        let (result, blocks) = work.account(account, &states);
        if let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) {
            let _ = write!(imports, "# Account {}\n\n{blocks}\n", account.id);
        }
        found.push(result);
    }
    if cancel.is_cancelled() {
        bail!("cancelled; nothing was changed");
    }
    found.append(&mut failed);
    found.sort_by(|a, b| a.account.cmp(&b.account));
    let report = UnmanagedReport {
        at: work.at,
        tool_version: env!("CARGO_PKG_VERSION"),
        policies: chosen
            .set
            .policies
            .iter()
            .map(|policy| ScanPolicy::of(policy, work.at))
            .collect(),
        evaluated: args.evaluate,
        accounts: found,
        timings: args.timings,
    };
    if let Some(path) = &args.out_imports {
        output::write_text(&format!("{HEAD}{}\n", imports.trim_end()), path)?;
    }
    write(cli, args, &report)?;
    Ok(code(&report))
}

/// What stands before the proposed blocks.
const HEAD: &str = "\
# What no state holds. Move the blocks of what you adopt to a root module whose provider is of the
# account and region, and let terraform write the configuration:
#   terraform plan -generate-config-out=adopted.tf

";

fn code(report: &UnmanagedReport) -> u8 {
    let counts = report.resources().any(|resource| match report.evaluated {
        true => resource.violations().next().is_some(),
        false => true,
    });
    match (report.is_complete(), counts) {
        (false, _) => 2,
        (true, true) => 1,
        (true, false) => 0,
    }
}

fn write(cli: &Cli, args: &UnmanagedArgs, report: &UnmanagedReport) -> anyhow::Result<()> {
    let format = match args.format {
        Listed::Human => DriftFormat::Human,
        Listed::Markdown => DriftFormat::Markdown,
        Listed::Json => DriftFormat::Json,
    };
    let mut bytes = Vec::new();
    let (color, width) = match &args.output {
        Some(_) => (false, None),
        None => (terminal::use_color(cli.color), terminal::width()),
    };
    render_unmanaged(format, report, color, width, &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    match &args.output {
        Some(path) => output::write_text(&text, path),
        None => output::print_text(&text),
    }
}

fn known_types(types: &[String]) -> anyhow::Result<()> {
    let kinds: &[Kind] = kinds()?;
    for name in types {
        if !kinds.iter().any(|kind| kind.name == *name) {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
            bail!("`{name}` cannot be listed; known are {}", names.join(", "));
        }
    }
    Ok(())
}

/// The targets that are asked for.
fn wanted<'t>(known: &'t [Target], args: &UnmanagedArgs) -> anyhow::Result<Vec<&'t Target>> {
    let names: Vec<&str> = known.iter().map(|target| target.name.as_str()).collect();
    if known.is_empty() {
        bail!(
            "there is no target: write one into abide.toml, e.g.\n  [targets.prod]\n  directory = \"infra/prod\""
        );
    }
    if args.all {
        return Ok(known.iter().collect());
    }
    if args.targets.is_empty() {
        bail!("which target? Name some, or --all: {}", names.join(", "));
    }
    let found = args.targets.iter().map(|name| {
        let target = known.iter().find(|target| target.name == *name);
        target.ok_or_else(|| {
            anyhow!(
                "there is no target `{name}`; abide.toml has {}",
                names.join(", ")
            )
        })
    });
    found.collect()
}

impl Work<'_> {
    /// Looks at one account; also gives the import blocks.
    fn account(
        &self,
        account: &Account<'_>,
        states: &[State],
    ) -> (UnmanagedAccount, Option<String>) {
        let mut result = UnmanagedAccount {
            account: account.id.clone(),
            targets: account
                .targets
                .iter()
                .map(|target| target.name.clone())
                .collect(),
            regions: Vec::new(),
            outcome: Ok(UnmanagedFound::default()),
            steps: states::steps(states, account),
        };
        let mut blocks = None;
        let mut look = || -> anyhow::Result<UnmanagedFound> {
            states::check(states, account)?;
            result.regions = accounts::regions(account, &self.args.region, self.held)?;
            let mut found = judge::list(self, account, &result.regions, &mut result.steps)?;
            let mut imports = Imports::default();
            judge::companions(self, account, &result.regions, &mut found, &mut imports)?;
            if self.args.evaluate {
                judge::judge(
                    self,
                    account,
                    &result.regions,
                    &mut found,
                    &imports,
                    &mut result.steps,
                )?;
            }
            blocks = Some(imports.text());
            Ok(found.shown)
        };
        result.outcome = look().map_err(|error| format!("{error:#}"));
        (result, blocks)
    }
}
