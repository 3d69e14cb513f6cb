//! From a check tree to what a finding says: attribute, found, expected, facts, texts.

use std::collections::BTreeMap;

use abide_policy::{Advice, Fix, Literal};

use super::evaluate::NOT_SET;
use super::network::traffic;
use super::trace::{Shape, Trace, Wait};
use super::tri::Tri;
use crate::attribute::AttributePath;
use crate::finding::{Fact, Snippet};
use crate::inventory::Resource;

/// What a finding says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Evidence {
    pub(super) message: String,
    pub(super) remediation: String,
    pub(super) fix: Vec<Snippet>,
    pub(super) attribute: Option<AttributePath>,
    pub(super) found: Option<String>,
    pub(super) expected: Option<String>,
    pub(super) facts: Vec<Fact>,
    pub(super) waits_for: Vec<Wait>,
}

/// What texts are filled with, besides facts.
pub(super) struct Context<'a> {
    pub(super) resource: Option<&'a Resource>,
    pub(super) parameters: &'a BTreeMap<String, Literal>,
    pub(super) advice: &'a Advice,
    /// Facts of the resource itself.
    pub(super) fact: Fact,
}

/// One leaf that decided.
struct Reason<'t, 'p> {
    leaf: &'t Trace<'p>,
    fact: Fact,
    advice: Option<&'p Advice>,
    /// The resource it is in, if that is another than the judged one.
    elsewhere: Option<&'t str>,
    /// What the nodes around the leaf wait for.
    waits_for: Vec<&'t Wait>,
}

/// Reads the evidence for `trace`'s answer.
pub(super) fn read(trace: &Trace<'_>, context: &Context<'_>) -> Evidence {
    let mut reasons = Vec::new();
    let mut root = Around {
        fact: context.fact.clone(),
        ..Around::default()
    };
    if !root.fact.0.is_empty() {
        add_leaf_facts(trace, &mut root.fact);
    }
    collect(trace, &root, &mut reasons);
    let mut evidence = Evidence::default();
    let primary = reasons
        .iter()
        .find(|r| r.elsewhere.is_none() && r.leaf.attribute.is_some())
        .or_else(|| reasons.first());
    if let Some(primary) = primary {
        evidence.attribute = primary
            .leaf
            .attribute
            .clone()
            .filter(|_| primary.elsewhere.is_none());
        evidence.found.clone_from(&primary.leaf.found);
        evidence.expected = primary.leaf.expected.as_ref().map(ToString::to_string);
    }
    for reason in &reasons {
        push_new(&mut evidence.facts, fact_of(reason));
        for address in reason
            .leaf
            .waits_for
            .iter()
            .chain(reason.waits_for.iter().copied())
        {
            push_new(&mut evidence.waits_for, address.clone());
        }
    }
    let whole = |wait: &Wait| !matches!(wait, Wait::Part(_));
    if evidence.waits_for.iter().any(whole) {
        evidence.waits_for.retain(whole);
    }
    texts(&reasons, context, &mut evidence);
    evidence
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    // Short lists in practice; a thousand offending elements still are fine.
    if !list.contains(&item) {
        list.push(item);
    }
}

/// What the nodes around one say.
#[derive(Clone, Default)]
struct Around<'t, 'p> {
    fact: Fact,
    advice: Option<&'p Advice>,
    elsewhere: Option<&'t str>,
    waits_for: Vec<&'t Wait>,
}

fn collect<'t, 'p>(trace: &'t Trace<'p>, around: &Around<'t, 'p>, out: &mut Vec<Reason<'t, 'p>>) {
    let mut own = around.clone();
    own.advice = trace.advice.or(own.advice);
    own.elsewhere = trace.resource.as_deref().or(own.elsewhere);
    if !trace.fact.0.is_empty() {
        extend(&mut own.fact, &trace.fact);
        // One element is one fact, whichever of its parts are the reason.
        add_leaf_facts(trace, &mut own.fact);
    }
    let reasons = deciding(trace);
    if reasons.is_empty() {
        return out.push(Reason {
            leaf: trace,
            fact: own.fact,
            advice: own.advice,
            elsewhere: own.elsewhere,
            waits_for: own.waits_for,
        });
    }
    own.waits_for.extend(&trace.waits_for);
    let before = out.len();
    for reason in reasons {
        collect(reason, &own, out);
    }
    // Parts that hold together are one reason (`not: {all: …}`). Where an element among them
    // has named facts, these say it; what holds beside it would only be one more fact to accept.
    let together = trace.shape == Shape::All && trace.answer == Tri::True;
    if together && own.fact.0.is_empty() {
        let parts = out.split_off(before);
        let named = parts.iter().any(|part| !part.fact.0.is_empty());
        out.extend(parts.into_iter().filter(|part| {
            !named || !part.fact.0.is_empty() || !same_advice(part.advice, own.advice)
        }));
    }
}

