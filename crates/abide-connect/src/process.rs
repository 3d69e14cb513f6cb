//! One run of the program: its group, its output, its end.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::{ConnectError, Environment};

/// What the program is asked to do; there is nothing else. Only [`crate::apply()`] asks for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `version -json`
    Version,
    /// `init`: modules, providers and the backend, without changing the lock file.
    Init,
    /// `plan -lock=false -out=…`: reads, and writes the plan file.
    Plan,
    /// `show -json` of the plan file.
    Show,
    /// `apply` of a saved plan that was approved.
    Apply,
}

impl Step {
    /// The subcommand.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Init => "init",
            Self::Plan => "plan",
            Self::Show => "show",
            Self::Apply => "apply",
        }
    }
}

/// Tells running programs to end.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// From now on nothing is started, and what runs is ended.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody did.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a program is run.
pub(crate) struct Run<'a> {
    pub(crate) program: &'a Path,
    pub(crate) name: &'static str,
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) until: Instant,
    pub(crate) limit: Duration,
    pub(crate) cancel: &'a Cancel,
    /// Told every line of what the program says, without colours.
    pub(crate) progress: &'a (dyn Fn(&str) + Sync),
}

/// How long a program may take to end by itself once it was told to: it may hold locks.
const GRACE: Duration = Duration::from_secs(10);

/// The same while it changes something: it finishes what it has begun and writes the state.
const GRACE_APPLYING: Duration = Duration::from_secs(600);

/// How often it is looked whether somebody cancelled.
const TICK: Duration = Duration::from_millis(50);

/// As much of its output as is kept for messages.
const KEPT: usize = 40;

/// A line of what the program says.
struct Line {
    text: String,
    /// On standard error.
    is_error: bool,
}

impl Run<'_> {
    /// Runs a step and gives what it wrote to standard output.
    pub(crate) fn step(&self, step: Step, arguments: &[&str]) -> Result<Vec<u8>, ConnectError> {
        if self.cancel.is_cancelled() {
            return Err(ConnectError::Cancelled);
        }
        let mut command = Command::new(self.program);
        command
            .arg(step.as_str())
            .args(arguments)
            .current_dir(self.directory)
            .env_clear()
            .envs(self.environment.iter())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().map_err(|source| ConnectError::Start {
            program: self.program.display().to_string(),
            source,
        })?;
        let (send, lines) = channel();
        let out = child.stdout.take();
        let collects = matches!(step, Step::Version | Step::Show);
        let answer = std::thread::scope(|scope| {
            let stdout = scope.spawn(|| match (out, collects) {
                (Some(out), true) => whole(out),
                (Some(out), false) => {
                    told(out, false, &send.clone());
                    Ok(Vec::new())
                }
                (None, _) => Ok(Vec::new()),
            });
            let errors = child.stderr.take();
            let errors_to = send.clone();
            let stderr = scope.spawn(move || errors.map(|errors| told(errors, true, &errors_to)));
            let mut said = Vec::new();
            let ended = self.wait(&mut child, step, &lines, &mut said);
            let bytes = stdout.join().unwrap_or_else(|_| Ok(Vec::new()));
            // What it said last is on its way still.
            let _ = stderr.join();
            said.extend(lines.try_iter());
            ended.map(|code| (code, bytes, said))
        });
        let (code, bytes, said) = answer?;
        if code != Some(0) {
            return Err(ConnectError::Failed {
                tool: self.name,
                step,
                code,
                output: tail(&said),
            });
        }
        bytes.map_err(|source| ConnectError::Io {
            what: format!("reading what {} {} printed", self.name, step.as_str()),
            source,
        })
    }

    /// Waits for the end; ends it when its time is over.
    fn wait(
        &self,
        child: &mut Child,
        step: Step,
        lines: &Receiver<Line>,
        said: &mut Vec<Line>,
    ) -> Result<Option<i32>, ConnectError> {
        loop {
            match lines.recv_timeout(TICK) {
                Ok(line) => {
                    (self.progress)(&line.text);
                    said.push(line);
                    continue;
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            let ended = child.try_wait().map_err(|source| ConnectError::Io {
                what: format!("waiting for {} {}", self.name, step.as_str()),
                source,
            })?;
            if let Some(status) = ended {
                return Ok(status.code());
            }
            let over = Instant::now() >= self.until;
            if over || self.cancel.is_cancelled() {
                end(child, step);
                return Err(match over {
                    true => ConnectError::TimeOut {
                        tool: self.name,
                        step,
                        seconds: self.limit.as_secs(),
                    },
                    false => ConnectError::Cancelled,
                });
            }
        }
    }
}

/// Asks the whole group to end, its providers too, and makes it.
fn end(child: &mut Child, step: Step) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let Some(group) = group else { return };
    // Gone already is as good.
    let _ = kill_process_group(group, Signal::INT);
    let grace = match step {
        Step::Apply => GRACE_APPLYING,
        Step::Version | Step::Init | Step::Plan | Step::Show => GRACE,
    };
    let until = Instant::now() + grace;
    while Instant::now() < until {
        if !matches!(child.try_wait(), Ok(None)) {
            break;
        }
        std::thread::sleep(TICK);
    }
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

fn whole(mut from: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Hands on line by line, whatever bytes they are.
fn told(from: impl Read, is_error: bool, to: &Sender<Line>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while matches!(from.read_until(b'\n', &mut line), Ok(read) if read > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        if to.send(Line { text, is_error }).is_err() {
            return;
        }
    }
}

/// The end of what was said on standard error, where Terraform puts its errors; of all if nothing was.
fn tail(said: &[Line]) -> String {
    let has_errors = said.iter().any(|line| line.is_error);
    let lines: Vec<&str> = said
        .iter()
        .filter(|line| line.is_error || !has_errors)
        .map(|line| line.text.as_str())
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(KEPT);
    lines[from..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_from_the_rest() {
        let line = |text: &str, is_error| Line {
            text: text.to_owned(),
            is_error,
        };
        let said = [
            line("Error: no", true),
            line("", true),
            line("+ create", false),
        ];
        assert_eq!(tail(&said), "Error: no");
        assert_eq!(tail(&said[2..]), "+ create");
    }
}
