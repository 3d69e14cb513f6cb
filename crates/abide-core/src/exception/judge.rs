//! Holds exceptions to the rules: what each is worth, and why one is void.

use std::collections::BTreeMap;

use abide_policy::Severity;
use jiff::{Timestamp, ToSpan};

use super::act::{Act, is_bot, same_person};
use super::cover::State;
use super::rules::Rules;
use super::{Category, Exception, ExceptionSet, Expiry, Fault, day_of, midnight};
use crate::policy::nearest;

/// An exception under the rules.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// What is written.
    pub exception: &'a Exception,
    /// The severity of its policy, if there is such a policy.
    pub severity: Option<Severity>,
    /// Why it is void; empty if it is not.
    pub void: Vec<Fault>,
    /// The longest it may run, in words.
    pub limit: String,
    /// How many approvers it needs.
    pub needed: usize,
    /// Those that count, in the order of time.
    pub approved: Vec<&'a Act>,
    /// When it can cover, if it is written well enough to tell.
    pub term: Option<Term>,
    /// How many exceptions it follows, one after the other.
    pub renewals: usize,
    /// The exceptions that name it as the one they follow.
    pub renewed_by: Vec<&'a str>,
}

/// A span of time, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// Nothing written says when it begins: it is taken to run as long as it may.
    pub is_assumed: bool,
}

impl Grant<'_> {
    /// Where it is in its life at a time.
    #[must_use]
    pub fn state(&self, at: Timestamp) -> State {
        let exception = self.exception;
        let happened = |act: &Act| act.at.is_none_or(|then| then <= at);
        let Some(term) = self.term.filter(|_| self.void.is_empty()) else {
            return State::Void;
        };
        if exception
            .requester
            .as_ref()
            .is_some_and(|act| !happened(act))
        {
            return State::Unknown;
        }
        if let Some(act) = exception.rejected.as_ref().filter(|act| happened(act)) {
            let requester = exception.requester.as_ref();
            return match requester.is_some_and(|asked| same_person(&asked.name, &act.name)) {
                true => State::Withdrawn,
                false => State::Rejected,
            };
        }
        if exception.revoked.as_ref().is_some_and(happened) {
            return State::Revoked;
        }
        if at >= term.until {
            return State::Expired;
        }
        let approved = self.approved.iter().filter(|act| happened(act)).count();
        match at < term.from {
            _ if approved < self.needed => State::Requested,
            true if term.is_assumed => State::Void,
            true => State::Scheduled,
            false => State::Active,
        }
    }

    /// Why it is void at a time, if it is.
    #[must_use]
    pub fn why_void(&self, at: Timestamp) -> Option<Fault> {
        if self.state(at) != State::Void {
            return None;
        }
        let place = self.void.first().map(|fault| fault.place.clone());
        let mut messages: Vec<_> = self
            .void
            .iter()
            .map(|fault| fault.message.clone())
            .collect();
        if messages.is_empty() {
            messages.push(self.too_long());
        }
        Some(Fault {
            message: messages.join("; "),
            place: place.unwrap_or_else(|| self.exception.place.clone()),
        })
    }

    /// Whether somebody still has to look at what was granted in an emergency.
    #[must_use]
    pub fn is_review_due(&self, at: Timestamp) -> bool {
        let exception = self.exception;
        let began = self.term.is_some_and(|term| term.from <= at);
        let granted = matches!(
            self.state(at),
            State::Active | State::Expired | State::Revoked
        ) && self.approved.len() >= self.needed;
        let reviewed = exception.reviewed.as_ref();
        let reviewed = reviewed.is_some_and(|act| act.at.is_none_or(|then| then <= at));
        exception.break_glass && began && granted && !reviewed
    }

    /// How many approvers are missing.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.needed.saturating_sub(self.approved.len())
    }

    fn too_long(&self) -> String {
        let last = self.exception.expires.map(|end| end.to_string());
        format!(
            "it ends on {}, but {}",
            last.unwrap_or_default(),
            self.limit
        )
    }
}

impl ExceptionSet {
    /// Holds all exceptions to the rules. `known` are all policies there are, with their
    /// severities: an exception for a policy that is only switched off is not void.
    #[must_use]
    pub fn judge(&self, known: &[(String, Severity)], rules: &Rules) -> Vec<Grant<'_>> {
        let mut by_id: BTreeMap<&str, &Exception> = BTreeMap::new();
        let mut renewed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for exception in &self.list {
            by_id.entry(&exception.id).or_insert(exception);
            if let Some(old) = &exception.renews {
                renewed.entry(old).or_default().push(&exception.id);
            }
        }
        let judge = Judge {
            known,
            rules,
            by_id,
        };
        let grants = self.list.iter().map(|exception| {
            let mut grant = judge.grant(exception);
            if let Some(by) = renewed.get(exception.id.as_str()) {
                grant.renewed_by.clone_from(by);
            }
            grant
        });
        grants.collect()
    }
}

