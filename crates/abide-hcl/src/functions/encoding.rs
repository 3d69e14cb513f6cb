//! Encodings.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::arguments::{text, wrong_number};
use super::{Function, Outcome, yaml};
use crate::json_text;
use crate::value::{Map, Val};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("base64decode", Function::Plain(base64decode)),
    ("base64encode", Function::Plain(base64encode)),
    // Its bytes depend on Go's compressor.
    ("base64gzip", Function::Unknowable),
    ("base64gunzip", Function::Unknowable),
    ("csvdecode", Function::Plain(csvdecode)),
    ("jsondecode", Function::Plain(jsondecode)),
    ("jsonencode", Function::Aware(jsonencode)),
    ("textdecodebase64", Function::Plain(textdecodebase64)),
    ("textencodebase64", Function::Plain(textencodebase64)),
    ("urldecode", Function::Plain(urldecode)),
    ("urlencode", Function::Plain(urlencode)),
    ("yamldecode", Function::Plain(yamldecode)),
    ("yamlencode", Function::Aware(yamlencode)),
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

fn yamldecode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    yaml::decode(&text(value)?)
}

fn yamlencode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    let text = value
        .is_wholly_known()
        .then(|| yaml::encode(value))
        .flatten();
    Ok(text
        .map_or(Val::UNKNOWN, Val::string)
        .marked(value.has_secret()))
}

fn base64encode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(Val::string(BASE64_STANDARD.encode(text(value)?.as_bytes())))
}

fn base64decode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    String::from_utf8(bytes(value)?)
        .map(Val::string)
        .map_err(|_| "the bytes are no UTF-8 text".to_owned())
}

fn bytes(value: &Val) -> Result<Vec<u8>, String> {
    // Go passes over line breaks.
    let clean: String = text(value)?
        .chars()
        .filter(|c| !matches!(c, '\r' | '\n'))
        .collect();
    BASE64_STANDARD
        .decode(clean)
        .map_err(|_| "the text is no base64".to_owned())
}

fn textencodebase64(arguments: &[Val]) -> Outcome {
    let [value, encoding] = arguments else {
        return wrong_number();
    };
    let value = text(value)?;
    let bytes: Vec<u8> = match text(encoding)?.to_ascii_uppercase().as_str() {
        "UTF-8" | "UTF8" => value.as_bytes().to_vec(),
        "UTF-16LE" => value.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => value.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        // Others exist, but nobody uses them in policies' attributes.
        _ => return Ok(Val::UNKNOWN),
    };
    Ok(Val::string(BASE64_STANDARD.encode(bytes)))
}

fn textdecodebase64(arguments: &[Val]) -> Outcome {
    let [value, encoding] = arguments else {
        return wrong_number();
    };
    let bytes = bytes(value)?;
    let units = |order: fn([u8; 2]) -> u16| -> Vec<u16> {
        bytes
            .chunks_exact(2)
            .map(|pair| order([pair[0], pair[1]]))
            .collect()
    };
    let decoded = match text(encoding)?.to_ascii_uppercase().as_str() {
        "UTF-8" | "UTF8" => String::from_utf8(bytes).ok(),
        "UTF-16LE" => String::from_utf16(&units(u16::from_le_bytes)).ok(),
        "UTF-16BE" => String::from_utf16(&units(u16::from_be_bytes)).ok(),
        _ => return Ok(Val::UNKNOWN),
    };
    decoded
        .map(Val::string)
        .ok_or_else(|| "the bytes are no text in this encoding".to_owned())
}

/// Query escaping: a blank is `+`.
fn urlencode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    let mut out = String::new();
    for byte in text(value)?.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(Val::string(out))
}

fn urldecode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    let text = text(value)?;
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let hex = after
                    .get(..2)
                    .and_then(|hex| std::str::from_utf8(hex).ok())
                    .and_then(|hex| u8::from_str_radix(hex, 16).ok());
                out.push(hex.ok_or("a `%` without two digits")?);
                rest = &after[2..];
            }
            byte => out.push(*byte),
        }
    }
    String::from_utf8(out)
        .map(Val::string)
        .map_err(|_| "the bytes are no UTF-8 text".to_owned())
}

fn csvdecode(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    let text = text(value)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let bad = |_| "the text is no CSV".to_owned();
    let names: Vec<String> = reader
        .headers()
        .map_err(bad)?
        .iter()
        .map(ToOwned::to_owned)
        .collect();
    if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
        return Err("two columns have one name".to_owned());
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(bad)?;
        let row: Map = names
            .iter()
            .zip(record.iter())
            .map(|(name, cell)| (name.as_str().into(), Val::string(cell)))
            .collect();
        rows.push(Val::map(row));
    }
    Ok(Val::list(rows))
}
