//! `abide drift --watch`, and `--notify` of a single run: wiring of `abide_watch` and `abide_notify`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io};

use abide_connect::Cancel;
use abide_core::scan::ScanPolicy;
use abide_core::source::RedactionKey;
use abide_notify::{Client, Observation, Observed, Route};
use abide_report::DriftReport;
use abide_store::Unanswered;
use abide_watch::{
    Book, Drive, Ended, Look, Memory, SlotRecord, SlotState, Start, Watcher, deliver, metrics,
};
use anyhow::Context;
use jiff::Timestamp;

use super::history;
use super::look::Looking;
use super::observe::observation;
use crate::cli::{Cli, DriftArgs};
use crate::config::{Config, Target};
use crate::pipeline::{self, Chosen, Standing};
use crate::{decisions, ledger_key, recording, terminal};

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
        chosen: &chosen,
        key: match args.recording.record {
            true => recording::redaction_key(&args.recording.store)?,
            false => key(&book),
        },
        args,
        targets: &targets,
        cancel: &cancel,
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
    chosen: &'a Chosen,
    /// Digests of secrets stay the same from look to look.
    key: RedactionKey,
    args: &'a DriftArgs,
    targets: &'a [Target],
    cancel: &'a Cancel,
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

    /// Looks at a target, and records what was found.
    fn report(&self, target: &Target, due: Timestamp) -> anyhow::Result<DriftReport> {
        let at = Timestamp::now();
        // Exceptions may have been granted since the last look.
        let standing = Standing::excepted(self.config, self.args.exceptions.as_deref())?;
        let looking = Looking {
            chosen: self.chosen,
            key: self.key.clone(),
            applied: self.args.applied,
            standing: &standing,
            at,
        };
        let seen = looking.target(target, self.cancel);
        let policies = self.chosen.set.policies.iter();
        let mut report = DriftReport {
            at,
            tool_version: env!("CARGO_PKG_VERSION"),
            policies: policies.map(|policy| ScanPolicy::of(policy, at)).collect(),
            targets: vec![seen],
            timings: false,
        };
        if self.cancel.is_cancelled() {
            return Ok(report);
        }
        let recorded = history::record_due(&mut report, &self.args.recording, Some(due));
        let recorded = recorded.and_then(|()| match self.args.recording.record {
            true => decisions::record(self.chosen, &standing, &self.args.recording),
            false => Ok(()),
        });
        // People are told all the same.
        if let Err(error) = recorded {
            let name = terminal::visible(&target.name);
            self.say(&format!(
                "{name}: {}",
                terminal::visible(&format!("{error:#}"))
            ));
        }
        Ok(report)
    }

    fn write_metrics(&self, watcher: &Watcher, book: &Book) {
        let Some(path) = self.args.metrics.as_deref() else {
            return;
        };
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
        let report = self.report(target, start.due);
        let seen = match &report {
            Ok(report) => {
                let seen = report.targets.first();
                seen.map(|seen| observation(seen, &report.policies, report.at))
            }
            Err(error) => Some(Observation {
                target: start.target.clone(),
                owner: target.table.owner.clone(),
                at: Timestamp::now(),
                outcome: Observed::Failed(format!("{error:#}")),
            }),
        };
        match seen {
            Some(seen) if !self.cancel.is_cancelled() => Ended::Seen(seen),
            _ => Ended::Cancelled,
        }
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

    fn has_store(&self) -> bool {
        self.args.recording.record
    }

    fn store(&self, target: &str, record: &SlotRecord) -> Result<(), String> {
        let state = match record.state {
            // Its scan says so itself.
            SlotState::Ran => return Ok(()),
            SlotState::Failed => Unanswered::Failed,
            SlotState::Missed => Unanswered::Missed,
        };
        let args = &self.args.recording;
        let stream = history::stream(args, target);
        let reason = terminal::visible(record.reason.as_deref().unwrap_or_default());
        let settled = recording::open(&args.store).and_then(|mut store| {
            let (slot, state) = (
                (stream.as_str(), record.due.as_millisecond()),
                (state, &*reason),
            );
            let key = ledger_key::key(&args.store)?;
            Ok(store.settle_slot(&args.store.tenant, slot, state, &key, recording::now())?)
        });
        settled.map(drop).map_err(|error| format!("{error:#}"))
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
