//! Weeks of watching in seconds: the clock is simulated, the process is killed at random, before
//! and after it writes; services fail, and take messages without a word. In the end every change
//! was told once, by the ids that receivers see, and every due time has one outcome.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use abide_notify::{
    ChangeKind, Filter, HealthChange, Item, Message, Observation, Observed, Outcome, Route,
    Service, Webhook,
};
use abide_policy::Severity;
use abide_watch::{Memory, Schedule, SlotState, Start, Watched, Watcher, offset};
use jiff::{SignedDuration, Timestamp};

/// A generator with a seed, so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// What a target is really like.
#[derive(Clone, Default)]
struct Truth {
    /// Digest and severity by address.
    broken: BTreeMap<String, (u64, Severity)>,
    /// 0 works, 1 fails, 2 is suspicious.
    health: u64,
}

impl Truth {
    fn shake(&mut self, dice: &mut Dice) {
        for _ in 0..dice.below(3) {
            let address = format!("aws_x.r{}", dice.below(6));
            match self.broken.remove(&address) {
                Some(_) if dice.one_in(2) => {}
                _ => {
                    let severity = Severity::ALL[dice.below(4) as usize];
                    self.broken.insert(address, (dice.below(1000), severity));
                }
            }
        }
        self.health = match dice.below(12) {
            0 => 1,
            1 => 2,
            _ => 0,
        };
    }

    fn seen(&self, target: &str, at: Timestamp) -> Observation {
        let items = self
            .broken
            .iter()
            .map(|(address, (digest, severity))| Item {
                address: address.clone(),
                policy: Some("POL-0001".to_owned()),
                class: "violating".to_owned(),
                severity: Some(*severity),
                title: "open".to_owned(),
                details: Vec::new(),
                advice: None,
                digest: digest.to_string(),
            });
        let outcome = match self.health {
            0 => Observed::Checked(items.collect()),
            1 => Observed::Failed("no credentials".to_owned()),
            _ => Observed::Suspicious("all gone".to_owned()),
        };
        Observation {
            target: target.to_owned(),
            owner: None,
            at,
            outcome,
        }
    }
}

/// What a receiver makes of messages, each of which it takes once.
#[derive(Default)]
struct Receiver {
    taken: BTreeMap<(String, usize), String>,
    open: BTreeMap<(String, String), String>,
    unwell: BTreeSet<String>,
    changes: usize,
    doubles: usize,
}

impl Receiver {
    fn take(&mut self, message: &Message, part: usize) {
        let text = serde_json::to_string(message).unwrap();
        match self.taken.insert((message.id.clone(), part), text.clone()) {
            Some(before) => {
                assert_eq!(before, text, "one id, two contents");
                self.doubles += 1;
                return;
            }
            None if part > 0 => return,
            None => {}
        }
        match &message.health {
            Some(HealthChange::Working) => assert!(self.unwell.remove(&message.target)),
            Some(HealthChange::Failing(_) | HealthChange::Suspicious(_)) => {
                self.unwell.insert(message.target.clone());
            }
            Some(HealthChange::Unwatched) => panic!("all are watched"),
            None => {}
        }
        for change in &message.changes {
            self.changes += 1;
            let key = (message.target.clone(), change.item.address.clone());
            let digest = change.item.digest.clone();
            match change.change {
                ChangeKind::Opened => assert_eq!(self.open.insert(key, digest), None),
                ChangeKind::Changed => assert!(self.open.insert(key, digest).is_some()),
                ChangeKind::Resolved => assert!(self.open.remove(&key).is_some()),
            }
        }
    }
}

/// What a route was to be told, worked out from the looks that were written down.
#[derive(Default)]
struct Oracle {
    state: BTreeMap<(String, String), (String, Severity)>,
    changes: usize,
}

impl Oracle {
    fn see(&mut self, seen: &Observation, least: Severity) {
        let Observed::Checked(items) = &seen.outcome else {
            return;
        };
        let mut after: BTreeMap<_, _> = self.state.clone();
        after.retain(|(target, _), _| *target != seen.target);
        for item in items {
            let key = (seen.target.clone(), item.address.clone());
            after.insert(key, (item.digest.clone(), item.severity.unwrap()));
        }
        let heard = |value: Option<&(String, Severity)>| value.filter(|v| v.1 >= least).cloned();
        let keys: BTreeSet<_> = self.state.keys().chain(after.keys()).cloned().collect();
        for key in keys {
            self.changes += usize::from(heard(self.state.get(&key)) != heard(after.get(&key)));
        }
        self.state = after;
    }
}

