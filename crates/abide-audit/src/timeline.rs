//! When a target was scanned, and for which days its results stand.

use std::ops::Range;

use abide_store::{AuditRun, AuditStream};
use smallvec::SmallVec;

use crate::days::{Days, Span, Unions};

/// The scans of a target that count, by time.
pub(crate) struct Timeline<'a> {
    pub(crate) stream: &'a AuditStream,
    /// Whole scans, without those of pull requests.
    pub(crate) standing: Vec<&'a AuditRun>,
    /// Those made in the period; the one before says how things stood when it began, later
    /// ones how they ended.
    pub(crate) inside: Range<usize>,
    /// Whether only pull requests were scanned, which then count.
    pub(crate) proposals_only: bool,
    /// Number of a scan and its place in `standing`, by number.
    by_seq: Vec<(i64, usize)>,
    /// Where the next number is not at the next place.
    breaks: Vec<usize>,
    cover: Unions,
    stale: Unions,
    pub(crate) period: Span,
}

/// Limits of the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) period: Span,
    pub(crate) as_of: i64,
    pub(crate) max_gap: i64,
}

impl<'a> Timeline<'a> {
    pub(crate) fn of(stream: &'a AuditStream, limits: Limits) -> Self {
        let Limits { period, .. } = limits;
        let whole = || stream.runs.iter().filter(|run| run.complete);
        let mut standing: Vec<&AuditRun> = whole().filter(|run| !is_proposal(run)).collect();
        let proposals_only = standing.is_empty() && whole().next().is_some();
        if proposals_only {
            standing = whole().collect();
        }
        standing.sort_by_key(|run| (run.at, run.seq));
        let first = standing.partition_point(|run| run.at < period.from);
        let last = standing.partition_point(|run| run.at < period.to);
        let mut by_seq: Vec<(i64, usize)> = standing
            .iter()
            .enumerate()
            .map(|(place, run)| (run.seq, place))
            .collect();
        by_seq.sort_unstable();
        let pairs = by_seq.iter().zip(by_seq.iter().skip(1));
        let breaks = (1..)
            .zip(pairs)
            .filter(|(_, ((_, one), (_, next)))| *next != one + 1);
        let breaks = breaks.map(|(index, _)| index).collect();
        let (cover, stale) = coverage(&standing, limits);
        Self {
            stream,
            standing,
            inside: first..last,
            proposals_only,
            by_seq,
            breaks,
            cover: Unions::of(cover),
            stale: Unions::of(stale),
            period,
        }
    }

    /// Places of the scans `from <= seq < to`, as ranges without a hole, by time. There is
    /// more than one only if a scan was recorded after one that was made later.
    pub(crate) fn places(&self, from: i64, to: Option<i64>) -> SmallVec<[Range<usize>; 1]> {
        let start = self.by_seq.partition_point(|(seq, _)| *seq < from);
        let end = to.map_or(self.by_seq.len(), |to| {
            self.by_seq.partition_point(|(seq, _)| *seq < to)
        });
        if start >= end {
            return SmallVec::new();
        }
        let first = self.breaks.partition_point(|index| *index <= start);
        let last = self.breaks.partition_point(|index| *index < end);
        let inner = self.breaks.get(first..last).unwrap_or_default();
        let edges = inner.iter().copied();
        let starts = std::iter::once(start).chain(edges.clone());
        let pieces = starts.zip(edges.chain([end]));
        let mut ranges: SmallVec<[Range<usize>; 1]> = pieces
            .filter_map(|(from, to)| {
                let (_, place) = self.by_seq.get(from)?;
                Some(*place..place + (to - from))
            })
            .collect();
        ranges.sort_by_key(|range| range.start);
        ranges
    }

    /// How many of these scans were made in the period.
    pub(crate) fn inside(&self, range: &Range<usize>) -> u64 {
        let (from, to) = (
            range.start.max(self.inside.start),
            range.end.min(self.inside.end),
        );
        to.saturating_sub(from) as u64
    }

    /// Adds the days for which the results of these scans stand.
    pub(crate) fn add_cover(&self, days: &mut Days, range: Range<usize>) {
        self.cover.add_to(days, range);
    }

    /// Adds the days after them on which their results were too old.
    pub(crate) fn add_stale(&self, days: &mut Days, range: Range<usize>) {
        self.stale.add_to(days, range);
    }

    pub(crate) fn no_days(&self) -> Days {
        Days::none(self.period.days())
    }

    /// Times without a whole scan, between one and the next or an end of the period.
    pub(crate) fn pauses(&self) -> Vec<(i64, i64)> {
        let mut marks = Vec::with_capacity(self.inside.len() + 2);
        let before = self
            .inside
            .start
            .checked_sub(1)
            .and_then(|place| self.standing.get(place));
        marks.push(before.map_or(self.period.from, |run| run.at));
        let inside = self.standing.get(self.inside.clone()).unwrap_or_default();
        marks.extend(inside.iter().map(|run| run.at));
        marks.push(self.period.to);
        let pairs = marks.iter().zip(marks.iter().skip(1));
        pairs.map(|(from, to)| (*from, *to)).collect()
    }
}

/// For each scan the days its results stand for, and the days after that until the next.
fn coverage(standing: &[&AuditRun], limits: Limits) -> (Vec<Days>, Vec<Days>) {
    let Limits {
        period,
        as_of,
        max_gap,
    } = limits;
    let next = standing
        .iter()
        .skip(1)
        .map(|run| run.at)
        .chain([period.to.max(as_of)]);
    let sets = standing.iter().zip(next).map(|(run, next)| {
        // A scan says something about its own moment even if the next is as old.
        let end = next.min(run.at.saturating_add(max_gap)).max(run.at + 1);
        let mut cover = Days::none(period.days());
        cover.add_range(period.touched(run.at, end));
        let mut stale = Days::none(period.days());
        stale.add_range(period.touched(end, next));
        (cover, stale)
    });
    sets.unzip()
}

/// Whether it judged what somebody proposed in a pull request.
pub(crate) fn is_proposal(run: &AuditRun) -> bool {
    run.context.pull_request.is_some()
}
