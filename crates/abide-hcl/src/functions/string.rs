//! Strings.

use std::sync::Arc;

use super::arguments::{int, list_of_texts, size, text, texts, wrong_number};
use super::pattern::compile;
use super::{Function, Outcome};
use crate::value::{Map, Val};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("chomp", Function::Plain(chomp)),
    (
        "endswith",
        Function::Plain(|a| test(a, |text, part| text.ends_with(part))),
    ),
    ("indent", Function::Plain(indent)),
    ("join", Function::Plain(join)),
    (
        "lower",
        Function::Plain(|a| each(a, |text| simple_case(text, char::to_lowercase))),
    ),
    ("regex", Function::Plain(regex)),
    ("regexall", Function::Plain(regexall)),
    ("replace", Function::Plain(replace)),
    ("split", Function::Plain(split)),
    (
        "startswith",
        Function::Plain(|a| test(a, |text, part| text.starts_with(part))),
    ),
    (
        "strcontains",
        Function::Plain(|a| test(a, |text, part| text.contains(part))),
    ),
    ("strrev", Function::Plain(strrev)),
    ("substr", Function::Plain(substr)),
    ("title", Function::Plain(|a| each(a, title))),
    ("trim", Function::Plain(trim)),
    (
        "trimprefix",
        Function::Plain(|a| {
            change(a, |text, part| {
                text.strip_prefix(part).unwrap_or(text).to_owned()
            })
        }),
    ),
    (
        "trimspace",
        Function::Plain(|a| each(a, |text| text.trim().to_owned())),
    ),
    (
        "trimsuffix",
        Function::Plain(|a| {
            change(a, |text, part| {
                text.strip_suffix(part).unwrap_or(text).to_owned()
            })
        }),
    ),
    (
        "upper",
        Function::Plain(|a| each(a, |text| simple_case(text, char::to_uppercase))),
    ),
];

fn each(arguments: &[Val], change: fn(&str) -> String) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(Val::string(change(&text(value)?)))
}

fn change(arguments: &[Val], change: fn(&str, &str) -> String) -> Outcome {
    let [value, part] = arguments else {
        return wrong_number();
    };
    Ok(Val::string(change(&text(value)?, &text(part)?)))
}

fn test(arguments: &[Val], test: fn(&str, &str) -> bool) -> Outcome {
    let [value, part] = arguments else {
        return wrong_number();
    };
    Ok(Val::bool(test(&text(value)?, &text(part)?)))
}

/// Go changes letters one by one, so `ß` has no capital.
fn simple_case<I: ExactSizeIterator<Item = char>>(text: &str, change: fn(char) -> I) -> String {
    text.chars()
        .map(|c| {
            let mut changed = change(c);
            match (changed.len(), changed.next()) {
                (1, Some(one)) => one,
                _ => c,
            }
        })
        .collect()
}

/// The characters as people count them; `None` where that takes more than
/// looking at single code points (combining marks, emoji).
pub(super) fn characters(text: &str) -> Option<Vec<char>> {
    let simple = |c: char| {
        matches!(c,
            '\0'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{58f}'
            | '\u{2010}'..='\u{2027}' | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}')
    };
    if !text.chars().all(simple) || text.contains("\r\n") {
        return None;
    }
    Some(text.chars().collect())
}

fn chomp(arguments: &[Val]) -> Outcome {
    each(arguments, |text| {
        text.trim_end_matches(['\r', '\n']).to_owned()
    })
}

fn title(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            let upper = if start {
                c.to_uppercase().next().unwrap_or(c)
            } else {
                c
            };
            start = if c.is_ascii() {
                !(c.is_ascii_alphanumeric() || c == '_')
            } else {
                c.is_whitespace()
            };
            upper
        })
        .collect()
}

