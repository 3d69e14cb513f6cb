//! What is to be done, from what is there. Nothing is asked or written here.

use std::cmp::Ordering;

use super::{Author, Comment, LONGEST, Stamp};
use crate::error::ForgeError;

/// A comment that is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    stamp: Stamp,
    heading: String,
    text: String,
    quiet: bool,
}

impl Draft {
    /// A draft. `quiet` says that it is not worth a new comment, only the update of one.
    ///
    /// # Errors
    /// If it is too long for a comment.
    pub fn new(stamp: Stamp, text: &str, quiet: bool) -> Result<Self, ForgeError> {
        let draft = Self {
            heading: text.lines().next().unwrap_or_default().trim().to_owned(),
            text: text.trim_end().to_owned(),
            stamp,
            quiet,
        };
        let length = draft.body().chars().count();
        match length < LONGEST {
            true => Ok(draft),
            false => Err(ForgeError::TooLong {
                length,
                most: LONGEST,
            }),
        }
    }

    /// The text with the stamp.
    #[must_use]
    pub fn body(&self) -> String {
        format!("{}\n{}\n", self.stamp.line(), self.text)
    }

    /// Whether it is about another commit than the pull request's head.
    fn is_outdated(&self, head: Option<&str>) -> bool {
        matches!((self.stamp.head.as_deref(), head), (Some(ours), Some(head)) if ours != head)
    }

    /// Whether a comment is ours for this run name: by its stamp, or, if somebody removed or
    /// changed that, by the heading.
    fn claims(&self, comment: &Comment, stamp: Option<&Stamp>) -> bool {
        match stamp {
            Some(stamp) => stamp.run == self.stamp.run,
            None => {
                let lines = comment.body.lines().map(str::trim);
                let mut lines = lines.filter(|line| !line.is_empty());
                // A person whose token we use may write about us; a bot does not.
                match comment.author.is_bot {
                    true => is_ours(&comment.author) && lines.any(|line| line == self.heading),
                    false => lines.next() == Some(self.heading.as_str()),
                }
            }
        }
    }
}

/// Whether a bot is the one of GitHub Actions, as which most run, or that of a project's token.
/// What other bots write is theirs.
fn is_ours(author: &Author) -> bool {
    author.login == "github-actions[bot]" || author.login.contains("_bot")
}

/// Why nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untouched {
    /// There is nothing to say, and nothing was said.
    Silent,
    /// The comment says it already.
    Same,
    /// The comment is about a newer scan.
    Newer,
    /// The pull request has moved on to another commit, whose own run has the word.
    Outdated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Nothing(Untouched),
    Create,
    Update(u64),
}

/// What to do in one go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) write: Write,
    /// Comments of the same run name that another one makes superfluous.
    pub(super) surplus: Vec<u64>,
}

impl Plan {
    /// The plan for comments that may be ours.
    pub(super) fn make(ours: &[&Comment], draft: &Draft, head: Option<&str>) -> Self {
        let mut there: Vec<(&Comment, Option<Stamp>)> = ours
            .iter()
            .map(|comment| (*comment, Stamp::of(&comment.body)))
            .filter(|(comment, stamp)| draft.claims(comment, stamp.as_ref()))
            .collect();
        // The newest first; of equal ones the first that was written, so that all agree.
        there.sort_by(|(a, one), (b, other)| order(other, one, head).then(a.id.cmp(&b.id)));
        let outdated = draft.is_outdated(head);
        let mut there = there.into_iter();
        let Some((keep, stamp)) = there.next() else {
            return Self {
                write: match draft.quiet {
                    _ if outdated => Write::Nothing(Untouched::Outdated),
                    true => Write::Nothing(Untouched::Silent),
                    false => Write::Create,
                },
                surplus: Vec::new(),
            };
        };
        let newer = stamp.is_some_and(|s| s.newer(&draft.stamp, head) == Ordering::Greater);
        let write = if outdated {
            Write::Nothing(Untouched::Outdated)
        } else if newer {
            Write::Nothing(Untouched::Newer)
        } else if same(&keep.body, &draft.body()) {
            Write::Nothing(Untouched::Same)
        } else {
            Write::Update(keep.id)
        };
        Self {
            write,
            surplus: there.map(|(comment, _)| comment.id).collect(),
        }
    }
}

