//! Comments of a pull request; to GitHub it is an issue, too.

use serde::Deserialize;
use serde_json::json;
use ureq::http::Method;

use super::PullRequest;
use crate::comment::{Author, Comment, Conversation, Me};
use crate::error::ForgeError;
use crate::http::Repeat;

#[derive(Deserialize)]
pub(super) struct User {
    login: String,
    #[serde(rename = "type", default)]
    kind: String,
}

impl User {
    /// Accounts that were deleted are null.
    pub(super) fn author(user: Option<Self>) -> Author {
        user.map_or_else(Author::default, |user| Author {
            is_bot: user.kind == "Bot",
            login: user.login,
        })
    }
}

#[derive(Deserialize)]
struct IssueComment {
    id: u64,
    user: Option<User>,
    body: Option<String>,
    html_url: String,
}

impl From<IssueComment> for Comment {
    fn from(comment: IssueComment) -> Self {
        Self {
            id: comment.id,
            author: User::author(comment.user),
            body: comment.body.unwrap_or_default(),
            url: comment.html_url,
        }
    }
}

impl PullRequest {
    /// The commit at its head.
    ///
    /// # Errors
    /// If GitHub does not answer.
    pub(super) fn head_sha(&self) -> Result<String, ForgeError> {
        #[derive(Deserialize)]
        struct Pull {
            head: Head,
        }
        #[derive(Deserialize)]
        struct Head {
            sha: String,
        }
        let path = self.path(&format!("/pulls/{}", self.number));
        let pull: Pull = self
            .client
            .call(&Method::GET, &path, None, Repeat::Always)?;
        Ok(pull.head.sha)
    }
}

impl Conversation for PullRequest {
    fn me(&self) -> Result<Me, ForgeError> {
        self.who()
    }

    fn head(&self) -> Result<Option<String>, ForgeError> {
        match self.head_sha() {
            Ok(sha) => Ok(Some(sha)),
            // A token with `issues: write` alone may comment.
            Err(error) if error.is_denied() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn comments(&self) -> Result<Vec<Comment>, ForgeError> {
        let path = format!("/issues/{}/comments?per_page=100", self.number);
        let all: Vec<IssueComment> = self.client.list(&self.path(&path))?;
        Ok(all.into_iter().map(Comment::from).collect())
    }

    fn create(&self, body: &str) -> Result<Comment, ForgeError> {
        let path = self.path(&format!("/issues/{}/comments", self.number));
        let body = json!({ "body": body });
        // A second one would be found and removed.
        let comment: IssueComment =
            self.client
                .call(&Method::POST, &path, Some(&body), Repeat::Always)?;
        Ok(comment.into())
    }

    fn update(&self, id: u64, body: &str) -> Result<Comment, ForgeError> {
        let path = self.path(&format!("/issues/comments/{id}"));
        let body = json!({ "body": body });
        let comment: IssueComment =
            self.client
                .call(&Method::PATCH, &path, Some(&body), Repeat::Always)?;
        Ok(comment.into())
    }

    fn delete(&self, id: u64) -> Result<(), ForgeError> {
        let path = self.path(&format!("/issues/comments/{id}"));
        self.client.order(&Method::DELETE, &path)
    }
}
