//! Many findings at once: few proofs instead of one for each.

use std::collections::BTreeMap;

use abide_core::finding::{Finding, Outcome};

use crate::propose::{Proposal, propose};
use crate::prove::{self, Refused, State};
use crate::text::Splice;
use crate::{Judge, Load, Target, attempt, steps, text, text_of};

/// Findings that are asked one by one, although none of them passes together with the others.
const FEW: usize = 8;

/// Findings on the way to their fixes.
pub(crate) struct Work<'f> {
    pub(crate) load: Load<'f>,
    pub(crate) judge: Judge<'f>,
    pub(crate) original: &'f State,
    /// Why findings stay.
    pub(crate) left: BTreeMap<Target, String>,
}

/// What can be done at once, and what has to wait for that.
#[derive(Default)]
struct Plan<'t> {
    now: Vec<&'t Finding>,
    batch: Batch,
    /// Findings whose edits meet those of others.
    later: Vec<&'t Finding>,
    /// Findings whose edits have to be made one after the other.
    alone: Vec<&'t Finding>,
}

impl Work<'_> {
    /// Fixes as many findings as can be, on top of a state if it is no longer the original
    /// one. Gives the state afterwards, if it changed.
    pub(crate) fn settle(
        &mut self,
        mut state: Option<State>,
        findings: &[&Finding],
    ) -> Option<State> {
        let plan = self.plan(state.as_ref().unwrap_or(self.original), findings);
        state = match plan.now.as_slice() {
            [] => state,
            [finding] => self.alone(state, finding),
            several => self.together(state, several, plan.batch),
        };
        if !plan.later.is_empty() {
            state = self.settle(state, &plan.later);
        }
        for finding in plan.alone {
            state = self.alone(state, finding);
        }
        state
    }

    fn plan<'t>(&mut self, state: &State, findings: &[&'t Finding]) -> Plan<'t> {
        let mut plan = Plan::default();
        for finding in findings {
            // An edit of one instance is the edit of all.
            if state.outcome(finding) == Some(Outcome::Pass) {
                continue;
            }
            match proposal(state, finding) {
                Ok(Some(proposal)) => match plan.batch.takes(proposal) {
                    true => plan.now.push(finding),
                    false => plan.later.push(finding),
                },
                Ok(None) => plan.alone.push(finding),
                Err(why) => {
                    self.left.insert(prove::target(finding), why);
                }
            }
        }
        plan
    }

    fn alone(&mut self, state: Option<State>, finding: &Finding) -> Option<State> {
        let before = state.as_ref().unwrap_or(self.original);
        if before.outcome(finding) == Some(Outcome::Pass) {
            return state;
        }
        match attempt(self.load, self.judge, before, finding) {
            Ok(next) => Some(next),
            Err(why) => {
                self.left.insert(prove::target(finding), why);
                state
            }
        }
    }

    /// Proves all edits of a batch; where that fails, those of its parts.
    fn together(
        &mut self,
        state: Option<State>,
        findings: &[&Finding],
        batch: Batch,
    ) -> Option<State> {
        let before = state.as_ref().unwrap_or(self.original);
        let (first, second): (Vec<_>, Vec<_>) = match self.prove(before, findings, batch) {
            Ok(next) => return Some(next),
            // What passes does so without the others, too.
            Err(Refused::Stay(stay)) if stay.len() < findings.len() => findings
                .iter()
                .partition(|finding| !stay.contains_key(&prove::target(finding))),
            // None passes with its fix, and there are too many to ask of each.
            Err(Refused::Stay(stay)) if findings.len() > FEW => {
                self.left.extend(stay);
                return state;
            }
            Err(_) => {
                let (first, second) = findings.split_at(findings.len() / 2);
                (first.to_vec(), second.to_vec())
            }
        };
        let state = self.settle(state, &first);
        self.settle(state, &second)
    }

    fn prove(&self, before: &State, findings: &[&Finding], batch: Batch) -> Result<State, Refused> {
        let mut texts = before.texts.clone();
        for (file, splices) in batch.0 {
            let old = text_of(&before.loaded, &file).unwrap_or_default();
            let new = text::apply(&old, splices.into_values().collect());
            let place = || Refused::Broken(format!("{file} could not be edited at these places"));
            texts.insert(file.clone(), new.ok_or_else(place)?);
        }
        let next = State::new(self.load, self.judge, texts)?;
        prove::check(before, &next, findings)?;
        Ok(next)
    }
}

/// The edit of a finding; `None` if it takes several, each placed when the one before is made.
///
/// # Errors
/// Why there is none.
pub(crate) fn proposal(state: &State, finding: &Finding) -> Result<Option<Proposal>, String> {
    let steps = steps(state, finding)?;
    let [step] = steps.as_slice() else {
        return Ok(None);
    };
    let advised = state.same(finding).unwrap_or(finding);
    let proposal = propose(&state.loaded, advised, step);
    proposal.map(Some).map_err(|refusal| refusal.to_string())
}

/// Edits that do not meet, by file and first byte.
#[derive(Default)]
struct Batch(BTreeMap<String, BTreeMap<usize, Splice>>);

impl Batch {
    /// Takes an edit in, unless it meets another one. An equal one is the same: instances
    /// of a block have one edit.
    fn takes(&mut self, proposal: Proposal) -> bool {
        let file = self.0.entry(proposal.file).or_default();
        if proposal.splices.iter().any(|splice| meets(file, splice)) {
            return false;
        }
        let splices = proposal.splices.into_iter();
        file.extend(splices.map(|splice| (splice.start, splice)));
        true
    }
}

fn meets(file: &BTreeMap<usize, Splice>, splice: &Splice) -> bool {
    if let Some(same) = file.get(&splice.start) {
        return same != splice;
    }
    let before = file.range(..splice.start).next_back();
    let behind = file.range(splice.start..).next();
    before.is_some_and(|(_, other)| other.end > splice.start)
        || behind.is_some_and(|(start, _)| *start < splice.end)
}
