//! Writes edited files: each whole or not at all, and none over work that git does not have.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use abide_fix::FileFix;
use anyhow::{Context, bail};
use tempfile::NamedTempFile;

/// Writes all files, or none if one may not be written.
pub(crate) fn all(root: &Path, files: &[FileFix], allow_dirty: bool) -> anyhow::Result<()> {
    let mut ready = Vec::new();
    for file in files {
        // Through a link to the file itself: the link stays.
        let path = root
            .join(&file.name)
            .canonicalize()
            .with_context(|| format!("cannot write {}", file.name))?;
        if !allow_dirty {
            refuse_dirty(&path)?;
        }
        ready.push((prepare(&path, file)?, path));
    }
    for (temporary, path) in ready {
        temporary
            .persist(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The new text in a file beside the old one, with its permissions.
fn prepare(path: &Path, file: &FileFix) -> anyhow::Result<NamedTempFile> {
    let context = || format!("cannot write {}", path.display());
    let now = fs::read(path).with_context(context)?;
    if now != file.before.as_bytes() {
        bail!(
            "{} was changed while it was being fixed; run `abide fix` again",
            path.display()
        );
    }
    let folder: PathBuf = path.parent().with_context(context)?.to_owned();
    let mut temporary = NamedTempFile::new_in(folder).with_context(context)?;
    temporary
        .write_all(file.after.as_bytes())
        .with_context(context)?;
    let permissions = fs::metadata(path).with_context(context)?.permissions();
    temporary
        .as_file()
        .set_permissions(permissions)
        .with_context(context)?;
    temporary.as_file().sync_all().with_context(context)?;
    Ok(temporary)
}

/// What git does not have cannot be brought back, so it is not written over unasked.
fn refuse_dirty(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(path);
    // A repository could name a program to run here.
    let status = Command::new("git")
        .args(["-c", "core.fsmonitor=false", "status", "--porcelain"])
        .args(["--ignored", "--"])
        .arg(path)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    match status {
        Ok(output) if output.status.success() && output.stdout.is_empty() => Ok(()),
        Ok(output) if output.status.success() => bail!(
            "{} has uncommitted changes; commit or stash them, or add --allow-dirty",
            path.display()
        ),
        _ => bail!(
            "{} is not in a git repository, so the edit could not be undone; add --allow-dirty to write it all the same",
            path.display()
        ),
    }
}
