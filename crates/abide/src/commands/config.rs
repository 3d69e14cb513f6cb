//! `abide config`

use crate::cli::{Cli, ConfigCommand, ListFormat};
use crate::config::Config;
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, command: &ConfigCommand) -> anyhow::Result<u8> {
    let ConfigCommand::Show { format } = command;
    let config = Config::load(cli)?;
    let rows = config.show()?;
    let text = match format {
        ListFormat::Json => {
            let settings: serde_json::Map<String, serde_json::Value> = rows
                .into_iter()
                .map(|(name, value, origin)| {
                    (
                        name,
                        serde_json::json!({ "value": value, "origin": origin }),
                    )
                })
                .collect();
            serde_json::to_string_pretty(&settings)?
        }
        ListFormat::Human => {
            let path = config.path.as_ref().map_or_else(
                || "no abide.toml found: these are the defaults".to_owned(),
                |path| path.display().to_string(),
            );
            let wide = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
            let mut text = format!("# {path}\n");
            for (name, value, origin) in rows {
                text.push_str(&format!("{name:wide$} = {value}  # {origin}\n"));
            }
            text
        }
    };
    output::print_text(&terminal::visible(&text))?;
    Ok(0)
}
