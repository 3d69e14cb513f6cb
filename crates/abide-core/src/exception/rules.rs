//! How long an exception may run, and who must approve it.

use abide_policy::Severity;

/// A value for each severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerSeverity<T> {
    /// Critical.
    pub critical: T,
    /// High.
    pub high: T,
    /// Medium.
    pub medium: T,
    /// Low.
    pub low: T,
}

impl<T: Copy> PerSeverity<T> {
    /// The value of a severity.
    #[must_use]
    pub fn get(&self, severity: Severity) -> T {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }

    /// The place of a severity's value.
    pub fn get_mut(&mut self, severity: Severity) -> &mut T {
        match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
        }
    }
}

/// The rules exceptions are held to. The defaults are the widest there are; a configuration
/// makes them narrower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Days an exception may run.
    pub max_days: PerSeverity<i32>,
    /// Approvers it needs.
    pub approvals: PerSeverity<usize>,
    /// How often one may follow another.
    pub renewals: usize,
    /// Hours a break-glass exception may run.
    pub break_glass_hours: i32,
    /// Days before its end from which an exception is announced.
    pub warn_days: i32,
    /// Who may approve; anybody if empty.
    pub approvers: Vec<String>,
    /// Whether an exception that does not say who asked for it is void.
    pub require_requester: bool,
    /// Whether entries of the older form, which name no approver, cover.
    pub allow_unapproved: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_days: PerSeverity {
                critical: 14,
                high: 30,
                medium: 90,
                low: 180,
            },
            approvals: PerSeverity {
                critical: 2,
                high: 1,
                medium: 1,
                low: 1,
            },
            renewals: 2,
            break_glass_hours: 72,
            warn_days: 14,
            approvers: Vec::new(),
            require_requester: false,
            allow_unapproved: false,
        }
    }
}

/// The longest an exception may run, in days, by the severity of its policy, if no
/// configuration says less.
#[must_use]
pub fn maximum_days(severity: Severity) -> i32 {
    Rules::default().max_days.get(severity)
}
