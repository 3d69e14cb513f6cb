//! The JSON Schema of the JSON format, published as `schemas/results.schema.json`.

use serde_json::{Map, Value, json};

use crate::SCHEMA_VERSION;

/// The JSON Schema (draft 2020-12) of what [`crate::Format::Json`] writes.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = object(
        "The result of one scan. Fields may be added within a schema version; none changes its meaning or goes away.",
        &[
            ("schema_version", json!({"const": SCHEMA_VERSION})),
            ("tool", tool()),
            (
                "scanned_at",
                json!({"type": "string", "format": "date-time", "description": "When, in UTC."}),
            ),
            ("inputs", list("What was read.", "input")),
            (
                "verdict",
                json!({
                    "enum": ["passed", "failed", "incomplete", "nothing_evaluated"],
                    "description": "What the exit code says: 0, 1, 2 and 3.",
                }),
            ),
            ("gate", reference("gate")),
            ("summary", reference("summary")),
            (
                "markdown",
                text("The results as Markdown for a comment of at most 65536 characters."),
            ),
            (
                "diagnostics",
                list(
                    "Remarks on inputs, exceptions and the baseline.",
                    "diagnostic",
                ),
            ),
            (
                "unchecked_types",
                json!({
                    "type": "object",
                    "additionalProperties": {"type": "integer", "minimum": 1},
                    "description": "Resource types that no policy in force knows, with the number of their resources.",
                }),
            ),
            (
                "results",
                list(
                    "Failures, unknowns and errors, worst first; with all results also what passed.",
                    "result",
                ),
            ),
        ],
    );
    if let Some(fields) = schema.as_object_mut() {
        fields.insert(
            "$schema".into(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        fields.insert("title".into(), json!("Abide scan results"));
        fields.insert(
            "$defs".into(),
            json!({
                "count": {"type": "integer", "minimum": 0},
                "severity": {"enum": ["critical", "high", "medium", "low"]},
                "input": input(),
                "gate": gate(),
                "summary": summary(),
                "diagnostic": diagnostic(),
                "place": place(),
                "location": location(),
                "related": related(),
                "edit": edit(),
                "suggestion": suggestion(),
                "fix": fix(),
                "exception": exception(),
                "request": request(),
                "result": result(),
            }),
        );
    }
    schema
}

/// An object that always has all its fields.
fn object(description: &str, fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({
        "description": description,
        "type": "object",
        "required": names,
        "properties": properties,
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn list(description: &str, of: &str) -> Value {
    json!({"type": "array", "items": reference(of), "description": description})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn texts(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": description})
}

fn optional_text(description: &str) -> Value {
    json!({"type": ["string", "null"], "description": description})
}

fn optional(description: &str, name: &str) -> Value {
    json!({"anyOf": [reference(name), {"type": "null"}], "description": description})
}

fn position(description: &str) -> Value {
    json!({"type": "integer", "minimum": 1, "description": description})
}

fn tool() -> Value {
    object(
        "The program.",
        &[
            ("name", json!({"const": "abide"})),
            ("version", text("Its version.")),
        ],
    )
}

fn input() -> Value {
    object(
        "An input.",
        &[
            ("name", text("Its path, or `-` for standard input.")),
            ("kind", json!({"enum": ["plan", "state", "configuration"]})),
            (
                "terraform_version",
                optional_text("The version that wrote it."),
            ),
            ("resources", reference("count")),
        ],
    )
}

fn gate() -> Value {
    object(
        "What the verdict was judged by.",
        &[
            (
                "fail_on",
                json!({"anyOf": [reference("severity"), {"type": "null"}], "description": "The mildest severity that fails; null for never."}),
            ),
            ("on_unknown", json!({"enum": ["warn", "fail", "ignore"]})),
            ("allow_empty", json!({"type": "boolean"})),
        ],
    )
}

fn summary() -> Value {
    let severities = ["critical", "high", "medium", "low"].map(|name| (name, reference("count")));
    object(
        "How many evaluations came out how. `evaluated` is the sum of pass, fail, excepted, unknown and error.",
        &[
            ("resources", reference("count")),
            ("policies", reference("count")),
            ("evaluated", reference("count")),
            ("pass", reference("count")),
            ("fail", reference("count")),
            ("unknown", reference("count")),
            ("not_applicable", reference("count")),
            ("excepted", reference("count")),
            ("error", reference("count")),
            ("in_baseline", reference("count")),
            ("observed", reference("count")),
            (
                "by_severity",
                object(
                    "Failures by severity, those of the baseline included.",
                    &severities,
                ),
            ),
        ],
    )
}

fn diagnostic() -> Value {
    object(
        "A remark; never about infrastructure.",
        &[
            ("level", json!({"enum": ["note", "warning", "error"]})),
            ("code", text("A stable name, e.g. `exception-void`.")),
            ("message", text("What is wrong and what to do.")),
            (
                "place",
                optional("Where, when it is at a line of a file.", "place"),
            ),
        ],
    )
}

fn place() -> Value {
    object(
        "A place in a file.",
        &[
            ("file", text("Its path.")),
            ("line", position("Line, from 1.")),
            ("column", position("Column in characters, from 1.")),
        ],
    )
}

fn location() -> Value {
    object(
        "A range in a source file; the end is exclusive.",
        &[
            ("file", text("Path from the repository, with `/`.")),
            ("line", position("First line.")),
            ("column", position("First column.")),
            ("end_line", position("Last line.")),
            ("end_column", position("Column after the last character.")),
        ],
    )
}

fn related() -> Value {
    object(
        "Another place that matters for a finding.",
        &[
            ("message", text("What is there.")),
            ("location", reference("location")),
        ],
    )
}

fn fix() -> Value {
    object(
        "Edits that belong together, proven: judged again on the source with them alone, the finding passes and nothing else fails.",
        &[
            (
                "edits",
                list(
                    "Replacements of ranges of the source as it is, by file and place.",
                    "edit",
                ),
            ),
            (
                "suggestions",
                list(
                    "The same as whole lines, for suggestions in reviews; empty if a line that stays holds a secret.",
                    "suggestion",
                ),
            ),
        ],
    )
}

fn edit() -> Value {
    object(
        "One replacement.",
        &[
            ("location", reference("location")),
            (
                "replacement",
                text("What stands there afterwards, with the file's own line ends."),
            ),
        ],
    )
}

fn suggestion() -> Value {
    object(
        "Whole lines to stand for others. An insertion repeats the line before or after it.",
        &[
            ("file", text("Path as in locations.")),
            ("line", position("The first line that is replaced.")),
            ("end_line", position("The last line that is replaced.")),
            (
                "text",
                text("The new lines, `\\n` between them, whatever the file's line ends are."),
            ),
        ],
    )
}

fn exception() -> Value {
    object(
        "The exception that covers a violation.",
        &[
            ("id", text("Its id.")),
            ("reason", text("Why it was granted.")),
            ("approver", text("Who granted it, as one text.")),
            ("approvers", texts("Who granted it.")),
            ("requester", optional_text("Who asked for it.")),
            (
                "category",
                json!({"enum": ["waiver", "mitigated", "false_positive"], "description": "What kind of permission it is."}),
            ),
            ("ticket", optional_text("Where it is discussed.")),
            (
                "compensating_control",
                optional_text("What is done instead."),
            ),
            (
                "expires",
                json!({"type": "string", "format": "date", "description": "Its last day, UTC."}),
            ),
            ("place", optional("Where it is written.", "place")),
        ],
    )
}

fn request() -> Value {
    object(
        "A request for an exception.",
        &[
            ("reason", text("Why.")),
            (
                "until",
                json!({"type": "string", "format": "date", "description": "The last day asked for, UTC."}),
            ),
            ("ticket", optional_text("Where it is discussed.")),
            ("place", reference("place")),
        ],
    )
}

fn result() -> Value {
    let snippet = object(
        "HCL to write.",
        &[
            (
                "inside",
                json!({"type": "boolean", "description": "Whether it goes inside the resource's block or beside it."}),
            ),
            ("hcl", text("The HCL.")),
        ],
    );
    let mut schema = object(
        "One policy on one resource.",
        &[
            ("policy_id", text("The policy, e.g. `POL-0002`.")),
            ("title", text("Its title.")),
            (
                "resource_address",
                text("The resource, or `root` for a policy on the whole account."),
            ),
            ("resource_type", text("Its type, or `account`.")),
            (
                "outcome",
                json!({"enum": ["pass", "fail", "unknown", "error"]}),
            ),
            (
                "compliant",
                json!({"type": "boolean", "description": "True for what passed and for what an exception covers."}),
            ),
            ("severity", reference("severity")),
            ("message", text("What is wrong.")),
            ("remediation", text("What to do.")),
            (
                "controls",
                texts(
                    "The policy's own labels, e.g. `SOC2-CC6.6`, then canonical ids, e.g. `soc2-2017:CC6.6`.",
                ),
            ),
            ("attribute", optional_text("The attribute that decided.")),
            ("found", optional_text("What was found there, redacted.")),
            ("expected", optional_text("What was expected.")),
            (
                "facts",
                json!({
                    "type": "array",
                    "items": {"type": "object", "additionalProperties": {"type": "string"}},
                    "description": "All values that break the policy.",
                }),
            ),
            (
                "fix",
                json!({"type": "array", "items": snippet, "description": "What to write."}),
            ),
            (
                "waits_for",
                texts("For `unknown`: what the decision waits for."),
            ),
            (
                "fingerprint",
                json!({
                    "type": "string",
                    "pattern": "^[0-9a-f]{32}$",
                    "description": "Its identity across scans.",
                }),
            ),
            (
                "location",
                optional(
                    "Where it is written; null until the source is known.",
                    "location",
                ),
            ),
            (
                "related",
                list(
                    "Other places that matter for it, the nearest first.",
                    "related",
                ),
            ),
            (
                "calls",
                list(
                    "The module calls on the way to the resource, outermost first.",
                    "related",
                ),
            ),
            (
                "exception",
                optional("The exception that covers it.", "exception"),
            ),
            (
                "requested",
                optional(
                    "The exception somebody asks for in the source. It is not approved and covers nothing.",
                    "request",
                ),
            ),
            (
                "in_baseline",
                json!({"type": "boolean", "description": "Whether the baseline holds it."}),
            ),
            (
                "rollout",
                json!({
                    "enum": ["observe", "warn", "enforce"],
                    "description": "What it does: `observe` and `warn` never fail a run.",
                }),
            ),
            ("input", text("The name of its input.")),
        ],
    );
    let asked = [
        (
            "previous_fingerprint",
            json!({
                "type": "string",
                "pattern": "^[0-9a-f]{32}$",
                "description": "The identity under the address the plan moves the resource from.",
            }),
        ),
        (
            "proven_fix",
            json!({"$ref": "#/$defs/fix", "description": "With `--fixes`: edits that make it pass."}),
        ),
        (
            "no_fix",
            text("With `--fixes`: why no edit is offered; `remediation` says what to do by hand."),
        ),
    ];
    for (name, field) in asked {
        schema["properties"][name] = field;
    }
    schema
}
