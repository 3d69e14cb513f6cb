//! What every format reads: findings in groups, counted once.

use std::borrow::Cow;
use std::cmp::Reverse;

use abide_core::diagnostic::Place;
use abide_core::finding::{Finding, Outcome};
use abide_core::gate::{Gate, OnUnknown, Verdict};
use abide_core::scan::{Scan, SeverityCounts};
use abide_policy::Severity;
use rustc_hash::FxHashMap;

use crate::words;

/// How to show a scan. It says how the verdict came about, and does not change it.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// The gate that gave the verdict: texts say what it counted.
    pub gate: Gate,
    /// Whether the human format uses colours.
    pub color: bool,
    /// Columns to wrap the human format at; not wrapped without.
    pub width: Option<usize>,
    /// Whether JSON, CSV and JUnit also list what passed.
    pub all_results: bool,
    /// Whether SARIF lists violations that an exception covers. GitHub opens alerts for them.
    pub sarif_include_excepted: bool,
    /// Where files can be looked at, e.g. `https://github.com/o/r/blob/<commit>`.
    pub permalink_base: Option<String>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            gate: Gate {
                fail_on: Some(Severity::High),
                on_unknown: OnUnknown::Warn,
                allow_empty: false,
            },
            color: false,
            width: None,
            all_results: false,
            sarif_include_excepted: false,
            permalink_base: None,
        }
    }
}

/// A scan, its verdict, and what is said about it.
#[derive(Debug)]
pub struct Report<'a> {
    pub(crate) scan: &'a Scan,
    pub(crate) verdict: Verdict,
    pub(crate) options: ReportOptions,
    /// Standing violations that the baseline does not hold.
    pub(crate) violations: Vec<Group<'a>>,
    /// Standing violations that it holds.
    pub(crate) baseline: Vec<Group<'a>>,
    /// What policies found that only observe: violations, and what cannot be decided.
    pub(crate) observed: Vec<Group<'a>>,
    /// Violations an exception covers.
    pub(crate) excepted: Vec<Group<'a>>,
    /// Evaluations that cannot be decided; empty if they are to be ignored.
    pub(crate) unknown: Vec<Group<'a>>,
    /// Evaluations that went wrong.
    pub(crate) errors: Vec<Group<'a>>,
    /// Violations outside the baseline.
    pub(crate) new: SeverityCounts,
    /// Those of them the gate counts.
    pub(crate) failing: SeverityCounts,
    /// Unknowns the gate counts.
    pub(crate) failing_unknown: usize,
    /// For each policy, the ids of its controls as people know them.
    labels: Vec<Vec<String>>,
}

/// Findings that say the same about instances of one block: one thing to fix.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// The address without instance keys.
    pub(crate) block: Cow<'a, str>,
    /// In the order of the scan, at least one.
    pub(crate) findings: Vec<&'a Finding>,
}

impl<'a> Group<'a> {
    /// The finding that stands for all.
    pub(crate) fn first(&self) -> &'a Finding {
        self.findings[0]
    }

    /// How many instances there are.
    pub(crate) fn len(&self) -> usize {
        self.findings.len()
    }
}

/// What makes findings the same thing to fix.
#[derive(PartialEq, Eq, Hash)]
struct Key<'a> {
    class: Class,
    policy: u32,
    input: u32,
    severity: Severity,
    block: Cow<'a, str>,
    message: &'a str,
    place: Option<(&'a str, u32, u32)>,
    exception: Option<&'a str>,
    /// Two calls of a module have one line, but a request may stand at one of them.
    requested: Option<&'a Place>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    Violation,
    Baseline,
    Observed,
    Excepted,
    Unknown,
    Error,
}

impl Class {
    fn of(finding: &Finding) -> Option<Self> {
        match finding.outcome {
            Outcome::Fail if finding.exception.is_some() => Some(Self::Excepted),
            Outcome::Fail if finding.in_baseline => Some(Self::Baseline),
            Outcome::Fail | Outcome::Unknown if finding.is_observed() => Some(Self::Observed),
            Outcome::Fail => Some(Self::Violation),
            Outcome::Unknown => Some(Self::Unknown),
            Outcome::Error => Some(Self::Error),
            Outcome::Pass | Outcome::NotApplicable => None,
        }
    }
}

