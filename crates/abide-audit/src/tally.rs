//! Counts what a target's scans said: by scan, by day, by control, and the violations with
//! their beginning and end.

use std::collections::BTreeMap;
use std::ops::Range;

use abide_store::{AuditData, Cell, Status};

use crate::days::Days;
use crate::scope::{Scope, Stretch};
use crate::timeline::Timeline;
use crate::verdict::{Counts, DayCounts};

/// Days by outcome; more than one may hold for a day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masks {
    pub(crate) pass: Days,
    pub(crate) fail: Days,
    pub(crate) excepted: Days,
    pub(crate) unknown: Days,
}

impl Masks {
    pub(crate) fn none(timeline: &Timeline<'_>) -> Self {
        let none = timeline.no_days();
        Self {
            pass: none.clone(),
            fail: none.clone(),
            excepted: none.clone(),
            unknown: none,
        }
    }

    fn of(&mut self, status: Status) -> &mut Days {
        match status {
            Status::Pass => &mut self.pass,
            Status::Fail => &mut self.fail,
            Status::Excepted => &mut self.excepted,
            Status::Unknown | Status::Error => &mut self.unknown,
        }
    }

    fn add(&mut self, other: &Self) {
        self.pass.add(&other.pass);
        self.fail.add(&other.fail);
        self.excepted.add(&other.excepted);
        self.unknown.add(&other.unknown);
    }

    /// The worst of each day, given when the resource was there and when nobody looked.
    pub(crate) fn worst(&self, there: &Days, stale: &Days) -> Worst {
        let fail = self.fail.clone();
        let unknown = self.unknown.without(&fail);
        let mut worse = fail.clone();
        worse.add(&unknown);
        let excepted = self.excepted.without(&worse);
        worse.add(&excepted);
        let pass = self.pass.without(&worse);
        worse.add(&pass);
        let not_applicable = there.without(&worse);
        worse.add(&not_applicable);
        Worst {
            not_scanned: stale.without(&worse),
            fail,
            unknown,
            excepted,
            pass,
            not_applicable,
        }
    }
}

/// Each day in one set only.
pub(crate) struct Worst {
    fail: Days,
    unknown: Days,
    excepted: Days,
    pass: Days,
    not_applicable: Days,
    not_scanned: Days,
}

impl Worst {
    pub(crate) fn counts(&self) -> DayCounts {
        DayCounts {
            pass: self.pass.count(),
            fail: self.fail.count(),
            excepted: self.excepted.count(),
            unknown: self.unknown.count(),
            not_applicable: self.not_applicable.count(),
            not_scanned: self.not_scanned.count(),
        }
    }

    /// The counts of days within a range.
    pub(crate) fn within(&self, range: Range<usize>) -> DayCounts {
        let count = |days: &Days| range.clone().filter(|day| days.has(*day)).count() as u64;
        DayCounts {
            pass: count(&self.pass),
            fail: count(&self.fail),
            excepted: count(&self.excepted),
            unknown: count(&self.unknown),
            not_applicable: count(&self.not_applicable),
            not_scanned: count(&self.not_scanned),
        }
    }
}

/// One outcome in consecutive scans.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) places: Range<usize>,
    pub(crate) status: Status,
    pub(crate) detail: i64,
}

/// One policy on one resource.
pub(crate) struct Pair {
    pub(crate) subject: i64,
    pub(crate) policy: i64,
    pub(crate) counts: Counts,
    pub(crate) days: DayCounts,
    /// Its outcome in the last scan of the period in which it was evaluated.
    pub(crate) last: Option<Status>,
    /// All outcomes in order, if one of them was no pass.
    pub(crate) segments: Vec<Segment>,
}

/// What a control has on a resource.
#[derive(Clone, Debug)]
pub(crate) struct OnSubject {
    pub(crate) masks: Masks,
    pub(crate) evaluated: bool,
}

/// Everything counted of a target.
pub(crate) struct Tally {
    /// By resource and policy.
    pub(crate) pairs: Vec<Pair>,
    /// Evaluations by number of the control.
    pub(crate) controls: BTreeMap<usize, Counts>,
    /// By resource and number of the control.
    pub(crate) on: BTreeMap<i64, Vec<Option<OnSubject>>>,
    /// Days on which each resource was there, and on which nobody looked at it.
    pub(crate) there: BTreeMap<i64, (Days, Days)>,
    /// At each place, how many resources there were.
    pub(crate) present: Vec<i64>,
}

/// Counts a target.
pub(crate) fn tally(data: &AuditData, scope: &Scope, timeline: &Timeline<'_>) -> Tally {
    let (there, present) = presence(timeline);
    let mut tally = Tally {
        pairs: Vec::new(),
        controls: BTreeMap::new(),
        on: BTreeMap::new(),
        there,
        present,
    };
    let stretches = scope.stretches(data, timeline);
    let cells = &timeline.stream.cells;
    for cells in cells.chunk_by(|a, b| (a.subject, a.policy) == (b.subject, b.policy)) {
        let Some(first) = cells.first() else { continue };
        let stretches = stretches.get(&first.policy).map_or(&[][..], Vec::as_slice);
        let pair = one_pair(timeline, cells, stretches, &mut tally);
        tally.pairs.extend(pair);
    }
    not_applicable(data, scope, timeline, &mut tally);
    tally
}

