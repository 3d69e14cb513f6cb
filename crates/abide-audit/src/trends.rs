//! How things develop: time to fix, violations per week, what pull requests caught, age,
//! exceptions, coverage.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use abide_controls::Framework;
use abide_policy::Severity;
use abide_store::{AuditData, AuditQuery, Store, StoreError};
use serde::Serialize;

use crate::build::Builder;
use crate::days::{DAY, Span};
use crate::model::{Closed, Deviation, ExceptionUse, Moment, Target};
use crate::timeline::Limits;

/// Length of a week.
const WEEK: i64 = 7 * DAY;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendsRequest {
    /// Whose history.
    pub tenant: String,
    /// Only these targets; all if there are none.
    pub targets: Vec<String>,
    /// First moment, in milliseconds since 1970.
    pub from: i64,
    /// The moment after the last.
    pub to: i64,
    /// How many days a result stands without another scan.
    pub max_gap_days: u32,
}

/// How things develop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trends {
    /// First moment.
    pub from: Moment,
    /// The moment after the last.
    pub to: Moment,
    /// The newest record that was read.
    pub as_of: Moment,
    /// Time to fix, of violations that ended as fixed in the period, by severity.
    pub time_to_fix: Vec<TimeToFix>,
    /// Each week of the period.
    pub weeks: Vec<Week>,
    /// What became of violations that pull requests brought.
    pub pull_requests: PullRequests,
    /// Open violations by severity and age.
    pub open: Vec<OpenByAge>,
    /// Exceptions that covered something in the last scans.
    pub exceptions: ExceptionsNow,
    /// Coverage of each target by its last scan.
    pub coverage: Vec<Coverage>,
}

/// Time to fix violations of a severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TimeToFix {
    /// The severity.
    pub severity: Severity,
    /// How many were fixed.
    pub fixed: u64,
    /// Half of them were fixed in this time, in milliseconds.
    pub median_ms: Option<i64>,
    /// Nine of ten.
    pub p90_ms: Option<i64>,
}

/// A week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Week {
    /// Its first day.
    pub from: String,
    /// Violations first seen in it.
    pub opened: u64,
    /// Violations that ended as fixed in it.
    pub fixed: u64,
    /// Violations that ended in another way.
    pub ended: u64,
}

/// Violations that pull requests brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PullRequests {
    /// All.
    pub brought: u64,
    /// Gone in a later scan of the same pull request.
    pub fixed_in_same: u64,
    /// Seen again outside a pull request.
    pub merged: u64,
    /// Median time to fix those, in milliseconds.
    pub median_ms: Option<i64>,
}

/// Open violations of a severity by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OpenByAge {
    /// The severity.
    pub severity: Severity,
    /// Up to a week.
    pub week: u64,
    /// Up to 30 days.
    pub month: u64,
    /// Up to 90 days.
    pub quarter: u64,
    /// Longer.
    pub older: u64,
}

impl OpenByAge {
    /// The ages with their numbers.
    #[must_use]
    pub fn ages(&self) -> [(&'static str, u64); 4] {
        [
            ("7d", self.week),
            ("30d", self.month),
            ("90d", self.quarter),
            ("older", self.older),
        ]
    }
}

/// Exceptions in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExceptionsNow {
    /// Those that covered something in the last whole scan of the period.
    pub in_force: Vec<String>,
    /// Of these, those whose last day comes within 14 days after the end of the period or
    /// the newest record.
    pub expiring: Vec<String>,
    /// All that covered something in the period.
    pub in_period: u64,
}

/// What the last scan of a target covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The target.
    pub target: String,
    /// Its last whole scan.
    pub last: Option<Moment>,
    /// Resources in it.
    pub resources: u64,
    /// Of these, those that a policy was evaluated on.
    pub evaluated: u64,
    /// Types that no policy knows.
    pub unchecked_types: u64,
}

impl Trends {
    /// Reads the store.
    ///
    /// # Errors
    /// If nothing was recorded, a target does not exist or the store fails.
    pub fn read(store: &mut Store, request: &TrendsRequest) -> Result<Self, StoreError> {
        let as_of = store.last_recorded(&request.tenant)?;
        let data = store.audit(&AuditQuery {
            tenant: &request.tenant,
            targets: &request.targets,
            from: request.from,
            to: request.to,
            at: as_of,
            controls: "",
        })?;
        Ok(Self::build(request, as_of, &data))
    }

