//! The laws of cover, and what the rules refuse.

use abide_policy::Severity;
use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;

const POLICY: &str = "POL-0001";
const RESOURCE: &str = "aws_db_instance.a";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn known(severity: Severity) -> Vec<(String, Severity)> {
    vec![
        (POLICY.to_owned(), severity),
        ("POL-0002".to_owned(), Severity::Low),
    ]
}

fn act(name: &str, when: Option<Timestamp>) -> Act {
    Act {
        name: name.to_owned(),
        at: when,
        ..Act::default()
    }
}

fn fact(port: u16) -> Fact {
    Fact(vec![("port".to_owned(), port.to_string())])
}

/// An exception that bob asked for and ana approved.
fn granted(asked: Timestamp, approved: Timestamp, expires: Expiry) -> Exception {
    Exception {
        id: "E-1".to_owned(),
        policy: POLICY.to_owned(),
        resource: RESOURCE.to_owned(),
        facts: Some(vec![fact(22)]),
        reason: "why".to_owned(),
        requester: Some(act("bob", Some(asked))),
        approvers: vec![act("ana", Some(approved))],
        expires: Some(expires),
        ..Exception::default()
    }
}

fn set(list: Vec<Exception>) -> ExceptionSet {
    ExceptionSet {
        file: "e.yaml".to_owned(),
        list,
    }
}

/// What covers a violation with these facts.
fn cover(list: &[Exception], severity: Severity, facts: &[Fact], when: Timestamp) -> Vec<Cover> {
    let set = set(list.to_vec());
    let violation = Violation {
        policy: POLICY,
        resource: RESOURCE,
        facts,
        control_passes: true,
    };
    let grants = set.judge(&known(severity), &Rules::default());
    grants
        .iter()
        .map(|grant| covers(grant, &violation, when))
        .collect()
}

fn is_covered(exception: &Exception, facts: &[Fact], when: Timestamp) -> bool {
    cover(std::slice::from_ref(exception), Severity::High, facts, when) == [Cover::Covered]
}

fn state(list: &[Exception], severity: Severity, when: &str) -> (State, String) {
    let set = set(list.to_vec());
    let grants = set.judge(&known(severity), &Rules::default());
    let grant = grants.last().unwrap();
    let why = grant.why_void(at(when)).map(|fault| fault.message);
    (grant.state(at(when)), why.unwrap_or_default())
}

fn usual() -> Exception {
    granted(
        at("2026-03-01T10:00:00Z"),
        at("2026-03-02T10:00:00Z"),
        Expiry::Day(date(2026, 3, 20)),
    )
}

#[test]
fn a_day_ends_at_midnight_utc() {
    for (when, covered) in [
        ("2026-03-02T09:59:59.999999999Z", false),
        ("2026-03-02T10:00:00Z", true),
        ("2026-03-20T23:59:59.999999999Z", true),
        // The same instant seen from elsewhere.
        ("2026-03-21T01:59:59+02:00", true),
        ("2026-03-21T00:00:00Z", false),
    ] {
        assert_eq!(
            is_covered(&usual(), &[fact(22)], at(when)),
            covered,
            "{when}"
        );
    }
}

#[test]
fn leap_days_are_days() {
    let asked = at("2028-02-10T00:00:00Z");
    let leap = granted(asked, asked, Expiry::Day(date(2028, 2, 29)));
    assert!(is_covered(&leap, &[fact(22)], at("2028-02-29T23:59:59Z")));
    assert!(!is_covered(&leap, &[fact(22)], at("2028-03-01T00:00:00Z")));
    assert_eq!(Expiry::read("2027-02-29"), None);
    // Thirty days from the tenth of February: the eleventh of March in a leap year.
    let longest = granted(asked, asked, Expiry::Day(date(2028, 3, 11)));
    assert!(is_covered(&longest, &[fact(22)], asked));
    let too_long = granted(asked, asked, Expiry::Day(date(2028, 3, 12)));
    assert_eq!(
        cover(&[too_long], Severity::High, &[], asked),
        [Cover::NotInForce(State::Void)]
    );
}

