//! Scales with round numbers.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{Anchor, Dash, Ink, Scene, WIDTH};
use crate::document::Unit;
use crate::render::words;

/// Values to coordinates.
pub(super) struct Scale {
    low: f64,
    high: f64,
    at_low: f32,
    at_high: f32,
}

impl Scale {
    pub(super) fn new(low: f64, high: f64, at_low: f32, at_high: f32) -> Self {
        Self {
            low,
            high,
            at_low,
            at_high,
        }
    }

    /// Where a value is; those beyond the ends are at the ends.
    #[allow(clippy::cast_possible_truncation)] // a share of 1
    pub(super) fn at(&self, value: f64) -> f32 {
        let span = self.high - self.low;
        let share = match span > 0.0 {
            true => ((value - self.low) / span).clamp(0.0, 1.0) as f32,
            false => 0.0,
        };
        self.at_low + share * (self.at_high - self.at_low)
    }
}

/// Times to coordinates.
pub(super) fn time_scale(from: i64, to: i64, left: f32) -> Scale {
    Scale::new(float(from), float(to), left, WIDTH - 14.0)
}

#[allow(clippy::cast_precision_loss)] // 2^53 ms are 285 000 years
pub(super) fn float(ms: i64) -> f64 {
    ms as f64
}

/// Round values from 0, or from a round share if all are above it, to at least the highest.
pub(super) fn ticks(unit: Unit, values: impl Iterator<Item = f64>) -> Vec<f64> {
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    for value in values.filter(|value| value.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if unit == Unit::Percent && high <= 100.0 {
        let (first, step) = match low {
            90.0.. => (90.0, 2.0),
            50.0.. => (50.0, 10.0),
            _ => (0.0, 20.0),
        };
        return steps(first, step, 100.0);
    }
    let step = match unit {
        Unit::Count => round_step(high / 5.0).max(1.0),
        _ => round_step(high / 5.0),
    };
    steps(0.0, step, (high / step).ceil().max(1.0) * step)
}

fn steps(first: f64, step: f64, last: f64) -> Vec<f64> {
    (0_u32..12)
        .map(|n| first + f64::from(n) * step)
        .take_while(|value| *value <= last + step / 1000.0)
        .collect()
}

/// 1, 2 or 5 times a power of ten, not below.
fn round_step(least: f64) -> f64 {
    if least <= 0.0 || !least.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= least * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// Days or months between two times, with labels.
pub(super) fn time_ticks(from: i64, to: i64) -> Vec<(i64, String)> {
    const DAY: i64 = 86_400_000;
    /// Longer spans are no report's.
    const LONGEST: i64 = 200 * 366;
    let days = to.checked_sub(from).map_or(i64::MAX, |span| span / DAY);
    let (Some(first), true, ..=LONGEST) = (day(from), to > from, days) else {
        return Vec::new();
    };
    let (start, months, label): (Date, i64, fn(i64) -> String) = match days {
        0..=62 => (first, 0, words::short_date),
        _ => (first.first_of_month(), (days / 30 / 9 + 1), words::month),
    };
    let step = (days / 8 + 1).max(1);
    let mut out = Vec::new();
    let mut date = start;
    while out.len() < 64 {
        let Some(ms) = midnight(date).filter(|ms| *ms <= to) else {
            break;
        };
        if ms >= from {
            out.push((ms, label(ms)));
        }
        let next = match months {
            0 => date.checked_add(step.days()),
            months => date.checked_add(months.months()),
        };
        let Ok(next) = next else { break };
        date = next;
    }
    out
}

fn day(ms: i64) -> Option<Date> {
    let at = Timestamp::from_millisecond(ms).ok()?;
    Some(TimeZone::UTC.to_datetime(at).date())
}

fn midnight(date: Date) -> Option<i64> {
    let at = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(at.as_millisecond())
}

/// Lines across a plot for values, and their labels left of it.
pub(super) fn draw_values(scene: &mut Scene, scale: &Scale, unit: Unit, ticks: &[f64], left: f32) {
    for value in ticks {
        let y = scale.at(*value);
        scene.line(
            vec![(left, y), (WIDTH - 14.0, y)],
            Ink::Grid,
            1.0,
            Dash::Solid,
        );
        let label = words::number(*value, unit);
        scene.text(left - 8.0, y + 4.0, Anchor::End, Ink::Muted, label);
    }
}

/// Lines down a plot for times, and their labels below it.
pub(super) fn draw_times(
    scene: &mut Scene,
    scale: &Scale,
    range: (i64, i64),
    top: f32,
    bottom: f32,
) {
    for (ms, label) in time_ticks(range.0, range.1) {
        let x = scale.at(float(ms));
        scene.line(
            vec![(x, top), (x, bottom + 5.0)],
            Ink::Grid,
            1.0,
            Dash::Solid,
        );
        let (anchor, x) = match x > WIDTH - 44.0 {
            true => (Anchor::End, WIDTH),
            false => (Anchor::Middle, x),
        };
        scene.text(x, bottom + 19.0, anchor, Ink::Muted, label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_highest() {
        assert_eq!(
            ticks(Unit::Count, [3.0, 17.0].into_iter()),
            [0.0, 5.0, 10.0, 15.0, 20.0]
        );
        assert_eq!(ticks(Unit::Count, [1.0].into_iter()), [0.0, 1.0]);
        assert_eq!(ticks(Unit::Count, std::iter::empty()), [0.0, 1.0]);
        assert_eq!(
            ticks(Unit::Percent, [97.0].into_iter()).first(),
            Some(&90.0)
        );
        assert_eq!(ticks(Unit::Days, [0.3].into_iter()).len(), 4);
        assert!(ticks(Unit::Days, [f64::NAN, f64::MAX].into_iter()).len() > 1);
    }

    #[test]
    fn time_ticks_fit() {
        let (from, day) = (1_767_225_600_000, 86_400_000); // 2026-01-01
        let months = time_ticks(from, from + 181 * day);
        let labels: Vec<&str> = months.iter().map(|(_, label)| &**label).collect();
        assert_eq!(
            labels,
            [
                "Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026", "May 2026", "Jun 2026", "Jul 2026"
            ]
        );
        for days in [1, 7, 30, 62, 63, 400, 4000] {
            let ticks = time_ticks(from, from + days * day);
            assert!((2..=12).contains(&ticks.len()), "{days}: {}", ticks.len());
        }
        assert!(time_ticks(5, 5).is_empty());
        assert!(time_ticks(i64::MIN, i64::MAX).is_empty());
    }
}
