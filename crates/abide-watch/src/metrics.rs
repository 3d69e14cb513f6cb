//! Numbers for Prometheus, in its text format.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::memory::{Memory, SlotState, Slots};
use crate::watcher::Watcher;

/// Labels after that of the target, and values.
type Values = Vec<(String, f64)>;

/// What a watch knows of itself, e.g. for the textfile collector of `node_exporter`.
#[must_use]
pub fn metrics(watcher: &Watcher, memory: &Memory, now: Timestamp) -> String {
    let mut out = String::new();
    let mut family =
        |name: &str, kind: &str, help: &str, value: &dyn Fn(&str, &Slots) -> Values| {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for watched in watcher.watched() {
                let Some(slots) = memory.targets.get(&watched.target) else {
                    continue;
                };
                for (more, value) in value(&watched.target, slots) {
                    let target = label(&watched.target);
                    let _ = writeln!(out, "{name}{{target=\"{target}\"{more}}} {value}");
                }
            }
        };
    let one = |value: f64| vec![(String::new(), value)];
    family(
        "abide_watch_slots_total",
        "counter",
        "Due times by what became of them.",
        &|_, slots| {
            [
                ("ran", slots.ran),
                ("failed", slots.failed),
                ("missed", slots.missed),
            ]
            .map(|(state, many)| (format!(",state=\"{state}\""), number(many)))
            .into()
        },
    );
    family(
        "abide_watch_last_success_timestamp_seconds",
        "gauge",
        "When the target was last looked at.",
        &|_, slots| {
            let last = slots
                .history
                .iter()
                .rev()
                .find(|slot| slot.state == SlotState::Ran);
            last.map_or_else(Vec::new, |slot| one(slot.at.as_second() as f64))
        },
    );
    family(
        "abide_watch_next_timestamp_seconds",
        "gauge",
        "When it is looked at next.",
        &|target, _| {
            let watched = watcher.watched().iter().find(|w| w.target == target);
            let next = watched.and_then(|watched| watcher.next_of(memory, watched));
            next.map_or_else(Vec::new, |next| one(next.as_second() as f64))
        },
    );
    family(
        "abide_watch_violations",
        "gauge",
        "Policies that drift broke and that still are.",
        &|_, slots| one(number(slots.violations)),
    );
    family(
        "abide_watch_look_seconds",
        "gauge",
        "How long the last look took.",
        &|_, slots| one(number(slots.took_ms) / 1000.0),
    );
    let desk = &memory.desk;
    let oldest = desk.letters().iter().map(|letter| letter.queued_at).min();
    let age = oldest.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
    for (name, kind, help, value) in [
        (
            "abide_notify_delivered_total",
            "counter",
            "Messages that were delivered.",
            number(desk.delivered),
        ),
        (
            "abide_notify_given_up_total",
            "counter",
            "Messages that could not be delivered.",
            number(desk.given_up),
        ),
        (
            "abide_notify_waiting",
            "gauge",
            "Messages that wait to be delivered.",
            number(desk.letters().len() as u64),
        ),
        (
            "abide_notify_oldest_seconds",
            "gauge",
            "How long the oldest of them waits.",
            age,
        ),
        (
            "abide_watch_written_timestamp_seconds",
            "gauge",
            "When this was written: the watch is alive.",
            now.as_second() as f64,
        ),
    ] {
        let _ = writeln!(
            out,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
        );
    }
    out
}

/// Exact up to 2^53, which no counter here reaches.
fn number(many: u64) -> f64 {
    many as f64
}

/// Backslash, quote and line break are escaped, as the format says.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::watcher::Watched;

    #[test]
    fn tells_what_became_of_due_times() {
        let mut memory = Memory::new([7; 32]);
        let watched = Watched {
            target: "a\"b".to_owned(),
            schedule: Schedule::parse("0 * * * *", None).unwrap(),
            offset: std::time::Duration::ZERO,
            routes: Vec::new(),
        };
        let mut watcher = Watcher::new(vec![watched], false);
        watcher.due(&mut memory, Timestamp::UNIX_EPOCH);
        watcher.due(&mut memory, Timestamp::from_second(3 * 3600 + 600).unwrap());
        let text = metrics(&watcher, &memory, Timestamp::from_second(11_000).unwrap());
        for line in [
            "# TYPE abide_watch_slots_total counter",
            "abide_watch_slots_total{target=\"a\\\"b\",state=\"missed\"} 3",
            "abide_watch_next_timestamp_seconds{target=\"a\\\"b\"} 14400",
            "abide_notify_waiting 0",
            "abide_watch_written_timestamp_seconds 11000",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
