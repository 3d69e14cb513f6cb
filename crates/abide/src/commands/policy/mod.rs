//! `abide policy`

mod list;
mod new;
mod schema;
mod show;
mod test;

use crate::cli::{Cli, PolicyCommand};

pub(crate) fn run(cli: &Cli, command: &PolicyCommand) -> anyhow::Result<u8> {
    match command {
        PolicyCommand::List(args) => list::run(cli, args),
        PolicyCommand::Show(args) => show::run(cli, args),
        PolicyCommand::Test(args) => test::run(cli, args),
        PolicyCommand::New(args) => new::run(args),
        PolicyCommand::Schema => schema::run(),
    }
}
