//! What the resource types of a provider look like, and where that is known from.

mod address;
mod embedded;
mod file;
mod library;
mod model;
mod utility;

pub use address::{Address, NotAnAddress};
pub use library::{Found, Library, Missing};
pub(crate) use model::{Attribute, Block, Nested, Nesting, Object, Schema, Type};

use std::collections::BTreeMap;

/// The types of a provider that a configuration uses.
#[derive(Clone, Debug, Default)]
pub struct ProviderSchema {
    pub(crate) provider: Schema,
    pub(crate) resources: BTreeMap<String, Schema>,
    pub(crate) data_sources: BTreeMap<String, Schema>,
    pub(crate) ephemerals: BTreeMap<String, Schema>,
}

/// The types that are asked for, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Types {
    /// Of `resource` blocks.
    pub resources: std::collections::BTreeSet<String>,
    /// Of `data` blocks.
    pub data_sources: std::collections::BTreeSet<String>,
    /// Of `ephemeral` blocks.
    pub ephemerals: std::collections::BTreeSet<String>,
}
