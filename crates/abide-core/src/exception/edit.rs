//! Changes a file of exceptions without touching a byte that need not change.
//!
//! An edit is a piece of text put in at one place. It is taken only if the new text, read
//! again, says what the old one said and the change, and nothing else.

use abide_policy::Position;
use abide_policy::yaml::{Kind, Node, parse};
use serde_json::Value;

use super::act::Act;
use super::{Exception, ExceptionFileError, ExceptionSet, write};
use crate::diagnostic::Place;

/// Why a file cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ExceptionFileError),
    /// It has no such exception.
    #[error("{file}: there is no exception {id}; `abide exception list` names them")]
    NoSuch {
        /// The file.
        file: String,
        /// What was asked for.
        id: String,
    },
    /// Somebody did that before.
    #[error("{place}: {id} has `{field}` already; remove it first if it is wrong")]
    Twice {
        /// Where the exception is.
        place: Place,
        /// Which.
        id: String,
        /// The field.
        field: &'static str,
    },
    /// It is written in a way that is not changed by this program.
    #[error(
        "{file}: cannot be changed here: {why}; change it by hand, then `abide exception check`"
    )]
    Form {
        /// The file.
        file: String,
        /// What is in the way.
        why: &'static str,
    },
}

const HEAD: &str = "\
# Exceptions: approved permissions that end. `abide exception --help` says how to ask for one.
";

/// A file with one more exception at its end.
///
/// # Errors
/// If it cannot be changed without changing more than that.
pub fn add_entry(file: &str, text: &str, exception: &Exception) -> Result<String, EditError> {
    let old = ExceptionSet::read(file, text)?;
    let (bom, body) = split_bom(text);
    let fields = write::entry(exception);
    let item = Item {
        block: fields
            .iter()
            .flat_map(|(name, value)| write::block(name, value))
            .collect(),
        json: write::json(&Value::Object(fields)),
        is_list_item: true,
    };
    let form = |why| EditError::Form {
        file: file.to_owned(),
        why,
    };
    let new = match list_of(body) {
        Listed::Nothing => {
            let head = if body.trim().is_empty() { HEAD } else { "" };
            let mut new = format!("{body}{head}");
            let at = new.len();
            item.put_lines(&mut new, at, 0);
            new
        }
        Listed::Empty(at) => {
            // `exceptions: []`
            let mut new = body.to_owned();
            new.replace_range(at..at + 2, "");
            let rest = new.get(at..).unwrap_or_default();
            let line_end = rest.find('\n').map_or(new.len(), |end| at + end + 1);
            item.put_lines(&mut new, line_end, 2);
            new
        }
        Listed::List(node) => append(body, &node, &item)
            .ok_or_else(|| form("the list is written in an unusual way"))?,
        Listed::Other => {
            return Err(form(
                "it is in the older form, policy:address: {expiresAt, reason}, which names no approver",
            ));
        }
    };
    let mut expected = old.list;
    expected.push(exception.clone());
    proven(file, format!("{bom}{new}"), &expected)
}

