//! What is open, and what was found in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use abide_core::finding::Finding;
use abide_core::scan::Scan;
use abide_core::source::LoadOptions;
use abide_rego::Asking;
use lsp_types::{
    Diagnostic, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DidSaveTextDocumentParams, PublishDiagnosticsParams, Uri,
};

use super::{log, place, show};
use crate::cli::RootArgs;
use crate::config::Config;
use crate::load;
use crate::pipeline::{self, Chosen, Standing};

/// A text as the editor has it.
struct Document {
    uri: Uri,
    text: String,
    version: i32,
}

/// One thing the editor shows.
pub(super) struct Shown {
    pub(super) diagnostic: Diagnostic,
    /// The finding it is of; a remark about the source has none.
    pub(super) finding: Option<Finding>,
}

/// What is known of the root module in one directory.
#[derive(Default)]
pub(super) struct Module {
    /// The files that were read.
    files: BTreeSet<PathBuf>,
    /// What is shown, by file.
    pub(super) shown: BTreeMap<PathBuf, Vec<Shown>>,
}

#[derive(Default)]
pub(super) struct Workspace {
    /// When to look at what changed.
    pub(super) due: Option<Instant>,
    /// The configuration and the policies it selects; read anew when they may have changed.
    pub(super) policies: Option<(Config, Chosen)>,
    documents: BTreeMap<PathBuf, Document>,
    pub(super) modules: BTreeMap<PathBuf, Module>,
    stale: BTreeSet<PathBuf>,
    /// What the editor was told last.
    told: BTreeMap<PathBuf, Vec<Diagnostic>>,
}

/// The file with its directory in canonical form, which need not hold it yet.
pub(super) fn file(uri: &Uri) -> Option<PathBuf> {
    let path = place::path(uri.as_str())?;
    let dir = path.parent()?.canonicalize().ok()?;
    Some(dir.join(path.file_name()?))
}

impl Workspace {
    pub(super) fn open(&mut self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        if let Some(path) = file(&document.uri) {
            self.touch(&path);
            let open = Document {
                uri: document.uri,
                text: document.text,
                version: document.version,
            };
            self.documents.insert(path, open);
        }
    }

    pub(super) fn change(&mut self, params: DidChangeTextDocumentParams) {
        let Some(path) = file(&params.text_document.uri) else {
            return;
        };
        // We asked for whole texts; the last one counts.
        let Some(change) = params.content_changes.into_iter().next_back() else {
            return;
        };
        if let Some(document) = self.documents.get_mut(&path) {
            document.text = change.text;
            document.version = params.text_document.version;
            self.touch(&path);
        }
    }