#[test]
fn who_asks_does_not_approve() {
    for (requester, approver, state_is) in [
        ("bob", "ana", State::Active),
        ("bob", "Bob", State::Void),
        ("bob@example.com", "@bob", State::Void),
        ("Bob B <bob@example.com>", "BOB@example.com", State::Void),
        ("77+bob@users.noreply.github.com", "bob", State::Void),
        ("bob@example.com", "bob@example.org", State::Active),
        ("bob", "renovate[bot]", State::Void),
        ("bob", "github-actions", State::Void),
    ] {
        let mut exception = usual();
        exception.requester = Some(act(requester, None));
        exception.approvers = vec![act(approver, None)];
        let (found, why) = state(&[exception], Severity::High, "2026-03-10T00:00:00Z");
        assert_eq!(found, state_is, "{requester} {approver}: {why}");
    }
}

#[test]
fn critical_needs_two_people() {
    let mut exception = usual();
    exception.expires = Some(Expiry::Day(date(2026, 3, 12)));
    let when = "2026-03-05T00:00:00Z";
    assert_eq!(
        state(&[exception.clone()], Severity::Critical, when).0,
        State::Requested
    );
    exception.approvers.push(act("ana@example.com", None));
    assert_eq!(
        state(&[exception.clone()], Severity::Critical, when).0,
        State::Requested,
        "ana counts once"
    );
    exception
        .approvers
        .push(act("eve", Some(at("2026-03-04T00:00:00Z"))));
    assert_eq!(
        state(&[exception.clone()], Severity::Critical, when).0,
        State::Active
    );
    // It begins with the second approval.
    assert_eq!(
        state(&[exception], Severity::Critical, "2026-03-03T00:00:00Z").0,
        State::Requested
    );
}

#[test]
fn a_change_needs_a_new_approval() {
    let mut exception = usual();
    exception.approvers[0].digest = Some(exception.digest());
    assert_eq!(
        state(&[exception.clone()], Severity::High, "2026-03-10T00:00:00Z").0,
        State::Active
    );
    let changes: [fn(&mut Exception); 6] = [
        |e| e.facts = Some(vec![fact(22), fact(3389)]),
        |e| e.facts = None,
        |e| e.expires = Some(Expiry::Day(date(2026, 3, 21))),
        |e| e.reason.push('.'),
        |e| e.resource = "aws_db_instance.b".to_owned(),
        |e| e.requester = Some(act("carl", None)),
    ];
    for change in changes {
        let mut changed = exception.clone();
        change(&mut changed);
        let (state, why) = state(&[changed], Severity::High, "2026-03-10T00:00:00Z");
        assert_eq!(state, State::Void);
        assert!(why.contains("changed after ana approved it"), "{why}");
    }
}

#[test]
fn break_glass_is_short_and_reviewed() {
    let start = at("2026-03-01T10:00:00Z");
    let mut exception = granted(start, start, Expiry::Instant(at("2026-03-04T10:00:00Z")));
    exception.break_glass = true;
    let rules = Rules::default();
    let due = |exception: &Exception, when: &str| {
        let set = set(vec![exception.clone()]);
        let grants = set.judge(&known(Severity::Critical), &rules);
        (grants[0].state(at(when)), grants[0].is_review_due(at(when)))
    };
    assert_eq!(
        due(&exception, "2026-03-04T09:59:59Z"),
        (State::Active, true),
        "one approver is enough"
    );
    assert_eq!(
        due(&exception, "2026-03-04T10:00:00Z"),
        (State::Expired, true)
    );
    exception.reviewed = Some(act("eve", Some(at("2026-03-05T00:00:00Z"))));
    assert_eq!(
        due(&exception, "2026-03-06T00:00:00Z"),
        (State::Expired, false)
    );
    exception.expires = Some(Expiry::Instant(at("2026-03-04T10:00:01Z")));
    assert_eq!(due(&exception, "2026-03-02T00:00:00Z").0, State::Void);
}

#[test]
fn revoked_and_rejected_at_a_time() {
    let mut exception = usual();
    exception.revoked = Some(act("eve", Some(at("2026-03-10T00:00:00Z"))));
    assert!(
        is_covered(&exception, &[fact(22)], at("2026-03-09T23:59:59Z")),
        "the past stays"
    );
    assert!(!is_covered(
        &exception,
        &[fact(22)],
        at("2026-03-10T00:00:00Z")
    ));
    let mut exception = usual();
    exception.approvers.clear();
    exception.rejected = Some(act("eve", None));
    assert_eq!(
        state(&[exception.clone()], Severity::High, "2026-03-10T00:00:00Z").0,
        State::Rejected
    );
    exception.rejected = Some(act("bob", None));
    assert_eq!(
        state(&[exception], Severity::High, "2026-03-10T00:00:00Z").0,
        State::Withdrawn
    );
}