fn same_advice(a: Option<&Advice>, b: Option<&Advice>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// The parts worth telling. Of alternatives that all fail, those the policy has
/// something to say about, else the first: it is the way the policy prefers.
fn deciding<'t, 'p>(trace: &'t Trace<'p>) -> Vec<&'t Trace<'p>> {
    let mut reasons = trace.reasons();
    if reasons.iter().any(|reason| !reason.is_constant()) {
        reasons.retain(|reason| !reason.is_constant());
    }
    let alternatives = trace.shape == Shape::Any && trace.answer == Tri::False && trace.is_choice;
    if alternatives && reasons.len() > 1 {
        if reasons.iter().any(|reason| reason.has_advice()) {
            reasons.retain(|reason| reason.has_advice());
        } else {
            reasons.truncate(1);
        }
    }
    reasons
}

/// Adds what leaves give (`cidr`) to the fact of the element they are in.
fn add_leaf_facts(trace: &Trace<'_>, fact: &mut Fact) {
    for reason in trace.reasons() {
        // An element further in has a fact of its own.
        if reason.shape == Shape::Leaf {
            extend(fact, &reason.fact);
        } else if reason.fact.0.is_empty() {
            add_leaf_facts(reason, fact);
        }
    }
}

fn extend(fact: &mut Fact, more: &Fact) {
    for (name, value) in &more.0 {
        if fact.get(name).is_none() {
            fact.0.push((name.clone(), value.clone()));
        }
    }
}

/// What identifies a violation, for exceptions and fingerprints.
fn fact_of(reason: &Reason<'_, '_>) -> Fact {
    let leaf = reason.leaf;
    let mut fact = Fact::default();
    if let Some(resource) = reason.elsewhere {
        fact.0.push(("resource".to_owned(), resource.to_owned()));
    }
    if !reason.fact.0.is_empty() {
        extend(&mut fact, &reason.fact);
        return fact;
    }
    match &leaf.attribute {
        Some(path) => {
            fact.0
                .push(("attribute".to_owned(), path.without_positions()));
            fact.0.push((
                "value".to_owned(),
                leaf.found.clone().unwrap_or_else(|| NOT_SET.to_owned()),
            ));
        }
        None => fact.0.push((
            "missing".to_owned(),
            leaf.expected.as_ref().unwrap_or(&leaf.label).to_string(),
        )),
    }
    fact
}

fn texts(reasons: &[Reason<'_, '_>], context: &Context<'_>, evidence: &mut Evidence) {
    let mut messages: Vec<(String, Vec<String>)> = Vec::new();
    let mut remediations = Vec::new();
    let mut fixes: Vec<&Fix> = Vec::new();
    for reason in reasons {
        let pick = |get: fn(&Advice) -> Option<&String>| {
            reason.advice.and_then(get).or_else(|| get(context.advice))
        };
        let template = pick(|advice| advice.message.as_ref())
            .map_or("The policy is not followed", String::as_str);
        let message = fill(template, reason, context);
        match messages.iter_mut().find(|(known, _)| known == template) {
            Some((_, list)) => push_new(list, message),
            None => messages.push((template.to_owned(), vec![message])),
        }
        if let Some(template) = pick(|advice| advice.remediation.as_ref()) {
            push_new(&mut remediations, fill(template, reason, context));
        }
        let fix = reason
            .advice
            .map(|advice| &advice.fix)
            .filter(|fix| !fix.is_empty())
            .unwrap_or(&context.advice.fix);
        for fix in fix {
            if !fixes.contains(&fix) {
                fixes.push(fix);
            }
        }
    }
    let sentences = messages.into_iter().map(|(_, list)| match list.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    });
    evidence.message = sentences.collect::<Vec<_>>().join("; ");
    evidence.remediation = remediations.join("; ");
    let first = reasons.first();
    evidence.fix = fixes
        .into_iter()
        .map(|fix| {
            snippet(fix, |text| match first {
                Some(reason) => fill(text, reason, context),
                None => text.to_owned(),
            })
        })
        .collect();
}

