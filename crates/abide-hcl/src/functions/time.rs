//! Dates. Nothing here reads a clock.

use jiff::{SignedDuration, Timestamp, ZonedDateTime};

use super::arguments::{text, wrong_number};
use super::{Function, Outcome};
use crate::value::Val;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("formatdate", Function::Plain(formatdate)),
    ("plantimestamp", Function::Unknowable),
    ("timeadd", Function::Plain(timeadd)),
    ("timecmp", Function::Plain(timecmp)),
    ("timestamp", Function::Unknowable),
];

/// A date of RFC 3339 with the offset it is written with.
fn parse(value: &Val) -> Result<ZonedDateTime, String> {
    let bad = || "the text is no date like 2017-11-22T00:00:00Z".to_owned();
    let text = text(value)?;
    if text.len() < 20 || !text.is_ascii() || text.as_bytes()[10] != b'T' {
        return Err(bad());
    }
    let timestamp: Timestamp = text.parse().map_err(|_| bad())?;
    let offset = match text.strip_suffix('Z') {
        Some(_) => 0,
        None => offset(&text).ok_or_else(bad)?,
    };
    let offset = jiff::tz::Offset::from_seconds(offset).map_err(|_| bad())?;
    Ok(timestamp.to_zoned_datetime(jiff::tz::TimeZone::fixed(offset)))
}

/// Seconds of the `+02:00` at the end.
fn offset(text: &str) -> Option<i32> {
    let at = text.len().checked_sub(6)?;
    let (sign, digits) = (text.get(at..at + 1)?, text.get(at + 1..)?);
    let (hours, minutes) = digits.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    match sign {
        "+" => Some(seconds),
        "-" => Some(-seconds),
        _ => None,
    }
}

fn rfc3339(date: &ZonedDateTime) -> String {
    let seconds = date.offset().seconds();
    let zone = if seconds == 0 {
        "Z".to_owned()
    } else {
        zone(seconds, ":")
    };
    format!("{}{zone}", date.strftime("%Y-%m-%dT%H:%M:%S"))
}

fn zone(seconds: i32, colon: &str) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

fn timeadd(arguments: &[Val]) -> Outcome {
    let [date, duration] = arguments else {
        return wrong_number();
    };
    let date = parse(date)?;
    let sum = date
        .checked_add(go_duration(&text(duration)?)?)
        .map_err(|_| "the date is out of range")?;
    Ok(Val::string(rfc3339(&sum)))
}

fn timecmp(arguments: &[Val]) -> Outcome {
    let [a, b] = arguments else {
        return wrong_number();
    };
    let order = parse(a)?.timestamp().cmp(&parse(b)?.timestamp());
    Ok(Val::int(order as i64))
}

/// `1h30m`, as Go reads it.
fn go_duration(text: &str) -> Result<SignedDuration, String> {
    let bad = || "the text is no duration like 1h30m".to_owned();
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return Err(bad());
    }
    let mut total = 0.0;
    while !rest.is_empty() && rest != "0" {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(bad)?;
        let (number, after) = rest.split_at(digits);
        let letters = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let number: f64 = number.parse().map_err(|_| bad())?;
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(bad()),
        };
        total += number * seconds;
        rest = after;
    }
    let total = if negative { -total } else { total };
    SignedDuration::try_from_secs_f64(total).map_err(|_| bad())
}

fn formatdate(arguments: &[Val]) -> Outcome {
    let [spec, date] = arguments else {
        return wrong_number();
    };
    let (spec, date) = (text(spec)?, parse(date)?);
    let mut out = String::new();
    let mut chars = spec.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            quoted(&mut chars, &mut out)?;
            continue;
        }
        if !c.is_ascii_alphabetic() {
            out.push(c);
            continue;
        }
        let mut length = 1;
        while chars.next_if_eq(&c).is_some() {
            length += 1;
        }
        out.push_str(&field(c, length, &date)?);
    }
    Ok(Val::string(out))
}

/// Text between apostrophes; two of them are one.
fn quoted(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Result<(), String> {
    loop {
        match chars.next() {
            Some('\'') if chars.next_if_eq(&'\'').is_some() => out.push('\''),
            Some('\'') => return Ok(()),
            Some(c) => out.push(c),
            None => return Err("an apostrophe is not closed".to_owned()),
        }
    }
}

fn field(letter: char, length: usize, date: &ZonedDateTime) -> Result<String, String> {
    let twelve = match date.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let text = |spec: &str| date.strftime(spec).to_string();
    let seconds = date.offset().seconds();
    let utc = seconds == 0;
    Ok(match (letter, length) {
        ('Y', 4) => format!("{:04}", date.year()),
        ('Y', 2) => format!("{:02}", date.year().rem_euclid(100)),
        ('M', 4) => text("%B"),
        ('M', 3) => text("%b"),
        ('M', 2) => format!("{:02}", date.month()),
        ('M', 1) => date.month().to_string(),
        ('D', 2) => format!("{:02}", date.day()),
        ('D', 1) => date.day().to_string(),
        ('E', 4) => text("%A"),
        ('E', 3) => text("%a"),
        ('h', 2) => format!("{:02}", date.hour()),
        ('h', 1) => date.hour().to_string(),
        ('H', 2) => format!("{twelve:02}"),
        ('H', 1) => twelve.to_string(),
        ('A', 2) => if date.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        ('a', 2) => if date.hour() < 12 { "am" } else { "pm" }.to_owned(),
        ('m', 2) => format!("{:02}", date.minute()),
        ('m', 1) => date.minute().to_string(),
        ('s', 2) => format!("{:02}", date.second()),
        ('s', 1) => date.second().to_string(),
        ('Z', 5) => zone(seconds, ":"),
        ('Z', 4) => zone(seconds, ""),
        ('Z', 3) if utc => "UTC".to_owned(),
        ('Z', 3) => zone(seconds, ""),
        ('Z', 1) if utc => "Z".to_owned(),
        ('Z', 1) => zone(seconds, ":"),
        _ => return Err(format!("`{letter}` cannot be written {length} times")),
    })
}
