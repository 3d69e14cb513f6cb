//! HashiCorp's small providers that make values instead of talking to a cloud.

use super::file::SchemaFile;
use super::{Address, ProviderSchema, Types};
use crate::OfflineError;

/// Names, types and flags, in the format that Terraform prints schemas in.
const SCHEMAS: &str = include_str!("../../data/utility.json");

pub(super) fn find(
    address: &Address,
    types: &Types,
) -> Result<Option<ProviderSchema>, OfflineError> {
    // Parsed only for configurations that use one of them: others never come here.
    SchemaFile::embedded(SCHEMAS)?.provider(address, types)
}
