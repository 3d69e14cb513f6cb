//! `abide lsp`: findings in the editor, by the Language Server Protocol on standard input and output.
//!
//! ```text
//! client ─▶ wire ─▶ Server ─▶ workspace (load, judge, locate) ─▶ show ─▶ client
//!                     └─▶ answer (hover, code actions)
//! ```
//!
//! It writes no file: a fix is an edit that the editor makes.

mod answer;
mod place;
mod show;
mod wire;
mod workspace;

use std::env;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use lsp_server::{ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Notification as _, PublishDiagnostics, ShowMessage,
};
use lsp_types::request::{CodeActionRequest, HoverRequest, Request as _, Shutdown};
use lsp_types::{MessageType, ShowMessageParams, Uri};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::wire::Event;
use self::workspace::Workspace;
use crate::cli::{Cli, LspArgs};
use crate::config::Config;
use crate::pipeline;

/// How long nobody types before the text is judged.
const PAUSE: Duration = Duration::from_millis(150);

pub(crate) fn run(cli: &Cli, args: &LspArgs) -> anyhow::Result<u8> {
    let (sender, events) = mpsc::channel();
    // Standard input can only be waited for; the thread ends with it or with the process.
    std::thread::Builder::new()
        .name("lsp-input".to_owned())
        .spawn(move || wire::read(&mut io::stdin().lock(), &sender))?;
    Server {
        cli,
        args,
        state: State::Fresh,
        workspace: Workspace::default(),
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

struct Server<'a> {
    cli: &'a Cli,
    args: &'a LspArgs,
    state: State,
    workspace: Workspace,
    /// What the user was told last, not to be told again.
    complained: Option<String>,
}

impl Server<'_> {
    fn serve(mut self, events: &Receiver<Event>) -> anyhow::Result<u8> {
        loop {
            let event = match self.workspace.due {
                Some(due) => events.recv_timeout(due.saturating_duration_since(Instant::now())),
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Message(Message::Request(request))) => self.request(request)?,
                Ok(Event::Message(Message::Notification(note))) if note.method == "exit" => {
                    // The protocol's own numbers.
                    return Ok(u8::from(self.state != State::ShutDown));
                }
                Ok(Event::Message(Message::Notification(note))) => self.notification(note)?,
                // We ask for nothing, so nothing is answered.
                Ok(Event::Message(Message::Response(_))) => {}
                Ok(Event::Broken(code, reason)) => wire::refuse(code, &reason)?,
                Err(RecvTimeoutError::Timeout) => self.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(u8::from(self.state != State::ShutDown));
                }
            }
        }
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
                self.check()?;
                parse(params).map(|params| json!(answer::hover(&self.workspace, &params)))
            }
            (State::Running, CodeActionRequest::METHOD) => {
                self.check()?;
                parse(params).map(|params| json!(answer::actions(&self.workspace, &params)))
            }
            (State::ShutDown, _) => Err((
                ErrorCode::InvalidRequest,
                "expected exit after shutdown".to_owned(),
            )),
            (State::Running, _) => Err((
                ErrorCode::MethodNotFound,
                format!("abide does not serve {}", method.escape_debug()),
            )),
        };
        wire::send(&match answer {
            Ok(value) => Response::new_ok(id, value).into(),
            Err((code, message)) => Response::new_err(id, code as i32, message).into(),
        })
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
            // `initialized`, `$/…` and whatever comes later mean nothing to us.
            _ => return Ok(()),
        };
        if let Err((_, reason)) = changed {
            log(&format!("{}: {reason}", method.escape_debug()));
        } else {
            self.workspace.due = Some(Instant::now() + PAUSE);
        }
        Ok(())
    }

    /// Judges what changed since the last time and tells the editor.
    fn check(&mut self) -> anyhow::Result<()> {
        if self.workspace.due.take().is_none() {
            return Ok(());
        }
        if self.workspace.policies.is_none() {
            let chosen = Config::load(self.cli).and_then(|config| {
                let chosen = pipeline::choose(&config, &self.args.policy)?;
                Ok((config, chosen))
            });
            match chosen {
                Ok(policies) => self.workspace.policies = Some(policies),
                Err(error) => return self.complain(&format!("{error:#}")),
            }
        }
        match self.workspace.check() {
            Ok(()) => self.complained = None,
            Err(error) => self.complain(&format!("{error:#}"))?,
        }
        for params in self.workspace.news() {
            notify(PublishDiagnostics::METHOD, params)?;
        }
        Ok(())
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
