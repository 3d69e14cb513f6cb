//! Which modules, providers, types and data sources a configuration has, without evaluating it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use abide_connect::Flavour;
use abide_hcl::{Outline, Plain, outline};
use serde::Deserialize;

use crate::OfflineError;
use crate::data::ANSWERED;
use crate::schema::{Address, Types};

/// More modules than any sound configuration has.
const MOST_MODULES: usize = 2_000;
/// Larger files are no source.
const LARGEST_FILE: u64 = 16 << 20;

/// Its answer depends on the region.
const PARTITION: &str = "aws_partition";

/// A configuration as far as it must be known to be planned offline.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// Folders of modules, below the root module's canonical one or beside it.
    pub(crate) modules: BTreeMap<PathBuf, Module>,
    /// Providers, with the module that needs them first and the types of them that are used.
    pub(crate) providers: BTreeMap<Address, Use>,
    /// Calls of modules that are not on disk: `name` and `source`.
    pub(crate) absent: Vec<(String, String)>,
}

/// How a provider is used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Use {
    pub(crate) needed_by: String,
    pub(crate) types: Types,
}

/// What must be changed about a module so that nothing is asked of a cloud.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Data sources and ephemeral resources that may not be read: kind, type, name.
    pub(crate) deferred: BTreeSet<(&'static str, String, String)>,
    /// There is no source in it.
    pub(crate) is_empty: bool,
    /// Files with `import` blocks, and where those are.
    pub(crate) imports: BTreeMap<String, Vec<std::ops::Range<usize>>>,
}

/// Where Terraform notes which modules it fetched, below its folder for data.
pub(crate) const MANIFEST: &str = "modules/modules.json";

#[derive(Debug, Default, Deserialize)]
struct Manifest {
    #[serde(rename = "Modules", default)]
    modules: Vec<Installed>,
}

#[derive(Debug, Deserialize)]
struct Installed {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Dir")]
    dir: PathBuf,
}

impl Configuration {
    /// Reads a root module and all it calls, as far as they are on disk. `root` is canonical;
    /// `manifest` says where fetched modules are.
    pub(crate) fn read(
        root: &Path,
        manifest: &Path,
        flavour: Flavour,
    ) -> Result<Self, OfflineError> {
        let manifest = fs::read(manifest).ok();
        let manifest: Manifest = manifest
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        let mut reader = Reader {
            root,
            manifest,
            seen: BTreeSet::new(),
            parsed: BTreeMap::new(),
            flavour,
            regions: Vec::new(),
            partitions: Vec::new(),
            out: Self::default(),
        };
        let mut open = vec![(String::new(), root.to_owned())];
        while let Some((key, dir)) = open.pop() {
            if reader.seen.len() >= MOST_MODULES {
                return Err(OfflineError::TooMuch(format!(
                    "more than {MOST_MODULES} calls of modules"
                )));
            }
            if reader.seen.insert((key.clone(), dir.clone())) {
                reader.module(&key, &dir, &mut open)?;
            }
        }
        Ok(reader.finish())
    }
}

/// Names of files, and their blocks.
type Parsed = Vec<(String, Vec<Outline>)>;

struct Reader<'a> {
    root: &'a Path,
    manifest: Manifest,
    seen: BTreeSet<(String, PathBuf)>,
    /// A module may be called many times.
    parsed: BTreeMap<PathBuf, Rc<Parsed>>,
    flavour: Flavour,
    /// For each configuration of the AWS provider, whether it names its region.
    regions: Vec<bool>,
    /// Data sources that can be answered if all of them do: module and name.
    partitions: Vec<(PathBuf, String)>,
    out: Configuration,
}

