//! Each control: what was counted, and the verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use abide_controls::{Catalogue, Claim, ControlId};
use abide_store::LedgerEvent;

use super::Builder;
use crate::model::{ControlResult, Deviation, Moment, Month, Target, UncoveredControl};
use crate::verdict::{Counts, DayCounts, Evidence, Reason, judge};

impl Builder<'_> {
    pub(super) fn controls(
        &self,
        targets: &[Target],
        deviations: &[Deviation],
    ) -> Vec<ControlResult> {
        let holes = self.holes(targets);
        let in_force = self.in_force();
        let months = self.months();
        let scans = self
            .targets
            .iter()
            .map(|(timeline, _)| timeline.inside.len() as u64)
            .sum();
        let controls = self.scope.controls.iter().enumerate();
        let used = controls.filter(|(number, _)| in_force.contains_key(number));
        used.map(|(number, id)| {
            let force = in_force.get(&number);
            let mut result = self.counted(number, id, &months, deviations);
            result.policies = force.map_or_else(Vec::new, |(_, policies)| {
                policies
                    .iter()
                    .map(|policy| self.policy_id(*policy))
                    .collect()
            });
            result.policies.sort();
            result.scans = force.map_or(0, |(scans, _)| *scans);
            let evidence = Evidence {
                shows: result.claim != Claim::ShowsNothing,
                policies: result.policies.len() as u64,
                scans,
                scans_in_force: result.scans,
                violations: result.deviations.len() as u64,
                evaluations: result.evaluations,
                days: result.resource_days,
                holes: holes.clone(),
            };
            (result.verdict, result.reasons) = judge(&evidence);
            result
        })
        .collect()
    }

    /// What a control has of evaluations, days and violations.
    fn counted(
        &self,
        number: usize,
        id: &ControlId,
        months: &[(String, Range<usize>)],
        deviations: &[Deviation],
    ) -> ControlResult {
        let label = id.short_label();
        let known = Catalogue::builtin().get(id);
        let mut evaluations = Counts::default();
        let mut days = DayCounts::default();
        let mut by_month = vec![DayCounts::default(); months.len()];
        let mut resources = 0;
        for (timeline, tally) in &self.targets {
            if let Some(counts) = tally.controls.get(&number) {
                evaluations.add(counts);
            }
            let none = crate::tally::Masks::none(timeline);
            for (subject, (there, stale)) in &tally.there {
                let on = tally
                    .on
                    .get(subject)
                    .and_then(|on| on.get(number)?.as_ref());
                resources += u64::from(on.is_some_and(|on| on.evaluated));
                let worst = on.map_or(&none, |on| &on.masks).worst(there, stale);
                days.add(&worst.counts());
                for (month, (_, range)) in by_month.iter_mut().zip(months) {
                    month.add(&worst.within(range.clone()));
                }
            }
        }
        let of_control = deviations.iter().enumerate();
        let of_control = of_control.filter(|(_, deviation)| deviation.controls.contains(&label));
        let months = months.iter().zip(by_month);
        ControlResult {
            id: id.to_string(),
            title: known.map_or_else(String::new, |control| control.title.to_owned()),
            claim: known.map_or(Claim::ShowsNothing, |control| control.claim()),
            claim_sentence: known.map_or_else(
                || format!("{id} is in no catalogue of this program: nothing is claimed about it."),
                |control| control.claim_sentence(),
            ),
            verdict: crate::verdict::ControlVerdict::NotTested,
            reasons: Vec::new(),
            policies: Vec::new(),
            scans: 0,
            resources,
            evaluations,
            resource_days: days,
            deviations: of_control.map(|(at, _)| at).collect(),
            months: months
                .map(|((month, _), resource_days)| Month {
                    month: month.clone(),
                    resource_days,
                })
                .collect(),
            label,
        }
    }

    /// Whole scans of the period with a policy of each control, and the policies.
    fn in_force(&self) -> BTreeMap<usize, (u64, BTreeSet<i64>)> {
        let mut all: BTreeMap<usize, (u64, BTreeSet<i64>)> = BTreeMap::new();
        let mut by_pack: BTreeMap<i64, u64> = BTreeMap::new();
        for (timeline, _) in &self.targets {
            for run in timeline
                .standing
                .get(timeline.inside.clone())
                .unwrap_or_default()
            {
                *by_pack.entry(run.pack).or_default() += 1;
            }
        }
        for (pack, scans) in by_pack {
            let Some(pack) = self.data.packs.get(&pack) else {
                continue;
            };
            let mut controls = BTreeSet::new();
            for (policy, version) in &pack.policies {
                for control in self.scope.controls_of(*policy, version) {
                    controls.insert(*control);
                    all.entry(*control).or_default().1.insert(*policy);
                }
            }
            for control in controls {
                all.entry(control).or_default().0 += scans;
            }
        }
        all
    }

    /// Months of the period, as ranges of its days.
    fn months(&self) -> Vec<(String, Range<usize>)> {
        let period = self.limits.period;
        let mut months: Vec<(String, Range<usize>)> = Vec::new();
        for day in 0..period.days() {
            let month: String = Moment(period.start_of(day))
                .to_string()
                .chars()
                .take(7)
                .collect();
            match months.last_mut() {
                Some((name, range)) if *name == month => range.end = day + 1,
                _ => months.push((month, day..day + 1)),
            }
        }
        months
    }

    /// What of the targets keeps every control from passing.
    fn holes(&self, targets: &[Target]) -> Vec<Reason> {
        let mut holes = Vec::new();
        for target in targets {
            let name = || target.name.clone();
            holes.extend(target.gaps.iter().map(|gap| Reason::Gap {
                target: name(),
                from: gap.from.0,
                to: gap.to.0,
            }));
            if !target.missed.is_empty() {
                holes.push(Reason::Missed {
                    target: name(),
                    slots: target.missed.len() as u64,
                });
            }
            let unanswered = target.partial_scans.iter();
            let unanswered = unanswered.filter(|scan| scan.answered.is_none()).count() as u64;
            if unanswered > 0 {
                holes.push(Reason::Partial {
                    target: name(),
                    scans: unanswered,
                });
            }
        }
        holes.extend(self.pruned());
        holes
    }

    /// Whether history of the period may have been moved out of the store.
    fn pruned(&self) -> Option<Reason> {
        let events = self.data.events.iter();
        let ours = |event: &&LedgerEvent| {
            let name = event.body["stream"].as_str();
            name.is_none_or(|name| self.data.streams.iter().any(|one| one.name == name))
        };
        let pruned = events.filter(|event| event.kind == "store.pruned");
        let before = pruned
            .filter(ours)
            .filter_map(|event| event.body["before"].as_i64())
            .max()?;
        (before > self.limits.period.from).then_some(Reason::Pruned { before })
    }

    /// Controls that nothing in force spoke for.
    pub(super) fn not_covered(&self, results: &[ControlResult]) -> Vec<UncoveredControl> {
        let covered: BTreeSet<&str> = results.iter().map(|result| result.id.as_str()).collect();
        let controls = Catalogue::builtin().framework(self.framework).iter();
        let current = controls.filter(|control| {
            !control.is_retired()
                && control.superseded_by.is_none()
                && !covered.contains(control.id.to_string().as_str())
        });
        current
            .map(|control| UncoveredControl {
                id: control.id.to_string(),
                title: control.title.to_owned(),
                claim: control.claim(),
                reason: match control.claim() {
                    Claim::ShowsNothing => control.reason.to_owned(),
                    _ => "no policy for it was in force".to_owned(),
                },
            })
            .collect()
    }
}
