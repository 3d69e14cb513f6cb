//! Decides what is looked at when. It has no clock: whoever asks says what time it is.

use std::collections::BTreeMap;
use std::time::Duration;

use abide_notify::{Observation, Observed, Route};
use jiff::{SignedDuration, Timestamp};

use crate::memory::{Memory, SlotRecord, SlotState, Slots};
use crate::schedule::Schedule;

/// What comes so late is still on time.
const ON_TIME: SignedDuration = SignedDuration::from_secs(60);
/// Due times that are counted one by one after a long absence.
const COUNTED: usize = 10_000;
/// The end of a longer absence is counted as well: less than [`COUNTED`] minutes.
const END_OF_ABSENCE: SignedDuration = SignedDuration::from_hours(5 * 24);

const ABSENT: &str = "`abide drift --watch` did not run at that time";
const INTERRUPTED: &str = "the look was interrupted";
const BUSY: &str = "the look before was still going on";

/// A target and when it is looked at.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its name.
    pub target: String,
    /// When it is due.
    pub schedule: Schedule,
    /// How much later it is looked at.
    pub offset: Duration,
    /// The names of the routes that hear of it.
    pub routes: Vec<String>,
}

/// A look that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The target.
    pub target: String,
    /// The due time it answers.
    pub due: Timestamp,
    /// Due times before it that nobody answered.
    pub missed: usize,
    /// Whether it is late.
    pub is_late: bool,
}

/// Decides what is looked at when.
#[derive(Debug)]
pub struct Watcher {
    watched: Vec<Watched>,
    catch_up: bool,
    running: BTreeMap<String, Timestamp>,
}

impl Watcher {
    /// Watches targets; with `catch_up` the newest due time is answered late rather than missed.
    #[must_use]
    pub fn new(watched: Vec<Watched>, catch_up: bool) -> Self {
        Self {
            watched,
            catch_up,
            running: BTreeMap::new(),
        }
    }

    /// The targets.
    #[must_use]
    pub fn watched(&self) -> &[Watched] {
        &self.watched
    }

    /// The looks that go on.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// What is due now: at most one look for each target, and none while one goes on. What was due
    /// before it is written down as missed.
    pub fn due(&mut self, memory: &mut Memory, now: Timestamp) -> Vec<Start> {
        let mut starts = Vec::new();
        for watched in &self.watched {
            let slots = slots(memory, watched, now);
            if self.running.contains_key(&watched.target) {
                continue;
            }
            let mut due = open_times(watched, slots, now);
            let Some(newest) = due.pop() else {
                continue;
            };
            let missed = due.len();
            for due in due {
                slots.settle(missed_slot(due, now, absent(slots, due)));
            }
            let is_late = now.duration_since(start_of(watched, newest)) > ON_TIME;
            if is_late && !self.catch_up {
                slots.settle(missed_slot(newest, now, absent(slots, newest)));
                slots.started = None;
                continue;
            }
            slots.started = Some(newest);
            self.running.insert(watched.target.clone(), newest);
            starts.push(Start {
                target: watched.target.clone(),
                due: newest,
                missed,
                is_late,
            });
        }
        starts
    }

    /// Whether there is nothing to do now, so that nothing need be written down.
    #[must_use]
    pub fn is_idle(&self, memory: &Memory, now: Timestamp) -> bool {
        self.watched.iter().all(|watched| {
            let known = memory.targets.get(&watched.target);
            let is_known = known.is_some_and(|slots| slots.schedule == watched.schedule.text());
            is_known && self.next_of(memory, watched).is_none_or(|next| next > now)
        })
    }

