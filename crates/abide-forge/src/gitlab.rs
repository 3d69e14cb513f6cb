//! GitLab, gitlab.com or self-managed, by its REST API (v4).

mod project;

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;

pub use self::project::Project;
use crate::comment::{Author, Comment, Conversation, Me};
use crate::diff::{self, Hunk};
use crate::error::ForgeError;
use crate::http::{Client, Connection, Repeat, Scheme};
use crate::suggestion::{self, Remark, Suggested, Suggestion};

/// Where gitlab.com answers.
pub const PUBLIC: &str = "https://gitlab.com/api/v4";

/// A merge request on GitLab.
#[derive(Debug)]
pub struct MergeRequest {
    client: Client,
    /// `/projects/ID/merge_requests/IID`
    path: String,
    /// Where people see it.
    url: String,
}

#[derive(Deserialize)]
struct User {
    username: String,
    #[serde(default)]
    bot: bool,
}

impl From<User> for Author {
    fn from(user: User) -> Self {
        // Notes do not say it; tokens of projects and groups have accounts of this form.
        let of_token = ["project_", "group_"].iter().any(|start| {
            let rest = user.username.strip_prefix(start);
            rest.is_some_and(|rest| {
                rest.starts_with(|c: char| c.is_ascii_digit()) && rest.contains("_bot")
            })
        });
        Self {
            is_bot: user.bot || of_token,
            login: user.username,
        }
    }
}

#[derive(Deserialize)]
struct Note {
    id: u64,
    body: String,
    author: User,
    #[serde(default)]
    system: bool,
    #[serde(default)]
    resolved: bool,
}

#[derive(Deserialize)]
struct Discussion {
    notes: Vec<Note>,
}

#[derive(Deserialize)]
struct Request {
    diff_refs: Option<Refs>,
}

#[derive(Deserialize)]
struct Refs {
    base_sha: String,
    head_sha: String,
    start_sha: String,
}

#[derive(Deserialize)]
struct Diff {
    new_path: String,
    old_path: String,
    diff: String,
}

/// What the merge request shows of a file.
struct Shown {
    old_path: String,
    hunks: Vec<Hunk>,
}

impl MergeRequest {
    /// A merge request of a project, by its number or its path.
    ///
    /// # Errors
    /// If the address of the API cannot be used.
    pub fn new(
        connection: Connection,
        project: &str,
        number: u64,
        url: &str,
    ) -> Result<Self, ForgeError> {
        let project = utf8_percent_encode(project, NON_ALPHANUMERIC);
        Ok(Self {
            client: Client::new(connection, Scheme::PrivateToken, &[])?,
            path: format!("/projects/{project}/merge_requests/{number}"),
            url: url.to_owned(),
        })
    }

    fn comment(&self, note: Note) -> Comment {
        Comment {
            url: format!("{}#note_{}", self.url, note.id),
            id: note.id,
            author: note.author.into(),
            body: note.body,
        }
    }

    fn refs(&self) -> Result<Option<Refs>, ForgeError> {
        let request: Request = self
            .client
            .call(&Method::GET, &self.path, None, Repeat::Always)?;
        Ok(request.diff_refs)
    }

    fn write(&self, method: &Method, path: &str, body: &str) -> Result<Comment, ForgeError> {
        let path = format!("{}{path}", self.path);
        let body = json!({ "body": body });
        let note: Note = self
            .client
            .call(method, &path, Some(&body), Repeat::Always)?;
        Ok(self.comment(note))
    }

