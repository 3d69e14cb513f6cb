//! A project: merge requests and issues that we open.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;

use super::User;
use crate::error::ForgeError;
use crate::http::{Client, Connection, Repeat, Scheme};
use crate::opening::{Marker, Open, Opened, Proposal, encoded, upsert};

/// A project on GitLab.
#[derive(Debug)]
pub struct Project {
    client: Client,
    /// `/projects/ID`
    path: String,
}

#[derive(Deserialize)]
struct Entry {
    iid: u64,
    web_url: String,
    description: Option<String>,
    /// Of merge requests: where the branch is.
    source_project_id: Option<u64>,
    project_id: u64,
}

impl From<Entry> for Open {
    fn from(entry: Entry) -> Self {
        Self {
            number: entry.iid,
            url: entry.web_url,
        }
    }
}

impl Project {
    /// A project, by its number or its path.
    ///
    /// # Errors
    /// If the address of the API cannot be used.
    pub fn new(connection: Connection, project: &str) -> Result<Self, ForgeError> {
        let project = utf8_percent_encode(project, NON_ALPHANUMERIC);
        Ok(Self {
            client: Client::new(connection, Scheme::PrivateToken, &[])?,
            path: format!("/projects/{project}"),
        })
    }

    /// Opens a merge request of a branch of the project, or brings the open one of that branch up
    /// to date, whatever it goes into.
    ///
    /// # Errors
    /// If GitLab refuses.
    pub fn merge_request(
        &self,
        head: &str,
        base: &str,
        proposal: &Proposal,
    ) -> Result<Opened, ForgeError> {
        let requests = format!("{}/merge_requests", self.path);
        let of_head = encoded(head);
        let list = format!("{requests}?state=opened&source_branch={of_head}&per_page=100");
        let texts = json!({ "title": proposal.title(), "description": proposal.body() });
        let mut whole = texts.clone();
        whole["source_branch"] = json!(head);
        whole["target_branch"] = json!(base);
        // The branch is ours alone, and is made anew when it is needed again.
        whole["remove_source_branch"] = json!(true);
        self.upsert(&requests, &list, &texts, &whole, &|entry| {
            // A fork may have a branch of that name too.
            entry.source_project_id == Some(entry.project_id)
        })
    }

    /// Opens an issue, or brings ours up to date that is open and has the marker.
    ///
    /// # Errors
    /// If GitLab refuses.
    pub fn issue(&self, title: &str, body: &str, marker: &Marker) -> Result<Opened, ForgeError> {
        let me: User = self
            .client
            .call(&Method::GET, "/user", None, Repeat::Always)?;
        let issues = format!("{}/issues", self.path);
        // Anybody may write our marker into an issue of theirs, and change the text later.
        let author = encoded(&me.username);
        let list = format!("{issues}?state=opened&author_username={author}&per_page=100");
        let proposal = Proposal::marked(title, body, marker);
        let texts = json!({ "title": proposal.title(), "description": proposal.body() });
        self.upsert(&issues, &list, &texts, &texts, &|entry| {
            marker.is_in(entry.description.as_deref().unwrap_or_default())
        })
    }

    fn upsert(
        &self,
        path: &str,
        list: &str,
        texts: &Value,
        whole: &Value,
        wanted: &dyn Fn(&Entry) -> bool,
    ) -> Result<Opened, ForgeError> {
        upsert(
            &|| {
                let open: Vec<Entry> = self.client.list(list)?;
                Ok(open.into_iter().find(wanted).map(Open::from))
            },
            &|number| {
                let path = format!("{path}/{number}");
                let _: Value =
                    self.client
                        .call(&Method::PUT, &path, Some(texts), Repeat::Always)?;
                Ok(())
            },
            &|| {
                // If the answer is lost, it is looked for.
                let made: Entry =
                    self.client
                        .call(&Method::POST, path, Some(whole), Repeat::IfNotDone)?;
                Ok(made.web_url)
            },
        )
    }
}
