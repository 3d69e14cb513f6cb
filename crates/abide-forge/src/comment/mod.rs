//! Exactly one comment for each run name: written in place, never over a newer one.

mod plan;
mod stamp;

use crate::error::ForgeError;

pub use self::plan::{Draft, Untouched};
use self::plan::{Plan, Write};
pub use self::stamp::{CiRun, Stamp};

/// Characters of a comment that every forge takes; GitHub takes the fewest.
pub const LONGEST: usize = 65_536;
/// Times the comment is looked at again after it was written.
const ROUNDS: usize = 6;

/// Who wrote something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The account's name.
    pub login: String,
    /// Whether it is a program.
    pub is_bot: bool,
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Me {
    /// This account.
    Login(String),
    /// An app that may not ask for its own name, as in GitHub Actions: a bot.
    SomeBot,
}

impl Me {
    /// Whether something may be ours.
    #[must_use]
    pub fn wrote(&self, author: &Author) -> bool {
        match self {
            Self::Login(login) => login.eq_ignore_ascii_case(&author.login),
            Self::SomeBot => author.is_bot,
        }
    }
}

/// A comment on a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Who wrote it.
    pub author: Author,
    /// Its text.
    pub body: String,
    /// Where to read it.
    pub url: String,
}

/// The comments of one pull request.
pub trait Conversation {
    /// Who we are.
    ///
    /// # Errors
    /// If the forge does not say.
    fn me(&self) -> Result<Me, ForgeError>;
    /// The commit at the head of the pull request; `None` if it cannot be told.
    ///
    /// # Errors
    /// If the forge does not answer.
    fn head(&self) -> Result<Option<String>, ForgeError>;
    /// All comments, oldest first.
    ///
    /// # Errors
    /// If the forge does not answer.
    fn comments(&self) -> Result<Vec<Comment>, ForgeError>;
    /// Writes a new one.
    ///
    /// # Errors
    /// If the forge refuses.
    fn create(&self, body: &str) -> Result<Comment, ForgeError>;
    /// Replaces the text of one.
    ///
    /// # Errors
    /// If the forge refuses, or the comment is gone.
    fn update(&self, id: u64, body: &str) -> Result<Comment, ForgeError>;
    /// Takes one away.
    ///
    /// # Errors
    /// If the forge refuses, or the comment is gone.
    fn delete(&self, id: u64) -> Result<(), ForgeError>;
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A comment was written.
    Created(String),
    /// The comment was brought up to date.
    Updated(String),
    /// Nothing was written.
    Untouched(Untouched),
}

/// Brings the conversation to the state in which the draft, or something newer, is the one
/// comment of its run name.
///
/// # Errors
/// If the forge refuses; `ForgeError::Denied` where the token may only read.
pub fn upsert(conversation: &dyn Conversation, draft: &Draft) -> Result<Outcome, ForgeError> {
    let me = conversation.me()?;
    let mut outcome = None;
    // Comments of others that look like ours and cannot be written.
    let mut foreign: Vec<u64> = Vec::new();
    for _ in 0..ROUNDS {
        let comments = conversation.comments()?;
        // Last, so that a push is noticed up to the moment of writing.
        let head = conversation.head()?;
        let ours: Vec<&Comment> = comments
            .iter()
            .filter(|comment| me.wrote(&comment.author) && !foreign.contains(&comment.id))
            .collect();
        let plan = Plan::make(&ours, draft, head.as_deref());
        for id in &plan.surplus {
            if remove(conversation, *id)? == Removed::Forbidden {
                foreign.push(*id);
            }
        }
        let written = match plan.write {
            Write::Nothing(why) => {
                return Ok(outcome.unwrap_or(Outcome::Untouched(why)));
            }
            Write::Create => conversation
                .create(&draft.body())
                .map(|c| Outcome::Created(c.url)),
            Write::Update(id) => match conversation.update(id, &draft.body()) {
                // Somebody deleted it meanwhile.
                Err(error) if error.is_not_found() => continue,
                Err(error) if error.is_denied() => {
                    foreign.push(id);
                    continue;
                }
                updated => updated.map(|c| Outcome::Updated(c.url)),
            },
        }?;
        // What was created stays so when the next look mends it.
        outcome = outcome.or(Some(written));
    }
    Err(ForgeError::Contended)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removed {
    Gone,
    Forbidden,
}

fn remove(conversation: &dyn Conversation, id: u64) -> Result<Removed, ForgeError> {
    match conversation.delete(id) {
        Ok(()) => Ok(Removed::Gone),
        Err(error) if error.is_not_found() => Ok(Removed::Gone),
        Err(error) if error.is_denied() => Ok(Removed::Forbidden),
        Err(error) => Err(error),
    }
}
