//! The proof of an edit: the engine, asked again.

use std::collections::{BTreeMap, BTreeSet};

use abide_core::diagnostic::Level;
use abide_core::finding::{Finding, Outcome};
use abide_hcl::{LoadError, Loaded};

use crate::{Judge, Load, Target, Texts};

/// A directory with some texts replaced, and what the engine says of it.
pub(crate) struct State {
    pub(crate) texts: Texts,
    pub(crate) loaded: Loaded,
    pub(crate) findings: Vec<Finding>,
    /// Where each stands among them.
    index: BTreeMap<Target, usize>,
}

/// What a finding is about.
pub(crate) fn target(finding: &Finding) -> Target {
    (finding.policy, finding.resource_address.as_str().to_owned())
}

impl State {
    pub(crate) fn new(load: Load<'_>, judge: Judge<'_>, texts: Texts) -> Result<Self, LoadError> {
        let loaded = load(&texts)?;
        let findings = judge(&loaded.inventory);
        let index = findings.iter().map(target).zip(0..).collect();
        Ok(Self {
            texts,
            loaded,
            findings,
            index,
        })
    }

    /// The evaluation of the same policy at the same address.
    pub(crate) fn same(&self, finding: &Finding) -> Option<&Finding> {
        self.of(&target(finding))
    }

    /// The evaluation of a target.
    pub(crate) fn of(&self, target: &Target) -> Option<&Finding> {
        self.findings.get(*self.index.get(target)?)
    }

    pub(crate) fn outcome(&self, finding: &Finding) -> Option<Outcome> {
        self.same(finding).map(|found| found.outcome)
    }

    /// Errors without their places: an edit moves lines.
    fn errors(&self) -> BTreeSet<&str> {
        let all = self.loaded.inventory.diagnostics.iter();
        all.filter(|diagnostic| diagnostic.level == Level::Error)
            .map(|diagnostic| diagnostic.message.as_str())
            .collect()
    }
}

/// Why edits are not kept.
#[derive(Debug)]
pub(crate) enum Refused {
    /// These findings do not pass with them, and why.
    Stay(BTreeMap<Target, String>),
    /// They do something they should not.
    Broken(String),
}

impl Refused {
    /// The reason, where there was one finding.
    pub(crate) fn into_why(self) -> String {
        match self {
            Self::Stay(mut findings) => findings.pop_first().map_or_else(String::new, |one| one.1),
            Self::Broken(why) => why,
        }
    }
}

impl From<LoadError> for Refused {
    fn from(error: LoadError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Whether the findings pass now and nothing else got worse.
pub(crate) fn check(before: &State, after: &State, findings: &[&Finding]) -> Result<(), Refused> {
    let known = before.errors();
    if let Some(error) = after.errors().into_iter().find(|e| !known.contains(e)) {
        let why = format!("the edited source has an error: {error}");
        return Err(Refused::Broken(why));
    }
    let stay = findings.iter().filter_map(|finding| {
        let why = match after.outcome(finding) {
            Some(Outcome::Pass) => return None,
            Some(Outcome::Fail) => "it would still fail with the policy's fix written",
            _ => "the edited source cannot be shown to pass",
        };
        Some((target(finding), why.to_owned()))
    });
    let stay: BTreeMap<Target, String> = stay.collect();
    if !stay.is_empty() {
        return Err(Refused::Stay(stay));
    }
    let bad = |outcome| matches!(outcome, Outcome::Fail | Outcome::Error);
    for finding in &after.findings {
        if bad(finding.outcome) && !before.outcome(finding).is_some_and(bad) {
            return Err(Refused::Broken(format!(
                "the edit would break something else: {}: {}",
                finding.resource_address, finding.message
            )));
        }
    }
    let gone = before.findings.iter().find(|f| after.same(f).is_none());
    match gone {
        Some(finding) => Err(Refused::Broken(format!(
            "the edit would take {} away",
            finding.resource_address
        ))),
        None => Ok(()),
    }
}
