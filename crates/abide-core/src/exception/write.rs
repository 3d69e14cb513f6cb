//! Writes exceptions as they are read.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::act::{Act, Identity};
use super::{Category, Exception};

/// An exception's fields, in the order they are written.
#[must_use]
pub fn entry(exception: &Exception) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    let text = |text: &str| (!text.is_empty()).then(|| json!(text));
    put("id", text(&exception.id));
    put("policy", text(&exception.policy));
    put("resource", text(&exception.resource));
    put("facts", exception.facts.as_ref().map(|facts| json!(facts)));
    let category = exception.category;
    put(
        "category",
        (category != Category::Waiver).then(|| json!(category.as_str())),
    );
    put("break_glass", exception.break_glass.then(|| json!(true)));
    put("reason", text(&exception.reason));
    put(
        "ticket",
        exception.ticket.as_ref().map(|ticket| json!(ticket)),
    );
    put(
        "compensating_control",
        exception.control.as_ref().map(|control| {
            let mut fields = Map::new();
            for (name, value) in [
                ("policy", &control.policy),
                ("description", &control.description),
            ] {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), json!(value));
                }
            }
            Value::Object(fields)
        }),
    );
    put("renews", exception.renews.as_ref().map(|id| json!(id)));
    put(
        "not_before",
        exception.not_before.map(|at| {
            let text = at.to_string();
            json!(text.strip_suffix("T00:00:00Z").unwrap_or(&text))
        }),
    );
    put(
        "expires",
        exception.expires.map(|end| json!(end.to_string())),
    );
    put("requester", exception.requester.as_ref().map(act));
    put(
        "approvers",
        (!exception.approvers.is_empty()).then(|| acts(&exception.approvers)),
    );
    put("rejected", exception.rejected.as_ref().map(act));
    put("revoked", exception.revoked.as_ref().map(act));
    put("reviewed", exception.reviewed.as_ref().map(act));
    out
}

/// Acts as a list.
#[must_use]
pub fn acts(list: &[Act]) -> Value {
    list.iter().map(act).collect()
}

/// One act.
pub(super) fn act(act: &Act) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), json!(act.name));
    if let Some(at) = act.at {
        fields.insert("at".to_owned(), json!(at.to_string()));
    }
    if act.identity != Identity::File {
        fields.insert("identity".to_owned(), json!(act.identity.as_str()));
    }
    for (name, value) in [("reason", &act.reason), ("digest", &act.digest)] {
        if let Some(value) = value {
            fields.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(fields)
}

/// The lines of a field in block style; lists are one item to a line.
pub(super) fn block(name: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().map(|item| format!("  - {}", flow(item)));
            std::iter::once(format!("{name}:")).chain(items).collect()
        }
        value => vec![format!("{name}: {}", flow(value))],
    }
}

/// A value in one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{}: {}", scalar(name), flow(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(flow).collect::<Vec<_>>().join(", ")
            )
        }
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A value as JSON in which nothing steers a terminal.
pub(super) fn json(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match u32::from(c) {
            code @ 0x7f..=0xffff if !c.is_alphanumeric() => {
                let _ = write!(out, "\\u{code:04x}");
            }
            _ => out.push(c),
        }
    }
    out
}

/// A text as a scalar: in quotes unless it can only be read as this text.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 8] = ["true", "false", "null", "yes", "no", "on", "off", "y"];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.@/-".contains(c);
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_plain)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && text.len() > 1;
    let is_day = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    let is_single =
        text.contains(['"', '\\']) && text.chars().all(|c| (' '..='~').contains(&c) && c != '\'');
    match text {
        text if is_word || is_day => text.to_owned(),
        text if is_single => format!("'{text}'"),
        text => quoted(text),
    }
}

/// A text in double quotes: nothing in it ends the line or steers a terminal.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c => {
                let _ = match u32::from(c) {
                    code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}
