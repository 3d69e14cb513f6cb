//! The thread that loads, judges and proves, one thing after the other, so that the one that
//! talks to the editor never waits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};

use abide_core::scan::Scan;
use abide_core::source::LoadOptions;
use abide_hcl::LoadError;
use abide_rego::Asking;
use lsp_server::RequestId;
use serde_json::Value;

use super::answer;
use super::documents::Documents;
use super::wire::Event;
use super::workspace::{Module, Shown};
use super::{log, show};
use crate::cli::{Cli, LspArgs, RootArgs};
use crate::config::Config;
use crate::load;
use crate::pipeline::{self, Chosen, Standing};

/// The configuration and the policies it selects.
pub(super) struct Policies {
    config: Config,
    pub(super) chosen: Chosen,
    root: RootArgs,
}

/// What is to be done, with all it needs.
pub(super) enum Job {
    /// Judge directories.
    Check {
        /// `None` if they have to be read anew.
        policies: Option<Arc<Policies>>,
        documents: Documents,
        dirs: Vec<PathBuf>,
    },
    /// Look for proven fixes.
    Prove(Question),
}

/// A request for code actions.
pub(super) struct Question {
    pub(super) id: RequestId,
    pub(super) policies: Arc<Policies>,
    pub(super) documents: Documents,
    /// What is shown at the place, and the directories it was judged for.
    pub(super) here: Vec<(PathBuf, Shown)>,
    /// Nobody waits for it any more.
    pub(super) cancelled: Arc<AtomicBool>,
}

/// What came of a job.
pub(super) enum Done {
    Checked {
        policies: Option<Arc<Policies>>,
        /// Nothing is known of a directory that has no source.
        modules: Vec<(PathBuf, Option<Module>)>,
        complaint: Option<String>,
    },
    Proven {
        id: RequestId,
        actions: Vec<Value>,
    },
    /// The thread ended, though it should not have.
    Gone,
}

/// Says that the thread is gone, however it ended.
struct Farewell(Sender<Event>);

impl Drop for Farewell {
    fn drop(&mut self) {
        // Who does not listen needs no farewell.
        let _ = self.0.send(Event::Done(Done::Gone));
    }
}

/// Does jobs until there are no more.
pub(super) fn work(cli: &Cli, args: &LspArgs, jobs: &Receiver<Job>, events: Sender<Event>) {
    let events = Farewell(events);
    while let Ok(job) = jobs.recv() {
        let done = match job {
            Job::Check {
                policies,
                documents,
                dirs,
            } => check(cli, args, policies, &documents, dirs),
            Job::Prove(question) => Done::Proven {
                actions: answer::actions(&question),
                id: question.id,
            },
        };
        if events.0.send(Event::Done(done)).is_err() {
            return;
        }
    }
}

fn check(
    cli: &Cli,
    args: &LspArgs,
    policies: Option<Arc<Policies>>,
    documents: &Documents,
    dirs: Vec<PathBuf>,
) -> Done {
    let mut modules = Vec::new();
    let mut complaint = None;
    let policies = policies.map_or_else(|| read(cli, args).map(Arc::new), Ok);
    match &policies {
        Err(error) => complaint = Some(format!("{error:#}")),
        Ok(policies) => {
            for dir in dirs {
                match policies.judge(documents, &dir) {
                    Ok(module) => modules.push((dir, Some(module))),
                    // An empty directory holds nothing wrong.
                    Err(error) if error.is::<LoadError>() => {
                        log(&format!("{error:#}"));
                        modules.push((dir, None));
                    }
                    Err(error) => complaint = Some(format!("{error:#}")),
                }
            }
        }
    }
    Done::Checked {
        policies: policies.ok(),
        modules,
        complaint,
    }
}

fn read(cli: &Cli, args: &LspArgs) -> anyhow::Result<Policies> {
    let config = Config::load(cli)?;
    Ok(Policies {
        chosen: pipeline::choose(&config, &args.policy)?,
        root: config.root(&RootArgs::default())?,
        config,
    })
}

impl Policies {
    /// Loads a directory as it is in the editor, with some texts replaced.
    pub(super) fn load(
        &self,
        documents: &Documents,
        dir: &Path,
        texts: &abide_fix::Texts,
    ) -> Result<abide_hcl::Loaded, LoadError> {
        let key = pipeline::redaction_key().map_err(|error| LoadError::Read {
            input: dir.display().to_string(),
            reason: error.to_string(),
        })?;
        let options = LoadOptions {
            wanted: self.chosen.set.wanted().clone(),
            key,
        };
        let mut options = load::editing_options(dir, &self.root, &options);
        let open = documents.0.iter();
        options.overlay = open
            .map(|(path, document)| (path.clone(), document.text.to_string()))
            .chain(
                texts
                    .iter()
                    .map(|(name, text)| (dir.join(name), text.clone())),
            )
            .collect();
        abide_hcl::load_dir(dir, &options)
    }

    fn judge(&self, documents: &Documents, dir: &Path) -> anyhow::Result<Module> {
        let chosen = &self.chosen;
        let loaded = self.load(documents, dir, &abide_fix::Texts::new())?;
        let inventory = &loaded.inventory;
        let standing = Standing::read(&self.config, None, None)?;
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
            documents,
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
}

impl Question {
    /// Loads a directory, unless nobody waits for the answer any more.
    pub(super) fn load(
        &self,
        dir: &Path,
        texts: &abide_fix::Texts,
    ) -> Result<abide_hcl::Loaded, LoadError> {
        if self.is_cancelled() {
            return Err(LoadError::Read {
                input: dir.display().to_string(),
                reason: "the request was cancelled".to_owned(),
            });
        }
        self.policies.load(&self.documents, dir, texts)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