/// A file in which an exception has one more act: `approvers` get one more, the others are set.
///
/// # Errors
/// If it cannot be changed without changing more than that.
pub fn add_field(
    file: &str,
    text: &str,
    id: &str,
    field: &'static str,
    act: &Act,
) -> Result<String, EditError> {
    let mut expected = ExceptionSet::read(file, text)?.list;
    let (bom, body) = split_bom(text);
    let form = |why| EditError::Form {
        file: file.to_owned(),
        why,
    };
    let position = expected.iter().position(|exception| exception.id == id);
    let index = position.ok_or_else(|| EditError::NoSuch {
        file: file.to_owned(),
        id: id.to_owned(),
    })?;
    let target = &mut expected[index];
    let slot = match field {
        "rejected" => Some(&mut target.rejected),
        "revoked" => Some(&mut target.revoked),
        "reviewed" => Some(&mut target.reviewed),
        _ => None,
    };
    match slot {
        None => target.approvers.push(act.clone()),
        Some(slot @ None) => *slot = Some(act.clone()),
        Some(Some(_)) => {
            return Err(EditError::Twice {
                place: target.place.clone(),
                id: id.to_owned(),
                field,
            });
        }
    }
    let Listed::List(list) = list_of(body) else {
        return Err(form(
            "it is in the older form, policy:address: {expiresAt, reason}, which has no place for this",
        ));
    };
    let (Some(entry), value) = (items(&list).get(index), write::act(act)) else {
        return Err(form("the list is written in an unusual way"));
    };
    let Kind::Map(fields) = &entry.kind else {
        return Err(form("the exception is no mapping"));
    };
    let existing = fields.iter().find(|(key, _)| key.name == field);
    let new = match existing {
        Some((_, node)) if matches!(&node.kind, Kind::List(list) if !list.is_empty()) => append(
            body,
            node,
            &Item {
                block: vec![write::flow(&value)],
                json: write::json(&value),
                is_list_item: true,
            },
        ),
        Some(_) => return Err(form("write its `approvers` as a list")),
        None => {
            let value = if field == "approvers" {
                Value::Array(vec![value])
            } else {
                value
            };
            let item = Item {
                block: write::block(field, &value),
                json: format!("\"{field}\": {}", write::json(&value)),
                is_list_item: false,
            };
            append(body, entry, &item)
        }
    };
    let new = new.ok_or_else(|| form("the exception is written in an unusual way"))?;
    proven(file, format!("{bom}{new}"), &expected)
}

/// The new text, if it says what is expected.
fn proven(file: &str, new: String, expected: &[Exception]) -> Result<String, EditError> {
    let read = ExceptionSet::read(file, &new)?;
    let said = |list: &[Exception]| list.iter().map(placeless).collect::<Vec<_>>();
    match said(&read.list) == said(expected) {
        true => Ok(new),
        false => Err(EditError::Form {
            file: file.to_owned(),
            why: "the change would alter more than it should",
        }),
    }
}

fn placeless(exception: &Exception) -> Exception {
    let mut out = exception.clone();
    let none = Place::default;
    out.place = none();
    out.faults.iter_mut().for_each(|fault| fault.place = none());
    let acts = [
        &mut out.requester,
        &mut out.rejected,
        &mut out.revoked,
        &mut out.reviewed,
    ];
    let acts = acts.into_iter().flatten().chain(&mut out.approvers);
    acts.for_each(|act| act.place = none());
    // The order of names does not matter: they may stand in two fields.
    out.approvers.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

fn split_bom(text: &str) -> (&str, &str) {
    match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    }
}

enum Listed {
    /// No list yet.
    Nothing,
    /// `[]` at this byte.
    Empty(usize),
    /// The list.
    List(Node),
    /// Something else.
    Other,
}

fn list_of(text: &str) -> Listed {
    let Ok(node) = parse(text) else {
        // Comments alone are no document.
        return Listed::Nothing;
    };
    let node = match node.kind {
        Kind::Map(mut map) => match map.pop() {
            Some((key, node)) if key.name == "exceptions" && map.is_empty() => node,
            _ => return Listed::Other,
        },
        _ => node,
    };
    match &node.kind {
        Kind::List(list) if list.is_empty() => match byte(text, node.at) {
            Some(at) if starts(text, at, &["[]"]) => Listed::Empty(at),
            _ => Listed::Other,
        },
        Kind::List(_) => Listed::List(node),
        Kind::Scalar { .. } if node.is_nothing() => Listed::Nothing,
        _ => Listed::Other,
    }
}

fn items(list: &Node) -> &[Node] {
    match &list.kind {
        Kind::List(list) => list,
        _ => &[],
    }
}

/// Something to be put in.
struct Item {
    /// Its lines in block style, without the dash.
    block: Vec<String>,
    /// The same in flow style; it is JSON, so that a file of JSON stays one.
    json: String,
    is_list_item: bool,
}

