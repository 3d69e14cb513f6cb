//! What may be said of a control: one pure function decides.
//!
//! | verdict | when |
//! |---|---|
//! | `FAIL` | a violation stood in the period that no exception covered; also if it was fixed later |
//! | `NOT SHOWN` | infrastructure code shows nothing about the control, whatever passes |
//! | `NOT TESTED` | no policy of it was in force, no whole scan was made, or nothing was evaluated |
//! | `INCOMPLETE` | an evaluation was unknown or in error, or the evidence has a hole: a gap, a scan that did not run, a partial scan that no whole one followed, scans without a policy of it, history that was moved away |
//! | `EXCEPTED` | as `PASS`, but exceptions covered violations |
//! | `PASS` | at least one evaluation, all of them passed, and no hole |
//!
//! The first that fits, from above.

use serde::Serialize;

/// Evaluations by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// The policy was followed.
    pub pass: u64,
    /// It was not.
    pub fail: u64,
    /// It was not, and an exception covered that.
    pub excepted: u64,
    /// It could not be told.
    pub unknown: u64,
    /// The evaluation failed.
    pub error: u64,
    /// The policy does not concern the resource.
    pub not_applicable: u64,
}

impl Counts {
    /// Evaluations that were made.
    #[must_use]
    pub fn evaluated(&self) -> u64 {
        self.pass + self.fail + self.excepted + self.unknown + self.error
    }

    /// Unknown or in error: the fifth verdict.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        self.unknown + self.error
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.excepted += other.excepted;
        self.unknown += other.unknown;
        self.error += other.error;
        self.not_applicable += other.not_applicable;
    }
}

/// Days of resources, each by the worst that happened to the resource on that day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DayCounts {
    /// All was well.
    pub pass: u64,
    /// A violation.
    pub fail: u64,
    /// A violation under an exception.
    pub excepted: u64,
    /// It could not be told, or an evaluation failed.
    pub unknown: u64,
    /// No policy concerns the resource.
    pub not_applicable: u64,
    /// The last scan was too long ago.
    pub not_scanned: u64,
}

impl DayCounts {
    /// All days.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.pass
            + self.fail
            + self.excepted
            + self.unknown
            + self.not_applicable
            + self.not_scanned
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.excepted += other.excepted;
        self.unknown += other.unknown;
        self.not_applicable += other.not_applicable;
        self.not_scanned += other.not_scanned;
    }
}

/// What is said of a control over a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlVerdict {
    /// All was evaluated and passed.
    Pass,
    /// All passed but what exceptions covered.
    Excepted,
    /// Nothing failed, but the evidence has a hole.
    Incomplete,
    /// A violation stood.
    Fail,
    /// Nothing was evaluated.
    NotTested,
    /// Infrastructure code shows nothing about it.
    NotShown,
}

impl ControlVerdict {
    /// All, as summaries count them.
    pub const ALL: [Self; 6] = [
        Self::Fail,
        Self::Incomplete,
        Self::NotTested,
        Self::NotShown,
        Self::Excepted,
        Self::Pass,
    ];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Excepted => "EXCEPTED",
            Self::Incomplete => "INCOMPLETE",
            Self::Fail => "FAIL",
            Self::NotTested => "NOT TESTED",
            Self::NotShown => "NOT SHOWN",
        }
    }
}

