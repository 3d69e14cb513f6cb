//! Rollout: how a policy is put in force, step by step.
//!
//! A new policy first only counts what it would find (`observe`), then tells
//! people (`warn`), then stops the pipeline (`enforce`). Which step holds is
//! decided by the time a run is given, never by a clock.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What a finding of a policy does.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It is counted and listed, and folded in what people read. It never fails a run.
    Observe,
    /// It is shown like every other, and never fails a run.
    Warn,
    /// It is shown, and fails a run as the gate says.
    #[default]
    Enforce,
}

impl Stage {
    /// All of them, from the mildest.
    pub const ALL: [Self; 3] = [Self::Observe, Self::Warn, Self::Enforce];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A mode, and from which day (UTC) it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The first day.
    pub from: Date,
    /// The mode.
    pub mode: Stage,
}

/// The modes of a policy over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout(Plan);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    Always(Stage),
    /// At least one, their days ascend.
    Steps(Vec<Step>),
}

/// Why steps make no rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RolloutError {
    /// There are none.
    #[error("expected at least one step: {{ from = 2026-01-01, mode = \"warn\" }}")]
    Empty,
    /// They are not in order.
    #[error(
        "the step from {later} stands after the one from {earlier}: expected steps in the order of their days, each day once"
    )]
    Order {
        /// The day of the step that stands first.
        earlier: Date,
        /// The day of the next one.
        later: Date,
    },
}

impl Default for Rollout {
    fn default() -> Self {
        Self::always(Stage::default())
    }
}

impl Rollout {
    /// One mode at all times.
    #[must_use]
    pub fn always(mode: Stage) -> Self {
        Self(Plan::Always(mode))
    }

    /// Modes from given days on. Before the first of them the policy is only observed.
    ///
    /// # Errors
    /// If there is no step, or their days do not ascend.
    pub fn stepped(steps: Vec<Step>) -> Result<Self, RolloutError> {
        if steps.is_empty() {
            return Err(RolloutError::Empty);
        }
        let wrong = steps.windows(2).find(|pair| pair[0].from >= pair[1].from);
        match wrong {
            Some(pair) => Err(RolloutError::Order {
                earlier: pair[0].from,
                later: pair[1].from,
            }),
            None => Ok(Self(Plan::Steps(steps))),
        }
    }

    /// Its steps; none if it is one mode at all times.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        match &self.0 {
            Plan::Always(_) => &[],
            Plan::Steps(steps) => steps,
        }
    }

    /// The mode that holds at a time.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Stage {
        match &self.0 {
            Plan::Always(mode) => *mode,
            Plan::Steps(steps) => {
                let today = TimeZone::UTC.to_datetime(now).date();
                let begun = steps.iter().rev().find(|step| step.from <= today);
                begun.map_or(Stage::Observe, |step| step.mode)
            }
        }
    }
}

impl fmt::Display for Rollout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Plan::Always(mode) => mode.fmt(f),
            Plan::Steps(steps) => {
                for (at, step) in steps.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}{} from {}", step.mode, step.from)?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn the_given_time_decides() {
        let rollout = Rollout::stepped(vec![
            Step {
                from: day("2026-01-01"),
                mode: Stage::Warn,
            },
            Step {
                from: day("2026-03-01"),
                mode: Stage::Enforce,
            },
        ])
        .unwrap();
        for (now, mode) in [
            ("2025-12-31T23:59:59Z", Stage::Observe),
            ("2026-01-01T00:00:00Z", Stage::Warn),
            ("2026-02-28T23:59:59Z", Stage::Warn),
            ("2026-03-01T00:00:00Z", Stage::Enforce),
            ("2030-01-01T00:00:00Z", Stage::Enforce),
        ] {
            assert_eq!(rollout.at(now.parse().unwrap()), mode, "{now}");
        }
    }

    #[test]
    fn steps_out_of_order_are_refused() {
        let step = |from| Step {
            from: day(from),
            mode: Stage::Warn,
        };
        assert_eq!(Rollout::stepped(Vec::new()), Err(RolloutError::Empty));
        for second in ["2026-01-01", "2025-01-01"] {
            assert!(matches!(
                Rollout::stepped(vec![step("2026-01-01"), step(second)]),
                Err(RolloutError::Order { .. })
            ));
        }
    }
}
