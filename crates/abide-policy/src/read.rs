//! From a file's text to a policy.

mod fields;
mod values;

use abide_controls::ControlId;

use crate::error::{PolicyError, PolicyErrors};
use crate::model::*;
use crate::parameter::parameters;
use crate::yaml::{Kind, Node, parse};

pub(crate) use fields::{Errors, Fields};
use values::word;
pub(crate) use values::{boolean, choice, list, list_or_one, literal, text, texts};

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
        tfsec: take("tfsec"),
        snyk: take("snyk"),
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
