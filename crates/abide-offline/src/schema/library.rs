//! All schemas there are: given as files, kept in the cache, embedded.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::file::SchemaFile;
use super::{Address, ProviderSchema, Types, embedded, utility};
use crate::OfflineError;

/// Where schemas are looked for, in this order: files, cache, embedded.
pub struct Library {
    files: Vec<SchemaFile>,
    cache: Option<PathBuf>,
}

/// A schema, and whether it is of another version than wanted.
#[derive(Debug)]
pub struct Found {
    /// The schema.
    pub schema: ProviderSchema,
    /// The version it is of, if that is not the wanted one.
    pub instead: Option<String>,
}

/// A provider without a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which.
    pub address: Address,
    /// The module that needs it.
    pub needed_by: String,
}

/// The name of what was printed without a lock file beside it.
const ANY: &str = "any";

impl Library {
    /// Reads the files that are named; the cache is read when something is looked for.
    ///
    /// # Errors
    /// If a file is no schema.
    pub fn new(files: &[PathBuf], cache: Option<PathBuf>) -> Result<Self, OfflineError> {
        let files = files.iter().map(|path| SchemaFile::read(path));
        Ok(Self {
            files: files.collect::<Result<_, _>>()?,
            cache,
        })
    }

    /// Keeps the files' schemas in the cache, under the versions a lock file names.
    ///
    /// # Errors
    /// If the cache cannot be written.
    pub fn keep(&self, locked: &BTreeMap<Address, String>) -> Result<usize, OfflineError> {
        let Some(cache) = &self.cache else {
            return Ok(0);
        };
        let mut kept = 0;
        for file in &self.files {
            for address in file.addresses() {
                let version = locked.get(address).map_or(ANY, String::as_str);
                if let Some(text) = file.only(address) {
                    let path = cached(cache, address, version);
                    write(&path, &text).map_err(|source| OfflineError::Io {
                        what: format!("writing {}", path.display()),
                        source,
                    })?;
                    kept += 1;
                }
            }
        }
        Ok(kept)
    }

    /// Looks for a provider.
    ///
    /// # Errors
    /// If a file of the cache is damaged.
    pub fn find(
        &self,
        address: &Address,
        version: Option<&str>,
        types: &Types,
    ) -> Result<Option<Found>, OfflineError> {
        for file in &self.files {
            if let Some(schema) = file.provider(address, types)? {
                let instead = None;
                return Ok(Some(Found { schema, instead }));
            }
        }
        if let Some((path, instead)) = self.in_cache(address, version) {
            let schema = SchemaFile::read(&path)?.provider(address, types)?;
            if let Some(schema) = schema {
                return Ok(Some(Found { schema, instead }));
            }
        }
        if address.is_aws() {
            let instead = version.filter(|version| *version != embedded::version());
            return Ok(Some(Found {
                schema: embedded::aws(types)?,
                instead: instead.map(|_| embedded::version().to_owned()),
            }));
        }
        Ok(utility::find(address, types)?.map(|schema| Found {
            schema,
            instead: None,
        }))
    }

    /// The wanted version, else the newest one.
    fn in_cache(
        &self,
        address: &Address,
        version: Option<&str>,
    ) -> Option<(PathBuf, Option<String>)> {
        let cache = self.cache.as_deref()?;
        let version = version.filter(|version| is_plain(version));
        if let Some(version) = version {
            let path = cached(cache, address, version);
            if path.is_file() {
                return Some((path, None));
            }
        }
        let listed = fs::read_dir(cache.join(address.folder())).ok()?;
        let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let versions = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
        let newest = versions.max_by_key(|version| numbers(version))?;
        // An exact embedded schema is better than another version's.
        let is_embedded = address.is_aws() && version.is_none_or(|v| v == embedded::version());
        if is_embedded && newest != ANY {
            return None;
        }
        let path = cached(cache, address, &newest);
        let instead = (newest != ANY && version.is_some()).then_some(newest);
        Some((path, instead))
    }
}

fn is_plain(version: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
    !version.starts_with('.') && !version.is_empty() && version.chars().all(allowed)
}

fn cached(cache: &Path, address: &Address, version: &str) -> PathBuf {
    cache.join(address.folder()).join(format!("{version}.json"))
}

/// Numbers of a version, to compare; a text without is older than all.
fn numbers(version: &str) -> Vec<u64> {
    version
        .split(['.', '-', '+'])
        .map_while(|part| part.parse().ok())
        .collect()
}

/// Whole or not at all: others may read it at the same time.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(attribute: &str) -> String {
        format!(
            r#"{{"provider_schemas": {{"registry.terraform.io/acme/x": {{"resource_schemas": {{"x_y": {{"version": 1, "block": {{"attributes": {{"{attribute}": {{"type": "string", "optional": true}}}}}}}}}}}}}}}}"#
        )
    }

    fn found(library: &Library, version: Option<&str>) -> Option<(String, Option<String>)> {
        let types = Types {
            resources: ["x_y".to_owned()].into(),
            ..Types::default()
        };
        let address = "acme/x".parse().unwrap();
        let found = library.find(&address, version, &types).unwrap()?;
        let block = &found.schema.resources["x_y"].block;
        let name = block.attributes.keys().next().unwrap().clone();
        Some((name, found.instead))
    }

    #[test]
    fn what_was_given_once_is_found_again_by_version() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        for (version, attribute) in [("1.9.0", "old"), ("1.10.0", "new")] {
            let file = folder.path().join("schema.json");
            fs::write(&file, schema(attribute)).unwrap();
            let library = Library::new(&[file], Some(cache.clone())).unwrap();
            let locked = [("acme/x".parse().unwrap(), version.to_owned())].into();
            assert_eq!(library.keep(&locked).unwrap(), 1);
        }
        let library = Library::new(&[], Some(cache)).unwrap();
        let of =
            |name: &str, instead: Option<&str>| Some((name.to_owned(), instead.map(str::to_owned)));
        assert_eq!(found(&library, Some("1.9.0")), of("old", None));
        assert_eq!(found(&library, Some("1.10.0")), of("new", None));
        assert_eq!(found(&library, Some("2.0.0")), of("new", Some("1.10.0")));
        assert_eq!(found(&library, None), of("new", None));
        assert_eq!(found(&library, Some("../../x")), of("new", None));
        assert_eq!(found(&Library::new(&[], None).unwrap(), None), None);
    }

    #[test]
    fn aws_is_embedded_and_says_so_when_another_version_is_locked() {
        let library = Library::new(&[], None).unwrap();
        let types = Types {
            resources: ["aws_s3_bucket".to_owned()].into(),
            ..Types::default()
        };
        let aws = Address::implied("aws");
        let same = library
            .find(&aws, Some("5.100.0"), &types)
            .unwrap()
            .unwrap();
        assert_eq!(same.instead, None);
        assert!(same.schema.resources.contains_key("aws_s3_bucket"));
        assert!(same.schema.provider.block.attributes.contains_key("region"));
        let other = library.find(&aws, Some("6.1.0"), &types).unwrap().unwrap();
        assert_eq!(other.instead.as_deref(), Some("5.100.0"));
    }
}
