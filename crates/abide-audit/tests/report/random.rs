//! Random histories, counted by the report and again one by one.

use std::collections::BTreeMap;

use abide_audit::DAY;
use abide_audit::verdict::{ControlVerdict, Counts, DayCounts};
use abide_store::Status;
use proptest::prelude::*;

use crate::history::*;

const TARGETS: [&str; 2] = ["payments", "shop"];
const RESOURCES: [&str; 3] = ["a", "b", "c"];
const STATUSES: [Status; 5] = [
    Status::Pass,
    Status::Fail,
    Status::Excepted,
    Status::Unknown,
    Status::Error,
];
const FROM: i64 = 10;
const TO: i64 = 40;
const MAX_GAP: i64 = 7 * DAY;

/// Times are often out of order: scans delivered from a spool.
fn scans() -> impl Strategy<Value = Vec<Scan>> {
    let one = (
        0..2_usize,
        0..60 * 24_i64,
        prop::array::uniform9(0..9_usize),
        0..8_u8,
        0..3_u8,
    );
    prop::collection::vec(one, 1..14).prop_map(|all| {
        let scans = (0..).zip(all);
        scans
            .map(|(number, (target, at, cells, odd, pr))| scan(number, target, at, &cells, odd, pr))
            .collect()
    })
}

fn scan(number: i64, target: usize, hour: i64, cells: &[usize; 9], odd: u8, pr: u8) -> Scan {
    let mut outcomes = Vec::new();
    for (at, cell) in cells.iter().enumerate() {
        let policy = ["POL-0001", "POL-0002", "POL-0003"][at % 3];
        // POL-0003 is not always in force.
        if let Some(status) = STATUSES.get(*cell)
            && (policy != "POL-0003" || odd != 1)
        {
            outcomes.push((RESOURCES[at / 3], policy, *status));
        }
    }
    let mut scan = Scan::new(TARGETS[target], day(0) + hour * HOUR, &outcomes);
    scan.recorded_at = day(70) + number * HOUR;
    scan.complete = odd != 0;
    scan.pull_request = (pr == 0).then_some("7");
    if odd == 1 {
        scan.policies.retain(|policy| policy.id != "POL-0003");
    }
    scan
}

/// Scans of a target that count, by time.
fn standing<'s>(scans: &'s [Scan], target: &str) -> Vec<&'s Scan> {
    let whole = scans
        .iter()
        .filter(|scan| scan.target == target && scan.complete);
    let mut standing: Vec<&Scan> = whole
        .clone()
        .filter(|one| one.pull_request.is_none())
        .collect();
    if standing.is_empty() {
        standing = whole.collect();
    }
    standing.sort_by_key(|scan| (scan.at, scan.recorded_at));
    standing
}

fn policies_of(scan: &Scan, control: &str) -> Vec<&'static str> {
    let of = |policy: &&Policy| match control {
        "SOC2-CC6.1" => ["POL-0001", "POL-0003"].contains(&policy.id),
        "SOC2-CC6.6" => policy.id == "POL-0002",
        _ => false,
    };
    scan.policies
        .iter()
        .filter(of)
        .map(|policy| policy.id)
        .collect()
}

fn add(counts: &mut Counts, status: Status) {
    match status {
        Status::Pass => counts.pass += 1,
        Status::Fail => counts.fail += 1,
        Status::Excepted => counts.excepted += 1,
        Status::Unknown => counts.unknown += 1,
        Status::Error => counts.error += 1,
    }
}

fn inside(scan: &Scan) -> bool {
    scan.at >= day(FROM) && scan.at < day(TO)
}

