//! The hidden first line of a comment: whose it is, and which of two is newer.

use std::cmp::Ordering;
use std::fmt::Write as _;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// What may stand in an HTML comment as it is; two hyphens would end it.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_');
const HEAD: &str = "<!-- abide-comment:v1 ";
const TAIL: &str = " -->";

/// A run of a CI system. Numbers grow with time within one system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CiRun {
    /// The run: GitHub's `GITHUB_RUN_ID`, GitLab's `CI_PIPELINE_ID`.
    pub id: u64,
    /// Which attempt: GitHub's `GITHUB_RUN_ATTEMPT`, GitLab's `CI_JOB_ID`.
    pub attempt: u64,
}

/// What a comment is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The name of the run; there is one comment for each.
    pub run: String,
    /// The commit that was scanned, of the pull request's branch.
    pub head: Option<String>,
    /// The CI run that scanned.
    pub ci: Option<CiRun>,
    /// When it was scanned.
    pub at: Timestamp,
}

impl Stamp {
    /// The line.
    #[must_use]
    pub fn line(&self) -> String {
        let fields = self.fields();
        format!("{HEAD}{fields} sum={}{TAIL}", sum(&fields))
    }

    fn fields(&self) -> String {
        let mut out = format!("run={}", utf8_percent_encode(&self.run, PLAIN));
        // Writing to a string cannot fail.
        if let Some(head) = &self.head {
            let _ = write!(out, " head={}", utf8_percent_encode(head, PLAIN));
        }
        if let Some(ci) = self.ci {
            let _ = write!(out, " ci={}.{}", ci.id, ci.attempt);
        }
        let _ = write!(out, " at={}", self.at.as_second());
        out
    }

    /// The stamp of a comment, if it has one. Stamps that somebody changed are none.
    #[must_use]
    pub fn of(body: &str) -> Option<Self> {
        body.lines().find_map(Self::read)
    }

    fn read(line: &str) -> Option<Self> {
        let inside = line.trim_end().strip_prefix(HEAD)?.strip_suffix(TAIL)?;
        let (fields, given) = inside.rsplit_once(" sum=")?;
        if sum(fields) != given {
            return None;
        }
        let field = |name: &str| {
            fields
                .split(' ')
                .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let text = |name| {
            let decoded = percent_decode_str(field(name)?).decode_utf8().ok()?;
            Some(decoded.into_owned())
        };
        let ci = match field("ci") {
            Some(run) => {
                let (id, attempt) = run.split_once('.')?;
                Some(CiRun {
                    id: id.parse().ok()?,
                    attempt: attempt.parse().ok()?,
                })
            }
            None => None,
        };
        Some(Self {
            run: text("run")?,
            head: text("head"),
            ci,
            at: Timestamp::from_second(field("at")?.parse().ok()?).ok()?,
        })
    }

    /// Which of two is newer, seen from the pull request's present head: results on it are
    /// newer than those on any other commit, whenever they were made. Then the CI run counts,
    /// then the time of the scan.
    #[must_use]
    pub fn newer(&self, other: &Self, head: Option<&str>) -> Ordering {
        let on_head = |stamp: &Self| head.is_some() && stamp.head.as_deref() == head;
        let runs = match (self.ci, other.ci) {
            (Some(ours), Some(theirs)) => ours.cmp(&theirs),
            _ => Ordering::Equal,
        };
        on_head(self)
            .cmp(&on_head(other))
            .then(runs)
            .then(self.at.as_second().cmp(&other.at.as_second()))
    }
}

/// Not a secret: it tells edits and accidents from what we wrote.
fn sum(fields: &str) -> String {
    let hash = Sha256::digest(fields.as_bytes());
    hash.iter().take(6).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stamp(head: &str, id: u64, attempt: u64, at: i64) -> Stamp {
        Stamp {
            run: "default".to_owned(),
            head: Some(head.to_owned()),
            ci: Some(CiRun { id, attempt }),
            at: Timestamp::from_second(at).unwrap(),
        }
    }

    #[test]
    fn later_runs_and_attempts_are_newer() {
        let newer = |a: &Stamp, b: &Stamp| a.newer(b, None) == Ordering::Greater;
        assert!(newer(&stamp("a", 2, 1, 10), &stamp("a", 1, 9, 99)));
        assert!(newer(&stamp("a", 1, 2, 10), &stamp("a", 1, 1, 99)));
        assert!(newer(&stamp("a", 1, 1, 11), &stamp("a", 1, 1, 10)));
    }

    #[test]
    fn results_on_the_present_head_are_newest() {
        // Somebody went back to an older commit and ran its old run again.
        let on_head = stamp("old", 1, 2, 10);
        let beside = stamp("new", 9, 1, 99);
        assert_eq!(on_head.newer(&beside, Some("old")), Ordering::Greater);
        assert_eq!(on_head.newer(&beside, Some("new")), Ordering::Less);
        assert_eq!(on_head.newer(&beside, Some("third")), Ordering::Less);
    }

    #[test]
    fn a_changed_stamp_is_none() {
        let line = stamp("a", 1, 1, 10).line();
        assert!(Stamp::of(&format!("{line}\ntext")).is_some());
        assert_eq!(Stamp::of(&line.replace("ci=1.1", "ci=999.1")), None);
        assert_eq!(Stamp::of(&format!("> {line}\n")), None, "a quotation");
        assert_eq!(Stamp::of("## Policy Scan Results"), None);
    }

    proptest! {
        #[test]
        fn any_name_comes_back_and_stays_inside(run in any::<String>(), head in proptest::option::of(any::<String>()), at in -1_000_000_000i64..10_000_000_000) {
            let stamp = Stamp { run, head, ci: None, at: Timestamp::from_second(at).unwrap() };
            let line = stamp.line();
            prop_assert_eq!(line.matches("-->").count(), 1);
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(Stamp::of(&line), Some(stamp));
        }
    }
}
