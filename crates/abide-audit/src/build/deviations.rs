//! All violations that stood in the period, not a sample.

use std::collections::BTreeSet;

use abide_store::{AuditRun, Life, Status};

use super::Builder;
use crate::model::{Deviation, Moment, ScanRef};
use crate::scope;
use crate::spells::{Spell, spells};
use crate::tally::{Pair, Tally};
use crate::timeline::Timeline;

impl Builder<'_> {
    pub(crate) fn deviations(&self) -> Vec<Deviation> {
        let mut all = Vec::new();
        for (timeline, tally) in &self.targets {
            let pairs = tally.pairs.iter().filter(|pair| !pair.segments.is_empty());
            for pair in pairs {
                for spell in spells(self.data, timeline, tally, pair) {
                    all.extend(self.deviation(timeline, pair, &spell));
                }
            }
        }
        all.sort_by(|a, b| {
            let order = |one: &Deviation| {
                (
                    one.first_seen,
                    std::cmp::Reverse(one.severity),
                    one.policy.clone(),
                    one.target.clone(),
                    one.resource.clone(),
                    one.found_by.as_ref().map(|scan| scan.scan),
                )
            };
            order(a).cmp(&order(b))
        });
        for (number, deviation) in (1..).zip(&mut all) {
            deviation.id = format!("DEV-{number:04}");
        }
        all
    }

    /// The violation, if it stood uncovered in the period.
    fn deviation(
        &self,
        timeline: &Timeline<'_>,
        pair: &Pair,
        spell: &Spell<'_>,
    ) -> Option<Deviation> {
        let mut scans = 0;
        let mut days = timeline.no_days();
        let failing = spell.segments.iter();
        for segment in failing.filter(|segment| segment.status == Status::Fail) {
            scans += timeline.inside(&segment.places);
            let before_end = segment.places.start..segment.places.end.min(timeline.inside.end);
            timeline.add_cover(&mut days, before_end);
        }
        if scans == 0 && days.is_empty() {
            return None;
        }
        let subject = self.data.subjects.get(&pair.subject)?;
        let told = spell.telling()?;
        let (message, remediation) = self.details.told(told.detail);
        let found = timeline.standing.get(spell.start)?;
        let life = life(timeline, pair, found);
        let first_seen = life.map_or(found.at, |life| life.first_seen.min(found.at));
        let closing = spell.end.and_then(|place| timeline.standing.get(place));
        let place = told.places.start;
        let end = closing.map_or(self.limits.as_of, |run| run.at);
        let older = life.is_some_and(|life| life.opened < found.seq) && spell.start == 0;
        Some(Deviation {
            id: String::new(),
            target: timeline.stream.name.clone(),
            policy: self.policy_id(pair.policy),
            severity: scope::severity(self.version(timeline, place, pair.policy)),
            controls: self.labels(timeline, place, pair.policy),
            resource: subject.address.clone(),
            resource_type: subject.resource_type.clone(),
            message,
            remediation,
            fingerprint: life.map_or_else(String::new, |life| life.fingerprint.clone()),
            first_seen: Moment(first_seen),
            found_by: (!older).then(|| scan_ref(found)),
            closed_at: closing.map(|run| Moment(run.at)),
            closed_by: closing.map(|run| scan_ref(run)),
            closed_as: spell.closed,
            excepted_now: spell.end.is_none() && told.status == Status::Excepted,
            open_ms: (end - first_seen).max(0),
            scans,
            days: days.count(),
            exceptions: self.exceptions_of(spell),
        })
    }

    fn exceptions_of(&self, spell: &Spell<'_>) -> Vec<String> {
        let details = spell.segments.iter();
        let details = details.flat_map(|segment| self.details.get(segment.detail));
        let ids = details.filter_map(|detail| detail.exception.as_ref());
        let ids: BTreeSet<String> = ids.map(|exception| exception.id.clone()).collect();
        ids.into_iter().collect()
    }

    /// The severity a policy had in a scan of an outcome.
    pub(super) fn severity_at(
        &self,
        timeline: &Timeline<'_>,
        place: usize,
        policy: i64,
    ) -> abide_policy::Severity {
        scope::severity(self.version(timeline, place, policy))
    }

    /// Where a target's counting is.
    pub(super) fn pairs_of(tally: &Tally) -> impl Iterator<Item = &Pair> {
        tally.pairs.iter().filter(|pair| !pair.segments.is_empty())
    }
}

/// The life of the finding at a scan.
fn life<'t>(timeline: &Timeline<'t>, pair: &Pair, run: &AuditRun) -> Option<&'t Life> {
    let lives = &timeline.stream.lives;
    let key = (pair.subject, pair.policy);
    let from = lives.partition_point(|life| (life.subject, life.policy) < key);
    let of_pair = lives
        .iter()
        .skip(from)
        .take_while(|life| (life.subject, life.policy) == key);
    of_pair
        .filter(|life| life.opened <= run.seq && life.closed.is_none_or(|at| at > run.seq))
        .last()
}

pub(super) fn scan_ref(run: &AuditRun) -> ScanRef {
    let context = &run.context;
    ScanRef {
        scan: run.seq,
        at: Moment(run.at),
        kind: context.kind.clone(),
        commit: context.commit.clone(),
        pull_request: context.pull_request.clone(),
        ticket: context.ticket.clone(),
        actor: context.actor.clone(),
    }
}
