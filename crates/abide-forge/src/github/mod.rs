//! GitHub, github.com or Enterprise Server, by its REST API.

mod check;
mod conversation;
mod repository;
mod review;

use ureq::http::Method;

pub use self::check::{Annotation, CheckRun, Conclusion, Level, Posted};
pub use self::repository::Repository;
use crate::comment::Me;
use crate::error::ForgeError;
use crate::http::{Client, Connection, Repeat, Scheme};

/// Where github.com answers.
pub const PUBLIC: &str = "https://api.github.com";

const HEADERS: &[(&str, &str)] = &[
    ("Accept", "application/vnd.github+json"),
    ("X-GitHub-Api-Version", "2022-11-28"),
];

/// A pull request on GitHub.
#[derive(Debug)]
pub struct PullRequest {
    client: Client,
    /// `/repos/OWNER/NAME`
    repository: String,
    number: u64,
    me: Option<String>,
}

impl PullRequest {
    /// A pull request of a repository, `OWNER/NAME`.
    ///
    /// # Errors
    /// If the address of the API or the name of the repository cannot be used.
    pub fn new(connection: Connection, repository: &str, number: u64) -> Result<Self, ForgeError> {
        Ok(Self {
            repository: repository_path(repository)?,
            client: Client::new(connection, Scheme::Bearer, HEADERS)?,
            number,
            me: None,
        })
    }

    /// Says whose comments are ours, where the token may not ask: the account of an app.
    #[must_use]
    pub fn by(mut self, login: Option<String>) -> Self {
        self.me = login;
        self
    }

    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.repository)
    }

    fn who(&self) -> Result<Me, ForgeError> {
        who(&self.client, self.me.as_deref())
    }
}

/// `/repos/OWNER/NAME`, of a name that can stand there.
fn repository_path(repository: &str) -> Result<String, ForgeError> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name != "."
            && name != ".."
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match repository.split_once('/') {
        Some((owner, name)) if is_name(owner) && is_name(name) => {
            Ok(format!("/repos/{repository}"))
        }
        _ => Err(ForgeError::Address {
            url: repository.to_owned(),
            reason: "expected a repository as OWNER/NAME",
        }),
    }
}

/// Whose token it is, if that was not said.
fn who(client: &Client, said: Option<&str>) -> Result<Me, ForgeError> {
    #[derive(serde::Deserialize)]
    struct User {
        login: String,
    }
    if let Some(login) = said {
        return Ok(Me::Login(login.to_owned()));
    }
    match client.call::<User>(&Method::GET, "/user", None, Repeat::Always) {
        Ok(user) => Ok(Me::Login(user.login)),
        // Apps, GitHub Actions among them, may not ask.
        Err(error) if error.is_denied() || error.is_not_found() => Ok(Me::SomeBot),
        Err(error) => Err(error),
    }
}
