//! How well the control itself worked, and who worked it.

use std::collections::BTreeMap;

use super::Builder;
use crate::model::{Access, Actor, ExceptionUse, Health, LateScan, Moment, ToolUse};

/// A scan recorded later than this after it was made is told.
const LATE_MS: i64 = 3_600_000;

impl Builder<'_> {
    pub(super) fn health(&self) -> Health {
        let mut health = Health::default();
        let mut tools: BTreeMap<&str, Seen> = BTreeMap::new();
        for (target, run) in self.runs() {
            health.scans += 1;
            health.partial += u64::from(!run.complete);
            tools.entry(&run.tool_version).or_default().add(run.at);
            if run.recorded_at - run.at > LATE_MS {
                health.late.push(LateScan {
                    target: target.to_owned(),
                    scan: run.seq,
                    at: Moment(run.at),
                    recorded_at: Moment(run.recorded_at),
                });
            }
        }
        health.tools = tools
            .into_iter()
            .map(|(version, seen)| ToolUse {
                version: version.to_owned(),
                from: Moment(seen.first),
                to: Moment(seen.last),
                scans: seen.scans,
            })
            .collect();
        let mut errored: BTreeMap<i64, u64> = BTreeMap::new();
        let mut unknown: BTreeMap<i64, u64> = BTreeMap::new();
        for pair in self.targets.iter().flat_map(|(_, tally)| &tally.pairs) {
            *errored.entry(pair.policy).or_default() += pair.counts.error;
            *unknown.entry(pair.policy).or_default() += pair.counts.unknown;
        }
        health.errored = self.named(errored);
        health.unknown = self.named(unknown);
        health
    }

    fn named(&self, counts: BTreeMap<i64, u64>) -> Vec<(String, u64)> {
        let some = counts.into_iter().filter(|(_, count)| *count > 0);
        let mut named: Vec<_> = some
            .map(|(policy, count)| (self.policy_id(policy), count))
            .collect();
        named.sort();
        named
    }

    pub(super) fn access(&self, exceptions: &[ExceptionUse]) -> Access {
        let mut actors: BTreeMap<Option<&str>, Seen> = BTreeMap::new();
        for (_, run) in self.runs() {
            let name = run.context.actor.as_deref();
            actors.entry(name).or_default().add(run.at);
        }
        let actors = actors.into_iter().map(|(name, seen)| Actor {
            name: name.map(str::to_owned),
            scans: seen.scans,
            first: Moment(seen.first),
            last: Moment(seen.last),
        });
        let kinds = ["key.rotated", "access.changed", "config.changed"];
        let of = |wanted: &dyn Fn(&ExceptionUse) -> bool| {
            let chosen = exceptions.iter().filter(|one| wanted(one));
            chosen.map(|one| one.id.clone()).collect()
        };
        Access {
            actors: actors.collect(),
            events: self.events(|kind| kinds.contains(&kind)),
            self_approved: of(&|one| {
                one.requester
                    .as_ref()
                    .is_some_and(|requester| one.approvers.contains(requester))
            }),
            requester_unknown: of(&|one| one.requester.is_none()),
        }
    }
}

/// When something was seen, and how often.
struct Seen {
    first: i64,
    last: i64,
    scans: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            first: i64::MAX,
            last: i64::MIN,
            scans: 0,
        }
    }
}

impl Seen {
    fn add(&mut self, at: i64) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
        self.scans += 1;
    }
}
