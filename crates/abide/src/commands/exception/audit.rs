//! `abide exception audit`

use std::collections::BTreeMap;

use abide_core::exception::{Act, Exception, Grant, Identity, State, same_person};
use abide_policy::Severity;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::blame::{self, Commit};
use super::book::Book;
use super::results::Results;
use super::{check, view};
use crate::cli::{AuditArgs, Cli, ListFormat};
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, args: &AuditArgs) -> anyhow::Result<u8> {
    let book = Book::open_existing(cli, &args.book)?;
    let results = args
        .from
        .iter()
        .map(|path| Results::read(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let commits = blame::lines(&book.path);
    let grants = book.grants();
    let audit = Audit {
        book: &book,
        grants: &grants,
        results: &results,
        commits: &commits,
    };
    let text = match args.format {
        ListFormat::Json => {
            let list: Vec<_> = grants.iter().map(|grant| audit.json(grant)).collect();
            serde_json::to_string_pretty(&list)?
        }
        ListFormat::Human => terminal::visible(&audit.human()),
    };
    output::print_text(&text)?;
    Ok(0)
}

/// Between doing something and committing it.
const TOLERANCE_HOURS: u64 = 72;

struct Audit<'a> {
    book: &'a Book,
    grants: &'a [Grant<'a>],
    results: &'a [Results],
    commits: &'a BTreeMap<u32, Commit>,
}

