//! Requests for exceptions, written in the source beside what they are about.
//!
//! A request silences nothing: it marks the finding until somebody approves it
//! in a file of exceptions.

use std::collections::BTreeMap;

use abide_policy::Severity;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::diagnostic::{Diagnostic, Level, Place};
use crate::exception::Rules;
use crate::finding::{Finding, Location, Outcome};
use crate::locate::Locator;
use crate::policy::PolicyNames;
use crate::scan::Scan;

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Request {
    /// Why.
    pub reason: String,
    /// The last day, inclusive, UTC.
    pub until: Date,
    /// Where it is discussed.
    pub ticket: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// A request as it stands in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRequest {
    /// The policies it is for: their ids, or those of other tools.
    pub policies: Vec<String>,
    /// What is asked.
    pub request: Request,
    /// The attribute or block it stands at; `None` if it stands at nothing.
    pub scope: Option<Location>,
}

/// The requests of one input's source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Those that can be understood.
    pub list: Vec<WrittenRequest>,
    /// What is wrong with the others, each at its line.
    pub malformed: Vec<Diagnostic>,
}

impl Location {
    /// Whether another place begins and ends inside this one.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.file == other.file
            && (self.line, self.column) <= (other.line, other.column)
            && (other.end_line, other.end_column) <= (self.end_line, self.end_column)
    }
}

/// Marks the findings somebody asks an exception for, and reports requests that
/// are malformed, over or for nothing. It comes after [`crate::locate::locate`], with the
/// same locators; `names` knows every policy there is. A request for longer than an exception
/// may run is none.
pub fn attach(
    scan: &mut Scan,
    locators: &[Option<&dyn Locator>],
    names: &PolicyNames,
    rules: &Rules,
) {
    let mut asked = Asked {
        names,
        rules,
        in_force: scan
            .policies
            .iter()
            .map(|policy| (policy.id.clone(), policy.severity))
            .collect(),
        today: TimeZone::UTC.to_datetime(scan.at).date(),
        remarks: BTreeMap::new(),
        open: BTreeMap::new(),
    };
    for (input, locator) in (0u32..).zip(locators) {
        let requests = locator.map(Locator::requests).unwrap_or_default();
        for diagnostic in requests.malformed {
            asked.remark(diagnostic);
        }
        for request in &requests.list {
            for (policy, scope) in asked.pairs(request) {
                let used = mark(scan, input, &policy, scope, &request.request);
                let key = (request.request.place.clone(), policy);
                *asked.open.entry(key).or_default() |= used;
            }
        }
    }
    scan.diagnostics.extend(asked.diagnostics());
}

/// Marks findings; whether there is one.
fn mark(scan: &mut Scan, input: u32, policy: &str, scope: &Location, request: &Request) -> bool {
    let policies = &scan.policies;
    let mut used = false;
    let findings = scan.findings.iter_mut();
    for finding in findings.filter(|finding| finding.input == input) {
        let same = policies[finding.policy as usize].id == policy;
        if same && is_asked_for(finding, scope) {
            used = true;
            finding.requested.get_or_insert_with(|| request.clone());
        }
    }
    used
}

/// Whether something asked for a place is about a finding: what fails there, or may fail.
#[must_use]
pub fn is_asked_for(finding: &Finding, scope: &Location) -> bool {
    matches!(finding.outcome, Outcome::Fail | Outcome::Unknown)
        && finding.locations().any(|place| scope.contains(place))
}

/// The requests of a scan on their way.
struct Asked<'n> {
    names: &'n PolicyNames,
    rules: &'n Rules,
    in_force: BTreeMap<String, Severity>,
    today: Date,
    /// By place and text: two inputs may read the same file.
    remarks: BTreeMap<(Option<Place>, String), Diagnostic>,
    /// Whether some finding is what a request asks for.
    open: BTreeMap<(Place, String), bool>,
}

impl Asked<'_> {
    fn remark(&mut self, diagnostic: Diagnostic) {
        let key = (diagnostic.place.clone(), diagnostic.message.clone());
        self.remarks.entry(key).or_insert(diagnostic);
    }

    fn warn(&mut self, request: &Request, code: &'static str, message: String) {
        self.remark(Diagnostic::new(Level::Warning, code, message).at(request.place.clone()));
    }

    /// The policies in force a request is for, each with the place it is about.
    fn pairs<'r>(&mut self, written: &'r WrittenRequest) -> Vec<(String, &'r Location)> {
        let request = &written.request;
        let Some(scope) = &written.scope else {
            let message = "this request stands at nothing: put it on the line above an attribute or a block, or at the end of its line";
            self.warn(request, "request-misplaced", message.to_owned());
            return Vec::new();
        };
        if request.until < self.today {
            let message = format!(
                "this request was for the time until {}: fix the resource, or ask again with a later day",
                request.until
            );
            self.warn(request, "request-expired", message);
            return Vec::new();
        }
        let mut out = Vec::new();
        for name in &written.policies {
            let ids = self.names.find(name);
            if ids.is_empty() {
                let message = format!("there is no policy {name}{}", self.names.meant(name));
                self.warn(request, "request-malformed", message);
            }
            for id in ids {
                // A policy that is only switched off is no slip.
                let Some(severity) = self.in_force.get(id).copied() else {
                    continue;
                };
                let days = self.rules.max_days.get(severity);
                let latest = self.today.checked_add(days.days());
                match latest {
                    Ok(latest) if request.until > latest => {
                        let message = format!(
                            "this request is for the time until {}, but exceptions for {severity} policies such as {id} run {days} days at most: ask until {latest}",
                            request.until
                        );
                        self.warn(request, "request-too-long", message);
                    }
                    _ => out.push((id.clone(), scope)),
                }
            }
        }
        out
    }

    fn diagnostics(mut self) -> impl Iterator<Item = Diagnostic> {
        let open = std::mem::take(&mut self.open);
        for ((place, policy), used) in open {
            if !used {
                let message = format!(
                    "nothing here fails {policy}: remove the request if the resource is fixed"
                );
                let unused = Diagnostic::new(Level::Warning, "request-unused", message);
                self.remark(unused.at(place));
            }
        }
        self.remarks.into_values()
    }
}
