//! Inputs of a run: plans and states, directories of source, and the source of a plan.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use abide_core::diagnostic::{Diagnostic, Level};
use abide_core::inventory::{Inventory, SourceKind};
use abide_core::locate::Locator;
use abide_core::refine::{self, Fit};
use abide_core::source::{self, Input, LoadOptions};
use abide_core::value::{Object, Value};
use anyhow::Context;

use crate::cli::{RootArgs, SourceArgs};
use crate::terminal;

/// One input, loaded.
pub(crate) enum Loaded {
    /// A plan or a state, and its source if that is at hand.
    Json(Box<Inventory>, Option<Box<Source>>),
    /// A directory.
    Directory(Box<Source>),
}

/// Terraform source, and how it was read.
pub(crate) struct Source {
    pub(crate) loaded: abide_hcl::Loaded,
    dir: PathBuf,
    /// Values of variables that the plan it belongs to was made with.
    planned: Option<String>,
}

impl Source {
    /// Reads it again with some texts replaced.
    pub(crate) fn reload(
        &self,
        args: &RootArgs,
        options: &LoadOptions,
        texts: &abide_fix::Texts,
    ) -> Result<abide_hcl::Loaded, abide_hcl::LoadError> {
        let mut options = hcl_options(&self.dir, args, options);
        options.planned.clone_from(&self.planned);
        let paths = texts.iter().filter_map(|(name, text)| {
            let file = self.loaded.sources.named(name)?;
            Some((file.path.clone(), text.clone()))
        });
        options.overlay.extend(paths);
        abide_hcl::load_dir(&self.dir, &options)
    }
}

impl Loaded {
    pub(crate) fn inventory(&self) -> &Inventory {
        match self {
            Self::Json(inventory, _) => inventory,
            Self::Directory(source) => &source.loaded.inventory,
        }
    }

    /// Its source, if that is at hand.
    pub(crate) fn source(&self) -> Option<&Source> {
        match self {
            Self::Json(_, source) => source.as_deref(),
            Self::Directory(source) => Some(source),
        }
    }

    /// What knows where its resources are written.
    pub(crate) fn locator(&self) -> Option<&dyn Locator> {
        Some(&self.source()?.loaded)
    }
}

/// Loads an input, whatever it is.
pub(crate) fn load(
    input: &Input,
    args: &SourceArgs,
    options: &LoadOptions,
) -> anyhow::Result<Loaded> {
    let name = terminal::visible(&input.name());
    let bar = terminal::spinner(format!("reading {name}"));
    let loaded = match input {
        Input::File(path) if path.is_dir() => {
            directory(path, args, options).map(|source| Loaded::Directory(Box::new(source)))
        }
        _ => json(input, args, options),
    };
    bar.finish_and_clear();
    loaded
}

fn directory(path: &Path, args: &SourceArgs, options: &LoadOptions) -> anyhow::Result<Source> {
    let mut loaded = abide_hcl::load_dir(path, &hcl_options(path, &args.root, options))
        .map_err(|error| no_source(path, &error))?;
    loaded.inventory.input = path.display().to_string();
    Ok(Source {
        loaded,
        dir: path.to_owned(),
        planned: None,
    })
}

fn no_source(path: &Path, error: &abide_hcl::LoadError) -> anyhow::Error {
    let hint = match error {
        abide_hcl::LoadError::NoSource { .. } => {
            "\n  name the directory of a root module, or a plan: `terraform show -json plan.bin > plan.json`"
        }
        _ => "",
    };
    let path = path.display();
    anyhow::anyhow!("{error}{hint}").context(format!("cannot scan {path}"))
}

/// Everything a directory is loaded with.
pub(crate) fn hcl_options<'o>(
    path: &Path,
    args: &RootArgs,
    options: &'o LoadOptions,
) -> abide_hcl::Options<'o> {
    let environment = env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        name.starts_with("TF_VAR_").then_some((name, value))
    });
    let here = env::current_dir().ok();
    let named = |file: &PathBuf| match &here {
        // The loader takes relative paths from the directory; people mean where they are.
        Some(here) => here.join(file),
        None => file.clone(),
    };
    abide_hcl::Options {
        configured: args.configured.variables.clone(),
        variables: args.var.clone(),
        var_files: args.var_file.iter().map(named).collect(),
        environment: environment.collect(),
        workspace: workspace(path, args),
        root_limit: repository(path),
        display_base: repository(path).or(here),
        display_root: path.display().to_string(),
        overlay: args.overlay.texts.clone(),
        hidden: args.overlay.hidden.clone(),
        ..abide_hcl::Options::new(&options.wanted, options.key.clone())
    }
}

