//! Writes reports: to standard output, to files, to GitHub's files.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use abide_report::{Format, Report, github, render};
use anyhow::Context;

/// Prints a report to standard output.
pub(crate) fn print(format: Format, report: &Report<'_>) -> anyhow::Result<()> {
    render(format, report, &mut io::stdout().lock())?;
    Ok(())
}

/// Prints plain text to standard output.
pub(crate) fn print_text(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes a report to a file, whole or not at all.
pub(crate) fn write(format: Format, report: &Report<'_>, path: &Path) -> anyhow::Result<()> {
    whole(path, |file| render(format, report, file))
}

/// Writes a text to a file, whole or not at all.
pub(crate) fn write_text(text: &str, path: &Path) -> anyhow::Result<()> {
    whole(path, |file| file.write_all(text.as_bytes()))
}

/// Writes bytes to a file, whole or not at all.
pub(crate) fn write_bytes(bytes: &[u8], path: &Path) -> anyhow::Result<()> {
    whole(path, |file| file.write_all(bytes))
}

/// Writes bytes that may hold secrets: only this user may read the file.
pub(crate) fn write_private(bytes: &[u8], path: &Path) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", path.display());
    if path.exists() && !path.is_file() {
        return write_bytes(bytes, path);
    }
    let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(context)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(context)?;
    file.write_all(bytes).with_context(context)?;
    file.persist(path).with_context(context)?;
    Ok(())
}

fn whole(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let context = || format!("cannot write {}", path.display());
    // Something that is no file (a pipe, /dev/stdout) cannot be replaced.
    if path.exists() && !path.is_file() {
        let mut file = BufWriter::new(
            OpenOptions::new()
                .write(true)
                .open(path)
                .with_context(context)?,
        );
        fill(&mut file)
            .and_then(|()| file.flush())
            .with_context(context)?;
        return Ok(());
    }
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder).with_context(context)?;
    }
    let mut name = path.file_name().with_context(context)?.to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|file| {
        let mut file = BufWriter::new(file);
        fill(&mut file)?;
        file.flush()
    });
    let moved = written.and_then(|()| fs::rename(&temporary, path));
    if moved.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    moved.with_context(context)
}

/// Appends step outputs and the job summary to the files GitHub names, if it does.
pub(crate) fn github_files(report: &Report<'_>) -> anyhow::Result<()> {
    append("GITHUB_OUTPUT", &github::outputs(report))?;
    append("GITHUB_STEP_SUMMARY", &github::step_summary(report))
}

/// Appends to the file a variable names, if it is set.
pub(crate) fn append(variable: &str, text: &str) -> anyhow::Result<()> {
    let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let context = || format!("cannot write the file that {variable} names");
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .with_context(context)?;
    file.write_all(text.as_bytes()).with_context(context)
}