impl Reader<'_> {
    /// Without a region in the source, `AWS_REGION` or a profile decides the partition.
    fn finish(mut self) -> Configuration {
        let known = !self.regions.is_empty() && self.regions.iter().all(|known| *known);
        for (dir, name) in self.partitions.drain(..).filter(|_| !known) {
            if let Some(module) = self.out.modules.get_mut(&dir) {
                module.deferred.insert(("data", PARTITION.to_owned(), name));
            }
        }
        self.out
    }

    fn module(
        &mut self,
        key: &str,
        dir: &Path,
        open: &mut Vec<(String, PathBuf)>,
    ) -> Result<(), OfflineError> {
        let files = self.parsed(dir)?;
        let all: Vec<&Outline> = files.iter().flat_map(|(_, blocks)| blocks).collect();
        let locals = required(&all);
        let title = match key {
            "" => "the root module".to_owned(),
            key => format!("module.{}", key.replace('.', ".module.")),
        };
        for address in locals.values() {
            self.used(address, &title);
        }
        let mut module = Module {
            is_empty: files.is_empty(),
            ..Module::default()
        };
        let blocks = files
            .iter()
            .flat_map(|(name, blocks)| blocks.iter().map(move |block| (block, name)));
        for (block, file) in blocks {
            match block.kind.as_str() {
                "module" => self.call(key, dir, block, open),
                "import" if key.is_empty() => {
                    let spans = module.imports.entry(file.clone()).or_default();
                    spans.push(block.span.clone());
                }
                "provider" => {
                    if let [name, ..] = block.labels.as_slice() {
                        let address = address_of(name, &locals);
                        if address.is_aws() {
                            self.regions.push(block.arguments.contains_key("region"));
                        }
                        self.used(&address, &title);
                    }
                }
                _ => self.typed(block, &locals, &title, &mut module),
            }
        }
        let partitions = all
            .iter()
            .filter(|block| block.kind == "data")
            .filter_map(|block| match block.labels.as_slice() {
                [type_name, name] if type_name == PARTITION => Some(name.clone()),
                _ => None,
            });
        let dirs = std::iter::repeat(dir.to_owned());
        self.partitions.extend(dirs.zip(partitions));
        self.out.modules.insert(dir.to_owned(), module);
        Ok(())
    }

    fn parsed(&mut self, dir: &Path) -> Result<Rc<Parsed>, OfflineError> {
        if let Some(parsed) = self.parsed.get(dir) {
            return Ok(parsed.clone());
        }
        let files = sources(dir, self.flavour)?;
        let blocks = outline(&files).map_err(|error| OfflineError::Io {
            what: format!("reading {}", dir.display()),
            source: std::io::Error::other(error),
        })?;
        let names = files.into_iter().map(|(name, _)| name);
        let parsed = Rc::new(names.zip(blocks).collect::<Parsed>());
        self.parsed.insert(dir.to_owned(), parsed.clone());
        Ok(parsed)
    }

    /// Notes a `resource`, `data` or `ephemeral` block, and the `data` blocks of checks.
    fn typed(
        &mut self,
        block: &Outline,
        locals: &BTreeMap<String, Address>,
        title: &str,
        module: &mut Module,
    ) {
        if block.kind == "check" {
            // Such a block cannot be overridden; it is refused when it is read, which a check survives.
            for inner in &block.blocks {
                self.typed(inner, locals, title, &mut Module::default());
            }
            return;
        }
        let [type_name, name, ..] = block.labels.as_slice() else {
            return;
        };
        let local = match block.arguments.get("provider") {
            Some(Plain::Name(name)) => name.clone(),
            Some(Plain::Text(text)) => text.split('.').next().unwrap_or(text).to_owned(),
            _ => type_name.split('_').next().unwrap_or(type_name).to_owned(),
        };
        let kind = match block.kind.as_str() {
            "resource" => None,
            "data" => Some("data"),
            "ephemeral" => Some("ephemeral"),
            _ => return,
        };
        if let Some(kind) = kind.filter(|_| !ANSWERED.contains(&type_name.as_str())) {
            module
                .deferred
                .insert((kind, type_name.clone(), name.clone()));
        }
        // Terraform itself is the provider of these.
        if matches!(local.as_str(), "terraform") {
            return;
        }
        let used = self.used(&address_of(&local, locals), title);
        let types = match kind {
            None => &mut used.types.resources,
            Some("data") => &mut used.types.data_sources,
            Some(_) => &mut used.types.ephemerals,
        };
        types.insert(type_name.clone());
    }

    fn used(&mut self, address: &Address, needed_by: &str) -> &mut Use {
        let providers = &mut self.out.providers;
        providers.entry(address.clone()).or_insert_with(|| Use {
            needed_by: needed_by.to_owned(),
            types: Types::default(),
        })
    }

    /// Follows the call of a module.
    fn call(&mut self, key: &str, dir: &Path, block: &Outline, open: &mut Vec<(String, PathBuf)>) {
        let [name, ..] = block.labels.as_slice() else {
            return;
        };
        let key = match key {
            "" => name.clone(),
            key => format!("{key}.{name}"),
        };
        let source = block.arguments.get("source").and_then(Plain::as_text);
        // Without a source Terraform says what is wrong.
        let Some(source) = source else { return };
        let local = ["./", "../", ".\\", "..\\"]
            .iter()
            .any(|start| source.starts_with(start));
        let found = match local || matches!(source, "." | "..") {
            true => Some(normal(&dir.join(source))),
            false => {
                let installed = self.manifest.modules.iter().find(|one| one.key == key);
                installed.map(|one| normal(&self.root.join(&one.dir)))
            }
        };
        match found.filter(|dir| dir.is_dir()) {
            Some(dir) => open.push((key, dir)),
            None if local => {}
            None => self.out.absent.push((key, source.to_owned())),
        }
    }
}

