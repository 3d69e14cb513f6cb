//! The control as it was operated: versions of policies, and their changes.

use std::collections::{BTreeMap, BTreeSet};

use abide_ledger::note::hex;
use abide_ledger::tree::Hash;
use abide_store::{AuditRun, Pack};
use serde_json::Value;

use super::Builder;
use crate::detail::text;
use crate::model::{Moment, PolicyChange, PolicyUse};

impl Builder<'_> {
    /// Versions with at least one whole scan in the period.
    pub(super) fn policies(&self) -> Vec<PolicyUse> {
        let mut packs: BTreeMap<i64, (i64, i64, u64)> = BTreeMap::new();
        for (timeline, _) in &self.targets {
            let inside = timeline.standing.get(timeline.inside.clone());
            for run in inside.unwrap_or_default() {
                let (first, last, scans) = packs.entry(run.pack).or_insert((run.at, run.at, 0));
                (*first, *last) = ((*first).min(run.at), (*last).max(run.at));
                *scans += 1;
            }
        }
        let mut versions: BTreeMap<(i64, Hash), (i64, i64, u64)> = BTreeMap::new();
        for (pack, (first, last, scans)) in packs {
            let policies = self.data.packs.get(&pack).map(|pack| &pack.policies);
            for (policy, version) in policies.into_iter().flatten() {
                if self.scope.controls_of(*policy, version).is_empty() {
                    continue;
                }
                let seen = versions
                    .entry((*policy, *version))
                    .or_insert((first, last, 0));
                *seen = (seen.0.min(first), seen.1.max(last), seen.2 + scans);
            }
        }
        let mut uses: Vec<PolicyUse> = versions
            .into_iter()
            .filter_map(|((policy, version), seen)| self.policy_use(policy, &version, seen))
            .collect();
        uses.sort_by(|a, b| (&a.id, a.from, &a.digest).cmp(&(&b.id, b.from, &b.digest)));
        uses
    }

    fn policy_use(
        &self,
        policy: i64,
        version: &Hash,
        (first, last, scans): (i64, i64, u64),
    ) -> Option<PolicyUse> {
        let known = self.data.versions.get(&(policy, *version))?;
        let body: Value = serde_json::from_str(&known.body).unwrap_or_default();
        let field = |name: &str| text(&body[name]).unwrap_or_default();
        Some(PolicyUse {
            id: self.policy_id(policy),
            title: field("title"),
            severity: known.severity.clone(),
            rollout: field("rollout"),
            controls: self.scope.names(self.scope.controls_of(policy, version)),
            digest: hex(version),
            from: Moment(first),
            to: Moment(last),
            scans,
            text: known.body.clone(),
        })
    }

    /// Each time a target's next scan used another set of policies.
    pub(super) fn policy_changes(&self) -> Vec<PolicyChange> {
        let mut changes = Vec::new();
        for (timeline, _) in &self.targets {
            let runs = timeline.standing.iter();
            for (before, run) in runs.clone().zip(runs.skip(1)) {
                let period = self.limits.period;
                let inside = run.at >= period.from && run.at < period.to;
                if inside && before.pack != run.pack {
                    changes.extend(self.change(&timeline.stream.name, before, run));
                }
            }
        }
        changes.sort_by(|a, b| (a.at, &a.target, a.scan).cmp(&(b.at, &b.target, b.scan)));
        changes
    }

    /// What changed; nothing if it was about other frameworks.
    fn change(&self, target: &str, before: &AuditRun, run: &AuditRun) -> Option<PolicyChange> {
        let old = self.data.packs.get(&before.pack)?;
        let new = self.data.packs.get(&run.pack)?;
        let (was, is) = (self.of_framework(old), self.of_framework(new));
        let gone = was.keys().filter(|policy| !is.contains_key(*policy));
        let come = is.keys().filter(|policy| !was.contains_key(*policy));
        let changed = is
            .iter()
            .filter(|(policy, version)| was.get(*policy).is_some_and(|before| before != *version));
        let names = |policies: &mut dyn Iterator<Item = &i64>| -> Vec<String> {
            let names: BTreeSet<String> = policies.map(|one| self.policy_id(*one)).collect();
            names.into_iter().collect()
        };
        let editions: Vec<String> = if old.editions == new.editions {
            Vec::new()
        } else {
            new.editions.clone()
        };
        let change = PolicyChange {
            at: Moment(run.at),
            target: target.to_owned(),
            scan: run.seq,
            commit: run.context.commit.clone(),
            actor: run.context.actor.clone(),
            pack: hex(&new.digest),
            added: names(&mut come.into_iter()),
            removed: names(&mut gone.into_iter()),
            changed: names(&mut changed.map(|(policy, _)| policy)),
            editions,
        };
        let lists = [
            &change.added,
            &change.removed,
            &change.changed,
            &change.editions,
        ];
        lists.iter().any(|list| !list.is_empty()).then_some(change)
    }

    fn of_framework(&self, pack: &Pack) -> BTreeMap<i64, Hash> {
        let policies = pack.policies.iter();
        let wanted = policies
            .filter(|(policy, version)| !self.scope.controls_of(**policy, version).is_empty());
        wanted
            .map(|(policy, version)| (*policy, *version))
            .collect()
    }
}
