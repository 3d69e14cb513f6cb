//! What git is about to commit: the directories it touches, and their files as they are staged.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use abide_hcl::{is_source, is_variables};
use anyhow::{Context, bail};

use crate::cli::Overlay;

/// The staged part of a repository.
pub(crate) struct Staged {
    /// Directories with a staged change of Terraform files, as seen from here.
    pub(crate) directories: Vec<PathBuf>,
    /// The index in place of the working tree.
    pub(crate) overlay: Overlay,
}

impl Staged {
    /// Asks git about the repository we are in.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let top = git(&["rev-parse", "--show-toplevel"])?;
        let top = PathBuf::from(
            String::from_utf8(top)
                .context("git names no UTF-8 path")?
                .trim(),
        )
        .canonicalize()
        .context("cannot read the top of the repository")?;
        let diff = ["diff", "--name-only", "-z", "--no-relative", "--no-renames"];
        let changed = names(&[&diff[..], &["--cached"]].concat())?;
        let directories: BTreeSet<&Path> = changed
            .iter()
            .filter(|name| is_source(name) || is_variables(name))
            .filter_map(|name| Path::new(name).parent())
            .collect();
        if directories.is_empty() {
            return Ok(Self {
                directories: Vec::new(),
                overlay: Overlay::default(),
            });
        }
        let tracked = names(&["ls-files", "-z", "--full-name", ":/"])?;
        // Values alone are no module, and a module may be deleted as a whole.
        let modules: BTreeSet<&Path> = tracked
            .iter()
            .filter(|name| is_source(name))
            .filter_map(|name| Path::new(name).parent())
            .collect();
        let directories = directories.intersection(&modules);
        Ok(Self {
            directories: directories.map(|dir| from_here(&top.join(dir))).collect(),
            overlay: overlay(&top, &diff)?,
        })
    }
}

/// Index texts of files that differ in the working tree; files git does not know are not meant.
/// Ignored files stay: modules that are downloaded are among them.
fn overlay(top: &Path, diff: &[&str]) -> anyhow::Result<Overlay> {
    let mut overlay = Overlay::default();
    for name in names(&[diff, &["--ignore-submodules"]].concat())? {
        let blob = git(&["cat-file", "blob", &format!(":{name}")])
            .with_context(|| format!("cannot read the staged {name}; is it in conflict?"))?;
        // No module reads a file that is not text but by its path.
        if let Ok(text) = String::from_utf8(blob) {
            overlay.texts.insert(top.join(name), text);
        }
    }
    let others = ["ls-files", "-z", "--others", "--exclude-standard"];
    let unknown = names(&[&others[..], &["--full-name", ":/"]].concat())?;
    overlay.hidden = unknown.into_iter().map(|name| top.join(name)).collect();
    Ok(overlay)
}

/// The path below the current folder, if it is there.
fn from_here(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    match here.ok().and_then(|here| path.strip_prefix(here).ok()) {
        Some(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Some(below) => below.to_owned(),
        None => path.to_owned(),
    }
}

fn names(arguments: &[&str]) -> anyhow::Result<Vec<String>> {
    let output = String::from_utf8(git(arguments)?)
        .context("git names a file whose path is not UTF-8; abide cannot judge it, rename it")?;
    let names = output.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

fn git(arguments: &[impl AsRef<OsStr>]) -> anyhow::Result<Vec<u8>> {
    // A repository could name a program to run here.
    let output = Command::new("git")
        .args(["-c", "core.fsmonitor=false"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("cannot run git, which --staged needs; install it or name a directory")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!(
            "git cannot say what is staged: {}\n  run this inside a repository, or name a directory to scan",
            reason.trim()
        );
    }
    Ok(output.stdout)
}