    /// Writes down what came of a look, with the letters for its routes.
    pub fn finished(
        &mut self,
        memory: &mut Memory,
        routes: &[Route],
        seen: &Observation,
        took: Duration,
        now: Timestamp,
    ) -> Option<SlotRecord> {
        let due = self.running.remove(&seen.target)?;
        let watched = self.watched.iter().find(|w| w.target == seen.target)?;
        let told: Vec<&Route> = routes
            .iter()
            .filter(|route| watched.routes.contains(&route.name))
            .collect();
        memory.desk.observe(&told, seen);
        let slots = slots(memory, watched, now);
        slots.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (state, reason) = match &seen.outcome {
            Observed::Checked(items) => {
                let broken = items.iter().filter(|item| item.policy.is_some()).count();
                slots.violations = broken as u64;
                (SlotState::Ran, None)
            }
            Observed::Failed(why) | Observed::Suspicious(why) => {
                (SlotState::Failed, Some(why.chars().take(500).collect()))
            }
        };
        slots.started = None;
        let record = SlotRecord {
            due,
            state,
            at: now,
            reason,
            stored: false,
        };
        slots.settle(record.clone());
        for due in open_times(watched, slots, now) {
            slots.settle(missed_slot(due, now, BUSY));
        }
        Some(record)
    }

    /// Forgets a look that was ended before it was done: its due time stays open, and is answered
    /// when watching begins again.
    pub fn cancelled(&mut self, target: &str) {
        self.running.remove(target);
    }

    /// When something is due next.
    #[must_use]
    pub fn next_at(&self, memory: &Memory) -> Option<Timestamp> {
        let next = self
            .watched
            .iter()
            .filter_map(|watched| self.next_of(memory, watched));
        next.min()
    }

    /// When a target is looked at next; nothing while a look goes on.
    #[must_use]
    pub fn next_of(&self, memory: &Memory, watched: &Watched) -> Option<Timestamp> {
        if self.running.contains_key(&watched.target) {
            return None;
        }
        let slots = memory.targets.get(&watched.target)?;
        let due = watched.schedule.next_after(slots.settled)?;
        Some(start_of(watched, due))
    }
}

/// What is known of a target; a schedule that is another now begins now.
fn slots<'m>(memory: &'m mut Memory, watched: &Watched, now: Timestamp) -> &'m mut Slots {
    let text = watched.schedule.text();
    let slots = memory
        .targets
        .entry(watched.target.clone())
        .or_insert_with(|| Slots::new(text, now));
    if slots.schedule != text {
        text.clone_into(&mut slots.schedule);
        slots.settled = slots.settled.max(now);
        slots.started = None;
    }
    slots
}

/// All due times that are not settled. Of a very long absence only the end is counted; the rest is
/// said in one record.
fn open_times(watched: &Watched, slots: &mut Slots, now: Timestamp) -> Vec<Timestamp> {
    let counted = due_times(watched, slots.settled, now);
    let (Some(last), true) = (counted.last(), counted.len() == COUNTED) else {
        return counted;
    };
    let end = now.checked_sub(END_OF_ABSENCE).unwrap_or(Timestamp::MIN);
    let end = end
        .checked_sub(watched.offset)
        .unwrap_or(Timestamp::MIN)
        .max(*last);
    slots.missed += COUNTED as u64 - 1;
    let reason = format!("{ABSENT}, nor at {COUNTED} or more times before {end}");
    slots.settle(missed_slot(end, now, &reason));
    due_times(watched, end, now)
}

/// Due times after one, up to now.
fn due_times(watched: &Watched, after: Timestamp, now: Timestamp) -> Vec<Timestamp> {
    let times = std::iter::successors(watched.schedule.next_after(after), |due| {
        watched.schedule.next_after(*due)
    });
    times
        .take_while(|due| start_of(watched, *due) <= now)
        .take(COUNTED)
        .collect()
}

fn start_of(watched: &Watched, due: Timestamp) -> Timestamp {
    due.checked_add(watched.offset).unwrap_or(Timestamp::MAX)
}

fn absent(slots: &Slots, due: Timestamp) -> &'static str {
    match slots.started == Some(due) {
        true => INTERRUPTED,
        false => ABSENT,
    }
}

fn missed_slot(due: Timestamp, now: Timestamp, why: &str) -> SlotRecord {
    SlotRecord {
        due,
        state: SlotState::Missed,
        at: now,
        reason: Some(why.to_owned()),
        stored: false,
    }
}

#[cfg(test)]
mod tests;
