//! Everything one load works with: files, parsed modules, limits, diagnostics.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abide_core::diagnostic::{Diagnostic, Level};

use crate::Options;
use crate::ast::{Block, Body};
use crate::fail::{CYCLE, ESCAPE, Fail, LIMIT};
use crate::files::{FileError, Files, is_source, normal, stem};
use crate::instance::Instance;
use crate::module::{Module, Oddity};
use crate::source_map::{FileId, Location, SourceMap};

/// After this many diagnostics more of them help nobody.
const MAX_DIAGNOSTICS: usize = 1000;

/// The state of one load.
pub(crate) struct World<'o> {
    pub(crate) options: &'o Options<'o>,
    pub(crate) files: Files,
    /// The root module's directory.
    pub(crate) root: PathBuf,
    pub(crate) sources: RefCell<SourceMap>,
    modules: RefCell<BTreeMap<PathBuf, Option<Arc<Module>>>>,
    manifest: OnceCell<BTreeMap<String, PathBuf>>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    reported: RefCell<BTreeSet<(Option<Location>, &'static str, String)>>,
    depth: Cell<u32>,
    work: Cell<u64>,
    instances: Cell<usize>,
}

/// Leaves a level of evaluation when it is dropped.
pub(crate) struct Deeper<'w>(&'w Cell<u32>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<'o> World<'o> {
    pub(crate) fn new(options: &'o Options<'o>, files: Files, root: PathBuf) -> Self {
        Self {
            options,
            files,
            root,
            sources: RefCell::default(),
            modules: RefCell::default(),
            manifest: OnceCell::new(),
            diagnostics: RefCell::default(),
            reported: RefCell::default(),
            depth: Cell::new(0),
            work: Cell::new(0),
            instances: Cell::new(0),
        }
    }

