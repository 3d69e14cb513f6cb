use super::*;

fn filter() -> Filter {
    Filter {
        severity: Severity::Medium,
        classes: ["violating"].map(str::to_owned).into(),
        failures: true,
    }
}

fn item(address: &str, digest: &str) -> Item {
    Item {
        address: address.to_owned(),
        policy: Some("POL-0001".to_owned()),
        class: "violating".to_owned(),
        severity: Some(Severity::High),
        title: "open to the world".to_owned(),
        details: Vec::new(),
        advice: None,
        digest: digest.to_owned(),
    }
}

fn seen(outcome: Observed) -> Observation {
    Observation {
        target: "prod".to_owned(),
        owner: None,
        at: Timestamp::UNIX_EPOCH,
        outcome,
    }
}

fn checked(items: &[Item]) -> Observation {
    seen(Observed::Checked(items.to_vec()))
}

fn told(message: &Option<Message>) -> Vec<String> {
    let changes = message.iter().flat_map(|message| &message.changes);
    changes
        .map(|c| format!("{} {}", c.change.as_str(), c.item.address))
        .collect()
}

#[test]
fn tells_what_opened_changed_and_is_gone_and_nothing_twice() {
    let mut known = Known::default();
    let first = known.learn(&checked(&[item("a", "1"), item("b", "1")]), &filter(), "m1");
    assert_eq!(told(&first), ["opened a", "opened b"]);
    assert!(
        known
            .learn(&checked(&[item("b", "1"), item("a", "1")]), &filter(), "m2")
            .is_none()
    );
    let third = known.learn(&checked(&[item("a", "2")]), &filter(), "m3");
    assert_eq!(told(&third), ["changed a", "resolved b"]);
    let third = third.unwrap();
    assert_eq!((third.open, third.closes), (1, vec!["m1".to_owned()]));
    let last = known.learn(&checked(&[]), &filter(), "m4").unwrap();
    assert_eq!((last.open, last.closes), (0, vec!["m3".to_owned()]));
}

#[test]
fn what_cannot_be_looked_at_resolves_nothing() {
    let mut known = Known::default();
    known.learn(&checked(&[item("a", "1")]), &filter(), "m1");
    let failed = seen(Observed::Failed("no credentials".to_owned()));
    let message = known.learn(&failed, &filter(), "m2").unwrap();
    assert_eq!(
        message.health,
        Some(HealthChange::Failing("no credentials".to_owned()))
    );
    assert!(message.changes.is_empty());
    let other = seen(Observed::Failed("another text".to_owned()));
    assert!(known.learn(&other, &filter(), "m3").is_none());
    let wave = seen(Observed::Suspicious("6 of 7 are gone".to_owned()));
    let message = known.learn(&wave, &filter(), "m4").unwrap();
    assert_eq!(message.closes, ["m2-health"]);
    let message = known
        .learn(&checked(&[item("a", "1")]), &filter(), "m5")
        .unwrap();
    assert_eq!(message.health, Some(HealthChange::Working));
    assert_eq!(message.closes, ["m4-health"]);
    assert!(message.changes.is_empty());
}

#[test]
fn a_route_hears_only_what_it_wants() {
    let mut known = Known::default();
    let mut low = item("low", "1");
    low.severity = Some(Severity::Low);
    let mut other = item("other", "1");
    other.class = "improving".to_owned();
    assert!(
        known
            .learn(&checked(&[low, other]), &filter(), "m1")
            .is_none()
    );
    // What becomes something else is over for the route.
    known.learn(&checked(&[item("a", "1")]), &filter(), "m2");
    let mut better = item("a", "1");
    better.class = "sensitive".to_owned();
    let message = known.learn(&checked(&[better]), &filter(), "m3");
    assert_eq!(told(&message), ["resolved a"]);
    assert_eq!(
        message.unwrap().changes[0].was.as_deref(),
        Some("violating")
    );
    // When only the route changes its mind, nothing is over.
    known.learn(&checked(&[item("a", "1")]), &filter(), "m4");
    let mut strict = filter();
    strict.severity = Severity::Critical;
    assert!(
        known
            .learn(&checked(&[item("a", "1")]), &strict, "m5")
            .is_none()
    );
    // Failures are not for all.
    strict.failures = false;
    let failed = seen(Observed::Failed("x".to_owned()));
    assert!(known.learn(&failed, &strict, "m6").is_none());
    assert!(known.learn(&checked(&[]), &filter(), "m7").is_none());
}

#[test]
fn the_worst_comes_first() {
    let mut critical = item("z", "1");
    critical.severity = Some(Severity::Critical);
    let mut known = Known::default();
    known.learn(&checked(&[item("gone", "1")]), &filter(), "m1");
    let message = known.learn(&checked(&[item("a", "1"), critical]), &filter(), "m2");
    assert_eq!(told(&message), ["opened z", "opened a", "resolved gone"]);
}

#[test]
fn a_target_that_is_none_any_more_closes_all() {
    let mut known = Known::default();
    known.learn(&checked(&[item("a", "1")]), &filter(), "m1");
    known.learn(&seen(Observed::Failed("x".to_owned())), &filter(), "m2");
    let end = known.end("prod", Timestamp::UNIX_EPOCH, "m3").unwrap();
    assert_eq!(end.closes, ["m1", "m2-health"]);
    assert!(known.end("prod", Timestamp::UNIX_EPOCH, "m4").is_none());
}