/// The same, with names that lead to the files: below the directory, or absolute.
pub(crate) fn editing_options<'o>(
    dir: &Path,
    args: &RootArgs,
    options: &'o LoadOptions,
) -> abide_hcl::Options<'o> {
    abide_hcl::Options {
        display_base: None,
        display_root: String::new(),
        ..hcl_options(dir, args, options)
    }
}

/// The workspace: of the flag, of the environment, of the configuration, or the one Terraform
/// selected there.
pub(crate) fn workspace(path: &Path, args: &RootArgs) -> String {
    let selected = || std::fs::read_to_string(path.join(".terraform/environment")).ok();
    args.workspace
        .clone()
        .or_else(|| env::var("TF_WORKSPACE").ok())
        .or_else(|| args.configured.workspace.clone())
        .or_else(|| selected().map(|name| name.trim().to_owned()))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "default".to_owned())
}

/// The repository a path is in: the nearest directory with a `.git`.
pub(crate) fn repository(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    path.ancestors()
        .find(|dir| dir.join(".git").exists())
        .map(Path::to_path_buf)
}

fn json(input: &Input, args: &SourceArgs, options: &LoadOptions) -> anyhow::Result<Loaded> {
    let mut inventory = source::load(input, options)?;
    let planned = args.plans.keys().find(|dir| match input {
        Input::Memory { name, .. } => *name == dir.display().to_string(),
        _ => false,
    });
    let found = match (planned.or(args.source.as_ref()), args.no_source) {
        (_, true) => None,
        (Some(dir), false) => Some(named_source(dir, &mut inventory, args, options)?),
        (None, false) => likely_source(input, &mut inventory, args, options),
    };
    let Some(found) = found else {
        return Ok(Loaded::Json(Box::new(inventory), None));
    };
    // A state knows everything; there is nothing to fill.
    if inventory.kind == SourceKind::Plan {
        refine::refine(&mut inventory, &found.loaded.inventory);
    }
    Ok(Loaded::Json(Box::new(inventory), Some(Box::new(found))))
}

/// The source the user names.
fn named_source(
    dir: &Path,
    inventory: &mut Inventory,
    args: &SourceArgs,
    options: &LoadOptions,
) -> anyhow::Result<Source> {
    let found = of_plan(dir, inventory, args, options)
        .map_err(|error| no_source(dir, &error))
        .context("the source of the plan (--source, or source.directory of abide.toml)")?;
    let fit = Fit::of(inventory, &found.loaded.inventory);
    if fit.missing > 0 {
        let message = format!(
            "{} of {} resources of {} are not in {}: is it the source the plan was made of?",
            fit.missing,
            fit.missing + fit.shared,
            inventory.input,
            dir.display()
        );
        inventory
            .diagnostics
            .push(Diagnostic::new(Level::Warning, "source-differs", message));
    }
    Ok(found)
}

/// The plan's folder, or where we are, if the plan fits what is there.
fn likely_source(
    input: &Input,
    inventory: &mut Inventory,
    args: &SourceArgs,
    options: &LoadOptions,
) -> Option<Source> {
    if inventory.resources.is_empty() {
        return None;
    }
    // As the user wrote it: what is said of it should hold on other machines.
    let folder = input.path().and_then(Path::parent);
    let here = Path::new(".");
    let folder = folder.filter(|dir| !dir.as_os_str().is_empty() && !is_same(dir, here));
    for dir in folder.into_iter().chain([here]) {
        if let Ok(found) = of_plan(dir, inventory, args, options)
            && Fit::of(inventory, &found.loaded.inventory).is_likely()
        {
            let message = format!(
                "the Terraform source in {} is taken for that of {}; `--source` names another, `--no-source` none",
                dir.display(),
                inventory.input
            );
            inventory
                .diagnostics
                .push(Diagnostic::new(Level::Note, "source-found", message));
            return Some(found);
        }
    }
    None
}

fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok() == other.canonicalize().ok()
}

/// Loads the source of a plan with the values the plan was made with.
fn of_plan(
    dir: &Path,
    inventory: &Inventory,
    args: &SourceArgs,
    options: &LoadOptions,
) -> Result<Source, abide_hcl::LoadError> {
    let mut hcl = hcl_options(dir, &args.root, options);
    let planned = variables(&inventory.variables);
    hcl.planned.clone_from(&planned);
    Ok(Source {
        loaded: abide_hcl::load_dir(dir, &hcl)?,
        dir: dir.to_owned(),
        planned,
    })
}

/// Values that are known and no secrets, as a JSON object.
fn variables(values: &Object) -> Option<String> {
    let known = values.iter().filter(|(_, value)| value.is_wholly_known());
    let known: BTreeMap<&str, &Value> = known
        .filter(|(_, value)| !matches!(value, Value::Redacted(_)))
        .collect();
    serde_json::to_string(&known).ok()
}
