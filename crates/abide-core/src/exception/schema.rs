//! The JSON Schema of a file of exceptions, published as `schemas/exceptions.schema.json`.

use serde_json::{Value, json};

use super::Category;
use super::act::Identity;

/// The JSON Schema (draft 2020-12) of a file of exceptions, the older form included.
#[must_use]
pub fn json_schema() -> Value {
    let list = json!({"type": "array", "items": {"$ref": "#/$defs/exception"}});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Abide exceptions",
        "description": "Approved permissions, each with an end, for one policy to fail on one resource.",
        "oneOf": [
            list,
            {
                "type": "object",
                "required": ["exceptions"],
                "additionalProperties": false,
                "properties": {"exceptions": {"anyOf": [list, {"type": "null"}]}},
            },
            {
                "description": "The older form. It names no approver, so it covers only if abide.toml allows it.",
                "type": "object",
                "propertyNames": {"pattern": "^[^:]+:.+$"},
                "additionalProperties": {"$ref": "#/$defs/seed"},
            },
            {"type": "null"},
        ],
        "$defs": {
            "exception": exception(),
            "act": act(),
            "acts": {
                "anyOf": [
                    {"$ref": "#/$defs/act"},
                    {"type": "array", "items": {"$ref": "#/$defs/act"}},
                    {"type": "null"},
                ],
            },
            "control": {
                "anyOf": [
                    {"type": "string", "minLength": 1},
                    {
                        "type": "object",
                        "minProperties": 1,
                        "additionalProperties": false,
                        "properties": {
                            "policy": {"type": "string", "description": "A policy that must pass in the same scan, else the exception is suspended."},
                            "description": {"type": "string", "description": "In words."},
                        },
                    },
                ],
            },
            "seed": {
                "type": "object",
                "required": ["expiresAt", "reason"],
                "properties": {
                    "expiresAt": {"$ref": "#/$defs/time"},
                    "reason": {"type": "string", "minLength": 1},
                },
            },
            "fact": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": ["string", "number", "boolean"]},
            },
            "time": {
                "type": "string",
                "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$",
            },
        },
    })
}

fn exception() -> Value {
    let text =
        |description: &str| json!({"type": "string", "minLength": 1, "description": description});
    let described = |name: &str, description: &str| json!({"$ref": format!("#/$defs/{name}"), "description": description});
    json!({
        "type": "object",
        "required": ["id", "policy", "resource", "reason", "expires"],
        "anyOf": [
            {"required": ["requester"]},
            {"required": ["approver"]},
            {"required": ["approvers"]},
        ],
        "additionalProperties": false,
        "properties": {
            "id": text("Unique in the file."),
            "policy": text("One policy, e.g. POL-0001."),
            "resource": text("One exact address, or `root` for a policy about the account."),
            "facts": {
                "type": "array",
                "items": {"$ref": "#/$defs/fact"},
                "description": "What is accepted, as the JSON results list it. Without it any facts are.",
            },
            "category": {
                "enum": Category::ALL.map(Category::as_str),
                "description": "What kind of permission it is; waiver if left out.",
            },
            "break_glass": {"type": "boolean", "description": "Granted in an emergency: one approver, hours, and a review afterwards."},
            "reason": text("Why."),
            "ticket": text("Where it is discussed."),
            "compensating_control": described("control", "What is done instead."),
            "renews": text("The id of the exception it follows."),
            "not_before": described("time", "The first day it holds, UTC."),
            "expires": described("time", "The last day it holds, UTC, inclusive; or an instant."),
            "requester": described("act", "Who asked for it."),
            "approver": described("acts", "Who approved it."),
            "approvers": described("acts", "Who approved it."),
            "reviewed": described("act", "Who looked at a break-glass exception afterwards."),
            "revoked": described("act", "Who took it back."),
            "rejected": described("act", "Who refused it; the requester withdraws it."),
        },
    })
}

fn act() -> Value {
    json!({
        "anyOf": [
            {"type": "string", "minLength": 1},
            {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": {"type": "string", "minLength": 1, "description": "Who."},
                    "at": {"$ref": "#/$defs/time", "description": "When."},
                    "identity": {
                        "enum": Identity::ALL.map(Identity::as_str),
                        "description": "How the name is known.",
                    },
                    "reason": {"type": "string", "description": "Why."},
                    "digest": {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "A digest of what was approved: a later change needs a new approval."},
                },
            },
        ],
    })
}
