//! `abide store`

use crate::cli::StoreCommand;
use crate::{output, recording};

pub(crate) fn run(command: &StoreCommand) -> anyhow::Result<u8> {
    match command {
        StoreCommand::Migrate(args) => {
            let version = recording::open_existing(args)?.migrate()?;
            output::print_text(&format!("the store has version {version}, the newest"))?;
        }
    }
    Ok(0)
}
