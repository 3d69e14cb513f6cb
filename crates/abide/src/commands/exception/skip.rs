//! What somebody told a tool to pass over.

use abide_core::diagnostic::Place;
use abide_core::finding::{Finding, Location, Outcome};
use abide_core::request;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// One rule that is passed over at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Skip {
    /// The rule's id, of whatever tool.
    pub(super) rule: String,
    pub(super) reason: Option<String>,
    /// The last day, inclusive.
    pub(super) expires: Option<Date>,
    pub(super) place: Place,
    pub(super) target: Target,
}

/// What a skip is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Everything,
    /// What is written there.
    Place(Location),
    /// What is written in files of these names, in which `*` is any text.
    Files(Vec<String>),
    /// A resource, all its instances.
    Resource(String),
}

/// What is read of a file or a comment.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) skips: Vec<Skip>,
    /// What cannot be imported, and why.
    pub(super) problems: Vec<(Place, String)>,
}

impl Found {
    pub(super) fn problem(&mut self, place: &Place, why: impl Into<String>) {
        self.problems.push((place.clone(), why.into()));
    }
}

impl Target {
    /// Whether a finding is what is passed over.
    pub(super) fn covers(&self, finding: &Finding) -> bool {
        if !matches!(finding.outcome, Outcome::Fail | Outcome::Unknown) {
            return false;
        }
        match self {
            Self::Everything => true,
            Self::Place(scope) => request::is_asked_for(finding, scope),
            Self::Files(patterns) => finding
                .location
                .as_ref()
                .is_some_and(|at| patterns.iter().any(|pattern| names(pattern, &at.file))),
            Self::Resource(name) => {
                let address = &finding.resource_address;
                address.as_str() == name || address.block() == *name
            }
        }
    }
}

/// Whether a pattern names a file, seen from the repository or from a directory in it.
fn names(pattern: &str, file: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_start_matches('/');
    let starts = std::iter::once(0).chain(file.match_indices('/').map(|(at, _)| at + 1));
    let mut tails = starts.filter_map(|start| file.get(start..));
    tails.any(|tail| matches(pattern.as_bytes(), tail.as_bytes()))
}

/// Matches with `*`, going back to the last star only: no pattern takes long.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    let rest = pattern.get(p..).unwrap_or_default();
    rest.iter().all(|c| *c == b'*')
}

/// The last day before other tools' end: theirs is the beginning of the day they write.
pub(super) fn last_day(text: &str) -> Option<Date> {
    if text.len() == 10 {
        return text.parse::<Date>().ok()?.yesterday().ok();
    }
    let end: Timestamp = text.parse().ok()?;
    let before = end.checked_sub(1.nanosecond()).ok()?;
    Some(TimeZone::UTC.to_datetime(before).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_the_day_before() {
        for (text, day) in [
            ("2026-03-01", Some("2026-02-28")),
            ("2026-03-01T00:00:00.000Z", Some("2026-02-28")),
            ("2026-03-01T12:00:00Z", Some("2026-03-01")),
            ("soon", None),
            ("2026-02-30", None),
        ] {
            let found = last_day(text).map(|day| day.to_string());
            assert_eq!(found.as_deref(), day, "{text}");
        }
    }

    #[test]
    fn patterns_name_files() {
        for (pattern, file, named) in [
            ("main.tf", "live/main.tf", true),
            ("./live/main.tf", "live/main.tf", true),
            ("ive/main.tf", "live/main.tf", false),
            ("live/*", "live/a/main.tf", true),
            ("**/db.tf", "live/a/db.tf", true),
            ("*.tf.json", "main.tf", false),
        ] {
            assert_eq!(names(pattern, file), named, "{pattern} {file}");
        }
    }
}
