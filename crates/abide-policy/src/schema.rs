//! JSON Schema
use serde_json::Value;
/// s
#[must_use]
pub fn json_schema() -> Value {
    Value::Null
}
