//! The population: every policy on every resource it was evaluated on.

use abide_store::Status;

use super::Builder;
use crate::model::Item;

impl Builder<'_> {
    pub(super) fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for (timeline, tally) in &self.targets {
            let last = timeline.inside.end.saturating_sub(1);
            for pair in &tally.pairs {
                let Some(subject) = self.data.subjects.get(&pair.subject) else {
                    continue;
                };
                let Some(status) = pair.last else { continue };
                let mut controls = self.labels(timeline, last, pair.policy);
                if controls.is_empty() {
                    controls = self.ever(pair.policy);
                }
                items.push(Item {
                    target: timeline.stream.name.clone(),
                    resource: subject.address.clone(),
                    resource_type: subject.resource_type.clone(),
                    input: subject.input,
                    policy: self.policy_id(pair.policy),
                    controls,
                    evaluations: pair.counts,
                    days: pair.days,
                    last: word(status).to_owned(),
                });
            }
        }
        items.sort_by(|a, b| {
            let order = |one: &Item| (one.target.clone(), one.resource.clone(), one.input);
            order(a)
                .cmp(&order(b))
                .then_with(|| a.policy.cmp(&b.policy))
        });
        items
    }

    /// Controls of any version of a policy that is no longer in force.
    fn ever(&self, policy: i64) -> Vec<String> {
        let mut versions = self.data.versions.keys();
        let last = versions.rfind(|(id, _)| *id == policy);
        last.map_or_else(Vec::new, |(id, version)| {
            self.scope.names(self.scope.controls_of(*id, version))
        })
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