/// Evaluations of a control, scan by scan.
fn evaluations(scans: &[Scan], control: &str) -> Counts {
    let mut counts = Counts::default();
    for target in TARGETS {
        for scan in standing(scans, target)
            .into_iter()
            .filter(|scan| inside(scan))
        {
            let policies = policies_of(scan, control);
            let mut resources: Vec<&str> = scan.outcomes.iter().map(|one| one.0).collect();
            resources.sort_unstable();
            resources.dedup();
            let mut evaluated = 0;
            for (_, policy, status) in &scan.outcomes {
                if policies.contains(policy) {
                    add(&mut counts, *status);
                    evaluated += 1;
                }
            }
            counts.not_applicable += (resources.len() * policies.len() - evaluated) as u64;
        }
    }
    counts
}

/// Resource-days of a control, day by day.
fn resource_days(scans: &[Scan], control: &str) -> DayCounts {
    let mut counts = DayCounts::default();
    for target in TARGETS {
        let standing = standing(scans, target);
        for resource in RESOURCES {
            for number in FROM..TO {
                let (mut worst, mut there, mut stale) = (None, false, false);
                for (at, scan) in standing.iter().enumerate() {
                    let cells: Vec<_> = scan
                        .outcomes
                        .iter()
                        .filter(|one| one.0 == resource)
                        .collect();
                    if cells.is_empty() {
                        continue;
                    }
                    let next = standing.get(at + 1).map_or(i64::MAX, |next| next.at);
                    let end = next.min(scan.at + MAX_GAP).max(scan.at + 1);
                    let touches = |from: i64, to: i64| {
                        from < day(number + 1) && to > day(number) && from < to
                    };
                    stale |= touches(end, next);
                    if !touches(scan.at, end) {
                        continue;
                    }
                    there = true;
                    let policies = policies_of(scan, control);
                    for (_, policy, status) in cells {
                        if policies.contains(policy) {
                            worst = worst.max(Some(*status));
                        }
                    }
                }
                // From best to worst, as they are declared.
                match worst {
                    Some(Status::Pass) => counts.pass += 1,
                    Some(Status::Excepted) => counts.excepted += 1,
                    Some(Status::Unknown | Status::Error) => counts.unknown += 1,
                    Some(Status::Fail) => counts.fail += 1,
                    None if there => counts.not_applicable += 1,
                    None if stale => counts.not_scanned += 1,
                    None => {}
                }
            }
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_number_is_that_of_the_scans(scans in scans()) {
        let report = report(&scans, &request(FROM, TO));
        for control in &report.controls {
            if !["SOC2-CC6.1", "SOC2-CC6.6"].contains(&control.label.as_str()) {
                continue;
            }
            prop_assert_eq!(control.evaluations, evaluations(&scans, &control.label), "{}", control.label);
            prop_assert_eq!(control.resource_days, resource_days(&scans, &control.label), "{}", control.label);
            // Sums agree.
            let months: u64 = control.months.iter().map(|month| month.resource_days.total()).sum();
            prop_assert_eq!(months, control.resource_days.total());
            let possible = (TARGETS.len() * RESOURCES.len()) as u64 * report.cover.days as u64;
            prop_assert!(control.resource_days.total() <= possible);
            let deviations = control.deviations.iter().map(|at| &report.deviations[*at]);
            prop_assert_eq!(deviations.map(|one| one.scans).sum::<u64>(), control.evaluations.fail);
            let whole = control.evaluations.evaluated() > 0 && control.evaluations.undecided() == 0;
            if matches!(control.verdict, ControlVerdict::Pass | ControlVerdict::Excepted) {
                prop_assert!(whole && control.evaluations.fail == 0 && control.resource_days.not_scanned == 0);
            }
        }
        // Every evaluation of the period is an item's.
        let mut of_policy: BTreeMap<&str, Counts> = BTreeMap::new();
        for item in &report.items {
            of_policy.entry(item.policy.as_str()).or_default().add(&item.evaluations);
        }
        let mut cc66 = evaluations(&scans, "SOC2-CC6.6");
        cc66.not_applicable = 0;
        prop_assert_eq!(of_policy.get("POL-0002").copied().unwrap_or_default(), cc66);
    }
}