    pub(super) fn save(&mut self, params: &DidSaveTextDocumentParams) {
        let Some(path) = file(&params.text_document.uri) else {
            return;
        };
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("toml" | "yaml" | "yml" | "rego" | "jsonl") => self.everything(),
            _ => self.touch(&path),
        }
    }

    pub(super) fn close(&mut self, params: &DidCloseTextDocumentParams) {
        if let Some(path) = file(&params.text_document.uri) {
            self.documents.remove(&path);
            self.touch(&path);
        }
    }

    /// Policies or files outside the editor changed.
    pub(super) fn everything(&mut self) {
        self.policies = None;
        let open = self.documents.keys().filter(|path| is_source(path));
        let dirs = open.filter_map(|path| path.parent());
        self.stale.extend(dirs.map(Path::to_owned));
    }

    /// Marks the file's own directory and the modules that read the file.
    fn touch(&mut self, path: &Path) {
        if is_source(path)
            && let Some(dir) = path.parent()
        {
            self.stale.insert(dir.to_owned());
        }
        let readers = self.modules.iter().filter(|(_, m)| m.files.contains(path));
        self.stale.extend(readers.map(|(dir, _)| dir.clone()));
    }

    /// Judges every directory that is stale.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        let Some((config, chosen)) = &self.policies else {
            return Ok(());
        };
        while let Some(dir) = self.stale.pop_first() {
            let mut open = self.documents.keys();
            if !open.any(|path| is_source(path) && path.parent() == Some(&dir)) {
                self.modules.remove(&dir);
                continue;
            }
            match self.judge(config, chosen, &dir) {
                Ok(module) => {
                    self.modules.insert(dir, module);
                }
                // An empty directory holds nothing wrong.
                Err(error) if error.is::<abide_hcl::LoadError>() => {
                    log(&format!("{error:#}"));
                    self.modules.remove(&dir);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Loads a directory as it is in the editor, with some texts replaced.
    pub(super) fn load(
        &self,
        chosen: &Chosen,
        dir: &Path,
        texts: &abide_fix::Texts,
    ) -> Result<abide_hcl::Loaded, abide_hcl::LoadError> {
        let key = pipeline::redaction_key().map_err(|error| abide_hcl::LoadError::Read {
            input: dir.display().to_string(),
            reason: error.to_string(),
        })?;
        let options = LoadOptions {
            wanted: chosen.set.wanted().clone(),
            key,
        };
        let mut options = load::editing_options(dir, &RootArgs::default(), &options);
        let open = self.documents.iter();
        options.overlay = open
            .map(|(path, document)| (path.clone(), document.text.clone()))
            .chain(
                texts
                    .iter()
                    .map(|(name, text)| (dir.join(name), text.clone())),
            )
            .collect();
        abide_hcl::load_dir(dir, &options)
    }

    fn judge(&self, config: &Config, chosen: &Chosen, dir: &Path) -> anyhow::Result<Module> {
        let loaded = self.load(chosen, dir, &abide_fix::Texts::new())?;
        let inventory = &loaded.inventory;
        let standing = Standing::read(config, None, None)?;
        let asking = Asking {
            input: 0,
            all_results: standing.needs_passes(),
        };
        let mut prints = Vec::new();
        let found = pipeline::evaluate(chosen, inventory, None, asking, &mut prints);
        prints.iter().for_each(|line| log(line));
        let mut scan = Scan::assemble(
            jiff::Timestamp::now(),
            env!("CARGO_PKG_VERSION"),
            &chosen.set,
            vec![(inventory, found)],
        );
        pipeline::locate(chosen, &mut scan, &[Some(&loaded)]);
        pipeline::except(chosen, &mut scan, &standing);
        pipeline::keep_findings(&mut scan);
        let pen = show::Pen {
            workspace: self,
            loaded: &loaded,
            scan: &scan,
            dir,
        };
        let files = loaded.sources.files();
        Ok(Module {
            files: files.map(|(_, file)| dir.join(&file.name)).collect(),
            shown: pen.all(),
        })
    }

    /// The text of an open file.
    pub(super) fn text(&self, path: &Path) -> Option<&str> {
        Some(self.documents.get(path)?.text.as_str())
    }

    /// The URI of a file, as the editor writes it if it is open there.
    pub(super) fn uri(&self, path: &Path) -> Option<Uri> {
        match self.documents.get(path) {
            Some(document) => Some(document.uri.clone()),
            None => place::uri(path),
        }
    }

    /// What is shown in a file, by the directory it was judged for.
    pub(super) fn shown(&self, path: &Path) -> impl Iterator<Item = (&Path, &Shown)> {
        self.modules.iter().flat_map(move |(dir, module)| {
            let shown = module.shown.get(path).into_iter().flatten();
            shown.map(|shown| (dir.as_path(), shown))
        })
    }

    /// What the editor has to be told: files whose diagnostics are not what they were.
    pub(super) fn news(&mut self) -> Vec<PublishDiagnosticsParams> {
        let shown = self.modules.values().flat_map(|module| module.shown.keys());
        let files = shown.chain(self.told.keys()).chain(self.documents.keys());
        let files: BTreeSet<PathBuf> = files.cloned().collect();
        let mut news = Vec::new();
        for path in files {
            let mut now: Vec<Diagnostic> = Vec::new();
            for (_, shown) in self.shown(&path) {
                // A module that two others call is judged for both.
                if !now.contains(&shown.diagnostic) {
                    now.push(shown.diagnostic.clone());
                }
            }
            if self.told.get(&path) == Some(&now) {
                continue;
            }
            if let Some(uri) = self.uri(&path) {
                news.push(PublishDiagnosticsParams {
                    uri,
                    diagnostics: now.clone(),
                    version: self.documents.get(&path).map(|document| document.version),
                });
            }
            if now.is_empty() && !self.documents.contains_key(&path) {
                self.told.remove(&path);
            } else {
                self.told.insert(path, now);
            }
        }
        news
    }
}

fn is_source(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| abide_hcl::is_source(name) || abide_hcl::is_variables(name))
}
