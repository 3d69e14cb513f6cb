//! One control, and what may be said about it.

use std::fmt;

use serde::Serialize;

use crate::{ControlId, Edition};

/// One numbered requirement, as the catalogue knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its name in the newest edition that this catalogue describes it in.
    pub id: ControlId,
    /// What it asks for, in a few words of ours: a paraphrase, never the standard's text.
    pub title: &'static str,
    /// Where evidence for it can be found.
    pub decidable: Decidable,
    /// How much of it a Terraform plan can show; only for [`Decidable::Plan`].
    pub extent: Option<Extent>,
    /// Why it is decidable that way.
    pub reason: &'static str,
    /// What kind of entry it is in its framework.
    pub level: Level,
    /// The control that has taken its place within the same edition.
    pub superseded_by: Option<ControlId>,
    /// Its numbers in other editions, as the data file has them: `3.2.1=1.1.4 1.3; …`, `-` where there was none.
    pub(crate) other_editions: &'static str,
}

impl Control {
    /// The numbers it has in `edition`, more than one where requirements were merged. `None`: not recorded; empty: that edition had none.
    #[must_use]
    pub fn numbers_in(&self, edition: Edition) -> Option<Vec<&str>> {
        if edition == self.id.edition() {
            return Some(vec![self.id.number()]);
        }
        if edition.framework() != self.id.framework() {
            return None;
        }
        let numbers = self.other_editions.split("; ").find_map(|entry| {
            let (version, numbers) = entry.split_once('=')?;
            (version == edition.version()).then_some(numbers)
        })?;
        Some(numbers.split(' ').filter(|number| *number != "-").collect())
    }

    /// Whether the framework's current edition no longer has it.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        !self.id.edition().is_current()
    }

    /// The label for reports, see [`ControlId::short_label`].
    #[must_use]
    pub fn short_label(&self) -> String {
        self.id.short_label()
    }

    /// The most that passing policies may claim about it.
    #[must_use]
    pub fn claim(&self) -> Claim {
        match (self.decidable, self.extent) {
            (Decidable::Plan, Some(Extent::Full)) if self.id.framework().spec().testable => {
                Claim::Meets
            }
            (Decidable::Plan, Some(Extent::Full)) => Claim::Supports,
            (Decidable::Plan, _) => Claim::SupportsInPart,
            (Decidable::Account | Decidable::Process, _) => Claim::ShowsNothing,
        }
    }

    /// What can be shown of it, as a sentence for a report: "Infrastructure code can support PCI DSS 4.0.1 requirement 1.3.1: …".
    #[must_use]
    pub fn claim_sentence(&self) -> String {
        let control = format!(
            "{} {} {}",
            self.id.edition().title(),
            self.id.framework().noun(),
            self.id.number()
        );
        let (title, reason) = (self.title, self.reason);
        match self.claim() {
            Claim::Meets => format!("Infrastructure code can show that {control} is met: {title}."),
            Claim::Supports => format!("Infrastructure code can support {control}: {title}."),
            Claim::SupportsInPart => {
                format!("Infrastructure code can support {control} in part: {title} ({reason}).")
            }
            Claim::ShowsNothing => {
                format!("Infrastructure code shows nothing about {control}: {title} ({reason}).")
            }
        }
    }
}

/// Where evidence for a control can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decidable {
    /// A Terraform plan can show it, in full or in part.
    Plan,
    /// Only the live account, or the identities in it, can show it.
    Account,
    /// Only people can show it: documents, reviews, training, premises.
    Process,
}

impl Decidable {
    pub(crate) const NAMES: [(&'static str, Self); 3] = [
        ("plan", Self::Plan),
        ("account", Self::Account),
        ("process", Self::Process),
    ];
}

/// How much of a control a Terraform plan can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// All that it asks of infrastructure.
    Full,
    /// A part; the rest needs people or the live account.
    Partial,
}

impl Extent {
    pub(crate) const NAMES: [(&'static str, Self); 2] =
        [("full", Self::Full), ("partial", Self::Partial)];
}

/// What kind of entry a control is in its framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A SOC 2 criterion.
    Criterion,
    /// A SOC 2 point of focus. The AICPA gives these no number; the label is ours.
    PointOfFocus,
    /// A PCI DSS requirement.
    Requirement,
    /// A CIS recommendation of profile level 1 that CIS assesses by a script.
    #[serde(rename = "level-1-automated")]
    Level1Automated,
    /// A CIS recommendation of profile level 1 that CIS assesses by hand.
    #[serde(rename = "level-1-manual")]
    Level1Manual,
    /// A CIS recommendation of profile level 2 that CIS assesses by a script.
    #[serde(rename = "level-2-automated")]
    Level2Automated,
    /// A CIS recommendation of profile level 2 that CIS assesses by hand.
    #[serde(rename = "level-2-manual")]
    Level2Manual,
    /// A control that the current edition no longer has.
    Retired,
}

impl Level {
    pub(crate) const NAMES: [(&'static str, Self); 8] = [
        ("criterion", Self::Criterion),
        ("point-of-focus", Self::PointOfFocus),
        ("requirement", Self::Requirement),
        ("level-1-automated", Self::Level1Automated),
        ("level-1-manual", Self::Level1Manual),
        ("level-2-automated", Self::Level2Automated),
        ("level-2-manual", Self::Level2Manual),
        ("retired", Self::Retired),
    ];
}

/// The most that passing policies may claim about a control. SOC 2 and PCI DSS are judged by an assessor, so evidence supports their
/// controls and never shows that they are complied with; a CIS recommendation is a setting, which can be shown to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// Passing policies show that the control is met.
    Meets,
    /// Passing policies are evidence for all that the control asks of infrastructure.
    Supports,
    /// Passing policies are evidence for a part of the control.
    SupportsInPart,
    /// Infrastructure code says nothing about the control.
    ShowsNothing,
}

impl fmt::Display for Claim {
    /// What to say of a control whose policies pass: "supported in part".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Meets => "met",
            Self::Supports => "supported",
            Self::SupportsInPart => "supported in part",
            Self::ShowsNothing => "not shown",
        })
    }
}
