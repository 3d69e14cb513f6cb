//! The branch of a remedy: made of the commit that is checked out, beside the checked-out files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, bail};

use super::super::super::look::file_name;
use crate::ci;

/// What is at `origin` after a push.
pub(super) struct Pushed {
    /// The branch it is to go into.
    pub(super) base: String,
    /// Whether it was not there before.
    pub(super) is_new: bool,
}

/// `abide/adopt-prod-1a2b3c4d`
pub(in super::super) fn name(what: &str, target: &str, digest: &str) -> String {
    let digest = digest.trim_start_matches("sha256:");
    let short = digest.get(..8).unwrap_or(digest);
    format!("abide/{what}-{}-{short}", file_name(target))
}

/// Commits the edits and pushes the commit as a branch. No branch is left here, and one that is
/// there with the same edits is left alone, whatever somebody put on top of them.
pub(super) fn push(
    root: &Path,
    branch: &str,
    message: &str,
    edits: &[(PathBuf, String)],
) -> anyhow::Result<Pushed> {
    let checked_out = git(root, &["symbolic-ref", "--quiet", "--short", "HEAD"]).ok();
    let of_ci = ci_branch(&ci::variable).filter(|_| checked_out.is_none());
    let known: Vec<&str> = [checked_out.as_deref(), of_ci.as_deref(), Some(branch)]
        .into_iter()
        .flatten()
        .collect();
    let there = Origin::ask(root, &known)?;
    let base = there.base(checked_out, of_ci)?;
    let commit = commit(root, message, edits)?;
    if let Some(before) = there.commit_of(branch) {
        let reference = format!("refs/heads/{branch}");
        git(
            root,
            &["fetch", "--quiet", "--no-tags", "origin", &reference],
        )?;
        for (path, _) in edits {
            let below = below(root, path)?.display().to_string();
            let blob = |commit: &str| git(root, &["rev-parse", &format!("{commit}:{below}")]);
            if blob(before).ok() != blob(&commit).ok() {
                bail!(
                    "{branch} is at origin already, and somebody changed {below} on it: merge or close its pull request and delete the branch, then run this again"
                );
            }
        }
        return Ok(Pushed {
            base,
            is_new: false,
        });
    }
    // From the repository itself: a remote may be a path relative to it.
    let to = format!("{commit}:refs/heads/{branch}");
    git(root, &["push", "--quiet", "origin", &to]).with_context(|| {
        format!("cannot push the branch {branch}: may the credentials of git write to origin?")
    })?;
    Ok(Pushed { base, is_new: true })
}

/// The branch that a CI job runs for; its checkout may have none.
fn ci_branch(get: ci::Get<'_>) -> Option<String> {
    let github = get("GITHUB_REF").and_then(|name| {
        let name = name.strip_prefix("refs/heads/")?;
        Some(name.to_owned())
    });
    github.or_else(|| get("CI_COMMIT_BRANCH"))
}

/// What `origin` has.
#[derive(Debug, Default, PartialEq, Eq)]
struct Origin {
    default: Option<String>,
    /// Branches and their commits.
    branches: Vec<(String, String)>,
}

impl Origin {
    fn ask(root: &Path, branches: &[&str]) -> anyhow::Result<Self> {
        let mut arguments = vec!["ls-remote", "--symref", "origin", "HEAD"];
        let names = branches.iter().map(|branch| format!("refs/heads/{branch}"));
        let names: Vec<String> = names.collect();
        arguments.extend(names.iter().map(String::as_str));
        let listed = git(root, &arguments).context("cannot ask origin for its branches")?;
        Ok(Self::read(&listed))
    }

    fn read(listed: &str) -> Self {
        let mut there = Self::default();
        for (what, name) in listed.lines().filter_map(|line| line.split_once('\t')) {
            match (what.strip_prefix("ref: refs/heads/"), name) {
                (Some(branch), "HEAD") => there.default = Some(branch.to_owned()),
                _ => {
                    if let Some(branch) = name.strip_prefix("refs/heads/") {
                        there.branches.push((branch.to_owned(), what.to_owned()));
                    }
                }
            }
        }
        there
    }

