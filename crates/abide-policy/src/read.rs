//! From a file's text to a policy.

use abide_controls::ControlId;

use crate::error::{PolicyError, PolicyErrors, Position, did_you_mean};
use crate::model::*;
use crate::parameter::parameters;
use crate::yaml::{Key, Kind, Node, parse};

/// Reads and checks one policy file. `file` is its name for messages.
///
/// # Errors
/// All that is wrong with it, each with line and column.
pub fn read(file: &str, text: &str) -> Result<Policy, PolicyErrors> {
    let mut errors = Errors { list: Vec::new() };
    let policy = match parse(text) {
        Ok(node) => policy(&node, &mut errors),
        Err((at, message)) => {
            errors.push(at, message);
            None
        }
    };
    if let Some(policy) = &policy {
        crate::check::check(policy, &mut errors);
    }
    let mut list: Vec<_> = errors
        .list
        .into_iter()
        .map(|(at, message)| PolicyError {
            file: file.to_owned(),
            at,
            message,
        })
        .collect();
    list.sort();
    list.dedup();
    match policy {
        Some(policy) if list.is_empty() => Ok(Policy {
            file: file.to_owned(),
            ..policy
        }),
        _ => Err(PolicyErrors(list)),
    }
}

/// Whether a YAML text means to be a policy, however wrong it may be: other YAML lies beside
/// policies written in Rego.
#[must_use]
pub fn is_policy(text: &str) -> bool {
    let own = ["check", "rules", "rego", "resource_types"];
    match parse(text).map(|node| node.kind) {
        Ok(Kind::Map(map)) => map.iter().any(|(key, node)| {
            own.contains(&key.name.as_str())
                || (key.name == "id"
                    && matches!(&node.kind, Kind::Scalar { text, .. } if is_id(text)))
        }),
        Ok(_) => false,
        // A slip in the syntax must not make a policy vanish.
        Err(_) => text.lines().any(|line| {
            line.split_once(':')
                .is_some_and(|(name, _)| own.contains(&name))
        }),
    }
}

/// Collects errors, so that one run shows all of them.
pub(crate) struct Errors {
    list: Vec<(Position, String)>,
}

impl Errors {
    pub(crate) fn push(&mut self, at: Position, message: impl Into<String>) {
        self.list.push((at, message.into()));
    }
}

