//! Whether everything was scanned that was to be.

use std::collections::BTreeSet;

use abide_store::AuditRun;

use super::Builder;
use crate::model::{Gap, MissedSlot, Moment, PartialScan, Slots, Target};
use crate::tally::Tally;
use crate::timeline::{Timeline, is_proposal};

impl Builder<'_> {
    pub(crate) fn completeness(&self) -> Vec<Target> {
        let targets = self.targets.iter();
        targets
            .map(|(timeline, tally)| self.target(timeline, tally))
            .collect()
    }

    fn target(&self, timeline: &Timeline<'_>, tally: &Tally) -> Target {
        let period = self.limits.period;
        let stream = timeline.stream;
        let inside = |run: &&AuditRun| run.at >= period.from && run.at < period.to;
        let counted = |run: &&AuditRun| timeline.proposals_only || !is_proposal(run);
        let runs: Vec<&AuditRun> = stream.runs.iter().filter(inside).collect();
        let whole = timeline
            .standing
            .get(timeline.inside.clone())
            .unwrap_or_default();
        let partial = runs
            .iter()
            .copied()
            .filter(|run| !run.complete && counted(run));
        let partial_scans: Vec<PartialScan> =
            partial.map(|run| self.partial(timeline, run)).collect();
        let pauses = timeline.pauses();
        let gaps = pauses
            .iter()
            .filter(|(from, to)| to - from > self.limits.max_gap);
        let kinds: BTreeSet<&str> = runs.iter().map(|run| run.context.kind.as_str()).collect();
        let (slots, missed) = self.slots(timeline);
        let last = whole.last().copied();
        Target {
            name: stream.name.clone(),
            kinds: kinds.into_iter().map(str::to_owned).collect(),
            first_ever: stream.first_at.map(Moment),
            complete: whole.len() as u64,
            partial: partial_scans.len() as u64,
            proposals: runs.iter().filter(|run| !counted(run)).count() as u64,
            proposals_only: timeline.proposals_only,
            slots,
            first: whole.first().map(|run| Moment(run.at)),
            last: last.map(|run| Moment(run.at)),
            largest_gap: pauses.iter().map(|(from, to)| to - from).max().unwrap_or(0),
            gaps: gaps
                .map(|(from, to)| Gap {
                    from: Moment(*from),
                    to: Moment(*to),
                })
                .collect(),
            missed,
            partial_scans,
            resources: last.map_or(0, resources),
            evaluated: evaluated(timeline, tally),
            unchecked_types: last.map(unchecked).unwrap_or_default(),
        }
    }

    /// A partial scan is answered by the next whole one, if that came in time.
    fn partial(&self, timeline: &Timeline<'_>, run: &AuditRun) -> PartialScan {
        let next = timeline.standing.iter().find(|next| next.at >= run.at);
        let in_time = next.filter(|next| next.at - run.at <= self.limits.max_gap);
        PartialScan {
            at: Moment(run.at),
            scan: run.seq,
            commit: run.context.commit.clone(),
            errors: run.summary["counts"]["error"].as_u64().unwrap_or(0),
            answered: in_time.map(|next| Moment(next.at)),
        }
    }

    fn slots(&self, timeline: &Timeline<'_>) -> (Slots, Vec<MissedSlot>) {
        let mut slots = Slots::default();
        let mut missed = Vec::new();
        for slot in &timeline.stream.slots {
            if slot.due_at > self.limits.as_of {
                continue;
            }
            // A scan that was recorded after the moment of the report has not answered yet.
            let known = |seq: i64| timeline.stream.runs.iter().any(|run| run.seq == seq);
            let state = match slot.seq {
                Some(seq) if !known(seq) => "due",
                _ => slot.state.as_str(),
            };
            slots.due += 1;
            match state {
                "ran" => {
                    slots.ran += 1;
                    continue;
                }
                "failed" => slots.failed += 1,
                "missed" => slots.missed += 1,
                _ => slots.unanswered += 1,
            }
            missed.push(MissedSlot {
                due: Moment(slot.due_at),
                state: state.to_owned(),
                reason: slot.reason.clone(),
            });
        }
        (slots, missed)
    }

    /// What is not asserted.
    pub(super) fn said_limits(&self, targets: &[Target]) -> Vec<String> {
        let mut limits: Vec<String> = [
            "Evidence supports a control or shows a setting; it never says that a company complies. That is for the auditor to judge.",
            "What is judged is Terraform's plan, state or source at each scan. What somebody changed outside Terraform between two scans is seen by drift scans only.",
            "Resources that Terraform does not manage, data in them, and values known only after apply are not judged; the latter count as unknown, never as pass.",
            "A result stands until the next whole scan of its target, but no longer than the maximum gap; later days count as not scanned.",
            "Not applicable are the policies of a control on resources of a scan that they do not concern; they are counted, not stored.",
            "Whole resources are not kept. A result keeps what the policy read; secrets were taken out before anything was judged.",
            "Which targets ought to be scanned is not known to the store: compare the list of targets with accounts and repositories.",
        ]
        .map(str::to_owned)
        .into();
        for target in targets.iter().filter(|target| target.proposals_only) {
            limits.push(format!(
                "Of {} only pull requests were scanned: what they propose is counted as if it stood.",
                target.name
            ));
        }
        limits
    }
}

/// Resources in a scan's inputs.
fn resources(run: &AuditRun) -> u64 {
    let inputs = run.inputs.as_array().into_iter().flatten();
    inputs.filter_map(|input| input["resources"].as_u64()).sum()
}

/// Resources of the last scan that any policy was evaluated on. Account policies are about no
/// resource.
fn evaluated(timeline: &Timeline<'_>, tally: &Tally) -> u64 {
    let last = timeline.inside.end.checked_sub(1);
    let last = last.filter(|place| timeline.inside.contains(place));
    let present = last.and_then(|place| tally.present.get(place)).copied();
    u64::try_from(present.unwrap_or(0)).unwrap_or(0)
}

fn unchecked(run: &AuditRun) -> Vec<(String, u64)> {
    let types = run.summary["unchecked_types"].as_object();
    let types = types.into_iter().flatten();
    types
        .map(|(name, count)| (name.clone(), count.as_u64().unwrap_or(0)))
        .collect()
}
