//! Numbers over time.

use abide_audit::DAY;
use abide_audit::trends::{Trends, TrendsRequest};
use abide_policy::Severity;
use abide_store::Status::{Excepted, Fail, Pass};

use crate::history::*;

fn trends(scans: &[Scan], from: i64, to: i64) -> Trends {
    let request = TrendsRequest {
        tenant: "acme".to_owned(),
        targets: Vec::new(),
        from: day(from),
        to: day(to),
        max_gap_days: 7,
    };
    Trends::read(&mut recorded(scans), &request).unwrap()
}

#[test]
fn time_to_fix_and_weeks() {
    let trends = trends(&crate::known::history(), 0, 42);
    let critical = trends.time_to_fix[0];
    assert_eq!(critical.severity, Severity::Critical);
    // `a` was seen on 30 December and fixed on 19 January; `c` was removed, which is no fix.
    assert_eq!((critical.fixed, critical.median_ms), (1, Some(20 * DAY)));
    let high = trends.time_to_fix[1];
    assert_eq!(
        (high.fixed, high.median_ms, high.p90_ms),
        (1, Some(13 * DAY), Some(13 * DAY))
    );
    let weeks: Vec<_> = trends
        .weeks
        .iter()
        .map(|week| (week.opened, week.fixed, week.ended))
        .collect();
    assert_eq!(
        weeks,
        [
            (1, 0, 0),
            (0, 1, 1),
            (0, 1, 0),
            (0, 0, 0),
            (0, 0, 0),
            (0, 0, 0)
        ]
    );
    assert!(
        trends
            .open
            .iter()
            .all(|one| one.ages().iter().all(|(_, count)| *count == 0))
    );
    assert_eq!(trends.exceptions.in_period, 1);
    assert!(trends.exceptions.in_force.is_empty());
}

#[test]
fn what_is_open_excepted_and_caught() {
    let mut proposal = Scan::new(
        "payments",
        day(10),
        &[("a", "POL-0001", Fail), ("b", "POL-0002", Fail)],
    );
    proposal.pull_request = Some("7");
    let mut fixed = proposal.clone();
    fixed.at += HOUR / 2;
    fixed.recorded_at = fixed.at;
    fixed.outcomes[1].2 = Pass;
    let scans = [
        Scan::new(
            "payments",
            day(1),
            &[("a", "POL-0001", Fail), ("b", "POL-0002", Pass)],
        ),
        proposal,
        fixed,
        Scan::new(
            "payments",
            day(12),
            &[
                ("a", "POL-0001", Fail),
                ("b", "POL-0002", Pass),
                ("c", "POL-0003", Excepted),
            ],
        ),
    ];
    let trends = trends(&scans, 0, 20);
    assert_eq!((trends.open[0].month, trends.open[0].week), (1, 0));
    assert_eq!(
        trends.open[2]
            .ages()
            .iter()
            .map(|(_, count)| count)
            .sum::<u64>(),
        0
    );
    let requests = trends.pull_requests;
    assert_eq!(
        (
            requests.brought,
            requests.fixed_in_same,
            requests.merged,
            requests.median_ms
        ),
        (1, 1, 0, Some(HOUR / 2))
    );
    assert_eq!(trends.exceptions.in_force, ["EXC-1"]);
    assert!(trends.exceptions.expiring.is_empty());
    let text = trends.prometheus();
    for line in [
        "abide_violations_open{severity=\"critical\",age=\"30d\"} 1",
        "abide_pull_request_violations{state=\"fixed_in_same\"} 1",
        "abide_exceptions{state=\"in_force\"} 1",
        "abide_resources{target=\"payments\",state=\"evaluated\"} 3",
    ] {
        assert!(
            text.lines().any(|one| one == line),
            "{line} is not in\n{text}"
        );
    }
    // Every name is told what it is, once.
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .collect();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    for sample in samples {
        let name = sample.split('{').next().unwrap();
        assert_eq!(
            names
                .iter()
                .filter(|one| one.starts_with(&format!("{name} ")))
                .count(),
            1
        );
    }
}
