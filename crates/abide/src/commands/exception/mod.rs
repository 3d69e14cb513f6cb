//! `abide exception`

mod approve;
mod audit;
mod blame;
mod book;
mod check;
mod comments;
mod files;
mod identity;
mod import;
mod list;
mod owners;
mod reject;
mod renew;
mod request;
mod results;
mod revoke;
mod show;
mod skip;
mod sources;
mod view;
mod write;

use crate::cli::{Cli, ExceptionCommand};
use crate::output;

pub(crate) fn run(cli: &Cli, command: &ExceptionCommand) -> anyhow::Result<u8> {
    match command {
        ExceptionCommand::Request(args) => request::run(cli, args),
        ExceptionCommand::Approve(args) => approve::run(cli, args),
        ExceptionCommand::Reject(args) => reject::run(cli, args),
        ExceptionCommand::Revoke(args) => revoke::run(cli, args),
        ExceptionCommand::Renew(args) => renew::run(cli, args),
        ExceptionCommand::List(args) => list::run(cli, args),
        ExceptionCommand::Show(args) => show::run(cli, args),
        ExceptionCommand::Check(args) => check::run(cli, args),
        ExceptionCommand::Audit(args) => audit::run(cli, args),
        ExceptionCommand::Import(args) => import::run(cli, args),
        ExceptionCommand::Schema => {
            let schema = abide_core::exception::json_schema();
            output::print_text(&serde_json::to_string_pretty(&schema)?)?;
            Ok(0)
        }
    }
}
