//! Directories of Terraform source below a folder, and how they call each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path};

use abide_hcl::{Outline, Plain, is_source, is_variables, outline};
use anyhow::Context;

/// Deeper folders are not looked into.
const DEEPEST: usize = 12;
/// More folders than any sound repository has.
const MOST_FOLDERS: usize = 50_000;
/// Larger files are no source.
const LARGEST_FILE: u64 = 16 << 20;

/// A module, as far as it says how it is used.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Folders it calls.
    pub(super) calls: BTreeSet<String>,
    /// It says where its state is.
    pub(super) has_backend: bool,
    /// What it says of the backend is to be completed by `init -backend-config`.
    pub(super) has_open_backend: bool,
    pub(super) has_provider: bool,
    /// Accounts the AWS provider is restricted to.
    pub(super) accounts: BTreeSet<String>,
    /// It asks which workspace it is in.
    pub(super) uses_workspace: bool,
    /// Workspaces whose state is in a local file.
    pub(super) workspaces: Vec<String>,
}

/// All that was found; paths are relative, with `/`, the folder itself being the empty text.
#[derive(Debug, Default)]
pub(super) struct Tree {
    modules: BTreeMap<String, Module>,
    /// Files of variables that Terraform does not read by itself.
    pub(super) var_files: Vec<String>,
    /// Other tools that comments in the source speak to.
    pub(super) tools: BTreeSet<&'static str>,
    /// What is said about what was left out.
    pub(super) notes: Vec<String>,
    has_terragrunt: bool,
    folders: usize,
}

impl Tree {
    pub(super) fn read(base: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.folder(base, "", 0)?;
        if tree.folders > MOST_FOLDERS {
            let note =
                format!("there are more than {MOST_FOLDERS} folders; the rest was not looked at");
            tree.notes.push(note);
        }
        if tree.has_terragrunt {
            let note = "terragrunt.hcl: what it makes of modules is not known here; let it make plans, and scan those";
            tree.notes.push(note.to_owned());
        }
        Ok(tree)
    }

    fn folder(&mut self, dir: &Path, name: &str, depth: usize) -> anyhow::Result<()> {
        self.folders += 1;
        if self.folders > MOST_FOLDERS {
            return Ok(());
        }
        let context = || format!("cannot read {}", dir.display());
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir).with_context(context)? {
            let entry = entry.with_context(context)?;
            // What is not UTF-8 cannot be written into files either.
            if let Ok(file) = entry.file_name().into_string() {
                entries.push((file, entry.file_type().with_context(context)?));
            }
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let mut sources = Vec::new();
        let mut workspaces = Vec::new();
        for (file, kind) in entries {
            let below = join(name, &file);
            if kind.is_dir() {
                if file == "terraform.tfstate.d" {
                    workspaces = folders(&dir.join(file));
                } else if depth < DEEPEST && !file.starts_with('.') && file != "node_modules" {
                    // One that may not be read is no reason to stop.
                    if let Err(error) = self.folder(&dir.join(&file), &below, depth + 1) {
                        self.notes.push(format!("{error:#}"));
                    }
                }
            } else if is_source(&file) {
                sources.extend(text(&dir.join(&file)).map(|text| (file, text)));
            } else if is_variables(&file) {
                self.var_files.push(below);
            } else if file == "terragrunt.hcl" {
                self.has_terragrunt = true;
            }
        }
        if !sources.is_empty() {
            let mut module = self.module(name, &sources)?;
            module.workspaces = workspaces;
            self.modules.insert(name.to_owned(), module);
        }
        Ok(())
    }

    fn module(&mut self, name: &str, files: &[(String, String)]) -> anyhow::Result<Module> {
        let mut module = Module::default();
        for (_, text) in files {
            module.uses_workspace |= text.contains("terraform.workspace");
            for (sign, tool) in [
                ("checkov:skip=", "Checkov"),
                ("bridgecrew:skip=", "Checkov"),
                ("tfsec:ignore:", "tfsec"),
                ("trivy:ignore:", "Trivy"),
            ] {
                if text.contains(sign) {
                    self.tools.insert(tool);
                }
            }
        }
        for block in outline(files)?.iter().flatten() {
            match block.kind.as_str() {
                "terraform" => module.settings(block),
                "provider" => module.provider(block),
                "module" => {
                    let source = block.arguments.get("source").and_then(Plain::as_text);
                    module
                        .calls
                        .extend(source.and_then(|source| called(name, source)));
                }
                _ => {}
            }
        }
        Ok(module)
    }

