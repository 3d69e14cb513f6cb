//! The values of a policy's parameters under settings.

use std::collections::BTreeMap;

use abide_policy::{Literal, Policy};

use super::{CompileError, Result};
use crate::policy::settings::{PolicySettings, nearest};

/// Defaults, and what settings put in their place.
///
/// # Errors
/// If settings name no parameter of the policy, or a value that it does not accept.
pub(super) fn parameters(
    policy: &Policy,
    settings: &PolicySettings,
) -> Result<BTreeMap<String, Literal>> {
    let mut values: BTreeMap<_, _> = policy
        .parameters
        .iter()
        .map(|p| (p.name.clone(), p.default.clone()))
        .collect();
    let id = &policy.id;
    let typed = settings.parameters.get(id).into_iter().flatten();
    let typed = typed.map(|(name, value)| (name, Given::Value(value)));
    let words = settings.words.get(id).into_iter().flatten();
    let words = words.map(|(name, text)| (name, Given::Word(text)));
    for (name, given) in typed.chain(words) {
        let Some(parameter) = policy.parameters.iter().find(|known| known.name == *name) else {
            return Err(CompileError::Parameter {
                id: id.clone(),
                name: name.clone(),
                hint: known_parameters(policy, name),
            });
        };
        let value = match given {
            Given::Value(value) => parameter.accepts.take(value),
            Given::Word(text) => parameter.accepts.read(text),
        };
        let value = value.map_err(|refused| CompileError::Refused {
            id: id.clone(),
            name: name.clone(),
            refused,
        })?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// What a setting says of a parameter.
enum Given<'a> {
    /// A value with a type.
    Value(&'a Literal),
    /// What somebody typed.
    Word(&'a str),
}

fn known_parameters(policy: &Policy, name: &str) -> String {
    let known = || policy.parameters.iter().map(|known| known.name.as_str());
    match nearest(name, known()) {
        _ if policy.parameters.is_empty() => "; it has none".to_owned(),
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; it has {}", known().collect::<Vec<_>>().join(", ")),
    }
}
