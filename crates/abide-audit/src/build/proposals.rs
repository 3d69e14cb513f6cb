//! Violations that pull requests brought, and what became of them.

use std::collections::BTreeMap;

use abide_store::{AuditRun, Cell, Status};

use super::Builder;
use crate::model::{Caught, Moment};
use crate::timeline::{Timeline, is_proposal};

impl Builder<'_> {
    /// Each violation of each pull request that did not stand before it. Targets of which only
    /// pull requests were scanned have them too.
    pub(crate) fn caught(&self) -> Vec<Caught> {
        let mut all: Vec<Caught> = self
            .targets
            .iter()
            .flat_map(|(timeline, _)| self.caught_in(timeline))
            .collect();
        all.sort_by(|a, b| {
            let key = |one: &Caught| {
                (
                    one.first_seen,
                    one.target.clone(),
                    one.pull_request.clone(),
                    one.policy.clone(),
                    one.resource.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        all
    }

    fn caught_in(&self, timeline: &Timeline<'_>) -> Vec<Caught> {
        let period = self.limits.period;
        let runs = timeline.stream.runs.iter();
        let whole = runs.filter(|run| run.complete && is_proposal(run));
        let proposals: Vec<&AuditRun> = whole
            .filter(|run| run.at >= period.from && run.at < period.to)
            .collect();
        if proposals.is_empty() {
            return Vec::new();
        }
        let mut caught = Vec::new();
        let cells = &timeline.stream.cells;
        for cells in cells.chunk_by(|a, b| (a.subject, a.policy) == (b.subject, b.policy)) {
            if cells.iter().any(|cell| cell.status == Status::Fail) {
                self.caught_of(timeline, &proposals, cells, &mut caught);
            }
        }
        caught
    }

    /// Of one policy on one resource.
    fn caught_of(
        &self,
        timeline: &Timeline<'_>,
        proposals: &[&AuditRun],
        cells: &[Cell],
        caught: &mut Vec<Caught>,
    ) {
        let status = |seq: i64| {
            let at = cells
                .iter()
                .find(|cell| cell.from <= seq && cell.to.is_none_or(|to| to > seq));
            at.map(|cell| (cell.status, cell.detail))
        };
        let failing = |run: &AuditRun| matches!(status(run.seq), Some((Status::Fail, _)));
        let mut by_request: BTreeMap<&str, Vec<&AuditRun>> = BTreeMap::new();
        for run in proposals {
            let name = run.context.pull_request.as_deref().unwrap_or_default();
            by_request.entry(name).or_default().push(run);
        }
        for (name, runs) in by_request {
            let Some(first) = runs.iter().copied().find(|run| failing(run)) else {
                continue;
            };
            let stands = |run: &&&AuditRun| !is_proposal(run);
            let standing = || timeline.standing.iter().filter(stands);
            let before = standing().rfind(|run| run.seq < first.seq);
            let stood = before.and_then(|run| status(run.seq));
            if matches!(stood, Some((Status::Fail | Status::Excepted, _))) {
                continue;
            }
            let Some(cell) = cells.first() else { continue };
            let detail = status(first.seq).map_or(0, |(_, detail)| detail);
            // Unknown and error are no proof that it is fixed.
            let decided = |run: &AuditRun| {
                let open = [Status::Fail, Status::Unknown, Status::Error];
                !status(run.seq).is_some_and(|(status, _)| open.contains(&status))
            };
            let last = runs.last().filter(|run| run.seq > first.seq);
            let fixed = last.filter(|run| decided(run));
            let resource = self.data.subjects.get(&cell.subject);
            caught.push(Caught {
                target: timeline.stream.name.clone(),
                pull_request: name.to_owned(),
                policy: self.policy_id(cell.policy),
                severity: self.severity_of_run(first, cell.policy),
                resource: resource.map_or_else(String::new, |subject| subject.address.clone()),
                message: self.details.told(detail).0,
                first_seen: Moment(first.at),
                fixed_at: fixed.map(|run| Moment(run.at)),
                merged: standing().any(|run| run.seq > first.seq && failing(run)),
            });
        }
    }

    fn severity_of_run(&self, run: &AuditRun, policy: i64) -> abide_policy::Severity {
        let pack = self.data.packs.get(&run.pack);
        let version = pack.and_then(|pack| pack.policies.get(&policy));
        let version = version.and_then(|version| self.data.versions.get(&(policy, *version)));
        crate::scope::severity(version)
    }
}