    /// The root modules. What examples and tests call, they call on trial.
    pub(super) fn roots(&mut self) -> BTreeMap<String, Module> {
        let modules = std::mem::take(&mut self.modules);
        let (trials, mut modules): (BTreeMap<_, _>, BTreeMap<_, _>) =
            modules.into_iter().partition(|(dir, _)| is_trial(dir));
        let called: BTreeSet<String> = modules
            .values()
            .flat_map(|m| m.calls.iter().cloned())
            .collect();
        for dir in trials.keys() {
            self.notes.push(format!(
                "{dir}: left out, it looks like an example or a test"
            ));
        }
        modules.retain(|dir, module| module.has_backend || !called.contains(dir));
        let is_library = |dir: &str, module: &Module| {
            let is_named = dir.split('/').any(|part| part == "modules");
            is_named && !module.has_backend && !module.has_provider
        };
        // A repository may be nothing but modules for others: then they are what there is to judge.
        if modules.iter().any(|(dir, module)| !is_library(dir, module)) {
            modules.retain(|dir, module| !is_library(dir, module));
        }
        let (plain, odd): (BTreeMap<_, _>, BTreeMap<_, _>) =
            modules.into_iter().partition(|(dir, _)| is_plain(dir));
        for dir in odd.keys() {
            let note = format!(
                "{dir}: left out, its name has blanks or signs that files of CI may take for their own"
            );
            self.notes.push(note);
        }
        plain
    }
}

impl Module {
    fn settings(&mut self, block: &Outline) {
        for inner in &block.blocks {
            match inner.kind.as_str() {
                "backend" => {
                    self.has_backend = true;
                    let label = inner.labels.first().map_or("", String::as_str);
                    self.has_open_backend |= needed(label)
                        .iter()
                        .any(|name| !inner.arguments.contains_key(*name));
                }
                "cloud" => self.has_backend = true,
                _ => {}
            }
        }
    }

    fn provider(&mut self, block: &Outline) {
        self.has_provider = true;
        let is_aws = block.labels.first().is_some_and(|label| label == "aws");
        if !is_aws || block.arguments.contains_key("alias") {
            return;
        }
        if let Some(Plain::List(ids)) = block.arguments.get("allowed_account_ids") {
            let ids = ids.iter().filter_map(Plain::as_text);
            let ids = ids.filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()));
            self.accounts.extend(ids.map(ToOwned::to_owned));
        }
    }
}

/// What a backend cannot do without.
fn needed(backend: &str) -> &'static [&'static str] {
    match backend {
        "s3" => &["bucket", "key"],
        "gcs" => &["bucket"],
        "azurerm" => &["container_name", "key"],
        "http" => &["address"],
        _ => &[],
    }
}

/// A path below a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Whether a path can stand in YAML, TOML and a command without quotes.
pub(super) fn is_plain(path: &str) -> bool {
    !path.starts_with('-')
        && path
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+'))
}

fn is_trial(dir: &str) -> bool {
    let names = [
        "example", "examples", "test", "tests", "fixtures", "testdata",
    ];
    dir.split('/').any(|part| names.contains(&part))
}

/// The folder that a module's source names, if it is below ours.
fn called(from: &str, source: &str) -> Option<String> {
    if !source.starts_with("./") && !source.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in Path::new(source).components() {
        match part {
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::Normal(part) => parts.push(part.to_str()?),
            _ => {}
        }
    }
    Some(parts.join("/"))
}

fn folders(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let entries = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| is_plain(name))
        .collect();
    names.sort();
    names
}

fn text(path: &Path) -> Option<String> {
    let data = fs::metadata(path).ok()?;
    if !data.is_file() || data.len() > LARGEST_FILE {
        return None;
    }
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_followed_within_the_folder() {
        for (from, source, to) in [
            ("envs/dev", "../../modules/net", Some("modules/net")),
            ("", "./modules/net/", Some("modules/net")),
            ("a", "../", Some("")),
            ("a", "../../b", None),
            ("a", "hashicorp/consul/aws", None),
            ("a", "git::https://example.com/x.git", None),
        ] {
            assert_eq!(called(from, source).as_deref(), to, "{from} {source}");
        }
    }

    #[test]
    fn names_that_others_would_read_are_not_plain() {
        for name in ["a b", "$(x)", "${{ x }}", "-x", "a'b", "a\nb", "a#b"] {
            assert!(!is_plain(name), "{name}");
        }
        assert!(is_plain("envs/prod-eu_1.2/größe"));
    }
}
