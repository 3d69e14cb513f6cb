//! `abide exception revoke`

use abide_core::exception::State;

use super::reject::change;
use crate::cli::{ChangeArgs, Cli};

pub(crate) fn run(cli: &Cli, args: &ChangeArgs) -> anyhow::Result<u8> {
    change(cli, args, "revoked", |state| match state {
        State::Active | State::Scheduled => Ok(()),
        State::Requested => Err("is not approved: `abide exception reject` refuses it"),
        State::Void => Err("is void and covers nothing: remove it"),
        _ => Err("is over"),
    })
}
