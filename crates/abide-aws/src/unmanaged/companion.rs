//! What is configured beside a resource, by resources of their own: without it a bucket would
//! look as if nothing blocked public access.

use serde_json::Value;

use super::table::{Companion, Kind, kinds};
use super::{NotLooked, Unmanaged};
use crate::answer;
use crate::session::{Call, encoded};
use crate::{AwsError, Session};

/// What belongs to the picture of one resource.
#[derive(Clone, Debug, Default)]
pub struct Companions {
    /// Type, and what it is imported by.
    pub found: Vec<(String, String)>,
    /// What could not be asked.
    pub not_looked: Vec<NotLooked>,
}

/// Asks what is configured beside it. `region` is for what has none.
///
/// # Errors
/// If the table is wrong.
pub fn companions(session: &Session, of: &Unmanaged, region: &str) -> Result<Companions, AwsError> {
    let region = of.region.as_deref().unwrap_or(region);
    let mut all = Companions::default();
    let Some(kind) = kinds()?.iter().find(|kind| kind.name == of.type_name) else {
        return Ok(all);
    };
    for companion in &kind.companions {
        match ask(session, kind, companion, &of.id, region) {
            Ok(ids) => {
                let typed = ids.into_iter().map(|id| (companion.type_name.clone(), id));
                all.found.extend(typed);
            }
            // Nobody configured it.
            Err(error) if error.is_absent() => {}
            Err(reason) => all.not_looked.push(NotLooked {
                type_name: companion.type_name.clone(),
                region: of.region.clone(),
                id: Some(of.id.clone()),
                reason,
            }),
        }
    }
    Ok(all)
}

/// The types that are asked for beside a type.
///
/// # Errors
/// If the table is wrong.
pub fn beside(type_name: &str) -> Result<Vec<&'static str>, AwsError> {
    let kind = kinds()?.iter().find(|kind| kind.name == type_name);
    let companions = kind.into_iter().flat_map(|kind| &kind.companions);
    Ok(companions
        .map(|companion| companion.type_name.as_str())
        .collect())
}

fn ask(
    session: &Session,
    kind: &Kind,
    companion: &Companion,
    id: &str,
    region: &str,
) -> Result<Vec<String>, AwsError> {
    let service = companion.service.as_ref().unwrap_or(&kind.service);
    // Only in a path is it encoded; a form does that by itself.
    let operation = companion.call.replace("{id}", &encoded(id));
    let parameters = companion.parameters.iter();
    let parameters = parameters.map(|(name, value)| (name.clone(), filled(value, id)));
    let call = Call::new(service, operation, parameters.collect())?;
    let answer = session.ask(&call, region)?;
    let (Some(items), Some(template)) = (&companion.items, &companion.id) else {
        let is_there = match &companion.set {
            Some(path) => !answer::at(&answer, path).is_empty(),
            None => true,
        };
        return Ok(is_there.then(|| id.to_owned()).into_iter().collect());
    };
    let items = answer::at(&answer, items).into_iter();
    Ok(items.filter_map(|item| template.of(item, id)).collect())
}

fn filled(value: &Value, id: &str) -> Value {
    match value {
        Value::String(text) => text.replace("{id}", id).into(),
        Value::Array(list) => list.iter().map(|value| filled(value, id)).collect(),
        other => other.clone(),
    }
}
