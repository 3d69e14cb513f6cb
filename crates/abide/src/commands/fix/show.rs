//! Prints fixes: the difference on standard output, the summary on standard error.

use std::env;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};

use abide_core::finding::Finding;
use abide_fix::{Edit, FileFix, Fixes};
use serde::Serialize;
use similar::TextDiff;

use crate::cli::{FixArgs, FixFormat};
use crate::output;
use crate::pipeline::Chosen;
use crate::terminal::visible;

#[derive(Serialize)]
struct Json<'a> {
    written: bool,
    fixed: Vec<Entry<'a>>,
    remaining: Vec<Entry<'a>>,
    files: Vec<JsonFile<'a>>,
    not_read: &'a [String],
}

#[derive(Serialize)]
struct Entry<'a> {
    policy: &'a str,
    address: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonFile<'a> {
    file: String,
    edits: &'a [Edit],
}

pub(crate) fn print(
    args: &FixArgs,
    chosen: &Chosen,
    fixes: &Fixes,
    not_read: &[String],
) -> anyhow::Result<()> {
    match args.format {
        FixFormat::Json => json(args, chosen, fixes, not_read),
        // Reports are made by `report`.
        FixFormat::Human | FixFormat::Markdown | FixFormat::Sarif => {
            human(args, chosen, fixes, not_read)
        }
    }
}

fn id<'c>(chosen: &'c Chosen, finding: &Finding) -> &'c str {
    chosen
        .set
        .policies
        .get(finding.policy as usize)
        .map_or("", |compiled| compiled.policy.id.as_str())
}

/// The file's path as seen from where the command runs.
fn path(args: &FixArgs, file: &FileFix) -> String {
    let joined = args.dir().join(&file.name);
    let here = env::current_dir().and_then(fs::canonicalize);
    // A module beside the root module has an absolute name.
    let below = here.ok().and_then(|here| joined.strip_prefix(here).ok());
    let shown = below
        .or_else(|| joined.strip_prefix(".").ok())
        .unwrap_or(&joined);
    shown.display().to_string()
}

fn json(args: &FixArgs, chosen: &Chosen, fixes: &Fixes, not_read: &[String]) -> anyhow::Result<()> {
    let fixed = fixes.fixed.iter().map(|finding| Entry {
        policy: id(chosen, finding),
        address: finding.resource_address.as_str(),
        message: &finding.message,
        why: None,
        remediation: None,
    });
    let remaining = fixes.left.iter().map(|left| Entry {
        policy: id(chosen, &left.finding),
        address: left.finding.resource_address.as_str(),
        message: &left.finding.message,
        why: Some(&left.why),
        remediation: Some(&left.finding.remediation),
    });
    let files = fixes.files.iter().map(|file| JsonFile {
        file: path(args, file),
        edits: &file.edits,
    });
    let json = Json {
        written: args.write,
        fixed: fixed.collect(),
        remaining: remaining.collect(),
        files: files.collect(),
        not_read,
    };
    output::print_text(&serde_json::to_string_pretty(&json)?)
}

fn human(
    args: &FixArgs,
    chosen: &Chosen,
    fixes: &Fixes,
    not_read: &[String],
) -> anyhow::Result<()> {
    if !args.write {
        let mut out = io::stdout().lock();
        let terminal = out.is_terminal();
        for file in &fixes.files {
            let text = diff(&path(args, file), file);
            // `git apply` wants the bytes, a terminal must not obey them.
            let text = if terminal {
                visible(&text.replace("\r\n", "\n"))
            } else {
                text
            };
            out.write_all(text.as_bytes())?;
        }
    }
    let mut err = io::stderr().lock();
    let verb = if args.write { "fixed" } else { "can fix" };
    for finding in &fixes.fixed {
        line(&mut err, &format!("{verb} {}", name(chosen, finding)))?;
    }
    for left in &fixes.left {
        line(&mut err, &format!("left {}", name(chosen, &left.finding)))?;
        line(&mut err, &format!("  why: {}", left.why))?;
        if !left.finding.remediation.is_empty() {
            line(
                &mut err,
                &format!("  by hand: {}", left.finding.remediation),
            )?;
        }
    }
    for place in not_read {
        line(&mut err, &format!("not read: {place}"))?;
    }
    let (fixed, left) = (fixes.fixed.len(), fixes.left.len());
    let hint = match (args.write, fixes.files.is_empty()) {
        (false, false) => "; `--write` writes the edits",
        _ => "",
    };
    let files = fixes.files.len();
    line(
        &mut err,
        &format!("{verb} {fixed} of {} in {files} files{hint}", fixed + left),
    )
}

fn name(chosen: &Chosen, finding: &Finding) -> String {
    let address = finding.resource_address.as_str();
    format!("{} {address}: {}", id(chosen, finding), finding.message)
}

fn line(err: &mut impl io::Write, text: &str) -> anyhow::Result<()> {
    writeln!(err, "{}", visible(text))?;
    Ok(())
}

pub(crate) fn diff(path: &str, file: &FileFix) -> String {
    let diff = TextDiff::from_lines(&file.before, &file.after);
    let mut unified = diff.unified_diff();
    let (old, new) = (format!("a/{path}"), format!("b/{path}"));
    unified.context_radius(3).header(&old, &new).to_string()
}
