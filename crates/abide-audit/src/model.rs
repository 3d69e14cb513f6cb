//! The audit report, typed. What a format shows of it is another matter.

use std::fmt;

use abide_controls::Claim;
use abide_policy::Severity;
use serde::{Deserialize, Serialize};

use crate::verdict::{ControlVerdict, Counts, DayCounts, Reason};

/// A point in time: milliseconds since 1970, in JSON as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Moment {
    /// Its day: `2026-03-31`.
    #[must_use]
    pub fn day(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let time: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Self(time.as_millisecond()))
    }
}

/// The whole report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditReport {
    /// Version of this form; 1.
    pub format: u32,
    /// What it is about.
    pub cover: Cover,
    /// Each control that a policy speaks for, in the order of the standard.
    pub controls: Vec<ControlResult>,
    /// Controls of the framework that no policy in force spoke for.
    pub not_covered: Vec<UncoveredControl>,
    /// Versions of policies that were in force.
    pub policies: Vec<PolicyUse>,
    /// When the policies in force changed.
    pub policy_changes: Vec<PolicyChange>,
    /// Whether everything was scanned that was to be.
    pub completeness: Vec<Target>,
    /// Every resource with every policy that was evaluated on it.
    pub items: Vec<Item>,
    /// Violations by day.
    pub posture: Vec<PosturePoint>,
    /// Every violation that stood in the period.
    pub deviations: Vec<Deviation>,
    /// Violations that only pull requests had.
    pub caught: Vec<Caught>,
    /// Exceptions that covered a violation.
    pub exceptions: Vec<ExceptionUse>,
    /// The same, day by day.
    pub exception_days: Vec<ExceptionDay>,
    /// Decisions on exceptions in the ledger.
    pub exception_events: Vec<Event>,
    /// What was changed outside Terraform.
    pub drift: Drift,
    /// Scanned commits with their pull requests and tickets.
    pub changes: Vec<Change>,
    /// Scans that lead to no change record.
    pub orphans: Vec<Orphan>,
    /// How well the control itself worked.
    pub health: Health,
    /// How long things are kept.
    pub retention: Retention,
    /// Who did what to the control.
    pub access: Access,
    /// What is not asserted.
    pub limits: Vec<String>,
}

/// What the report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cover {
    /// `soc2`.
    pub framework: String,
    /// `soc2-2017`.
    pub edition: String,
    /// `SOC 2 Trust Services Criteria 2017`.
    pub title: String,
    /// What the framework calls a control.
    pub noun: String,
    /// Whose history.
    pub tenant: String,
    /// Targets in scope.
    pub targets: Vec<String>,
    /// Whether they were chosen; if not, they are all that were ever recorded.
    pub chosen: bool,
    /// First moment of the period.
    pub from: Moment,
    /// The moment after its last.
    pub to: Moment,
    /// Days it touches.
    pub days: usize,
    /// Nothing that was recorded later is in the report.
    pub as_of: Moment,
    /// The program.
    pub tool: String,
    /// A result stands until the next scan, but no longer than this many hours.
    pub max_gap_hours: i64,
    /// Entries of the ledger.
    pub ledger_size: i64,
    /// Its signed checkpoint.
    pub checkpoint: String,
    /// Its root, in hexadecimal.
    pub ledger_root: String,
    /// How to check the store.
    pub verify: String,
}

/// A control and what the period shows of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ControlResult {
    /// `soc2-2017:CC6.1`.
    pub id: String,
    /// `SOC2-CC6.1`.
    pub label: String,
    /// What it asks for, in short.
    pub title: String,
    /// The most that passing policies may claim.
    pub claim: Claim,
    /// The same as a sentence.
    pub claim_sentence: String,
    /// What came out.
    pub verdict: ControlVerdict,
    /// Why it is no pass, or what to know.
    pub reasons: Vec<Reason>,
    /// Ids of its policies that were in force.
    pub policies: Vec<String>,
    /// Whole scans in which a policy of it was in force.
    pub scans: u64,
    /// Resources that a policy of it was evaluated on.
    pub resources: u64,
    /// Evaluations in all scans.
    pub evaluations: Counts,
    /// Days of resources.
    pub resource_days: DayCounts,
    /// Its violations: numbers of `deviations`.
    pub deviations: Vec<usize>,
    /// The worst of each month.
    pub months: Vec<Month>,
}

