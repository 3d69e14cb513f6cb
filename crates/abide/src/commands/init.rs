//! `abide init`: sets a repository up, and leaves alone what is there.

mod files;
mod list;
mod survey;
mod targets;
mod tree;
mod write;

use std::path::{Path, PathBuf};

use self::list::Change;
use self::survey::Survey;
use self::write::{Action, Found, Step};
use crate::cli::{Ci, InitArgs};
use crate::{output, terminal};

/// How files of ours begin.
const MARKER: &str = "# Written by `abide init`";

pub(crate) fn run(args: &InitArgs) -> anyhow::Result<u8> {
    let survey = Survey::new(args)?;
    let steps = steps(&survey, args.force)?;
    let mut out = String::new();
    if args.dry_run {
        out.extend(steps.iter().map(Step::diff));
    } else {
        for step in &steps {
            step.apply()?;
        }
    }
    for step in &steps {
        out.push_str(&line(step, &survey, args.dry_run));
    }
    for note in &survey.notes {
        out.push_str(&format!("note: {note}\n"));
    }
    let is_written = |step: &Step| matches!(step.action, Action::Write { .. });
    if steps.iter().all(|step| matches!(step.action, Action::Same)) {
        out.push_str("nothing to do: all is set up\n");
    } else if !steps.iter().any(is_written) {
        out.push_str("nothing was changed\n");
    }
    out.push_str(&next(&survey));
    output::print_text(&terminal::visible(&out))?;
    Ok(0)
}

fn steps(survey: &Survey, force: bool) -> anyhow::Result<Vec<Step>> {
    let step = |wanted| Step::of(wanted, &survey.base, survey.upper(), force);
    let mut steps: Vec<Step> = files::own(survey)
        .into_iter()
        .map(step)
        .collect::<Result<_, _>>()?;
    if let Some(wanted) = files::ci(survey) {
        let foreign = survey::foreign_workflow(survey.upper()).filter(|_| survey.ci == Ci::Github);
        match foreign {
            Some(path) => steps.push(Step {
                path,
                action: Action::leave("it runs abide already, so that no other workflow is needed"),
            }),
            None => steps.push(step(wanted)?),
        }
    }
    if survey.ci == Ci::Gitlab {
        steps.push(gitlab_root(survey, force)?);
    }
    if let Some(top) = &survey.top {
        steps.push(hook(&top.join(".pre-commit-config.yaml"), &survey.prefix)?);
    }
    Ok(steps)
}

/// Of a `.gitlab-ci.yml` that somebody wrote only they know what the include does to it.
fn gitlab_root(survey: &Survey, force: bool) -> anyhow::Result<Step> {
    let wanted = files::gitlab_root(survey);
    let path = survey.upper().join(&wanted.path);
    let file = files::gitlab_path(survey);
    match write::read(&path)? {
        Found::Text(text) if text.contains(&file) => Ok(Step {
            path,
            action: Action::Same,
        }),
        Found::Text(_) => Ok(Step {
            path,
            action: Action::Leave {
                why: "somebody wrote it; if it has `stages`, let `test` be one of them".to_owned(),
                add: Some(format!("include:\n  - local: /{file}\n")),
            },
        }),
        _ => Step::of(wanted, &survey.base, survey.upper(), force),
    }
}

fn hook(path: &Path, prefix: &str) -> anyhow::Result<Step> {
    let action = match write::read(path)? {
        Found::Nothing => Action::Write {
            before: None,
            text: format!("{MARKER}.\nrepos:\n{}", list::entry(prefix, 2)),
        },
        Found::Other(what) => by_hand(what, prefix),
        Found::Text(text) => match list::with_hook(&text, prefix) {
            Change::Same => Action::Same,
            Change::Text(new) => Action::Write {
                before: Some(text),
                text: new,
            },
            Change::Unsafe(why) => by_hand(&why, prefix),
        },
    };
    Ok(Step {
        path: path.to_owned(),
        action,
    })
}

fn by_hand(why: &str, prefix: &str) -> Action {
    Action::Leave {
        why: format!("it cannot be edited safely: {why}"),
        add: Some(format!("repos:\n{}", list::entry(prefix, 2))),
    }
}

fn line(step: &Step, survey: &Survey, is_dry: bool) -> String {
    let word = match &step.action {
        Action::Write { before: None, .. } if is_dry => "would write",
        Action::Write { .. } if is_dry => "would change",
        Action::Write { before: None, .. } => "wrote",
        Action::Write { .. } => "changed",
        Action::Same => "unchanged",
        Action::Leave { .. } => "left",
    };
    let mut out = format!("{word} {}", place(&step.path));
    match &step.action {
        Action::Write { .. } if step.path == survey.base.join("abide.toml") => {
            out.push_str(&format!(" ({})", targets(survey)));
        }
        Action::Leave { why, .. } => out.push_str(&format!(": {why}")),
        _ => {}
    }
    out.push('\n');
    if let Action::Leave { add: Some(add), .. } = &step.action {
        out.push_str("  add by hand:\n");
        out.extend(add.lines().map(|line| format!("    {line}\n")));
    }
    out
}

fn targets(survey: &Survey) -> String {
    let names: Vec<&str> = survey
        .targets
        .iter()
        .map(|target| target.name.as_str())
        .collect();
    let s = if names.len() == 1 { "" } else { "s" };
    format!("{} target{s}: {}", names.len(), names.join(", "))
}

/// What to do next, in the folder.
fn next(survey: &Survey) -> String {
    let here = std::env::current_dir().and_then(std::fs::canonicalize);
    let place = match here.is_ok_and(|here| here == survey.base) {
        true => String::new(),
        false => format!(" (in {})", place(&survey.base)),
    };
    let first = survey.targets.first();
    let directory = first.map_or("", |target| target.directory.as_str());
    let directory = if directory.is_empty() { "." } else { directory };
    let files = first.map_or(&[][..], |target| target.var_files.as_slice());
    let files: String = files
        .iter()
        .map(|file| format!(" --var-file {file}"))
        .collect();
    let second = match survey.tools.is_empty() {
        true => format!("abide baseline create {directory}{files}"),
        false => "abide exception import . --output .abide/exceptions.yaml".to_owned(),
    };
    let name = first.map_or("", |target| target.name.as_str());
    format!("\nNext{place}:\n  abide scan {directory}{files}\n  {second}\n  abide drift {name}\n")
}

/// A path as seen from the current folder.
fn place(path: &Path) -> String {
    let here = std::env::current_dir()
        .and_then(std::fs::canonicalize)
        .unwrap_or_default();
    let common = here
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    let mut seen: PathBuf = here.components().skip(common).map(|_| "..").collect();
    seen.extend(path.components().skip(common));
    seen.display().to_string()
}
