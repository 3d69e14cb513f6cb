//! Which change led to which scan.

use std::collections::{BTreeMap, BTreeSet};

use abide_store::AuditRun;

use super::Builder;
use super::deviations::scan_ref;
use crate::model::{Change, Moment, Orphan};
use crate::timeline::is_proposal;

/// What is gathered of a commit.
#[derive(Default)]
struct Gathered<'a> {
    repository: Option<&'a str>,
    branches: BTreeSet<&'a str>,
    pull_requests: BTreeSet<&'a str>,
    tickets: BTreeSet<&'a str>,
    actors: BTreeSet<&'a str>,
    targets: BTreeSet<&'a str>,
    ci_runs: BTreeSet<&'a str>,
    times: BTreeSet<i64>,
    scans: u64,
    standing: bool,
}

impl Builder<'_> {
    /// Scans of the period, of all targets.
    pub(super) fn runs(&self) -> impl Iterator<Item = (&str, &AuditRun)> {
        let period = self.limits.period;
        self.data.streams.iter().flat_map(move |stream| {
            let runs = stream.runs.iter();
            let inside = runs.filter(move |run| run.at >= period.from && run.at < period.to);
            inside.map(|run| (stream.name.as_str(), run))
        })
    }

    pub(super) fn changes(&self) -> (Vec<Change>, Vec<Orphan>) {
        let mut commits: BTreeMap<&str, Gathered<'_>> = BTreeMap::new();
        let mut orphans = Vec::new();
        for (target, run) in self.runs() {
            let Some(commit) = &run.context.commit else {
                orphans.push(Orphan {
                    target: target.to_owned(),
                    scan: scan_ref(run),
                });
                continue;
            };
            commits.entry(commit).or_default().add(target, run);
        }
        let mut changes: Vec<Change> = commits
            .into_iter()
            .map(|(commit, gathered)| gathered.change(commit))
            .collect();
        changes.sort_by(|a, b| (a.first, &a.commit).cmp(&(b.first, &b.commit)));
        (changes, orphans)
    }
}

impl<'a> Gathered<'a> {
    fn add(&mut self, target: &'a str, run: &'a AuditRun) {
        let context = &run.context;
        self.repository = self.repository.or(context.repository.as_deref());
        self.branches.extend(context.branch.as_deref());
        self.pull_requests.extend(context.pull_request.as_deref());
        self.tickets.extend(context.ticket.as_deref());
        self.actors.extend(context.actor.as_deref());
        self.ci_runs.extend(context.ci_run.as_deref());
        self.targets.insert(target);
        self.times.insert(run.at);
        self.scans += 1;
        self.standing |= !is_proposal(run);
    }

    fn change(self, commit: &str) -> Change {
        let list = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
        Change {
            commit: commit.to_owned(),
            repository: self.repository.map(str::to_owned),
            orphan: self.standing && self.pull_requests.is_empty() && self.tickets.is_empty(),
            branches: list(self.branches),
            pull_requests: list(self.pull_requests),
            tickets: list(self.tickets),
            actors: list(self.actors),
            targets: list(self.targets),
            ci_runs: list(self.ci_runs),
            scans: self.scans,
            first: Moment(self.times.first().copied().unwrap_or_default()),
            last: Moment(self.times.last().copied().unwrap_or_default()),
        }
    }
}
