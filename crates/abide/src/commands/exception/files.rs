//! Files that tell tools to pass over something.

use abide_core::diagnostic::Place;
use abide_policy::Position;
use abide_policy::yaml::{Key, Kind, Node, parse};

use super::skip::{Found, Skip, Target, last_day};

/// How to read a file, by its name.
type Reader = fn(&str, &str, &mut Found);

/// The reader of a file; `None` if no tool reads it.
pub(super) fn reader(file_name: &str) -> Option<Reader> {
    match file_name {
        ".trivyignore" => Some(trivyignore),
        ".trivyignore.yaml" | ".trivyignore.yml" => Some(trivyignore_yaml),
        ".checkov.baseline" => Some(checkov_baseline),
        ".snyk" => Some(snyk),
        _ => None,
    }
}

fn place(file: &str, at: Position) -> Place {
    Place {
        file: file.to_owned(),
        line: at.line.max(1),
        column: at.column.max(1),
    }
}

/// Lines of `ID exp:YYYY-MM-DD`; comments above a line are its reason.
fn trivyignore(file: &str, text: &str, found: &mut Found) {
    let mut reason: Vec<&str> = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim_start_matches('\u{feff}').trim();
        if let Some(comment) = line.strip_prefix('#') {
            reason.push(comment.trim());
            continue;
        }
        let why = std::mem::take(&mut reason).join(" ");
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(rule) = words.next() else { continue };
        let place = place(
            file,
            Position {
                line: number,
                column: 1,
            },
        );
        let end = words.find_map(|word| word.strip_prefix("exp:"));
        let Some(expires) = expiry(end.map(ToOwned::to_owned), &place, found) else {
            continue;
        };
        found.skips.push(Skip {
            rule: rule.to_owned(),
            reason: (!why.is_empty()).then_some(why),
            expires,
            place,
            target: Target::Everything,
        });
    }
}

/// The last day if one is given; nothing, and a problem, if it cannot be read.
#[expect(
    clippy::option_option,
    reason = "no date and a bad date are two things"
)]
fn expiry(
    text: Option<String>,
    place: &Place,
    found: &mut Found,
) -> Option<Option<jiff::civil::Date>> {
    let Some(text) = text else { return Some(None) };
    let day = last_day(&text);
    if day.is_none() {
        found.problem(place, format!("`{text}` is no date: expected YYYY-MM-DD"));
    }
    day.map(Some)
}

/// `misconfigurations: [{id, paths, expired_at, statement}]`
fn trivyignore_yaml(file: &str, text: &str, found: &mut Found) {
    let Some(node) = document(file, text, found) else {
        return;
    };
    for entry in list(field(&node, "misconfigurations")) {
        let place = place(file, entry.at);
        let Some(rule) = field(entry, "id").and_then(scalar) else {
            found.problem(&place, "an entry without `id`");
            continue;
        };
        let end = field(entry, "expired_at").and_then(scalar);
        let Some(expires) = expiry(end, &place, found) else {
            continue;
        };
        let paths: Vec<String> = list(field(entry, "paths")).filter_map(scalar).collect();
        found.skips.push(Skip {
            rule,
            reason: field(entry, "statement").and_then(scalar),
            expires,
            place,
            target: match paths.is_empty() {
                true => Target::Everything,
                false => Target::Files(paths),
            },
        });
    }
}

/// `{"failed_checks": [{"file", "findings": [{"resource", "check_ids"}]}]}`; Checkov itself
/// does not look at the file.
fn checkov_baseline(file: &str, text: &str, found: &mut Found) {
    let Some(node) = document(file, text, found) else {
        return;
    };
    let checks = list(field(&node, "failed_checks"));
    for finding in checks.flat_map(|check| list(field(check, "findings"))) {
        let Some(resource) = field(finding, "resource").and_then(scalar) else {
            found.problem(&place(file, finding.at), "a finding without `resource`");
            continue;
        };
        for node in list(field(finding, "check_ids")) {
            let Some(rule) = scalar(node) else { continue };
            found.skips.push(Skip {
                rule,
                reason: None,
                expires: None,
                place: place(file, node.at),
                target: Target::Resource(resource.clone()),
            });
        }
    }
}

/// `ignore: {ID: [{'path > *': {reason, expires}}]}`
fn snyk(file: &str, text: &str, found: &mut Found) {
    let Some(node) = document(file, text, found) else {
        return;
    };
    for (rule, entries) in map(field(&node, "ignore")) {
        for (path, entry) in list(Some(entries)).flat_map(|entry| map(Some(entry))) {
            let place = place(file, path.at);
            let end = field(entry, "expires").and_then(scalar);
            let Some(expires) = expiry(end, &place, found) else {
                continue;
            };
            let name = path.name.split(" > ").next().unwrap_or_default().trim();
            found.skips.push(Skip {
                rule: rule.name.clone(),
                reason: field(entry, "reason").and_then(scalar),
                expires,
                place,
                target: match name {
                    "*" | "" => Target::Everything,
                    name => Target::Files(vec![name.to_owned()]),
                },
            });
        }
    }
}

fn document(file: &str, text: &str, found: &mut Found) -> Option<Node> {
    if text.trim().is_empty() {
        return None;
    }
    match parse(text) {
        Ok(Node {
            at,
            kind: Kind::List(_) | Kind::Scalar { .. },
        }) => {
            found.problem(&place(file, at), "expected a mapping");
            None
        }
        Ok(node) => Some(node),
        Err((at, message)) => {
            found.problem(&place(file, at), format!("cannot be read: {message}"));
            None
        }
    }
}

fn map(node: Option<&Node>) -> impl Iterator<Item = (&Key, &Node)> {
    let fields = match node.map(|node| &node.kind) {
        Some(Kind::Map(fields)) => fields.as_slice(),
        _ => &[],
    };
    fields.iter().map(|(key, node)| (key, node))
}

fn field<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    map(Some(node))
        .find(|(key, _)| key.name == name)
        .map(|(_, node)| node)
}

fn list(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    let list = match node.map(|node| &node.kind) {
        Some(Kind::List(list)) => list.as_slice(),
        _ => &[],
    };
    list.iter()
}

fn scalar(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, .. } if !node.is_nothing() => Some(text.clone()),
        _ => None,
    }
}