    /// Makes the suggestions that were not made before, on the commit they were proven on, and
    /// takes back those whose finding is gone. Nothing is done if the merge request moved on.
    ///
    /// # Errors
    /// If GitLab refuses.
    pub fn suggest(
        &self,
        run: &str,
        head: &str,
        suggestions: &[Suggestion],
    ) -> Result<Suggested, ForgeError> {
        let Some(refs) = self.refs()?.filter(|refs| refs.head_sha == head) else {
            return Ok(Suggested::default());
        };
        let shown = match suggestions.is_empty() {
            true => BTreeMap::new(),
            false => self.shown()?,
        };
        let there = self.remarks()?;
        let sorted = suggestion::sort(suggestions, run, &there, |s| {
            let file = shown.get(&s.path);
            file.is_some_and(|file| diff::shows(&file.hunks, s.line, s.end_line))
        });
        let mut counts = sorted.counts;
        for suggestion in sorted.make {
            let Some(file) = shown.get(&suggestion.path) else {
                continue;
            };
            let body = discussion(suggestion, run, file, &refs);
            let path = format!("{}/discussions", self.path);
            let _: Value =
                self.client
                    .call(&Method::POST, &path, Some(&body), Repeat::IfNotDone)?;
            counts.made += 1;
        }
        for id in sorted.withdraw {
            match self.delete(id) {
                Ok(()) => counts.withdrawn += 1,
                Err(error) if error.is_not_found() || error.is_denied() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(counts)
    }

    fn shown(&self) -> Result<BTreeMap<String, Shown>, ForgeError> {
        let path = format!("{}/diffs?per_page=100", self.path);
        let files: Vec<Diff> = self.client.list(&path)?;
        let shown = |file: Diff| {
            let shown = Shown {
                old_path: file.old_path,
                hunks: diff::hunks(&file.diff),
            };
            (file.new_path, shown)
        };
        Ok(files.into_iter().map(shown).collect())
    }

    fn remarks(&self) -> Result<Vec<Remark>, ForgeError> {
        let me = self.me()?;
        let path = format!("{}/discussions?per_page=100", self.path);
        let all: Vec<Discussion> = self.client.list(&path)?;
        let ours = all.into_iter().filter_map(|discussion| {
            let answers = discussion.notes.len() > 1;
            let first = discussion.notes.into_iter().next()?;
            let remark = Remark {
                id: first.id,
                kept: answers || first.resolved,
                body: first.body,
            };
            me.wrote(&first.author.into()).then_some(remark)
        });
        Ok(ours.collect())
    }
}

fn discussion(suggestion: &Suggestion, run: &str, file: &Shown, refs: &Refs) -> Value {
    let above = suggestion.end_line.saturating_sub(suggestion.line);
    let mut position = json!({
        "position_type": "text",
        "base_sha": refs.base_sha,
        "start_sha": refs.start_sha,
        "head_sha": refs.head_sha,
        "old_path": file.old_path,
        "new_path": suggestion.path,
        "new_line": suggestion.end_line,
    });
    // A line that did not change is named by both its numbers.
    if let Some(old) = diff::old_line(&file.hunks, suggestion.end_line) {
        position["old_line"] = json!(old);
    }
    json!({
        "body": suggestion.body(run, &format!("suggestion:-{above}+0")),
        "position": position,
    })
}

impl Conversation for MergeRequest {
    fn me(&self) -> Result<Me, ForgeError> {
        let user: User = self
            .client
            .call(&Method::GET, "/user", None, Repeat::Always)?;
        Ok(Me::Login(user.username))
    }

    fn head(&self) -> Result<Option<String>, ForgeError> {
        Ok(self.refs()?.map(|refs| refs.head_sha))
    }

    fn comments(&self) -> Result<Vec<Comment>, ForgeError> {
        let path = format!(
            "{}/notes?per_page=100&order_by=created_at&sort=asc",
            self.path
        );
        let notes: Vec<Note> = self.client.list(&path)?;
        let people = notes.into_iter().filter(|note| !note.system);
        Ok(people.map(|note| self.comment(note)).collect())
    }

    fn create(&self, body: &str) -> Result<Comment, ForgeError> {
        self.write(&Method::POST, "/notes", body)
    }

    fn update(&self, id: u64, body: &str) -> Result<Comment, ForgeError> {
        self.write(&Method::PUT, &format!("/notes/{id}"), body)
    }

    fn delete(&self, id: u64) -> Result<(), ForgeError> {
        let path = format!("{}/notes/{id}", self.path);
        self.client.order(&Method::DELETE, &path)
    }
}
