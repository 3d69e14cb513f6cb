//! From what the store holds to the report: one file for each part.

mod changes;
mod completeness;
mod controls;
mod deviations;
mod exceptions;
mod health;
mod items;
mod policies;
mod posture;
mod proposals;

pub(crate) use items::word;

use abide_controls::Framework;
use abide_ledger::note::{Checkpoint, hex};
use abide_store::{AuditData, AuditQuery, LedgerEvent, PolicyVersion, Store, StoreError};

use crate::days::{DAY, Span};
use crate::detail::{Details, text};
use crate::model::{AuditReport, Cover, Drift, Event, Moment, Retention};
use crate::scope::Scope;
use crate::tally::{Tally, tally};
use crate::timeline::{Limits, Timeline};

/// What a report is asked to be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The framework.
    pub framework: Framework,
    /// Whose history.
    pub tenant: String,
    /// Only these targets; all that were ever recorded if there are none.
    pub targets: Vec<String>,
    /// First moment of the period, in milliseconds since 1970.
    pub from: i64,
    /// The moment after its last.
    pub to: i64,
    /// Nothing that was recorded later; the newest entry of the ledger if there is none.
    pub as_of: Option<i64>,
    /// How many days a result stands without another scan.
    pub max_gap_days: u32,
}

/// What building a report has at hand.
pub(crate) struct Builder<'a> {
    pub(crate) framework: Framework,
    pub(crate) data: &'a AuditData,
    pub(crate) scope: Scope,
    pub(crate) details: Details,
    pub(crate) limits: Limits,
    /// Each target: its timeline and what was counted.
    pub(crate) targets: Vec<(Timeline<'a>, Tally)>,
}

impl AuditReport {
    /// Reads the store and makes the report.
    ///
    /// # Errors
    /// If nothing was recorded, a target does not exist or the store fails.
    pub fn read(store: &mut Store, request: &Request) -> Result<(Self, AuditData), StoreError> {
        let as_of = match request.as_of {
            Some(at) => at,
            None => store.last_recorded(&request.tenant)?,
        };
        let data = store.audit(&AuditQuery {
            tenant: &request.tenant,
            targets: &request.targets,
            from: request.from,
            to: request.to,
            at: as_of,
            controls: &format!("{}-", request.framework.slug()),
        })?;
        Ok((Self::build(request, as_of, &data), data))
    }

    /// Makes the report of what was read.
    #[must_use]
    pub fn build(request: &Request, as_of: i64, data: &AuditData) -> Self {
        let limits = Limits {
            period: Span {
                from: request.from,
                to: request.to,
            },
            as_of,
            max_gap: i64::from(request.max_gap_days) * DAY,
        };
        Builder::of(data, request.framework, limits).report(request)
    }
}

impl<'a> Builder<'a> {
    pub(crate) fn of(data: &'a AuditData, framework: Framework, limits: Limits) -> Self {
        let scope = Scope::of(data, framework);
        let timelines = data.streams.iter().map(|one| Timeline::of(one, limits));
        let targets = timelines.map(|timeline| {
            let tally = tally(data, &scope, &timeline);
            (timeline, tally)
        });
        Self {
            framework,
            data,
            targets: targets.collect(),
            scope,
            details: Details::of(data),
            limits,
        }
    }

    fn report(&self, request: &Request) -> AuditReport {
        let deviations = self.deviations();
        let completeness = self.completeness();
        let (exceptions, exception_days) = self.exceptions();
        let controls = self.controls(&completeness, &deviations);
        let (changes, orphans) = self.changes();
        AuditReport {
            format: 1,
            cover: self.cover(request),
            not_covered: self.not_covered(&controls),
            policies: self.policies(),
            policy_changes: self.policy_changes(),
            items: self.items(),
            posture: self.posture(),
            caught: self.caught(),
            exception_events: self.events(|kind| kind.starts_with("exception.")),
            drift: self.drift(),
            health: self.health(),
            retention: self.retention(),
            access: self.access(&exceptions),
            limits: self.said_limits(&completeness),
            controls,
            completeness,
            deviations,
            exceptions,
            exception_days,
            changes,
            orphans,
        }
    }

