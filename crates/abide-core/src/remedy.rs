//! What mends a finding: edits of its source that were proven, or a person.

use crate::finding::Location;

/// What was found out about mending a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// These edits do it, and nothing else fails with them.
    Proven(Fix),
    /// No edit is offered.
    ByHand {
        /// Why not.
        why: String,
    },
}

impl Remedy {
    /// The fix, if there is one.
    #[must_use]
    pub fn fix(&self) -> Option<&Fix> {
        match self {
            Self::Proven(fix) => Some(fix),
            Self::ByHand { .. } => None,
        }
    }
}

/// Edits that belong together, proven on the source as it was read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fix {
    /// The edits, by file and place; they do not overlap.
    pub edits: Vec<Edit>,
    /// The same as whole lines. Empty if a line that stays holds a secret.
    pub suggestions: Vec<Suggestion>,
}

/// One replacement of a range of the text as it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Edit {
    /// What is replaced; empty where something is inserted.
    pub location: Location,
    /// What stands there afterwards.
    pub replacement: String,
}

/// Whole lines to stand for others, as GitHub's suggestions have them.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Suggestion {
    /// The file, named as locations name it.
    pub file: String,
    /// The first line that is replaced, from 1.
    pub line: u32,
    /// The last.
    pub end_line: u32,
    /// The new lines, with `\n` between them.
    pub text: String,
}