struct Sim {
    dice: Dice,
    now: Timestamp,
    disk: String,
    memory: Memory,
    watcher: Watcher,
    looks: Vec<(Timestamp, Start)>,
    truth: BTreeMap<String, Truth>,
    routes: Vec<(Route, Receiver, Oracle)>,
    slots: BTreeMap<(String, Timestamp), SlotState>,
    kills: usize,
    calm: bool,
}

const BEGIN: &str = "2026-10-19T00:10:00Z";

fn watched() -> Vec<Watched> {
    [
        ("prod", "*/30 * * * *"),
        ("stage", "5 * * * *"),
        ("night", "30 2 * * *"),
        ("dev", "0 */6 * * *"),
    ]
    .map(|(target, schedule)| Watched {
        target: target.to_owned(),
        schedule: Schedule::parse(schedule, Some("Europe/Berlin")).unwrap(),
        offset: offset(target, Duration::from_secs(300)),
        routes: vec!["all".to_owned(), "pager".to_owned()],
    })
    .into()
}

fn route(name: &str, severity: Severity) -> (Route, Receiver, Oracle) {
    let hook = Webhook::new("http://127.0.0.1:1/", "a-secret-that-is-never-used-here");
    let route = Route {
        name: name.to_owned(),
        filter: Filter {
            severity,
            classes: ["violating".to_owned()].into(),
            failures: true,
        },
        service: Service::Webhook(hook.unwrap()),
    };
    (route, Receiver::default(), Oracle::default())
}

impl Sim {
    fn new(seed: u64) -> Self {
        let memory = Memory::new([9; 32]);
        let names = watched().into_iter().map(|w| (w.target, Truth::default()));
        Self {
            dice: Dice(seed),
            now: BEGIN.parse().unwrap(),
            disk: serde_json::to_string(&memory).unwrap(),
            memory,
            watcher: Watcher::new(watched(), true),
            looks: Vec::new(),
            truth: names.collect(),
            routes: vec![route("all", Severity::Low), route("pager", Severity::High)],
            slots: BTreeMap::new(),
            kills: 0,
            calm: false,
        }
    }

    /// Writes to the disk, unless it is killed before; it may be killed after as well. Gives
    /// whether it was written, and whether it lives.
    fn commit(&mut self) -> (bool, bool) {
        if !self.calm && self.dice.one_in(150) {
            self.kill();
            return (false, false);
        }
        self.disk = serde_json::to_string(&self.memory).unwrap();
        for (target, slots) in &self.memory.targets {
            for record in &slots.history {
                let known = self
                    .slots
                    .insert((target.clone(), record.due), record.state);
                assert!(
                    known.is_none_or(|known| known == record.state),
                    "two outcomes of {}",
                    record.due
                );
            }
        }
        if !self.calm && self.dice.one_in(150) {
            self.kill();
            return (true, false);
        }
        (true, true)
    }

    fn kill(&mut self) {
        self.kills += 1;
        self.looks.clear();
        self.memory = serde_json::from_str(&self.disk).unwrap();
        self.watcher = Watcher::new(watched(), true);
        // Mostly it is begun again at once, now and then after hours.
        let away = match self.dice.below(4) {
            0 => self.dice.below(12 * 3600),
            _ => self.dice.below(120),
        };
        self.now += SignedDuration::from_secs(i64::try_from(away).unwrap());
    }

    fn step(&mut self) {
        if !self.watcher.is_idle(&self.memory, self.now) {
            let starts = self.watcher.due(&mut self.memory, self.now);
            if !self.commit().1 {
                return;
            }
            for start in starts {
                assert!(
                    self.looks
                        .iter()
                        .all(|(_, other)| other.target != start.target),
                    "overlap"
                );
                let takes = match self.dice.below(30) {
                    0 => 4000 + self.dice.below(8000),
                    _ => 5 + self.dice.below(60),
                };
                let end = self.now + SignedDuration::from_secs(i64::try_from(takes).unwrap());
                self.looks.push((end, start));
            }
            return;
        }
        if let Some(at) = self.looks.iter().position(|(end, _)| *end <= self.now) {
            return self.finish(at);
        }
        if self
            .memory
            .desk
            .next_at()
            .is_some_and(|next| next <= self.now)
        {
            return self.deliver();
        }
        let next = [
            self.watcher.next_at(&self.memory),
            self.memory.desk.next_at(),
            self.looks.iter().map(|(end, _)| *end).min(),
        ];
        let next = next.into_iter().flatten().min().unwrap();
        assert!(next > self.now, "time stands still");
        self.now = next;
        if !self.calm && self.dice.one_in(400) {
            self.kill();
        }
    }