fn indent(arguments: &[Val]) -> Outcome {
    let [spaces, value] = arguments else {
        return wrong_number();
    };
    let spaces = size(spaces)?;
    let value = text(value)?;
    let lines = value.matches('\n').count();
    if spaces.saturating_mul(lines) > 16 << 20 {
        return Err("the text is too long".to_owned());
    }
    let pad = format!("\n{}", " ".repeat(spaces));
    Ok(Val::string(value.replace('\n', &pad)))
}

fn join(arguments: &[Val]) -> Outcome {
    let [separator, lists @ ..] = arguments else {
        return wrong_number();
    };
    if lists.is_empty() {
        return wrong_number();
    }
    let mut all: Vec<Arc<str>> = Vec::new();
    for values in lists {
        all.extend(texts(values)?);
    }
    Ok(Val::string(all.join(&*text(separator)?)))
}

fn split(arguments: &[Val]) -> Outcome {
    let [separator, value] = arguments else {
        return wrong_number();
    };
    let (separator, value) = (text(separator)?, text(value)?);
    if separator.is_empty() {
        return Ok(list_of_texts(value.chars().map(String::from)));
    }
    if value.is_empty() {
        return Ok(list_of_texts([""]));
    }
    Ok(list_of_texts(value.split(&*separator)))
}

fn substr(arguments: &[Val]) -> Outcome {
    let [value, offset, length] = arguments else {
        return wrong_number();
    };
    let Some(value) = characters(&text(value)?) else {
        return Ok(Val::UNKNOWN);
    };
    let (offset, length) = (int(offset)?, int(length)?);
    let all = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let start = if offset < 0 {
        (all + offset).max(0)
    } else {
        offset.min(all)
    };
    let end = if length < 0 {
        all
    } else {
        start.saturating_add(length).min(all)
    };
    let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
    Ok(Val::string(value[range].iter().collect::<String>()))
}

fn strrev(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(
        characters(&text(value)?).map_or(Val::UNKNOWN, |characters| {
            Val::string(characters.iter().rev().collect::<String>())
        }),
    )
}

fn trim(arguments: &[Val]) -> Outcome {
    change(arguments, |text, cut| {
        text.trim_matches(|c| cut.contains(c)).to_owned()
    })
}

fn replace(arguments: &[Val]) -> Outcome {
    let [value, from, to] = arguments else {
        return wrong_number();
    };
    let (value, from, to) = (text(value)?, text(from)?, text(to)?);
    if let Some(pattern) = from.strip_prefix('/').and_then(|p| p.strip_suffix('/')) {
        let regex = compile(pattern)?;
        return Ok(Val::string(regex.replace_all(&value, &*to).as_ref()));
    }
    Ok(Val::string(value.replace(&*from, &to)))
}

fn regex(arguments: &[Val]) -> Outcome {
    let [pattern, value] = arguments else {
        return wrong_number();
    };
    let regex = compile(&text(pattern)?)?;
    match regex.captures(&text(value)?) {
        Some(captures) => captured(&regex, &captures),
        None => Err("the text does not match the regular expression".to_owned()),
    }
}

fn regexall(arguments: &[Val]) -> Outcome {
    let [pattern, value] = arguments else {
        return wrong_number();
    };
    let regex = compile(&text(pattern)?)?;
    regex
        .captures_iter(&text(value)?)
        .map(|captures| captured(&regex, &captures))
        .collect::<Result<_, _>>()
        .map(Val::list)
}

/// The whole match, a list of groups, or an object of named groups.
fn captured(regex: &regex::Regex, captures: &regex::Captures<'_>) -> Outcome {
    let group = |at: usize| match captures.get(at) {
        Some(found) => Val::string(found.as_str()),
        None => Val::NULL,
    };
    let names: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
    if names.is_empty() {
        return Ok(group(0));
    }
    if names.iter().all(Option::is_none) {
        return Ok(Val::list((1..=names.len()).map(group).collect()));
    }
    let mut map = Map::new();
    for (at, name) in names.iter().enumerate() {
        let name = name.ok_or("either all groups have names or none")?;
        map.insert(name.into(), group(at + 1));
    }
    Ok(Val::map(map))
}