impl<'a> Report<'a> {
    /// Groups and counts a scan.
    #[must_use]
    pub fn new(scan: &'a Scan, verdict: Verdict, options: ReportOptions) -> Self {
        let mut report = Self {
            scan,
            verdict,
            violations: Vec::new(),
            baseline: Vec::new(),
            observed: Vec::new(),
            excepted: Vec::new(),
            unknown: Vec::new(),
            errors: Vec::new(),
            new: SeverityCounts::default(),
            failing: SeverityCounts::default(),
            failing_unknown: 0,
            labels: scan.policies.iter().map(words::control_labels).collect(),
            options,
        };
        report.count();
        report.group();
        report
    }

    /// What people see of evaluations that cannot be decided.
    pub(crate) fn shows_unknown(&self) -> bool {
        self.options.gate.on_unknown != OnUnknown::Ignore
    }

    /// Whether this very finding makes the gate fail.
    pub(crate) fn fails(&self, finding: &Finding) -> bool {
        self.options.gate.counts(finding)
    }

    /// The controls of a finding's policy as people know them.
    pub(crate) fn labels(&self, finding: &Finding) -> &[String] {
        &self.labels[finding.policy as usize]
    }

    /// The name of a finding's input.
    pub(crate) fn input(&self, finding: &Finding) -> &'a str {
        let input = self.scan.inputs.get(finding.input as usize);
        input.map_or("", |input| input.name.as_str())
    }

    /// Findings that JSON, CSV and JUnit list.
    pub(crate) fn results(&self) -> impl Iterator<Item = &'a Finding> + use<'a> {
        let all = self.options.all_results;
        self.scan.findings.iter().filter(move |f| match f.outcome {
            Outcome::Pass => all,
            Outcome::NotApplicable => false,
            Outcome::Fail | Outcome::Unknown | Outcome::Error => true,
        })
    }

    fn count(&mut self) {
        for finding in &self.scan.findings {
            if finding.is_new_violation() {
                self.new.add(finding.severity);
            }
            if self.fails(finding) {
                match finding.outcome {
                    Outcome::Unknown => self.failing_unknown += 1,
                    _ => self.failing.add(finding.severity),
                }
            }
        }
    }

    fn group(&mut self) {
        let mut index: FxHashMap<Key<'a>, usize> = FxHashMap::default();
        for finding in &self.scan.findings {
            let Some(class) = Class::of(finding) else {
                continue;
            };
            if finding.outcome == Outcome::Unknown && !self.shows_unknown() {
                continue;
            }
            let key = key(class, finding);
            let groups = self.class_mut(class);
            match index.get(&key) {
                Some(at) => groups[*at].findings.push(finding),
                None => {
                    groups.push(Group {
                        block: block(finding),
                        findings: vec![finding],
                    });
                    index.insert(key, groups.len() - 1);
                }
            }
        }
        for class in [
            Class::Violation,
            Class::Baseline,
            Class::Observed,
            Class::Excepted,
            Class::Unknown,
            Class::Error,
        ] {
            self.class_mut(class)
                .sort_by_key(|group| (Reverse(group.first().severity), group.first().policy));
        }
    }

    fn class_mut(&mut self, class: Class) -> &mut Vec<Group<'a>> {
        match class {
            Class::Violation => &mut self.violations,
            Class::Baseline => &mut self.baseline,
            Class::Observed => &mut self.observed,
            Class::Excepted => &mut self.excepted,
            Class::Unknown => &mut self.unknown,
            Class::Error => &mut self.errors,
        }
    }
}

fn key(class: Class, finding: &Finding) -> Key<'_> {
    let place = finding.location.as_ref();
    Key {
        class,
        policy: finding.policy,
        input: finding.input,
        severity: finding.severity,
        // Modules that are called twice have two addresses for one line.
        block: match place {
            Some(_) => Cow::Borrowed(""),
            None => block(finding),
        },
        message: &finding.message,
        place: place.map(|at| (at.file.as_str(), at.line, at.column)),
        exception: finding.exception.as_ref().map(|e| e.id.as_str()),
        requested: finding.requested.as_ref().map(|request| &request.place),
    }
}

/// The address without instance keys. Most have none, and nothing is to be parsed then.
fn block(finding: &Finding) -> Cow<'_, str> {
    let address = finding.resource_address.as_str();
    match address.contains('[') {
        true => Cow::Owned(finding.resource_address.block()),
        false => Cow::Borrowed(address),
    }
}