/// Puts values in place of `{name}`; what is no name stays.
fn fill(template: &str, reason: &Reason<'_, '_>, context: &Context<'_>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let value = after
            .split_once('}')
            .and_then(|(name, tail)| Some((value_of(name, reason, context)?, tail)));
        match value {
            Some((value, tail)) => {
                out.push_str(&value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn value_of(name: &str, reason: &Reason<'_, '_>, context: &Context<'_>) -> Option<String> {
    if let Some(value) = reason.fact.get(name).or_else(|| reason.leaf.fact.get(name)) {
        return Some(value.to_owned());
    }
    if let Some(value) = context.parameters.get(name) {
        return Some(value.to_string());
    }
    let resource = context.resource;
    Some(match name {
        "found" => reason.leaf.found.as_deref().map_or_else(
            || "not set".to_owned(),
            |text| text.trim_matches('"').to_owned(),
        ),
        "expected" => reason
            .leaf
            .expected
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        "attribute" => reason
            .leaf
            .attribute
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        "address" => resource.map(|r| r.address.to_string()).unwrap_or_default(),
        "type" => resource
            .map(|r| r.type_name.to_string())
            .unwrap_or_default(),
        // What an account policy wants is of no resource; `this` is what people call the only one.
        "name" => resource.map_or_else(|| "this".to_owned(), |r| r.name.to_string()),
        "reference" => resource
            .map(|r| format!("{}.{}", r.type_name, r.name))
            .unwrap_or_default(),
        "module" => resource
            .and_then(|r| {
                r.address
                    .as_str()
                    .rsplit_once(&format!(".{}.", r.type_name))
                    .map(|(m, _)| m.to_owned())
            })
            .unwrap_or_default(),
        "traffic" => {
            let fact = |name| {
                let own = reason.fact.get(name);
                own.or_else(|| reason.leaf.fact.get(name))
                    .unwrap_or(NOT_SET)
            };
            traffic(fact("protocol"), fact("from_port"), fact("to_port"))
        }
        // A fact that this element does not have.
        _ if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !name.is_empty() => {
            "(unknown)".to_owned()
        }
        _ => return None,
    })
}

fn snippet(fix: &Fix, fill: impl Fn(&str) -> String) -> Snippet {
    match fix {
        Fix::Set { path, value } => {
            let names = path.names();
            let (blocks, attribute) = names.split_at(names.len().saturating_sub(1));
            let mut hcl = String::new();
            for (depth, block) in blocks.iter().enumerate() {
                hcl.push_str(&format!("{}{block} {{\n", "  ".repeat(depth)));
            }
            hcl.push_str(&format!(
                "{}{} = {}\n",
                "  ".repeat(blocks.len()),
                attribute.first().unwrap_or(&""),
                fill(value).trim()
            ));
            for depth in (0..blocks.len()).rev() {
                hcl.push_str(&format!("{}}}\n", "  ".repeat(depth)));
            }
            Snippet { inside: true, hcl }
        }
        Fix::Block { name, body } => Snippet {
            inside: true,
            hcl: block(name, &fill(body)),
        },
        Fix::Resource { type_name, body } => Snippet {
            inside: false,
            hcl: block(
                &fill(&format!("resource \"{type_name}\" \"{{name}}\"")),
                &fill(body),
            ),
        },
    }
}

fn block(header: &str, body: &str) -> String {
    let mut hcl = format!("{header} {{\n");
    for line in body.trim_end().lines() {
        if line.is_empty() {
            hcl.push('\n');
        } else {
            hcl.push_str(&format!("  {line}\n"));
        }
    }
    hcl.push_str("}\n");
    hcl
}

/// The text for an outcome that is not a failure.
pub(super) fn sentence(answer: Tri, title: &str, waits_for: &[Wait]) -> String {
    let list = || {
        let texts: Vec<String> = waits_for.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    match answer {
        Tri::True => title.to_owned(),
        Tri::False => String::new(),
        Tri::Unknown if waits_for.is_empty() => format!("Cannot be told from this input: {title}"),
        Tri::Unknown if only_apply(waits_for) => {
            format!("Known only after apply ({}): {title}", list())
        }
        Tri::Unknown => format!("Cannot be told from this input ({}): {title}", list()),
    }
}

/// What would decide an unknown. The policy's own remediation is no answer: nothing need be wrong.
pub(super) fn hint(waits_for: &[Wait]) -> &'static str {
    if only_apply(waits_for) {
        "Scan the state after apply, or write the value as a constant or a variable with a value"
    } else {
        "Write what is missing into the configuration or add the input that shows it, or look at the resource itself"
    }
}

fn only_apply(waits_for: &[Wait]) -> bool {
    let mut waits = waits_for.iter();
    !waits_for.is_empty() && waits.all(|wait| !matches!(wait, Wait::Input(_)))
}
