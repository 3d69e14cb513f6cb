//! From a scan to a verdict: does the pipeline go on?

use abide_policy::Severity;

use crate::finding::{Finding, Outcome};
use crate::rollout::Stage;
use crate::scan::Scan;

/// What to do about evaluations that cannot be decided yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// Show them.
    #[default]
    Warn,
    /// Treat them like failures of the same severity.
    Fail,
    /// Leave them out of what people see; the counts stay.
    Ignore,
}

/// When to stop the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Gate {
    /// The mildest severity that fails; `None` never fails.
    pub fail_on: Option<Severity>,
    /// What unknowns do.
    pub on_unknown: OnUnknown,
    /// Whether it is fine that nothing was evaluated.
    pub allow_empty: bool,
}

/// The verdict on a scan, and the exit code it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing at or above the threshold: 0.
    Passed,
    /// Findings at or above the threshold: 1.
    Failed,
    /// A part of the input or a policy could not be judged, and nothing else failed: 2.
    Incomplete,
    /// Nothing was evaluated: 3.
    NothingEvaluated,
}

impl Verdict {
    /// Its word in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Incomplete => "incomplete",
            Self::NothingEvaluated => "nothing_evaluated",
        }
    }

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Incomplete => 2,
            Self::NothingEvaluated => 3,
        }
    }
}

impl Gate {
    /// Whether a finding makes a run fail.
    #[must_use]
    pub fn counts(&self, finding: &Finding) -> bool {
        let stands = match finding.outcome {
            Outcome::Fail => finding.is_new_violation(),
            Outcome::Unknown => self.on_unknown == OnUnknown::Fail && !finding.in_baseline,
            _ => false,
        };
        let is_bad_enough = self
            .fail_on
            .is_some_and(|threshold| finding.severity >= threshold);
        stands && is_bad_enough && finding.rollout == Stage::Enforce
    }

    /// Judges a scan.
    #[must_use]
    pub fn judge(&self, scan: &Scan) -> Verdict {
        let failed = scan.findings.iter().any(|finding| self.counts(finding));
        if failed {
            Verdict::Failed
        } else if !scan.is_complete() {
            Verdict::Incomplete
        } else if scan.summary.evaluated == 0 && !self.allow_empty {
            Verdict::NothingEvaluated
        } else {
            Verdict::Passed
        }
    }
}