    fn finish(&mut self, at: usize) {
        let (_, start) = self.looks.remove(at);
        let truth = self.truth.get_mut(&start.target).unwrap();
        if !self.calm && self.dice.one_in(3) {
            truth.shake(&mut self.dice);
        }
        if self.calm {
            truth.health = 0;
        }
        let seen = truth.seen(&start.target, self.now);
        let routes: Vec<Route> = self
            .routes
            .iter()
            .map(|(route, ..)| route.clone())
            .collect();
        let took = Duration::from_secs(1);
        let finished = self
            .watcher
            .finished(&mut self.memory, &routes, &seen, took, self.now);
        assert_eq!(finished.unwrap().due, start.due);
        if self.commit().0 {
            for (route, _, oracle) in &mut self.routes {
                oracle.see(&seen, route.filter.severity);
            }
        }
    }

    fn deliver(&mut self) {
        let letter = self.memory.desk.due(self.now)[0].clone();
        let parts = if letter.route == "pager" { 2 } else { 1 };
        let (_, receiver, _) = self
            .routes
            .iter_mut()
            .find(|(r, ..)| r.name == letter.route)
            .unwrap();
        let later = Outcome::Later {
            after: None,
            why: "busy".to_owned(),
        };
        let outcome = match self.dice.below(8) {
            _ if self.calm => Outcome::Delivered,
            0 | 1 => later,
            // Taken, but the answer was lost.
            2 => {
                receiver.take(&letter.message, letter.sent);
                later
            }
            _ => Outcome::Delivered,
        };
        if outcome == Outcome::Delivered {
            receiver.take(&letter.message, letter.sent);
        }
        self.memory
            .desk
            .settle(&letter.message.id, parts, &outcome, self.now);
        self.commit();
    }
}

fn soak(seed: u64) -> (usize, usize) {
    let mut sim = Sim::new(seed);
    let end = sim.now + SignedDuration::from_hours(24 * 14);
    while sim.now < end {
        sim.step();
    }
    sim.calm = true;
    let calm = sim.now + SignedDuration::from_hours(49);
    while sim.now < calm {
        sim.step();
    }
    assert_eq!(sim.memory.desk.letters().len(), 0);
    assert_eq!(sim.memory.desk.given_up, 0);
    let mut doubles = 0;
    for (route, receiver, oracle) in &sim.routes {
        let mut really = BTreeMap::new();
        for (target, truth) in &sim.truth {
            for (address, (digest, severity)) in &truth.broken {
                if *severity >= route.filter.severity {
                    really.insert((target.clone(), address.clone()), digest.to_string());
                }
            }
        }
        assert_eq!(
            receiver.open, really,
            "seed {seed}: {} knows another state",
            route.name
        );
        assert_eq!(
            receiver.changes, oracle.changes,
            "seed {seed}: lost or doubled"
        );
        assert!(receiver.unwell.is_empty(), "seed {seed}");
        doubles += receiver.doubles;
    }
    // Every due time has an outcome.
    for watched in watched() {
        let mut due = watched.schedule.next_after(BEGIN.parse().unwrap()).unwrap();
        while due < end {
            let known = sim.slots.get(&(watched.target.clone(), due));
            assert!(
                known.is_some(),
                "seed {seed}: {} at {due} is forgotten",
                watched.target
            );
            due = watched.schedule.next_after(due).unwrap();
        }
    }
    (sim.kills, doubles)
}

#[test]
fn two_weeks_with_kills_lose_nothing_and_double_nothing() {
    let (mut kills, mut doubles) = (0, 0);
    for seed in 1..=4_u64 {
        let (killed, doubled) = soak(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        kills += killed;
        doubles += doubled;
    }
    // Else nothing was tried.
    assert!(kills > 40, "{kills} kills");
    assert!(doubles > 20, "{doubles} messages came twice");
}
