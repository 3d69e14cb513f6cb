//! How values read, alike in every format.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::document::{Cell, NoticeKind, Unit, Verdict};

/// Shown where there is nothing to say.
pub(crate) const NOTHING: &str = "–";
/// Before the digest of the report's data.
pub(crate) const DIGEST: &str = "SHA-256 of the report's data";

const DAY: i64 = 86_400_000;

/// `2026-03-01 12:34:56Z`.
pub(crate) fn time(ms: i64) -> String {
    format(ms, "%Y-%m-%d %H:%M:%SZ")
}

/// `2026-03-01`.
pub(crate) fn date(ms: i64) -> String {
    format(ms, "%Y-%m-%d")
}

/// `1 Mar`, for axes.
pub(crate) fn short_date(ms: i64) -> String {
    format(ms, "%-d %b")
}

/// `Mar 2026`, for axes.
pub(crate) fn month(ms: i64) -> String {
    format(ms, "%b %Y")
}

/// `2026-03-01T12:34:56Z`, with milliseconds if there are any.
pub(crate) fn iso(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| far(ms), |at| at.to_string())
}

fn format(ms: i64, pattern: &str) -> String {
    let Ok(at) = Timestamp::from_millisecond(ms) else {
        return far(ms);
    };
    TimeZone::UTC.to_datetime(at).strftime(pattern).to_string()
}

/// A time that no calendar has.
fn far(ms: i64) -> String {
    format!("{ms} ms since 1970")
}

/// `12.3 d`, `4 h 10 min`, `25 min`, `40 s`: exact enough, and never rounded up.
pub(crate) fn days(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let (day, hour, minute) = (DAY.unsigned_abs(), 3_600_000, 60_000);
    if ms >= day {
        let tenths = ms % day * 10 / day;
        return format!("{sign}{}.{tenths} d", grouped(ms / day));
    }
    if ms >= hour {
        let (hours, minutes) = (ms / hour, ms % hour / minute);
        return match minutes {
            0 => format!("{sign}{hours} h"),
            _ => format!("{sign}{hours} h {minutes} min"),
        };
    }
    match ms >= minute {
        true => format!("{sign}{} min", ms / minute),
        false => format!("{sign}{} s", ms / 1000),
    }
}

/// Days as a number.
#[allow(clippy::cast_precision_loss)] // 2^53 ms are 285 000 years
pub(crate) fn days_number(ms: i64) -> f64 {
    ms as f64 / DAY as f64
}

/// `12,345`.
pub(crate) fn integer(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(value.unsigned_abs()))
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `value` / 10^`places`, without grouping if `plain`.
pub(crate) fn decimal(value: i64, places: u8, plain: bool) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!(
        "{:0>width$}",
        value.unsigned_abs(),
        width = usize::from(places) + 1
    );
    let (whole, rest) = digits
        .split_at_checked(digits.len() - usize::from(places))
        .unwrap_or((&digits, ""));
    let whole = match whole.parse() {
        Ok(number) if !plain => grouped(number),
        _ => whole.to_owned(),
    };
    match rest {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

/// `98.21%`. Cut, not rounded: what is not all is never 100%, what is not nothing never 0%.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return NOTHING.to_owned();
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(whole);
    match (part, hundredths) {
        (1.., 0) => "<0.01%".to_owned(),
        _ => format!("{}.{:02}%", hundredths / 100, hundredths % 100),
    }
}

/// A value of a chart.
pub(crate) fn number(value: f64, unit: Unit) -> String {
    let text = format!("{value:.2}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    match unit {
        Unit::Count => text.to_owned(),
        Unit::Percent => format!("{text}%"),
        Unit::Days => format!("{text} d"),
    }
}

/// The word of a verdict where it stands alone: PASS.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Excepted => "EXCEPTED",
        Verdict::Unknown => "UNKNOWN",
        Verdict::NotApplicable => "NOT APPLICABLE",
        Verdict::NotScanned => "NOT SCANNED",
        Verdict::Incomplete => "INCOMPLETE",
        Verdict::NotTested => "NOT TESTED",
    }
}

/// What stands before a notice, for those who do not see its colour.
pub(crate) fn notice(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Note => "Note",
        NoticeKind::Warning => "Warning",
        NoticeKind::Problem => "Problem",
    }
}

/// Yes or no.
pub(crate) fn yes_no(value: bool) -> &'static str {
    match value {
        true => "yes",
        false => "no",
    }
}

/// A cell as text, not escaped. Lists are for the renderers; here they are one line.
pub(crate) fn plain(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => NOTHING.into(),
        Cell::Text(text) | Cell::Code(text) | Cell::Url(text) | Cell::Link { text, .. } => {
            text.into()
        }
        Cell::List(values) => values.join(", ").into(),
        Cell::Integer(value) => integer(*value).into(),
        Cell::Decimal { value, places } => decimal(*value, *places, false).into(),
        Cell::Percent { part, whole } => percent(*part, *whole).into(),
        Cell::Time(ms) => time(*ms).into(),
        Cell::Date(ms) => date(*ms).into(),
        Cell::Days(ms) => days(*ms).into(),
        Cell::Bool(value) => yes_no(*value).into(),
        Cell::Verdict(verdict) => verdict.as_str().into(),
        Cell::Severity(severity) => severity.as_str().into(),
    }
}

/// Whether a text may become a link: an address of the web, all of it plain.
pub(crate) fn is_web(url: &str) -> bool {
    url.strip_prefix("https://").is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '`' | '\''))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        assert_eq!(time(1_772_368_496_789), "2026-03-01 12:34:56Z");
        assert_eq!(iso(1_772_368_496_789), "2026-03-01T12:34:56.789Z");
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(i64::MAX), format!("{} ms since 1970", i64::MAX));
    }

    #[test]
    fn durations_are_never_rounded_up() {
        for (ms, text) in [
            (DAY - 1, "23 h 59 min"),
            (DAY, "1.0 d"),
            (DAY * 3 / 2, "1.5 d"),
            (DAY * 1234, "1,234.0 d"),
            (7_200_000, "2 h"),
            (59_999, "59 s"),
            (-DAY, "-1.0 d"),
        ] {
            assert_eq!(days(ms), text);
        }
        assert!(!days(i64::MIN).is_empty());
    }

    #[test]
    fn shares_are_cut() {
        assert_eq!(percent(99_999, 100_000), "99.99%");
        assert_eq!(percent(1, 1_000_000), "<0.01%");
        assert_eq!(percent(0, 5), "0.00%");
        assert_eq!(percent(5, 5), "100.00%");
        assert_eq!(percent(0, 0), NOTHING);
        assert_eq!(percent(u64::MAX, u64::MAX), "100.00%");
    }

    #[test]
    fn numbers() {
        assert_eq!(integer(-1_234_567), "-1,234,567");
        assert_eq!(integer(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(decimal(-5, 2, false), "-0.05");
        assert_eq!(decimal(123_456_789, 2, false), "1,234,567.89");
        assert_eq!(decimal(123_456, 1, true), "12345.6");
        assert_eq!(decimal(7, 0, true), "7");
        assert_eq!(number(12.50, Unit::Days), "12.5 d");
        assert_eq!(number(100.0, Unit::Percent), "100%");
    }

    #[test]
    fn only_plain_addresses_become_links() {
        assert!(is_web("https://git.example/pull/1?a=b&c=d"));
        for url in [
            "http://x",
            "javascript:alert(1)",
            "https://",
            "https://a b",
            "https://a\"b",
        ] {
            assert!(!is_web(url), "{url}");
        }
    }
}
