//! `abide drift remedy` and `abide drift apply-revert`
//!
//! ```text
//! look ─▶ choose ─┬─▶ revert: targeted plan ─▶ checked ─▶ saved ─▶ request     apply-revert: saved ─▶ checked again ─▶ applied
//!                 └─▶ adopt: edited source ─▶ plan of it ─▶ checked ─▶ difference, files or pull request
//! ```

mod adopt;
mod apply;
mod case;
mod describe;
mod import;
mod overlay;
mod pull;
mod revert;
mod saved;

use abide_core::drift::{Class, Drift, Drifted, Kind};
use anyhow::bail;

use self::case::{Case, Seen};
use crate::cli::{ApplyRevertArgs, Cli, RemedyArgs};
use crate::config::Config;

pub(super) fn run(cli: &Cli, args: &RemedyArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let case = Case::new(&config, &args.target, &args.policy, args.applied, None)?;
    let (imports, addresses): (Vec<&String>, Vec<&String>) =
        args.addresses.iter().partition(|text| import::is_one(text));
    if args.revert {
        if let Some(import) = imports.first() {
            bail!(
                "{import}: what no state holds cannot be reverted; adopt it, or delete it by hand"
            );
        }
        return revert::run(&config, &case, args, &addresses);
    }
    match (imports.is_empty(), addresses.is_empty()) {
        (true, _) => adopt::run(&config, &case, args, &addresses),
        (false, true) => import::run(&config, &case, args, &imports),
        (false, false) => bail!(
            "adopt what drifted and what no state holds one after the other: each is proven by a plan of its own"
        ),
    }
}

pub(super) fn apply(cli: &Cli, args: &ApplyRevertArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let profile = args.profile.as_deref();
    let case = Case::new(&config, &args.target, &args.policy, true, profile)?;
    apply::run(&config, &case, args.plan_digest)
}

/// The drifted resources that are meant, if something can be done about them.
fn choose<'s>(seen: &'s Seen, addresses: &[&String]) -> anyhow::Result<Vec<&'s Drifted>> {
    if let Some(suspicion) = seen.drift.suspicion {
        bail!(
            "{} of {} resources seem to be deleted: check credentials and region before anything is remedied",
            suspicion.deleted,
            suspicion.of
        );
    }
    let found = addresses.iter().map(|address| one(&seen.drift, address));
    found.collect()
}

fn one<'d>(drift: &'d Drift, address: &str) -> anyhow::Result<&'d Drifted> {
    let mut resources = drift.resources.iter();
    let Some(drifted) = resources.find(|r| r.address.as_str() == address) else {
        if drift
            .noise
            .iter()
            .any(|(noisy, _)| noisy.as_str() == address)
        {
            bail!("{address}: what Terraform reports of it is none; there is nothing to remedy");
        }
        let names = drift.resources.iter().map(|r| r.address.to_string());
        let names: Vec<String> = names.collect();
        match names.is_empty() {
            true => bail!("{address} did not drift; nothing of the target did"),
            false => bail!(
                "{address} did not drift; of the target did: {}",
                names.join(", ")
            ),
        }
    };
    if drifted.kind == Kind::Affected {
        let causes = drifted.caused_by.iter().map(ToString::to_string);
        let causes: Vec<String> = causes.collect();
        bail!(
            "{address} did not change itself; remedy what changed: {}",
            causes.join(", ")
        );
    }
    if drifted.class == Class::Pending {
        bail!(
            "{address}: the code wants something else than there is, which is no drift; if the code is what was applied last, say so with --applied"
        );
    }
    Ok(drifted)
}
