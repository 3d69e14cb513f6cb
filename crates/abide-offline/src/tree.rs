//! The configuration in a scratch folder: links to everything as it stands, and files of ours beside them.
//!
//! Every folder on the way to a module is made again, everything else in it is a link, so that a
//! relative path means what it meant, also one that leaves the module, within its repository. Each module gets a file that
//! overrides: the root's backend becomes a local one, and data sources get an argument whose value
//! comes with apply, so that Terraform does not read them while planning.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::OfflineError;
use crate::configuration::{Configuration, MANIFEST, Module, normal};

/// The argument that every data source has for us alone.
pub(crate) const DEFER: &str = "abide_defer";
/// Overrides are taken in the order of their names; ours is the last.
const OVERRIDE: &str = "zzzz_abide_override.tf.json";
/// More entries than this in a folder on the way are not linked.
const MOST_ENTRIES: usize = 20_000;

/// What of a root module's folder is not linked: the plan is made from nothing.
fn is_left_out(name: &str) -> bool {
    matches!(
        name,
        ".terraform" | ".terraform.lock.hcl" | "terraform.tfstate.d"
    ) || name.starts_with("terraform.tfstate")
}

/// A copy made of links; it goes when this does.
pub(crate) struct Tree {
    scratch: TempDir,
    root: PathBuf,
    source: PathBuf,
}

impl Tree {
    /// Makes the tree of a configuration; `source` is canonical.
    pub(crate) fn new(source: &Path) -> Result<Self, OfflineError> {
        let scratch = tempfile::Builder::new()
            .prefix("abide-tree-")
            .tempdir()
            .map_err(|source| OfflineError::Io {
                what: "making a scratch folder".to_owned(),
                source,
            })?;
        let root = below(&scratch.path().join("tree"), source);
        Ok(Self {
            scratch,
            root,
            source: source.to_owned(),
        })
    }

