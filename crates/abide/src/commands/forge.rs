//! Which forge, and with which token.

use std::{env, fs};

use abide_forge::Token;
use abide_forge::environment::{Environment, Kind};
use abide_forge::http::Connection;
use anyhow::Context;

use crate::ci;
use crate::cli::Forge;

/// There is no token.
#[derive(Debug, thiserror::Error)]
#[error("no token for {forge}: set {variables}", forge = .0.as_str(), variables = .0.token_variables().join(" or "))]
pub(crate) struct NoToken(Kind);

impl From<Forge> for Kind {
    fn from(forge: Forge) -> Self {
        match forge {
            Forge::Github => Self::GitHub,
            Forge::Gitlab => Self::GitLab,
        }
    }
}

/// What the CI job says that this runs in.
pub(crate) fn detected() -> Option<Environment> {
    Environment::detect(&ci::variable, &|path| {
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    })
}

/// A connection with the token of the environment; [`NoToken`] if there is none.
pub(crate) fn connection(kind: Kind, api_url: &str) -> anyhow::Result<Connection> {
    let variables = kind.token_variables();
    let token = variables.iter().find_map(|name| ci::variable(name));
    let token = token.ok_or(NoToken(kind))?;
    let mut connection = Connection::new(api_url, Token::new(&token)?);
    connection.certificates = certificates()?;
    Ok(connection)
}

/// Certificates to trust, from the file that `SSL_CERT_FILE` names.
fn certificates() -> anyhow::Result<Option<Vec<u8>>> {
    let Some(path) = env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let bytes = fs::read(&path)
        .with_context(|| format!("cannot read {}, which SSL_CERT_FILE names", path.display()))?;
    Ok(Some(bytes))
}
