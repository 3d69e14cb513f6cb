//! Addresses of remotes, as git knows them.

/// Where a remote is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    /// With a port if people's browsers need it.
    pub(super) host: String,
    /// Of the repository, such as `northbank/infra`.
    pub(super) path: String,
}

impl Remote {
    /// `None` of a folder. Credentials in the address are left out.
    pub(super) fn parse(address: &str) -> Option<Self> {
        let (authority, path) = match address.split_once("://") {
            Some(("https" | "http", rest)) => rest.split_once('/')?,
            Some(("ssh", rest)) => {
                let (authority, path) = rest.split_once('/')?;
                // The port is that of SSH.
                (
                    authority
                        .rsplit_once(':')
                        .map_or(authority, |(host, _)| host),
                    path,
                )
            }
            Some(_) => return None,
            // `git@github.com:northbank/infra.git`
            None => address
                .split_once(':')
                .filter(|(host, _)| !host.contains('/'))?,
        };
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        (!host.is_empty() && !path.is_empty()).then(|| Self {
            host: host.to_ascii_lowercase(),
            path: path.to_owned(),
        })
    }

    /// The host of an address such as that of a server.
    pub(super) fn host_of(url: &str) -> Option<String> {
        Some(Self::parse(&format!("{}/x", url.trim_end_matches('/')))?.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_are_read_in_every_spelling() {
        let parsed = |address: &str| {
            Remote::parse(address).map(|remote| format!("{} {}", remote.host, remote.path))
        };
        for (address, expected) in [
            (
                "https://github.com/northbank/infra.git",
                "github.com northbank/infra",
            ),
            (
                "https://user:secret@GitHub.com/northbank/infra/",
                "github.com northbank/infra",
            ),
            (
                "git@github.com:northbank/infra.git",
                "github.com northbank/infra",
            ),
            (
                "ssh://git@gitlab.example:2222/a/b/c.git",
                "gitlab.example a/b/c",
            ),
            ("https://gitlab.example:8443/a/b", "gitlab.example:8443 a/b"),
        ] {
            assert_eq!(parsed(address).as_deref(), Some(expected), "{address}");
        }
        for folder in [
            "/srv/git/infra.git",
            "remote.git",
            "./a:b",
            "file:///srv/x",
            "",
            "https://host",
        ] {
            assert_eq!(parsed(folder), None, "{folder}");
        }
        assert_eq!(
            Remote::host_of("https://ghe.example").as_deref(),
            Some("ghe.example")
        );
    }
}