/// Counts a policy on a resource, for itself and for its controls.
fn one_pair(
    timeline: &Timeline<'_>,
    cells: &[Cell],
    stretches: &[Stretch],
    tally: &mut Tally,
) -> Option<Pair> {
    let (subject, policy) = (cells.first()?.subject, cells.first()?.policy);
    let mut segments: Vec<Segment> = Vec::with_capacity(cells.len());
    for cell in cells {
        for places in timeline.places(cell.from, cell.to) {
            segments.push(Segment {
                places,
                status: cell.status,
                detail: cell.detail,
            });
        }
    }
    segments.sort_by_key(|segment| segment.places.start);
    let mut masks = Masks::none(timeline);
    let mut counts = Counts::default();
    let mut last = None;
    for segment in &segments {
        let scans = timeline.inside(&segment.places);
        *count(&mut counts, segment.status) += scans;
        if scans > 0 {
            last = Some(segment.status);
        }
        let before_end = segment.places.start..segment.places.end.min(timeline.inside.end);
        timeline.add_cover(masks.of(segment.status), before_end);
    }
    if let [(_, controls)] = stretches {
        for control in controls {
            add(tally, *control, subject, &counts, &masks);
        }
    } else {
        by_stretch(timeline, &segments, stretches, subject, tally);
    }
    let nobody = timeline.no_days();
    let days = if segments
        .iter()
        .all(|segment| segment.status == Status::Pass)
    {
        segments.clear();
        DayCounts {
            pass: masks.pass.count(),
            ..DayCounts::default()
        }
    } else {
        masks.worst(&nobody, &nobody).counts()
    };
    Some(Pair {
        subject,
        policy,
        days,
        counts,
        last,
        segments,
    })
}

/// A policy whose controls changed counts for each only while it named it.
fn by_stretch(
    timeline: &Timeline<'_>,
    segments: &[Segment],
    stretches: &[Stretch],
    subject: i64,
    tally: &mut Tally,
) {
    for (range, controls) in stretches {
        let mut masks = Masks::none(timeline);
        let mut counts = Counts::default();
        for segment in segments {
            let start = segment.places.start.max(range.start);
            let end = segment.places.end.min(range.end);
            if start < end {
                *count(&mut counts, segment.status) += timeline.inside(&(start..end));
                let days = masks.of(segment.status);
                timeline.add_cover(days, start..end.min(timeline.inside.end));
            }
        }
        for control in controls {
            add(tally, *control, subject, &counts, &masks);
        }
    }
}

fn add(tally: &mut Tally, control: usize, subject: i64, counts: &Counts, masks: &Masks) {
    tally.controls.entry(control).or_default().add(counts);
    let evaluated = counts.evaluated() > 0;
    let controls = tally.on.entry(subject).or_default();
    if controls.len() <= control {
        controls.resize(control + 1, None);
    }
    match controls.get_mut(control) {
        Some(Some(on)) => {
            on.masks.add(masks);
            on.evaluated |= evaluated;
        }
        Some(none) => {
            *none = Some(OnSubject {
                masks: masks.clone(),
                evaluated,
            });
        }
        None => {}
    }
}

pub(crate) fn count(counts: &mut Counts, status: Status) -> &mut u64 {
    match status {
        Status::Pass => &mut counts.pass,
        Status::Fail => &mut counts.fail,
        Status::Excepted => &mut counts.excepted,
        Status::Unknown => &mut counts.unknown,
        Status::Error => &mut counts.error,
    }
}

/// When resources were there.
fn presence(timeline: &Timeline<'_>) -> (BTreeMap<i64, (Days, Days)>, Vec<i64>) {
    let mut steps = vec![0; timeline.standing.len() + 1];
    let mut there: BTreeMap<i64, (Days, Days)> = BTreeMap::new();
    for presence in &timeline.stream.presence {
        for places in timeline.places(presence.from, presence.to) {
            steps[places.start] += 1;
            steps[places.end] -= 1;
            let before_end = places.start..places.end.min(timeline.inside.end);
            let (cover, stale) = there
                .entry(presence.subject)
                .or_insert_with(|| (timeline.no_days(), timeline.no_days()));
            timeline.add_cover(cover, before_end.clone());
            timeline.add_stale(stale, before_end);
        }
    }
    let mut sum = 0;
    let present = steps.iter().map(|step| {
        sum += step;
        sum
    });
    let present = present.collect();
    (there, present)
}

/// What is not stored does not apply: all policies of a control on all resources of a scan,
/// less what was evaluated.
fn not_applicable(data: &AuditData, scope: &Scope, timeline: &Timeline<'_>, tally: &mut Tally) {
    let mut possible: BTreeMap<usize, u64> = BTreeMap::new();
    let mut packs = BTreeMap::new();
    for place in timeline.inside.clone() {
        let (Some(run), Some(present)) = (timeline.standing.get(place), tally.present.get(place))
        else {
            continue;
        };
        let of_pack = packs
            .entry(run.pack)
            .or_insert_with(|| scope.of_pack(data, run.pack));
        for (control, policies) in of_pack.iter() {
            *possible.entry(*control).or_default() +=
                policies * u64::try_from(*present).unwrap_or(0);
        }
    }
    for (control, possible) in possible {
        let counts = tally.controls.entry(control).or_default();
        counts.not_applicable = possible.saturating_sub(counts.evaluated());
    }
}