    /// Goes one level deeper, if that is still allowed.
    pub(crate) fn enter(&self) -> Result<Deeper<'_>, Box<Fail>> {
        self.spend(1)?;
        let depth = self.depth.get();
        if depth >= self.options.limits.depth {
            return Err(Fail::new(
                LIMIT,
                "expressions refer to each other too deeply",
            ));
        }
        self.depth.set(depth + 1);
        Ok(Deeper(&self.depth))
    }

    /// Takes work off the budget.
    pub(crate) fn spend(&self, work: u64) -> Result<(), Box<Fail>> {
        let spent = self.work.get().saturating_add(work);
        self.work.set(spent);
        if spent > self.options.limits.work {
            return Err(Fail::new(
                LIMIT,
                "the configuration takes too much work to evaluate",
            ));
        }
        Ok(())
    }

    pub(crate) fn count_instances(&self, more: usize, location: Location) -> Result<(), Box<Fail>> {
        let all = self.instances.get().saturating_add(more);
        if all > self.options.limits.instances {
            return Err(Fail::new(LIMIT, "there are too many instances").at(location));
        }
        self.instances.set(all);
        Ok(())
    }

    pub(crate) fn warn(&self, code: &'static str, message: String, location: Option<Location>) {
        self.diagnose(Level::Warning, code, message, location);
    }

    pub(crate) fn error(&self, code: &'static str, message: String, location: Option<Location>) {
        self.diagnose(Level::Error, code, message, location);
    }

    /// Reports a failed evaluation, once however many instances it fails in.
    pub(crate) fn report(&self, fail: &Fail) {
        let mut message = fail.message.clone();
        if fail.code == CYCLE {
            message.push_str("; Terraform refuses cycles, here the value is unknown");
        }
        self.error(fail.code, message, fail.location);
    }

    fn diagnose(
        &self,
        level: Level,
        code: &'static str,
        message: String,
        location: Option<Location>,
    ) {
        let key = (location, code, message.clone());
        if self.diagnostics.borrow().len() >= MAX_DIAGNOSTICS
            || !self.reported.borrow_mut().insert(key)
        {
            return;
        }
        let mut diagnostic = Diagnostic::new(level, code, message);
        diagnostic.place = location.and_then(|l| self.sources.borrow().place(l));
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    pub(crate) fn into_parts(self) -> (SourceMap, Vec<Diagnostic>) {
        (self.sources.into_inner(), self.diagnostics.into_inner())
    }

    /// The path of a file as messages name it.
    pub(crate) fn display(&self, path: &Path) -> String {
        let base = self.options.display_base.as_deref();
        if let Some(Ok(shown)) = base.map(|base| path.strip_prefix(base)) {
            return shown.to_string_lossy().replace('\\', "/");
        }
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        let prefix = &self.options.display_root;
        let text = shown.to_string_lossy().replace('\\', "/");
        match prefix.as_str() {
            "" | "." => text,
            prefix => format!("{}/{text}", prefix.trim_end_matches('/')),
        }
    }

    /// Reads a file of the configuration into the source map.
    pub(crate) fn read_source(&self, path: &Path) -> Option<(FileId, Arc<str>)> {
        self.add_source(path, self.files.read_text(path))
    }

    /// The same for a file the user named, wherever it is.
    pub(crate) fn read_named(&self, path: &Path) -> Option<(FileId, Arc<str>)> {
        self.add_source(path, self.files.read_named(path))
    }

    fn add_source(
        &self,
        path: &Path,
        text: Result<String, FileError>,
    ) -> Option<(FileId, Arc<str>)> {
        match text {
            Ok(text) => {
                let text: Arc<str> = text.into();
                let id = self
                    .sources
                    .borrow_mut()
                    .add(self.display(path), path, text.clone());
                Some((id, text))
            }
            Err(error) => {
                self.unreadable(path, &error, None);
                None
            }
        }
    }

    pub(crate) fn unreadable(&self, path: &Path, error: &FileError, location: Option<Location>) {
        let code = match error {
            FileError::Outside => ESCAPE,
            FileError::TooLarge => LIMIT,
            _ => "hcl-read",
        };
        self.error(
            code,
            format!("{} is not read: {error}", self.display(path)),
            location,
        );
    }

    /// The parsed content of a module directory; `None` if it is no module.
    pub(crate) fn module(&self, dir: &Path) -> Option<Arc<Module>> {
        let dir = normal(dir);
        if let Some(known) = self.modules.borrow().get(&dir) {
            return known.clone();
        }
        let module = self.parse_module(&dir).map(Arc::new);
        self.modules.borrow_mut().insert(dir, module.clone());
        module
    }

    fn parse_module(&self, dir: &Path) -> Option<Module> {
        let names = match self.files.list(dir) {
            Ok(names) => names?,
            Err(error) => {
                self.unreadable(dir, &error, None);
                return None;
            }
        };
        let (mut overrides, mut normal): (Vec<_>, Vec<_>) =
            source_files(&names).partition(|name| is_override(name));
        normal.sort_unstable();
        overrides.sort_unstable();
        if normal.is_empty() && overrides.is_empty() {
            return None;
        }
        let mut module = Module::new(dir.to_path_buf());
        let mut odd = Vec::new();
        for name in normal {
            if let Some(body) = self.parse_file(&dir.join(name)) {
                module.add(body, &mut odd);
            }
        }
        for name in overrides {
            if let Some(body) = self.parse_file(&dir.join(name)) {
                module.override_with(body, &mut odd);
            }
        }
        for Oddity { message, block } in odd {
            let location = Location {
                file: block.file,
                span: block.header,
            };
            self.error("hcl-declaration", message, Some(location));
        }
        Some(module)
    }

    fn parse_file(&self, path: &Path) -> Option<Body> {
        let (file, text) = self.read_source(path)?;
        let json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        let parsed = if json {
            crate::json_body::body(file, &text).into()
        } else {
            crate::parse::body(file, &text)
        };
        let what = if parsed.lost { "file" } else { "block" };
        for error in &parsed.errors {
            let location = Location {
                file,
                span: error.span,
            };
            let message = format!("{}; the {what} is not judged", error.message);
            self.error("hcl-syntax", message, Some(location));
        }
        (!parsed.lost).then_some(parsed.body)
    }

    /// The module a call names; `None`, and a diagnostic, if it is not at hand.
    pub(crate) fn called(
        &self,
        caller: &Instance,
        name: &str,
        block: &Block,
    ) -> Option<Arc<Module>> {
        let location = Location {
            file: block.file,
            span: block.header,
        };
        if caller.depth >= self.options.limits.module_depth {
            let message = format!("module `{name}` is nested too deeply; it is not judged");
            self.error(LIMIT, message, Some(location));
            return None;
        }
        let source = block.body.attribute("source");
        let text = source.and_then(|source| source.value.literal_str());
        let local = text.filter(|text| text.starts_with("./") || text.starts_with("../"));
        let dir = match local {
            Some(local) => normal(&caller.source.dir.join(local)),
            None => {
                let path = match caller.path.as_str() {
                    "" => name.to_owned(),
                    path => format!("{path}.{name}"),
                };
                match self.manifest().get(&path) {
                    Some(dir) => normal(&self.root.join(dir)),
                    None => {
                        let message = format!(
                            "module `{name}` is not downloaded: its resources are not judged and its outputs are unknown; run `terraform init` or scan a plan"
                        );
                        self.warn("hcl-module-missing", message, Some(location));
                        return None;
                    }
                }
            }
        };
        if let Err(FileError::Outside) = self.files.list(&dir) {
            let message = format!(
                "the source of module `{name}` is outside the repository, which is never left; its resources are not judged"
            );
            self.error(ESCAPE, message, Some(location));
            return None;
        }
        let module = self.module(&dir);
        if module.is_none() {
            let message = format!(
                "module `{name}`: there is no Terraform source in `{}`; its resources are not judged",
                self.display(&dir)
            );
            self.error("hcl-module-missing", message, Some(location));
        }
        module
    }

    /// Directories of downloaded modules by call path.
    fn manifest(&self) -> &BTreeMap<String, PathBuf> {
        self.manifest.get_or_init(|| {
            let path = self.root.join(".terraform/modules/modules.json");
            let Ok(text) = self.files.read_text(&path) else {
                return BTreeMap::new();
            };
            let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let entries = json["Modules"].as_array();
            entries
                .into_iter()
                .flatten()
                .filter_map(|entry| {
                    Some((
                        entry["Key"].as_str()?.to_owned(),
                        entry["Dir"].as_str()?.into(),
                    ))
                })
                .collect()
        })
    }
}

/// The names Terraform or OpenTofu would read as source.
fn source_files(names: &[String]) -> impl Iterator<Item = &str> {
    let hidden = |name: &str| {
        name.starts_with('.') || name.ends_with('~') || name.starts_with('#') && name.ends_with('#')
    };
    let replaced = |name: &str| {
        // OpenTofu reads `x.tofu` instead of `x.tf`.
        let tofu = match name.strip_suffix(".tf") {
            Some(stem) => format!("{stem}.tofu"),
            None => match name.strip_suffix(".tf.json") {
                Some(stem) => format!("{stem}.tofu.json"),
                None => return false,
            },
        };
        names.contains(&tofu)
    };
    names
        .iter()
        .map(String::as_str)
        .filter(move |name| is_source(name) && !hidden(name) && !replaced(name))
}

fn is_override(name: &str) -> bool {
    stem(name).is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}
