//! The files below what the user names, and the root modules among them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use abide_core::source::LoadOptions;
use abide_hcl::{is_native_source, is_source};
use anyhow::Context;

use super::files;
use crate::cli::SourceArgs;
use crate::load;

/// Deeper folders hold no Terraform source.
const MAX_DEPTH: usize = 64;

/// What is below a directory.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Terraform files, and those of other tools.
    pub(super) files: Vec<PathBuf>,
    /// Directories with Terraform files.
    pub(super) modules: BTreeSet<PathBuf>,
}

impl Tree {
    pub(super) fn of(dir: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.walk(dir, 0)?;
        tree.files.sort();
        Ok(tree)
    }

    fn walk(&mut self, dir: &Path, depth: usize) -> anyhow::Result<()> {
        let context = || format!("cannot read {}", dir.display());
        for entry in fs::read_dir(dir).with_context(context)? {
            let entry = entry.with_context(context)?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            // Links are not followed: they may form a ring, or lead elsewhere.
            let kind = entry.file_type().with_context(context)?;
            if kind.is_dir() {
                if !name.starts_with('.') && depth < MAX_DEPTH {
                    self.walk(&path, depth + 1)?;
                }
            } else if kind.is_file() {
                if is_source(&name) {
                    self.modules.insert(dir.to_owned());
                }
                if is_native_source(&name) || files::reader(&name).is_some() {
                    self.files.push(path);
                }
            }
        }
        Ok(())
    }

    /// The modules that no other one of them calls.
    pub(super) fn roots(&self, args: &SourceArgs, options: &LoadOptions) -> Vec<PathBuf> {
        let mut called = BTreeSet::new();
        for module in &self.modules {
            let hcl = load::hcl_options(module, &args.root, options);
            let Ok(loaded) = abide_hcl::load_dir(module, &hcl) else {
                continue;
            };
            let own = shown(module, &module.join("x"));
            for (_, file) in loaded.sources.files() {
                if parent(&file.name) != parent(&own) && is_source(&file.name) {
                    called.insert(parent(&file.name).to_owned());
                }
            }
        }
        let modules = self.modules.iter();
        let roots = modules.filter(|dir| !called.contains(parent(&shown(dir, &dir.join("x")))));
        roots.cloned().collect()
    }
}

fn parent(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// A file as findings name it: from the repository of its module, or from where we are.
pub(super) fn shown(dir: &Path, file: &Path) -> String {
    let base = load::repository(dir).or_else(|| std::env::current_dir().ok()?.canonicalize().ok());
    let real = dir.canonicalize().ok().zip(file.file_name());
    let shown = real.zip(base).and_then(|((dir, name), base)| {
        let file = dir.join(name);
        file.strip_prefix(base).ok().map(Path::to_path_buf)
    });
    let shown = shown.unwrap_or_else(|| file.to_owned());
    let text = shown.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}
