//! What there is: the repository, its CI, other tools, root modules.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::targets::{Target, targets};
use super::tree::{Tree, is_plain};
use super::{MARKER, place};
use crate::cli::{Ci, InitArgs};

/// What init writes for.
pub(super) struct Survey {
    /// The folder of `abide.toml`, canonical.
    pub(super) base: PathBuf,
    /// The top of the repository, if it is in one.
    pub(super) top: Option<PathBuf>,
    /// The folder seen from the top; empty for the top itself.
    pub(super) prefix: String,
    pub(super) ci: Ci,
    pub(super) targets: Vec<Target>,
    /// Files and comments of other tools.
    pub(super) tools: Vec<String>,
    /// What people should know.
    pub(super) notes: Vec<String>,
}

/// Where other tools are told what to do; the first three say what to pass over.
const TOOLS: [&str; 12] = [
    ".checkov.baseline",
    ".trivyignore",
    ".trivyignore.yaml",
    ".checkov.yaml",
    ".checkov.yml",
    ".tfsec",
    ".tfsec.yml",
    "tfsec.yml",
    "trivy.yaml",
    "trivy.yml",
    ".trivyignore.yml",
    ".snyk",
];

impl Survey {
    pub(super) fn new(args: &InitArgs) -> anyhow::Result<Self> {
        let dir = &args.dir;
        let base =
            fs::canonicalize(dir).with_context(|| format!("cannot read {}", dir.display()))?;
        if !base.is_dir() {
            bail!(
                "{} is no folder: name the one that is to get abide.toml",
                dir.display()
            );
        }
        let mut tree = Tree::read(&base)?;
        let own = base
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("main");
        let targets = targets(&mut tree, own);
        if targets.is_empty() {
            bail!("{}", nothing(dir, &tree.notes));
        }
        let top = base.ancestors().find(|dir| dir.join(".git").exists());
        let top = top.map(Path::to_owned);
        let prefix = prefix(&base, top.as_deref())?;
        let mut survey = Self {
            ci: args.ci.unwrap_or(Ci::None),
            tools: tools(&base, top.as_deref(), &tree),
            base,
            top,
            prefix,
            targets,
            notes: tree.notes,
        };
        if args.ci.is_none() {
            survey.detect_ci();
        }
        survey.look_around();
        Ok(survey)
    }

    /// Where files of the whole repository go.
    pub(super) fn upper(&self) -> &Path {
        self.top.as_deref().unwrap_or(&self.base)
    }

    /// The remote has the word, then what is there already.
    fn detect_ci(&mut self) {
        let has_github = self.upper().join(".github/workflows").is_dir();
        let has_gitlab = self.upper().join(".gitlab-ci.yml").exists();
        let host = self.top.as_deref().and_then(origin).unwrap_or_default();
        self.ci = match (host.contains("github"), host.contains("gitlab")) {
            (true, false) => Ci::Github,
            (false, true) => Ci::Gitlab,
            _ => match (has_github, has_gitlab) {
                (true, false) => Ci::Github,
                (false, true) => Ci::Gitlab,
                (both, _) => {
                    let why = match both {
                        true => "there are files of GitHub and of GitLab",
                        false => "neither a remote nor a file tells which it is",
                    };
                    self.notes.push(format!(
                        "no file for CI: {why}; say --ci github or --ci gitlab"
                    ));
                    Ci::None
                }
            },
        };
    }