impl Item {
    /// Puts the lines in at a byte that begins a line, or at the end.
    fn put_lines(&self, text: &mut String, at: usize, column: usize) {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let mut out = String::new();
        if text
            .get(..at)
            .is_some_and(|before| !before.is_empty() && !before.ends_with('\n'))
        {
            out.push_str(end);
        }
        for (number, line) in self.block.iter().enumerate() {
            let lead = match (self.is_list_item, number) {
                (true, 0) => "- ",
                (true, _) => "  ",
                (false, _) => "",
            };
            out.push_str(&" ".repeat(column));
            out.push_str(lead);
            out.push_str(line);
            out.push_str(end);
        }
        text.insert_str(at, &out);
    }
}

/// Appends an item to a list, or a field to a mapping that is an item of a block list.
fn append(text: &str, node: &Node, item: &Item) -> Option<String> {
    let start = byte(text, node.at)?;
    let mut new = text.to_owned();
    if starts(text, start, &["{", "["]) {
        let (at, needs_comma) = before_closing(text, start)?;
        let comma = if needs_comma { ", " } else { "" };
        new.insert_str(at, &format!("{comma}{}", item.json));
        return Some(new);
    }
    let (last, column) = match &node.kind {
        Kind::List(list) => {
            let last = list.last()?;
            (last, dash(text, last.at)?)
        }
        Kind::Map(fields) => (node, column(fields.first()?.0.at)),
        Kind::Scalar { .. } => return None,
    };
    let at = end_of(text, last.at.line, dash(text, last.at)?);
    item.put_lines(&mut new, at, column);
    Some(new)
}

fn column(at: Position) -> usize {
    at.column.saturating_sub(1) as usize
}

/// The column of the dash before a list's item on the same line.
fn dash(text: &str, item: Position) -> Option<usize> {
    let line = text.split('\n').nth(item.line.saturating_sub(1) as usize)?;
    let before: String = line.chars().take(column(item)).collect();
    let dash = before.trim_end().strip_suffix('-')?;
    dash.chars().all(|c| c == ' ').then_some(dash.len())
}

/// The byte after the last line of what begins at a line with a dash at a column: comments
/// and blanks before the next thing are that thing's.
fn end_of(text: &str, line: u32, dash: usize) -> usize {
    let first = line.saturating_sub(1) as usize;
    let (mut at, mut end) = (0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        at += line.len();
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let is_blank = content.trim().is_empty();
        let is_inside = indent > dash && !is_blank;
        if number > first && !is_inside && !is_blank && !content.starts_with('#') {
            break;
        }
        if number <= first || is_inside {
            end = at;
        }
    }
    end
}

/// Whether one of some texts stands at a byte.
fn starts(text: &str, at: usize, with: &[&str]) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    with.iter().any(|start| rest.starts_with(start))
}

/// The byte of a position.
fn byte(text: &str, at: Position) -> Option<usize> {
    let line = at.line.saturating_sub(1) as usize;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..)?;
    let offset = rest
        .char_indices()
        .map(|(offset, _)| offset)
        .chain([rest.len()])
        .nth(column(at))?;
    Some(start + offset)
}

/// Where to write before the bracket that closes the one at a byte, and whether something
/// stands there that needs a comma.
fn before_closing(text: &str, start: usize) -> Option<(usize, bool)> {
    let (mut depth, mut quote, mut escaped, mut comment) = (0u32, None, false, false);
    let mut last = (start, '[');
    let mut previous = ' ';
    for (offset, c) in text.get(start..)?.char_indices() {
        let at = start + offset;
        if comment {
            comment = c != '\n';
        } else if let Some(open) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' if open == '"' => escaped = true,
                c if c == open => quote = None,
                _ => {}
            }
            last = (at + c.len_utf8(), c);
        } else {
            match c {
                '"' | '\'' if !previous.is_alphanumeric() => quote = Some(c),
                '#' if previous.is_whitespace() => comment = true,
                '{' | '[' => depth += 1,
                '}' | ']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some((last.0, !matches!(last.1, '{' | '[' | ',')));
                    }
                }
                _ => {}
            }
            if !c.is_whitespace() && !comment {
                last = (at + c.len_utf8(), c);
            }
        }
        previous = c;
    }
    None
}
