//! What can go wrong between us and a forge.

use jiff::Timestamp;

use crate::secret::TokenError;

/// Why a forge did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The token may not do this. Of a fork's pull request it may only read.
    #[error("{call}: the token may not do this ({message})")]
    Denied {
        /// Method and path.
        call: String,
        /// What the forge said.
        message: String,
    },
    /// It is not there, or the token may not see it.
    #[error("{call}: not found, or not visible with this token ({message})")]
    NotFound {
        /// Method and path.
        call: String,
        /// What the forge said.
        message: String,
    },
    /// The token is wrong or over.
    #[error("{call}: the token is refused ({message}): is it right, and not expired?")]
    Unauthorized {
        /// Method and path.
        call: String,
        /// What the forge said.
        message: String,
    },
    /// Any other refusal.
    #[error("{call}: the answer is {status} ({message})")]
    Refused {
        /// Method and path.
        call: String,
        /// The status.
        status: u16,
        /// What the forge said.
        message: String,
    },
    /// The rate limit is used up for longer than we wait.
    #[error("{call}: the rate limit is used up until {until}; try again then")]
    RateLimited {
        /// Method and path.
        call: String,
        /// When there is room again.
        until: Timestamp,
    },
    /// No answer, or none that can be read.
    #[error("{call}: {reason}")]
    Transport {
        /// Method and path.
        call: String,
        /// What went wrong.
        reason: String,
    },
    /// An answer of another form than published.
    #[error("{call}: the answer is not of the expected form: {reason}")]
    Unexpected {
        /// Method and path.
        call: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address of the forge cannot be used.
    #[error("`{url}` cannot be the address of the API: {reason}")]
    Address {
        /// The address.
        url: String,
        /// Why not.
        reason: &'static str,
    },
    /// The token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A text is longer than the forge takes.
    #[error("the comment has {length} characters, and the forge takes {most}")]
    TooLong {
        /// Its characters.
        length: usize,
        /// Those allowed.
        most: usize,
    },
    /// Others kept changing the comment.
    #[error(
        "the comment was changed by others each time it was written; is another program using the run name?"
    )]
    Contended,
}

impl ForgeError {
    /// Whether the token is there, and too weak.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// Whether the thing is gone.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether what was sent does not go with what is there, such as a pull request that is open
    /// already, or one of nothing.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 409 | 422,
                ..
            }
        )
    }

    /// Whether it is open if the forge did what it was asked.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Transport { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }
}
