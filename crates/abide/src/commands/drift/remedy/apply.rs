//! Applying a revert that was approved: the only command that changes the cloud.

use std::fs;

use abide_connect::{ApprovedPlan, PlanDigest, apply, show};
use abide_remedy::Plan;
use abide_remedy::revert::check;
use anyhow::{Context, bail};

use super::case::Case;
use super::revert::checked;
use super::saved::Saved;
use crate::config::Config;
use crate::output;

pub(super) fn run(config: &Config, case: &Case, digest: PlanDigest) -> anyhow::Result<u8> {
    let name = &case.target.name;
    let (saved, folder) = Saved::find(config, name, digest)?;
    let approved = ApprovedPlan::read(&folder.join("plan"), digest)?;
    let undo = saved.undo();
    let addresses: Vec<String> = undo.iter().map(|undo| undo.address.clone()).collect();
    // What is there may have changed since: the same plan, made now, must do the same.
    let now = case.look_at(&addresses)?;
    let again = || {
        format!(
            "what is there or the code changed since the plan was made; nothing was applied. Make it again: abide drift remedy {name} {} --revert",
            addresses.join(" ")
        )
    };
    checked(case, &now, &undo, &now.plan).with_context(again)?;
    if now.plan.digest() != saved.changes_digest {
        bail!("the plan is stale: {}", again());
    }
    let directory = &case.target.directory;
    let shown = case.with(directory, |planning, progress| {
        show(planning, &approved, progress)
    })?;
    let plan = Plan::read(&shown)?;
    let steps = check(&plan, &undo, &now.plan);
    let (Ok(steps), true) = (steps, plan.digest() == saved.changes_digest) else {
        bail!(
            "{} does not do what was approved; nothing was applied",
            folder.join("plan").display()
        );
    };
    case.with(directory, |planning, progress| {
        apply(planning, approved, progress)
    })
    .context("the revert was not applied, or not wholly; look with `abide drift`")?;
    // A plan can be applied once; whatever becomes of the folder, Terraform refuses it now.
    let _ = fs::remove_dir_all(&folder);
    let done = steps.iter().map(|step| {
        format!(
            "reverted {}: {} {}\n",
            step.address,
            step.action,
            step.attributes.join(", ")
        )
    });
    let text: String = done.collect();
    output::print_text(&format!("{text}look again with: abide drift {name}"))?;
    Ok(0)
}