/// A mapping whose keys are taken out one by one; what is left is an error.
pub(crate) struct Fields<'n> {
    pub(crate) at: Position,
    entries: Vec<(&'n Key, &'n Node)>,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    pub(crate) fn of(node: &'n Node, what: &str, errors: &mut Errors) -> Option<Self> {
        let Kind::Map(map) = &node.kind else {
            errors.push(
                node.at,
                format!("expected {what} (a mapping), found {}", node.describe()),
            );
            return None;
        };
        Some(Self {
            at: node.at,
            entries: map.iter().map(|(key, node)| (key, node)).collect(),
            known: Vec::new(),
        })
    }

    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'n Node> {
        self.known.push(name);
        let at = self.entries.iter().position(|(key, _)| key.name == name)?;
        Some(self.entries.remove(at).1)
    }

    pub(crate) fn require(&mut self, name: &'static str, errors: &mut Errors) -> Option<&'n Node> {
        let node = self.take(name);
        if node.is_none() {
            errors.push(self.at, format!("`{name}` is missing"));
        }
        node
    }

    /// Which of `names` is there; more than one is an error.
    pub(crate) fn one_of(
        &mut self,
        names: &[&'static str],
        errors: &mut Errors,
    ) -> Option<(&'static str, &'n Node)> {
        let mut found = None;
        for name in names {
            let key_at = self
                .entries
                .iter()
                .find(|(key, _)| key.name == *name)
                .map(|(key, _)| key.at);
            let Some(node) = self.take(name) else {
                continue;
            };
            match found {
                None => found = Some((*name, node)),
                Some((first, _)) => errors.push(
                    key_at.unwrap_or(node.at),
                    format!("`{name}` cannot stand beside `{first}`: a condition asks one thing"),
                ),
            }
        }
        found
    }

    /// Reports what was not taken.
    pub(crate) fn finish(self, what: &str, errors: &mut Errors) {
        for (key, _) in &self.entries {
            let hint = match did_you_mean(&key.name, self.known.iter().copied()) {
                Some(name) => format!("; did you mean `{name}`?"),
                None => {
                    let mut known = self.known.clone();
                    known.sort_unstable();
                    format!("; known: {}", known.join(", "))
                }
            };
            errors.push(key.at, format!("{what} has no `{}`{hint}", key.name));
        }
    }
}

fn policy(node: &Node, errors: &mut Errors) -> Option<Policy> {
    let mut fields = Fields::of(node, "a policy", errors)?;
    let id_node = fields.require("id", errors);
    let id = id_node
        .and_then(|node| text(node, errors))
        .filter(|id| id_is_valid(id, id_node, errors));
    let title = fields
        .require("title", errors)
        .and_then(|node| text(node, errors));
    let severity = fields
        .require("severity", errors)
        .and_then(|node| word(node, errors));
    let kind = fields
        .take("kind")
        .map_or(Some(PolicyKind::Single), |node| {
            choice(
                node,
                &[
                    ("single", PolicyKind::Single),
                    ("related", PolicyKind::Related),
                    ("account", PolicyKind::Account),
                ],
                errors,
            )
        });
    let profile = fields
        .take("profile")
        .map_or(Some(Profile::Default), |node| {
            choice(
                node,
                &[("default", Profile::Default), ("strict", Profile::Strict)],
                errors,
            )
        });
    let enabled = fields
        .take("enabled")
        .map_or(Some(true), |node| boolean(node, errors));
    let controls = fields
        .take("controls")
        .map_or_else(Vec::new, |node| controls(node, errors));
    let resource_types = fields
        .take("resource_types")
        .map_or_else(Vec::new, |node| texts(node, errors));
    let related_types = fields
        .take("related_types")
        .map_or_else(Vec::new, |node| texts(node, errors));
    let parameters = fields
        .take("parameters")
        .map_or_else(Vec::new, |node| parameters(node, errors));
    let docs = docs(&mut fields, errors);
    let body = body(&mut fields, &resource_types, errors);
    fields.finish("a policy", errors);
    Some(Policy {
        id: id?,
        title: title?,
        severity: severity?,
        kind: kind?,
        profile: profile?,
        enabled: enabled?,
        controls,
        resource_types,
        parameters,
        related_types,
        body: body?,
        docs,
        file: String::new(),
        at: id_node?.at,
    })
}

fn is_id(id: &str) -> bool {
    id.split_once('-').is_some_and(|(prefix, number)| {
        (2..=12).contains(&prefix.len())
            && prefix
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            && number.len() == 4
            && number.chars().all(|c| c.is_ascii_digit())
    })
}

fn id_is_valid(id: &str, node: Option<&Node>, errors: &mut Errors) -> bool {
    let valid = is_id(id);
    if !valid && let Some(node) = node {
        errors.push(node.at, format!("`{id}` is not a policy id: expected capitals, a dash and four digits, as in `POL-0001` or `ACME-0042`"));
    }
    valid
}

fn docs(fields: &mut Fields<'_>, errors: &mut Errors) -> Docs {
    Docs {
        why: fields
            .require("why", errors)
            .and_then(|node| text(node, errors))
            .unwrap_or_default()
            .trim()
            .to_owned(),
        references: fields
            .take("references")
            .map_or_else(Vec::new, |node| texts(node, errors)),
        aliases: fields
            .take("aliases")
            .map_or_else(Aliases::default, |node| aliases(node, errors)),
        labels: fields
            .take("labels")
            .map_or_else(Vec::new, |node| texts(node, errors)),
        examples: fields.take("examples").map_or_else(Vec::new, |node| {
            list(node, errors)
                .iter()
                .filter_map(|node| example(node, errors))
                .collect()
        }),
    }
}

fn body(fields: &mut Fields<'_>, types: &[String], errors: &mut Errors) -> Option<PolicyBody> {
    let Some((name, node)) = fields.one_of(&["check", "rules", "rego"], errors) else {
        // What belongs to a check is not to be reported as unknown.
        advice(fields, errors);
        crate::read_condition::facts(fields, errors);
        fields.take("when");
        errors.push(fields.at, "`check` is missing (or `rules`, or `rego`)");
        return None;
    };
    match name {
        "rego" => Some(PolicyBody::Rego {
            text: text(node, errors)?,
            at: node.at,
        }),
        "check" => {
            let when = fields
                .take("when")
                .and_then(|node| crate::read_condition::condition(node, errors));
            let advice = advice(fields, errors);
            let facts = crate::read_condition::facts(fields, errors);
            let check = crate::read_condition::condition(node, errors)?;
            Some(PolicyBody::Rules(vec![Rule {
                facts,
                resource_types: types.to_vec(),
                when,
                check,
                advice,
            }]))
        }
        _ => {
            // What is said beside `rules` holds for all of them.
            let common = advice(fields, errors);
            let rules = list(node, errors)
                .iter()
                .filter_map(|node| rule(node, &common, errors))
                .collect();
            Some(PolicyBody::Rules(rules))
        }
    }
}

fn rule(node: &Node, common: &Advice, errors: &mut Errors) -> Option<Rule> {
    let mut fields = Fields::of(node, "a rule", errors)?;
    let resource_types = fields
        .require("for", errors)
        .map(|node| texts(node, errors));
    let when = fields
        .take("when")
        .and_then(|node| crate::read_condition::condition(node, errors));
    let check = fields
        .require("check", errors)
        .and_then(|node| crate::read_condition::condition(node, errors));
    let mut advice = advice(&mut fields, errors);
    advice.message = advice.message.or_else(|| common.message.clone());
    advice.remediation = advice.remediation.or_else(|| common.remediation.clone());
    if advice.fix.is_empty() {
        advice.fix.clone_from(&common.fix);
    }
    let facts = crate::read_condition::facts(&mut fields, errors);
    fields.finish("a rule", errors);
    Some(Rule {
        facts,
        resource_types: resource_types?,
        when,
        check: check?,
        advice,
    })
}

pub(crate) fn advice(fields: &mut Fields<'_>, errors: &mut Errors) -> Advice {
    Advice {
        message: fields.take("message").and_then(|node| text(node, errors)),
        remediation: fields
            .take("remediation")
            .and_then(|node| text(node, errors)),
        fix: fields.take("fix").map_or_else(Vec::new, |node| {
            list_or_one(node)
                .iter()
                .filter_map(|node| fix(node, errors))
                .collect()
        }),
    }
}

fn fix(node: &Node, errors: &mut Errors) -> Option<Fix> {
    let mut fields = Fields::of(node, "a fix", errors)?;
    let found = fields.one_of(&["set", "block", "resource"], errors);
    let fix = match found {
        Some(("set", node)) => {
            let path = crate::read_condition::path(node, errors);
            let value = fields
                .require("value", errors)
                .and_then(|node| text(node, errors));
            path.zip(value)
                .map(|(path, value)| Fix::Set { path, value })
        }
        Some(("block", node)) => {
            let body = fields
                .require("body", errors)
                .and_then(|node| text(node, errors));
            text(node, errors)
                .zip(body)
                .map(|(name, body)| Fix::Block { name, body })
        }
        Some((_, node)) => {
            let body = fields
                .require("body", errors)
                .and_then(|node| text(node, errors));
            text(node, errors)
                .zip(body)
                .map(|(type_name, body)| Fix::Resource { type_name, body })
        }
        None => {
            errors.push(
                fields.at,
                "a fix is `set` with `value`, `block` with `body`, or `resource` with `body`",
            );
            return None;
        }
    };
    fields.finish("a fix", errors);
    fix
}

fn controls(node: &Node, errors: &mut Errors) -> Vec<ControlId> {
    let mut controls: Vec<ControlId> = Vec::new();
    for node in list(node, errors) {
        let Some(text) = text(node, errors) else {
            continue;
        };
        match text.parse::<ControlId>() {
            Ok(control) if controls.contains(&control) => {
                errors.push(node.at, format!("control `{text}` is given twice"))
            }
            Ok(control) => match abide_controls::Catalogue::builtin().require(&control) {
                Ok(_) => controls.push(control),
                Err(error) => errors.push(node.at, error.to_string()),
            },
            Err(error) => errors.push(node.at, error.to_string()),
        }
    }
    controls
}

fn aliases(node: &Node, errors: &mut Errors) -> Aliases {
    let Some(mut fields) = Fields::of(node, "aliases", errors) else {
        return Aliases::default();
    };
    let mut take = |name| {
        fields
            .take(name)
            .map_or_else(Vec::new, |node| texts(node, errors))
    };
    let aliases = Aliases {
        checkov: take("checkov"),
        trivy: take("trivy"),
        security_hub: take("security_hub"),
        prowler: take("prowler"),
        sentinel: take("sentinel"),
    };
    fields.finish("aliases", errors);
    aliases
}

fn example(node: &Node, errors: &mut Errors) -> Option<Example> {
    let mut fields = Fields::of(node, "an example", errors)?;
    let name = fields
        .require("name", errors)
        .and_then(|node| text(node, errors));
    let expect = fields.require("expect", errors).and_then(|node| {
        choice(
            node,
            &[
                ("pass", Expectation::Pass),
                ("fail", Expectation::Fail),
                ("unknown", Expectation::Unknown),
                ("not_applicable", Expectation::NotApplicable),
            ],
            errors,
        )
    });
    let hcl = fields.require("hcl", errors);
    let resource = fields.take("resource").and_then(|node| text(node, errors));
    let baseline = fields
        .take("baseline")
        .is_some_and(|node| boolean(node, errors) == Some(true));
    let parameters = fields
        .take("parameters")
        .map_or_else(Vec::new, |node| match &node.kind {
            Kind::Map(map) => map
                .iter()
                .filter_map(|(key, node)| Some((key.name.clone(), literal(node, errors)?)))
                .collect(),
            _ => {
                errors.push(node.at, "expected parameters by name (a mapping)");
                Vec::new()
            }
        });
    fields.finish("an example", errors);
    let at = hcl?.at;
    Some(Example {
        name: name?,
        expect: expect?,
        resource,
        hcl: text(hcl?, errors)?,
        parameters,
        baseline,
        at,
    })
}

// Readers of single values.

pub(crate) fn text(node: &Node, errors: &mut Errors) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, .. } if !node.is_nothing() => Some(text.clone()),
        _ => {
            errors.push(node.at, format!("expected text, found {}", node.describe()));
            None
        }
    }
}

