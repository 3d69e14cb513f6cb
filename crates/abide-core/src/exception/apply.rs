//! Marks what exceptions cover in a scan, and says what is odd about them.

use std::collections::BTreeMap;

use abide_policy::Severity;
use jiff::ToSpan;

use super::cover::{Cover, State, Violation, beyond, covers};
use super::judge::Grant;
use super::{ExceptionSet, Rules, day_of};
use crate::diagnostic::{Diagnostic, Level};
use crate::finding::{AppliedException, Fact, Finding, Outcome};
use crate::request::Request;
use crate::scan::Scan;

/// What a scan has of an exception.
#[derive(Clone, Default)]
struct Met {
    /// Violations it covers.
    covered: usize,
    /// Violations that nothing covers though the exception is about them.
    open: usize,
    /// Facts it does not accept.
    beyond: Vec<Fact>,
    /// Facts of those violations.
    found: Vec<Fact>,
    /// Its compensating control keeps it from covering.
    suspended: bool,
    /// Something it is about cannot be judged.
    undecided: bool,
}

/// Applies exceptions to a scan: covered findings are marked, and what is odd
/// about the exceptions becomes a diagnostic. `known` are all policies there
/// are, with their severities. If an exception names a compensating control, the scan must
/// hold what passed too ([`ExceptionSet::needs_passes`]).
pub fn apply(set: &ExceptionSet, scan: &mut Scan, known: &[(String, Severity)], rules: &Rules) {
    let grants = set.judge(known, rules);
    let mut about: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, grant) in grants.iter().enumerate() {
        let key = (&*grant.exception.policy, &*grant.exception.resource);
        about.entry(key).or_default().push(index);
    }
    let controls = controls(&grants, scan);
    let mut met = vec![Met::default(); grants.len()];
    if !about.is_empty() {
        let policies = &scan.policies;
        for finding in &mut scan.findings {
            let policy = &policies[finding.policy as usize].id;
            let address = finding.resource_address.as_str().to_owned();
            if let Some(indexes) = about.get(&(policy.as_str(), address.as_str())) {
                let mine: Vec<_> = indexes.iter().map(|at| (*at, &grants[*at])).collect();
                meet(finding, policy, &mine, &controls, scan.at, &mut met);
            }
        }
    }
    let in_force: Vec<&str> = scan
        .policies
        .iter()
        .map(|policy| policy.id.as_str())
        .collect();
    let mut remarks = Vec::new();
    for (grant, met) in grants.iter().zip(&met) {
        let is_judged = in_force.contains(&grant.exception.policy.as_str());
        let remark = Remark {
            grants: &grants,
            grant,
            met,
            is_judged,
            at: scan.at,
            rules,
        };
        remarks.extend(remark.all());
    }
    scan.diagnostics.extend(remarks);
    scan.recount();
}

/// Whether each compensating control passes: it is evaluated, and nothing of it fails or is open.
fn controls<'a>(grants: &[Grant<'a>], scan: &Scan) -> BTreeMap<&'a str, bool> {
    let named = grants.iter().filter_map(|grant| {
        let control = grant.exception.control.as_ref()?;
        control.policy.as_deref()
    });
    let passes = |id: &str| {
        let of_policy = scan
            .findings
            .iter()
            .filter(|finding| scan.policy_of(finding).id == id);
        let judged = of_policy.filter(|finding| finding.outcome != Outcome::NotApplicable);
        let mut outcomes = judged.map(|finding| finding.outcome).peekable();
        outcomes.peek().is_some() && outcomes.all(|outcome| outcome == Outcome::Pass)
    };
    named.map(|id| (id, passes(id))).collect()
}

