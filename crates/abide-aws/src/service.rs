//! The table of services: `data/services.toml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::AwsError;

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    /// A form, answered in XML.
    Query,
    /// JSON, the operation in a header.
    Json,
    /// Paths, answered in JSON.
    RestJson,
    /// Paths, answered in XML.
    RestXml,
}

/// One service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    /// Its name where endpoints are configured.
    pub(crate) id: String,
    /// The first part of its host; its key without.
    #[serde(default)]
    pub(crate) host: String,
    /// The name calls are signed for; the host without.
    #[serde(default)]
    pub(crate) sign: String,
    pub(crate) protocol: Protocol,
    /// Of the interface (query), or of JSON.
    #[serde(default)]
    pub(crate) version: String,
    /// The prefix of operations in the header.
    #[serde(default)]
    pub(crate) target: String,
    /// It has no regions.
    #[serde(default)]
    pub(crate) global: bool,
}

type Services = BTreeMap<String, Service>;

fn services() -> &'static Result<Services, String> {
    static TABLE: OnceLock<Result<Services, String>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table: Services = toml::from_str(include_str!("../data/services.toml"))
            .map_err(|error| format!("data/services.toml: {error}"))?;
        for (name, service) in &mut table {
            if service.host.is_empty() {
                service.host.clone_from(name);
            }
            if service.sign.is_empty() {
                service.sign.clone_from(&service.host);
            }
        }
        Ok(table)
    })
}

/// A service by its key.
pub(crate) fn service(name: &str) -> Result<&'static Service, AwsError> {
    match services() {
        Ok(table) => table
            .get(name)
            .ok_or_else(|| AwsError::Table(format!("data/services.toml has no service `{name}`"))),
        Err(error) => Err(AwsError::Table(error.clone())),
    }
}
