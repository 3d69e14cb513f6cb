//! One history with all that can happen, and what must be said of it.

use abide_audit::model::{AuditReport, Closed, ControlResult};
use abide_audit::verdict::{ControlVerdict, Counts, DayCounts, Reason};
use abide_store::Status::{Error, Excepted, Fail, Pass, Unknown};

use crate::history::*;

/// Two months of weekly scans of one target. `a` is encrypted late, `b` has an exception for
/// a week, `c` goes away, `d` cannot be told once.
pub(crate) fn history() -> Vec<Scan> {
    let scan =
        |number: i64, outcomes: &[Outcome]| Scan::new("payments", day(number) + 6 * HOUR, outcomes);
    let good = [
        ("a", "POL-0001", Pass),
        ("b", "POL-0002", Pass),
        ("d", "POL-0003", Pass),
    ];
    let mut partial = scan(30, &[]);
    partial.complete = false;
    vec![
        scan(
            -2,
            &[
                ("a", "POL-0001", Fail),
                ("b", "POL-0002", Fail),
                ("c", "POL-0001", Pass),
            ],
        ),
        scan(
            4,
            &[
                ("a", "POL-0001", Fail),
                ("b", "POL-0002", Excepted),
                ("c", "POL-0001", Fail),
            ],
        ),
        scan(
            11,
            &[
                ("a", "POL-0001", Unknown),
                ("b", "POL-0002", Pass),
                ("d", "POL-0003", Pass),
            ],
        ),
        scan(
            18,
            &[
                ("a", "POL-0001", Pass),
                ("b", "POL-0002", Pass),
                ("d", "POL-0003", Error),
            ],
        ),
        scan(25, &good),
        partial,
        scan(32, &good),
        scan(39, &good),
    ]
}

fn control<'r>(report: &'r AuditReport, label: &str) -> &'r ControlResult {
    let found = report
        .controls
        .iter()
        .find(|control| control.label == label);
    found.unwrap_or_else(|| panic!("{label} is not in the report"))
}

#[test]
fn the_verdicts_of_january() {
    let report = report(&history(), &request(0, 31));
    let labels: Vec<&str> = report.controls.iter().map(|c| c.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "SOC2-CC6.1",
            "SOC2-CC6.1:encryption",
            "SOC2-CC6.6",
            "SOC2-A1.2"
        ]
    );
    let encryption = control(&report, "SOC2-CC6.1:encryption");
    assert_eq!(encryption.verdict, ControlVerdict::Fail);
    assert_eq!(
        encryption.evaluations,
        Counts {
            // Scans of days 4, 11, 18 and 25 with 3 resources each, and one policy.
            pass: 2,
            fail: 2,
            unknown: 1,
            not_applicable: 4 * 3 - 5,
            ..Counts::default()
        }
    );
    assert_eq!(
        encryption.resource_days,
        DayCounts {
            // `a` fails from 1 to 12 January (the scan of the 12th comes at 06:00), is unknown
            // until 19 January, then passes; `c` fails on the 5th to 12th and is gone.
            fail: 12 + 8,
            unknown: 7,
            pass: 12 + 4,
            // `b` from the 1st, `d` from the 12th.
            not_applicable: 31 + 20,
            ..DayCounts::default()
        }
    );
    // What failed on New Year's Day and was covered from the 5th on.
    let ingress = control(&report, "SOC2-CC6.6");
    assert_eq!(ingress.verdict, ControlVerdict::Fail);
    assert_eq!(ingress.evaluations.fail, 0);
    assert_eq!(
        (ingress.resource_days.fail, ingress.resource_days.excepted),
        (5, 7)
    );
    let backup = control(&report, "SOC2-A1.2");
    assert_eq!(backup.verdict, ControlVerdict::Incomplete);
    assert_eq!(backup.reasons, [Reason::Error { evaluations: 1 }]);
    // The criterion has what its point of focus has, and its own policy.
    let criterion = control(&report, "SOC2-CC6.1");
    assert_eq!(criterion.policies, ["POL-0001", "POL-0003"]);
    assert_eq!(criterion.evaluations.evaluated(), 5 + 3);
}

