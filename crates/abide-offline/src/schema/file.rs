//! Files that `terraform providers schema -json` wrote. AWS's has 14 MB; types nobody uses are skipped, not built.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::model::Schema;
use super::{Address, ProviderSchema, Types};
use crate::OfflineError;

/// More is no schema: AWS's, the largest there is, has 14 MB.
const LARGEST: u64 = 256 << 20;

/// One file; its text is kept, since that is what is put into the cache.
pub(super) struct SchemaFile {
    path: PathBuf,
    providers: BTreeMap<Address, Box<RawValue>>,
}

#[derive(Deserialize)]
struct Document {
    provider_schemas: Option<BTreeMap<String, Box<RawValue>>>,
}

/// One provider's part.
#[derive(Deserialize)]
struct Parts {
    provider: Option<Box<RawValue>>,
    #[serde(default)]
    resource_schemas: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    data_source_schemas: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    ephemeral_resource_schemas: BTreeMap<String, Box<RawValue>>,
}

impl SchemaFile {
    pub(super) fn read(path: &Path) -> Result<Self, OfflineError> {
        let io = |source| OfflineError::Io {
            what: format!("reading {}", path.display()),
            source,
        };
        let mut text = Vec::new();
        let file = File::open(path).map_err(io)?;
        file.take(LARGEST + 1).read_to_end(&mut text).map_err(io)?;
        if text.len() as u64 > LARGEST {
            return Err(refused(path, "it has more than 256 MiB"));
        }
        Self::parse(path, &text)
    }

    pub(super) fn embedded(text: &str) -> Result<Self, OfflineError> {
        Self::parse(Path::new("the embedded schemas"), text.as_bytes())
    }

    fn parse(path: &Path, text: &[u8]) -> Result<Self, OfflineError> {
        let document: Document =
            serde_json::from_slice(text).map_err(|error| refused(path, &error.to_string()))?;
        let all = document
            .provider_schemas
            .ok_or_else(|| refused(path, "it has no `provider_schemas`"))?;
        let mut providers = BTreeMap::new();
        for (name, raw) in all {
            let address = name
                .parse()
                .map_err(|error: super::NotAnAddress| refused(path, &error.to_string()))?;
            providers.insert(address, raw);
        }
        Ok(Self {
            path: path.to_owned(),
            providers,
        })
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.providers.keys()
    }

    /// The file with one provider only, as the cache keeps it.
    pub(super) fn only(&self, address: &Address) -> Option<String> {
        let raw = self.providers.get(address)?;
        let name = serde_json::to_string(&address.to_string()).ok()?;
        Some(format!("{{\"provider_schemas\":{{{name}:{}}}}}", raw.get()))
    }

    /// What it says of a provider; `None` if nothing.
    pub(super) fn provider(
        &self,
        address: &Address,
        types: &Types,
    ) -> Result<Option<ProviderSchema>, OfflineError> {
        let Some(raw) = self.providers.get(address) else {
            return Ok(None);
        };
        let parts: Parts = self.part(raw, address, "its schema")?;
        let chosen = |all: &BTreeMap<String, Box<RawValue>>,
                      wanted: &std::collections::BTreeSet<String>|
         -> Result<BTreeMap<String, Schema>, OfflineError> {
            let present = wanted
                .iter()
                .filter_map(|name| all.get(name).map(|raw| (name, raw)));
            present
                .map(|(name, raw)| Ok((name.clone(), self.part(raw, address, name)?)))
                .collect()
        };
        Ok(Some(ProviderSchema {
            provider: match &parts.provider {
                Some(raw) => self.part(raw, address, "provider")?,
                None => Schema::default(),
            },
            resources: chosen(&parts.resource_schemas, &types.resources)?,
            data_sources: chosen(&parts.data_source_schemas, &types.data_sources)?,
            ephemerals: chosen(&parts.ephemeral_resource_schemas, &types.ephemerals)?,
        }))
    }

    fn part<T: DeserializeOwned>(
        &self,
        raw: &RawValue,
        address: &Address,
        what: &str,
    ) -> Result<T, OfflineError> {
        serde_json::from_str(raw.get())
            .map_err(|error| refused(&self.path, &format!("{address}, {what}: {error}")))
    }
}

fn refused(path: &Path, reason: &str) -> OfflineError {
    OfflineError::Schema {
        file: path.display().to_string(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn types() -> Types {
        Types {
            resources: ["x_y".to_owned()].into(),
            ..Types::default()
        }
    }

    fn read(text: &str) -> Result<Option<ProviderSchema>, OfflineError> {
        let file = SchemaFile::parse(Path::new("schema.json"), text.as_bytes())?;
        file.provider(&"a/x".parse().unwrap(), &types())
    }

    #[test]
    fn only_what_is_used_is_built() {
        let text = r#"{"format_version": "1.0", "provider_schemas": {"registry.terraform.io/a/x": {
            "provider": {"version": 0, "block": {}},
            "resource_schemas": {"x_y": {"version": 3, "block": {"attributes": {"id": {"type": "string", "computed": true}}}},
                                 "x_z": {"version": "this is never looked at"}}}}}"#;
        let schema = read(text).unwrap().unwrap();
        assert_eq!(schema.resources.len(), 1);
        assert_eq!(schema.resources["x_y"].version, 3);
        assert!(schema.resources["x_y"].block.attributes["id"].computed);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_file() {
        let deep = format!(
            "{{\"provider_schemas\": {}1{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let nested = format!(
            "{{\"provider_schemas\":{{\"a/x\":{{\"resource_schemas\":{{\"x_y\":{{\"block\":{{\"attributes\":{{\"a\":{{\"type\":{}\"string\"{}}}}}}}}}}}}}}}}}",
            "[\"list\",".repeat(50_000),
            "]".repeat(50_000)
        );
        for (text, expected) in [
            ("", "EOF"),
            ("{}", "no `provider_schemas`"),
            (
                r#"{"provider_schemas": {"../../etc/passwd": {}}}"#,
                "no provider's source",
            ),
            (r#"{"provider_schemas": {"a/x": 7}}"#, "a/x, its schema"),
            (
                r#"{"provider_schemas": {"a/x": {"resource_schemas": {"x_y": {"block": {"attributes": {"a": {"type": "text"}}}}}}}}"#,
                "a/x, x_y: this is no type of Terraform",
            ),
            (deep.as_str(), "schema.json"),
            (nested.as_str(), "recursion limit"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(
                error.contains("schema.json") && error.contains(expected),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn any_schema_is_read_or_refused(part in r#"[\[\]{}",:a-z0-9]{0,80}"#) {
            let _ = read(&format!(r#"{{"provider_schemas": {{"a/x": {{"resource_schemas": {{"x_y": {part}}}}}}}}}"#));
        }
    }
}