impl Audit<'_> {
    fn human(&self) -> String {
        let mut out = String::new();
        for grant in self.grants {
            let exception = grant.exception;
            let state = grant.state(self.book.now);
            let days = view::days(grant).map(|days| format!(", {days} days"));
            out.push_str(&format!(
                "{}  {}{}\n  {} ({}) on {}\n  until {}{}; {}:{}\n",
                if exception.id.is_empty() {
                    "(no id)"
                } else {
                    &exception.id
                },
                state.as_str(),
                if exception.break_glass {
                    ", break-glass"
                } else {
                    ""
                },
                exception.policy,
                grant.severity.map_or("no such policy", Severity::as_str),
                exception.resource,
                exception
                    .expires
                    .map_or("-".to_owned(), |end| end.to_string()),
                days.unwrap_or_default(),
                exception.place.file,
                exception.place.line,
            ));
            for (what, act) in view::acts(grant) {
                out.push_str(&format!(
                    "  {what} by {}{}\n",
                    view::act(act),
                    self.committed(act)
                ));
            }
            for odd in self.odd(grant) {
                out.push_str(&format!("  ! {odd}\n"));
            }
            out.push('\n');
        }
        let odd = self
            .grants
            .iter()
            .filter(|grant| !self.odd(grant).is_empty())
            .count();
        let count = |state| {
            self.grants
                .iter()
                .filter(|grant| grant.state(self.book.now) == state)
                .count()
        };
        out.push_str(&format!(
            "{} exceptions at {}: {} in force, {} requested, {} void; {odd} with remarks",
            self.grants.len(),
            self.book.now,
            count(State::Active),
            count(State::Requested),
            count(State::Void),
        ));
        if self.results.is_empty() {
            out.push_str(
                "\nWhich of them cover nothing is not told: name results of scans with --from",
            );
        }
        out
    }

    fn json(&self, grant: &Grant<'_>) -> Value {
        let mut out = view::json(grant, self.book.now);
        if let Some(fields) = out.as_object_mut() {
            let acts = view::acts(grant).into_iter().map(|(what, act)| {
                let commit = self.commits.get(&act.place.line);
                json!({
                    "act": what,
                    "name": act.name,
                    "at": act.at.map(|at| at.to_string()),
                    "identity": act.identity.as_str(),
                    "reason": act.reason,
                    "line": act.place.line,
                    "commit": commit.map(|commit| &commit.id),
                    "committed_by": commit.map(|commit| &commit.author),
                })
            });
            fields.insert("acts".to_owned(), acts.collect());
            fields.insert("remarks".to_owned(), json!(self.odd(grant)));
        }
        out
    }

    fn committed(&self, act: &Act) -> String {
        match self.commits.get(&act.place.line) {
            Some(commit) => format!(
                ", line {} committed by {} in {}",
                act.place.line, commit.author, commit.id
            ),
            None => format!(", line {} not committed", act.place.line),
        }
    }

    /// What an auditor would ask about.
    fn odd(&self, grant: &Grant<'_>) -> Vec<String> {
        let exception = grant.exception;
        let now = self.book.now;
        let mut out = Vec::new();
        if let Some(fault) = grant.why_void(now) {
            out.push(format!("void: {} ({})", fault.message, fault.place));
        }
        if grant.is_review_due(now) {
            out.push("granted in an emergency, and nobody has reviewed it".to_owned());
        }
        if exception.requester.is_none() {
            out.push("nobody is recorded as having asked, so nothing shows that somebody else approved it".to_owned());
        }
        if exception.facts.is_none() {
            out.push("bound to no facts: it covers whatever fails there".to_owned());
        }
        for act in &exception.approvers {
            if act.identity == Identity::File || act.at.is_none() {
                out.push(format!(
                    "approval by {} says not when or how the name is known",
                    act.name
                ));
            }
            let commit = self.commits.get(&act.place.line);
            match commit {
                Some(commit) if !same_person(&commit.author, &act.name) => out.push(format!(
                    "approval by {} was committed by {}",
                    act.name, commit.author
                )),
                None if act.identity == Identity::Flag => out.push(format!(
                    "approval by {} rests on a name that somebody typed",
                    act.name
                )),
                _ => {}
            }
        }
        out.extend(
            view::acts(grant)
                .into_iter()
                .filter_map(|(what, act)| self.misdated(what, act)),
        );
        out.extend(self.others(grant));
        let unused = check::unused(grant, self.book, self.results);
        out.extend(unused.map(|problem| format!("{} ({})", problem.message, problem.place)));
        out
    }

    /// An act that was written into the file on quite another day than it says.
    fn misdated(&self, what: &str, act: &Act) -> Option<String> {
        let commit = self.commits.get(&act.place.line)?;
        let said = act.at?;
        let apart = said.as_second().abs_diff(commit.at.as_second());
        let is_far = apart > TOLERANCE_HOURS * 3600;
        is_far.then(|| {
            format!(
                "{what} by {} on {}, but written on {}",
                act.name,
                view::day(said),
                view::day(commit.at)
            )
        })
    }

    /// Whether an exception is a renewal of another, or of one of its renewals.
    fn descends(&self, exception: &Exception, from: &str) -> bool {
        let mut at = exception;
        // A ring ends somewhere.
        for _ in self.grants {
            match &at.renews {
                Some(id) if id == from => return true,
                Some(id) => match self.book.set.get(id) {
                    Some(old) => at = old,
                    None => return false,
                },
                None => return false,
            }
        }
        false
    }

    /// Others that are granted for the same at the same time, or right before.
    fn others(&self, grant: &Grant<'_>) -> Vec<String> {
        let Some((from, until)) = granted(grant) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for other in self.grants {
            let exception = other.exception;
            let same = (&exception.policy, &exception.resource)
                == (&grant.exception.policy, &grant.exception.resource);
            if !same || std::ptr::eq(exception, grant.exception) {
                continue;
            }
            let Some((start, end)) = granted(other) else {
                continue;
            };
            let follows = end <= from
                && view::day(end)
                    .until(view::day(from))
                    .is_ok_and(|gap| gap.get_days() <= 30);
            if start < until && from < end {
                out.push(format!("overlaps {} ({})", exception.id, exception.place));
            } else if follows && !self.descends(grant.exception, &exception.id) {
                out.push(format!(
                    "follows {} ({}) without being its renewal, so it is not counted as one",
                    exception.id, exception.place
                ));
            }
        }
        out
    }
}

/// The time an exception was granted for and not taken back.
fn granted(grant: &Grant<'_>) -> Option<(Timestamp, Timestamp)> {
    let term = grant
        .term
        .filter(|_| grant.void.is_empty() && grant.missing() == 0)?;
    let over = grant.exception.revoked.as_ref().and_then(|act| act.at);
    let until = over.map_or(term.until, |over| over.min(term.until));
    let is_refused = grant.exception.rejected.is_some();
    (!is_refused && term.from < until).then_some((term.from, until))
}
