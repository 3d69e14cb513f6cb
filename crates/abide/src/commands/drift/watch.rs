//! `abide drift --watch`, and `--notify` of a single run: wiring of `abide_watch` and `abide_notify`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io};

use abide_connect::Cancel;
use abide_core::scan::ScanPolicy;
use abide_core::source::RedactionKey;
use abide_notify::{Client, Route};
use abide_report::{DriftReport, DriftTarget};
use abide_watch::{Book, Drive, Ended, Look, Memory, Start, Watcher, deliver, metrics};
use anyhow::Context;
use jiff::Timestamp;

use super::history;
use super::look::Looking;
use super::observe::observation;
use crate::cli::{Cli, DriftArgs};
use crate::config::{Config, Target};
use crate::pipeline::{Chosen, Standing};
use crate::{pipeline, recording, terminal};

/// How often numbers are written.
const METRICS: Duration = Duration::from_secs(10);
/// How long a single run tries to deliver; the next run goes on.
const DELIVERY: Duration = Duration::from_secs(60);

/// Watches until somebody asks to end.
pub(super) fn run(cli: &Cli, args: &DriftArgs) -> anyhow::Result<u8> {
    let config = Config::load(cli)?;
    let chosen = pipeline::choose(&config, &args.policy)?;
    let all = config.targets()?;
    let targets = match args.all || args.targets.is_empty() {
        true => all.clone(),
        false => super::wanted(&config, args)?,
    };
    let watched = config.watched(&targets, !args.targets.is_empty())?;
    // A route that is not right is said now, not when there is something to say.
    let routes = config.routes(&targets)?;
    let book = Book::open(&config.memory(args.memory.as_ref()))?;
    tidy(&config, &all, &book)?;
    let cancel = super::interruptible()?;
    let mut watcher = Watcher::new(watched, config.catches_up());
    let world = World {
        config: &config,
        args,
        chosen: &chosen,
        key: match args.recording.record {
            true => recording::redaction_key(&args.recording.store)?,
            false => key(&book),
        },
        targets: &targets,
        cancel: &cancel,
        metrics: args.metrics.as_deref(),
        written: Mutex::new(None),
    };
    world.begin(&watcher);
    let drive = Drive {
        book: &book,
        routes: &routes,
        client: &Client::default(),
        jobs: usize::from(args.jobs),
    };
    drive.run(&mut watcher, &world)?;
    world.write_metrics(&watcher, &book);
    let waiting = book.read(|memory| memory.desk.letters().len());
    world.say(&match waiting {
        0 => "ended; nothing waits to be told".to_owned(),
        many => format!("ended; {many} messages wait and are delivered when watching begins again"),
    });
    Ok(0)
}

/// Digests of secrets stay the same from look to look.
pub(super) fn key(book: &Book) -> RedactionKey {
    RedactionKey::new(book.read(Memory::key))
}

/// Closes what targets and routes leave behind that are not in `abide.toml` any more.
fn tidy(config: &Config, all: &[Target], book: &Book) -> anyhow::Result<()> {
    let mut pairs = Vec::new();
    for target in all {
        let names = config.route_names(target)?;
        pairs.extend(names.into_iter().map(|name| (name, target.name.clone())));
    }
    let is_pair = |route: &str, target: &str| pairs.iter().any(|(r, t)| r == route && t == target);
    let is_route = |route: &str| config.file.notify.contains_key(route);
    let gone = book.change(|memory| {
        memory.desk.forget(is_pair, Timestamp::now());
        memory
            .targets
            .retain(|name, _| all.iter().any(|target| target.name == *name));
        memory.desk.drop_letters(is_route)
    })?;
    for letter in gone {
        say(&format!(
            "notify {}: GIVEN UP, the route is not in abide.toml any more ({}: {})",
            terminal::visible(&letter.route),
            terminal::visible(&letter.message.target),
            letter.message.headline()
        ));
    }
    Ok(())
}

/// What a single run needs to tell what changed.
pub(super) struct Telling {
    book: Book,
    routes: Vec<Route>,
}

impl Telling {
    /// Reads all that may be wrong before anything is looked at.
    pub(super) fn new(
        config: &Config,
        args: &DriftArgs,
        targets: &[Target],
    ) -> anyhow::Result<Self> {
        let routes = config.routes(targets)?;
        let book = Book::open(&config.memory(args.memory.as_ref()))?;
        tidy(config, &config.targets()?, &book)?;
        Ok(Self { book, routes })
    }

    pub(super) fn key(&self) -> RedactionKey {
        key(&self.book)
    }

