//! A repository: pull requests and issues that we open.

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;

use super::conversation::User;
use super::{HEADERS, repository_path, who};
use crate::error::ForgeError;
use crate::http::{Client, Connection, Repeat, Scheme};
use crate::opening::{Marker, Open, Opened, Proposal, encoded, upsert};

/// A repository on GitHub.
#[derive(Debug)]
pub struct Repository {
    client: Client,
    /// `/repos/OWNER/NAME`
    path: String,
    owner: String,
}

#[derive(Deserialize)]
struct Entry {
    number: u64,
    html_url: String,
    user: Option<User>,
    body: Option<String>,
    /// Set for pull requests, which are in the list of issues too.
    pull_request: Option<Value>,
}

impl From<Entry> for Open {
    fn from(entry: Entry) -> Self {
        Self {
            number: entry.number,
            url: entry.html_url,
        }
    }
}

impl Repository {
    /// A repository, `OWNER/NAME`.
    ///
    /// # Errors
    /// If the address of the API or the name of the repository cannot be used.
    pub fn new(connection: Connection, repository: &str) -> Result<Self, ForgeError> {
        let path = repository_path(repository)?;
        let owner = repository.split('/').next().unwrap_or_default();
        Ok(Self {
            client: Client::new(connection, Scheme::Bearer, HEADERS)?,
            path,
            owner: owner.to_owned(),
        })
    }

    /// Opens a pull request of a branch of the repository, or brings the open one of that branch
    /// up to date, whatever it goes into.
    ///
    /// # Errors
    /// If GitHub refuses: [`ForgeError::is_denied`] if the token may not, a refusal with 422 if
    /// the branch has nothing that the base has not, or one of them is not there.
    pub fn pull_request(
        &self,
        head: &str,
        base: &str,
        proposal: &Proposal,
    ) -> Result<Opened, ForgeError> {
        let pulls = format!("{}/pulls", self.path);
        let of_head = format!("{}:{}", encoded(&self.owner), encoded(head));
        let list = format!("{pulls}?state=open&head={of_head}&per_page=100");
        let texts = json!({ "title": proposal.title(), "body": proposal.body() });
        let mut whole = texts.clone();
        whole["head"] = json!(head);
        whole["base"] = json!(base);
        upsert(
            &|| {
                let open: Vec<Entry> = self.client.list(&list)?;
                Ok(open.into_iter().next().map(Open::from))
            },
            &|number| self.write(&Method::PATCH, &format!("{pulls}/{number}"), &texts),
            &|| self.create(&pulls, &whole),
        )
    }

    /// Opens an issue, or brings ours up to date that is open and has the marker.
    ///
    /// # Errors
    /// If GitHub refuses; [`ForgeError::is_not_found`] also where issues are switched off.
    pub fn issue(&self, title: &str, body: &str, marker: &Marker) -> Result<Opened, ForgeError> {
        let issues = format!("{}/issues", self.path);
        let list = format!("{issues}?state=open&per_page=100");
        let proposal = Proposal::marked(title, body, marker);
        let texts = json!({ "title": proposal.title(), "body": proposal.body() });
        // Anybody may write our marker into an issue of theirs, and change the text later.
        let me = who(&self.client, None)?;
        let is_ours = |entry: &mut Entry| {
            let body = entry.body.as_deref().unwrap_or_default();
            let marked = entry.pull_request.is_none() && marker.is_in(body);
            marked && me.wrote(&User::author(entry.user.take()))
        };
        upsert(
            &|| {
                let mut open: Vec<Entry> = self.client.list(&list)?;
                Ok(open
                    .iter_mut()
                    .position(is_ours)
                    .map(|at| open.swap_remove(at).into()))
            },
            &|number| self.write(&Method::PATCH, &format!("{issues}/{number}"), &texts),
            &|| self.create(&issues, &texts),
        )
    }

    fn create(&self, path: &str, body: &Value) -> Result<String, ForgeError> {
        // If the answer is lost, it is looked for.
        let made: Entry = self
            .client
            .call(&Method::POST, path, Some(body), Repeat::IfNotDone)?;
        Ok(made.html_url)
    }

    fn write(&self, method: &Method, path: &str, body: &Value) -> Result<(), ForgeError> {
        let _: Value = self.client.call(method, path, Some(body), Repeat::Always)?;
        Ok(())
    }
}