/// A control in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Month {
    /// `2026-03`.
    pub month: String,
    /// Days of resources in it.
    pub resource_days: DayCounts,
}

/// A control that no policy spoke for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UncoveredControl {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// What infrastructure code could show of it.
    pub claim: Claim,
    /// Why.
    pub reason: String,
}

/// A version of a policy in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyUse {
    /// `POL-0001`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How bad its violations are.
    pub severity: String,
    /// `observe`, `warn` or `enforce`.
    pub rollout: String,
    /// Its controls in this framework.
    pub controls: Vec<String>,
    /// SHA-256 of its text.
    pub digest: String,
    /// First scan of the period that used it.
    pub from: Moment,
    /// Last scan that used it.
    pub to: Moment,
    /// Scans that used it.
    pub scans: u64,
    /// The text as it was used.
    #[serde(skip)]
    pub text: String,
}

/// Another set of policies came in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyChange {
    /// When.
    pub at: Moment,
    /// Where.
    pub target: String,
    /// The first scan with it.
    pub scan: i64,
    /// The commit of that scan.
    pub commit: Option<String>,
    /// Who ran it.
    pub actor: Option<String>,
    /// Digest of the new set.
    pub pack: String,
    /// Policies that were not in the set before.
    pub added: Vec<String>,
    /// Policies that are no longer.
    pub removed: Vec<String>,
    /// Policies with another text.
    pub changed: Vec<String>,
    /// Framework editions that came or went.
    pub editions: Vec<String>,
}

/// A target, and whether everything was scanned.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// What it was scanned as: `plan`, `drift`, …
    pub kinds: Vec<String>,
    /// Its first scan, ever.
    pub first_ever: Option<Moment>,
    /// Whole scans in the period, without those of pull requests.
    pub complete: u64,
    /// Scans that could not judge everything; they have no results.
    pub partial: u64,
    /// Scans of pull requests; they judge proposals and are counted apart.
    pub proposals: u64,
    /// Whether only pull requests were scanned, which are then counted.
    pub proposals_only: bool,
    /// Due times.
    pub slots: Slots,
    /// First scan in the period.
    pub first: Option<Moment>,
    /// Last scan in the period.
    pub last: Option<Moment>,
    /// The longest time without a whole scan, in milliseconds.
    pub largest_gap: i64,
    /// Times without a whole scan that were too long.
    pub gaps: Vec<Gap>,
    /// Due times without a whole scan.
    pub missed: Vec<MissedSlot>,
    /// Partial scans.
    pub partial_scans: Vec<PartialScan>,
    /// Resources in the last scan's inputs.
    pub resources: u64,
    /// Of these, those that a policy (of any framework) was evaluated on.
    pub evaluated: u64,
    /// Types in the last scan that no policy knows, with the number of resources.
    pub unchecked_types: Vec<(String, u64)>,
}

/// Due times by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Slots {
    /// All that were due by the moment of the report.
    pub due: u64,
    /// Answered by a whole scan.
    pub ran: u64,
    /// Answered by a partial one.
    pub failed: u64,
    /// Marked as missed.
    pub missed: u64,
    /// Not answered and not marked either.
    pub unanswered: u64,
}

/// A time without a whole scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// From.
    pub from: Moment,
    /// To.
    pub to: Moment,
}

/// A due time without a whole scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissedSlot {
    /// When.
    pub due: Moment,
    /// `failed`, `missed` or `due`.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
}

/// A scan that could not judge everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartialScan {
    /// When.
    pub at: Moment,
    /// Its number.
    pub scan: i64,
    /// Its commit.
    pub commit: Option<String>,
    /// Evaluations that could not be made.
    pub errors: u64,
    /// The next whole scan, if it came in time.
    pub answered: Option<Moment>,
}

