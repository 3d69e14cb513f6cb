//! `abide lsp`: findings in the editor, by the Language Server Protocol on standard input and output.
//!
//! ```text
//! client ─▶ wire ─▶ Server ─▶ worker (load, judge, locate, show; prove) ─▶ Server ─▶ client
//!                     └─▶ answer (hover)
//! ```
//!
//! The server's thread only keeps books; what takes time is done by the worker. It writes no
//! file: a fix is an edit that the editor makes.

mod answer;
mod documents;
mod place;
mod show;
mod wire;
mod worker;
mod workspace;

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::bail;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{
    Cancel, DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument,
    DidOpenTextDocument, DidSaveTextDocument, Notification as _, PublishDiagnostics, ShowMessage,
};
use lsp_types::request::{CodeActionRequest, HoverRequest, Request as _, Shutdown};
use lsp_types::{CodeActionParams, MessageType, ShowMessageParams, Uri};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::wire::Event;
use self::worker::{Done, Job, Question};
use self::workspace::Workspace;
use crate::cli::{Cli, Command, LspArgs};

/// How long nobody types before the text is judged.
const PAUSE: Duration = Duration::from_millis(150);

pub(crate) fn run(cli: &Cli, args: &LspArgs) -> anyhow::Result<u8> {
    let (sender, events) = mpsc::channel();
    let (jobs, queue) = mpsc::channel();
    let done = sender.clone();
    // Standard input can only be waited for; the threads end with it or with the process.
    std::thread::Builder::new()
        .name("lsp-input".to_owned())
        .spawn(move || wire::read(&mut io::stdin().lock(), &sender))?;
    let args = args.clone();
    let cli = Cli {
        config: cli.config.clone(),
        no_config: cli.no_config,
        color: cli.color,
        command: Command::Lsp(args.clone()),
    };
    std::thread::Builder::new()
        .name("lsp-worker".to_owned())
        .spawn(move || worker::work(&cli, &args, &queue, done))?;
    Server {
        state: State::Fresh,
        workspace: Workspace::default(),
        jobs,
        is_checking: false,
        waiting: Vec::new(),
        asked: BTreeMap::new(),
        complained: None,
    }
    .serve(&events)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Running,
    ShutDown,
}

struct Server {
    state: State,
    workspace: Workspace,
    jobs: Sender<Job>,
    /// Whether the worker judges; one look at what changed at a time.
    is_checking: bool,
    /// Requests for code actions that wait for what is judged.
    waiting: Vec<(RequestId, CodeActionParams)>,
    /// Those the worker has, and how to call it off.
    asked: BTreeMap<RequestId, Arc<AtomicBool>>,
    /// What the user was told last, not to be told again.
    complained: Option<String>,
}

/// An answer, or why there is none.
type Answer = Result<Value, (ErrorCode, String)>;

