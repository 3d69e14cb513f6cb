//! Edits Terraform source so that findings pass, and proves it.
//!
//! ```text
//! finding ─▶ snippet ─▶ steps ─▶ place ─▶ edited text ─▶ load and judge again ─▶ kept or refused
//! ```
//!
//! Nothing here writes a file: the result is texts and edits.

mod adopt;
mod edit;
mod generated;
mod insert;
mod literal;
mod offer;
mod propose;
mod prove;
mod remove;
mod snippet;
mod suggest;
mod text;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use abide_core::finding::{Finding, Outcome};
use abide_core::inventory::Inventory;
use abide_hcl::{LoadError, Loaded};

pub use adopt::{AdoptError, Want, adopt};
pub use edit::{Edit, Position};
pub use generated::without_empty;
pub use literal::quoted;
pub use offer::{Offers, offers};

use crate::propose::propose;
use crate::prove::{Refused, State};
use crate::snippet::Step;
use crate::work::Work;

/// Texts of files by their name in the source map.
pub type Texts = BTreeMap<String, String>;

/// Loads the directory with some files replaced.
pub type Load<'f> = &'f dyn Fn(&Texts) -> Result<Loaded, LoadError>;

/// Judges an inventory; every evaluation is wanted, not only findings.
pub type Judge<'f> = &'f dyn Fn(&Inventory) -> Vec<Finding>;

/// What to fix: a policy (its index) at an address.
pub type Target = (u32, String);

/// Why nothing is offered for what a plan alone shows.
pub const PLAN_ONLY: &str = "it fails in the plan but not in this directory: is the plan of another commit, or \
     made with other variables (--var, --var-file)?";

/// What became of the findings.
#[derive(Debug)]
pub struct Fixes {
    /// Findings that pass now, in the order in which they were found.
    pub fixed: Vec<Finding>,
    /// Findings that stay.
    pub left: Vec<Left>,
    /// The files that change.
    pub files: Vec<FileFix>,
}

/// A finding that no edit is offered for.
#[derive(Debug)]
pub struct Left {
    /// The finding.
    pub finding: Finding,
    /// Why there is no edit.
    pub why: String,
}

/// The change of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFix {
    /// Its name in the source map.
    pub name: String,
    /// Its text now.
    pub before: String,
    /// Its text with all fixes.
    pub after: String,
    /// The difference as edits of the text now.
    pub edits: Vec<Edit>,
}

/// Fixes what fails, or of that only what is asked for. Edits are proven together; where that
/// fails, in halves, each on top of those before it, so the last proof is one of the whole.
///
/// # Errors
/// If the directory cannot be loaded as it is.
pub fn fix(load: Load<'_>, judge: Judge<'_>, only: Option<&[Target]>) -> Result<Fixes, LoadError> {
    let original = State::new(load, judge, Texts::new())?;
    let only: Option<BTreeSet<&Target>> = only.map(|targets| targets.iter().collect());
    let failing = original.findings.iter().filter(|finding| {
        let wanted = |only: &BTreeSet<&Target>| only.contains(&prove::target(finding));
        finding.outcome == Outcome::Fail && only.as_ref().is_none_or(wanted)
    });
    let mut work = Work {
        load,
        judge,
        original: &original,
        left: BTreeMap::new(),
    };
    let failing: Vec<&Finding> = failing.collect();
    let after = work.settle(None, &failing);
    let texts = after.map(|state| state.texts).unwrap_or_default();
    let mut fixes = Fixes {
        fixed: Vec::new(),
        left: Vec::new(),
        files: changes(&original.loaded, texts),
    };
    for finding in failing {
        match work.left.remove(&prove::target(finding)) {
            Some(why) => fixes.left.push(Left {
                finding: finding.clone(),
                why,
            }),
            None => fixes.fixed.push(finding.clone()),
        }
    }
    Ok(fixes)
}

/// The proven edits for one finding, by file; for editors and reports.
///
/// # Errors
/// Why there are none.
pub fn fix_one(
    load: Load<'_>,
    judge: Judge<'_>,
    finding: &Finding,
) -> Result<Vec<FileFix>, String> {
    let state = State::new(load, judge, Texts::new()).map_err(|error| error.to_string())?;
    let next = attempt(load, judge, &state, finding)?;
    Ok(changes(&state.loaded, next.texts))
}

/// What has to be written for a finding.
///
/// # Errors
/// Why nothing can be.
fn steps(state: &State, finding: &Finding) -> Result<Vec<Step>, String> {
    // Facts of another edit may have changed what is advised.
    let finding = state.same(finding).unwrap_or(finding);
    if finding.fix.is_empty() {
        return Err("the policy has no fix that can be written without a decision".to_owned());
    }
    let address = finding.resource_address.as_str();
    let steps = finding.fix.iter().map(|snippet| {
        snippet::steps(snippet, &state.loaded, address)
            .ok_or_else(|| "the policy's fix is not valid HCL".to_owned())
    });
    Ok(steps.collect::<Result<Vec<_>, _>>()?.concat())
}

/// Edits step by step, then asks the engine.
fn attempt(
    load: Load<'_>,
    judge: Judge<'_>,
    state: &State,
    finding: &Finding,
) -> Result<State, String> {
    let texts = edited(load, state, finding, &steps(state, finding)?)?;
    let next = State::new(load, judge, texts).map_err(|error| error.to_string())?;
    prove::check(state, &next, &[finding]).map_err(Refused::into_why)?;
    Ok(next)
}

/// The texts with the steps written, each placed when those before it are.
fn edited(
    load: Load<'_>,
    state: &State,
    finding: &Finding,
    steps: &[Step],
) -> Result<Texts, String> {
    let mut texts = state.texts.clone();
    let mut reloaded: Option<Loaded> = None;
    for (left, step) in (0..steps.len()).rev().zip(steps) {
        let loaded = reloaded.as_ref().unwrap_or(&state.loaded);
        let advised = state.same(finding).unwrap_or(finding);
        let proposal = propose(loaded, advised, step).map_err(|refusal| refusal.to_string())?;
        let before = text_of(loaded, &proposal.file).unwrap_or_default();
        let after = text::apply(&before, proposal.splices)
            .ok_or_else(|| format!("{} could not be edited at this place", proposal.file))?;
        texts.insert(proposal.file, after);
        // Nothing is placed after the last one.
        if left > 0 {
            reloaded = Some(load(&texts).map_err(|error| error.to_string())?);
        }
    }
    Ok(texts)
}

fn text_of(loaded: &Loaded, name: &str) -> Option<String> {
    Some(loaded.sources.named(name)?.text.to_string())
}

fn changes(original: &Loaded, texts: Texts) -> Vec<FileFix> {
    let changed = texts.into_iter().filter_map(|(name, after)| {
        let before = text_of(original, &name)?;
        (before != after).then(|| FileFix {
            edits: edit::between(&before, &after),
            name,
            before,
            after,
        })
    });
    changed.collect()
}
