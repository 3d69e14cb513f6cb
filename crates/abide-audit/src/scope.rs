//! Which controls the policies speak for, version by version.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use abide_controls::{Catalogue, ControlId, Framework};
use abide_ledger::tree::Hash;
use abide_policy::Severity;
use abide_store::{AuditData, PolicyVersion};

use crate::timeline::Timeline;

/// Controls of a framework by number, and the policies that speak for them.
pub(crate) struct Scope {
    /// In the order of the standard.
    pub(crate) controls: Vec<ControlId>,
    /// Their short labels.
    labels: Vec<String>,
    /// Numbers of the controls of each version of a policy.
    versions: BTreeMap<(i64, Hash), Vec<usize>>,
}

/// The policies of a control in one set of policies.
pub(crate) type OfPack = BTreeMap<usize, u64>;

/// Places of a timeline, with the numbers of controls that a policy had in their scans.
pub(crate) type Stretch = (Range<usize>, Vec<usize>);

impl Scope {
    pub(crate) fn of(data: &AuditData, framework: Framework) -> Self {
        let mut named = BTreeMap::new();
        for (key, version) in &data.versions {
            named.insert(*key, control_ids(version, framework));
        }
        let all: BTreeSet<&ControlId> = named.values().flatten().collect();
        let controls: Vec<ControlId> = all.into_iter().cloned().collect();
        let number = |id: &ControlId| controls.binary_search(id).ok();
        let versions = named
            .iter()
            .map(|(key, ids)| (*key, ids.iter().filter_map(number).collect()))
            .collect();
        let labels = controls.iter().map(ControlId::short_label).collect();
        Self {
            controls,
            labels,
            versions,
        }
    }

    pub(crate) fn controls_of(&self, policy: i64, version: &Hash) -> &[usize] {
        self.versions
            .get(&(policy, *version))
            .map_or(&[], Vec::as_slice)
    }

    pub(crate) fn names(&self, numbers: &[usize]) -> Vec<String> {
        let known = numbers.iter().filter_map(|number| self.labels.get(*number));
        known.cloned().collect()
    }

    /// How many policies each control has in a set.
    pub(crate) fn of_pack(&self, data: &AuditData, pack: i64) -> OfPack {
        let mut counts = OfPack::new();
        let policies = data.packs.get(&pack).map(|pack| &pack.policies);
        for (policy, version) in policies.into_iter().flatten() {
            for control in self.controls_of(*policy, version) {
                *counts.entry(*control).or_default() += 1;
            }
        }
        counts
    }

    /// Which controls each policy had when, along a timeline: most never change.
    pub(crate) fn stretches(
        &self,
        data: &AuditData,
        timeline: &Timeline<'_>,
    ) -> BTreeMap<i64, Vec<Stretch>> {
        let mut all: BTreeMap<i64, Vec<Stretch>> = BTreeMap::new();
        let mut start = 0;
        let standing = &timeline.standing;
        while let Some(run) = standing.get(start) {
            let same = standing
                .iter()
                .skip(start)
                .take_while(|next| next.pack == run.pack);
            let end = start + same.count();
            let policies = data.packs.get(&run.pack).map(|pack| &pack.policies);
            for (policy, version) in policies.into_iter().flatten() {
                let controls = self.controls_of(*policy, version);
                let known = all.entry(*policy).or_default();
                match known.last_mut() {
                    Some((range, same)) if range.end == start && same == controls => {
                        range.end = end;
                    }
                    _ => known.push((start..end, controls.to_vec())),
                }
            }
            start = end;
        }
        all
    }
}

/// The controls of a version in the framework's own words: newest numbers, and with a point
/// of focus also its criterion.
fn control_ids(version: &PolicyVersion, framework: Framework) -> BTreeSet<ControlId> {
    let catalogue = Catalogue::builtin();
    let mut ids = BTreeSet::new();
    let named = version
        .controls
        .iter()
        .filter_map(|text| text.parse::<ControlId>().ok());
    for id in named.filter(|id| id.framework() == framework) {
        let found = catalogue.resolve(&id);
        if found.is_empty() {
            ids.insert(id);
            continue;
        }
        for control in found {
            ids.insert(control.id.clone());
            let criterion = control.id.number().split_once(':');
            let parent =
                criterion.and_then(|(number, _)| ControlId::new(control.id.edition(), number).ok());
            ids.extend(parent);
        }
    }
    ids
}

/// The severity of a version; the worst if it has none that is known.
pub(crate) fn severity(version: Option<&PolicyVersion>) -> Severity {
    version
        .and_then(|version| version.severity.parse().ok())
        .unwrap_or(Severity::Critical)
}