struct Judge<'a, 'r> {
    known: &'r [(String, Severity)],
    rules: &'r Rules,
    by_id: BTreeMap<&'a str, &'a Exception>,
}

impl<'a> Judge<'a, '_> {
    fn grant(&self, exception: &'a Exception) -> Grant<'a> {
        let mut void = exception.faults.clone();
        let severity = self.severity(&exception.policy);
        let fault = |message: String| Fault {
            message,
            place: exception.place.clone(),
        };
        void.extend(self.faults(exception, severity).into_iter().map(fault));
        let renewals = self.renewals(exception).unwrap_or_else(|message| {
            void.push(fault(message));
            0
        });
        // What is written badly is not judged further: one slip, one message.
        let severity_or_worst = severity.unwrap_or(Severity::Critical);
        let needed = self.needed(exception, severity_or_worst);
        let mut grant = Grant {
            exception,
            severity,
            limit: self.limit(exception, severity_or_worst),
            needed,
            approved: Vec::new(),
            term: None,
            renewals,
            renewed_by: Vec::new(),
            void,
        };
        let refused = self.approvals(&mut grant);
        let missing = grant.missing();
        if missing > 0 && (exception.requester.is_none() || !refused.is_empty()) {
            let mut message = refused.join("; ");
            if message.is_empty() {
                message = match grant.approved.len() {
                    0 => "approver missing".to_owned(),
                    given => format!("it needs {needed} approvers and has {given}"),
                };
            }
            if exception.is_seed {
                message.push_str(
                    " (exceptions.allow_unapproved = true in abide.toml lets this form cover without one)",
                );
            }
            grant.void.push(fault(message));
        }
        grant.term = exception
            .expires
            .and_then(|expires| self.term(&grant, expires, severity_or_worst));
        let over_long = grant.term.is_some_and(|term| {
            !term.is_assumed && !self.is_short(exception, term, severity_or_worst)
        });
        if over_long && severity.is_some() {
            let message = grant.too_long();
            grant.void.push(fault(message));
        }
        grant
    }

    fn severity(&self, policy: &str) -> Option<Severity> {
        let known = self.known.iter().find(|(id, _)| id == policy);
        known.map(|(_, severity)| *severity)
    }

    /// What is against the rules whoever approves.
    fn faults(&self, exception: &Exception, severity: Option<Severity>) -> Vec<String> {
        let mut out = Vec::new();
        let control = exception.control.as_ref();
        let control_policy = control.and_then(|control| control.policy.as_ref());
        if severity.is_none() && !exception.policy.is_empty() {
            out.push(self.no_policy(&exception.policy));
        }
        if let Some(policy) = control_policy.filter(|id| self.severity(id).is_none()) {
            out.push(format!("compensating_control: {}", self.no_policy(policy)));
        }
        if control_policy.is_some_and(|policy| *policy == exception.policy) {
            out.push(
                "compensating_control: it names the policy the exception is for, which fails"
                    .to_owned(),
            );
        }
        if exception.category == Category::Mitigated && control.is_none() {
            out.push("category mitigated needs a compensating_control".to_owned());
        }
        if self.rules.require_requester && exception.requester.is_none() && !exception.is_seed {
            out.push("requester missing (exceptions.require_requester is set)".to_owned());
        }
        let first = self.by_id.get(exception.id.as_str());
        if !exception.id.is_empty() && first.is_some_and(|first| !std::ptr::eq(*first, exception)) {
            out.push("its id is used twice".to_owned());
        }
        if let (Some(from), Some(end)) = (exception.not_before, exception.expires)
            && from >= end.end()
        {
            out.push("it ends before it begins".to_owned());
        }
        out
    }

    fn no_policy(&self, id: &str) -> String {
        let meant = nearest(id, self.known.iter().map(|(id, _)| id.as_str()));
        let meant = meant.map_or_else(String::new, |id| format!("; did you mean {id}?"));
        format!("there is no policy {id}{meant}")
    }

    /// How many exceptions came before.
    fn renewals(&self, exception: &Exception) -> Result<usize, String> {
        let (mut count, mut at) = (0, exception);
        while let Some(id) = &at.renews {
            count += 1;
            let Some(old) = self.by_id.get(id.as_str()) else {
                return Err(format!(
                    "it renews {id}, which is not in this file: keep it here, renewals are counted by it"
                ));
            };
            if (&old.policy, &old.resource) != (&exception.policy, &exception.resource) {
                return Err(format!("it renews {id}, which is about something else"));
            }
            if count > self.rules.renewals {
                return Err(format!(
                    "it would be renewal {count} of the same exception, and {} are allowed: fix the resource, or let the owner of the risk decide on a new exception",
                    self.rules.renewals
                ));
            }
            at = old;
        }
        Ok(count)
    }

    fn needed(&self, exception: &Exception, severity: Severity) -> usize {
        match (exception.is_seed, exception.break_glass) {
            (true, _) if self.rules.allow_unapproved => 0,
            (_, true) => 1,
            (_, false) => self.rules.approvals.get(severity),
        }
    }

    fn limit(&self, exception: &Exception, severity: Severity) -> String {
        match exception.break_glass {
            true => format!(
                "break-glass exceptions run {} hours at most",
                self.rules.break_glass_hours
            ),
            false => format!(
                "exceptions for {severity} policies run {} days at most",
                self.rules.max_days.get(severity)
            ),
        }
    }

    /// Counts the approvers; gives why others do not count.
    fn approvals(&self, grant: &mut Grant<'a>) -> Vec<String> {
        let exception = grant.exception;
        let digest = exception.digest();
        let mut refused = Vec::new();
        for act in &exception.approvers {
            let counted = |other: &&Act| same_person(&other.name, &act.name);
            match self.refusal(exception, act, &digest) {
                Some(why) => refused.push(why),
                None if grant.approved.iter().any(counted) => {}
                None => grant.approved.push(act),
            }
        }
        grant.approved.sort_by_key(|act| act.at);
        refused
    }

    /// Why an approver does not count.
    fn refusal(&self, exception: &Exception, act: &Act, digest: &str) -> Option<String> {
        let name = &act.name;
        if is_bot(name) {
            return Some(format!(
                "approver {name} is a machine, and machines do not approve"
            ));
        }
        if let Some(asked) = &exception.requester {
            if same_person(&asked.name, name) {
                return Some(format!(
                    "approver {name} is who asked for it ({}): somebody else has to approve",
                    asked.name
                ));
            }
            if let (Some(asked), Some(approved)) = (asked.at, act.at)
                && approved < asked
            {
                return Some(format!("{name} approved it before it was asked for"));
            }
        }
        let may = &self.rules.approvers;
        if !may.is_empty() && !may.iter().any(|known| same_person(known, name)) {
            return Some(format!(
                "approver {name} is not among exceptions.approvers of abide.toml"
            ));
        }
        if act
            .digest
            .as_ref()
            .is_some_and(|approved| approved != digest)
        {
            return Some(format!(
                "it was changed after {name} approved it: approve it again"
            ));
        }
        None
    }

    /// From the last approval that was needed, or from when it was asked for.
    fn term(&self, grant: &Grant<'_>, expires: Expiry, severity: Severity) -> Option<Term> {
        let exception = grant.exception;
        let asked = exception.requester.as_ref().and_then(|act| act.at);
        let approved = grant.needed.checked_sub(1);
        let approved = approved.and_then(|last| grant.approved.get(last)?.at);
        let from = exception.not_before.max(approved.or(asked));
        let until = expires.end();
        if let Some(from) = from {
            return Some(Term {
                from,
                until,
                is_assumed: false,
            });
        }
        let from = match exception.break_glass {
            true => until
                .checked_sub(self.rules.break_glass_hours.hours())
                .ok()?,
            false => {
                let days = self.rules.max_days.get(severity);
                midnight(expires.day().checked_sub(days.days()).ok()?)
            }
        };
        Some(Term {
            from,
            until,
            is_assumed: true,
        })
    }

    /// Whether a term is as short as it must be.
    fn is_short(&self, exception: &Exception, term: Term, severity: Severity) -> bool {
        if exception.break_glass {
            let latest = term.from.checked_add(self.rules.break_glass_hours.hours());
            return latest.is_ok_and(|latest| term.until <= latest);
        }
        let days = self.rules.max_days.get(severity);
        let latest = day_of(term.from).checked_add(days.days());
        let last = exception.expires.map(Expiry::day);
        latest.is_ok_and(|latest| last.is_some_and(|last| last <= latest))
    }
}
