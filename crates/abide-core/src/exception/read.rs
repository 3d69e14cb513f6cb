//! Reads exception files.

use abide_policy::Position;
use abide_policy::yaml::{Key, Kind, Node, parse};
use jiff::Timestamp;

use super::act::{Act, Identity};
use super::{
    Category, CompensatingControl, Exception, ExceptionFileError, ExceptionSet, Expiry, Fault,
};
use crate::address::ResourceAddress;
use crate::diagnostic::Place;
use crate::finding::Fact;
use crate::policy::nearest;

/// The fields of an entry.
pub(super) const FIELDS: [&str; 18] = [
    "id",
    "policy",
    "resource",
    "facts",
    "category",
    "reason",
    "ticket",
    "compensating_control",
    "requester",
    "approver",
    "approvers",
    "not_before",
    "expires",
    "renews",
    "break_glass",
    "reviewed",
    "revoked",
    "rejected",
];

const EXPECTED: &str = "{id, policy, resource, reason, approver, expires}";

pub(super) fn read(file: &str, text: &str) -> Result<ExceptionSet, ExceptionFileError> {
    let reader = Reader { file };
    let mut set = ExceptionSet {
        file: file.to_owned(),
        list: Vec::new(),
    };
    let is_empty = text
        .trim_start_matches('\u{feff}')
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if is_empty {
        return Ok(set);
    }
    let node = parse(text).map_err(|(at, message)| ExceptionFileError {
        place: reader.place(at),
        message: message.replace("a file holds one policy", "a file holds one list"),
    })?;
    let wrong = |message| ExceptionFileError {
        place: reader.place(node.at),
        message,
    };
    set.list = match &node.kind {
        Kind::List(list) => list.iter().map(|node| reader.entry(node)).collect(),
        Kind::Map(map) => match map.as_slice() {
            [(key, node)] if key.name == "exceptions" => match &node.kind {
                Kind::List(list) => list.iter().map(|node| reader.entry(node)).collect(),
                _ if node.is_nothing() => Vec::new(),
                _ => {
                    let found = node.describe();
                    return Err(wrong(format!("exceptions: expected a list, found {found}")));
                }
            },
            map => match map.iter().find(|(key, _)| !key.name.contains(':')) {
                None => map
                    .iter()
                    .map(|(key, node)| reader.seed(key, node))
                    .collect(),
                Some((key, _)) => {
                    return Err(wrong(format!(
                        "`{}` is not expected here: a file of exceptions is a list (or `exceptions:` with a list) of {EXPECTED}",
                        key.name.escape_debug()
                    )));
                }
            },
        },
        Kind::Scalar { .. } => {
            let found = node.describe();
            return Err(wrong(format!(
                "expected a list of exceptions, found {found}"
            )));
        }
    };
    Ok(set)
}

struct Reader<'f> {
    file: &'f str,
}