impl Server {
    fn serve(mut self, events: &Receiver<Event>) -> anyhow::Result<u8> {
        loop {
            let event = match self.workspace.due.filter(|_| !self.is_checking) {
                Some(due) => events.recv_timeout(due.saturating_duration_since(Instant::now())),
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Message(Message::Request(request))) => self.request(request)?,
                Ok(Event::Message(Message::Notification(note))) if note.method == "exit" => {
                    return Ok(self.exit_code());
                }
                Ok(Event::Message(Message::Notification(note))) => self.notification(note)?,
                // We ask for nothing, so nothing is answered.
                Ok(Event::Message(Message::Response(_))) => {}
                Ok(Event::Broken(code, reason)) => wire::refuse(code, &reason)?,
                Ok(Event::Done(done)) => self.done(done)?,
                Err(RecvTimeoutError::Timeout) => self.check()?,
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => {
                    return Ok(self.exit_code());
                }
            }
        }
    }

    /// The protocol's own numbers.
    fn exit_code(&self) -> u8 {
        u8::from(self.state != State::ShutDown)
    }

    fn request(&mut self, request: Request) -> anyhow::Result<()> {
        let Request { id, method, params } = request;
        let answer = match (self.state, method.as_str()) {
            (State::Fresh, "initialize") => Ok(self.initialize(&params)),
            (State::Fresh, _) => Err((
                ErrorCode::ServerNotInitialized,
                "expected initialize first".to_owned(),
            )),
            (State::Running, Shutdown::METHOD) => {
                self.state = State::ShutDown;
                Ok(Value::Null)
            }
            (State::Running, HoverRequest::METHOD) => {
                parse(params).map(|params| json!(answer::hover(&self.workspace, &params)))
            }
            (State::Running, CodeActionRequest::METHOD) => match parse(params) {
                Ok(params) => {
                    self.waiting.push((id, params));
                    return self.check();
                }
                Err(error) => Err(error),
            },
            (State::ShutDown, _) => Err((
                ErrorCode::InvalidRequest,
                "expected exit after shutdown".to_owned(),
            )),
            (State::Running, _) => Err((
                ErrorCode::MethodNotFound,
                format!("abide does not serve {}", method.escape_debug()),
            )),
        };
        respond(id, answer)
    }

    /// Reads only what it needs, so that no client is too new.
    fn initialize(&mut self, params: &Value) -> Value {
        self.state = State::Running;
        let folder = params
            .pointer("/workspaceFolders/0/uri")
            .or_else(|| params.get("rootUri"))
            .and_then(Value::as_str)
            .and_then(place::path);
        // The configuration is looked for from there, as it is by `abide scan`.
        if let Some(folder) = folder
            && let Err(error) = env::set_current_dir(&folder)
        {
            log(&format!("cannot work in {}: {error}", folder.display()));
        }
        json!({
            "capabilities": {
                "positionEncoding": "utf-16",
                "textDocumentSync": { "openClose": true, "change": 1, "save": true },
                "hoverProvider": true,
                "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            },
            "serverInfo": { "name": "abide", "version": env!("CARGO_PKG_VERSION") },
        })
    }

    fn notification(&mut self, note: Notification) -> anyhow::Result<()> {
        if self.state != State::Running {
            return Ok(());
        }
        let Notification { method, params } = note;
        let changed = match method.as_str() {
            DidOpenTextDocument::METHOD => parse(params).map(|p| self.workspace.open(p)),
            DidChangeTextDocument::METHOD => parse(params).map(|p| self.workspace.change(p)),
            DidSaveTextDocument::METHOD => parse(params).map(|p| self.workspace.save(&p)),
            DidCloseTextDocument::METHOD => parse(params).map(|p| self.workspace.close(&p)),
            DidChangeWatchedFiles::METHOD => {
                self.workspace.everything();
                Ok(())
            }
            Cancel::METHOD => return self.cancel(&params),
            // `initialized`, `$/…` and whatever comes later mean nothing to us.
            _ => return Ok(()),
        };
        if let Err((_, reason)) = changed {
            log(&format!("{}: {reason}", method.escape_debug()));
            return Ok(());
        }
        self.workspace.due = Some(Instant::now() + PAUSE);
        self.call_off(
            |_| true,
            ErrorCode::ContentModified,
            "the text is another one now",
        )
    }

    fn cancel(&mut self, params: &Value) -> anyhow::Result<()> {
        let id = params.get("id").cloned().unwrap_or_default();
        let Ok(id) = serde_json::from_value::<RequestId>(id) else {
            return Ok(());
        };
        let cancelled = "the editor cancelled it";
        self.call_off(|other| *other == id, ErrorCode::RequestCanceled, cancelled)
    }

    /// Gives up on requests for code actions.
    fn call_off(
        &mut self,
        which: impl Fn(&RequestId) -> bool,
        code: ErrorCode,
        why: &str,
    ) -> anyhow::Result<()> {
        let waiting = self.waiting.extract_if(.., |(id, _)| which(id));
        let mut ids: Vec<RequestId> = waiting.map(|(id, _)| id).collect();
        for (id, cancelled) in &self.asked {
            if which(id) {
                cancelled.store(true, Ordering::Relaxed);
                ids.push(id.clone());
            }
        }
        self.asked.retain(|id, _| !which(id));
        for id in ids {
            respond(id, Err((code, why.to_owned())))?;
        }
        Ok(())
    }

    /// Has judged what changed since the last time; else what waits for that can go on.
    fn check(&mut self) -> anyhow::Result<()> {
        if self.is_checking {
            return Ok(());
        }
        if self.workspace.due.take().is_some() {
            self.is_checking = true;
            let job = self.workspace.check();
            return self.give(job);
        }
        for (id, params) in std::mem::take(&mut self.waiting) {
            let here = answer::subjects(&self.workspace, &params);
            let (Some(policies), false) = (&self.workspace.policies, here.is_empty()) else {
                respond(id, Ok(json!([])))?;
                continue;
            };
            let cancelled = Arc::new(AtomicBool::new(false));
            self.asked.insert(id.clone(), cancelled.clone());
            let question = Question {
                id,
                policies: policies.clone(),
                documents: self.workspace.documents.clone(),
                here,
                cancelled,
            };
            self.give(Job::Prove(question))?;
        }
        Ok(())
    }

    fn give(&self, job: Job) -> anyhow::Result<()> {
        match self.jobs.send(job) {
            Ok(()) => Ok(()),
            Err(_) => bail!("the thread that judges is gone"),
        }
    }

    /// Tells the editor what came of a job.
    fn done(&mut self, done: Done) -> anyhow::Result<()> {
        match done {
            Done::Checked {
                policies,
                modules,
                complaint,
            } => {
                self.is_checking = false;
                let is_judged = policies.is_some();
                self.workspace.judged(policies, modules);
                match complaint {
                    None => self.complained = None,
                    Some(complaint) => self.complain(&complaint)?,
                }
                // Without policies there is nothing new to tell.
                let news = is_judged.then(|| self.workspace.news());
                for params in news.unwrap_or_default() {
                    notify(PublishDiagnostics::METHOD, params)?;
                }
                // With requests waiting nobody types, so there is no pause.
                match self.waiting.is_empty() {
                    true => Ok(()),
                    false => self.check(),
                }
            }
            Done::Proven { id, actions } => match self.asked.remove(&id) {
                Some(_) => respond(id, Ok(json!(actions))),
                // It was called off, and answered then.
                None => Ok(()),
            },
            Done::Gone => bail!("the thread that judges is gone"),
        }
    }

    fn complain(&mut self, message: &str) -> anyhow::Result<()> {
        if self.complained.as_deref() == Some(message) {
            return Ok(());
        }
        self.complained = Some(message.to_owned());
        let params = ShowMessageParams {
            typ: MessageType::ERROR,
            message: format!("abide: {message}"),
        };
        notify(ShowMessage::METHOD, params)
    }
}

fn respond(id: RequestId, answer: Answer) -> anyhow::Result<()> {
    wire::send(&match answer {
        Ok(value) => Response::new_ok(id, value).into(),
        Err((code, message)) => Response::new_err(id, code as i32, message).into(),
    })
}

fn notify(method: &str, params: impl serde::Serialize) -> anyhow::Result<()> {
    wire::send(&Notification::new(method.to_owned(), params).into())
}

fn parse<P: DeserializeOwned>(params: Value) -> Result<P, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

/// Editors show standard error in a log.
fn log(message: &str) {
    // Nothing can be done when it is gone.
    let _ = writeln!(io::stderr(), "abide: {}", crate::terminal::visible(message));
}

/// A link, if it is one.
fn link(text: &str) -> Option<Uri> {
    text.parse().ok()
}
