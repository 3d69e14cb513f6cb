//! Exceptions that covered something, day by day.

use std::collections::{BTreeMap, BTreeSet};

use abide_store::Status;

use super::Builder;
use crate::days::Days;
use crate::detail::ExceptionDetail;
use crate::model::{Covered, ExceptionDay, ExceptionUse, Moment};
use crate::tally::Pair;
use crate::timeline::Timeline;

/// What is gathered of an exception.
struct Gathered {
    /// As it was last recorded, and when.
    last: (i64, ExceptionDetail),
    covered: Vec<(Covered, Days)>,
    days: Days,
}

/// What an exception covered of one policy on one resource.
struct OfPair {
    scans: u64,
    days: Days,
    at_end: bool,
    last: (i64, ExceptionDetail),
    /// Place and details of the last covered outcome.
    told: (usize, i64),
}

impl Builder<'_> {
    pub(crate) fn exceptions(&self) -> (Vec<ExceptionUse>, Vec<ExceptionDay>) {
        let mut all: BTreeMap<String, Gathered> = BTreeMap::new();
        for (timeline, tally) in &self.targets {
            for pair in Self::pairs_of(tally) {
                for (id, of_pair) in self.of_pair(timeline, pair) {
                    self.gather(&mut all, timeline, pair, id, of_pair);
                }
            }
        }
        let days = self.exception_days(&all);
        let all = all.into_iter();
        (
            all.map(|(id, gathered)| exception(id, gathered)).collect(),
            days,
        )
    }

    /// Exceptions of a policy on a resource.
    fn of_pair(&self, timeline: &Timeline<'_>, pair: &Pair) -> BTreeMap<String, OfPair> {
        let mut found: BTreeMap<String, OfPair> = BTreeMap::new();
        let covered = pair.segments.iter();
        for segment in covered.filter(|segment| segment.status == Status::Excepted) {
            let mut days = timeline.no_days();
            let before_end = segment.places.start..segment.places.end.min(timeline.inside.end);
            timeline.add_cover(&mut days, before_end);
            let scans = timeline.inside(&segment.places);
            let last = timeline.inside.end.checked_sub(1);
            let at_end = last.is_some_and(|place| segment.places.contains(&place));
            if scans == 0 && days.is_empty() {
                continue;
            }
            let details = self.details.get(segment.detail).iter();
            // Several details of one evaluation (Rego) may name the same exception.
            let named: BTreeMap<&str, &ExceptionDetail> = details
                .filter_map(|detail| detail.exception.as_ref())
                .map(|exception| (exception.id.as_str(), exception))
                .collect();
            let at = timeline
                .standing
                .get(segment.places.start)
                .map_or(0, |run| run.at);
            for (id, exception) in named {
                let of_pair = found.entry(id.to_owned()).or_insert_with(|| OfPair {
                    scans: 0,
                    days: timeline.no_days(),
                    at_end: false,
                    last: (at, exception.clone()),
                    told: (segment.places.start, segment.detail),
                });
                of_pair.scans += scans;
                of_pair.at_end |= at_end;
                of_pair.days.add(&days);
                of_pair.told = (segment.places.start, segment.detail);
                of_pair.last = (at, exception.clone());
            }
        }
        found
    }

    fn gather(
        &self,
        all: &mut BTreeMap<String, Gathered>,
        timeline: &Timeline<'_>,
        pair: &Pair,
        id: String,
        of_pair: OfPair,
    ) {
        let (place, detail) = of_pair.told;
        let subject = self.data.subjects.get(&pair.subject);
        let ranges = of_pair.days.ranges();
        let period = self.limits.period;
        let day = |day: usize| Moment(period.start_of(day)).day();
        let covered = Covered {
            target: timeline.stream.name.clone(),
            policy: self.policy_id(pair.policy),
            severity: self.severity_at(timeline, place, pair.policy),
            controls: self.labels(timeline, place, pair.policy),
            resource: subject.map_or_else(String::new, |subject| subject.address.clone()),
            message: self.details.told(detail).0,
            scans: of_pair.scans,
            at_end: of_pair.at_end,
            days: ranges
                .into_iter()
                .map(|range| (day(range.start), day(range.end - 1)))
                .collect(),
        };
        let gathered = all.entry(id).or_insert_with(|| Gathered {
            last: of_pair.last.clone(),
            covered: Vec::new(),
            days: timeline.no_days(),
        });
        if of_pair.last.0 > gathered.last.0 {
            gathered.last = of_pair.last;
        }
        gathered.days.add(&of_pair.days);
        gathered.covered.push((covered, of_pair.days));
    }

    fn exception_days(&self, all: &BTreeMap<String, Gathered>) -> Vec<ExceptionDay> {
        let period = self.limits.period;
        let mut days = Vec::new();
        for day in 0..period.days() {
            let on = all.iter().filter(|(_, gathered)| gathered.days.has(day));
            let exceptions: Vec<String> = on.map(|(id, _)| id.clone()).collect();
            if exceptions.is_empty() {
                continue;
            }
            let covered: BTreeSet<(&str, &str, &str)> = all
                .values()
                .flat_map(|gathered| &gathered.covered)
                .filter(|(_, days)| days.has(day))
                .map(|(one, _)| {
                    (
                        one.target.as_str(),
                        one.policy.as_str(),
                        one.resource.as_str(),
                    )
                })
                .collect();
            days.push(ExceptionDay {
                day: Moment(period.start_of(day)).day(),
                exceptions,
                covered: covered.len() as u64,
            });
        }
        days
    }
}

fn exception(id: String, gathered: Gathered) -> ExceptionUse {
    let (_, last) = gathered.last;
    let covered = gathered.covered.into_iter().map(|(covered, _)| covered);
    ExceptionUse {
        id,
        reason: last.reason,
        requester: last.requester,
        approvers: last.approvers,
        category: last.category,
        ticket: last.ticket,
        compensating_control: last.compensating_control,
        expires: last.expires,
        covered: covered.collect(),
        days: gathered.days.count(),
    }
}
