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

/// A plan, or a state, in JSON; its file goes when this does.
#[derive(Debug)]
pub struct Planned {
    _scratch: TempDir,
    /// `terraform show -json` of it.
    pub json: PathBuf,
    /// The plan as Terraform saved it; of a state there is none.
    pub file: PathBuf,
    /// How long each step took.
    pub steps: Vec<(Step, Duration)>,
}

impl Planning<'_> {
    pub(crate) fn environment(&self) -> Environment {
        let mut environment = self.environment.clone();
        environment.set("TF_DATA_DIR", self.data);
        if let Some(workspace) = self.workspace {
            environment.set("TF_WORKSPACE", workspace);
        }
        environment
    }

    pub(crate) fn run<'r>(
        &'r self,
        environment: &'r Environment,
        progress: &'r (dyn Fn(&str) + Sync),
    ) -> Run<'r> {
        Run {
            program: &self.tool.program,
            name: self.tool.flavour.as_str(),
            directory: self.directory,
            environment,
            until: Instant::now() + self.limit,
            limit: self.limit,
            cancel: self.cancel,
            progress,
        }
    }
}

/// A folder for plans, which hold secrets: nobody else may read it.
pub(crate) fn private_folder() -> Result<TempDir, ConnectError> {
    let made = tempfile::Builder::new().prefix("abide-plan-").tempdir();
    made.map_err(|source| ConnectError::Io {
        what: "making a folder for the plan".to_owned(),
        source,
    })
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
    plan_with(planning, &[], progress)
}

/// Plans these addresses alone and what they need (`-target`).
///
/// # Errors
/// As [`plan`].
pub fn plan_only(
    planning: &Planning<'_>,
    addresses: &[String],
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Planned, ConnectError> {
    let targets = addresses.iter().map(|address| format!("-target={address}"));
    plan_with(planning, &targets.collect::<Vec<_>>(), progress)
}

/// Plans `import` blocks that have no configuration yet: it is written to `file`, also if the
/// plan then fails. `planning.directory` must be a scratch folder.
///
/// # Errors
/// As [`plan`].
pub fn import(
    planning: &Planning<'_>,
    file: &Path,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Planned, ConnectError> {
    let generate = format!("-generate-config-out={}", file.display());
    plan_with(planning, &[generate], progress)
}

/// The same with values of variables, which win over those of files (`-var`).
///
/// # Errors
/// As [`plan`].
pub fn plan_with_variables(
    planning: &Planning<'_>,
    variables: &[(String, String)],
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Planned, ConnectError> {
    let variables = variables.iter();
    let variables = variables.map(|(name, value)| format!("-var={name}={value}"));
    plan_with(planning, &variables.collect::<Vec<_>>(), progress)
}

/// Initialises only: fetches modules, and finds out what is missing.
///
/// # Errors
/// As [`plan`].
pub fn init(planning: &Planning<'_>, progress: &(dyn Fn(&str) + Sync)) -> Result<(), ConnectError> {
    check_directory(planning)?;
    let environment = planning.environment();
    let lock = LockFile::of(planning.directory);
    let arguments = init_arguments(planning, &lock);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = planning.run(&environment, progress);
    run.step(Step::Init, &arguments).map(|_| ())
}

fn check_directory(planning: &Planning<'_>) -> Result<(), ConnectError> {
    match planning.directory.is_dir() {
        true => Ok(()),
        false => Err(ConnectError::NoDirectory(
            planning.directory.display().to_string(),
        )),
    }
}

fn plan_with(
    planning: &Planning<'_>,
    further: &[String],
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Planned, ConnectError> {
    steps(planning, Some(further), progress)
}

/// `init`, `plan` if there are arguments for it, and `show`.
fn steps(
    planning: &Planning<'_>,
    further: Option<&[String]>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Planned, ConnectError> {
    check_directory(planning)?;
    let io = |what: &str| {
        let what = what.to_owned();
        move |source| ConnectError::Io { what, source }
    };
    let scratch = private_folder()?;
    let environment = planning.environment();
    let run = planning.run(&environment, progress);
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
    let mut show = vec!["-json".to_owned(), "-no-color".to_owned()];
    if let Some(further) = further {
        let mut plan = plan_arguments(planning, &file);
        plan.extend_from_slice(further);
        timed(
            Step::Plan,
            &plan.iter().map(String::as_str).collect::<Vec<_>>(),
        )?;
        show.push(file.display().to_string());
    }
    let shown = timed(
        Step::Show,
        &show.iter().map(String::as_str).collect::<Vec<_>>(),
    )?;
    // The steps need it, whoever made it.
    drop(lock);
    let json = scratch.path().join("plan.json");
    fs::write(&json, shown).map_err(io("writing what was shown"))?;
    Ok(Planned {
        _scratch: scratch,
        json,
        file,
        steps,
    })
}

pub(crate) fn init_arguments(planning: &Planning<'_>, lock: &LockFile) -> Vec<String> {
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
pub(crate) struct LockFile {
    path: PathBuf,
    was_there: bool,
}

impl LockFile {
    pub(crate) fn of(directory: &Path) -> Self {
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
