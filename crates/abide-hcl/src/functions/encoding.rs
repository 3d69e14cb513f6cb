//! Encodings.

use super::arguments::{text, wrong_number};
use super::{Function, Outcome};
use crate::json_text;
use crate::value::Val;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("jsondecode", Function::Plain(jsondecode)),
    ("jsonencode", Function::Aware(jsonencode)),
];

fn jsonencode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(json_text::encode(value)
        .map_or(Val::UNKNOWN, Val::string)
        .marked(value.has_secret()))
}

fn jsondecode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    let json: serde_json::Value = serde_json::from_str(&text(value)?)
        .map_err(|error| format!("no JSON (line {}, column {})", error.line(), error.column()))?;
    Ok(json_text::decode(&json))
}
