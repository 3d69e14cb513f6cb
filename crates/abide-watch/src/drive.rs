//! The loop: clock, threads, signals. What is decided is decided by [`Watcher`].

use std::collections::VecDeque;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

use abide_notify::{Client, Observation, Observed, Route};
use abide_report::escape::{prose, visible};
use jiff::Timestamp;

use crate::book::{Book, BookError};
use crate::deliver::deliver;
use crate::memory::{Memory, SlotRecord, SlotState};
use crate::watcher::{Start, Watcher};

/// How often it is looked whether somebody asked to end.
const TICK: Duration = Duration::from_millis(200);

/// How a look ended.
#[derive(Debug)]
pub enum Ended {
    /// With a result.
    Seen(Observation),
    /// Somebody asked to end before there was one.
    Cancelled,
}

/// What the loop needs of the world.
pub trait Look: Sync {
    /// Looks at a target.
    fn look(&self, start: &Start) -> Ended;
    /// Whether somebody asked to end; looks that go on are then to end by themselves.
    fn is_over(&self) -> bool;
    /// Asks to end.
    fn stop(&self);
    /// A line for the log.
    fn say(&self, line: &str);
    /// Whether there is a store that keeps due times.
    fn has_store(&self) -> bool {
        false
    }
    /// Keeps in the store what became of a due time; the same may come twice.
    ///
    /// # Errors
    /// If the store cannot be written; it is tried again later.
    fn store(&self, target: &str, record: &SlotRecord) -> Result<(), String> {
        let _ = (target, record);
        Ok(())
    }
    /// Something was written down.
    fn changed(&self, watcher: &Watcher, book: &Book);
}

/// Watches until somebody asks to end.
#[derive(Debug)]
pub struct Drive<'a> {
    /// What survives.
    pub book: &'a Book,
    /// All routes.
    pub routes: &'a [Route],
    /// Talks to services.
    pub client: &'a Client,
    /// Looks at the same time.
    pub jobs: usize,
}

type Done = (Start, Ended, Duration);