    fn cover(&self, request: &Request) -> Cover {
        let edition = self.framework.current_edition();
        let ledger = &self.data.ledger;
        let root = Checkpoint::parse(&ledger.note).map(|checkpoint| hex(&checkpoint.root));
        let targets = self.data.streams.iter().map(|stream| stream.name.clone());
        Cover {
            framework: self.framework.slug().to_owned(),
            edition: edition.to_string(),
            title: edition.title(),
            noun: self.framework.noun().to_owned(),
            tenant: request.tenant.clone(),
            targets: targets.collect(),
            chosen: !request.targets.is_empty(),
            from: Moment(request.from),
            to: Moment(request.to),
            days: self.limits.period.days(),
            as_of: Moment(self.limits.as_of),
            tool: format!("abide {}", env!("CARGO_PKG_VERSION")),
            max_gap_hours: self.limits.max_gap / 3_600_000,
            ledger_size: ledger.size,
            checkpoint: ledger.note.clone(),
            ledger_root: root.unwrap_or_default(),
            verify: format!(
                "abide evidence verify --tenant {}",
                shell_word(&request.tenant)
            ),
        }
    }

    /// The version of a policy that a scan used, by place.
    pub(crate) fn version(
        &self,
        timeline: &Timeline<'_>,
        place: usize,
        policy: i64,
    ) -> Option<&PolicyVersion> {
        let run = timeline.standing.get(place)?;
        let pack = self.data.packs.get(&run.pack)?;
        let version = pack.policies.get(&policy)?;
        self.data.versions.get(&(policy, *version))
    }

    pub(crate) fn policy_id(&self, number: i64) -> String {
        self.data.policies.get(&number).cloned().unwrap_or_default()
    }

    /// Labels of the controls a policy had in a scan, by place.
    pub(crate) fn labels(&self, timeline: &Timeline<'_>, place: usize, policy: i64) -> Vec<String> {
        let version = timeline
            .standing
            .get(place)
            .and_then(|run| self.data.packs.get(&run.pack))
            .and_then(|pack| pack.policies.get(&policy));
        version.map_or_else(Vec::new, |version| {
            self.scope.names(self.scope.controls_of(policy, version))
        })
    }

    /// Entries of the ledger in the period.
    pub(crate) fn events(&self, wanted: impl Fn(&str) -> bool) -> Vec<Event> {
        let period = self.limits.period;
        let events = self.data.events.iter();
        let events = events
            .filter(|event| wanted(&event.kind) && event.at >= period.from && event.at < period.to);
        events.map(event).collect()
    }

    fn drift(&self) -> Drift {
        let inside = |(timeline, _): &(Timeline<'_>, Tally)| {
            let period = timeline.period;
            let runs = timeline.stream.runs.iter();
            let drift = runs.filter(|run| {
                run.context.kind == "drift" && run.at >= period.from && run.at < period.to
            });
            drift.count() as u64
        };
        Drift {
            scans: self.targets.iter().map(inside).sum(),
            events: self.events(|kind| kind.starts_with("drift.")),
        }
    }

    fn retention(&self) -> Retention {
        let streams = &self.data.streams;
        let pruned = self.data.events.iter();
        let pruned = pruned.filter(|event| event.kind == "store.pruned");
        Retention {
            oldest: streams
                .iter()
                .filter_map(|stream| stream.first_at)
                .min()
                .map(Moment),
            scans: streams.iter().map(|stream| stream.total).sum(),
            ledger_entries: self.data.ledger.size,
            checkpoints: self.data.ledger.checkpoints,
            pruned: pruned.map(event).collect(),
        }
    }
}

/// An entry, with what it is about and who did it where it says so in the usual places.
fn event(event: &LedgerEvent) -> Event {
    let first = |names: &[&str]| names.iter().find_map(|name| text(&event.body[*name]));
    Event {
        entry: event.seq,
        at: Moment(event.at),
        kind: event.kind.clone(),
        subject: first(&[
            "id",
            "exception",
            "address",
            "stream",
            "digest",
            "to",
            "what",
        ])
        .unwrap_or_default(),
        actor: first(&["by", "actor", "approver", "requester"]),
        body: event.body.clone(),
    }
}

/// A word as a shell reads it.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
