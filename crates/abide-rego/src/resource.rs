//! `rego:` bodies of policy files: one resource at a time.

use abide_core::address::{InstanceKey, Mode};
use abide_core::engine::Evaluations;
use abide_core::finding::Outcome;
use abide_core::inventory::{Inventory, Resource};
use abide_core::policy::{CompiledPolicy, PolicySet};
use abide_core::value::{Object, Value};
use abide_policy::{Policy, PolicyBody, Severity};
use regorus::Engine;
use serde_json::{Map, json};

use crate::finding::{Answer, Place, answers, push};
use crate::module::{Head, heads};
use crate::{Asking, Complaint, RegoError, add_module, take_prints};

/// Whether every body of a policy file is Rego, and can fail at all.
///
/// # Errors
/// The first that is not, with its place.
pub fn check_bodies(policies: &[Policy]) -> Result<(), RegoError> {
    for policy in policies {
        let PolicyBody::Rego { text, at } = &policy.body else {
            continue;
        };
        // Rules of folders name no types, and were read with their folder.
        if policy.resource_types.is_empty() {
            continue;
        }
        let mut engine = Engine::new();
        add_module(&mut engine, &policy.id, text).map_err(|complaint| RegoError::Body {
            id: policy.id.clone(),
            // `at` is the first line of the text.
            line: (at.line + complaint.at.line).saturating_sub(1),
            reason: complaint.reason,
        })?;
        if heads(text).is_empty() {
            return Err(RegoError::Silent {
                id: policy.id.clone(),
            });
        }
    }
    Ok(())
}

/// Judges every resource of their types by the policies whose body is Rego.
#[must_use]
pub fn evaluate_bodies(
    inventory: &Inventory,
    set: &PolicySet,
    asking: Asking,
    prints: &mut Vec<String>,
) -> Evaluations {
    let mut out = Evaluations::default();
    for (number, compiled) in (0u32..).zip(&set.policies) {
        if let PolicyBody::Rego { text, .. } = &compiled.policy.body
            && !compiled.policy.resource_types.is_empty()
        {
            let place = Place {
                policy: number,
                input: asking.input,
            };
            let body = Body {
                compiled,
                text,
                place,
                all_results: asking.all_results,
            };
            body.evaluate(inventory, prints, &mut out);
        }
    }
    out
}

/// The Rego of one policy, and how it is asked.
struct Body<'a> {
    compiled: &'a CompiledPolicy,
    text: &'a str,
    place: Place,
    all_results: bool,
}

/// What a body says of one resource: answers, each with whether it is only a warning.
type Said = (Outcome, Vec<(Answer, bool)>);

impl Body<'_> {
    fn evaluate(&self, inventory: &Inventory, prints: &mut Vec<String>, out: &mut Evaluations) {
        let policy = &self.compiled.policy;
        let mut engine = Engine::new();
        engine.set_gather_prints(true);
        let package = self.prepare(inventory, &mut engine);
        let rules = heads(self.text);
        for name in &policy.resource_types {
            for id in inventory.of_type(name) {
                let resource = inventory.resource(*id);
                if resource.mode == Mode::Data {
                    continue;
                }
                let said = match &package {
                    Ok(package) => ask(&mut engine, package, &rules, shape(inventory, resource)),
                    Err(error) => Err(error.clone()),
                };
                take_prints(&mut engine, prints);
                let said = said.unwrap_or_else(|error| {
                    let message = format!("The policy cannot be evaluated: {error}");
                    (Outcome::Error, vec![say(message)])
                });
                self.report(inventory, resource, said, out);
            }
        }
    }

    /// Puts the module and what it may look at into an engine; gives the package.
    fn prepare(&self, inventory: &Inventory, engine: &mut Engine) -> Result<String, String> {
        let package = add_module(engine, &self.compiled.policy.id, self.text)
            .map_err(|complaint| complaint.to_string())?;
        let data = json!({
            "parameters": parameters(self.compiled),
            "inventory": { "resources": everything(inventory) },
        });
        engine
            .add_data(regorus::Value::from(data))
            .map_err(|error| error.to_string())?;
        Ok(package)
    }

    fn report(
        &self,
        inventory: &Inventory,
        resource: &Resource,
        (outcome, list): Said,
        out: &mut Evaluations,
    ) {
        let policy = &self.compiled.policy;
        if !self.all_results && matches!(outcome, Outcome::Pass | Outcome::NotApplicable) {
            out.tally.pass += usize::from(outcome == Outcome::Pass);
            out.tally.not_applicable += usize::from(outcome == Outcome::NotApplicable);
            return;
        }
        let is_mild = outcome == Outcome::Fail && list.iter().all(|(_, mild)| *mild);
        let severity = if is_mild {
            Severity::Low
        } else {
            policy.severity
        };
        let messages: Vec<String> = list
            .iter()
            .map(|(answer, _)| answer.message.clone())
            .collect();
        let answer = Answer {
            message: messages.join("; "),
            address: Some(resource.address.to_string()),
            attribute: list.iter().find_map(|(answer, _)| answer.attribute.clone()),
            facts: list
                .into_iter()
                .flat_map(|(answer, _)| answer.facts)
                .collect(),
        };
        push(
            out,
            inventory,
            policy,
            &self.place,
            outcome,
            severity,
            answer,
        );
    }
}

