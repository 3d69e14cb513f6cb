//! Names of providers.

use std::fmt;
use std::str::FromStr;

/// Where providers without a host come from.
const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// `registry.terraform.io/hashicorp/aws`. The host of the public registries is left out, because
/// Terraform and OpenTofu differ in it and mean the same provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub(crate) host: Option<String>,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// A text that names no provider.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no provider's source; expected e.g. `hashicorp/aws`")]
pub struct NotAnAddress(String);

impl Address {
    /// `hashicorp/NAME`, which a local name stands for when nothing else is written.
    #[must_use]
    pub fn implied(name: &str) -> Self {
        Self {
            host: None,
            namespace: "hashicorp".to_owned(),
            name: name.to_owned(),
        }
    }

    /// With a host; `default` is that of the program that plans.
    #[must_use]
    pub fn full(&self, default: &str) -> String {
        let host = self.host.as_deref().unwrap_or(default);
        format!("{host}/{}/{}", self.namespace, self.name)
    }

    /// Whether it is AWS's, of which more is known.
    #[must_use]
    pub fn is_aws(&self) -> bool {
        self.host.is_none() && self.namespace == "hashicorp" && self.name == "aws"
    }

    /// Folders for it: every part is a plain name.
    pub(crate) fn folder(&self) -> std::path::PathBuf {
        let host = self.host.as_deref().unwrap_or("registry");
        [host, &self.namespace, &self.name].iter().collect()
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_plain = |part: &&str| {
            !part.starts_with('.')
                && !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
        };
        if !parts.iter().all(is_plain) {
            return Err(NotAnAddress(text.to_owned()));
        }
        let (host, namespace, name) = match parts.as_slice() {
            [name] => (None, "hashicorp", *name),
            [namespace, name] => (None, *namespace, *name),
            [host, namespace, name] => (Some(*host), *namespace, *name),
            _ => return Err(NotAnAddress(text.to_owned())),
        };
        Ok(Self {
            host: host
                .filter(|host| !REGISTRIES.contains(host))
                .map(str::to_lowercase),
            namespace: namespace.to_lowercase(),
            name: name.to_lowercase(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{host}/")?;
        }
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_registries_are_one() {
        let read = |text: &str| text.parse::<Address>().unwrap().to_string();
        assert_eq!(read("aws"), "hashicorp/aws");
        assert_eq!(read("registry.terraform.io/hashicorp/AWS"), "hashicorp/aws");
        assert_eq!(read("registry.opentofu.org/hashicorp/aws"), "hashicorp/aws");
        assert_eq!(read("example.com/a/b"), "example.com/a/b");
        for wrong in ["", "a//b", "a/b/c/d", "../x", "a/..", "a b"] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
