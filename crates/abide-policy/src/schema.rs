//! The JSON Schema of policy files, for editors. A test holds it against the
//! reader: every built-in policy satisfies it, and every key the reader knows is in it.

use serde_json::{Map, Value, json};

use crate::read_condition::{HEADS, OPERATORS};

/// The JSON Schema (draft 2020-12) of a policy file.
#[must_use]
pub fn json_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Abide policy",
        "description": "One policy: what must hold for Terraform resources. See docs/policies.md.",
        "type": "object",
        "required": ["id", "title", "severity", "why"],
        "additionalProperties": false,
        "properties": properties(),
        "$defs": definitions(),
    })
}

fn properties() -> Value {
    json!({
        "id": { "type": "string", "pattern": "^[A-Z0-9]{2,12}-[0-9]{4}$", "description": "POL-0001; use a prefix of your own" },
        "title": text("What must hold, as a sentence about the resource"),
        "severity": { "enum": ["critical", "high", "medium", "low"] },
        "kind": { "enum": ["single", "related", "account"], "default": "single" },
        "profile": { "enum": ["default", "strict"], "default": "default" },
        "enabled": { "type": "boolean", "default": true },
        "why": text("What goes wrong otherwise"),
        "controls": { "type": "array", "items": { "type": "string" }, "description": "framework-edition:number, e.g. cis-aws-7.0.0:6.3" },
        "labels": reference("texts"),
        "references": reference("texts"),
        "aliases": object(&[("checkov", reference("texts")), ("trivy", reference("texts")), ("tfsec", reference("texts")), ("snyk", reference("texts")), ("security_hub", reference("texts")), ("prowler", reference("texts")), ("sentinel", reference("texts"))], &[]),
        "resource_types": reference("texts"),
        "related_types": reference("texts"),
        "parameters": { "type": "object", "additionalProperties": parameter() },
        "check": reference("condition"),
        "when": reference("condition"),
        "rego": text("A Rego module"),
        "rules": { "type": "array", "items": object(&[("for", reference("texts")), ("when", reference("condition")), ("check", reference("condition")), ("message", reference("text")), ("remediation", reference("text")), ("fix", reference("fix")), ("facts", reference("facts"))], &["for", "check"]) },
        "message": reference("text"),
        "remediation": reference("text"),
        "fix": reference("fix"),
        "facts": reference("facts"),
        "examples": { "type": "array", "items": reference("example") },
    })
}

fn parameter() -> Value {
    object(
        &[
            ("default", reference("literal")),
            ("description", text("What it does")),
            (
                "type",
                json!({ "enum": ["boolean", "integer", "number", "text"], "description": "Of the value or of each element; that of the default if left out" }),
            ),
            (
                "min",
                json!({ "type": "number", "description": "The least number" }),
            ),
            (
                "max",
                json!({ "type": "number", "description": "The greatest number" }),
            ),
            ("one_of", reference("literal")),
            ("matches", text("A regular expression that a text matches")),
        ],
        &["default", "description"],
    )
}

fn definitions() -> Value {
    json!({
        "text": { "type": "string" },
        "texts": { "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": ["string", "number"] } }] },
        "literal": { "anyOf": [{ "type": ["string", "number", "boolean"] }, { "type": "array", "items": { "type": ["string", "number", "boolean"] } }] },
        "path": { "type": "string", "description": "a.b, list[*].c, /root, ^outer, @" },
        "verdict": { "enum": ["pass", "fail", "unknown"] },
        "quantifier": { "enum": ["every", "some", "none"] },
        "facts": { "type": "object", "additionalProperties": { "type": "string" } },
        "fix": { "anyOf": [reference("one_fix"), { "type": "array", "items": reference("one_fix") }] },
        "one_fix": { "oneOf": [
            object(&[("set", reference("path")), ("value", text("An HCL expression"))], &["set", "value"]),
            object(&[("block", reference("text")), ("body", text("HCL"))], &["block", "body"]),
            object(&[("resource", reference("text")), ("body", text("HCL; {reference} is this resource"))], &["resource", "body"]),
        ] },
        "example": object(&[
            ("name", reference("text")),
            ("expect", json!({ "enum": ["pass", "fail", "unknown", "not_applicable"] })),
            ("hcl", text("The configuration")),
            ("resource", text("The address it is about")),
            ("baseline", json!({ "type": "boolean" })),
            ("parameters", json!({ "type": "object", "additionalProperties": reference("literal") })),
        ], &["name", "expect", "hcl"]),
        "condition": condition(),
    })
}

/// A condition has one head and what goes with it.
fn condition() -> Value {
    let mut properties = Map::new();
    for head in HEADS {
        properties.insert(head.to_owned(), head_schema(head));
    }
    for operator in OPERATORS {
        properties.insert(operator.to_owned(), operator_schema(operator));
    }
    for (name, schema) in [
        ("absent", reference("verdict")),
        ("default", reference("literal")),
        ("match", reference("condition")),
        ("where", reference("condition")),
        ("empty", reference("verdict")),
        ("facts", reference("facts")),
        ("by", reference("path")),
        ("to", reference("texts")),
        ("quantifier", reference("quantifier")),
        ("elsewhere", reference("verdict")),
        ("same_provider", json!({ "type": "boolean" })),
        ("cover", reference("literal")),
        ("protocols", reference("texts")),
        ("prefix_lists", reference("texts")),
        ("message", reference("text")),
        ("remediation", reference("text")),
        ("fix", reference("fix")),
    ] {
        properties.insert(name.to_owned(), schema);
    }
    let heads: Vec<Value> = HEADS
        .iter()
        .map(|head| json!({ "required": [head] }))
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "oneOf": heads })
}

fn head_schema(head: &str) -> Value {
    match head {
        "all" | "any" => json!({ "type": "array", "items": reference("condition"), "minItems": 1 }),
        "not" => reference("condition"),
        "linked" | "exists" | "open_to_world" => reference("texts"),
        "allows" | "denies" => reference("literal"),
        "constant" => json!({ "type": "boolean" }),
        "statement" => json!({ "anyOf": [
            { "enum": ["public", "restricted", "any_resource", "any_principal"] },
            object(&[("condition", reference("texts")), ("key", reference("text")), ("values", reference("texts"))], &["condition", "key"]),
        ] }),
        "ports" => object(
            &[
                ("from", reference("path")),
                ("to", reference("path")),
                ("protocol", reference("path")),
            ],
            &["from", "to", "protocol"],
        ),
        "undecidable" | "parameter" => reference("text"),
        _ => reference("path"),
    }
}

fn operator_schema(operator: &str) -> Value {
    match operator {
        "is" | "is_not" => {
            json!({ "enum": ["set", "unset", "true", "false", true, false, "empty", "not_empty", "customer_key", "any_cidr", "secret"] })
        }
        "refers_to" => reference("texts"),
        "equals_attribute" => reference("path"),
        _ => reference("literal"),
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn object(properties: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> = properties
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}