fn order(one: &Option<Stamp>, other: &Option<Stamp>, head: Option<&str>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => one.newer(other, head),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

/// Forges change line ends and what is at the end.
fn same(one: &str, other: &str) -> bool {
    one.trim_end().lines().eq(other.trim_end().lines())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comment::{Author, CiRun};

    fn stamp(run: &str, id: u64) -> Stamp {
        Stamp {
            run: run.to_owned(),
            head: None,
            ci: Some(CiRun { id, attempt: 1 }),
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn draft(id: u64, text: &str) -> Draft {
        let text = format!("## Policy Scan Results\n\n{text}");
        Draft::new(stamp("default", id), &text, false).unwrap()
    }

    fn comment(id: u64, body: &str) -> Comment {
        Comment {
            id,
            author: Author::default(),
            body: body.to_owned(),
            url: String::new(),
        }
    }

    fn plan(comments: &[Comment], draft: &Draft) -> Plan {
        Plan::make(&comments.iter().collect::<Vec<_>>(), draft, None)
    }

    #[test]
    fn only_what_says_something_is_written_anew() {
        assert_eq!(plan(&[], &draft(1, "x")).write, Write::Create);
        let quiet = Draft::new(stamp("default", 1), "## Policy Scan Results", true).unwrap();
        assert_eq!(plan(&[], &quiet).write, Write::Nothing(Untouched::Silent));
        let old = comment(5, &draft(0, "x").body());
        assert_eq!(plan(&[old], &quiet).write, Write::Update(5));
    }

    #[test]
    fn a_newer_comment_is_left_alone_and_older_ones_go() {
        let comments = [
            comment(1, &draft(3, "x").body()),
            comment(2, &draft(9, "y").body()),
        ];
        let made = plan(&comments, &draft(5, "z"));
        assert_eq!(made.write, Write::Nothing(Untouched::Newer));
        assert_eq!(made.surplus, [1]);
    }

    #[test]
    fn line_ends_are_no_difference() {
        let draft = draft(5, "a\nb");
        let there = comment(1, &draft.body().replace('\n', "\r\n"));
        assert_eq!(
            plan(&[there], &draft).write,
            Write::Nothing(Untouched::Same)
        );
    }

    #[test]
    fn a_lost_stamp_is_mended_by_the_heading() {
        let mut there = comment(1, "note of mine\n## Policy Scan Results\n\nx");
        assert_eq!(plan(&[there.clone()], &draft(5, "x")).write, Write::Create);
        there.author.is_bot = true;
        there.author.login = "lint[bot]".to_owned();
        assert_eq!(plan(&[there.clone()], &draft(5, "x")).write, Write::Create);
        there.author.login = "github-actions[bot]".to_owned();
        assert_eq!(plan(&[there], &draft(5, "x")).write, Write::Update(1));
        let by_token_of_a_person = comment(1, "\n## Policy Scan Results\n\nx");
        assert_eq!(
            plan(&[by_token_of_a_person], &draft(5, "x")).write,
            Write::Update(1)
        );
        let other = comment(1, "we talked about ## Policy Scan Results here");
        assert_eq!(plan(&[other], &draft(5, "x")).write, Write::Create);
    }

    #[test]
    fn other_run_names_are_not_ours() {
        let other = Draft::new(stamp("prod", 9), "## Policy Scan Results", false).unwrap();
        let there = comment(1, &other.body());
        assert_eq!(plan(&[there], &draft(5, "x")).write, Write::Create);
    }

    #[test]
    fn too_long_is_an_error_and_no_cut() {
        let text = "ü".repeat(LONGEST);
        assert!(matches!(
            Draft::new(stamp("default", 1), &text, false),
            Err(ForgeError::TooLong { .. })
        ));
    }
}
