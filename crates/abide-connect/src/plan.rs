//! One plan of one directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{Cancel, Run, Step};
use crate::{ConnectError, Environment, Tool};

/// What is planned, and how.
#[derive(Debug)]
pub struct Planning<'a> {
    /// Who plans.
    pub tool: &'a Tool,
    /// The root module.
    pub directory: &'a Path,
    /// Where Terraform keeps modules, providers and the backend's settings for this target.
    pub data: &'a Path,
    /// The workspace; `None` for the one that is selected.
    pub workspace: Option<&'a str>,
    /// Files of variables.
    pub var_files: &'a [PathBuf],
    /// `key=value` or files for `init -backend-config`.
    pub backend: &'a [String],
    /// Whether to look at the cloud at all.
    pub refresh: bool,
    /// Credentials and the like.
    pub environment: &'a Environment,
    /// For all steps together.
    pub limit: Duration,
    /// To stop early.
    pub cancel: &'a Cancel,
}

/// A plan in JSON; its file goes when this does.
#[derive(Debug)]
pub struct Planned {
    _scratch: TempDir,
    /// `terraform show -json` of it.
    pub json: PathBuf,
    /// How long each step took.
    pub steps: Vec<(Step, Duration)>,
}

/// Initialises and plans. The state is read without a lock and never written; the lock file of
/// providers is left as it is.
///
/// # Errors
/// If a step fails, takes too long or is cancelled.
pub fn plan(
    planning: &Planning<'_>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Planned, ConnectError> {
    if !planning.directory.is_dir() {
        return Err(ConnectError::NoDirectory(
            planning.directory.display().to_string(),
        ));
    }
    let io = |what: &str| {
        let what = what.to_owned();
        move |source| ConnectError::Io { what, source }
    };
    // Plans hold secrets: nobody else may read the folder.
    let scratch = tempfile::Builder::new()
        .prefix("abide-plan-")
        .tempdir()
        .map_err(io("making a folder for the plan"))?;
    let mut environment = planning.environment.clone();
    environment.set("TF_DATA_DIR", planning.data);
    if let Some(workspace) = planning.workspace {
        environment.set("TF_WORKSPACE", workspace);
    }
    let run = Run {
        program: &planning.tool.program,
        name: planning.tool.flavour.as_str(),
        directory: planning.directory,
        environment: &environment,
        until: Instant::now() + planning.limit,
        limit: planning.limit,
        cancel: planning.cancel,
        progress,
    };
    let mut steps = Vec::new();
    let mut timed = |step, arguments: &[&str]| {
        let begun = Instant::now();
        let answer = run.step(step, arguments);
        steps.push((step, begun.elapsed()));
        answer
    };
    let lock = LockFile::of(planning.directory);
    let init = init_arguments(planning, &lock);
    timed(
        Step::Init,
        &init.iter().map(String::as_str).collect::<Vec<_>>(),
    )?;
    let file = scratch.path().join("plan");
    let plan = plan_arguments(planning, &file);
    timed(
        Step::Plan,
        &plan.iter().map(String::as_str).collect::<Vec<_>>(),
    )?;
    let shown = timed(Step::Show, &["-json", "-no-color", &file.to_string_lossy()])?;
    // The plan needs it, whoever made it.
    drop(lock);
    let json = scratch.path().join("plan.json");
    fs::write(&json, shown).map_err(io("writing the plan"))?;
    Ok(Planned {
        _scratch: scratch,
        json,
        steps,
    })
}

fn init_arguments(planning: &Planning<'_>, lock: &LockFile) -> Vec<String> {
    let mut arguments = vec!["-input=false".to_owned(), "-no-color".to_owned()];
    if lock.was_there {
        arguments.push("-lockfile=readonly".to_owned());
    }
    if !planning.backend.is_empty() {
        arguments.push("-reconfigure".to_owned());
    }
    let backend = planning.backend.iter();
    arguments.extend(backend.map(|setting| format!("-backend-config={setting}")));
    arguments
}

fn plan_arguments(planning: &Planning<'_>, file: &Path) -> Vec<String> {
    let mut arguments = vec![
        "-input=false".to_owned(),
        "-no-color".to_owned(),
        "-lock=false".to_owned(),
        format!("-out={}", file.display()),
    ];
    if !planning.refresh {
        arguments.push("-refresh=false".to_owned());
    }
    let files = planning.var_files.iter();
    arguments.extend(files.map(|file| format!("-var-file={}", file.display())));
    arguments
}

/// The lock file of providers; one that `init` made is taken away again.
struct LockFile {
    path: PathBuf,
    was_there: bool,
}

impl LockFile {
    fn of(directory: &Path) -> Self {
        let path = directory.join(".terraform.lock.hcl");
        Self {
            was_there: path.exists(),
            path,
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Two targets of one directory may both have found none.
        if !self.was_there {
            let _ = fs::remove_file(&self.path);
        }
    }
}
