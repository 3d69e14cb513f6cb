//! `yamldecode` and `yamlencode`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::Outcome;
use crate::json_text;
use crate::number::Num;
use crate::value::{Kind, Map, Val};

const MAX_DEPTH: usize = 128;

pub(super) fn decode(text: &str) -> Outcome {
    let mut decoder = Decoder {
        parser: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
    };
    loop {
        match decoder.next()? {
            Event::StreamStart | Event::DocumentStart(_) => {}
            Event::StreamEnd | Event::DocumentEnd => {
                return Err("there is no YAML document".to_owned());
            }
            event => return decoder.node(event, 0),
        }
    }
}

struct Decoder<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: BTreeMap<usize, Val>,
}

impl<'t> Decoder<'t> {
    fn next(&mut self) -> Result<Event<'t>, String> {
        match self.parser.next() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(format!("no YAML (line {})", error.marker().line())),
            None => Ok(Event::StreamEnd),
        }
    }

    fn node(&mut self, event: Event<'t>, depth: usize) -> Outcome {
        if depth > MAX_DEPTH {
            return Err("the YAML is nested too deeply".to_owned());
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| tag.suffix.as_str());
                (scalar(&text, style, tag), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut values = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd | Event::StreamEnd => break,
                        event => values.push(self.node(event, depth + 1)?),
                    }
                }
                (Val::list(values), anchor)
            }
            Event::MappingStart(anchor, _) => (self.mapping(depth)?, anchor),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                return known.ok_or_else(|| "an alias without an anchor".to_owned());
            }
            _ => return Err("the YAML ends too early".to_owned()),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn mapping(&mut self, depth: usize) -> Outcome {
        let mut map = Map::new();
        let mut merged = Map::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd | Event::StreamEnd => break,
                event => self.node(event, depth + 1)?,
            };
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            if key.as_str() == Some("<<")
                && let Some(entries) = value.entries()
            {
                merged.extend(entries.iter().map(|(k, v)| (k.clone(), v.clone())));
                continue;
            }
            let key = crate::types::to_text(&key)?.ok_or("a key that is no string")?;
            map.insert(key, value);
        }
        merged.extend(map);
        Ok(Val::map(merged))
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&str>) -> Val {
    if style != ScalarStyle::Plain || tag == Some("str") {
        return Val::string(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Val::NULL,
        // As go-cty-yaml resolves them.
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            Val::bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            Val::bool(false)
        }
        // An integer in another base, an infinity, a date: rarely meant as such.
        _ if text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b") => {
            Val::UNKNOWN
        }
        _ if is_date(text) => Val::UNKNOWN,
        _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
            number(text)
        }
        _ => Val::string(text),
    }
}

/// `2020-01-01`, which becomes a time stamp.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let year = parts.next().unwrap_or_default();
    year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) && parts.count() == 2
}

fn number(text: &str) -> Val {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // A leading zero makes an octal number in YAML 1.1 and a decimal one in 1.2.
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Val::UNKNOWN;
    }
    match Num::parse(text.strip_prefix('+').unwrap_or(text)) {
        Some(number) => Val::number(number),
        None => Val::string(text),
    }
}

/// The YAML Terraform writes; `None` if a number has no exact text.
pub(super) fn encode(value: &Val) -> Option<String> {
    let mut out = String::new();
    write(value, 0, false, &mut out)?;
    if !out.ends_with('\n') {
        out.push('\n');
    }
    // A bare scalar needs its end marked.
    if matches!(value.kind, Kind::Null | Kind::Bool(_) | Kind::Number(_)) {
        out.push_str("...\n");
    }
    Some(out)
}

fn write(value: &Val, indent: usize, inline: bool, out: &mut String) -> Option<()> {
    match &value.kind {
        Kind::List(values) | Kind::Set(values) if !values.is_empty() => {
            for (at, value) in values.iter().enumerate() {
                if at > 0 || !inline {
                    out.extend(std::iter::repeat_n(' ', indent));
                }
                out.push_str("- ");
                nested(value, indent + 2, out)?;
            }
        }
        Kind::Map(map) if !map.is_empty() => {
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 || !inline {
                    out.extend(std::iter::repeat_n(' ', indent));
                }
                let key = json_text::encode(&Val::string(key.clone()))?;
                write!(out, "{key}:").ok()?;
                match &value.kind {
                    Kind::Map(map) if !map.is_empty() => {
                        out.push('\n');
                        write(value, indent + 2, false, out)?;
                    }
                    Kind::List(values) | Kind::Set(values) if !values.is_empty() => {
                        out.push('\n');
                        write(value, indent, false, out)?;
                    }
                    _ => {
                        out.push(' ');
                        scalar_text(value, indent + 2, out)?;
                    }
                }
            }
        }
        _ => scalar_text(value, indent, out)?,
    }
    Some(())
}

fn nested(value: &Val, indent: usize, out: &mut String) -> Option<()> {
    match &value.kind {
        Kind::Map(map) if !map.is_empty() => write(value, indent, true, out),
        Kind::List(values) | Kind::Set(values) if !values.is_empty() => {
            write(value, indent, true, out)
        }
        _ => scalar_text(value, indent, out),
    }
}

fn scalar_text(value: &Val, indent: usize, out: &mut String) -> Option<()> {
    match &value.kind {
        Kind::List(_) | Kind::Set(_) => out.push_str("[]"),
        Kind::Map(_) => out.push_str("{}"),
        Kind::String(text) if text.contains('\n') => block_text(text, indent, out),
        _ => out.push_str(&json_text::encode(value)?),
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    Some(())
}

/// Text of several lines is written as a literal block.
fn block_text(text: &str, indent: usize, out: &mut String) {
    out.push('|');
    if !text.ends_with('\n') {
        out.push('-');
    } else if text.ends_with("\n\n") {
        out.push('+');
    }
    out.push('\n');
    for line in text.split_inclusive('\n') {
        if line != "\n" {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        out.push_str(line);
    }
}