fn word<T: std::str::FromStr<Err = String>>(node: &Node, errors: &mut Errors) -> Option<T> {
    match text(node, errors)?.parse() {
        Ok(value) => Some(value),
        Err(message) => {
            errors.push(node.at, message);
            None
        }
    }
}

pub(crate) fn boolean(node: &Node, errors: &mut Errors) -> Option<bool> {
    match &node.kind {
        Kind::Scalar {
            text,
            quoted: false,
        } if text == "true" => Some(true),
        Kind::Scalar {
            text,
            quoted: false,
        } if text == "false" => Some(false),
        _ => {
            errors.push(
                node.at,
                format!("expected `true` or `false`, found {}", node.describe()),
            );
            None
        }
    }
}

pub(crate) fn choice<T: Copy>(
    node: &Node,
    choices: &[(&'static str, T)],
    errors: &mut Errors,
) -> Option<T> {
    let text = text(node, errors)?;
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Some(*value);
    }
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let hint = did_you_mean(&text, names.iter().copied())
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default();
    errors.push(
        node.at,
        format!("expected one of {}, found `{text}`{hint}", names.join(", ")),
    );
    None
}

pub(crate) fn list<'n>(node: &'n Node, errors: &mut Errors) -> &'n [Node] {
    if let Kind::List(list) = &node.kind {
        return list;
    }
    errors.push(
        node.at,
        format!("expected a list, found {}", node.describe()),
    );
    &[]
}

