//! Targets: root modules, each with its files of variables and workspaces, under names that are told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Module, Tree, is_plain};

/// What `[targets.NAME]` says.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: String,
    /// Relative; empty for the folder itself.
    pub(super) directory: String,
    pub(super) account: Option<String>,
    pub(super) workspace: Option<String>,
    pub(super) var_files: Vec<String>,
    pub(super) has_open_backend: bool,
    pub(super) asks_workspace: bool,
}

/// A way in which a root module is applied.
#[derive(Debug, Default)]
struct Variant {
    workspace: Option<String>,
    var_files: Vec<String>,
}

/// All targets. `own` is the name of the folder itself.
pub(super) fn targets(tree: &mut Tree, own: &str) -> Vec<Target> {
    let roots = tree.roots();
    let files = assign(tree, &roots);
    let names = names(roots.keys().map(String::as_str), own);
    let mut targets = Vec::new();
    for (dir, module) in &roots {
        let variants = variants(module, files.get(dir).map_or(&[], Vec::as_slice));
        let base = names.get(dir.as_str()).map_or(own, String::as_str);
        let alone = variants.len() == 1;
        for (variant, how) in variants {
            let name = match (variant.as_str(), roots.len()) {
                ("", _) => base.to_owned(),
                (variant, 1) => variant.to_owned(),
                (_, _) if alone => base.to_owned(),
                (variant, _) => format!("{base}-{variant}"),
            };
            targets.push(target(&name, dir, module, how));
        }
    }
    distinguish(&mut targets);
    targets
}

fn target(name: &str, dir: &str, module: &Module, how: Variant) -> Target {
    let mut accounts = module.accounts.iter();
    let account = match (accounts.next(), accounts.next()) {
        (Some(account), None) => Some(account.clone()),
        _ => None,
    };
    Target {
        name: clean(name),
        directory: dir.to_owned(),
        account,
        asks_workspace: module.uses_workspace && how.workspace.is_none(),
        workspace: how.workspace,
        var_files: how.var_files,
        has_open_backend: module.has_open_backend,
    }
}

/// Which root module a file of variables is for: that of the nearest folder above it, or the only one.
fn assign(tree: &mut Tree, roots: &BTreeMap<String, Module>) -> BTreeMap<String, Vec<String>> {
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in std::mem::take(&mut tree.var_files) {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut above = Some(folder);
        let mut root = None;
        while let Some(dir) = above {
            if roots.contains_key(dir) {
                root = Some(dir);
                break;
            }
            above = match dir {
                "" => None,
                dir => Some(dir.rsplit_once('/').map_or("", |(up, _)| up)),
            };
        }
        // Terraform reads these by itself.
        let is_automatic = root == Some(folder) && is_automatic(&file);
        let only = roots.keys().next().filter(|_| roots.len() == 1);
        let is_usable = is_plain(&file) && !is_example(&file);
        match root.or(only.map(String::as_str)) {
            _ if is_automatic => {}
            Some(root) if is_usable => files.entry(root.to_owned()).or_default().push(file),
            _ => tree.notes.push(format!(
                "{file}: left out, it is not clear which root module it is for"
            )),
        }
    }
    files
}

fn is_automatic(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let name = name.strip_suffix(".json").unwrap_or(name);
    name == "terraform.tfvars" || name.ends_with(".auto.tfvars")
}

fn is_example(file: &str) -> bool {
    file.contains("example") || file.contains("sample")
}

/// The ways a root module is applied, by name; one without a name if nothing tells them apart.
fn variants(module: &Module, files: &[String]) -> BTreeMap<String, Variant> {
    let mut variants: BTreeMap<String, Variant> = BTreeMap::new();
    let mut common = Vec::new();
    for file in files {
        let name = stage(file);
        if ["common", "global", "shared", "default", "defaults", "base"].contains(&name) {
            common.push(file.clone());
        } else {
            let variant = variants.entry(name.to_owned()).or_default();
            variant.var_files.push(file.clone());
        }
    }
    for workspace in &module.workspaces {
        let variant = variants.entry(workspace.clone()).or_default();
        variant.workspace = Some(workspace.clone());
    }
    if variants.is_empty() {
        variants.insert(String::new(), Variant::default());
    }
    for variant in variants.values_mut() {
        // What is particular comes last and wins.
        variant.var_files.splice(0..0, common.iter().cloned());
    }
    variants
}

/// `prod` for `envs/prod.tfvars` and for `envs/prod/terraform.tfvars`.
fn stage(file: &str) -> &str {
    let mut parts = file.rsplit('/');
    let name = parts.next().unwrap_or(file);
    let name = name.split('.').next().unwrap_or(name);
    match name {
        "terraform" | "variables" | "vars" => parts.next().unwrap_or(name),
        name => name,
    }
}

/// The shortest end of each path that tells it from the others, with `-` for `/`.
fn names<'a>(dirs: impl Iterator<Item = &'a str>, own: &str) -> BTreeMap<&'a str, String> {
    let dirs: Vec<&str> = dirs.collect();
    let end = |dir: &str, parts: usize| {
        let all: Vec<&str> = dir.split('/').collect();
        all.get(all.len().saturating_sub(parts)..)
            .unwrap_or(&all)
            .join("-")
    };
    let mut names = BTreeMap::new();
    for dir in &dirs {
        if dir.is_empty() {
            names.insert(*dir, own.to_owned());
            continue;
        }
        let longest = dir.split('/').count();
        let is_own = |parts: &usize| {
            let name = end(dir, *parts);
            dirs.iter()
                .filter(|other| end(other, *parts) == name)
                .count()
                == 1
        };
        let parts = (1..=longest).find(is_own).unwrap_or(longest);
        names.insert(*dir, end(dir, parts));
    }
    names
}

/// A name that needs no quotes in TOML.
fn clean(name: &str) -> String {
    let clean: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    match clean.trim_matches('-') {
        "" => "main".to_owned(),
        clean => clean.to_owned(),
    }
}

fn distinguish(targets: &mut [Target]) {
    let mut taken = BTreeSet::new();
    for target in targets {
        let name = target.name.clone();
        for number in 2.. {
            if taken.insert(target.name.clone()) {
                break;
            }
            target.name = format!("{name}-{number}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_may_be() {
        let dirs = ["envs/dev", "pay/infra", "core/infra", ""];
        let names = names(dirs.into_iter(), "shop");
        let names: Vec<&str> = dirs.iter().map(|dir| names[dir].as_str()).collect();
        assert_eq!(names, ["dev", "pay-infra", "core-infra", "shop"]);
    }

    #[test]
    fn variants_are_named_after_files_and_workspaces() {
        let files = [
            "envs/common.tfvars",
            "envs/prod.tfvars",
            "envs/dev/terraform.tfvars",
        ];
        let module = Module {
            workspaces: vec!["prod".to_owned(), "blue".to_owned()],
            ..Module::default()
        };
        let variants = variants(&module, &files.map(ToOwned::to_owned));
        assert_eq!(variants.keys().collect::<Vec<_>>(), ["blue", "dev", "prod"]);
        assert_eq!(variants["prod"].workspace.as_deref(), Some("prod"));
        assert_eq!(variants["prod"].var_files, [files[0], files[1]]);
        assert_eq!(variants["dev"].var_files, [files[0], files[2]]);
        assert_eq!(variants["blue"].var_files, [files[0]]);
    }
}
