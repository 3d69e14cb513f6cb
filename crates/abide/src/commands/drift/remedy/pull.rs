//! A branch with the remedy, pushed, and a pull request of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::look::file_name;
use crate::load;
use crate::terminal;

/// Opens pull requests at a code host.
pub(super) trait PullRequests {
    /// Opens one, and gives its address.
    fn open(&self, pull: &PullRequest<'_>) -> anyhow::Result<String>;
}

/// What is to be opened.
pub(super) struct PullRequest<'a> {
    /// Of the remote, as git knows it.
    pub(super) remote: &'a str,
    pub(super) branch: &'a str,
    pub(super) base: &'a str,
    pub(super) title: &'a str,
    pub(super) body: &'a str,
}

/// Nobody is asked: a person follows the address.
struct ByHand;

impl PullRequests for ByHand {
    fn open(&self, pull: &PullRequest<'_>) -> anyhow::Result<String> {
        Ok(form(pull).unwrap_or_else(|| format!("branch {} of {}", pull.branch, pull.remote)))
    }
}

/// `abide/adopt-prod-1a2b3c4d`
pub(super) fn branch(what: &str, target: &str, digest: &str) -> String {
    let digest = digest.trim_start_matches("sha256:");
    let short = digest.get(..8).unwrap_or(digest);
    format!("abide/{what}-{}-{short}", file_name(target))
}

/// Commits the edits on a branch, which the checked-out files do not notice, pushes it and opens a pull request.
pub(super) fn open(
    directory: &Path,
    branch: &str,
    title: &str,
    body: &str,
    edits: &[(PathBuf, String)],
) -> anyhow::Result<()> {
    let root = load::repository(directory).ok_or_else(|| {
        anyhow!(
            "{} is in no git repository, so there is nothing to open a pull request in",
            directory.display()
        )
    })?;
    let remote = git(&root, &["remote", "get-url", "origin"])
        .context("a pull request needs a remote named `origin`")?;
    let base = git(&root, &["symbolic-ref", "--short", "HEAD"])
        .context("a pull request needs a branch to go into; check one out")?;
    let scratch = tempfile::Builder::new().prefix("abide-branch-").tempdir()?;
    let tree = scratch.path().join("tree");
    let place = tree.display().to_string();
    git(
        &root,
        &["worktree", "add", "--quiet", "-b", branch, &place, "HEAD"],
    )
    .with_context(|| {
        format!("cannot make the branch {branch}: the same remedy may be open already")
    })?;
    let done = commit(&root, &tree, (title, body), edits).and_then(|()| {
        // From the repository itself: a remote may be a path relative to it.
        let to = format!("refs/heads/{branch}:refs/heads/{branch}");
        git(&root, &["push", "--quiet", "origin", &to]).context("cannot push the branch")
    });
    // The branch stays where it was pushed from; the folder goes either way.
    let _ = git(&root, &["worktree", "remove", "--force", &place]);
    if let Err(error) = done {
        let _ = git(&root, &["branch", "-D", branch]);
        return Err(error);
    }
    let pull = PullRequest {
        remote: &remote,
        branch,
        base: &base,
        title,
        body,
    };
    let address = ByHand.open(&pull)?;
    terminal::say(&[format!("pushed {branch}; open the pull request: {address}")])?;
    Ok(())
}

fn commit(
    root: &Path,
    tree: &Path,
    (title, body): (&str, &str),
    edits: &[(PathBuf, String)],
) -> anyhow::Result<()> {
    for (path, text) in edits {
        let below = path.strip_prefix(root).map_err(|_| {
            anyhow!(
                "{} is outside of the repository {}",
                path.display(),
                root.display()
            )
        })?;
        fs::write(tree.join(below), text).with_context(|| below.display().to_string())?;
        let below = below.display().to_string();
        git(tree, &["add", "--", &below])?;
    }
    let message = format!("{title}\n\n{body}");
    // A revert has no edits: its commit carries what is to be approved.
    let message_file = tree.with_file_name("message");
    fs::write(&message_file, message)?;
    let message_file = message_file.display().to_string();
    let commit = [
        "commit",
        "--quiet",
        "--allow-empty",
        "--cleanup=verbatim",
        "-F",
        &message_file,
    ];
    git(tree, &commit)?;
    Ok(())
}

/// The branch is made of what is committed: an edit of something else would lose what is not.
pub(super) fn refuse_uncommitted(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let name = path.display().to_string();
    let status = git(folder, &["status", "--porcelain", "--ignored", "--", &name])?;
    match status.is_empty() || !path.exists() {
        true => Ok(()),
        false => bail!(
            "{} has uncommitted changes; commit or stash them",
            path.display()
        ),
    }
}

/// Runs git, without hooks and programs that a repository may name.
fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("git {}: {}", arguments.join(" "), errors.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Browsers and hosts take no longer addresses.
const LONGEST: usize = 6_000;

/// Where a person opens it, filled in, at the hosts whose addresses are known.
fn form(pull: &PullRequest<'_>) -> Option<String> {
    let PullRequest { base, branch, .. } = pull;
    let rest = pull
        .remote
        .strip_prefix("https://")
        .or_else(|| pull.remote.strip_prefix("ssh://git@"))
        .or_else(|| pull.remote.strip_prefix("git@"))?;
    // No credentials of the remote in what is printed.
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.strip_suffix(".git").unwrap_or(rest);
    let (host, path) = rest.split_once([':', '/'])?;
    let path = path.trim_start_matches('/');
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (address, title, body) = match host.contains("gitlab") {
        true => (
            format!(
                "https://{host}/{path}/-/merge_requests/new?merge_request%5Bsource_branch%5D={branch}&merge_request%5Btarget_branch%5D={base}"
            ),
            "merge_request%5Btitle%5D",
            "merge_request%5Bdescription%5D",
        ),
        false => (
            format!("https://{host}/{path}/compare/{base}...{branch}?expand=1"),
            "title",
            "body",
        ),
    };
    let titled = format!("{address}&{title}={}", encoded(pull.title));
    let whole = format!("{titled}&{body}={}", encoded(pull.body));
    // The text is in the commit all the same.
    Some(if whole.len() > LONGEST { titled } else { whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_of(remote: &str, body: &str) -> Option<String> {
        form(&PullRequest {
            remote,
            branch: "abide/x",
            base: "main",
            title: "Revert a&b",
            body,
        })
    }

    #[test]
    fn forms_are_where_people_open_them_and_hold_no_credentials() {
        let github = "https://github.com/northbank/infra/compare/main...abide/x?expand=1&title=Revert%20a%26b&body=c";
        for remote in [
            "https://github.com/northbank/infra.git",
            "git@github.com:northbank/infra.git",
            "https://user:secret@github.com/northbank/infra",
            "ssh://git@github.com/northbank/infra.git",
        ] {
            assert_eq!(form_of(remote, "c").as_deref(), Some(github), "{remote}");
        }
        let gitlab = form_of("git@gitlab.example.com:a/b/c.git", "c").unwrap();
        assert!(gitlab.starts_with("https://gitlab.example.com/a/b/c/-/merge_requests/new?"));
        let long = form_of("git@github.com:a/b.git", &"x".repeat(10_000)).unwrap();
        assert!(long.ends_with("Revert%20a%26b"), "{long}");
        assert_eq!(form_of("/srv/git/infra.git", "c"), None);
    }
}
