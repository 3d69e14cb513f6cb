//! Why a text names no control.

use crate::suggest::{did_you_mean, list, quoted};
use crate::{ControlId, Edition, Framework};

/// Why a text names no framework, edition or control. Each message says what was expected and, where something is near, what was meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The text does not have the form of a control id.
    #[error("{} is not a control id: expected `<framework>-<edition>:<number>`, as in `pci-dss-4.0.1:1.3.1`{}", quoted(.text), did_you_mean(.suggestions))]
    NotAnId {
        /// The text as given.
        text: String,
        /// Canonical ids that may have been meant.
        suggestions: Vec<String>,
    },
    /// No framework has this name.
    #[error("unknown framework {} (known: {}){}", quoted(.text), list(Framework::ALL.iter().map(|f| f.slug()), "and"), did_you_mean(.suggestions))]
    UnknownFramework {
        /// The name as given.
        text: String,
        /// Names that may have been meant.
        suggestions: Vec<String>,
    },
    /// The framework is named without an edition, and numbers change between editions.
    #[error("{} names no edition of {framework}: numbers change between editions; the current one is `{}`", quoted(.text), framework.current_edition())]
    MissingEdition {
        /// The text as given.
        text: String,
        /// The framework it names.
        framework: Framework,
    },
    /// The framework has no such edition, or it is too old to be recorded here.
    #[error("unknown edition {} of {framework} (known: {}){}", quoted(.version), list(framework.editions().map(Edition::version), "and"), did_you_mean(.suggestions))]
    UnknownEdition {
        /// The framework.
        framework: Framework,
        /// The version as given.
        version: String,
        /// Versions that may have been meant.
        suggestions: Vec<String>,
    },
    /// The number does not have the form of the framework's numbers.
    #[error("{} is not the number of a {framework} {}, which looks like `{}`{}", quoted(.number), framework.noun(), framework.example(), did_you_mean(.suggestions))]
    MalformedNumber {
        /// The framework.
        framework: Framework,
        /// The number as given.
        number: String,
        /// Numbers that may have been meant.
        suggestions: Vec<String>,
    },
    /// The id is well formed, but the edition has no such control, or none that is recorded.
    #[error("{} has no {} {}{}", .id.edition().title(), .id.framework().noun(), quoted(.id.number()), did_you_mean(.suggestions))]
    UnknownControl {
        /// The id as given.
        id: ControlId,
        /// Canonical ids that may have been meant.
        suggestions: Vec<String>,
    },
    /// A short id is not in the current edition and means different things in older ones.
    #[error("{} means something else in each of {}: name the edition", quoted(.text), list(.meanings.iter().map(String::as_str), "and"))]
    Ambiguous {
        /// The short id as given.
        text: String,
        /// The ids with their edition that it may stand for.
        meanings: Vec<String>,
    },
}
