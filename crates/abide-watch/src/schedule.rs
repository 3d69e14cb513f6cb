//! Cron expressions in a time zone, with the clock's changes defined:
//!
//! - a time that is skipped comes when the clock has gone forward, once for all that are skipped;
//! - a time that comes twice counts at its first, unless the hour begins with `*`: then the
//!   schedule counts hours that pass, and it counts both times.

use std::time::Duration;

use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions, parse_crontab_with};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Clocks are changed by an hour, seldom by less or two.
const CLOCK_CHANGE: SignedDuration = SignedDuration::from_hours(3);

/// When something is due.
#[derive(Clone, Debug)]
pub struct Schedule {
    text: String,
    cron: Crontab,
    zone: TimeZone,
    /// Whether it counts hours that pass, not what the clock shows.
    counts_hours: bool,
}

/// Why a schedule is none.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ScheduleError {
    /// Not five fields.
    #[error(
        "`{0}` has {1} fields: expected five (minute, hour, day of month, month, day of week), e.g. \"0 6 * * *\"; the time zone is `time_zone`"
    )]
    Fields(String, usize),
    /// A field is wrong.
    #[error("`{0}` is no schedule: {1}")]
    Cron(String, String),
    /// No such time zone.
    #[error("`{0}` is no time zone: expected a name such as Europe/Berlin or UTC")]
    Zone(String),
    /// It never comes.
    #[error("`{0}` never comes: there is no such day in the next four years")]
    Never(String),
}

impl Schedule {
    /// Reads an expression of five fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`; without
    /// a time zone it is in UTC.
    ///
    /// # Errors
    /// If it cannot be read or never comes.
    pub fn parse(text: &str, zone: Option<&str>) -> Result<Self, ScheduleError> {
        let zone = zone.unwrap_or("UTC");
        let fields: Vec<&str> = match text.trim() {
            "@hourly" => vec!["0", "*", "*", "*", "*"],
            "@daily" => vec!["0", "0", "*", "*", "*"],
            "@weekly" => vec!["0", "0", "*", "*", "0"],
            "@monthly" => vec!["0", "0", "1", "*", "*"],
            text => text.split_whitespace().collect(),
        };
        let [_, hour, ..] = fields.as_slice() else {
            return Err(ScheduleError::Fields(text.to_owned(), fields.len()));
        };
        if fields.len() != 5 {
            return Err(ScheduleError::Fields(text.to_owned(), fields.len()));
        }
        let counts_hours = hour.starts_with('*');
        let mut options = ParseOptions::default();
        // The expression sees the clock on the wall; the time zone is ours.
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        let cron = parse_crontab_with(&fields.join(" "), options).map_err(|error| {
            // The parser draws what it means below the expression.
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default();
            ScheduleError::Cron(
                text.to_owned(),
                last.trim_start_matches([' ', '^']).to_owned(),
            )
        })?;
        let schedule = Self {
            text: format!("{} {zone}", fields.join(" ")),
            cron,
            zone: TimeZone::get(zone).map_err(|_| ScheduleError::Zone(zone.to_owned()))?,
            counts_hours,
        };
        match schedule.on_the_wall(DateTime::constant(2024, 1, 1, 0, 0, 0, 0)) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(text.to_owned())),
        }
    }

    /// The expression with its time zone.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The next time after one.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let shown = self.zone.to_datetime(after);
        let (next, _) = self.instants(self.on_the_wall(shown)?)?;
        if next > after && self.is_plain(after, next) {
            return Some(next);
        }
        // Where a clock is changed, what stands earlier on the wall may come later.
        let mut wall = shown.checked_sub(CLOCK_CHANGE).ok()?;
        let mut best: Option<Timestamp> = None;
        loop {
            wall = self.on_the_wall(wall)?;
            let (first, second) = self.instants(wall)?;
            let found = [Some(first), second]
                .into_iter()
                .flatten()
                .find(|at| *at > after);
            best = match (found, best) {
                (Some(found), Some(known)) => Some(found.min(known)),
                (found, known) => found.or(known),
            };
            if let Some(best) = best
                && wall >= self.zone.to_datetime(best).checked_add(CLOCK_CHANGE).ok()?
            {
                return Some(best);
            }
        }
    }

    /// Whether no clock is changed around these times.
    fn is_plain(&self, from: Timestamp, to: Timestamp) -> bool {
        let (Ok(from), Ok(to)) = (from.checked_sub(CLOCK_CHANGE), to.checked_add(CLOCK_CHANGE))
        else {
            return false;
        };
        self.zone
            .following(from)
            .next()
            .is_none_or(|change| change.timestamp() > to)
    }

    /// The next time on the wall after one.
    fn on_the_wall(&self, after: DateTime) -> Option<DateTime> {
        let second = TimeZone::UTC.to_timestamp(after).ok()?.as_second();
        let found = self
            .cron
            .find_next(MakeTimestamp::from_second(second).ok()?)
            .ok()?;
        let second = found.timestamp().as_second();
        Some(TimeZone::UTC.to_datetime(Timestamp::from_second(second).ok()?))
    }

    /// When a clock on the wall shows a time: once, twice, or, if it is skipped, when the clock
    /// has gone forward.
    fn instants(&self, wall: DateTime) -> Option<(Timestamp, Option<Timestamp>)> {
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                Some((offset.to_timestamp(wall).ok()?, None))
            }
            AmbiguousOffset::Fold { before, after } => {
                let first = before.to_timestamp(wall).ok()?;
                let second = after.to_timestamp(wall).ok()?;
                Some((first, self.counts_hours.then_some(second)))
            }
            AmbiguousOffset::Gap { after, .. } => {
                // By the later offset it lies before the change, so the change is the next one.
                let early = after
                    .to_timestamp(wall)
                    .ok()?
                    .checked_sub(SignedDuration::from_secs(1));
                let change = self.zone.following(early.ok()?).next()?;
                Some((change.timestamp(), None))
            }
        }
    }
}

