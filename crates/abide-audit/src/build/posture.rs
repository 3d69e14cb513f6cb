//! How things stood at the end of each day.

use std::collections::BTreeMap;

use abide_policy::Severity;
use abide_store::Status;

use super::Builder;
use crate::days::DAY;
use crate::model::{Moment, PosturePoint};
use crate::tally::{Tally, count};
use crate::timeline::Timeline;
use crate::verdict::Counts;

/// Outcomes at a place: counts, and violations by severity.
type At = (Counts, [u64; 4]);

impl Builder<'_> {
    /// A point for each day with a whole scan; targets without one on it keep their last.
    pub(crate) fn posture(&self) -> Vec<PosturePoint> {
        let mut by_day: BTreeMap<i64, BTreeMap<usize, (i64, At)>> = BTreeMap::new();
        for (number, (timeline, tally)) in self.targets.iter().enumerate() {
            let states = self.states(timeline, tally);
            for place in timeline.inside.clone() {
                let (Some(run), Some(state)) = (timeline.standing.get(place), states.get(place))
                else {
                    continue;
                };
                let day = by_day.entry(run.at.div_euclid(DAY)).or_default();
                day.insert(number, (run.at, *state));
            }
        }
        let mut last: BTreeMap<usize, (i64, At)> = BTreeMap::new();
        let mut points = Vec::with_capacity(by_day.len());
        for day in by_day.into_values() {
            let at = day.values().map(|(at, _)| *at).max().unwrap_or_default();
            last.extend(day);
            let mut point = PosturePoint {
                at: Moment(at),
                ..PosturePoint::default()
            };
            for (_, (counts, open)) in last.values() {
                point.counts.add(counts);
                for (sum, more) in point.open.iter_mut().zip(open) {
                    *sum += more;
                }
            }
            points.push(point);
        }
        points
    }

    /// Outcomes at each place, added up from where each begins and ends.
    fn states(&self, timeline: &Timeline<'_>, tally: &Tally) -> Vec<At> {
        let size = timeline.standing.len() + 1;
        let mut steps: Vec<[i64; 9]> = vec![[0; 9]; size];
        let mut step = |place: usize, column: usize, by: i64| {
            if let Some(cell) = steps.get_mut(place).and_then(|row| row.get_mut(column)) {
                *cell += by;
            }
        };
        for cell in &timeline.stream.cells {
            for places in timeline.places(cell.from, cell.to) {
                let column = status_column(cell.status);
                step(places.start, column, 1);
                step(places.end, column, -1);
            }
        }
        for pair in Self::pairs_of(tally) {
            let failing = pair.segments.iter();
            for segment in failing.filter(|segment| segment.status == Status::Fail) {
                let severity = self.severity_at(timeline, segment.places.start, pair.policy);
                let column = 5 + severity_column(severity);
                step(segment.places.start, column, 1);
                step(segment.places.end, column, -1);
            }
        }
        let mut sums = [0_i64; 9];
        let mut states = Vec::with_capacity(size);
        for row in steps {
            for (sum, by) in sums.iter_mut().zip(row) {
                *sum += by;
            }
            let value = |column: usize| {
                let sum = sums.get(column).copied().unwrap_or(0);
                u64::try_from(sum).unwrap_or(0)
            };
            let mut counts = Counts::default();
            for status in STATUSES {
                *count(&mut counts, status) = value(status_column(status));
            }
            states.push((counts, [value(5), value(6), value(7), value(8)]));
        }
        states
    }
}

const STATUSES: [Status; 5] = [
    Status::Pass,
    Status::Fail,
    Status::Excepted,
    Status::Unknown,
    Status::Error,
];

fn status_column(status: Status) -> usize {
    STATUSES
        .iter()
        .position(|known| *known == status)
        .unwrap_or(0)
}

/// The worst first.
pub(crate) fn severity_column(severity: Severity) -> usize {
    Severity::ALL
        .iter()
        .position(|known| *known == severity)
        .unwrap_or(0)
}
