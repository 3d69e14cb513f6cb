//! Suggestions at lines of a pull request, each made once.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// Remarks of one review; more would drown the people's.
const MOST: usize = 30;
const HEAD: &str = "<!-- abide-suggestion:v1 ";
const TAIL: &str = " -->";

/// Lines to stand for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The file, from the repository's root.
    pub path: String,
    /// First line that is replaced.
    pub line: u32,
    /// Last.
    pub end_line: u32,
    /// The lines that stand there afterwards.
    pub replacement: String,
    /// Markdown above them.
    pub why: String,
    /// What it mends, e.g. a policy and a resource.
    pub about: String,
}

impl Suggestion {
    /// What makes two the same. Not the line: it moves with every push.
    fn key(&self) -> String {
        let mut hash = Sha256::new();
        for field in [&self.path, &self.about, &self.replacement] {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        hash.finalize()
            .iter()
            .take(12)
            .fold(String::new(), |mut out, byte| {
                // Writing to a string cannot fail.
                let _ = write!(out, "{byte:02x}");
                out
            })
    }

    fn stamp(&self, run: &str) -> String {
        let run = utf8_percent_encode(run, NON_ALPHANUMERIC);
        format!("{HEAD}run={run} key={}{TAIL}", self.key())
    }

    /// The remark: a stamp, the reason, and a block that the forge can apply.
    pub(crate) fn body(&self, run: &str, info: &str) -> String {
        let longest = self.replacement.split(|c| c != '`').map(str::len).max();
        let fence = "`".repeat((longest.unwrap_or(0) + 1).max(3));
        format!(
            "{}\n{}\n\n{fence}{info}\n{}\n{fence}\n",
            self.stamp(run),
            self.why.trim_end(),
            self.replacement
        )
    }
}

/// What became of suggestions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suggested {
    /// Made now.
    pub made: usize,
    /// Made before.
    pub repeated: usize,
    /// At lines that the pull request does not show.
    pub outside: usize,
    /// Left out for their number.
    pub left: usize,
    /// Taken back: nothing is to be mended there any more.
    pub withdrawn: usize,
}

/// A remark that is there.
#[derive(Clone, Debug)]
pub(crate) struct Remark {
    pub(crate) id: u64,
    pub(crate) body: String,
    /// Somebody answered it, or it is settled: not ours alone any more.
    pub(crate) kept: bool,
}

/// What to do about suggestions.
#[derive(Debug, Default)]
pub(crate) struct Sorted<'s> {
    pub(crate) make: Vec<&'s Suggestion>,
    /// Remarks whose finding is gone.
    pub(crate) withdraw: Vec<u64>,
    pub(crate) counts: Suggested,
}

/// Sorts suggestions by what is there already, and by what the pull request shows.
pub(crate) fn sort<'s>(
    suggestions: &'s [Suggestion],
    run: &str,
    there: &[Remark],
    shows: impl Fn(&Suggestion) -> bool,
) -> Sorted<'s> {
    let made: Vec<(&Remark, String)> = there
        .iter()
        .filter_map(|remark| Some((remark, key_of(&remark.body, run)?)))
        .collect();
    let mut known: BTreeSet<String> = made.iter().map(|(_, key)| key.clone()).collect();
    let wanted: BTreeSet<String> = suggestions.iter().map(Suggestion::key).collect();
    let mut out = Sorted::default();
    for suggestion in suggestions {
        if !known.insert(suggestion.key()) {
            out.counts.repeated += 1;
        } else if !shows(suggestion) {
            out.counts.outside += 1;
        } else if out.make.len() == MOST {
            out.counts.left += 1;
        } else {
            out.make.push(suggestion);
        }
    }
    let gone = made
        .iter()
        .filter(|(remark, key)| !remark.kept && !wanted.contains(key));
    out.withdraw = gone.map(|(remark, _)| remark.id).collect();
    out
}

/// The key of a remark, if it is a suggestion of this run name.
fn key_of(body: &str, run: &str) -> Option<String> {
    let line = body.lines().next()?.trim_end();
    let fields = line.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
    let (name, key) = fields.strip_prefix("run=")?.split_once(" key=")?;
    let name = percent_decode_str(name).decode_utf8().ok()?;
    (name == run).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggestion(line: u32, text: &str) -> Suggestion {
        Suggestion {
            path: "main.tf".to_owned(),
            line,
            end_line: line,
            replacement: text.to_owned(),
            why: "**POL-0001**: no key".to_owned(),
            about: "POL-0001 aws_s3_bucket.a".to_owned(),
        }
    }

    fn remark(id: u64, suggestion: &Suggestion) -> Remark {
        Remark {
            id,
            body: suggestion.body("prod -->", "suggestion"),
            kept: false,
        }
    }

    #[test]
    fn a_push_that_moves_lines_repeats_nothing() {
        let there = [remark(1, &suggestion(3, "a = 1"))];
        let moved = [suggestion(9, "a = 1")];
        let sorted = sort(&moved, "prod -->", &there, |_| true);
        assert!(sorted.make.is_empty() && sorted.withdraw.is_empty());
        assert_eq!(sorted.counts.repeated, 1);
        let other_run = sort(&moved, "dev", &there, |_| true);
        assert_eq!(other_run.make.len(), 1);
        assert!(other_run.withdraw.is_empty());
    }

    #[test]
    fn what_is_mended_is_taken_back_unless_somebody_answered() {
        let mut there = [
            remark(1, &suggestion(3, "a = 1")),
            remark(2, &suggestion(3, "b = 1")),
        ];
        there[1].kept = true;
        let sorted = sort(&[], "prod -->", &there, |_| true);
        assert_eq!(sorted.withdraw, [1]);
    }

    #[test]
    fn no_more_than_people_can_read() {
        let many: Vec<_> = (0..100).map(|n| suggestion(n, &n.to_string())).collect();
        let sorted = sort(&many, "x", &[], |s| s.line % 2 == 0);
        assert_eq!(sorted.make.len(), MOST);
        assert_eq!((sorted.counts.outside, sorted.counts.left), (50, 20));
    }

    #[test]
    fn a_block_does_not_end_early() {
        let body = suggestion(1, "x = \"```\"").body("x", "suggestion");
        assert!(
            body.contains("\n````suggestion\nx = \"```\"\n````\n"),
            "{body}"
        );
    }
}