impl Reader<'_> {
    fn place(&self, at: Position) -> Place {
        Place {
            file: self.file.to_owned(),
            line: at.line.max(1),
            column: at.column.max(1),
        }
    }

    fn fault(&self, exception: &mut Exception, at: Position, message: impl Into<String>) {
        exception.faults.push(Fault {
            message: message.into(),
            place: self.place(at),
        });
    }

    /// `"POL-0001:address": {expiresAt, reason}`, the oldest form.
    fn seed(&self, key: &Key, node: &Node) -> Exception {
        let (policy, resource) = key.name.split_once(':').unwrap_or((&key.name, ""));
        let mut exception = Exception {
            id: key.name.clone(),
            policy: policy.to_owned(),
            resource: resource.to_owned(),
            is_seed: true,
            place: self.place(key.at),
            ..Exception::default()
        };
        let Kind::Map(fields) = &node.kind else {
            self.fault(&mut exception, key.at, "expected {expiresAt, reason}");
            return exception;
        };
        for (field, value) in fields {
            match field.name.as_str() {
                "expiresAt" | "expires" | "expires_at" => {
                    self.expires(&mut exception, key.at, value)
                }
                "reason" => exception.reason = scalar(value).unwrap_or_default(),
                "approver" | "approvedBy" => {
                    exception.approvers = self.acts(value).unwrap_or_default()
                }
                _ => {}
            }
        }
        self.complete(&mut exception, key.at);
        exception
    }

    fn entry(&self, node: &Node) -> Exception {
        let mut exception = Exception {
            place: self.place(node.at),
            ..Exception::default()
        };
        let Kind::Map(fields) = &node.kind else {
            self.fault(&mut exception, node.at, format!("expected {EXPECTED}"));
            return exception;
        };
        for (field, value) in fields {
            self.field(&mut exception, field, value, node.at);
        }
        self.complete(&mut exception, node.at);
        exception
    }

    fn field(&self, exception: &mut Exception, field: &Key, value: &Node, entry: Position) {
        let name = field.name.as_str();
        let text = scalar(value);
        let mut expected = None;
        match name {
            "id" => exception.id = text.unwrap_or_default(),
            "policy" => exception.policy = text.unwrap_or_default(),
            "resource" => exception.resource = text.unwrap_or_default(),
            "reason" => exception.reason = text.unwrap_or_default(),
            "ticket" => exception.ticket = text,
            "renews" => exception.renews = text,
            "expires" => self.expires(exception, entry, value),
            "facts" => match facts(value) {
                Some(facts) => exception.facts = Some(facts),
                None => {
                    // Cover nothing rather than anything.
                    exception.facts = Some(Vec::new());
                    expected = Some("a list of what the policy found, e.g. [{port: 22}]");
                }
            },
            "category" => {
                let known = Category::ALL.into_iter();
                match known
                    .into_iter()
                    .find(|known| text.as_deref() == Some(known.as_str()))
                {
                    Some(category) => exception.category = category,
                    None => expected = Some("waiver, mitigated or false_positive"),
                }
            }
            "not_before" => match text.as_deref().and_then(instant) {
                Some(at) => exception.not_before = Some(at),
                None => expected = Some("the first day it holds, YYYY-MM-DD"),
            },
            "break_glass" => match text.as_deref() {
                Some("true") => exception.break_glass = true,
                Some("false") => {}
                _ => expected = Some("true or false"),
            },
            "compensating_control" => match control(value) {
                Some(control) => exception.control = Some(control),
                None => expected = Some("a text, or {policy, description}"),
            },
            "requester" | "rejected" | "revoked" | "reviewed" => {
                let act = self.act(value);
                if act.is_none() {
                    expected = Some("a name, or {name, at, identity, reason}");
                }
                match name {
                    "requester" => exception.requester = act,
                    "rejected" => exception.rejected = act,
                    "revoked" => exception.revoked = act,
                    _ => exception.reviewed = act,
                }
            }
            "approver" | "approvers" => match self.acts(value) {
                Some(acts) => exception.approvers.extend(acts),
                None => expected = Some("names, or a list of {name, at, identity}"),
            },
            unknown => {
                let meant = nearest(unknown, FIELDS.into_iter()).map_or_else(
                    || format!("known: {}", FIELDS.join(", ")),
                    |name| format!("did you mean `{name}`?"),
                );
                let message = format!("it has no field `{}`; {meant}", unknown.escape_debug());
                self.fault(exception, field.at, message);
            }
        }
        if let Some(expected) = expected {
            self.fault(
                exception,
                field.at,
                format!("`{name}`: expected {expected}"),
            );
        }
    }

    fn expires(&self, exception: &mut Exception, at: Position, value: &Node) {
        let text = scalar(value).unwrap_or_default();
        exception.expires = Expiry::read(&text);
        if exception.expires.is_none() && !text.is_empty() {
            let message = format!(
                "`{}` is not a date: expected YYYY-MM-DD, the last day it holds",
                text.escape_debug()
            );
            self.fault(exception, at, message);
        }
    }

    /// What must be there. The approvers are judged with the rules.
    fn complete(&self, exception: &mut Exception, at: Position) {
        let no_date = exception.expires.is_none()
            && exception
                .faults
                .iter()
                .all(|fault| !fault.message.contains("is not a date"));
        let missing = [
            ("id", exception.id.is_empty()),
            ("policy", exception.policy.is_empty()),
            ("resource", exception.resource.is_empty()),
            ("reason", exception.reason.trim().is_empty()),
            ("expires", no_date),
        ];
        let missing: Vec<_> = missing
            .iter()
            .filter(|(_, is)| *is)
            .map(|(name, _)| *name)
            .collect();
        if !missing.is_empty() {
            self.fault(exception, at, format!("{} missing", missing.join(", ")));
        }
        let resource = exception.resource.clone();
        if !resource.is_empty()
            && resource != crate::engine::ROOT
            && ResourceAddress::parse(&resource).is_err()
        {
            let message = format!("`{}` is not a resource address", resource.escape_debug());
            self.fault(exception, at, message);
        }
    }

    fn acts(&self, node: &Node) -> Option<Vec<Act>> {
        match &node.kind {
            Kind::List(list) => list.iter().map(|node| self.act(node)).collect(),
            // `approver:` with nothing yet.
            _ if node.is_nothing() => Some(Vec::new()),
            Kind::Scalar { text, .. } => Some(
                text.split(',')
                    .filter(|name| !name.trim().is_empty())
                    .map(|name| self.named(name, node.at))
                    .collect(),
            ),
            Kind::Map(_) => Some(vec![self.act(node)?]),
        }
    }

    fn named(&self, name: &str, at: Position) -> Act {
        Act {
            name: name.trim().to_owned(),
            place: self.place(at),
            ..Act::default()
        }
    }

    fn act(&self, node: &Node) -> Option<Act> {
        let fields = match &node.kind {
            Kind::Scalar { text, .. } if !text.trim().is_empty() && !node.is_nothing() => {
                return Some(self.named(text, node.at));
            }
            Kind::Map(fields) => fields,
            _ => return None,
        };
        let mut act = self.named("", node.at);
        for (field, value) in fields {
            let text = scalar(value)?;
            match field.name.as_str() {
                "name" => act.name = text.trim().to_owned(),
                "at" => act.at = Some(instant(&text)?),
                "identity" => {
                    let known = Identity::ALL.into_iter();
                    act.identity = known.into_iter().find(|known| known.as_str() == text)?;
                }
                "reason" => act.reason = Some(text),
                "digest" => act.digest = Some(text),
                _ => return None,
            }
        }
        (!act.name.is_empty()).then_some(act)
    }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, .. } if !node.is_nothing() => Some(text.clone()),
        _ => None,
    }
}