#[test]
fn the_deviations_of_january() {
    let report = report(&history(), &request(0, 31));
    let told: Vec<_> = report
        .deviations
        .iter()
        .map(|one| {
            (
                one.id.as_str(),
                one.resource.as_str(),
                one.policy.as_str(),
                one.first_seen.day(),
                one.closed_at.map(|at| at.day()),
                one.closed_as,
                one.scans,
                one.days,
            )
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        told,
        [
            (
                "DEV-0001",
                "a",
                "POL-0001",
                "2025-12-30".into(),
                text("2026-01-19"),
                Some(Closed::Fixed),
                1,
                12
            ),
            (
                "DEV-0002",
                "b",
                "POL-0002",
                "2025-12-30".into(),
                text("2026-01-12"),
                Some(Closed::Fixed),
                0,
                5
            ),
            (
                "DEV-0003",
                "c",
                "POL-0001",
                "2026-01-05".into(),
                text("2026-01-12"),
                Some(Closed::ResourceRemoved),
                1,
                8
            ),
        ]
    );
    let first = &report.deviations[0];
    assert_eq!(first.open_ms, 20 * abide_audit::DAY);
    assert_eq!(first.message, "POL-0001 says Fail of a");
    let commit = |at: i64| Some(format!("c{}", day(at) + 6 * HOUR));
    assert_eq!(first.found_by.as_ref().unwrap().commit, commit(-2));
    assert_eq!(first.closed_by.as_ref().unwrap().commit, commit(18));
    assert_eq!(report.deviations[1].exceptions, ["EXC-1"]);
}

#[test]
fn the_exceptions_day_by_day() {
    let report = report(&history(), &request(0, 31));
    assert_eq!(report.exceptions.len(), 1);
    let exception = &report.exceptions[0];
    assert_eq!(exception.approvers, ["bob"]);
    assert_eq!(exception.days, 8);
    let covered = &exception.covered[0];
    assert_eq!(
        covered.days,
        [("2026-01-05".to_owned(), "2026-01-12".to_owned())]
    );
    assert_eq!(report.exception_days.len(), 8);
    assert!(report.exception_days.iter().all(|day| day.covered == 1));
}

#[test]
fn a_partial_scan_is_no_scan_and_must_be_followed_by_a_whole_one() {
    let scans = history();
    let february = report(&scans, &request(25, 42));
    let target = &february.completeness[0];
    assert_eq!((target.complete, target.partial), (3, 1));
    assert_eq!(
        target.partial_scans[0].answered.map(|at| at.day()),
        Some("2026-02-02".to_owned())
    );
    let cc66 = control(&february, "SOC2-CC6.6");
    assert_eq!(
        (cc66.verdict, cc66.evaluations.evaluated()),
        (ControlVerdict::Pass, 3)
    );

    // Asked before the next whole scan was recorded.
    let mut early = request(19, 32);
    early.as_of = Some(day(31));
    let early = report(&scans, &early);
    let cc66 = control(&early, "SOC2-CC6.6");
    assert_eq!(cc66.verdict, ControlVerdict::Incomplete);
    let partial = Reason::Partial {
        target: "payments".to_owned(),
        scans: 1,
    };
    assert!(cc66.reasons.contains(&partial), "{:?}", cc66.reasons);

    let mut only = vec![scans[5].clone()];
    only[0].complete = false;
    let only = report(&only, &request(25, 42));
    assert!(only.controls.is_empty());
    assert_eq!(only.completeness[0].partial, 1);
}

#[test]
fn a_gap_is_no_pass() {
    let mut scans = history();
    scans.retain(|scan| scan.at < day(30) || scan.at > day(38));
    let report = report(&scans, &request(24, 42));
    let target = &report.completeness[0];
    assert_eq!(target.largest_gap, 14 * abide_audit::DAY);
    assert_eq!(target.gaps.len(), 1);
    let cc66 = control(&report, "SOC2-CC6.6");
    assert_eq!(cc66.verdict, ControlVerdict::Incomplete);
    // 25 January to 1 February 06:00 stand; then nobody looked until 9 February 06:00.
    assert_eq!(cc66.resource_days.pass, 9 + 3);
    // Of all three resources: whether a policy concerns them is not known either.
    assert_eq!(cc66.resource_days.not_scanned, 3 * 6);
}

#[test]
fn missed_slots_are_no_pass() {
    let mut scans = history();
    scans.drain(..4);
    for scan in &mut scans {
        scan.slot = Some(scan.at);
    }
    let mut store = recorded(&scans);
    store.due("acme", "payments", day(34)).unwrap();
    store.due("acme", "payments", day(36)).unwrap();
    store
        .mark_missed("acme", day(35), "the runner was down", &key(), day(40))
        .unwrap();
    let (report, _) = AuditReport::read(&mut store, &request(26, 42)).unwrap();
    let target = &report.completeness[0];
    let slots = target.slots;
    assert_eq!(
        (
            slots.due,
            slots.ran,
            slots.failed,
            slots.missed,
            slots.unanswered
        ),
        (5, 2, 1, 1, 1)
    );
    assert_eq!(target.missed.len(), 3);
    assert_eq!(
        control(&report, "SOC2-CC6.6").verdict,
        ControlVerdict::Incomplete
    );
}

#[test]
fn nothing_is_known_of_what_was_recorded_later() {
    let scans = history();
    let mut asked = request(0, 31);
    asked.as_of = Some(day(20));
    let then = report(&scans, &asked);
    let known: Vec<Scan> = scans
        .iter()
        .filter(|scan| scan.at <= day(20))
        .cloned()
        .collect();
    let mut only = report(&known, &asked);
    assert_eq!(then.cover.checkpoint, only.cover.checkpoint);
    only.cover = then.cover.clone();
    assert_eq!(then, only);
}

#[test]
fn only_whole_scans_of_what_stands_count() {
    let mut proposal = Scan::new(
        "payments",
        day(26),
        &[
            ("a", "POL-0001", Pass),
            ("b", "POL-0002", Fail),
            ("d", "POL-0003", Pass),
        ],
    );
    proposal.pull_request = Some("42");
    let mut again = proposal.clone();
    again.at += HOUR;
    again.recorded_at += HOUR;
    again.outcomes[1].2 = Pass;
    let mut scans = history();
    scans.splice(5..5, [proposal, again]);
    let report = report(&scans, &request(25, 42));
    let cc66 = control(&report, "SOC2-CC6.6");
    assert_eq!(
        (cc66.verdict, cc66.evaluations.evaluated()),
        (ControlVerdict::Pass, 3)
    );
    assert!(report.deviations.is_empty());
    assert_eq!(report.completeness[0].proposals, 2);
    assert_eq!(report.caught.len(), 1);
    let caught = &report.caught[0];
    assert_eq!(
        (caught.pull_request.as_str(), caught.resource.as_str()),
        ("42", "b")
    );
    assert_eq!(caught.fixed_at.map(|at| at.0), Some(day(26) + HOUR));
    assert!(!caught.merged);
}

#[test]
fn only_pull_requests_were_scanned_so_they_count() {
    let mut scans = history();
    for scan in &mut scans {
        scan.pull_request = Some("7");
    }
    let report = report(&scans, &request(0, 31));
    assert!(report.completeness[0].proposals_only);
    assert_eq!(control(&report, "SOC2-CC6.6").verdict, ControlVerdict::Fail);
    assert!(
        report
            .limits
            .iter()
            .any(|limit| limit.contains("only pull requests"))
    );
}

#[test]
fn a_late_delivery_stands_where_it_was_made() {
    let mut scans = history();
    // Delivered from a spool after all others.
    let late = scans.remove(1);
    let mut late = Scan {
        recorded_at: day(41),
        ..late
    };
    late.exception = "EXC-1";
    scans.push(late);
    let late = report(&scans, &request(0, 31));
    let usual = report(&history(), &request(0, 31));
    for (one, other) in late.controls.iter().zip(&usual.controls) {
        assert_eq!(one.evaluations, other.evaluations, "{}", one.label);
        assert_eq!(one.resource_days, other.resource_days, "{}", one.label);
        assert_eq!(one.verdict, other.verdict, "{}", one.label);
    }
    assert_eq!(late.exception_days, usual.exception_days);
    assert_eq!(late.health.late.len(), 1);
}

#[test]
fn a_policy_that_is_not_always_in_force_is_no_pass() {
    let mut scans = history();
    scans[6].policies.retain(|policy| policy.id != "POL-0002");
    scans[6]
        .outcomes
        .retain(|(_, policy, _)| *policy != "POL-0002");
    let report = report(&scans, &request(25, 42));
    let cc66 = control(&report, "SOC2-CC6.6");
    assert_eq!(cc66.verdict, ControlVerdict::Incomplete);
    assert_eq!(cc66.reasons, [Reason::NotInForce { with: 2, of: 3 }]);
    let told: Vec<_> = report
        .policy_changes
        .iter()
        .map(|change| (change.scan, change.added.clone(), change.removed.clone()))
        .collect();
    let id = || vec!["POL-0002".to_owned()];
    assert_eq!(told, [(7, vec![], id()), (8, id(), vec![])]);
}

#[test]
fn a_new_text_of_a_policy_is_a_change_of_the_control() {
    let mut scans = history();
    for scan in scans.iter_mut().skip(6) {
        scan.policies[1].version = 2;
    }
    let report = report(&scans, &request(25, 42));
    let versions: Vec<_> = report
        .policies
        .iter()
        .filter(|policy| policy.id == "POL-0002")
        .map(|policy| (policy.from.day(), policy.to.day(), policy.scans))
        .collect();
    let at = |day: &str| day.to_owned();
    assert_eq!(
        versions,
        [
            (at("2026-01-26"), at("2026-01-26"), 1),
            (at("2026-02-02"), at("2026-02-09"), 2)
        ]
    );
    assert_eq!(report.policy_changes[0].changed, ["POL-0002"]);
    assert_eq!(control(&report, "SOC2-CC6.6").verdict, ControlVerdict::Pass);
}

#[test]
fn changes_without_a_record_are_named() {
    let mut scans = history();
    scans[4].commit = None;
    scans[6].commit = Some("merged".to_owned());
    let mut proposal = scans[6].clone();
    proposal.at -= HOUR;
    proposal.recorded_at -= HOUR;
    proposal.pull_request = Some("42");
    scans.insert(6, proposal);
    let report = report(&scans, &request(25, 42));
    let told: Vec<_> = report
        .changes
        .iter()
        .map(|change| (change.pull_requests.clone(), change.scans, change.orphan))
        .collect();
    assert_eq!(
        told,
        [
            (vec![], 1, true),
            (vec!["42".to_owned()], 2, false),
            (vec![], 1, true)
        ]
    );
    assert_eq!(report.orphans.len(), 1);
}

#[test]
fn other_targets_can_be_left_out() {
    let mut scans = history();
    scans.push(Scan::new("shop", day(40), &[("x", "POL-0002", Fail)]));
    let mut asked = request(25, 42);
    let both = report(&scans, &asked);
    assert_eq!(control(&both, "SOC2-CC6.6").verdict, ControlVerdict::Fail);
    asked.targets = vec!["payments".to_owned()];
    let one = report(&scans, &asked);
    assert_eq!(control(&one, "SOC2-CC6.6").verdict, ControlVerdict::Pass);
    asked.targets = vec!["shopp".to_owned()];
    let error = AuditReport::read(&mut recorded(&scans), &asked).unwrap_err();
    assert!(
        error.to_string().contains("known: payments, shop"),
        "{error}"
    );
}

/// The counts by scan, asked of the view that is there for people with SQL of their own.
#[test]
fn sql_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("abide.db");
    let mut store = abide_store::Store::open(path.to_str().unwrap()).unwrap();
    record(&mut store, &history());
    let (report, _) = AuditReport::read(&mut store, &request(0, 42)).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    for (label, like) in [
        ("SOC2-CC6.1:encryption", "%soc2-2017:CC6.1:encryption%"),
        ("SOC2-CC6.1", "%soc2-2017:CC6.1%"),
        ("SOC2-CC6.6", "%soc2-2017:CC6.6%"),
        ("SOC2-A1.2", "%soc2-2017:A1.2%"),
    ] {
        let mut ask = db
            .prepare(
                "SELECT outcome, COUNT(*) FROM policy_scan_results
                 WHERE scanned_at >= '2026-01-01' AND scanned_at < '2026-02-12' AND controls LIKE ?1 GROUP BY outcome",
            )
            .unwrap();
        let rows = ask.query_map([like], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(String, i64)> = rows.unwrap().collect::<Result<_, _>>().unwrap();
        let of = |outcome: &str| {
            rows.iter()
                .find(|row| row.0 == outcome)
                .map_or(0, |row| u64::try_from(row.1).unwrap())
        };
        let counts = control(&report, label).evaluations;
        assert_eq!(
            [
                counts.pass,
                counts.fail,
                counts.excepted,
                counts.unknown,
                counts.error
            ],
            ["pass", "fail", "excepted", "unknown", "error"].map(of),
            "{label}"
        );
    }
    let excepted: i64 = db
        .query_row(
            "SELECT COUNT(*) FROM policy_scan_results WHERE outcome = 'excepted' AND scanned_at >= '2026-01-01'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let covered = report
        .exceptions
        .iter()
        .flat_map(|exception| &exception.covered);
    assert_eq!(covered.map(|one| one.scans as i64).sum::<i64>(), excepted);
    let lives: i64 = db
        .query_row("SELECT COUNT(*) FROM finding", [], |row| row.get(0))
        .unwrap();
    assert_eq!(report.deviations.len() as i64, lives);
}