/// One policy on one resource over the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The target.
    pub target: String,
    /// The resource.
    pub resource: String,
    /// Its type.
    pub resource_type: String,
    /// Position of its input.
    pub input: u32,
    /// The policy.
    pub policy: String,
    /// Its controls in this framework.
    pub controls: Vec<String>,
    /// Evaluations by outcome.
    pub evaluations: Counts,
    /// Days by the worst outcome of each.
    pub days: DayCounts,
    /// The last outcome in the period.
    pub last: String,
}

/// Evaluations that stood at the end of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PosturePoint {
    /// The last scan of the day, of any target.
    pub at: Moment,
    /// Of all targets.
    pub counts: Counts,
    /// Violations by severity: critical, high, medium, low.
    pub open: [u64; 4],
}

/// A violation that stood in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// Its name in this report: `DEV-0001`.
    pub id: String,
    /// The target.
    pub target: String,
    /// The policy.
    pub policy: String,
    /// Its severity.
    pub severity: Severity,
    /// Its controls in this framework.
    pub controls: Vec<String>,
    /// The resource.
    pub resource: String,
    /// Its type.
    pub resource_type: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remediation: String,
    /// Identity across scans.
    pub fingerprint: String,
    /// When it was first seen.
    pub first_seen: Moment,
    /// The scan that found it; none if it is older than what the report reads.
    pub found_by: Option<ScanRef>,
    /// When it ended.
    pub closed_at: Option<Moment>,
    /// The scan that showed its end.
    pub closed_by: Option<ScanRef>,
    /// How it ended.
    pub closed_as: Option<Closed>,
    /// Whether it still stood in the last scan, but an exception covered it.
    pub excepted_now: bool,
    /// From first seen to its end or the moment of the report, in milliseconds.
    pub open_ms: i64,
    /// Scans of the period in which it failed.
    pub scans: u64,
    /// Days of the period on which it failed.
    pub days: u64,
    /// Exceptions that covered it for a part of its life.
    pub exceptions: Vec<String>,
}

/// How a violation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// The policy passed, or no longer concerned the resource.
    Fixed,
    /// The resource is gone.
    ResourceRemoved,
    /// The policy is no longer in force.
    PolicyRemoved,
    /// The resource has another address; the violation goes on there.
    Moved,
}

impl Closed {
    /// Its words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::ResourceRemoved => "resource removed",
            Self::PolicyRemoved => "policy removed",
            Self::Moved => "moved",
        }
    }
}

/// A scan and where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScanRef {
    /// Its number in its target.
    pub scan: i64,
    /// When.
    pub at: Moment,
    /// `plan`, `drift`, …
    pub kind: String,
    /// The commit.
    pub commit: Option<String>,
    /// The pull request.
    pub pull_request: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// Who ran it.
    pub actor: Option<String>,
}

/// A violation that a pull request brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caught {
    /// The target.
    pub target: String,
    /// The pull request.
    pub pull_request: String,
    /// The policy.
    pub policy: String,
    /// Its severity.
    pub severity: Severity,
    /// The resource.
    pub resource: String,
    /// What is wrong.
    pub message: String,
    /// The scan that saw it first.
    pub first_seen: Moment,
    /// The scan of the same pull request that no longer saw it.
    pub fixed_at: Option<Moment>,
    /// Whether a later scan that was no pull request saw it.
    pub merged: bool,
}

/// An exception that covered a violation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExceptionUse {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Who asked for it, if recorded.
    pub requester: Option<String>,
    /// Who approved it.
    pub approvers: Vec<String>,
    /// Waiver, mitigated, false positive, if recorded.
    pub category: Option<String>,
    /// The ticket, if recorded.
    pub ticket: Option<String>,
    /// The compensating control, if recorded.
    pub compensating_control: Option<String>,
    /// Its last day.
    pub expires: Option<String>,
    /// What it covered.
    pub covered: Vec<Covered>,
    /// Days of the period on which it covered something.
    pub days: u64,
}