/// Holds one finding against the exceptions that are about it.
fn meet(
    finding: &mut Finding,
    policy: &str,
    mine: &[(usize, &Grant<'_>)],
    controls: &BTreeMap<&str, bool>,
    at: jiff::Timestamp,
    met: &mut [Met],
) {
    match finding.outcome {
        Outcome::Fail => {}
        Outcome::Pass | Outcome::NotApplicable => return,
        Outcome::Unknown | Outcome::Error => {
            mine.iter()
                .for_each(|(index, _)| met[*index].undecided = true);
            return;
        }
    }
    let address = finding.resource_address.as_str().to_owned();
    for (index, grant) in mine {
        let exception = grant.exception;
        let control = exception
            .control
            .as_ref()
            .and_then(|control| control.policy.as_deref());
        let violation = Violation {
            policy,
            resource: &address,
            facts: &finding.facts,
            control_passes: control.is_none_or(|id| controls.get(id) == Some(&true)),
        };
        match covers(grant, &violation, at) {
            Cover::Covered => {
                met[*index].covered += 1;
                finding.exception.get_or_insert_with(|| applied(grant));
            }
            Cover::NotInForce(State::Requested)
                if beyond(exception.facts.as_deref(), &finding.facts).is_empty() =>
            {
                finding.requested = finding.requested.take().or_else(|| requested(grant));
            }
            Cover::Exceeded(facts) => met[*index].beyond.extend(facts),
            Cover::Suspended => met[*index].suspended = true,
            Cover::NotInForce(_) | Cover::Elsewhere => {}
        }
    }
    if finding.exception.is_none() {
        for (index, _) in mine {
            met[*index].open += 1;
            met[*index].found.extend(finding.facts.iter().cloned());
        }
    }
}

fn applied(grant: &Grant<'_>) -> AppliedException {
    let exception = grant.exception;
    AppliedException {
        id: exception.id.clone(),
        reason: exception.reason.clone(),
        approver: exception.approver(),
        approvers: names(&exception.approvers),
        requester: exception.requester.as_ref().map(|act| act.name.clone()),
        category: exception.category,
        ticket: exception.ticket.clone(),
        compensating_control: exception.control.as_ref().map(ToString::to_string),
        expires: exception
            .expires
            .map(|end| end.day().to_string())
            .unwrap_or_default(),
        place: Some(exception.place.clone()),
    }
}

fn names(acts: &[super::Act]) -> Vec<String> {
    acts.iter().map(|act| act.name.clone()).collect()
}

fn requested(grant: &Grant<'_>) -> Option<Request> {
    let exception = grant.exception;
    Some(Request {
        reason: exception.reason.clone(),
        until: exception.expires?.day(),
        ticket: exception.ticket.clone(),
        place: exception.place.clone(),
    })
}

/// What is to be said of one exception.
struct Remark<'a> {
    grants: &'a [Grant<'a>],
    grant: &'a Grant<'a>,
    met: &'a Met,
    /// Its policy is in force in this scan.
    is_judged: bool,
    at: jiff::Timestamp,
    rules: &'a Rules,
}

