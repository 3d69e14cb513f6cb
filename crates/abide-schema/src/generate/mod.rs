//! From `terraform providers schema -json` to the embedded file.

mod document;
mod intern;
mod writer;

use std::io::Read;

use document::{Document, Provider};
use writer::Writer;

/// Why no file could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The input could not be read.
    #[error("cannot read the schema: {0}")]
    Read(#[source] std::io::Error),
    /// Not JSON, or not of the expected shape.
    #[error("not the output of `terraform providers schema -json`: {0}")]
    Json(#[source] serde_json::Error),
    /// A layout this generator was not made for.
    #[error("schema format {0:?} is not supported, expected 1.x")]
    Format(String),
    /// The file holds one provider, the input another number.
    #[error(
        "expected the schema of exactly one provider, found {}: run it where one provider is required",
        found(.0)
    )]
    Providers(Vec<String>),
    /// A type or nesting mode that does not exist in Terraform 1.x.
    #[error("{at}: unknown {what} {found}")]
    Unknown {
        /// Dotted path to the attribute or block.
        at: String,
        /// What was looked at.
        what: &'static str,
        /// What was found there.
        found: String,
    },
    /// An attribute without a type, or with two.
    #[error("{at}: an attribute needs either `type` or `nested_type`")]
    Untyped {
        /// Dotted path to the attribute.
        at: String,
    },
    /// An attribute and a nested block of the same name.
    #[error("{at}: both an attribute and a block")]
    Ambiguous {
        /// Dotted path to both.
        at: String,
    },
    /// More than the file's fixed-width fields can number.
    #[error("too many {what}: the format holds {limit}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: u32,
    },
}

fn found(providers: &[String]) -> String {
    if providers.is_empty() {
        "none".to_owned()
    } else {
        providers.join(", ")
    }
}

impl GenerateError {
    /// Adds the name of the block around.
    fn within(mut self, name: &str) -> Self {
        if let Self::Unknown { at, .. } | Self::Untyped { at } | Self::Ambiguous { at } = &mut self
        {
            *at = if at.is_empty() {
                name.to_owned()
            } else {
                format!("{name}.{at}")
            };
        }
        self
    }
}

/// Makes the bytes that [`ProviderSchema::from_bytes`](crate::ProviderSchema::from_bytes) reads.
///
/// `json` is the output of `terraform providers schema -json`, `provider_version` the version it
/// was made with.
///
/// # Errors
///
/// When the input is something else, has not exactly one provider, or does not fit.
pub fn generate(mut json: impl Read, provider_version: &str) -> Result<Vec<u8>, GenerateError> {
    // serde_json is several times slower on a reader than on a slice.
    let mut text = Vec::new();
    json.read_to_end(&mut text).map_err(GenerateError::Read)?;
    let document: Document = serde_json::from_slice(&text).map_err(GenerateError::Json)?;
    if document.format_version.split('.').next() != Some("1") {
        return Err(GenerateError::Format(document.format_version));
    }
    let (address, provider) = only(document)?;

    let mut writer = Writer::default();
    let resources = writer.types(&provider.resource_schemas)?;
    let data_sources = writer
        .types(&provider.data_source_schemas)
        .map_err(|error| error.within("data"))?;
    writer.finish(&address, provider_version, [resources, data_sources])
}

fn only(document: Document) -> Result<(String, Provider), GenerateError> {
    if document.provider_schemas.len() != 1 {
        let addresses = document.provider_schemas.into_keys().collect();
        return Err(GenerateError::Providers(addresses));
    }
    document
        .provider_schemas
        .into_iter()
        .next()
        .ok_or(GenerateError::Providers(Vec::new()))
}