/// What an exception covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// The target.
    pub target: String,
    /// The policy.
    pub policy: String,
    /// Its severity.
    pub severity: Severity,
    /// Its controls in this framework.
    pub controls: Vec<String>,
    /// The resource.
    pub resource: String,
    /// What is wrong.
    pub message: String,
    /// Scans in which it was covered.
    pub scans: u64,
    /// Whether it was covered in the last whole scan of the period.
    pub at_end: bool,
    /// Days on which it was covered, as ranges: first and last day.
    pub days: Vec<(String, String)>,
}

/// Exceptions on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExceptionDay {
    /// The day.
    pub day: String,
    /// Exceptions that covered something on it.
    pub exceptions: Vec<String>,
    /// Violations covered.
    pub covered: u64,
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Its position.
    pub entry: i64,
    /// When.
    pub at: Moment,
    /// `exception.approved`, …
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// Who did it, if recorded.
    pub actor: Option<String>,
    /// All of it.
    pub body: serde_json::Value,
}

/// What was changed outside Terraform.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Drift {
    /// Drift scans in the period.
    pub scans: u64,
    /// Entries of the ledger.
    pub events: Vec<Event>,
}

/// A scanned commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The commit.
    pub commit: String,
    /// Its repository.
    pub repository: Option<String>,
    /// Its branches.
    pub branches: Vec<String>,
    /// Pull requests that name it.
    pub pull_requests: Vec<String>,
    /// Tickets.
    pub tickets: Vec<String>,
    /// Who ran its scans.
    pub actors: Vec<String>,
    /// Targets it was scanned in.
    pub targets: Vec<String>,
    /// CI runs.
    pub ci_runs: Vec<String>,
    /// Scans.
    pub scans: u64,
    /// First of them.
    pub first: Moment,
    /// Last of them.
    pub last: Moment,
    /// Whether neither pull request nor ticket is known of it.
    pub orphan: bool,
}

/// A scan without a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Orphan {
    /// The target.
    pub target: String,
    /// The scan.
    pub scan: ScanRef,
}

/// How well the control itself worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Scans, whole or not, of the period.
    pub scans: u64,
    /// Scans without results.
    pub partial: u64,
    /// Policies with evaluations that failed, with their number.
    pub errored: Vec<(String, u64)>,
    /// Policies with evaluations that could not tell, with their number.
    pub unknown: Vec<(String, u64)>,
    /// Scans recorded more than an hour after they were made.
    pub late: Vec<LateScan>,
    /// Versions of the program, with the time of their first and last scan and their number.
    pub tools: Vec<ToolUse>,
}

/// A scan that was recorded late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LateScan {
    /// The target.
    pub target: String,
    /// The scan.
    pub scan: i64,
    /// When it was made.
    pub at: Moment,
    /// When it was recorded.
    pub recorded_at: Moment,
}

/// A version of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolUse {
    /// The version.
    pub version: String,
    /// Its first scan.
    pub from: Moment,
    /// Its last scan.
    pub to: Moment,
    /// Its scans.
    pub scans: u64,
}

/// How long things are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Retention {
    /// The oldest scan of the targets.
    pub oldest: Option<Moment>,
    /// Scans of the targets, ever.
    pub scans: i64,
    /// Entries of the ledger.
    pub ledger_entries: i64,
    /// Signed checkpoints.
    pub checkpoints: i64,
    /// Old history that was moved out of the store.
    pub pruned: Vec<Event>,
}

/// Who did what to the control.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Access {
    /// Who ran scans.
    pub actors: Vec<Actor>,
    /// Changes of keys, access and settings.
    pub events: Vec<Event>,
    /// Exceptions whose requester approved them.
    pub self_approved: Vec<String>,
    /// Exceptions whose requester is not recorded.
    pub requester_unknown: Vec<String>,
}

/// Somebody who ran scans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// Their name; none if it was not recorded.
    pub name: Option<String>,
    /// Their scans.
    pub scans: u64,
    /// First of them.
    pub first: Moment,
    /// Last of them.
    pub last: Moment,
}
