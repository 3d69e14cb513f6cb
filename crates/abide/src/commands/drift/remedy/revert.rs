//! Undoing drift: a targeted plan, checked, kept, and asked approval for.

use std::fs;

use abide_connect::PlanDigest;
use abide_core::drift::{Class, Drifted, Kind};
use abide_remedy::revert::{Step, Undo, check};
use anyhow::{Context, bail};

use super::case::{Case, Seen};
use super::saved::Saved;
use super::{choose, describe, pull};
use crate::cli::RemedyArgs;
use crate::config::Config;
use crate::pipeline::Standing;
use crate::{output, terminal};

pub(super) fn run(
    config: &Config,
    case: &Case,
    args: &RemedyArgs,
    addresses: &[&String],
) -> anyhow::Result<u8> {
    let seen = case.look()?;
    let chosen = choose(&seen, addresses)?;
    let undo = chosen.iter().map(|drifted| undo(drifted));
    let undo: Vec<Undo> = undo.collect::<Result<_, _>>()?;
    let names: Vec<String> = undo.iter().map(|undo| undo.address.clone()).collect();
    let targeted = case.look_at(&names)?;
    let steps = checked(case, &targeted, &undo, &seen.plan)?;
    let bytes = fs::read(&targeted.planned.file).context("reading the plan")?;
    let digest = PlanDigest::of(&bytes);
    let changes = targeted.plan.digest();
    let saved = Saved::new(
        &case.target.name,
        digest,
        changes.clone(),
        &undo,
        case.tool(),
    );
    let folder = saved.write(config, &bytes)?;
    let target = &case.target.name;
    let mut text = format!("# Revert {} in {target}\n\n", describe::named(&names));
    text.push_str(&request(case, &steps, digest));
    text.push_str(&describe::drift(case, &chosen, seen.drift.looked_at)?);
    output::print_text(&text)?;
    terminal::say(&[format!("the plan is kept in {}", folder.display())])?;
    if args.pr {
        let asked = pull::Request {
            directory: &case.target.directory,
            place: &args.place,
            title: &format!("Revert drift in {target}: {}", describe::named(&names)),
            text: &text,
        };
        // Not by the plan's own digest: two plans of the same are different files.
        pull::ask(&asked, &format!("{target} {changes}"))?;
    }
    Ok(0)
}

/// What has to be undone of a resource, if that is right.
fn undo(drifted: &Drifted) -> anyhow::Result<Undo> {
    let address = drifted.address.to_string();
    match drifted.class {
        Class::Improving => bail!(
            "{address}: what somebody changed makes a policy pass; a revert would break it again, so it is never reverted: adopt it (--adopt)"
        ),
        Class::ViolatingKept => bail!(
            "{address}: applying the code would leave it ({}): `ignore_changes`, or nobody wrote the attribute. Change the code, or ask for an exception",
            match drifted.ignored.is_empty() {
                true => "it breaks a policy all the same".to_owned(),
                false => drifted.ignored.join(", "),
            }
        ),
        _ => {}
    }
    let deleted = drifted.kind == Kind::Deleted;
    let ignored = |name: &str| drifted.ignored.iter().any(|ignored| ignored == name);
    let names = drifted.changes.iter().map(|change| change.attribute());
    let attributes = names.filter(|name| !ignored(name)).map(str::to_owned);
    let undo = Undo {
        attributes: attributes.collect(),
        address,
        deleted,
    };
    if undo.attributes.is_empty() && !deleted {
        bail!(
            "{}: the code says what is there ({}); there is nothing to revert",
            undo.address,
            drifted.ignored.join(", ")
        );
    }
    Ok(undo)
}

/// The steps of a targeted plan that does what was asked for, breaks nothing, and does nothing else.
pub(super) fn checked(
    case: &Case,
    targeted: &Seen,
    undo: &[Undo],
    seen: &abide_remedy::Plan,
) -> anyhow::Result<Vec<Step>> {
    let steps = check(&targeted.plan, undo, seen).map_err(|refused| {
        let reasons: Vec<String> = refused.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(
            "the plan is no revert and is not kept:\n  {}",
            reasons.join("\n  ")
        )
    })?;
    let sides = &targeted.sides;
    let broken = case.broken(&sides.found, &sides.desired, &Standing::default());
    if !broken.is_empty() {
        let broken: Vec<String> = broken.iter().map(|finding| case.shown(finding)).collect();
        bail!(
            "the revert would break policies and is not kept:\n  {}",
            broken.join("\n  ")
        );
    }
    Ok(steps)
}

/// What is to be approved.
fn request(case: &Case, steps: &[Step], digest: PlanDigest) -> String {
    let mut text = String::from("The plan was checked: it does this, and nothing else.\n\n");
    for step in steps {
        let attributes: Vec<String> = step.attributes.iter().map(|a| describe::code(a)).collect();
        let of = match attributes.is_empty() {
            true => String::new(),
            false => format!(": {}", attributes.join(", ")),
        };
        text.push_str(&format!(
            "- {} {}{of}\n",
            step.action,
            describe::code(&step.address)
        ));
        if let Some(careful) = step.careful {
            text.push_str(&format!("  - **look twice**: {careful}\n"));
        }
    }
    text.push_str(&format!(
        "\nWhoever approves it runs, where the plan is kept and with credentials that may write:\n\n    abide drift apply-revert {} --plan-digest {digest}\n\n",
        case.target.name
    ));
    text
}
