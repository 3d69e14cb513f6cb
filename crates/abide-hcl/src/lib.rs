//! Loads Terraform source into the inventory a plan would give.
//!
//! No credentials, no network, no `terraform init`: variables, locals,
//! functions, modules, `count`, `for_each` and `dynamic` blocks are evaluated
//! here. What only a provider can know is unknown, with what it refers to.
//!
//! ```text
//! files ─▶ parse ─▶ ast ─▶ module ─▶ instance ─▶ blocks ─▶ assemble ─▶ Loaded
//!          (native and JSON syntax)  (evaluated when asked for)      inventory + source map
//! ```

mod assemble;
mod ast;
mod blocks;
mod comment;
mod comprehension;
mod eval;
pub mod examples;
mod fail;
mod files;
mod functions;
mod iam_document;
mod instance;
mod json;
mod json_body;
mod json_text;
mod known_data;
mod layout;
mod loaded;
mod locate;
mod lower;
mod module;
mod number;
mod operators;
mod outline;
mod output;
mod parse;
mod provider;
mod references;
mod render;
mod repetition;
pub mod request;
mod resolve;
mod salvage;
mod schema;
mod secrets;
mod source_map;
mod template;
mod tfvars;
mod trace;
mod types;
mod value;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use abide_core::source::{RedactionKey, Wanted};

use crate::files::Files;
use crate::instance::Instance;
use crate::world::World;

pub use comment::{Remark, remarks};
pub use files::{is_native_source, is_source, is_variables};
pub use iam_document::policy_document;
pub use layout::{AttributeSpan, Layout};
pub use loaded::{CallPlace, Feed, FeedKind, Loaded, Origins, Trace};
pub use outline::{Outline, Plain, outline};
pub use source_map::{FileId, Location, SourceFile, SourceMap, Span};

/// How to load a configuration.
#[derive(Clone, Debug)]
pub struct Options<'o> {
    /// Values of variables that `var_files` and `variables` win over; written as these.
    pub configured: Vec<(String, String)>,
    /// Values that a plan was made with, as a JSON object: they keep their types, whatever the
    /// variables declare. `variables` win over them.
    pub planned: Option<String>,
    /// Values of variables, as `--var name=value` gives them.
    pub variables: Vec<(String, String)>,
    /// Files with values of variables, as `--var-file` gives them, in order. A
    /// relative path is taken from the directory that is loaded. Whoever names
    /// a file here may read it, so they may be outside `root_limit`.
    pub var_files: Vec<PathBuf>,
    /// `TF_VAR_name` variables of the environment. It is passed in because
    /// nothing here reads the environment.
    pub environment: Vec<(String, String)>,
    /// `terraform.workspace`.
    pub workspace: String,
    /// No file outside this directory is read; `None` for the directory that is loaded.
    pub root_limit: Option<PathBuf>,
    /// What stands before file names in messages and in the source map, for
    /// files that are not inside `display_base`.
    pub display_root: String,
    /// File names are relative to this directory, usually the repository's.
    pub display_base: Option<PathBuf>,
    /// Texts to read instead of what files of the directory hold, by path below
    /// its canonical form: what it would mean if they were edited so. A file need
    /// not be there, its directory must.
    pub overlay: BTreeMap<PathBuf, String>,
    /// Files of the directory, named in the same way, to read as if they were not there.
    pub hidden: BTreeSet<PathBuf>,
    /// How much is too much.
    pub limits: Limits,
    /// The attributes that are kept.
    pub wanted: &'o Wanted,
    /// Key of the digests that replace secrets.
    pub key: RedactionKey,
}

impl<'o> Options<'o> {
    /// Options without variables.
    #[must_use]
    pub fn new(wanted: &'o Wanted, key: RedactionKey) -> Self {
        Self {
            configured: Vec::new(),
            planned: None,
            variables: Vec::new(),
            var_files: Vec::new(),
            environment: Vec::new(),
            workspace: "default".to_owned(),
            root_limit: None,
            display_root: String::new(),
            display_base: None,
            overlay: BTreeMap::new(),
            hidden: BTreeSet::new(),
            limits: Limits::default(),
            wanted,
            key,
        }
    }
}

