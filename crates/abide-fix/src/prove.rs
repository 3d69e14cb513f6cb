//! The proof of an edit: the engine, asked again.

use std::collections::{BTreeMap, BTreeSet};

use abide_core::diagnostic::Level;
use abide_core::finding::{Finding, Outcome};
use abide_hcl::{LoadError, Loaded};

use crate::{Judge, Load, Texts};

/// A directory with some texts replaced, and what the engine says of it.
pub(crate) struct State {
    pub(crate) texts: Texts,
    pub(crate) loaded: Loaded,
    pub(crate) findings: Vec<Finding>,
}

type Key = (u32, String);

fn key(finding: &Finding) -> Key {
    (finding.policy, finding.resource_address.as_str().to_owned())
}

impl State {
    pub(crate) fn new(load: Load<'_>, judge: Judge<'_>, texts: Texts) -> Result<Self, LoadError> {
        let loaded = load(&texts)?;
        let findings = judge(&loaded.inventory);
        Ok(Self {
            texts,
            loaded,
            findings,
        })
    }

    /// The evaluation of the same policy at the same address.
    pub(crate) fn same(&self, finding: &Finding) -> Option<&Finding> {
        let key = key(finding);
        self.findings
            .iter()
            .find(|other| other.policy == key.0 && other.resource_address.as_str() == key.1)
    }

    pub(crate) fn outcome(&self, finding: &Finding) -> Option<Outcome> {
        self.same(finding).map(|found| found.outcome)
    }

    fn outcomes(&self) -> BTreeMap<Key, &Finding> {
        self.findings.iter().map(|f| (key(f), f)).collect()
    }

    /// Errors without their places: an edit moves lines.
    fn errors(&self) -> BTreeSet<&str> {
        let all = self.loaded.inventory.diagnostics.iter();
        all.filter(|diagnostic| diagnostic.level == Level::Error)
            .map(|diagnostic| diagnostic.message.as_str())
            .collect()
    }
}

/// Whether the finding passes now and nothing else got worse.
pub(crate) fn check(before: &State, after: &State, finding: &Finding) -> Result<(), String> {
    let known = before.errors();
    if let Some(error) = after.errors().into_iter().find(|e| !known.contains(e)) {
        return Err(format!("the edited source has an error: {error}"));
    }
    match after.outcome(finding) {
        Some(Outcome::Pass) => {}
        Some(Outcome::Fail) => {
            return Err("it would still fail with the policy's fix written".to_owned());
        }
        _ => return Err("the edited source cannot be shown to pass".to_owned()),
    }
    let (old, new) = (before.outcomes(), after.outcomes());
    for (key, finding) in &new {
        let was = old.get(key).map(|finding| finding.outcome);
        let bad = |outcome| matches!(outcome, Outcome::Fail | Outcome::Error);
        if bad(finding.outcome) && !was.is_some_and(bad) {
            return Err(format!(
                "the edit would break something else: {}: {}",
                key.1, finding.message
            ));
        }
    }
    match old.keys().find(|key| !new.contains_key(*key)) {
        Some((_, address)) => Err(format!("the edit would take {address} away")),
        None => Ok(()),
    }
}
