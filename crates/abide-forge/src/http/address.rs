//! Addresses: which are taken, and what belongs to the same origin.

use std::fmt;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::error::ForgeError;

/// Scheme and authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    authority: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl Origin {
    /// The path of a URL, if it is of this origin; a path alone is.
    pub(super) fn path_of(&self, url: &str) -> Option<String> {
        let uri: Uri = url.parse().ok()?;
        let same = match (uri.scheme_str(), uri.authority()) {
            (None, None) => true,
            (Some(scheme), Some(authority)) => {
                scheme == self.scheme && authority.as_str() == self.authority
            }
            _ => false,
        };
        let path = uri.path_and_query()?.as_str();
        // Two slashes would name another host.
        let is_path = path.starts_with('/') && !path.starts_with("//");
        (same && is_path).then(|| path.to_owned())
    }
}

/// Origin and path of an API's address.
pub(super) fn parse(url: &str) -> Result<(Origin, String), ForgeError> {
    let bad = |reason| ForgeError::Address {
        // A URL may hold a password.
        url: url.split('@').next_back().unwrap_or_default().to_owned(),
        reason,
    };
    let uri: Uri = url.parse().map_err(|_| bad("it is no URL"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(bad("expected one such as https://api.github.com"));
    };
    if authority.as_str().contains('@') {
        return Err(bad("it holds a user or a password; the token is enough"));
    }
    if uri.query().is_some() {
        return Err(bad("it has a query"));
    }
    let here = matches!(authority.host(), "localhost" | "127.0.0.1" | "[::1]");
    match scheme {
        "https" => {}
        "http" if here => {}
        "http" => {
            return Err(bad(
                "the token would cross the network in plain text; use https",
            ));
        }
        _ => return Err(bad("expected https")),
    }
    let origin = Origin {
        scheme: scheme.to_owned(),
        authority: authority.to_string(),
    };
    Ok((origin, uri.path().trim_end_matches('/').to_owned()))
}

/// The HTTP client: it follows nothing by itself, and every answer is ours to judge.
pub(super) fn agent(certificates: Option<&[u8]>, url: &str) -> Result<Agent, ForgeError> {
    let mut tls = TlsConfig::builder();
    if let Some(pem) = certificates {
        let items = parse_pem(pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        });
        let roots: Vec<_> = items.collect();
        if roots.is_empty() {
            return Err(ForgeError::Address {
                url: url.to_owned(),
                reason: "the file of certificates to trust (SSL_CERT_FILE) holds none",
            });
        }
        tls = tls.root_certs(RootCerts::from(roots.iter().cloned()));
    }
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .user_agent(concat!("abide/", env!("CARGO_PKG_VERSION")))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_global(Some(Duration::from_secs(60)));
    Ok(config.build().into())
}

/// The next page in a `Link` header.
pub(super) fn next_page(link: &str) -> Option<String> {
    link.split(',').find_map(|entry| {
        let (url, parameters) = entry.split_once(';')?;
        let next = parameters.split(';').map(str::trim);
        let is_next = next
            .into_iter()
            .any(|p| matches!(p, "rel=\"next\"" | "rel=next"));
        let url = url.trim().strip_prefix('<')?.strip_suffix('>')?;
        is_next.then(|| url.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_cross_networks_encrypted() {
        assert!(parse("https://ghe.example.com/api/v3/").is_ok());
        assert!(parse("http://127.0.0.1:8080").is_ok());
        for url in [
            "http://ghe.example.com/api/v3",
            "ftp://x",
            "api.github.com",
            "",
            "https://u:secret@x/",
            "http://127.0.0.1.evil.com",
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        let (origin, root) = parse("https://ghe.example.com/api/v3/").unwrap();
        assert_eq!(
            (origin.to_string().as_str(), root.as_str()),
            ("https://ghe.example.com", "/api/v3")
        );
    }

    #[test]
    fn links_stay_at_home() {
        let (origin, _) = parse("https://api.github.com").unwrap();
        assert_eq!(
            origin
                .path_of("https://api.github.com/repositories/1/x?page=2")
                .unwrap(),
            "/repositories/1/x?page=2"
        );
        assert_eq!(origin.path_of("/x").unwrap(), "/x");
        for url in [
            "https://evil.com/x",
            "http://api.github.com/x",
            "//evil.com/x",
            "https://api.github.com@evil.com/",
        ] {
            assert_eq!(origin.path_of(url), None, "{url}");
        }
    }

    #[test]
    fn the_next_page() {
        let link = r#"<https://a/x?page=1>; rel="prev", <https://a/x?page=3>; rel="next", <https://a/x?page=9>; rel="last""#;
        assert_eq!(next_page(link).unwrap(), "https://a/x?page=3");
        assert_eq!(next_page(r#"<https://a/x?page=1>; rel="last""#), None);
        assert_eq!(next_page("nonsense"), None);
    }
}
