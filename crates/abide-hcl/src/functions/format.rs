//! `format`: Terraform's verbs, flags, widths and precisions.

use std::fmt::Write as _;
use std::sync::Arc;

use super::arguments::{number, text, wrong_number};
use super::{Function, Outcome};
use crate::json_text;
use crate::number::Num;
use crate::value::{Kind, Val};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("format", Function::Nullable(format)),
    ("formatlist", Function::Nullable(formatlist)),
];

/// Wider fields than this are not filled.
const MAX_WIDTH: usize = 1 << 16;

fn format(arguments: &[Val]) -> Outcome {
    let [spec, values @ ..] = arguments else {
        return wrong_number();
    };
    Ok(fill(&text(spec)?, values)?.map_or(Val::UNKNOWN, Val::string))
}

fn formatlist(arguments: &[Val]) -> Outcome {
    let [spec, values @ ..] = arguments else {
        return wrong_number();
    };
    let lengths: Vec<usize> = values
        .iter()
        .filter_map(|value| value.elements().map(|list| list.len()))
        .collect();
    let length = lengths.first().copied().unwrap_or(1);
    if lengths.iter().any(|other| *other != length) {
        return Err("the lists need one length".to_owned());
    }
    let spec = text(spec)?;
    (0..length)
        .map(|at| {
            let row: Vec<Val> = values
                .iter()
                .map(|value| match value.elements() {
                    Some(elements) => elements[at].clone(),
                    None => value.clone(),
                })
                .collect();
            Ok(fill(&spec, &row)?.map_or(Val::UNKNOWN, Val::string))
        })
        .collect::<Result<_, String>>()
        .map(Val::list)
}

#[derive(Default)]
struct Verb {
    minus: bool,
    plus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// `None` where digits are asked for that are not known.
fn fill(spec: &str, values: &[Val]) -> Result<Option<String>, String> {
    let mut out = String::new();
    let mut chars = spec.chars().peekable();
    let mut next = 0;
    let mut highest = 0;
    let mut explicit = false;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut verb = Verb::default();
        loop {
            match chars.peek() {
                Some('-') => verb.minus = true,
                Some('+') => verb.plus = true,
                Some(' ') => verb.space = true,
                Some('0') => verb.zero = true,
                Some('#') => verb.sharp = true,
                _ => break,
            }
            chars.next();
        }
        verb.width = digits(&mut chars)?;
        if chars.next_if_eq(&'.').is_some() {
            verb.precision = Some(digits(&mut chars)?.unwrap_or(0));
        }
        if chars.next_if_eq(&'[').is_some() {
            next = digits(&mut chars)?
                .and_then(|at| at.checked_sub(1))
                .ok_or("a bad argument index")?;
            explicit = true;
            chars
                .next_if_eq(&']')
                .ok_or("an argument index without `]`")?;
        }
        let mode = chars.next().ok_or("the format ends after `%`")?;
        if mode == '%' {
            out.push('%');
            continue;
        }
        let value = values.get(next).ok_or("there are too few arguments")?;
        next += 1;
        highest = highest.max(next);
        let Some(text) = one(mode, &verb, value)? else {
            return Ok(None);
        };
        if mode == 't' {
            out.push_str(&text);
        } else {
            pad(&mut out, &text, &verb);
        }
    }
    if highest < values.len() && !explicit {
        return Err("there are more arguments than verbs".to_owned());
    }
    Ok(Some(out))
}

fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Option<usize>, String> {
    let mut total: Option<usize> = None;
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        let digit = digit.to_digit(10).unwrap_or(0) as usize;
        let sum = total.unwrap_or(0) * 10 + digit;
        if sum > MAX_WIDTH {
            return Err("a width is too large".to_owned());
        }
        total = Some(sum);
    }
    Ok(total)
}

