//! What is open, and what was found in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use abide_core::finding::Finding;
use lsp_types::{
    Diagnostic, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DidSaveTextDocumentParams, PublishDiagnosticsParams, Uri,
};

use super::documents::{Document, Documents};
use super::place;
use super::worker::{Job, Policies};

/// One thing the editor shows.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) diagnostic: Diagnostic,
    /// The finding it is of; a remark about the source has none.
    pub(super) finding: Option<Finding>,
}

/// What is known of the root module in one directory.
#[derive(Default)]
pub(super) struct Module {
    /// The files that were read.
    pub(super) files: BTreeSet<PathBuf>,
    /// What is shown, by file.
    pub(super) shown: BTreeMap<PathBuf, Vec<Shown>>,
}

#[derive(Default)]
pub(super) struct Workspace {
    /// When to look at what changed.
    pub(super) due: Option<Instant>,
    /// The policies in force.
    pub(super) policies: Option<Arc<Policies>>,
    /// Whether they may have changed.
    is_outdated: bool,
    pub(super) documents: Documents,
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
                text: document.text.into(),
                version: document.version,
            };
            self.documents.0.insert(path, open);
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
        if let Some(document) = self.documents.0.get_mut(&path) {
            document.text = change.text.into();
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
            self.documents.0.remove(&path);
            self.touch(&path);
        }
    }

    /// Policies or files outside the editor changed.
    pub(super) fn everything(&mut self) {
        self.is_outdated = true;
        let open = self.documents.0.keys().filter(|path| is_source(path));
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

    /// What has to be judged: every directory that is stale.
    pub(super) fn check(&mut self) -> Job {
        let mut dirs = Vec::new();
        while let Some(dir) = self.stale.pop_first() {
            let mut open = self.documents.0.keys();
            if open.any(|path| is_source(path) && path.parent() == Some(&dir)) {
                dirs.push(dir);
            } else {
                self.modules.remove(&dir);
            }
        }
        let is_outdated = std::mem::take(&mut self.is_outdated);
        Job::Check {
            policies: self.policies.clone().filter(|_| !is_outdated),
            documents: self.documents.clone(),
            dirs,
        }
    }

    /// Takes in what was judged, and by which policies; `None` if they cannot be read.
    pub(super) fn judged(
        &mut self,
        policies: Option<Arc<Policies>>,
        modules: Vec<(PathBuf, Option<Module>)>,
    ) {
        let Some(policies) = policies else {
            return self.everything();
        };
        self.policies = Some(policies);
        for (dir, module) in modules {
            match module {
                Some(module) => self.modules.insert(dir, module),
                None => self.modules.remove(&dir),
            };
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
        let files = shown.chain(self.told.keys()).chain(self.documents.0.keys());
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
            if let Some(uri) = self.documents.uri(&path) {
                news.push(PublishDiagnosticsParams {
                    uri,
                    diagnostics: now.clone(),
                    version: self.documents.0.get(&path).map(|document| document.version),
                });
            }
            if now.is_empty() && !self.documents.0.contains_key(&path) {
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