/// Local names of `required_providers`.
fn required(blocks: &[&Outline]) -> BTreeMap<String, Address> {
    let terraform = blocks.iter().filter(|block| block.kind == "terraform");
    let required = terraform
        .flat_map(|block| &block.blocks)
        .filter(|block| block.kind == "required_providers");
    let mut locals = BTreeMap::new();
    for (name, value) in required.flat_map(|block| &block.arguments) {
        let source = match value {
            Plain::Object(items) => items
                .iter()
                .find(|(key, _)| key == "source")
                .and_then(|(_, value)| value.as_text()),
            _ => None,
        };
        let address = match source.map(str::parse) {
            Some(Ok(address)) => address,
            // Terraform says what is wrong with it.
            Some(Err(_)) => continue,
            None => Address::implied(name),
        };
        locals.insert(name.clone(), address);
    }
    locals
}

fn address_of(local: &str, locals: &BTreeMap<String, Address>) -> Address {
    locals
        .get(local)
        .cloned()
        .unwrap_or_else(|| Address::implied(local))
}

/// The source files of a folder that the program reads, sorted. Only OpenTofu reads `.tofu` files,
/// and then not the `.tf` file of the same name.
fn sources(dir: &Path, flavour: Flavour) -> Result<Vec<(String, String)>, OfflineError> {
    let io = |path: &Path| {
        let what = format!("reading {}", path.display());
        move |source| OfflineError::Io { what, source }
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let name = entry.map_err(io(dir))?.file_name();
        let name = name.to_string_lossy().into_owned();
        let is_backup = name.starts_with('.') || name.ends_with('~') || name.starts_with('#');
        if abide_hcl::is_source(&name) && !is_backup {
            names.push(name);
        }
    }
    let is_tofu = |name: &str| name.ends_with(".tofu") || name.ends_with(".tofu.json");
    let all: BTreeSet<String> = names.drain(..).collect();
    let names = all.iter().filter(|name| match flavour {
        Flavour::Terraform => !is_tofu(name),
        Flavour::OpenTofu => is_tofu(name) || !all.contains(&name.replace(".tf", ".tofu")),
    });
    let mut files = Vec::new();
    for name in names {
        let path = dir.join(name);
        let size = fs::metadata(&path).map_err(io(&path))?.len();
        if size > LARGEST_FILE {
            return Err(OfflineError::TooMuch(format!(
                "{} has more than 16 MiB",
                path.display()
            )));
        }
        let text = fs::read(&path).map_err(io(&path))?;
        files.push((name.clone(), String::from_utf8_lossy(&text).into_owned()));
    }
    Ok(files)
}