/// What stands in the way of a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// Violations stood.
    Violations {
        /// How many.
        count: u64,
    },
    /// Exceptions covered violations.
    Excepted {
        /// Evaluations covered.
        evaluations: u64,
    },
    /// Evaluations could not tell.
    Unknown {
        /// How many.
        evaluations: u64,
    },
    /// Evaluations failed.
    Error {
        /// How many.
        evaluations: u64,
    },
    /// Too long without a whole scan.
    Gap {
        /// Where.
        target: String,
        /// From, in milliseconds since 1970.
        from: i64,
        /// To.
        to: i64,
    },
    /// Scans that were due and did not come, or not whole.
    Missed {
        /// Where.
        target: String,
        /// How many.
        slots: u64,
    },
    /// Partial scans that no whole one followed in time.
    Partial {
        /// Where.
        target: String,
        /// How many.
        scans: u64,
    },
    /// Scans without a policy of the control.
    NotInForce {
        /// Whole scans with one.
        with: u64,
        /// Whole scans.
        of: u64,
    },
    /// Old history was moved out of the store after it was recorded.
    Pruned {
        /// Up to, in milliseconds since 1970.
        before: i64,
    },
    /// No policy of the control was in force.
    NoPolicy,
    /// No whole scan in the period.
    NoScan,
    /// No policy of the control concerned any resource.
    NothingEvaluated,
    /// Infrastructure code shows nothing about the control.
    ShowsNothing,
}

impl Reason {
    /// Whether it keeps a control from passing.
    #[must_use]
    pub fn is_hole(&self) -> bool {
        matches!(
            self,
            Self::Unknown { .. }
                | Self::Error { .. }
                | Self::Gap { .. }
                | Self::Missed { .. }
                | Self::Partial { .. }
                | Self::NotInForce { .. }
                | Self::Pruned { .. }
        )
    }
}

/// What is known about a control.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Whether infrastructure code can show anything of it.
    pub shows: bool,
    /// Policies of it in force in the period.
    pub policies: u64,
    /// Whole scans of all targets in scope.
    pub scans: u64,
    /// Those with a policy of it.
    pub scans_in_force: u64,
    /// Violations that stood.
    pub violations: u64,
    /// Evaluations.
    pub evaluations: Counts,
    /// Days.
    pub days: DayCounts,
    /// Holes of the targets: gaps, missed and partial scans, moved history.
    pub holes: Vec<Reason>,
}

