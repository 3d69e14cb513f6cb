use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn watcher(catch_up: bool) -> Watcher {
    let watched = Watched {
        target: "prod".to_owned(),
        schedule: Schedule::parse("0 * * * *", None).unwrap(),
        offset: Duration::from_secs(120),
        routes: Vec::new(),
    };
    Watcher::new(vec![watched], catch_up)
}

fn memory() -> Memory {
    Memory::new([1; 32])
}

fn seen(outcome: Observed, now: Timestamp) -> Observation {
    Observation {
        target: "prod".to_owned(),
        owner: None,
        at: now,
        outcome,
    }
}

fn finish(watcher: &mut Watcher, memory: &mut Memory, outcome: Observed, now: Timestamp) {
    let seen = seen(outcome, now);
    assert!(
        watcher
            .finished(memory, &[], &seen, Duration::ZERO, now)
            .is_some()
    );
}

fn states(memory: &Memory) -> Vec<String> {
    let history = memory.targets["prod"].history.iter();
    history
        .map(|slot| format!("{} {}", slot.due.strftime("%H:%M"), slot.state.as_str()))
        .collect()
}

#[test]
fn looks_when_it_is_due_and_once() {
    let (mut watcher, mut memory) = (watcher(true), memory());
    assert!(
        watcher
            .due(&mut memory, at("2026-03-01T09:30:00Z"))
            .is_empty()
    );
    assert_eq!(watcher.next_at(&memory), Some(at("2026-03-01T10:02:00Z")));
    assert!(
        watcher
            .due(&mut memory, at("2026-03-01T10:01:59Z"))
            .is_empty()
    );
    let starts = watcher.due(&mut memory, at("2026-03-01T10:02:00Z"));
    assert_eq!(starts[0].due, at("2026-03-01T10:00:00Z"));
    assert!(!starts[0].is_late && starts[0].missed == 0);
    assert!(
        watcher
            .due(&mut memory, at("2026-03-01T10:02:01Z"))
            .is_empty()
    );
    finish(
        &mut watcher,
        &mut memory,
        Observed::Checked(Vec::new()),
        at("2026-03-01T10:03:00Z"),
    );
    assert!(
        watcher
            .due(&mut memory, at("2026-03-01T10:04:00Z"))
            .is_empty()
    );
    assert_eq!(states(&memory), ["10:00 ran"]);
}

#[test]
fn what_comes_due_during_a_look_is_missed() {
    let (mut watcher, mut memory) = (watcher(true), memory());
    watcher.due(&mut memory, at("2026-03-01T09:30:00Z"));
    watcher.due(&mut memory, at("2026-03-01T10:02:00Z"));
    assert!(
        watcher
            .due(&mut memory, at("2026-03-01T11:02:00Z"))
            .is_empty()
    );
    let failed = Observed::Failed("no credentials".to_owned());
    finish(
        &mut watcher,
        &mut memory,
        failed,
        at("2026-03-01T12:30:00Z"),
    );
    assert_eq!(
        states(&memory),
        ["10:00 failed", "11:00 missed", "12:00 missed"]
    );
    assert_eq!(
        memory.targets["prod"].history[1].reason.as_deref(),
        Some(BUSY)
    );
    assert!(
        watcher
            .due(&mut memory, at("2026-03-01T12:31:00Z"))
            .is_empty()
    );
}

#[test]
fn after_a_kill_one_look_answers_the_newest() {
    let mut memory = memory();
    let mut first = watcher(true);
    first.due(&mut memory, at("2026-03-01T09:30:00Z"));
    first.due(&mut memory, at("2026-03-01T10:02:00Z"));
    // Killed; begun again in the afternoon.
    let mut second = watcher(true);
    let starts = second.due(&mut memory, at("2026-03-01T13:30:00Z"));
    assert_eq!(
        (starts.len(), starts[0].missed, starts[0].is_late),
        (1, 3, true)
    );
    assert_eq!(
        states(&memory),
        ["10:00 missed", "11:00 missed", "12:00 missed"]
    );
    let reasons = memory.targets["prod"]
        .history
        .iter()
        .map(|slot| slot.reason.clone().unwrap());
    assert_eq!(reasons.collect::<Vec<_>>(), [INTERRUPTED, ABSENT, ABSENT]);
    finish(
        &mut second,
        &mut memory,
        Observed::Checked(Vec::new()),
        at("2026-03-01T13:31:00Z"),
    );
    assert_eq!(states(&memory).last().unwrap(), "13:00 ran");
    assert_eq!(second.next_at(&memory), Some(at("2026-03-01T14:02:00Z")));
}

#[test]
fn without_catching_up_all_is_missed() {
    let mut memory = memory();
    watcher(false).due(&mut memory, at("2026-03-01T09:30:00Z"));
    let mut second = watcher(false);
    assert!(
        second
            .due(&mut memory, at("2026-03-01T11:30:00Z"))
            .is_empty()
    );
    assert_eq!(states(&memory), ["10:00 missed", "11:00 missed"]);
    // A little late is on time.
    assert_eq!(second.due(&mut memory, at("2026-03-01T12:02:59Z")).len(), 1);
}

#[test]
fn what_was_cancelled_stays_open() {
    let (mut watcher, mut memory) = (watcher(true), memory());
    watcher.due(&mut memory, at("2026-03-01T09:30:00Z"));
    watcher.due(&mut memory, at("2026-03-01T10:02:00Z"));
    watcher.cancelled("prod");
    let starts = watcher.due(&mut memory, at("2026-03-01T10:20:00Z"));
    assert_eq!(
        (starts[0].due, starts[0].is_late),
        (at("2026-03-01T10:00:00Z"), true)
    );
    assert!(states(&memory).is_empty());
}

#[test]
fn another_schedule_begins_now() {
    let mut memory = memory();
    watcher(true).due(&mut memory, at("2026-03-01T09:30:00Z"));
    let mut other = watcher(true);
    other.watched[0].schedule = Schedule::parse("*/5 * * * *", None).unwrap();
    assert!(
        other
            .due(&mut memory, at("2026-03-01T15:01:00Z"))
            .is_empty()
    );
    assert_eq!(states(&memory).len(), 0);
}

#[test]
fn a_very_long_absence_is_said_and_ends() {
    let mut memory = memory();
    let minutes = || {
        let mut watcher = watcher(true);
        watcher.watched[0].schedule = Schedule::parse("* * * * *", None).unwrap();
        watcher
    };
    minutes().due(&mut memory, at("2026-03-01T09:30:00Z"));
    let starts = minutes().due(&mut memory, at("2096-03-01T09:30:00Z"));
    assert_eq!(starts[0].due, at("2096-03-01T09:28:00Z"));
    assert!(memory.targets["prod"].missed > 10_000);
    assert_eq!(memory.targets["prod"].history.len(), 200);
}