/// A list, or a single value that stands for a list of one.
pub(crate) fn list_or_one(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(list) => list,
        _ => std::slice::from_ref(node),
    }
}

pub(crate) fn texts(node: &Node, errors: &mut Errors) -> Vec<String> {
    list_or_one(node)
        .iter()
        .filter_map(|node| text(node, errors))
        .collect()
}

/// A constant. Plain `true`, `false` and numbers are what they look like,
/// except that digits with a leading zero are text: `010` is an account id.
pub(crate) fn literal(node: &Node, errors: &mut Errors) -> Option<Literal> {
    match &node.kind {
        Kind::List(list) => Some(Literal::List(
            list.iter()
                .filter_map(|node| literal(node, errors))
                .collect(),
        )),
        Kind::Map(_) => {
            errors.push(node.at, "expected a value or a list, found a mapping");
            None
        }
        Kind::Scalar { .. } if node.is_nothing() => {
            errors.push(node.at, "expected a value, found nothing");
            None
        }
        Kind::Scalar { text, quoted: true } => Some(Literal::String(text.clone())),
        Kind::Scalar { text, .. } => Some(plain(text)),
    }
}

fn plain(text: &str) -> Literal {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    match text {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        _ if leading_zero || !digits.starts_with(|c: char| c.is_ascii_digit()) => {
            Literal::String(text.to_owned())
        }
        _ => match (text.parse(), text.parse()) {
            (Ok(int), _) => Literal::Int(int),
            (_, Ok(float)) => Literal::Float(float),
            _ => Literal::String(text.to_owned()),
        },
    }
}
