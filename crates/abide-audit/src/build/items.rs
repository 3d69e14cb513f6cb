//! The population: every policy on every resource it was evaluated on.

use std::collections::BTreeMap;

use abide_ledger::tree::Hash;
use abide_store::Status;

use super::Builder;
use crate::model::Item;
use crate::tally::{Pair, Tally};
use crate::timeline::Timeline;

impl Builder<'_> {
    pub(super) fn items(&self) -> Vec<Item> {
        let (subjects, policies) = (self.subject_order(), self.policy_order());
        let mut items = Vec::new();
        for (timeline, tally) in &self.targets {
            let mut pairs: Vec<(u32, u32, &Pair)> = Vec::with_capacity(tally.pairs.len());
            for pair in &tally.pairs {
                if let (Some(subject), Some(policy)) =
                    (subjects.get(&pair.subject), policies.get(&pair.policy))
                {
                    pairs.push((*subject, *policy, pair));
                }
            }
            pairs.sort_by_key(|(subject, policy, _)| (*subject, *policy));
            let controls = self.controls_at_end(timeline, tally);
            items.reserve(pairs.len());
            let made = pairs
                .iter()
                .filter_map(|(_, _, pair)| self.item(timeline, pair, &controls));
            items.extend(made);
        }
        items
    }

    fn item(
        &self,
        timeline: &Timeline<'_>,
        pair: &Pair,
        controls: &BTreeMap<i64, Vec<String>>,
    ) -> Option<Item> {
        let subject = self.data.subjects.get(&pair.subject)?;
        Some(Item {
            target: timeline.stream.name.clone(),
            resource: subject.address.clone(),
            resource_type: subject.resource_type.clone(),
            input: subject.input,
            policy: self.policy_id(pair.policy),
            controls: controls.get(&pair.policy).cloned().unwrap_or_default(),
            evaluations: pair.counts,
            days: pair.days,
            last: word(pair.last?).to_owned(),
        })
    }

    /// The place of each resource in the order of their addresses: cheaper to compare.
    fn subject_order(&self) -> BTreeMap<i64, u32> {
        let subjects = self.data.subjects.iter();
        let mut all: Vec<_> = subjects
            .map(|(number, one)| ((&one.address, one.input, &one.resource_type), *number))
            .collect();
        all.sort();
        (0..)
            .zip(all)
            .map(|(place, (_, number))| (number, place))
            .collect()
    }

    fn policy_order(&self) -> BTreeMap<i64, u32> {
        let policies = self.data.policies.iter();
        let mut all: Vec<_> = policies.map(|(number, id)| (id, *number)).collect();
        all.sort();
        (0..)
            .zip(all)
            .map(|(place, (_, number))| (number, place))
            .collect()
    }

    /// Labels of the controls of each policy in the last scan of the period, or of its last
    /// version if it was no longer in force.
    fn controls_at_end(
        &self,
        timeline: &Timeline<'_>,
        tally: &Tally,
    ) -> BTreeMap<i64, Vec<String>> {
        let last = timeline.inside.end.saturating_sub(1);
        let pack = timeline
            .standing
            .get(last)
            .and_then(|run| self.data.packs.get(&run.pack));
        let mut controls = BTreeMap::new();
        for pair in &tally.pairs {
            controls.entry(pair.policy).or_insert_with(|| {
                let now = pack.and_then(|pack| pack.policies.get(&pair.policy));
                let version: Option<&Hash> = now.or_else(|| {
                    let all = (pair.policy, [0; 32])..=(pair.policy, [255; 32]);
                    let mut versions = self.data.versions.range(all);
                    versions.next_back().map(|((_, version), _)| version)
                });
                version.map_or_else(Vec::new, |version| {
                    self.scope
                        .names(self.scope.controls_of(pair.policy, version))
                })
            });
        }
        controls
    }
}

pub(crate) fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Excepted => "excepted",
        Status::Unknown => "unknown",
        Status::Error => "error",
    }
}
