//! `abide policy schema`

use crate::output;

pub(crate) fn run() -> anyhow::Result<u8> {
    output::print_text(&serde_json::to_string_pretty(&abide_policy::json_schema())?)?;
    Ok(0)
}
