//! The JSON, as far as it is kept. Sorted maps make the bytes independent of the input's order.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) format_version: String,
    #[serde(default)]
    pub(super) provider_schemas: BTreeMap<String, Provider>,
}

#[derive(Deserialize)]
pub(super) struct Provider {
    #[serde(default)]
    pub(super) resource_schemas: BTreeMap<String, Schema>,
    #[serde(default)]
    pub(super) data_source_schemas: BTreeMap<String, Schema>,
}

#[derive(Deserialize)]
pub(super) struct Schema {
    pub(super) block: Body,
}

#[derive(Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, AttributeSchema>,
    #[serde(default)]
    pub(super) block_types: BTreeMap<String, BlockSchema>,
}

#[derive(Deserialize)]
pub(super) struct AttributeSchema {
    /// Terraform's own notation: `"string"`, `["list", "string"]`, `["object", {…}]`.
    #[serde(rename = "type")]
    pub(super) ty: Option<Value>,
    /// In place of `type` where a newer provider describes the members of an object one by one.
    pub(super) nested_type: Option<NestedType>,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) optional: bool,
    #[serde(default)]
    pub(super) computed: bool,
    #[serde(default)]
    pub(super) sensitive: bool,
    #[serde(default)]
    pub(super) write_only: bool,
}

#[derive(Deserialize)]
pub(super) struct NestedType {
    pub(super) nesting_mode: String,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, AttributeSchema>,
}

#[derive(Deserialize)]
pub(super) struct BlockSchema {
    pub(super) nesting_mode: String,
    #[serde(default)]
    pub(super) min_items: u32,
    #[serde(default)]
    pub(super) max_items: u32,
    pub(super) block: Body,
}
