//! `abide man`

use anyhow::bail;
use clap::CommandFactory;

use crate::cli::{Cli, ManArgs};
use crate::output;

pub(crate) fn run(args: &ManArgs) -> anyhow::Result<u8> {
    let mut command = Cli::command();
    command.build();
    let command = match &args.subcommand {
        None => command,
        Some(name) => {
            let Some(found) = command.find_subcommand(name) else {
                bail!("there is no subcommand `{name}`; `abide --help` lists them")
            };
            let full: &'static str = format!("abide-{name}").leak();
            found.clone().name(full)
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output::print_text(&String::from_utf8_lossy(&page))?;
    Ok(0)
}
