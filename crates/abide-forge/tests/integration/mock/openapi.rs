//! GitHub's published description: which calls there are, and what is sent and answered.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::server::Request;

pub(super) struct Call {
    pub(super) operation: &'static str,
    /// What stands in the path's places.
    pub(super) places: BTreeMap<String, String>,
}

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT
        .get_or_init(|| serde_json::from_str(include_str!("../../openapi/github.json")).unwrap())
}

/// The call a request makes, or what is wrong with it.
pub(super) fn call(request: &Request) -> Result<Call, String> {
    let operations = document()["operations"].as_object().unwrap();
    for (name, operation) in operations {
        if operation["method"] != request.method.as_str() {
            continue;
        }
        if let Some(places) = places(operation["path"].as_str().unwrap(), &request.path) {
            parameters(operation, &places, request)?;
            body(operation, request)?;
            return Ok(Call {
                operation: name,
                places,
            });
        }
    }
    Err(format!("no such call: {} {}", request.method, request.path))
}

fn places(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    if wanted.len() != given.len() {
        return None;
    }
    let mut places = BTreeMap::new();
    for (wanted, given) in wanted.iter().zip(given) {
        match wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(name) => {
                places.insert(name.to_owned(), given.to_owned());
            }
            None if *wanted == given => {}
            None => return None,
        }
    }
    Some(places)
}

fn parameters(
    operation: &Value,
    places: &BTreeMap<String, String>,
    request: &Request,
) -> Result<(), String> {
    let known = operation["parameters"].as_array().unwrap();
    for name in request.query.keys() {
        if !known
            .iter()
            .any(|p| p["in"] == "query" && p["name"] == name.as_str())
        {
            return Err(format!("no such parameter: {name}"));
        }
    }
    for parameter in known {
        let name = parameter["name"].as_str().unwrap();
        let values = if parameter["in"] == "path" {
            places
        } else {
            &request.query
        };
        let Some(text) = values.get(name) else {
            continue;
        };
        let value = match parameter["schema"]["type"] == "integer" {
            true => json!(
                text.parse::<i64>()
                    .map_err(|_| format!("{name} is no number: {text}"))?
            ),
            false => json!(text),
        };
        valid(&parameter["schema"], &value).map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}

fn body(operation: &Value, request: &Request) -> Result<(), String> {
    let schema = &operation["body"];
    match (schema.is_null(), &request.body) {
        (true, None) => Ok(()),
        (true, Some(_)) => Err("no body is expected".to_owned()),
        (false, None) => Err("a body is expected".to_owned()),
        (false, Some(body)) => {
            unknown_fields(schema, body)?;
            valid(schema, body)
        }
    }
}

/// GitHub ignores fields it does not know; a test does not.
fn unknown_fields(schema: &Value, value: &Value) -> Result<(), String> {
    let alternatives = ["oneOf", "anyOf"]
        .iter()
        .find_map(|name| schema[*name].as_array());
    let mut known = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for alternative in alternatives.into_iter().flatten() {
        known.extend(
            alternative["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default(),
        );
    }
    match value {
        Value::Object(fields) if !known.is_empty() => {
            for (name, value) in fields {
                let schema = known.get(name).ok_or(format!("unknown field: {name}"))?;
                unknown_fields(schema, value)?;
            }
            Ok(())
        }
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| unknown_fields(&schema["items"], item)),
        _ => Ok(()),
    }
}

/// Whether an answer is one that GitHub describes.
pub(super) fn answer(operation: &str, status: u16, body: Option<&Value>) -> Result<(), String> {
    let responses = &document()["operations"][operation]["responses"];
    let schema = responses
        .get(status.to_string())
        .ok_or(format!("{operation} does not answer {status}"))?;
    match (schema.is_null(), body) {
        (true, None) => Ok(()),
        (false, Some(body)) => valid(schema, body).map_err(|e| format!("{operation}: {e}")),
        _ => Err(format!("{operation}: body and description differ")),
    }
}

/// The smallest value of the answer's schema, with fields set. Lists are of one element.
pub(super) fn sample(schema: &str, fields: &Value) -> Value {
    let mut value = smallest(&document()["schemas"][schema], 0);
    merge(&mut value, fields);
    value
}

fn merge(value: &mut Value, fields: &Value) {
    match (value, fields) {
        (Value::Object(value), Value::Object(fields)) => {
            for (name, field) in fields {
                merge(value.entry(name).or_insert(Value::Null), field);
            }
        }
        (value, fields) => *value = fields.clone(),
    }
}

fn smallest(schema: &Value, depth: usize) -> Value {
    assert!(depth < 40, "a schema needs itself: {schema}");
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return smallest(&document()["schemas"][name], depth + 1);
    }
    for name in ["anyOf", "oneOf"] {
        if let Some(all) = schema[name].as_array() {
            let null = all.iter().any(|one| one["type"] == "null");
            return if null {
                Value::Null
            } else {
                smallest(&all[0], depth + 1)
            };
        }
    }
    if let Some(all) = schema["allOf"].as_array() {
        let mut value = json!({});
        all.iter()
            .for_each(|one| merge(&mut value, &smallest(one, depth + 1)));
        return value;
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) if kinds.contains(&json!("null")) => "null",
        Value::String(kind) => kind,
        _ => "object",
    };
    match kind {
        "null" => Value::Null,
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(false),
        "array" => json!([]),
        "string" => json!(match schema["format"].as_str() {
            Some("date-time") => "2026-03-01T12:00:00Z",
            Some("uri") => "https://example.com/",
            _ => "x",
        }),
        _ => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields: Map<String, Value> = required
                .iter()
                .map(|name| name.as_str().unwrap())
                .map(|name| {
                    (
                        name.to_owned(),
                        smallest(&schema["properties"][name], depth + 1),
                    )
                })
                .collect();
            Value::Object(fields)
        }
    }
}

fn valid(schema: &Value, value: &Value) -> Result<(), String> {
    let mut whole = schema.as_object().cloned().unwrap_or_default();
    whole.insert("schemas".to_owned(), document()["schemas"].clone());
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .build(&Value::Object(whole))
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    match errors.is_empty() {
        true => Ok(()),
        false => Err(errors.join("; ")),
    }
}