    fn look_around(&mut self) {
        let mut notes = Vec::new();
        let above = self.base.ancestors().skip(1);
        if let Some(outer) = above
            .map(|dir| dir.join("abide.toml"))
            .find(|path| path.is_file())
        {
            notes.push(format!(
                "{} does not count here any more: the nearest abide.toml does",
                place(&outer)
            ));
        }
        for name in ["atlantis.yaml", "atlantis.yml"] {
            if self.upper().join(name).exists() {
                notes.push(format!(
                    "{name}: ci/atlantis.yaml of abide has the workflow for the server's repos.yaml"
                ));
            }
        }
        if !self.tools.is_empty() {
            notes.push(format!(
                "{}: `abide exception import` takes over what other tools are told to pass over",
                self.tools.join(", ")
            ));
        }
        let asking: Vec<&str> = self
            .targets
            .iter()
            .filter(|t| t.asks_workspace)
            .map(|t| t.name.as_str())
            .collect();
        if !asking.is_empty() {
            notes.push(format!(
                "{}: terraform.workspace is used; make one target for each workspace, with `workspace`",
                asking.join(", ")
            ));
        }
        if self.top.is_none() {
            notes.push("no entry for pre-commit: this is no git repository".to_owned());
        }
        self.notes.append(&mut notes);
    }
}

fn nothing(dir: &Path, notes: &[String]) -> String {
    let mut text = format!(
        "there is no Terraform source in {} and the folders below, so nothing was written\n  name the folder that holds it, `abide init DIR`; or write the first .tf file and come again; a plan alone needs no set-up: `abide scan plan.json`",
        dir.display()
    );
    for note in notes {
        text.push_str(&format!("\n  note: {note}"));
    }
    text
}

fn prefix(base: &Path, top: Option<&Path>) -> anyhow::Result<String> {
    let below = top.and_then(|top| base.strip_prefix(top).ok());
    let prefix = below.unwrap_or(Path::new("")).to_str().unwrap_or("\n");
    if !is_plain(prefix) {
        bail!(
            "{} has blanks or signs in its path that files of CI may take for their own: run `abide init` at the top of the repository",
            base.display()
        );
    }
    Ok(prefix.to_owned())
}

/// The address of the remote `origin`, as far as it names a host.
fn origin(top: &Path) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(top)
        .args(["config", "--local", "--get", "remote.origin.url"])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let url = String::from_utf8(output.stdout).ok()?;
    host(url.trim()).map(str::to_ascii_lowercase)
}

/// The host of `https://HOST/…`, `ssh://git@HOST:22/…` and `git@HOST:…`.
fn host(url: &str) -> Option<&str> {
    let (rest, is_url) = match url.split_once("://") {
        Some((_, rest)) => (rest, true),
        None => (url, false),
    };
    let (authority, _) = match is_url {
        true => rest.split_once('/').unwrap_or((rest, "")),
        // A path on this machine has no colon.
        false => rest.split_once(':')?,
    };
    let host = authority.rsplit('@').next()?;
    Some(host.split(':').next().unwrap_or(host))
}

fn tools(base: &Path, top: Option<&Path>, tree: &Tree) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for dir in [Some(base), top.filter(|top| *top != base)]
        .into_iter()
        .flatten()
    {
        let names = TOOLS.iter().filter(|name| dir.join(name).exists());
        found.extend(names.map(|name| place(&dir.join(name))));
    }
    let hooks = base_text(top.unwrap_or(base), ".pre-commit-config.yaml");
    for tool in ["checkov", "tfsec", "trivy"] {
        if hooks
            .lines()
            .any(|line| line.contains("id:") && line.contains(tool))
        {
            found.push(format!("the hook {tool}"));
        }
    }
    found.extend(tree.tools.iter().map(|tool| format!("comments for {tool}")));
    found
}

fn base_text(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap_or_default()
}

/// A workflow of GitHub that somebody else wrote and that runs abide already.
pub(super) fn foreign_workflow(top: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(top.join(".github/workflows")).ok()?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().find(|path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        !text.starts_with(MARKER)
            && (text.contains("abide-dev/abide@") || text.contains("abide scan"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_every_kind_of_address() {
        for (url, expected) in [
            ("https://github.com/acme/infra.git", Some("github.com")),
            (
                "https://me:token@gitlab.example.com:8443/x",
                Some("gitlab.example.com"),
            ),
            ("git@github.com:acme/gitlab.git", Some("github.com")),
            ("ssh://git@gitlab.com:22/acme/github", Some("gitlab.com")),
            ("/srv/git/github", None),
            ("", None),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }
}