fn control(node: &Node) -> Option<CompensatingControl> {
    let mut control = CompensatingControl::default();
    match &node.kind {
        Kind::Scalar { .. } => control.description = Some(scalar(node)?),
        Kind::Map(fields) => {
            for (field, value) in fields {
                match field.name.as_str() {
                    "policy" => control.policy = Some(scalar(value)?),
                    "description" => control.description = Some(scalar(value)?),
                    _ => return None,
                }
            }
        }
        Kind::List(_) => return None,
    }
    (control != CompensatingControl::default()).then_some(control)
}

fn facts(node: &Node) -> Option<Vec<Fact>> {
    let Kind::List(list) = &node.kind else {
        return None;
    };
    let read = |node: &Node| match &node.kind {
        Kind::Map(map) => {
            let pairs = map.iter().map(|(key, node)| match &node.kind {
                Kind::Scalar { text, .. } => Some((key.name.clone(), text.clone())),
                _ => None,
            });
            // A fact that says nothing would accept everything.
            let fact = Fact(pairs.collect::<Option<_>>()?);
            (!fact.0.is_empty()).then_some(fact)
        }
        _ => None,
    };
    list.iter().map(read).collect()
}

/// An instant, or the beginning of a day.
fn instant(text: &str) -> Option<Timestamp> {
    match Expiry::read(text)? {
        Expiry::Day(day) => Some(super::midnight(day)),
        Expiry::Instant(at) => Some(at),
    }
}
