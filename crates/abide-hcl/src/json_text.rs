//! JSON as Go writes it: keys in order, `<`, `>` and `&` escaped.

use crate::number::Num;
use crate::value::{Kind, Val};

/// The JSON text of a value; `None` if a part of it is unknown.
pub(crate) fn encode(value: &Val) -> Option<String> {
    let mut out = String::new();
    write(value, &mut out)?;
    Some(out)
}

fn write(value: &Val, out: &mut String) -> Option<()> {
    match &value.kind {
        Kind::Null => out.push_str("null"),
        Kind::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Kind::Number(number) => out.push_str(&number.text()?),
        Kind::String(text) => write_string(text, out),
        Kind::List(values) | Kind::Set(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(value, out)?;
            }
            out.push(']');
        }
        Kind::Map(map) => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write(value, out)?;
            }
            out.push('}');
        }
        Kind::Open(_) | Kind::Unknown => return None,
    }
    Some(())
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' || matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Text of another writer with Go's escapes.
pub(crate) fn escape_html(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// The value JSON stands for.
pub(crate) fn decode(json: &serde_json::Value) -> Val {
    match json {
        serde_json::Value::Null => Val::NULL,
        serde_json::Value::Bool(bool) => Val::bool(*bool),
        serde_json::Value::Number(number) => {
            Num::parse(&number.to_string()).map_or(Val::UNKNOWN, Val::number)
        }
        serde_json::Value::String(text) => Val::string(text.as_str()),
        serde_json::Value::Array(values) => Val::list(values.iter().map(decode).collect()),
        serde_json::Value::Object(map) => Val::map(
            map.iter()
                .map(|(key, value)| (key.as_str().into(), decode(value)))
                .collect(),
        ),
    }
}
