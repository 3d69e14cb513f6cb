//! A branch with the remedy and a pull request of it, or an issue that asks for approval.
//!
//! ```text
//! origin ─▶ place ─┬─▶ api, with a token: opened, or brought up to date
//!                  └─▶ by hand: the address of the form
//! ```

mod api;
mod branch;
mod form;
mod place;
mod remote;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

pub(super) use self::branch::{name as branch, refuse_uncommitted};
use self::remote::Remote;
use crate::cli::PlaceArgs;
use crate::load;
use crate::terminal;

/// Opens pull requests and issues at a forge.
trait PullRequests {
    /// Opens one of a branch that was pushed, and says what became of it.
    fn open(&self, pull: &PullRequest<'_>) -> anyhow::Result<String>;
    /// Opens an issue, and says what became of it.
    fn ask(&self, issue: &Issue<'_>) -> anyhow::Result<String>;
}

/// What is to be opened.
struct PullRequest<'a> {
    branch: &'a str,
    base: &'a str,
    title: &'a str,
    body: &'a str,
}

/// What is to be asked.
struct Issue<'a> {
    title: &'a str,
    body: &'a str,
    /// There is one open issue for each.
    key: &'a str,
}

/// What people are told, and where.
pub(super) struct Request<'a> {
    /// Of the target.
    pub(super) directory: &'a Path,
    pub(super) place: &'a PlaceArgs,
    pub(super) title: &'a str,
    /// Markdown, with a heading.
    pub(super) text: &'a str,
}

impl Request<'_> {
    /// The text without its heading: forges show the title.
    fn body(&self) -> &str {
        match self.text.split_once("\n\n") {
            Some((heading, rest)) if heading.starts_with("# ") => rest,
            _ => self.text,
        }
    }
}

/// Pushes the edits as a branch, which the checked-out files do not notice, and opens a pull request.
pub(super) fn open(
    request: &Request<'_>,
    branch: &str,
    edits: &[(PathBuf, String)],
) -> anyhow::Result<()> {
    let root = load::repository(request.directory).ok_or_else(|| {
        anyhow!(
            "{} is in no git repository, so there is nothing to open a pull request in",
            request.directory.display()
        )
    })?;
    let origin = branch::git(&root, &["remote", "get-url", "origin"])
        .context("a pull request needs a remote named `origin`")?;
    // First: a token that cannot be used is told before anything is pushed.
    let forge = place::find(request.place, Remote::parse(&origin))?;
    let message = format!("{}\n\n{}", request.title, request.body());
    let pushed = branch::push(&root, branch, &message, edits)?;
    let said = match pushed.is_new {
        true => format!("pushed {branch}"),
        false => format!("{branch} was pushed before, with the same edits"),
    };
    terminal::say(&[said])?;
    let opened = forge.open(&PullRequest {
        branch,
        base: &pushed.base,
        title: request.title,
        body: request.body(),
    })?;
    terminal::say(&[opened])?;
    Ok(())
}

/// Opens an issue; nothing is pushed, since there is nothing to merge.
pub(super) fn ask(request: &Request<'_>, key: &str) -> anyhow::Result<()> {
    let root = load::repository(request.directory);
    let origin = root.and_then(|root| branch::git(&root, &["remote", "get-url", "origin"]).ok());
    let remote = origin.and_then(|origin| Remote::parse(&origin));
    let opened = place::find(request.place, remote)?.ask(&Issue {
        title: request.title,
        body: request.body(),
        key,
    })?;
    terminal::say(&[opened])?;
    Ok(())
}
