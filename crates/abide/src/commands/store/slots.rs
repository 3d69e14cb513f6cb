//! `abide store slots`

use std::collections::BTreeMap;

use abide_store::Schedule;
use jiff::Timestamp;

use crate::cli::{SlotsCommand, StoreArgs};
use crate::{ledger_key, output, recording, terminal};

pub(super) fn run(command: &SlotsCommand) -> anyhow::Result<()> {
    match command {
        SlotsCommand::Add {
            stream,
            every,
            grace,
            from,
            store,
        } => {
            let now = recording::now();
            let schedule = Schedule {
                stream: stream.clone(),
                from: from.map_or(now, Timestamp::as_millisecond),
                every: *every,
                grace: grace.unwrap_or(*every),
                until: None,
            };
            let key = ledger_key::key(store)?;
            recording::open(store)?.schedule(&store.tenant, &schedule, &key, now)?;
            output::print_text(&format!(
                "scans of {} are due from {} on, every {}",
                terminal::visible(stream),
                time(schedule.from),
                length(schedule.every)
            ))
        }
        SlotsCommand::Remove { stream, store } => {
            let key = ledger_key::key(store)?;
            let mut open = recording::open_existing(store)?;
            open.end_schedule(&store.tenant, stream, &key, recording::now())?;
            output::print_text(&format!(
                "scans of {} are due no more",
                terminal::visible(stream)
            ))
        }
        SlotsCommand::List { stream, store } => list(stream.as_deref(), store),
    }
}

fn list(only: Option<&str>, args: &StoreArgs) -> anyhow::Result<()> {
    let mut store = recording::open_existing(args)?;
    let mut text = String::new();
    let schedules = store.schedules(&args.tenant)?;
    let wanted = |stream: &str| only.is_none_or(|only| only == stream);
    for schedule in schedules.iter().filter(|schedule| wanted(&schedule.stream)) {
        let until = schedule
            .until
            .map_or(String::new(), |until| format!(" to {}", time(until)));
        text.push_str(&format!(
            "{}: every {}, answered within {}, from {}{until}\n",
            terminal::visible(&schedule.stream),
            length(schedule.every),
            length(schedule.grace),
            time(schedule.from)
        ));
    }
    for stream in store.streams(&args.tenant)? {
        if !wanted(&stream) {
            continue;
        }
        let slots = store.slots(&args.tenant, &stream, i64::MIN, i64::MAX)?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for slot in &slots {
            *counts.entry(slot.state.as_str()).or_default() += 1;
        }
        if slots.is_empty() {
            continue;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(state, count)| format!("{count} {state}"))
            .collect();
        text.push_str(&format!(
            "{}: {}\n",
            terminal::visible(&stream),
            counts.join(", ")
        ));
        for slot in slots.iter().filter(|slot| slot.state != "ran") {
            let reason = slot.reason.as_deref().unwrap_or_default();
            let line = format!(
                "  {} {} {}",
                time(slot.due_at),
                slot.state,
                terminal::visible(reason)
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    if text.is_empty() {
        text.push_str(
            "no scan is due: `abide store slots add STREAM --every 24h` says when one is",
        );
    }
    output::print_text(&text)
}

fn time(at: i64) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// As people say it.
fn length(milliseconds: i64) -> String {
    let minutes = milliseconds / 60_000;
    match (minutes % 1440, minutes % 60) {
        (0, _) => format!("{} d", minutes / 1440),
        (_, 0) => format!("{} h", minutes / 60),
        _ => format!("{minutes} min"),
    }
}