impl Remark<'_> {
    fn all(&self) -> Vec<Diagnostic> {
        let exception = self.grant.exception;
        let name = exception.named();
        let id = &exception.id;
        let mut out = Vec::new();
        let mut void = None;
        let mut say = |level, code, message: String| {
            out.push(Diagnostic::new(level, code, message).at(exception.place.clone()));
        };
        match self.grant.state(self.at) {
            State::Void => void = self.grant.why_void(self.at),
            State::Requested => {
                let missing = self.grant.missing();
                let people = if missing == 1 {
                    "approver"
                } else {
                    "approvers"
                };
                let message = format!(
                    "{name} is asked for and covers nothing yet: it waits for {missing} {people}, `abide exception approve {id}`"
                );
                say(Level::Note, "exception-requested", message);
            }
            State::Expired => self.expired(&name, &mut say),
            State::Revoked if self.met.open > 0 => {
                let message = format!(
                    "{name} was revoked{}: the violation stands",
                    by(exception.revoked.as_ref())
                );
                say(Level::Note, "exception-revoked", message);
            }
            State::Active => self.active(&name, &mut say),
            State::Scheduled
            | State::Revoked
            | State::Rejected
            | State::Withdrawn
            | State::Unknown => {}
        }
        if self.grant.is_review_due(self.at) {
            let message = format!(
                "{name} was granted in an emergency and nobody has reviewed it: `abide exception approve --review {id}`"
            );
            say(Level::Warning, "exception-review-due", message);
        }
        out.extend(void.map(|fault| {
            let message = format!("{name} is void: {}", fault.message);
            Diagnostic::new(Level::Warning, "exception-void", message).at(fault.place)
        }));
        out
    }

    fn is_renewed(&self) -> bool {
        let by = &self.grant.renewed_by;
        self.grants.iter().any(|other| {
            by.contains(&other.exception.id.as_str())
                && matches!(
                    other.state(self.at),
                    State::Active | State::Scheduled | State::Requested
                )
        })
    }

    fn expired(&self, name: &str, say: &mut impl FnMut(Level, &'static str, String)) {
        let last = self
            .grant
            .exception
            .expires
            .map(|end| end.day().to_string())
            .unwrap_or_default();
        if self.met.open > 0 && !self.is_renewed() {
            let message = format!(
                "{name} expired on {last}; it covers nothing any more: fix the resource or ask for a new one"
            );
            say(Level::Warning, "exception-expired", message);
        } else if self.met.open == 0 && self.grant.renewed_by.is_empty() {
            let message =
                format!("{name} expired on {last} and nothing needs it: it may be removed");
            say(Level::Note, "exception-expired", message);
        }
    }

    fn active(&self, name: &str, say: &mut impl FnMut(Level, &'static str, String)) {
        let exception = self.grant.exception;
        let met = self.met;
        if exception.is_seed && self.grant.approved.is_empty() {
            let message = format!(
                "{name} has no approver; it covers because abide.toml has exceptions.allow_unapproved"
            );
            say(Level::Warning, "exception-unapproved", message);
        }
        if !met.beyond.is_empty() && met.open > 0 {
            say(Level::Warning, "exception-exceeded", self.difference(name));
        }
        if met.suspended {
            let control = exception
                .control
                .as_ref()
                .and_then(|control| control.policy.as_deref());
            let message = format!(
                "{name} is suspended: its compensating control {} does not pass in this scan",
                control.unwrap_or_default()
            );
            say(Level::Warning, "exception-suspended", message);
        }
        let is_unused =
            met.covered == 0 && met.beyond.is_empty() && !met.suspended && !met.undecided;
        if is_unused && self.is_judged {
            let message = format!(
                "{name} covers nothing in this input: remove it if the resource is fixed or gone"
            );
            say(Level::Warning, "exception-unused", message);
        }
        let Some(last) = exception.expires.map(super::Expiry::day) else {
            return;
        };
        let soon = day_of(self.at).checked_add(self.rules.warn_days.days());
        let is_short = self
            .grant
            .severity
            .is_some_and(|severity| self.rules.max_days.get(severity) <= self.rules.warn_days);
        if soon.is_ok_and(|soon| last <= soon)
            && !is_short
            && !exception.break_glass
            && !self.is_renewed()
        {
            say(
                Level::Note,
                "exception-expiring",
                format!("{name} expires on {last}"),
            );
        }
    }

    /// What is there and was not accepted, and what was accepted and is not there.
    fn difference(&self, name: &str) -> String {
        let accepted = self.grant.exception.facts.as_deref().unwrap_or_default();
        let gone: Vec<Fact> = accepted
            .iter()
            .filter(|known| {
                !self
                    .met
                    .found
                    .iter()
                    .any(|fact| super::cover::accepts(known, fact))
            })
            .cloned()
            .collect();
        let mut message = format!(
            "{name} covers nothing here, because what fails is not what was accepted: new {}",
            listed(&self.met.beyond)
        );
        if !gone.is_empty() {
            message.push_str(&format!(
                "; accepted, but no longer there {}",
                listed(&gone)
            ));
        }
        message.push_str(": fix it, or ask again with the new facts");
        message
    }
}

fn by(act: Option<&super::Act>) -> String {
    let Some(act) = act else {
        return String::new();
    };
    let at = act.at.map(|at| format!(" on {}", day_of(at)));
    format!(" by {}{}", act.name, at.unwrap_or_default())
}

/// At most five facts.
fn listed(facts: &[Fact]) -> String {
    let mut texts: Vec<String> = facts.iter().map(|fact| format!("`{fact}`")).collect();
    texts.sort_unstable();
    texts.dedup();
    let more = texts.len().saturating_sub(5);
    texts.truncate(5);
    let text = texts.join(", ");
    match more {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

impl ExceptionSet {
    /// Whether a scan must hold what passed too: some exception has a policy as its
    /// compensating control.
    #[must_use]
    pub fn needs_passes(&self) -> bool {
        let controls = self
            .list
            .iter()
            .filter_map(|exception| exception.control.as_ref());
        controls.into_iter().any(|control| control.policy.is_some())
    }
}
