//! Reads exception files.

use abide_policy::Position;
use abide_policy::yaml::{Key, Kind, Node, parse};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Exception, ExceptionFileError, ExceptionSet, Expiry};
use crate::address::ResourceAddress;
use crate::diagnostic::{Diagnostic, Level, Place};
use crate::finding::Fact;

pub(super) fn read(
    file: &str,
    text: &str,
    allow_unapproved: bool,
) -> Result<ExceptionSet, ExceptionFileError> {
    let mut reader = Reader {
        file,
        allow_unapproved,
        set: ExceptionSet::default(),
    };
    if text.trim().is_empty() {
        return Ok(reader.set);
    }
    let node = parse(text).map_err(|(at, message)| ExceptionFileError {
        place: reader.place(at),
        message,
    })?;
    let list = match &node.kind {
        Kind::List(list) => list,
        Kind::Map(map) => match map.as_slice() {
            [] => return Ok(reader.set),
            [
                (
                    Key { name, .. },
                    Node {
                        kind: Kind::List(list),
                        ..
                    },
                ),
            ] if name == "exceptions" => list,
            map if map.iter().all(|(key, _)| key.name.contains(':')) => {
                for (key, node) in map {
                    reader.map_entry(key, node);
                }
                return Ok(reader.set);
            }
            map => {
                let message = match map.first() {
                    Some((key, _)) => format!(
                        "`{}` is not expected here: a file of exceptions is a list (or `exceptions:` with a list) of {{id, policy, resource, reason, approver, expires}}",
                        key.name
                    ),
                    None => "expected exceptions".to_owned(),
                };
                return Err(ExceptionFileError {
                    place: reader.place(node.at),
                    message,
                });
            }
        },
        Kind::Scalar { .. } => {
            let message = format!("expected a list of exceptions, found {}", node.describe());
            return Err(ExceptionFileError {
                place: reader.place(node.at),
                message,
            });
        }
    };
    for node in list {
        reader.entry(node);
    }
    Ok(reader.set)
}

struct Reader<'f> {
    file: &'f str,
    allow_unapproved: bool,
    set: ExceptionSet,
}

/// The fields of an entry, as written.
#[derive(Default)]
struct Entry {
    id: Option<String>,
    policy: Option<String>,
    resource: Option<String>,
    reason: Option<String>,
    approver: Option<String>,
    expires: Option<String>,
    facts: Option<Vec<Fact>>,
}