#[test]
fn two_renewals_and_no_more() {
    let mut chain = vec![usual()];
    for number in 2..=4 {
        let mut next = usual();
        next.id = format!("E-{number}");
        next.renews = Some(format!("E-{}", number - 1));
        chain.push(next);
        let (found, why) = state(&chain, Severity::High, "2026-03-10T00:00:00Z");
        let expected = if number <= 3 {
            State::Active
        } else {
            State::Void
        };
        assert_eq!(found, expected, "{number}: {why}");
    }
    // A ring, and one that is not there.
    chain[0].renews = Some("E-4".to_owned());
    assert_eq!(
        state(&chain, Severity::High, "2026-03-10T00:00:00Z").0,
        State::Void
    );
    let mut alone = usual();
    alone.renews = Some("E-9".to_owned());
    assert!(
        state(&[alone], Severity::High, "2026-03-10T00:00:00Z")
            .1
            .contains("not in this file")
    );
}

#[test]
fn a_compensating_control_must_pass() {
    let mut exception = usual();
    exception.control = Some(CompensatingControl {
        policy: Some("POL-0002".to_owned()),
        description: None,
    });
    let set = set(vec![exception]);
    let grants = set.judge(&known(Severity::High), &Rules::default());
    let cover = |passes| {
        let violation = Violation {
            policy: POLICY,
            resource: RESOURCE,
            facts: &[fact(22)],
            control_passes: passes,
        };
        covers(&grants[0], &violation, at("2026-03-10T00:00:00Z"))
    };
    assert_eq!(
        (cover(true), cover(false)),
        (Cover::Covered, Cover::Suspended)
    );
}

fn instants() -> impl Strategy<Value = Timestamp> {
    // 2024 (a leap year) to 2029, with midnights and their neighbours more often than chance has them.
    let seconds = 1_704_067_200i64..1_861_920_000;
    prop_oneof![
        seconds.clone(),
        (seconds, -1i64..=1).prop_map(|(second, near)| second - second.rem_euclid(86_400) + near),
    ]
    .prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn fact_sets() -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec((0u16..6).prop_map(fact), 0..6)
}

