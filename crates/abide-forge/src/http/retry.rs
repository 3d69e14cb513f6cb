//! When a call is made again, and how long we wait before it. No clock here: times come in.

use std::time::Duration;

use jiff::Timestamp;

/// How often and how long we try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Calls at most, the first included.
    pub calls: u32,
    /// All waiting of one call at most.
    pub wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            calls: 5,
            wait: Duration::from_secs(300),
        }
    }
}

/// What an answer says about limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Signals {
    pub(super) status: u16,
    /// `Retry-After`.
    pub(super) retry_after: Option<String>,
    /// `X-RateLimit-Remaining`, `RateLimit-Remaining`.
    pub(super) remaining: Option<String>,
    /// `X-RateLimit-Reset`, `RateLimit-Reset`: seconds since 1970.
    pub(super) reset: Option<String>,
    /// The message in the body.
    pub(super) message: String,
}

/// What to do after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Take it as it is.
    Take,
    /// The forge did nothing, and asks to wait.
    Limited(Duration),
    /// The forge is in trouble; whether it did something is open.
    Trouble(Duration),
}

/// GitHub asks for a minute at least where a secondary limit names no time.
const SECONDARY: Duration = Duration::from_secs(60);
const FIRST: Duration = Duration::from_secs(1);

/// What to do after an answer to the call of this number, from 0.
pub(super) fn after(signals: &Signals, call: u32, now: Timestamp) -> Next {
    let asked = signals
        .retry_after
        .as_deref()
        .and_then(|text| delay(text, now));
    match signals.status {
        403 | 429 if is_limit(signals) => {
            let used_up = signals.remaining.as_deref() == Some("0");
            let reset = signals.reset.as_deref().filter(|_| used_up);
            let reset = reset.and_then(|text| until(text, now));
            Next::Limited(asked.or(reset).unwrap_or_else(|| doubled(SECONDARY, call)))
        }
        408 | 500 | 502 | 503 | 504 => Next::Trouble(asked.unwrap_or_else(|| pause(call))),
        _ => Next::Take,
    }
}

/// How long to wait after trouble without an answer.
pub(super) fn pause(call: u32) -> Duration {
    doubled(FIRST, call)
}

fn doubled(first: Duration, call: u32) -> Duration {
    first.saturating_mul(1 << call.min(10))
}

/// A 403 is one of three: a used-up limit, a secondary one, or a token that may not.
fn is_limit(signals: &Signals) -> bool {
    signals.status == 429
        || signals.retry_after.is_some()
        || signals.remaining.as_deref() == Some("0")
        || signals.message.to_ascii_lowercase().contains("rate limit")
}

/// Seconds, or a date of HTTP.
fn delay(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(between(now, date))
}

/// A second more than the time that is left: clocks differ.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let reset = Timestamp::from_second(text.trim().parse().ok()?).ok()?;
    Some(between(now, reset) + FIRST)
}

fn between(now: Timestamp, then: Timestamp) -> Duration {
    then.duration_since(now)
        .try_into()
        .unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn signals(status: u16) -> Signals {
        Signals {
            status,
            ..Signals::default()
        }
    }

    #[test]
    fn a_weak_token_is_not_a_limit() {
        let denied = Signals {
            message: "Resource not accessible by integration".to_owned(),
            remaining: Some("4999".to_owned()),
            ..signals(403)
        };
        assert_eq!(after(&denied, 0, now()), Next::Take);
        for status in [200, 201, 204, 304, 401, 404, 410, 422] {
            assert_eq!(after(&signals(status), 0, now()), Next::Take, "{status}");
        }
    }

    #[test]
    fn the_primary_limit_waits_for_its_reset() {
        let used_up = Signals {
            remaining: Some("0".to_owned()),
            reset: Some((now().as_second() + 30).to_string()),
            ..signals(403)
        };
        assert_eq!(
            after(&used_up, 0, now()),
            Next::Limited(Duration::from_secs(31))
        );
        let past = Signals {
            reset: Some("1".to_owned()),
            ..used_up
        };
        assert_eq!(
            after(&past, 0, now()),
            Next::Limited(Duration::from_secs(1))
        );
    }

    #[test]
    fn the_secondary_limit_waits_as_long_as_it_says() {
        let secondary = Signals {
            message: "You have exceeded a secondary rate limit".to_owned(),
            ..signals(403)
        };
        assert_eq!(
            after(&secondary, 0, now()),
            Next::Limited(Duration::from_secs(60))
        );
        assert_eq!(
            after(&secondary, 1, now()),
            Next::Limited(Duration::from_secs(120))
        );
        let said = Signals {
            retry_after: Some("7".to_owned()),
            ..secondary.clone()
        };
        assert_eq!(
            after(&said, 3, now()),
            Next::Limited(Duration::from_secs(7))
        );
        let dated = Signals {
            retry_after: Some("Sun, 01 Mar 2026 12:00:09 GMT".to_owned()),
            ..secondary
        };
        assert_eq!(
            after(&dated, 0, now()),
            Next::Limited(Duration::from_secs(9))
        );
    }

    #[test]
    fn trouble_doubles_the_pause() {
        for (call, seconds) in [(0, 1), (1, 2), (2, 4)] {
            let pause = Next::Trouble(Duration::from_secs(seconds));
            assert_eq!(after(&signals(502), call, now()), pause);
        }
        assert_eq!(doubled(FIRST, u32::MAX), Duration::from_secs(1024));
    }
}
