//! `abide fix`

mod report;
pub(crate) mod show;
pub(crate) mod write;

use std::collections::BTreeSet;
use std::path::Path;

use abide_core::diagnostic::Level;
use abide_core::finding::{Finding, Outcome};
use abide_core::inventory::Inventory;
use abide_core::source::LoadOptions;
use abide_fix::{Fixes, Left, Target, Texts};
use abide_report::Format;
use anyhow::Context;

use crate::cli::{Cli, FixArgs, FixFormat, SourceArgs};
use crate::config::Config;
use crate::load;
use crate::pipeline::{self, Chosen};

pub(crate) fn run(cli: &Cli, args: &FixArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let args = &FixArgs {
        root: config.root(&args.root)?,
        dir: args.dir.clone().or_else(|| config.source_directory()),
        ..args.clone()
    };
    let chosen = pipeline::choose(&config, &args.policy)?;
    let format = match args.format {
        FixFormat::Markdown => Some(Format::Markdown),
        FixFormat::Sarif => Some(Format::Sarif),
        FixFormat::Human | FixFormat::Json => None,
    };
    if let Some(format) = format {
        return report::print(args, &chosen, format);
    }
    let root = args.dir();
    let root = root
        .canonicalize()
        .with_context(|| format!("cannot read {}", root.display()))?;
    let (fixes, incomplete) = fixes(args, &chosen, &root)?;
    if args.write {
        write::all(&root, &fixes.files, args.allow_dirty)?;
    }
    show::print(args, &chosen, &fixes, &incomplete)?;
    Ok(match (fixes.left.is_empty(), incomplete.is_empty()) {
        (false, _) => 1,
        (true, false) => 2,
        (true, true) => 0,
    })
}

/// The fixes, and what of the source could not be read.
fn fixes(args: &FixArgs, chosen: &Chosen, root: &Path) -> anyhow::Result<(Fixes, Vec<String>)> {
    let loading = LoadOptions {
        wanted: chosen.set.wanted().clone(),
        key: pipeline::redaction_key()?,
    };
    let options = load::editing_options(root, &args.root, &loading);
    let load = |texts: &Texts| {
        let mut options = options.clone();
        options.overlay = texts
            .iter()
            .map(|(name, text)| (root.join(name), text.clone()))
            .collect();
        abide_hcl::load_dir(root, &options)
    };
    let judge = |inventory: &Inventory| judge(inventory, chosen);
    let planned = args
        .plan
        .as_deref()
        .map(|plan| planned(plan, chosen))
        .transpose()?;
    let targets: Option<Vec<Target>> = planned
        .as_ref()
        .map(|findings| findings.iter().map(target).collect());
    let mut fixes = abide_fix::fix(&load, &judge, targets.as_deref())?;
    if let Some(planned) = planned {
        only_planned(planned, &mut fixes);
    }
    let diagnostics = load(&Texts::new())?.inventory.diagnostics;
    let incomplete = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.level == Level::Error)
        .map(ToString::to_string);
    Ok((fixes, incomplete.collect()))
}

fn target(finding: &Finding) -> Target {
    let address = finding.resource_address.as_str().to_owned();
    (finding.policy, address)
}

/// What fails in a plan.
fn planned(plan: &Path, chosen: &Chosen) -> anyhow::Result<Vec<Finding>> {
    let options = LoadOptions {
        wanted: chosen.set.wanted().clone(),
        key: pipeline::redaction_key()?,
    };
    // The directory is the source, and it is loaded already.
    let alone = SourceArgs {
        no_source: true,
        ..SourceArgs::default()
    };
    let loaded = pipeline::load_one(plan, &alone, &options)?;
    let inventory = loaded.inventory();
    let mut findings = judge(inventory, chosen);
    findings.retain(|finding| finding.outcome == Outcome::Fail);
    Ok(findings)
}

/// Lists what fails in the plan but not in the source.
fn only_planned(planned: Vec<Finding>, fixes: &mut Fixes) {
    let known: BTreeSet<Target> = fixes
        .fixed
        .iter()
        .chain(fixes.left.iter().map(|left| &left.finding))
        .map(target)
        .collect();
    let missing = planned.into_iter().filter(|f| !known.contains(&target(f)));
    fixes.left.extend(missing.map(|finding| Left {
        finding,
        why: abide_fix::PLAN_ONLY.to_owned(),
    }));
}

/// Every evaluation of one inventory.
pub(crate) fn judge(inventory: &Inventory, chosen: &Chosen) -> Vec<Finding> {
    let asking = abide_rego::Asking {
        input: 0,
        all_results: true,
    };
    // What rules print was printed by the scan; here it would come once for each proof.
    pipeline::evaluate(chosen, inventory, None, asking, &mut Vec::new()).findings
}