fn say(message: String) -> (Answer, bool) {
    (Answer::of(message), false)
}

/// Asks a body about one resource.
fn ask(
    engine: &mut Engine,
    package: &str,
    rules: &[Head],
    input: serde_json::Value,
) -> Result<Said, String> {
    engine.set_input(regorus::Value::from(input));
    let mut rule = |name: &str| match engine.eval_rule(format!("{package}.{name}")) {
        Ok(value) => Ok(value),
        // A rule the module does not declare says nothing.
        Err(error) if error.to_string().contains("not a valid rule path") => {
            Ok(regorus::Value::Undefined)
        }
        Err(error) => Err(Complaint::read(&error.to_string()).to_string()),
    };
    if rule("not_applicable")? == regorus::Value::Bool(true) {
        return Ok((
            Outcome::NotApplicable,
            vec![say("Does not apply".to_owned())],
        ));
    }
    let mut failed: Vec<(Answer, bool)> = Vec::new();
    for head in rules {
        let said = answers(&rule(&head.name)?);
        failed.extend(said.into_iter().map(|answer| (answer, head.is_warning)));
    }
    if !failed.is_empty() {
        return Ok((Outcome::Fail, failed));
    }
    let open: Vec<_> = answers(&rule("unknown")?)
        .into_iter()
        .map(|answer| (answer, false))
        .collect();
    Ok(if open.is_empty() {
        (
            Outcome::Pass,
            vec![say("The policy is followed".to_owned())],
        )
    } else {
        (Outcome::Unknown, open)
    })
}

fn parameters(compiled: &CompiledPolicy) -> Map<String, serde_json::Value> {
    compiled
        .parameters
        .iter()
        .map(|(name, literal)| (name.clone(), from_literal(literal)))
        .collect()
}

fn from_literal(literal: &abide_policy::Literal) -> serde_json::Value {
    use abide_policy::Literal;
    match literal {
        Literal::Bool(bool) => (*bool).into(),
        Literal::Int(int) => (*int).into(),
        Literal::Float(float) => (*float).into(),
        Literal::String(text) => text.as_str().into(),
        Literal::List(list) => list.iter().map(from_literal).collect(),
    }
}

fn everything(inventory: &Inventory) -> Map<String, serde_json::Value> {
    inventory
        .resources
        .iter()
        .map(|resource| (resource.address.to_string(), shape(inventory, resource)))
        .collect()
}

/// A resource as Rego sees it. Unknown values are left out and listed in `unknown`.
fn shape(inventory: &Inventory, resource: &Resource) -> serde_json::Value {
    let mut unknown = Vec::new();
    let values = object(&resource.values, "", &mut unknown);
    let key: serde_json::Value = match &resource.key {
        Some(InstanceKey::Index(index)) => (*index).into(),
        Some(InstanceKey::Name(name)) => name.to_string().into(),
        None => serde_json::Value::Null,
    };
    json!({
        "address": resource.address.as_str(),
        "type": &*resource.type_name,
        "name": &*resource.name,
        "key": key,
        "module": &*inventory.module(resource.module).address,
        "provider": inventory.provider_of(resource).map(|provider| &*provider.key),
        "action": resource.action.as_str(),
        "values": values,
        "unknown": unknown,
    })
}

fn object(values: &Object, at: &str, unknown: &mut Vec<String>) -> Map<String, serde_json::Value> {
    let mut map = Map::new();
    for (name, value) in values.iter() {
        let path = if at.is_empty() {
            name.to_owned()
        } else {
            format!("{at}.{name}")
        };
        if let Some(value) = known(value, &path, unknown) {
            map.insert(name.to_owned(), value);
        }
    }
    map
}

fn known(value: &Value, path: &str, unknown: &mut Vec<String>) -> Option<serde_json::Value> {
    Some(match value {
        Value::Unknown => {
            unknown.push(path.to_owned());
            return None;
        }
        Value::Redacted(digest) => digest.short().into(),
        Value::Object(inner) => object(inner, path, unknown).into(),
        Value::List(list) => {
            let parts = list
                .iter()
                .enumerate()
                .filter_map(|(index, value)| known(value, &format!("{path}[{index}]"), unknown));
            parts.collect::<Vec<_>>().into()
        }
        plain => serde_json::to_value(plain).ok()?,
    })
}
