//! From what a rule says to findings.

use std::sync::{Arc, LazyLock};

use abide_core::address::ResourceAddress;
use abide_core::attribute::AttributePath;
use abide_core::engine::{Evaluations, ROOT};
use abide_core::finding::{Fact, Finding, Fingerprint, Outcome};
use abide_core::inventory::Inventory;
use abide_core::rollout::Stage;
use abide_policy::{Policy, Severity};
use regex::Regex;
use regorus::Value;

/// What one answer of a rule says.
pub(crate) struct Answer {
    pub(crate) message: String,
    pub(crate) address: Option<String>,
    pub(crate) attribute: Option<AttributePath>,
    pub(crate) facts: Vec<Fact>,
}

impl Answer {
    /// An answer that only says something.
    pub(crate) fn of(message: String) -> Self {
        Self {
            message,
            address: None,
            attribute: None,
            facts: Vec::new(),
        }
    }
}

/// The answers of a rule: elements of a set or list, or one value. `false` and nothing are none.
pub(crate) fn answers(value: &Value) -> Vec<Answer> {
    match value {
        Value::Set(set) => set.iter().filter_map(answer).collect(),
        Value::Array(list) => list.iter().filter_map(answer).collect(),
        single => answer(single).into_iter().collect(),
    }
}

fn answer(value: &Value) -> Option<Answer> {
    match value {
        Value::String(text) => Some(Answer::of(stable(text))),
        Value::Bool(true) => Some(Answer::of("The policy is not followed".to_owned())),
        Value::Object(fields) => {
            let field = |names: &[&str]| {
                names.iter().find_map(|name| {
                    fields
                        .get(&Value::from(*name))
                        .and_then(|value| value.as_string().ok())
                        .map(|text| stable(text))
                })
            };
            let address = field(&["address", "resource", "resource_address"]);
            let attribute = field(&["attribute"]).and_then(|path| path.parse().ok());
            let spoken = [
                "msg",
                "message",
                "address",
                "resource",
                "resource_address",
                "attribute",
            ];
            let fact: Vec<(String, String)> = fields
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.as_string().ok()?.to_string(), scalar(value)?))
                })
                .filter(|(name, _)| !spoken.contains(&name.as_str()))
                .collect();
            let facts = if fact.is_empty() {
                Vec::new()
            } else {
                vec![Fact(fact)]
            };
            Some(Answer {
                message: field(&["msg", "message"])
                    .unwrap_or_else(|| "The policy is not followed".to_owned()),
                address,
                attribute,
                facts,
            })
        }
        _ => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(stable(text)),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Where a finding belongs.
pub(crate) struct Place {
    pub(crate) policy: u32,
    pub(crate) input: u32,
}

/// Adds one finding and counts it.
pub(crate) fn push(
    out: &mut Evaluations,
    inventory: &Inventory,
    policy: &Policy,
    place: &Place,
    outcome: Outcome,
    severity: Severity,
    answer: Answer,
) {
    let address = answer
        .address
        .or_else(|| mentioned(inventory, &answer.message))
        .unwrap_or_else(|| ROOT.to_owned());
    let known = inventory
        .find(&address)
        .map(|(_, resource)| resource.type_name.clone());
    let resource_type = known.unwrap_or_else(|| Arc::from("account"));
    let fact = Fact(vec![("message".to_owned(), answer.message.clone())]);
    let facts = if answer.facts.is_empty() && outcome == Outcome::Fail {
        vec![fact]
    } else {
        answer.facts
    };
    match outcome {
        Outcome::Fail => out.tally.fail += 1,
        Outcome::Unknown => out.tally.unknown += 1,
        Outcome::Error => out.tally.error += 1,
        Outcome::Pass => out.tally.pass += 1,
        Outcome::NotApplicable => out.tally.not_applicable += 1,
    }
    out.findings.push(Finding {
        policy: place.policy,
        input: place.input,
        fingerprint: Fingerprint::of(
            &policy.id,
            &address,
            outcome,
            answer.attribute.as_ref(),
            &facts,
        ),
        resource_address: ResourceAddress::from_terraform(&address),
        resource_type,
        outcome,
        severity,
        remediation: String::new(),
        message: answer.message,
        fix: Vec::new(),
        attribute: answer.attribute,
        found: None,
        expected: None,
        facts,
        waits_for: Vec::new(),
        previous_fingerprint: None,
        location: None,
        related: Vec::new(),
        calls: Vec::new(),
        remedy: None,
        exception: None,
        requested: None,
        in_baseline: false,
        rollout: Stage::default(),
    });
}

/// Digests of secrets are other ones in every run; what is said must not be.
fn stable(text: &str) -> String {
    static DIGEST: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\(sensitive:[0-9a-f]{8}\)").ok());
    match DIGEST.as_ref() {
        Some(digest) => digest.replace_all(text, "(sensitive)").into_owned(),
        None => text.to_owned(),
    }
}

/// An address as it may stand in a sentence, keys of any text included.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let key = r#"(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?"#;
    let text = format!(r"(?:module\.[\w-]+{key}\.)*(?:data\.)?\w+\.[\w-]+{key}");
    Regex::new(&text).ok()
});

/// The one address of the input that a message names; none if it names several.
fn mentioned(inventory: &Inventory, message: &str) -> Option<String> {
    let one = |text: &str| {
        let found = ADDRESS.as_ref()?.find_iter(text);
        let mut known = found
            .map(|part| part.as_str())
            .filter(|part| inventory.find(part).is_some());
        let first = known.next()?;
        known.all(|next| next == first).then(|| first.to_owned())
    };
    // `%q` and `json.marshal` put a backslash before the quotes of a key.
    one(message).or_else(|| one(&message.replace("\\\"", "\"")))
}