    fn commit_of(&self, branch: &str) -> Option<&str> {
        let mut branches = self.branches.iter();
        let found = branches.find(|(name, _)| name == branch);
        found.map(|(_, commit)| commit.as_str())
    }

    /// The branch that is checked out, or that the job runs for, or the default one.
    fn base(&self, checked_out: Option<String>, of_ci: Option<String>) -> anyhow::Result<String> {
        if let Some(branch) = checked_out {
            return match self.commit_of(&branch) {
                Some(_) => Ok(branch),
                None => bail!(
                    "origin has no branch `{branch}` for the pull request to go into: push it first, or check out one that it has"
                ),
            };
        }
        let of_ci = of_ci.filter(|branch| self.commit_of(branch).is_some());
        of_ci
            .or_else(|| self.default.clone())
            .ok_or_else(|| anyhow!("a pull request needs a branch to go into; check one out"))
    }
}

/// A commit with the edits on top of what is checked out, made in a folder of its own.
fn commit(root: &Path, message: &str, edits: &[(PathBuf, String)]) -> anyhow::Result<String> {
    let scratch = tempfile::Builder::new().prefix("abide-branch-").tempdir()?;
    let tree = scratch.path().join("tree");
    let place = tree.display().to_string();
    let add = ["worktree", "add", "--quiet", "--detach", &place, "HEAD"];
    git(root, &add).context("cannot check out beside the working copy")?;
    let done = commit_in(root, &tree, message, edits);
    // The folder goes either way.
    let _ = git(root, &["worktree", "remove", "--force", &place]);
    done
}

fn commit_in(
    root: &Path,
    tree: &Path,
    message: &str,
    edits: &[(PathBuf, String)],
) -> anyhow::Result<String> {
    for (path, text) in edits {
        let below = below(root, path)?;
        fs::write(tree.join(below), text).with_context(|| below.display().to_string())?;
        let below = below.display().to_string();
        git(tree, &["add", "--", &below])?;
    }
    let message_file = tree.with_file_name("message");
    fs::write(&message_file, message)?;
    let message_file = message_file.display().to_string();
    let mut arguments = Vec::new();
    if git(tree, &["var", "GIT_COMMITTER_IDENT"]).is_err() {
        // CI jobs have no name of their own.
        arguments.extend(["-c", "user.name=abide", "-c", "user.email=abide@localhost"]);
    }
    arguments.extend([
        "commit",
        "--quiet",
        "--cleanup=verbatim",
        "-F",
        &message_file,
    ]);
    git(tree, &arguments)?;
    git(tree, &["rev-parse", "HEAD"])
}

fn below<'p>(root: &Path, path: &'p Path) -> anyhow::Result<&'p Path> {
    path.strip_prefix(root).map_err(|_| {
        anyhow!(
            "{} is outside of the repository {}",
            path.display(),
            root.display()
        )
    })
}

/// The branch is made of what is committed: an edit of something else would lose what is not.
pub(in super::super) fn refuse_uncommitted(path: &Path) -> anyhow::Result<()> {
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
pub(super) fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_goes_into_is_a_branch_of_origin() {
        let there = Origin::read(
            "ref: refs/heads/trunk\tHEAD\n11\tHEAD\n11\trefs/heads/trunk\n22\trefs/heads/abide/x",
        );
        assert_eq!(there.commit_of("abide/x"), Some("22"));
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(there.base(name("trunk"), None).unwrap(), "trunk");
        assert_eq!(there.base(None, None).unwrap(), "trunk");
        assert_eq!(there.base(None, name("abide/x")).unwrap(), "abide/x");
        assert_eq!(there.base(None, name("gone")).unwrap(), "trunk");
        let error = there.base(name("mine"), None).unwrap_err().to_string();
        assert!(error.contains("push it first"), "{error}");
        assert!(Origin::default().base(None, None).is_err());
    }
}