/// How much later than its due time a target is looked at, so that not all are at once: always the
/// same for a target, and less than `most`.
#[must_use]
pub fn offset(target: &str, most: Duration) -> Duration {
    let digest = Sha256::digest(target);
    let bytes = digest.iter().take(8);
    let number = bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    match most.as_secs() {
        0 => Duration::ZERO,
        seconds => Duration::from_secs(number % seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str, zone: &str, after: &str, many: usize) -> Vec<String> {
        let schedule = Schedule::parse(text, Some(zone)).unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..many {
            at = schedule.next_after(at).unwrap();
            found.push(at.to_string());
        }
        found
    }

    #[test]
    fn keeps_to_the_clock_on_the_wall() {
        assert_eq!(
            times(
                "30 6 * * MON-FRI",
                "Europe/Berlin",
                "2026-03-27T12:00:00Z",
                2
            ),
            // Summer time begins on Sunday the 29th.
            ["2026-03-30T04:30:00Z", "2026-03-31T04:30:00Z"]
        );
        assert_eq!(
            times("0 9 1 * *", "Asia/Kolkata", "2026-01-31T00:00:00Z", 2),
            ["2026-02-01T03:30:00Z", "2026-03-01T03:30:00Z"]
        );
        // Strictly after.
        assert_eq!(
            times("0 * * * *", "UTC", "2026-01-01T05:00:00Z", 1),
            ["2026-01-01T06:00:00Z"]
        );
    }

    #[test]
    fn skipped_times_come_once_when_the_clock_has_gone_forward() {
        // Berlin, 29 March: 02:00 becomes 03:00 at 01:00 UTC.
        assert_eq!(
            times("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        );
        assert_eq!(
            times("*/20 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]
        );
        // Half an hour in Lord Howe: 02:00 becomes 02:30.
        assert_eq!(
            times(
                "10 2 * * *",
                "Australia/Lord_Howe",
                "2026-10-03T12:00:00Z",
                1
            ),
            ["2026-10-03T15:30:00Z"]
        );
        assert_eq!(
            times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", 3),
            [
                "2026-03-29T00:30:00Z",
                "2026-03-29T01:00:00Z",
                "2026-03-29T01:30:00Z"
            ]
        );
    }

    #[test]
    fn times_that_come_twice_count_once_unless_hours_are_counted() {
        // Berlin, 25 October: 03:00 becomes 02:00 at 01:00 UTC.
        assert_eq!(
            times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        assert_eq!(
            times("30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 3),
            [
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:30:00Z",
                "2026-10-25T02:30:00Z"
            ]
        );
        assert_eq!(
            times("0 */2 * * *", "America/New_York", "2026-11-01T03:00:00Z", 3),
            [
                "2026-11-01T04:00:00Z",
                "2026-11-01T07:00:00Z",
                "2026-11-01T09:00:00Z"
            ]
        );
        // From within the second hour the first is not found again.
        assert_eq!(
            times("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1),
            ["2026-10-26T01:30:00Z"]
        );
    }

    #[test]
    fn a_year_of_quarters_has_no_gap_and_no_double() {
        for zone in [
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
        ] {
            let schedule = Schedule::parse("*/30 * * * *", Some(zone)).unwrap();
            let mut at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            let end: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
            while at < end {
                let next = schedule.next_after(at).unwrap();
                assert_eq!(next.duration_since(at).as_mins(), 30, "{zone} {at}");
                at = next;
            }
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str, zone| Schedule::parse(text, zone).unwrap_err();
        assert_eq!(
            error("0 6 * *", None),
            ScheduleError::Fields("0 6 * *".to_owned(), 4)
        );
        assert!(matches!(
            error("0 6 * * * UTC", None),
            ScheduleError::Fields(_, 6)
        ));
        assert!(matches!(error("", None), ScheduleError::Fields(_, 0)));
        assert_eq!(
            error("0 6 * * *", Some("Berlin")),
            ScheduleError::Zone("Berlin".to_owned())
        );
        assert_eq!(
            error("0 0 30 2 *", None),
            ScheduleError::Never("0 0 30 2 *".to_owned())
        );
        let wrong = error("61 6 * * *", None).to_string();
        assert!(wrong.contains("61 6 * * *"), "{wrong}");
        assert!(!wrong.contains('\n'), "{wrong}");
        assert_eq!(
            Schedule::parse("@daily", None).unwrap().text(),
            "0 0 * * * UTC"
        );
    }

    #[test]
    fn offsets_stay_and_spread() {
        let most = Duration::from_secs(600);
        let all: std::collections::BTreeSet<_> =
            (0..50).map(|n| offset(&format!("t{n}"), most)).collect();
        assert!(all.len() > 40 && all.iter().all(|offset| *offset < most));
        assert_eq!(offset("prod", most), offset("prod", most));
        assert_eq!(offset("prod", Duration::ZERO), Duration::ZERO);
    }
}