/// Takes `.` and `..` out of a path by its text alone, as Terraform does for modules.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// The versions a lock file names.
pub(crate) fn locked(root: &Path) -> BTreeMap<Address, String> {
    let Ok(text) = fs::read_to_string(root.join(".terraform.lock.hcl")) else {
        return BTreeMap::new();
    };
    let files = [("lock.tf".to_owned(), text)];
    let blocks = outline(&files).unwrap_or_default();
    let providers = blocks.iter().flatten();
    let versions = providers.filter_map(|block| {
        let address = block.labels.first()?.parse().ok()?;
        let version = block.arguments.get("version")?.as_text()?;
        Some((address, version.to_owned()))
    });
    versions.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let root = folder.path().canonicalize().unwrap().join("root");
        (folder, root)
    }

    #[test]
    fn all_modules_providers_types_and_data_sources_are_found() {
        let (_folder, root) = written(&[
            (
                "root/main.tf",
                r#"
                terraform {
                  required_providers {
                    cloud = { source = "acme/cloud" }
                    aws   = "~> 5.0"
                  }
                }
                module "near" { source = "../near" }
                module "far" { source = "terraform-aws-modules/vpc/aws" }
                module "away" { source = "git::https://example.com/x.git" }
                resource "cloud_thing" "x" {}
                resource "odd_thing" "x" { provider = cloud.west }
                resource "terraform_data" "x" {}
                data "terraform_remote_state" "x" {}
                import {
                  to = cloud_thing.x
                  id = "x"
                }
                "#,
            ),
            (
                "root/.terraform/modules/modules.json",
                r#"{"Modules": [{"Key": "far", "Source": "", "Dir": ".terraform/modules/far"}]}"#,
            ),
            (
                "root/.terraform/modules/far/x.tf.json",
                r#"{"data": {"aws_ami": {"x": {}}, "aws_iam_policy_document": {"y": {}}}}"#,
            ),
            (
                "near/x.tf",
                "resource \"random_id\" \"x\" {}\ncheck \"c\" {\n data \"http\" \"h\" {}\n}",
            ),
        ]);
        let found = Configuration::read(
            &root,
            &root.join(".terraform").join(MANIFEST),
            Flavour::Terraform,
        )
        .unwrap();
        let providers: Vec<_> = found
            .providers
            .iter()
            .map(|(a, u)| format!("{a} {}", u.needed_by))
            .collect();
        assert_eq!(
            providers,
            [
                "acme/cloud the root module",
                "hashicorp/aws the root module",
                "hashicorp/http module.near",
                "hashicorp/random module.near",
            ]
        );
        let cloud = &found.providers[&"acme/cloud".parse().unwrap()];
        assert_eq!(
            cloud.types.resources.iter().collect::<Vec<_>>(),
            ["cloud_thing", "odd_thing"]
        );
        assert_eq!(
            found.absent,
            [(
                "away".to_owned(),
                "git::https://example.com/x.git".to_owned()
            )]
        );
        assert_eq!(found.modules.len(), 3);
        assert_eq!(found.modules[&root].imports["main.tf"].len(), 1);
        let far = &found.modules[&root.join(".terraform/modules/far")];
        assert_eq!(
            far.deferred.iter().collect::<Vec<_>>(),
            [&("data", "aws_ami".to_owned(), "x".to_owned())]
        );
    }

    #[test]
    fn a_module_that_calls_itself_ends() {
        let (_folder, root) = written(&[("root/main.tf", "module \"x\" { source = \"./.\" }")]);
        assert!(matches!(
            Configuration::read(
                &root,
                &root.join(".terraform").join(MANIFEST),
                Flavour::Terraform
            ),
            Err(OfflineError::TooMuch(_))
        ));
    }

    #[test]
    fn each_program_reads_its_own_files() {
        let (_folder, root) = written(&[
            ("root/main.tf", "resource \"tf_x\" \"x\" {}"),
            ("root/main.tofu", "resource \"tofu_x\" \"x\" {}"),
            ("root/more.tf", "resource \"more_x\" \"x\" {}"),
        ]);
        let names = |flavour| {
            let manifest = root.join(".terraform").join(MANIFEST);
            let found = Configuration::read(&root, &manifest, flavour).unwrap();
            let names = found.providers.keys().map(|address| address.name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(Flavour::Terraform), ["more", "tf"]);
        assert_eq!(names(Flavour::OpenTofu), ["more", "tofu"]);
    }

    #[test]
    fn the_partition_waits_where_no_region_is_written() {
        let data = "data \"aws_partition\" \"p\" {}\n";
        for (text, waits) in [
            ("", true),
            ("provider \"aws\" {}", true),
            ("provider \"aws\" { region = var.r }", false),
        ] {
            let (_folder, root) = written(&[("root/main.tf", &format!("{data}{text}"))]);
            let manifest = root.join(".terraform").join(MANIFEST);
            let found = Configuration::read(&root, &manifest, Flavour::Terraform).unwrap();
            assert_eq!(!found.modules[&root].deferred.is_empty(), waits, "{text}");
        }
    }

    #[test]
    fn the_lock_file_names_versions() {
        let (_folder, root) = written(&[(
            "root/.terraform.lock.hcl",
            "provider \"registry.terraform.io/hashicorp/aws\" {\n  version = \"5.99.0\"\n  hashes = [\"h1:x\"]\n}\n",
        )]);
        assert_eq!(locked(&root)[&Address::implied("aws")], "5.99.0");
    }
}