    /// Counts what was read.
    #[must_use]
    pub fn build(request: &TrendsRequest, as_of: i64, data: &AuditData) -> Self {
        let period = Span {
            from: request.from,
            to: request.to,
        };
        let limits = Limits {
            period,
            as_of,
            max_gap: i64::from(request.max_gap_days) * DAY,
        };
        // Trends are about all policies; the framework names no number of theirs.
        let builder = Builder::of(data, Framework::Soc2, limits);
        let deviations = builder.deviations();
        let (exceptions, _) = builder.exceptions();
        Self {
            from: Moment(period.from),
            to: Moment(period.to),
            as_of: Moment(as_of),
            time_to_fix: Severity::ALL
                .map(|severity| time_to_fix(severity, &deviations, period))
                .into(),
            weeks: weeks(&deviations, period),
            pull_requests: pull_requests(&builder),
            open: Severity::ALL
                .map(|severity| open(severity, &deviations, as_of))
                .into(),
            exceptions: in_force(&exceptions, Moment(as_of.min(period.to))),
            coverage: builder.completeness().iter().map(coverage).collect(),
        }
    }
}

fn inside(at: Option<Moment>, period: Span) -> bool {
    at.is_some_and(|at| at.0 >= period.from && at.0 < period.to)
}

/// A value that so many of a hundred do not exceed: the nearest rank.
pub(crate) fn percentile(sorted: &[i64], per_hundred: usize) -> Option<i64> {
    let rank = (sorted.len() * per_hundred).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

fn time_to_fix(severity: Severity, deviations: &[Deviation], period: Span) -> TimeToFix {
    let fixed = deviations.iter().filter(|one| {
        one.severity == severity
            && one.closed_as == Some(Closed::Fixed)
            && inside(one.closed_at, period)
    });
    let mut times: Vec<i64> = fixed.map(|one| one.open_ms).collect();
    times.sort_unstable();
    TimeToFix {
        severity,
        fixed: times.len() as u64,
        median_ms: percentile(&times, 50),
        p90_ms: percentile(&times, 90),
    }
}

fn weeks(deviations: &[Deviation], period: Span) -> Vec<Week> {
    let mut weeks: BTreeMap<i64, Week> = BTreeMap::new();
    let mut start = period.from;
    while start < period.to {
        let week = Week {
            from: Moment(start).day(),
            opened: 0,
            fixed: 0,
            ended: 0,
        };
        weeks.insert(start, week);
        start += WEEK;
    }
    let mut count = |at: Option<Moment>, add: &dyn Fn(&mut Week)| {
        if let Some(at) = at.filter(|_| inside(at, period))
            && let Some((_, week)) = weeks.range_mut(..=at.0).next_back()
        {
            add(week);
        }
    };
    for one in deviations {
        count(Some(one.first_seen), &|week| week.opened += 1);
        match one.closed_as {
            Some(Closed::Fixed) => count(one.closed_at, &|week| week.fixed += 1),
            Some(_) => count(one.closed_at, &|week| week.ended += 1),
            None => {}
        }
    }
    weeks.into_values().collect()
}

fn pull_requests(builder: &Builder<'_>) -> PullRequests {
    let caught = builder.caught();
    let fixed = caught.iter().filter_map(|one| {
        let fixed = one.fixed_at?;
        Some(fixed.0 - one.first_seen.0)
    });
    let mut times: Vec<i64> = fixed.collect();
    times.sort_unstable();
    PullRequests {
        brought: caught.len() as u64,
        fixed_in_same: times.len() as u64,
        merged: caught.iter().filter(|one| one.merged).count() as u64,
        median_ms: percentile(&times, 50),
    }
}

fn open(severity: Severity, deviations: &[Deviation], as_of: i64) -> OpenByAge {
    let mut ages = OpenByAge {
        severity,
        week: 0,
        month: 0,
        quarter: 0,
        older: 0,
    };
    let open = deviations
        .iter()
        .filter(|one| one.severity == severity && one.closed_at.is_none() && !one.excepted_now);
    for one in open {
        let age = as_of - one.first_seen.0;
        let slot = if age <= WEEK {
            &mut ages.week
        } else if age <= 30 * DAY {
            &mut ages.month
        } else if age <= 90 * DAY {
            &mut ages.quarter
        } else {
            &mut ages.older
        };
        *slot += 1;
    }
    ages
}

/// Exceptions that covered something at the end.
fn in_force(exceptions: &[ExceptionUse], end: Moment) -> ExceptionsNow {
    let soon: Option<jiff::civil::Date> = end
        .day()
        .parse()
        .ok()
        .and_then(|date: jiff::civil::Date| date.checked_add(jiff::Span::new().days(14)).ok());
    let now = exceptions
        .iter()
        .filter(|one| one.covered.iter().any(|covered| covered.at_end));
    let mut found = ExceptionsNow {
        in_period: exceptions.len() as u64,
        ..ExceptionsNow::default()
    };
    for one in now {
        found.in_force.push(one.id.clone());
        let expires = one.expires.as_deref().and_then(|text| {
            let day: String = text.chars().take(10).collect();
            day.parse::<jiff::civil::Date>().ok()
        });
        if expires
            .zip(soon)
            .is_some_and(|(expires, soon)| expires <= soon)
        {
            found.expiring.push(one.id.clone());
        }
    }
    found
}

fn coverage(target: &Target) -> Coverage {
    Coverage {
        target: target.name.clone(),
        last: target.last,
        resources: target.resources,
        evaluated: target.evaluated,
        unchecked_types: target.unchecked_types.len() as u64,
    }
}

impl Trends {
    /// The same in Prometheus' text format.
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut out = String::new();
        self.prometheus_violations(&mut out);
        metric(
            &mut out,
            "abide_pull_request_violations",
            "Violations that pull requests of the period brought, by what became of them.",
        );
        let requests = self.pull_requests;
        for (state, count) in [
            ("brought", requests.brought),
            ("fixed_in_same", requests.fixed_in_same),
            ("merged", requests.merged),
        ] {
            sample(
                &mut out,
                "abide_pull_request_violations",
                &[("state", state)],
                count,
            );
        }
        metric(
            &mut out,
            "abide_exceptions",
            "Exceptions that cover something, and those that end within 14 days.",
        );
        for (state, count) in [
            ("in_force", self.exceptions.in_force.len()),
            ("expiring", self.exceptions.expiring.len()),
        ] {
            sample(&mut out, "abide_exceptions", &[("state", state)], count);
        }
        metric(
            &mut out,
            "abide_resources",
            "Resources in the last whole scan of a target, and those that a policy was evaluated on.",
        );
        for one in &self.coverage {
            for (state, count) in [("all", one.resources), ("evaluated", one.evaluated)] {
                let labels = [("target", one.target.as_str()), ("state", state)];
                sample(&mut out, "abide_resources", &labels, count);
            }
        }
        metric(
            &mut out,
            "abide_last_scan_timestamp_seconds",
            "When the last whole scan of a target was made.",
        );
        for one in &self.coverage {
            if let Some(last) = one.last {
                let labels = [("target", one.target.as_str())];
                sample(
                    &mut out,
                    "abide_last_scan_timestamp_seconds",
                    &labels,
                    seconds(last.0),
                );
            }
        }
        out
    }

    fn prometheus_violations(&self, out: &mut String) {
        metric(
            out,
            "abide_violations_open",
            "Violations that stand, by severity and age.",
        );
        for one in &self.open {
            for (age, count) in one.ages() {
                let labels = [("severity", one.severity.as_str()), ("age", age)];
                sample(out, "abide_violations_open", &labels, count);
            }
        }
        metric(
            out,
            "abide_violations_period",
            "Violations first seen, fixed or ended otherwise in the period.",
        );
        let sum = |of: &dyn Fn(&Week) -> u64| self.weeks.iter().map(of).sum::<u64>();
        for (state, count) in [
            ("opened", sum(&|week| week.opened)),
            ("fixed", sum(&|week| week.fixed)),
            ("ended", sum(&|week| week.ended)),
        ] {
            sample(out, "abide_violations_period", &[("state", state)], count);
        }
        metric(
            out,
            "abide_time_to_fix_seconds",
            "Time to fix, of violations fixed in the period.",
        );
        for one in &self.time_to_fix {
            for (quantile, ms) in [("0.5", one.median_ms), ("0.9", one.p90_ms)] {
                if let Some(ms) = ms {
                    let labels = [("severity", one.severity.as_str()), ("quantile", quantile)];
                    sample(out, "abide_time_to_fix_seconds", &labels, seconds(ms));
                }
            }
        }
    }
}

/// Seconds, exactly.
fn seconds(ms: i64) -> String {
    match ms.rem_euclid(1000) {
        0 => (ms / 1000).to_string(),
        rest => format!("{}.{rest:03}", ms.div_euclid(1000)),
    }
}

fn metric(out: &mut String, name: &str, help: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    let labels = labels.iter().map(|(label, text)| {
        let text = text
            .replace('\\', r"\\")
            .replace('"', "\\\"")
            .replace('\n', r"\n");
        format!("{label}=\"{text}\"")
    });
    let labels: Vec<String> = labels.collect();
    let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let times = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        assert_eq!(percentile(&times, 50), Some(5));
        assert_eq!(percentile(&times, 90), Some(9));
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile(&[], 90), None);
    }

    #[test]
    fn labels_are_inert() {
        let mut out = String::new();
        sample(&mut out, "m", &[("target", "a\"} 1\nm{x=\"\\")], 2);
        assert_eq!(out, "m{target=\"a\\\"} 1\\nm{x=\\\"\\\\\"} 2\n");
        assert_eq!(seconds(1500), "1.500");
    }
}