/// Bounds that no sound configuration meets; beyond them is a diagnostic.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one file.
    pub file_size: u64,
    /// Levels of expressions that refer to each other.
    pub depth: u32,
    /// Levels of modules.
    pub module_depth: usize,
    /// Instances of resources and modules together.
    pub instances: usize,
    /// Parts of one value (16 bytes of text count as one).
    pub value_size: u64,
    /// Steps of evaluation.
    pub work: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_size: 16 << 20,
            depth: 500,
            module_depth: 32,
            instances: 200_000,
            value_size: 1 << 20,
            work: 100_000_000,
        }
    }
}

/// Why nothing could be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The directory cannot be read.
    #[error("cannot read {input}: {reason}")]
    Read {
        /// The directory.
        input: String,
        /// The system's reason.
        reason: String,
    },
    /// There is no Terraform source in it.
    #[error("{input} has no Terraform source (.tf, .tofu or .tf.json files)")]
    NoSource {
        /// The directory.
        input: String,
    },
    /// The thread that evaluates could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// Loads the module in a directory and all it calls.
///
/// # Errors
/// If the directory cannot be read or holds no Terraform source. Everything
/// that is wrong inside it is a diagnostic of the inventory.
pub fn load_dir(dir: &Path, options: &Options<'_>) -> Result<Loaded, LoadError> {
    let input = dir.display().to_string();
    let canonical = |path: &Path| {
        path.canonicalize().map_err(|error| LoadError::Read {
            input: path.display().to_string(),
            reason: error.kind().to_string(),
        })
    };
    let root = canonical(dir)?;
    if !root.is_dir() {
        return Err(LoadError::Read {
            input,
            reason: "not a directory".to_owned(),
        });
    }
    let limit = match &options.root_limit {
        Some(limit) => canonical(limit)?,
        None => root.clone(),
    };
    let files = Files::Disk {
        limit,
        max_size: options.limits.file_size,
        overlay: options.overlay.clone(),
        hidden: options.hidden.clone(),
    };
    let options = Options {
        display_base: options.display_base.as_deref().map(canonical).transpose()?,
        ..options.clone()
    };
    load(files, &root, &input, &options)
}

/// Loads files in memory, named by their paths. The root module is the
/// directory of the paths without a directory; no file system is touched.
///
/// # Errors
/// If none of them is Terraform source.
pub fn load_text(files: &[(&str, &str)], options: &Options<'_>) -> Result<Loaded, LoadError> {
    let files = files
        .iter()
        .map(|(name, text)| (files::normal(Path::new(name)), (*text).to_owned()))
        .collect();
    load(Files::Memory(files), Path::new(""), "(text)", options)
}

/// Room for deeply nested expressions; only the pages that are used cost memory.
const STACK: usize = 256 << 20;

fn load(
    files: Files,
    root: &Path,
    input: &str,
    options: &Options<'_>,
) -> Result<Loaded, LoadError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("hcl".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, || evaluate(files, root, input, options))
            .map_err(LoadError::Thread)?;
        match thread.join() {
            Ok(loaded) => loaded,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn evaluate(
    files: Files,
    root: &Path,
    input: &str,
    options: &Options<'_>,
) -> Result<Loaded, LoadError> {
    let world = World::new(options, files, root.to_owned());
    let Some(module) = world.module(root) else {
        return Err(LoadError::NoSource {
            input: input.to_owned(),
        });
    };
    let inputs: BTreeMap<_, _> = tfvars::inputs(&world, &module);
    let root = Rc::new(Instance::root(module, inputs));
    let (mut inventory, origins, secrets) = assemble::inventory(&world, &root, input);
    root.release();
    let (sources, mut diagnostics) = world.into_parts();
    diagnostics.sort_by(|a, b| a.place.cmp(&b.place));
    inventory.diagnostics = diagnostics;
    Ok(Loaded {
        inventory,
        sources,
        origins,
        secrets,
    })
}