    /// Tells what changed; what cannot be delivered now waits for the next run.
    pub(super) fn tell(
        &self,
        config: &Config,
        targets: &[Target],
        report: &DriftReport,
    ) -> anyhow::Result<()> {
        for seen in &report.targets {
            let Some(target) = targets.iter().find(|target| target.name == seen.name) else {
                continue;
            };
            let names = config.route_names(target)?;
            let routes = self
                .routes
                .iter()
                .filter(|route| names.contains(&route.name));
            let routes: Vec<&Route> = routes.collect();
            let seen = observation(seen, &report.policies, report.at);
            self.book
                .change(|memory| memory.desk.observe(&routes, &seen))?;
        }
        let (client, begun) = (Client::default(), Instant::now());
        let clock = || Timestamp::now();
        while begun.elapsed() < DELIVERY {
            let tried = deliver(&self.book, &self.routes, &client, &clock, &say)?;
            if tried == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// The world outside the loop.
struct World<'a> {
    config: &'a Config,
    args: &'a DriftArgs,
    chosen: &'a Chosen,
    key: RedactionKey,
    targets: &'a [Target],
    cancel: &'a Cancel,
    metrics: Option<&'a Path>,
    written: Mutex<Option<Instant>>,
}

impl World<'_> {
    fn begin(&self, watcher: &Watcher) {
        for watched in watcher.watched() {
            let told = match watched.routes.as_slice() {
                [] => "nobody is told".to_owned(),
                routes => format!("told: {}", terminal::visible(&routes.join(", "))),
            };
            self.say(&format!(
                "{}: watched at {}, {} s later; {told}",
                terminal::visible(&watched.target),
                watched.schedule.text(),
                watched.offset.as_secs()
            ));
        }
    }

    fn policies(&self, at: Timestamp) -> Vec<ScanPolicy> {
        let policies = self.chosen.set.policies.iter();
        policies.map(|policy| ScanPolicy::of(policy, at)).collect()
    }

    /// One look. Exceptions are read anew, since people approve and revoke them meanwhile.
    fn seen(&self, target: &Target) -> DriftTarget {
        let failed = |error: &anyhow::Error| DriftTarget {
            name: target.name.clone(),
            owner: target.table.owner.clone(),
            outcome: Err(format!("{error:#}")),
            scan: None,
            steps: Vec::new(),
            tool: None,
        };
        let exceptions = self.args.exceptions.as_deref();
        let standing = match Standing::excepted(self.config, exceptions) {
            Ok(standing) => standing,
            Err(error) => return failed(&error),
        };
        let at = Timestamp::now();
        let looking = Looking {
            chosen: self.chosen,
            key: self.key.clone(),
            applied: self.args.applied,
            standing: &standing,
            at,
        };
        let mut seen = looking.target(target, self.cancel);
        if self.cancel.is_cancelled() {
            return seen;
        }
        match history::one(&mut seen, &self.policies(at), &self.args.recording) {
            Ok(()) => seen,
            Err(error) => failed(&error),
        }
    }

    fn write_metrics(&self, watcher: &Watcher, book: &Book) {
        let Some(path) = self.metrics else { return };
        let text = book.read(|memory| metrics(watcher, memory, Timestamp::now()));
        if let Err(error) = replace(path, &text) {
            self.say(&format!("metrics: {error:#}"));
        }
    }
}

impl Look for World<'_> {
    fn look(&self, start: &Start) -> Ended {
        let Some(target) = self
            .targets
            .iter()
            .find(|target| target.name == start.target)
        else {
            return Ended::Cancelled;
        };
        let seen = self.seen(target);
        if self.cancel.is_cancelled() && seen.outcome.is_err() {
            return Ended::Cancelled;
        }
        let at = Timestamp::now();
        Ended::Seen(observation(&seen, &self.policies(at), at))
    }

    fn is_over(&self) -> bool {
        self.cancel.is_cancelled()
    }

    fn stop(&self) {
        self.cancel.cancel();
    }

    fn say(&self, line: &str) {
        say(line);
    }

    fn changed(&self, watcher: &Watcher, book: &Book) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.is_none_or(|at| at.elapsed() >= METRICS) {
            *written = Some(Instant::now());
            self.write_metrics(watcher, book);
        }
    }
}

/// A line of the log.
fn say(line: &str) {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    // A log that nobody reads is no reason to stop watching.
    let _ = writeln!(io::stderr().lock(), "{now} {line}");
}

/// Readers see the old text or the new one.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    fs::write(&new, text).with_context(|| new.display().to_string())?;
    fs::rename(&new, path).with_context(|| path.display().to_string())
}