fn pad(out: &mut String, text: &str, verb: &Verb) {
    let missing = verb.width.unwrap_or(0).saturating_sub(text.chars().count());
    if verb.minus {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if verb.zero {
        let (sign, digits) = match text.strip_prefix(['-', '+']) {
            Some(digits) => text.split_at(text.len() - digits.len()),
            None => ("", text),
        };
        out.push_str(sign);
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(digits);
    } else {
        out.extend(std::iter::repeat_n(' ', missing));
        out.push_str(text);
    }
}

fn one(mode: char, verb: &Verb, value: &Val) -> Result<Option<String>, String> {
    match mode {
        'v' => general(verb, value),
        't' => Ok(Some(super::arguments::boolean(value)?.to_string())),
        's' | 'q' => {
            let text = match &value.kind {
                Kind::List(_) | Kind::Set(_) | Kind::Map(_) => {
                    return Err("`%s` needs a string".to_owned());
                }
                _ => self::text(value)?,
            };
            let text: Arc<str> = match verb.precision {
                Some(precision) => text.chars().take(precision).collect::<String>().into(),
                None => text,
            };
            if mode == 'q' {
                return Ok(json_text::encode(&Val::string(text)));
            }
            Ok(Some(text.to_string()))
        }
        'd' | 'b' | 'o' | 'x' | 'X' => integer(mode, verb, number(value)?).map(Some),
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            Ok(float(mode, verb, number(value)?.as_f64()).map(|text| signed(verb, &text)))
        }
        _ => Err(format!("there is no verb `%{mode}`")),
    }
}

fn general(verb: &Verb, value: &Val) -> Result<Option<String>, String> {
    match &value.kind {
        // Terraform takes a null of a known type only.
        Kind::Null => Ok(None),
        Kind::String(text) if !verb.sharp => Ok(Some(text.to_string())),
        Kind::Number(number) if !verb.sharp => Ok(number.text().map(|text| signed(verb, &text))),
        _ => Ok(json_text::encode(value)),
    }
}

fn integer(mode: char, verb: &Verb, number: Num) -> Result<String, String> {
    let int = number.as_int().ok_or("a whole number is needed")?;
    let digits = int.unsigned_abs();
    let digits = match mode {
        'b' => format!("{digits:b}"),
        'o' => format!("{digits:o}"),
        'x' => format!("{digits:x}"),
        'X' => format!("{digits:X}"),
        _ => digits.to_string(),
    };
    let prefix = match (verb.sharp, mode) {
        (true, 'x') => "0x",
        (true, 'X') => "0X",
        (true, 'o') => "0",
        (true, 'b') => "0b",
        _ => "",
    };
    let sign = if int < 0 { "-" } else { "" };
    Ok(signed(verb, &format!("{sign}{prefix}{digits}")))
}

fn signed(verb: &Verb, text: &str) -> String {
    match (text.starts_with('-'), verb.plus, verb.space) {
        (false, true, _) => format!("+{text}"),
        (false, false, true) => format!(" {text}"),
        _ => text.to_owned(),
    }
}

fn float(mode: char, verb: &Verb, value: f64) -> Option<String> {
    if mode != 'g' && mode != 'G' && is_tie(mode, value, verb.precision.unwrap_or(6)) {
        return None;
    }
    let text = match mode {
        'f' | 'F' => format!("{value:.*}", verb.precision.unwrap_or(6)),
        'e' | 'E' => exponent(&format!("{value:.*e}", verb.precision.unwrap_or(6))),
        _ => shortest(value, verb.precision),
    };
    Some(if mode.is_ascii_uppercase() {
        text.to_uppercase()
    } else {
        text
    })
}

/// Whether the digits end in a 5 just where they are cut: which way it is
/// rounded depends on bits a double does not have.
fn is_tie(mode: char, value: f64, precision: usize) -> bool {
    let written = match mode {
        'e' | 'E' => format!("{value:e}"),
        _ => value.to_string(),
    };
    let mantissa = written.split('e').next().unwrap_or_default();
    let fraction = mantissa
        .split_once('.')
        .map_or("", |(_, fraction)| fraction);
    fraction.len() == precision + 1 && fraction.ends_with('5')
}

/// Go writes at least two digits of an exponent, and always its sign.
fn exponent(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    let mut out = mantissa.to_owned();
    // Writing to a string cannot fail.
    let _ = write!(out, "e{sign}{digits:0>2}");
    out
}

/// `%g`: the shorter of both forms.
fn shortest(value: f64, precision: Option<usize>) -> String {
    let scientific = match precision {
        Some(precision) => format!("{value:.*e}", precision.max(1) - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let limit = match precision {
        Some(precision) => i32::try_from(precision.max(1)).unwrap_or(i32::MAX),
        None => 6,
    };
    if power < -4 || power >= limit {
        let mantissa = match mantissa.contains('.') {
            true => mantissa.trim_end_matches('0').trim_end_matches('.'),
            false => mantissa,
        };
        return exponent(&format!("{mantissa}e{power}"));
    }
    let rounded: f64 = scientific.parse().unwrap_or(value);
    rounded.to_string()
}
