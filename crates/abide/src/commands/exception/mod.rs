//! `abide exception`

mod comments;
mod files;
mod import;
mod skip;
mod sources;
mod write;

use crate::cli::{Cli, ExceptionCommand};

pub(crate) fn run(cli: &Cli, command: &ExceptionCommand) -> anyhow::Result<u8> {
    match command {
        ExceptionCommand::Import(args) => import::run(cli, args),
    }
}
