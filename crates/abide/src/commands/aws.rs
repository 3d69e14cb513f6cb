//! Calls of AWS for a target: with its credentials, and in its account alone.

use std::ffi::OsString;

use abide_aws::Session;
use anyhow::{Context, bail};

use super::drift::look::environment;
use crate::config::Target;

/// The account of a target, and a session with what terraform would see of the environment.
pub(crate) fn session(target: &Target) -> anyhow::Result<(String, Session)> {
    let environment = environment(target);
    let text = |text: &OsString| text.to_string_lossy().into_owned();
    let variables: Vec<(String, String)> = environment
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    let session = Session::new(&variables)?;
    let identity = session
        .identity()
        .context("asking whose credentials these are")?;
    if let Some(expected) = &target.account
        && *expected != identity.account
    {
        bail!(
            "the credentials are of account {}, but the target is account {expected}: check credentials and profile",
            identity.account
        );
    }
    Ok((identity.account, session))
}