prop_compose! {
    fn exceptions()(
        asked in instants(),
        latency in 0i64..200_000,
        days in 0i32..40,
        is_day in any::<bool>(),
        facts in prop::option::of(fact_sets()),
        dated in any::<[bool; 2]>(),
        revoked in prop::option::of(0i64..4_000_000),
        not_before in prop::option::of(0i64..1_000_000),
    ) -> Exception {
        let approved = asked.checked_add(latency.seconds()).unwrap();
        let last = day_of(asked).checked_add(days.days()).unwrap();
        let expires = match is_day {
            true => Expiry::Day(last),
            false => Expiry::Instant(asked.checked_add((days * 24).hours()).unwrap()),
        };
        let mut exception = granted(asked, approved, expires);
        exception.facts = facts;
        // Files written by hand say less.
        if !dated[0] {
            exception.requester = None;
        }
        if !dated[1] {
            exception.approvers[0].at = None;
        }
        exception.not_before = not_before.map(|after| asked.checked_add(after.seconds()).unwrap());
        exception.revoked = revoked.map(|after| act("eve", Some(asked.checked_add(after.seconds()).unwrap())));
        exception
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What covers some facts covers fewer of them, and accepting more never covers less.
    #[test]
    fn cover_is_monotone_in_facts(
        exception in exceptions(),
        facts in fact_sets(),
        keep in any::<[bool; 6]>(),
        more in fact_sets(),
        hours in 0i64..960,
    ) {
        let asked = exception.expires.unwrap().end().checked_sub(960.hours()).unwrap();
        let when = asked.checked_add(hours.hours()).unwrap();
        let fewer: Vec<Fact> = facts.iter().zip(keep).filter(|(_, keep)| *keep).map(|(fact, _)| fact.clone()).collect();
        if is_covered(&exception, &facts, when) {
            prop_assert!(is_covered(&exception, &fewer, when));
            let mut wider = exception;
            if let Some(accepted) = &mut wider.facts {
                accepted.extend(more);
            }
            prop_assert!(is_covered(&wider, &facts, when));
        }
    }

    /// It is covered in one piece of time: once over, always over; and a later end never covers
    /// less, unless the whole becomes too long.
    #[test]
    fn cover_is_one_span_of_time(exception in exceptions(), hours in prop::collection::vec(-100i64..1200, 3)) {
        let start = exception.expires.unwrap().end().checked_sub(1000.hours()).unwrap();
        let mut times: Vec<_> = hours.iter().map(|hours| start.checked_add(hours.hours()).unwrap()).collect();
        times.sort_unstable();
        let covered: Vec<bool> = times.iter().map(|when| is_covered(&exception, &[], *when)).collect();
        prop_assert!(!(covered[0] && !covered[1] && covered[2]), "{covered:?}");
        prop_assert!(covered.iter().zip(&times).all(|(covered, when)| !covered || *when < exception.expires.unwrap().end()));
    }

    /// A day covers up to midnight and not beyond, and never longer than the maximum.
    #[test]
    fn a_span_ends_at_midnight_and_is_bounded(exception in exceptions()) {
        let set = set(vec![exception.clone()]);
        let grants = set.judge(&known(Severity::High), &Rules::default());
        let end = exception.expires.unwrap().end();
        if let Expiry::Day(day) = exception.expires.unwrap() {
            prop_assert_eq!(end.as_second().rem_euclid(86_400), 0);
            prop_assert_eq!(day_of(end), day.tomorrow().unwrap());
        }
        let last = end.checked_sub(1.nanosecond()).unwrap();
        prop_assert!(grants[0].state(end) != State::Active);
        if grants[0].state(last) == State::Active {
            let too_early = last.checked_sub((31 * 24).hours()).unwrap();
            prop_assert!(grants[0].state(too_early) != State::Active);
        }
    }

    /// Nobody gets a grant alone, whatever the form of the name.
    #[test]
    fn one_person_is_not_two(name in "[a-z]{1,8}", form in 0usize..4, upper in any::<bool>()) {
        let forms = [name.clone(), format!("@{name}"), format!("{name}@example.com"), format!("X Y <{name}@example.com>")];
        let mut other = forms[form].clone();
        if upper {
            other = other.to_uppercase();
        }
        prop_assert!(same_person(&name, &other) && same_person(&other, &name));
    }
}

/// Files of every shape, as people write them.
const FILES: [&str; 9] = [
    "",
    "# nothing yet\n",
    "exceptions: []\n",
    "# head\nexceptions:   # ours\n  # one\n  - id: A   # first\n    policy: POL-0001\n    resource: aws_s3_bucket.a\n    reason: |\n      two\n      lines # not a comment\n    approver: ana\n    expires: 2026-03-20\n  # tail\n",
    "- {id: A, policy: POL-0001, resource: 'aws_s3_bucket.a[\"}\"]', reason: x, approver: ana, expires: 2026-03-20}   # flow\n\n# end",
    "- id: A\r\n  policy: POL-0001\r\n  resource: aws_s3_bucket.a\r\n  reason: x\r\n  expires: 2026-03-20\r\n\r\n",
    "\u{feff}- id: A\n  policy: POL-0001\n  resource: aws_s3_bucket.a\n  reason: ü\n  approvers:\n  - ana\n  - {name: eve}\n  expires: 2026-03-20",
    "[{\"id\": \"A\", \"policy\": \"POL-0001\", \"resource\": \"aws_s3_bucket.a\", \"reason\": \"it's, # }\", \"approvers\": [\"ana\"], \"expires\": \"2026-03-20\"}]\n",
    "exceptions:\n- id: A\n  policy: POL-0001\n  resource: aws_s3_bucket.a\n  reason: >-\n    folded\n\n    text\n- id: B\n  policy: POL-0001\n  resource: aws_s3_bucket.b\n  reason: x\n  approver: ana\n  expires: 2026-03-20\n",
];

/// What was there is still there, in its order.
fn is_kept(old: &str, new: &str) -> bool {
    let mut rest = new.chars();
    old.chars().all(|c| rest.any(|other| other == c))
}

#[test]
fn edits_keep_every_byte() {
    let hostile = Exception {
        id: "N\"ew: 1".to_owned(),
        reason: "line\none \u{1b}[31m \u{202e} # '\"\\".to_owned(),
        ticket: Some("yes".to_owned()),
        facts: Some(vec![Fact(vec![
            ("a b".to_owned(), "010".to_owned()),
            ("empty".to_owned(), String::new()),
        ])]),
        control: Some(CompensatingControl {
            policy: Some("POL-0002".to_owned()),
            description: Some("[x]: {y}".to_owned()),
        }),
        category: Category::Mitigated,
        break_glass: true,
        renews: Some("A".to_owned()),
        not_before: Some(at("2026-03-02T00:00:00Z")),
        ..usual()
    };
    for text in FILES {
        let added =
            add_entry("e.yaml", text, &hostile).unwrap_or_else(|error| panic!("{text}\n{error}"));
        match text {
            "exceptions: []\n" => assert!(added.starts_with("exceptions:"), "{added}"),
            text => assert!(is_kept(text, &added), "{added}"),
        }
        assert!(!added.contains(['\u{1b}', '\u{202e}']));
        let first = ExceptionSet::read("e.yaml", text).unwrap().list;
        let ids: Vec<_> = first
            .iter()
            .map(|exception| exception.id.clone())
            .chain([hostile.id.clone()])
            .collect();
        for id in ids {
            let mut text = added.clone();
            for (field, name) in [
                ("approvers", "carl"),
                ("approvers", "dora"),
                ("revoked", "eve"),
                ("reviewed", "fay"),
            ] {
                let act = Act {
                    at: Some(at("2026-03-03T00:00:00Z")),
                    identity: Identity::Git,
                    ..act(name, None)
                };
                let edited = add_field("e.yaml", &text, &id, field, &act)
                    .unwrap_or_else(|error| panic!("{text}\n{error}"));
                assert!(is_kept(&text, &edited), "{edited}");
                text = edited;
            }
            assert!(
                add_field("e.yaml", &text, &id, "revoked", &act("x", None)).is_err(),
                "twice"
            );
            // Lines end as they did.
            assert_eq!(
                text.contains("\r\n"),
                text.matches('\n').count() == text.matches("\r\n").count(),
                "{text:?}"
            );
        }
    }
    let json = FILES[7];
    let added = add_entry("e.json", json, &hostile).unwrap();
    assert!(
        serde_json::from_str::<serde_json::Value>(&added).is_ok(),
        "{added}"
    );
}

proptest! {
    /// Whatever stands in a file: an edit says what it should, or is refused; nothing panics.
    #[test]
    fn edits_are_right_or_refused(
        file in 0..FILES.len(),
        at in 0usize..400,
        cut in 0usize..4,
        put in "[-:#{}\\[\\]'\",a \n|>\\\\é]{0,6}",
    ) {
        let chars: Vec<char> = FILES[file].chars().collect();
        let at = at.min(chars.len());
        let rest = &chars[(at + cut).min(chars.len())..];
        let text: String = chars[..at].iter().copied().chain(put.chars()).chain(rest.iter().copied()).collect();
        if let Ok(set) = ExceptionSet::read("e.yaml", &text) {
            if let Ok(added) = add_entry("e.yaml", &text, &usual()) {
                let read = ExceptionSet::read("e.yaml", &added).unwrap();
                prop_assert_eq!(read.list.len(), set.list.len() + 1);
            }
            if let Some(first) = set.list.first() {
                let edited = add_field("e.yaml", &text, &first.id, "approvers", &act("carl", None));
                if let Ok(edited) = edited {
                    let read = ExceptionSet::read("e.yaml", &edited).unwrap();
                    prop_assert_eq!(read.list[0].approvers.len(), first.approvers.len() + 1);
                    prop_assert!(is_kept(&text, &edited));
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_edited_is_left_alone() {
    let seed = r#"{"POL-0001:aws_s3_bucket.x": {"expiresAt": "2026-03-20", "reason": "r"}}"#;
    assert!(add_entry("e.json", seed, &usual()).is_err());
    assert!(add_field("e.yaml", FILES[3], "B", "revoked", &act("x", None)).is_err());
    assert!(add_entry("e.yaml", "a: [", &usual()).is_err());
}

#[test]
fn the_schema_names_every_field() {
    let schema = json_schema();
    let names: Vec<&str> = schema["$defs"]["exception"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut known = read::FIELDS.to_vec();
    let mut names = names;
    known.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, known);
}