impl Drive<'_> {
    /// Watches until somebody asks to end.
    ///
    /// # Errors
    /// If the book cannot be written: nobody could tell then what was told already.
    pub fn run(&self, watcher: &mut Watcher, world: &impl Look) -> Result<(), BookError> {
        std::thread::scope(|scope| {
            let letters = scope.spawn(|| self.letters(world));
            let (send, done) = channel();
            let mut queue = VecDeque::new();
            let mut active = 0;
            let mut failed = None;
            loop {
                if failed.is_some() || letters.is_finished() {
                    world.stop();
                }
                match world.is_over() {
                    true if active == 0 => break,
                    true => queue.clear(),
                    false => {
                        match self.due(watcher, world) {
                            Ok(starts) => queue.extend(starts),
                            Err(error) => failed = Some(error),
                        }
                        active += begin(scope, &mut queue, self.jobs - active, &send, world);
                    }
                }
                match done.recv_timeout(TICK) {
                    Ok(done) => {
                        active -= 1;
                        failed = self.finish(watcher, done, world).err().or(failed);
                    }
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
                }
                world.changed(watcher, self.book);
            }
            let delivered = letters.join().unwrap_or(Ok(()));
            failed.map_or(delivered, Err)
        })
    }

    fn due(&self, watcher: &mut Watcher, world: &impl Look) -> Result<Vec<Start>, BookError> {
        let now = Timestamp::now();
        if self.book.read(|memory| watcher.is_idle(memory, now)) {
            return Ok(Vec::new());
        }
        let starts = self.book.change(|memory| watcher.due(memory, now))?;
        starts.iter().for_each(|start| announce(start, world));
        self.store(world)?;
        Ok(starts)
    }

    fn finish(
        &self,
        watcher: &mut Watcher,
        (start, ended, took): Done,
        world: &impl Look,
    ) -> Result<(), BookError> {
        let target = visible(&start.target).into_owned();
        let seen = match ended {
            Ended::Seen(seen) => seen,
            Ended::Cancelled => {
                watcher.cancelled(&start.target);
                world.say(&format!(
                    "{target}: ended before it was done; it is looked at when watching begins again"
                ));
                return Ok(());
            }
        };
        let now = Timestamp::now();
        let (record, missed, next) = self.book.change(|memory| {
            let before = memory
                .targets
                .get(&start.target)
                .map_or(0, |slots| slots.missed);
            let record = watcher.finished(memory, self.routes, &seen, took, now);
            let after = memory
                .targets
                .get(&start.target)
                .map_or(0, |slots| slots.missed);
            let watched = watcher.watched().iter().find(|w| w.target == start.target);
            let next = watched.and_then(|watched| watcher.next_of(memory, watched));
            (record, after - before, next)
        })?;
        if missed > 0 {
            world.say(&format!(
                "{target}: {missed} due while it was looked at: missed"
            ));
        }
        if let Some(record) = record {
            world.say(&format!("{target}: {}", line(&record, &seen, took, next)));
        }
        self.store(world)
    }

    /// Keeps in the store what it does not know; what it does not take is tried again when
    /// something else becomes known.
    fn store(&self, world: &impl Look) -> Result<(), BookError> {
        if !world.has_store() {
            return Ok(());
        }
        for (target, record) in self.book.read(Memory::not_stored) {
            if let Err(why) = world.store(&target, &record) {
                world.say(&format!(
                    "{}: the store does not know yet what became of {}: {}",
                    visible(&target),
                    record.due,
                    visible(&why)
                ));
                return Ok(());
            }
            self.book
                .change(|memory| memory.stored(&target, record.due))?;
        }
        Ok(())
    }

    /// Delivers until somebody asks to end.
    fn letters(&self, world: &impl Look) -> Result<(), BookError> {
        let clock = || Timestamp::now();
        while !world.is_over() {
            let tried = deliver(self.book, self.routes, self.client, &clock, &|line| {
                world.say(line)
            })?;
            if tried == 0 {
                std::thread::sleep(TICK);
            }
        }
        Ok(())
    }
}

/// Begins as many looks as there is room for; gives how many.
fn begin<'scope, W: Look>(
    scope: &'scope Scope<'scope, '_>,
    queue: &mut VecDeque<Start>,
    room: usize,
    send: &Sender<Done>,
    world: &'scope W,
) -> usize {
    let starts: Vec<Start> = queue.drain(..room.min(queue.len())).collect();
    let many = starts.len();
    for start in starts {
        let send = send.clone();
        scope.spawn(move || {
            let begun = Instant::now();
            let ended = world.look(&start);
            // Nobody listens any more only when all is over.
            let _ = send.send((start, ended, begun.elapsed()));
        });
    }
    many
}

fn announce(start: &Start, world: &impl Look) {
    let target = visible(&start.target);
    match (start.missed, start.is_late) {
        (0, false) => {}
        (0, true) => world.say(&format!("{target}: was due at {}; catching up", start.due)),
        (1, _) => world.say(&format!(
            "{target}: 1 due time was missed; one look for it and {}",
            start.due
        )),
        (missed, _) => world.say(&format!(
            "{target}: {missed} due times were missed; one look for them and {}",
            start.due
        )),
    }
}

fn line(
    record: &SlotRecord,
    seen: &Observation,
    took: Duration,
    next: Option<Timestamp>,
) -> String {
    let what = match &seen.outcome {
        Observed::Checked(items) => {
            let broken = items.iter().filter(|item| item.policy.is_some()).count();
            format!("{broken} broken policies, {} others", items.len() - broken)
        }
        Observed::Suspicious(why) => format!("suspicious, {}", prose(why)),
        Observed::Failed(why) => prose(why).chars().take(300).collect(),
    };
    let state = match record.state {
        SlotState::Ran => "looked at",
        SlotState::Failed => "FAILED",
        SlotState::Missed => "missed",
    };
    let next = next.map_or_else(String::new, |next| format!("; next {next}"));
    format!("{state} in {:.1} s: {what}{next}", took.as_secs_f64())
}
