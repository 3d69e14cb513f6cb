//! `rollout = "warn"`, or steps with dates.

use abide_core::rollout::{Rollout, Stage, Step};
use jiff::civil::Date;
use toml::Value;

use super::nearest;

/// Reads a rollout; the error says what is wrong and what was expected.
pub(super) fn read(value: &Value) -> Result<Rollout, String> {
    match value {
        Value::String(word) => Ok(Rollout::always(stage(word)?)),
        Value::Array(steps) => {
            let steps: Vec<Step> = (1..)
                .zip(steps)
                .map(|(number, value)| step(value).map_err(|why| format!("step {number}: {why}")))
                .collect::<Result<_, _>>()?;
            Rollout::stepped(steps).map_err(|error| error.to_string())
        }
        other => Err(format!(
            "expected \"observe\", \"warn\", \"enforce\" or a list of steps, found {}",
            other.type_str()
        )),
    }
}

fn step(value: &Value) -> Result<Step, String> {
    let expected = "expected { from = 2026-01-01, mode = \"warn\" }";
    let table = value.as_table().ok_or_else(|| expected.to_owned())?;
    if let Some(name) = table
        .keys()
        .find(|name| !["from", "mode"].contains(&&***name))
    {
        let hint = nearest(name, ["from", "mode"]);
        return Err(format!("unknown key `{name}`{hint}; {expected}"));
    }
    let (Some(from), Some(mode)) = (table.get("from"), table.get("mode")) else {
        return Err(expected.to_owned());
    };
    let from = match from {
        Value::Datetime(day) => day.to_string(),
        Value::String(day) => day.clone(),
        other => other.to_string(),
    };
    // jiff would also take a time of day and drop it.
    let from: Date = match from.parse() {
        Ok(day) if from.len() == "2026-01-01".len() => day,
        _ => {
            return Err(format!(
                "`from`: `{from}` is no day; expected one as in 2026-01-01"
            ));
        }
    };
    let mode = mode
        .as_str()
        .ok_or_else(|| format!("`mode` is no text; {expected}"))?;
    Ok(Step {
        from,
        mode: stage(mode)?,
    })
}

fn stage(word: &str) -> Result<Stage, String> {
    let known = Stage::ALL.into_iter().find(|stage| stage.as_str() == word);
    known.ok_or_else(|| {
        let hint = nearest(word, Stage::ALL.map(Stage::as_str));
        format!("`{word}` is no rollout{hint}; expected observe, warn or enforce")
    })
}