impl Reader<'_> {
    fn place(&self, at: Position) -> Place {
        Place {
            file: self.file.to_owned(),
            line: at.line.max(1),
            column: at.column.max(1),
        }
    }

    fn void(&mut self, at: Position, name: &str, why: &str) {
        let diagnostic = Diagnostic::new(
            Level::Warning,
            "exception-void",
            format!("{name} is void: {why}"),
        );
        self.set.void.push(diagnostic.at(self.place(at)));
    }

    /// `"POL-0001:address": {expiresAt, reason}`, the oldest form.
    fn map_entry(&mut self, key: &Key, node: &Node) {
        let (policy, resource) = key.name.split_once(':').unwrap_or((&key.name, ""));
        let mut entry = Entry {
            id: Some(key.name.clone()),
            policy: Some(policy.to_owned()),
            resource: Some(resource.to_owned()),
            ..Entry::default()
        };
        let name = format!("exception {}", key.name);
        let Kind::Map(fields) = &node.kind else {
            return self.void(key.at, &name, "expected {expiresAt, reason}");
        };
        for (field, value) in fields {
            let text = scalar(value);
            match field.name.as_str() {
                "expiresAt" | "expires" | "expires_at" => entry.expires = text,
                "reason" => entry.reason = text,
                "approver" | "approvedBy" => entry.approver = text,
                _ => {}
            }
        }
        if entry.approver.is_none() && self.allow_unapproved {
            entry.approver = Some("(none recorded)".to_owned());
        }
        self.finish(entry, key.at, &name);
    }

    fn entry(&mut self, node: &Node) {
        let Kind::Map(fields) = &node.kind else {
            return self.void(
                node.at,
                "an exception",
                "expected {id, policy, resource, reason, approver, expires}",
            );
        };
        let mut entry = Entry::default();
        let mut unknown = None;
        for (field, value) in fields {
            let text = scalar(value);
            match field.name.as_str() {
                "id" => entry.id = text,
                "policy" => entry.policy = text,
                "resource" => entry.resource = text,
                "reason" => entry.reason = text,
                "approver" | "approvers" => entry.approver = text.or_else(|| texts(value)),
                "expires" => entry.expires = text,
                "facts" => entry.facts = facts(value),
                _ => unknown = Some(field),
            }
        }
        let name = format!("exception {}", entry.id.as_deref().unwrap_or("without id"));
        if let Some(field) = unknown {
            let why = format!(
                "it has no field `{}`; known: id, policy, resource, facts, reason, approver, expires",
                field.name
            );
            return self.void(field.at, &name, &why);
        }
        self.finish(entry, node.at, &name);
    }

    fn finish(&mut self, entry: Entry, at: Position, name: &str) {
        let missing = [
            ("id", entry.id.is_none()),
            ("policy", entry.policy.is_none()),
            ("resource", entry.resource.is_none()),
            (
                "reason",
                entry
                    .reason
                    .as_ref()
                    .is_none_or(|reason| reason.trim().is_empty()),
            ),
            (
                "approver",
                entry
                    .approver
                    .as_ref()
                    .is_none_or(|approver| approver.trim().is_empty()),
            ),
            ("expires", entry.expires.is_none()),
        ];
        let missing: Vec<_> = missing
            .iter()
            .filter(|(_, missing)| *missing)
            .map(|(name, _)| *name)
            .collect();
        if !missing.is_empty() {
            return self.void(at, name, &format!("{} missing", missing.join(", ")));
        }
        let (Some(id), Some(policy), Some(resource)) = (entry.id, entry.policy, entry.resource)
        else {
            return;
        };
        let (Some(reason), Some(approver), Some(expires)) =
            (entry.reason, entry.approver, entry.expires)
        else {
            return;
        };
        let Some(expires) = expiry(&expires) else {
            return self.void(
                at,
                name,
                &format!(
                    "`{}` is not a date: expected YYYY-MM-DD, the last day it holds",
                    expires.escape_debug()
                ),
            );
        };
        if resource != crate::engine::ROOT && ResourceAddress::parse(&resource).is_err() {
            return self.void(
                at,
                name,
                &format!("`{}` is not a resource address", resource.escape_debug()),
            );
        }
        if self.set.list.iter().any(|known| known.id == id) {
            return self.void(at, name, "its id is used twice");
        }
        self.set.list.push(Exception {
            id,
            policy,
            resource,
            facts: entry.facts,
            reason,
            approver,
            expires,
            place: self.place(at),
        });
    }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, .. } if !node.is_nothing() => Some(text.clone()),
        _ => None,
    }
}

/// Several approvers as one text.
fn texts(node: &Node) -> Option<String> {
    let Kind::List(list) = &node.kind else {
        return None;
    };
    let list: Vec<_> = list.iter().filter_map(scalar).collect();
    (!list.is_empty()).then(|| list.join(", "))
}

fn facts(node: &Node) -> Option<Vec<Fact>> {
    let Kind::List(list) = &node.kind else {
        return Some(Vec::new());
    };
    let read = |node: &Node| match &node.kind {
        Kind::Map(map) => Fact(
            map.iter()
                .filter_map(|(key, node)| Some((key.name.clone(), scalar(node)?)))
                .collect(),
        ),
        _ => Fact::default(),
    };
    // A fact that says nothing would accept everything.
    Some(
        list.iter()
            .map(read)
            .filter(|fact| !fact.0.is_empty())
            .collect(),
    )
}

/// A day, or an instant.
fn expiry(text: &str) -> Option<Expiry> {
    if text.len() == 10 {
        return text.parse::<Date>().ok().map(Expiry::Day);
    }
    text.parse::<Timestamp>().ok().map(Expiry::Instant)
}
