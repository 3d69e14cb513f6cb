//! Due times: ran, failed or missed.

use abide_store::{Schedule, Status, Store, StoreError};

use crate::{HOUR, T0, key, server, snapshot};

const MINUTE: i64 = 60_000;

fn hourly() -> Schedule {
    Schedule {
        stream: "payments".to_owned(),
        from: T0,
        every: HOUR,
        grace: 30 * MINUTE,
        until: None,
    }
}

fn states(store: &mut Store) -> Vec<String> {
    let slots = store.slots("acme", "payments", 0, i64::MAX).expect("slots");
    slots.into_iter().map(|slot| slot.state).collect()
}

fn record(store: &mut Store, at: i64, now: i64) {
    let mut scan = snapshot(1, &["POL-0001"], &[("a", "POL-0001", Status::Fail)]);
    scan.at = at;
    store.record(&scan, &key(), now).expect("recorded");
}

fn every_due_time_ends(url: &str) {
    let mut store = Store::open(url).expect("open");
    store
        .schedule("acme", &hourly(), &key(), T0)
        .expect("scheduled");
    assert_eq!(states(&mut store), ["due"]);
    record(&mut store, T0 + 10 * MINUTE, T0 + 10 * MINUTE);
    assert_eq!(states(&mut store), ["ran"]);
    // A second scan in the same hour answers nothing more.
    record(&mut store, T0 + 20 * MINUTE, T0 + 20 * MINUTE);
    assert_eq!(states(&mut store), ["ran"]);
    // Hours 1 and 2 are missed, hour 3 is failed, hour 4 too late.
    let failed = store.mark_failed(
        "acme",
        "payments",
        "no plan",
        &key(),
        T0 + 3 * HOUR + MINUTE,
    );
    assert!(failed.expect("marked"));
    assert_eq!(states(&mut store), ["ran", "missed", "missed", "failed"]);
    record(
        &mut store,
        T0 + 4 * HOUR + 40 * MINUTE,
        T0 + 4 * HOUR + 40 * MINUTE,
    );
    assert_eq!(
        states(&mut store),
        ["ran", "missed", "missed", "failed", "missed"]
    );
    // A scan that was in time and comes late, from a spool, did run.
    record(
        &mut store,
        T0 + HOUR + 5 * MINUTE,
        T0 + 4 * HOUR + 50 * MINUTE,
    );
    assert_eq!(
        states(&mut store),
        ["ran", "ran", "missed", "failed", "missed"]
    );
    assert_eq!(
        store
            .mark_overdue("acme", &key(), T0 + 5 * HOUR)
            .expect("marked"),
        0
    );
    let missed = store.mark_overdue("acme", &key(), T0 + 5 * HOUR + 31 * MINUTE);
    assert_eq!(missed.expect("marked"), 1);
    // The end of a schedule.
    store
        .end_schedule("acme", "payments", &key(), T0 + 6 * HOUR - MINUTE)
        .expect("ended");
    store
        .mark_overdue("acme", &key(), T0 + 60 * HOUR)
        .expect("marked");
    assert_eq!(states(&mut store).len(), 6);
    let again = store.end_schedule("acme", "payments", &key(), T0 + 60 * HOUR);
    assert!(matches!(again, Err(StoreError::NotFound(_))));

    let bundle = store.log("acme").expect("log");
    bundle.log.verify(key().public(), &[]).expect("good");
    let count = |kind: &str| {
        let kind = format!("\"kind\":\"{kind}\"");
        bundle
            .log
            .entries
            .iter()
            .filter(|(text, _)| text.contains(&kind))
            .count()
    };
    assert_eq!(count("run.missed"), 4);
    assert_eq!(count("run.failed"), 1);
    assert_eq!(count("config.changed"), 2);
    let answers = bundle
        .log
        .entries
        .iter()
        .filter(|(text, _)| text.contains("\"due_at\"") && text.contains("run.finished"));
    assert_eq!(answers.count(), 2);
}

#[test]
fn on_sqlite() {
    let folder = tempfile::tempdir().expect("folder");
    every_due_time_ends(&folder.path().join("abide.db").display().to_string());
    what_nobody_answered_is_said_once(&folder.path().join("other.db").display().to_string());
}

#[test]
fn on_postgres() {
    every_due_time_ends(&server::shared().database("slots"));
    what_nobody_answered_is_said_once(&server::shared().database("unanswered"));
}

#[test]
fn schedules_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let mut store =
        Store::open(&folder.path().join("abide.db").display().to_string()).expect("open");
    let changes: [fn(&mut Schedule); 4] = [
        |schedule| schedule.every = 1000,
        |schedule| schedule.grace = 0,
        |schedule| schedule.grace = 2 * HOUR,
        |schedule| schedule.from = 0,
    ];
    for change in changes {
        let mut schedule = hourly();
        change(&mut schedule);
        let refused = store.schedule("acme", &schedule, &key(), T0);
        assert!(
            matches!(refused, Err(StoreError::Schedule(_))),
            "{schedule:?}"
        );
    }
    assert!(store.schedules("acme").expect("schedules").is_empty());
    // Without a schedule there is nothing to say.
    assert_eq!(store.mark_overdue("acme", &key(), T0).expect("nothing"), 0);
    assert!(
        !store
            .mark_failed("acme", "payments", "x", &key(), T0)
            .expect("nothing")
    );
}

fn what_nobody_answered_is_said_once(url: &str) {
    let mut store = Store::open(url).expect("open");
    let settle = |store: &mut Store, due: i64, state, now| {
        let slot = ("payments", due);
        let settled = store.settle_slot("acme", slot, (state, "nobody watched"), &key(), now);
        settled.expect("settled")
    };
    let missed = abide_store::Unanswered::Missed;
    let failed = abide_store::Unanswered::Failed;
    assert!(settle(&mut store, T0, missed, T0 + HOUR));
    // After a crash it may be said again.
    assert!(!settle(&mut store, T0, missed, T0 + 2 * HOUR));
    assert!(settle(&mut store, T0 + HOUR, failed, T0 + HOUR));
    assert_eq!(states(&mut store), ["missed", "failed"]);
    // What ran stays so.
    let mut scan = snapshot(1, &["POL-0001"], &[("a", "POL-0001", Status::Fail)]);
    scan.at = T0 + 2 * HOUR;
    scan.context.slot = Some(T0 + 2 * HOUR);
    store.record(&scan, &key(), scan.at).expect("recorded");
    assert!(!settle(&mut store, T0 + 2 * HOUR, missed, T0 + 3 * HOUR));
    assert_eq!(states(&mut store), ["missed", "failed", "ran"]);
}