    /// The root module in it.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where Terraform keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    /// A file of settings in which no provider can be installed from anywhere.
    pub(crate) fn settings(&self) -> Result<PathBuf, OfflineError> {
        let nothing = self.scratch.path().join("no-providers");
        fs::create_dir_all(&nothing).map_err(io(&nothing))?;
        let path = self.scratch.path().join("cli.tfrc");
        let folder = json!(nothing.to_string_lossy());
        let text = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = {folder}\n  }}\n}}\n"
        );
        fs::write(&path, text).map_err(io(&path))?;
        Ok(path)
    }

    /// What stands before the paths of the source in ours.
    pub(crate) fn prefix(&self) -> PathBuf {
        self.scratch.path().join("tree")
    }

    /// Lays out all modules. Modules that Terraform fetched into this tree stay.
    pub(crate) fn lay(&self, configuration: &Configuration) -> Result<(), OfflineError> {
        let tree = self.prefix();
        let fetched = self.data();
        let modules = configuration.modules.keys();
        let outside: Vec<&PathBuf> = modules.filter(|dir| !dir.starts_with(&fetched)).collect();
        let (mut made, mut linked) = (BTreeSet::new(), BTreeSet::new());
        for dir in &outside {
            made.extend(dir.ancestors().map(Path::to_owned));
            linked.extend(within_repository(dir));
        }
        for dir in &made {
            let to = below(&tree, dir);
            fs::create_dir_all(&to).map_err(io(&to))?;
            if linked.contains(dir) {
                self.links(dir, &made, configuration)?;
            }
        }
        for (dir, module) in &configuration.modules {
            let to = match dir.starts_with(&fetched) {
                true => dir.clone(),
                false => below(&tree, dir),
            };
            self.adapt(dir, &to, module)?;
        }
        self.manifest()
    }

    /// Links to all that is in a folder, but to the folders that are made themselves.
    fn links(
        &self,
        dir: &Path,
        made: &BTreeSet<PathBuf>,
        configuration: &Configuration,
    ) -> Result<(), OfflineError> {
        let to = below(&self.prefix(), dir);
        if dir == self.source.join(".terraform") {
            // Only the modules in it are of use; through a link, Terraform might write.
            return Ok(());
        }
        let is_module = configuration.modules.contains_key(dir);
        let Ok(entries) = fs::read_dir(dir) else {
            // A folder on the way may be one to pass through only.
            return Ok(());
        };
        for (number, entry) in entries.enumerate() {
            if number >= MOST_ENTRIES {
                match is_module {
                    true => {
                        return Err(OfflineError::TooMuch(format!(
                            "{} holds more than {MOST_ENTRIES} files",
                            dir.display()
                        )));
                    }
                    false => break,
                }
            }
            let Ok(entry) = entry else { break };
            let name = entry.file_name();
            let is_ours = dir == self.source && is_left_out(&name.to_string_lossy());
            if is_ours || made.contains(&entry.path()) {
                continue;
            }
            let link = to.join(&name);
            if link.symlink_metadata().is_err() {
                symlink(entry.path(), &link).map_err(io(&link))?;
            }
        }
        Ok(())
    }

    /// Puts our own files into a module.
    fn adapt(&self, from: &Path, to: &Path, module: &Module) -> Result<(), OfflineError> {
        let mut document = serde_json::Map::new();
        if from == self.source {
            document.insert(
                "terraform".to_owned(),
                json!({"backend": {"local": {"path": "terraform.tfstate"}}}),
            );
        }
        for (kind, type_name, name) in &module.deferred {
            let argument = match type_name.as_str() {
                // Its schema is Terraform's own; any argument that waits will do.
                "terraform_remote_state" => "workspace",
                _ => DEFER,
            };
            document.entry(*kind).or_insert_with(|| json!({}))[type_name.as_str()][name.as_str()] =
                json!({argument: "${timestamp()}"});
        }
        if !document.is_empty() {
            let path = to.join(OVERRIDE);
            let text = serde_json::Value::Object(document).to_string();
            fs::write(&path, text).map_err(io(&path))?;
        }
        for (file, spans) in &module.imports {
            self.without_imports(&from.join(file), &to.join(file), spans)?;
        }
        Ok(())
    }

    /// Blanks `import` blocks: there is nothing to import from. All lines stay where they are.
    fn without_imports(
        &self,
        from: &Path,
        to: &Path,
        spans: &[std::ops::Range<usize>],
    ) -> Result<(), OfflineError> {
        let mut text = fs::read(from).map_err(io(from))?;
        if from.extension().is_some_and(|end| end == "json") {
            let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&text);
            if let Ok(mut json) = parsed {
                if let Some(top) = json.as_object_mut() {
                    top.shift_remove("import");
                }
                text = json.to_string().into_bytes();
            }
        } else {
            for span in spans {
                for byte in text.get_mut(span.clone()).into_iter().flatten() {
                    if !matches!(byte, b'\n' | b'\r') {
                        *byte = b' ';
                    }
                }
            }
        }
        // What stands there is a link to the user's own file.
        if to.symlink_metadata().is_ok() {
            fs::remove_file(to).map_err(io(to))?;
        }
        fs::write(to, text).map_err(io(to))
    }

    /// Tells Terraform which modules are installed already.
    fn manifest(&self) -> Result<(), OfflineError> {
        let from = self.source.join(".terraform").join(MANIFEST);
        let to = self.data().join(MANIFEST);
        if to.exists() || !from.exists() {
            return Ok(());
        }
        let folder = to.parent().unwrap_or(&to);
        fs::create_dir_all(folder).map_err(io(folder))?;
        fs::copy(&from, &to).map_err(io(&to))?;
        Ok(())
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> OfflineError + use<> {
    let what = format!("laying out {}", path.display());
    move |source| OfflineError::Io { what, source }
}

/// A module's folder and those above it, up to the root of its repository; without one, all.
fn within_repository(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in dir.ancestors() {
        all.push(folder.to_owned());
        if folder.join(".git").exists() {
            break;
        }
    }
    all
}

/// An absolute path below a folder.
fn below(folder: &Path, path: &Path) -> PathBuf {
    let path = normal(path);
    folder.join(path.strip_prefix("/").unwrap_or(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(files: &[(&str, &str)]) -> (TempDir, Tree, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let source = folder.path().canonicalize().unwrap().join("repo/env");
        let tree = Tree::new(&source).unwrap();
        let configuration = Configuration::read(
            &source,
            &source.join(".terraform").join(MANIFEST),
            abide_connect::Flavour::Terraform,
        )
        .unwrap();
        tree.lay(&configuration).unwrap();
        (folder, tree, source)
    }

    #[test]
    fn relative_paths_mean_what_they_meant_within_the_repository() {
        let (_folder, tree, _) = laid(&[
            ("outside.txt", "o"),
            ("repo/.git/HEAD", "x"),
            ("repo/name.txt", "n"),
            (
                "repo/env/main.tf",
                "module \"m\" { source = \"../mods/m\" }",
            ),
            ("repo/env/terraform.tfstate", "secret"),
            ("repo/env/.terraform/environment", "x"),
            ("repo/env/.terraform.lock.hcl", "x"),
            ("repo/mods/m/main.tf", "data \"aws_ami\" \"a\" {}"),
            ("repo/mods/other/file.txt", "f"),
        ]);
        let read = |path: &str| fs::read_to_string(tree.root().join(path)).ok();
        assert_eq!(read("../name.txt").as_deref(), Some("n"));
        assert_eq!(read("../mods/other/file.txt").as_deref(), Some("f"));
        assert_eq!(read("../../outside.txt"), None);
        for left_out in [
            "terraform.tfstate",
            ".terraform/environment",
            ".terraform.lock.hcl",
        ] {
            assert_eq!(read(left_out), None, "{left_out}");
        }
        let own = read(&format!("../mods/m/{OVERRIDE}")).unwrap();
        assert_eq!(
            own,
            r#"{"data":{"aws_ami":{"a":{"abide_defer":"${timestamp()}"}}}}"#
        );
        assert!(read(OVERRIDE).unwrap().contains("\"local\""));
    }

    #[test]
    fn import_blocks_go_and_lines_stay() {
        let (_folder, tree, source) = laid(&[(
            "repo/env/main.tf",
            "import {\n  to = a.b\n  id = \"ü\"\n}\nlocals { x = 1 }\n",
        )]);
        let text = fs::read_to_string(tree.root().join("main.tf")).unwrap();
        assert_eq!(text.lines().count(), 5);
        assert!(text.ends_with("\nlocals { x = 1 }\n") && !text.contains("import"));
        let users = fs::read_to_string(source.join("main.tf")).unwrap();
        assert!(users.starts_with("import {"));
    }
}
