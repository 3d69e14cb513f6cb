//! From a document to statements in one shape.

use crate::value::{Object, Value};

/// The statements of a JSON document; `None` if it is none.
pub(in crate::engine) fn of_json(text: &str) -> Option<Vec<Value>> {
    let Value::Object(document) = crate::source::value_of_json(text)? else {
        return None;
    };
    let (_, statements) = document
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("statement"))?;
    let list = match statements {
        Value::List(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    Some(
        list.iter()
            .map(|statement| Value::Object(from_json(statement)))
            .collect(),
    )
}

fn from_json(statement: &Value) -> Object {
    let mut out = Object::default();
    let Value::Object(fields) = statement else {
        return out;
    };
    for (name, value) in fields.iter() {
        match name.to_ascii_lowercase().as_str() {
            "sid" => out.insert("sid", value.clone()),
            "effect" => out.insert("effect", value.clone()),
            "action" => out.insert("actions", lowered(widened(value))),
            "notaction" => out.insert("not_actions", lowered(widened(value))),
            "resource" => out.insert("resources", widened(value)),
            "notresource" => out.insert("not_resources", widened(value)),
            "principal" => out.insert("principals", principals(value)),
            "notprincipal" => out.insert("not_principals", principals(value)),
            "condition" => out.insert("conditions", conditions(value)),
            _ => {}
        }
    }
    out
}

/// A single value stands for a list of one.
fn widened(value: &Value) -> Value {
    match value {
        Value::List(_) | Value::Unknown => value.clone(),
        single => Value::List(vec![single.clone()]),
    }
}

fn lowered(value: Value) -> Value {
    match value {
        Value::List(list) => Value::List(list.into_iter().map(lowered).collect()),
        Value::String(text) => Value::String(text.to_ascii_lowercase()),
        other => other,
    }
}

/// `"*"` or `{"AWS": [...]}` as a list of `{type, id}`.
fn principals(value: &Value) -> Value {
    let entry = |kind: &str, id: Value| {
        Value::Object(
            [("type", Value::string(kind)), ("id", id)]
                .into_iter()
                .collect(),
        )
    };
    match value {
        Value::Object(map) => {
            let mut list = Vec::new();
            for (kind, ids) in map.iter() {
                match widened(ids) {
                    Value::List(ids) => list.extend(ids.into_iter().map(|id| entry(kind, id))),
                    other => list.push(entry(kind, other)),
                }
            }
            Value::List(list)
        }
        Value::Unknown => Value::Unknown,
        all => Value::List(vec![entry("*", all.clone())]),
    }
}

/// `{"StringEquals": {"aws:SourceArn": "x"}}` as a list of `{operator, key, values}`.
fn conditions(value: &Value) -> Value {
    let Value::Object(operators) = value else {
        return value.clone();
    };
    let mut list = Vec::new();
    for (operator, keys) in operators.iter() {
        let Value::Object(keys) = keys else { continue };
        for (key, values) in keys.iter() {
            list.push(condition(operator, key, widened(values)));
        }
    }
    Value::List(list)
}

fn condition(operator: &str, key: &str, values: Value) -> Value {
    Value::Object(
        [
            ("operator", Value::string(operator)),
            ("key", Value::string(key)),
            ("values", values),
        ]
        .into_iter()
        .collect(),
    )
}

/// The statements of an `aws_iam_policy_document`. Documents it takes over
/// from elsewhere and that are not known leave an unknown statement.
pub(in crate::engine) fn of_data_source(values: &Object) -> Vec<Value> {
    let mut out = Vec::new();
    for inherited in [
        "source_policy_documents",
        "override_policy_documents",
        "source_json",
        "override_json",
    ] {
        for document in list_of(values.get(inherited)) {
            match document {
                Value::String(text) => {
                    out.extend(of_json(text).unwrap_or_else(|| vec![Value::Unknown]))
                }
                _ => out.push(Value::Unknown),
            }
        }
    }
    match values.get("statement") {
        Some(Value::List(statements)) => {
            out.extend(statements.iter().map(|statement| match statement {
                Value::Object(fields) => Value::Object(from_block(fields)),
                _ => Value::Unknown,
            }))
        }
        Some(_) => out.push(Value::Unknown),
        None => {}
    }
    out
}

fn list_of(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::List(list)) => list.iter().collect(),
        Some(other) => vec![other],
    }
}

fn from_block(fields: &Object) -> Object {
    let mut out = Object::default();
    // The data source's own default.
    out.insert(
        "effect",
        fields
            .get("effect")
            .cloned()
            .unwrap_or_else(|| Value::string("Allow")),
    );
    for name in ["sid", "resources", "not_resources"] {
        if let Some(value) = fields.get(name).filter(|value| !is_empty(value)) {
            out.insert(name, value.clone());
        }
    }
    for name in ["actions", "not_actions"] {
        if let Some(value) = fields.get(name).filter(|value| !is_empty(value)) {
            out.insert(name, lowered(value.clone()));
        }
    }
    for name in ["principals", "not_principals"] {
        if let Some(value) = fields.get(name).filter(|value| !is_empty(value)) {
            out.insert(name, principal_blocks(value));
        }
    }
    if let Some(value) = fields.get("condition").filter(|value| !is_empty(value)) {
        out.insert("conditions", condition_blocks(value));
    }
    out
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::List(list) if list.is_empty())
}

fn principal_blocks(value: &Value) -> Value {
    let Value::List(blocks) = value else {
        return Value::Unknown;
    };
    let mut list = Vec::new();
    for block in blocks {
        let Value::Object(block) = block else {
            list.push(Value::Unknown);
            continue;
        };
        let kind = block.get("type").cloned().unwrap_or(Value::Unknown);
        let ids = match block.get("identifiers") {
            Some(Value::List(ids)) => ids.clone(),
            _ => vec![Value::Unknown],
        };
        list.extend(
            ids.into_iter().map(|id| {
                Value::Object([("type", kind.clone()), ("id", id)].into_iter().collect())
            }),
        );
    }
    Value::List(list)
}

fn condition_blocks(value: &Value) -> Value {
    let Value::List(blocks) = value else {
        return Value::Unknown;
    };
    Value::List(
        blocks
            .iter()
            .map(|block| match block {
                Value::Object(block) => {
                    let text = |name| block.get(name).and_then(Value::as_str).unwrap_or_default();
                    condition(
                        text("test"),
                        text("variable"),
                        block.get("values").cloned().unwrap_or(Value::Unknown),
                    )
                }
                _ => Value::Unknown,
            })
            .collect(),
    )
}
