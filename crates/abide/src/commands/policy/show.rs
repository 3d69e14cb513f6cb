//! `abide policy show`

use abide_core::policy;

use crate::cli::{Cli, ShowArgs};
use crate::commands::explain::find;
use crate::config::Config;
use crate::{output, pipeline};

pub(crate) fn run(cli: &Cli, args: &ShowArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let policies = pipeline::all_policies(&config, &args.policies)?;
    let policy = find(&policies, &args.policy)?;
    match policy::builtin_text(&policy.id) {
        Some(text) => output::print_text(text)?,
        None => output::print_text(&serde_json::to_string_pretty(policy)?)?,
    }
    Ok(0)
}