/// The verdict, with all that stands in the way of a better one.
#[must_use]
pub fn judge(evidence: &Evidence) -> (ControlVerdict, Vec<Reason>) {
    let Evidence {
        evaluations, days, ..
    } = evidence;
    let mut reasons = Vec::new();
    let failed = evidence.violations > 0 || evaluations.fail > 0 || days.fail > 0;
    if failed {
        reasons.push(Reason::Violations {
            count: evidence.violations.max(1),
        });
    }
    if evaluations.unknown > 0 || (days.unknown > 0 && evaluations.error == 0) {
        reasons.push(Reason::Unknown {
            evaluations: evaluations.unknown,
        });
    }
    if evaluations.error > 0 {
        reasons.push(Reason::Error {
            evaluations: evaluations.error,
        });
    }
    reasons.extend(evidence.holes.iter().cloned());
    if evidence.policies > 0 && evidence.scans_in_force < evidence.scans {
        reasons.push(Reason::NotInForce {
            with: evidence.scans_in_force,
            of: evidence.scans,
        });
    }
    let incomplete = reasons.iter().any(Reason::is_hole);
    let excepted = evaluations.excepted > 0 || days.excepted > 0;
    if excepted {
        reasons.push(Reason::Excepted {
            evaluations: evaluations.excepted,
        });
    }
    let untested = if evidence.policies == 0 {
        Some(Reason::NoPolicy)
    } else if evidence.scans == 0 {
        Some(Reason::NoScan)
    } else if evaluations.evaluated() == 0 {
        Some(Reason::NothingEvaluated)
    } else {
        None
    };
    let verdict = if failed {
        ControlVerdict::Fail
    } else if !evidence.shows {
        reasons.insert(0, Reason::ShowsNothing);
        ControlVerdict::NotShown
    } else if let Some(reason) = untested {
        reasons.insert(0, reason);
        ControlVerdict::NotTested
    } else if incomplete {
        ControlVerdict::Incomplete
    } else if excepted {
        ControlVerdict::Excepted
    } else {
        ControlVerdict::Pass
    };
    (verdict, reasons)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn good() -> Evidence {
        Evidence {
            shows: true,
            policies: 2,
            scans: 3,
            scans_in_force: 3,
            evaluations: Counts {
                pass: 6,
                not_applicable: 4,
                ..Counts::default()
            },
            days: DayCounts {
                pass: 90,
                ..DayCounts::default()
            },
            ..Evidence::default()
        }
    }

    fn of(change: impl FnOnce(&mut Evidence)) -> ControlVerdict {
        let mut evidence = good();
        change(&mut evidence);
        judge(&evidence).0
    }

    #[test]
    fn each_verdict_has_its_cause() {
        use ControlVerdict::*;
        assert_eq!(judge(&good()), (Pass, Vec::new()));
        assert_eq!(of(|e| e.evaluations.fail = 1), Fail);
        // It stood when the period began and was gone at the first scan.
        assert_eq!(of(|e| e.days.fail = 1), Fail);
        assert_eq!(of(|e| e.evaluations.excepted = 1), Excepted);
        assert_eq!(of(|e| e.days.excepted = 1), Excepted);
        assert_eq!(of(|e| e.evaluations.unknown = 1), Incomplete);
        assert_eq!(of(|e| e.days.unknown = 1), Incomplete);
        assert_eq!(of(|e| e.evaluations.error = 1), Incomplete);
        assert_eq!(of(|e| e.scans_in_force = 2), Incomplete);
        assert_eq!(of(|e| e.shows = false), NotShown);
        assert_eq!(of(|e| e.policies = 0), NotTested);
        assert_eq!(
            of(|e| {
                e.scans = 0;
                e.scans_in_force = 0;
            }),
            NotTested
        );
        assert_eq!(of(|e| e.evaluations.pass = 0), NotTested);
        let gap = Reason::Gap {
            target: "a".to_owned(),
            from: 0,
            to: 1,
        };
        assert_eq!(of(|e| e.holes.push(gap)), Incomplete);
        let partial = Reason::Partial {
            target: "a".to_owned(),
            scans: 1,
        };
        assert_eq!(of(|e| e.holes.push(partial)), Incomplete);
        let missed = Reason::Missed {
            target: "a".to_owned(),
            slots: 1,
        };
        assert_eq!(of(|e| e.holes.push(missed)), Incomplete);
        assert_eq!(
            of(|e| e.holes.push(Reason::Pruned { before: 1 })),
            Incomplete
        );
    }

    #[test]
    fn a_violation_is_told_even_where_nothing_can_be_shown() {
        assert_eq!(
            of(|e| {
                e.shows = false;
                e.evaluations.fail = 1;
            }),
            ControlVerdict::Fail
        );
    }

    proptest! {
        /// A pass needs evaluations, and nothing but passes, however the numbers fall.
        #[test]
        fn a_pass_hides_nothing(
            shows: bool, policies in 0_u64..2, scans in 0_u64..3, in_force in 0_u64..3, violations in 0_u64..2,
            counts in prop::array::uniform5(0_u64..2), days in prop::array::uniform3(0_u64..2), hole: bool,
        ) {
            let [pass, fail, excepted, unknown, error] = counts;
            let evidence = Evidence {
                shows, policies, scans, violations,
                scans_in_force: in_force.min(scans),
                evaluations: Counts { pass, fail, excepted, unknown, error, not_applicable: 1 },
                days: DayCounts { fail: days[0], excepted: days[1], unknown: days[2], ..DayCounts::default() },
                holes: if hole { vec![Reason::Pruned { before: 1 }] } else { Vec::new() },
            };
            let (verdict, reasons) = judge(&evidence);
            let clean = fail + violations + days[0] + unknown + error + days[2] == 0 && !hole;
            if matches!(verdict, ControlVerdict::Pass | ControlVerdict::Excepted) {
                prop_assert!(shows && policies > 0 && scans > 0 && in_force >= scans && clean);
                prop_assert!(evidence.evaluations.evaluated() > 0);
            }
            prop_assert_eq!(verdict == ControlVerdict::Pass, reasons.is_empty());
            prop_assert_eq!(verdict == ControlVerdict::Fail, fail + violations + days[0] > 0);
        }
    }
}
