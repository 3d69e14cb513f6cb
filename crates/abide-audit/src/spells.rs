//! Violations with their beginning and end, from the outcomes of a policy on a resource.

use abide_store::{AuditData, Status};

use crate::model::Closed;
use crate::tally::{Pair, Segment, Tally};
use crate::timeline::Timeline;

/// A violation from the scan that showed it to the one that showed its end. Unknown and error
/// end nothing: they are no proof.
#[derive(Clone, Debug)]
pub(crate) struct Spell<'p> {
    /// The scan that showed it first, by place.
    pub(crate) start: usize,
    /// The scan that showed its end.
    pub(crate) end: Option<usize>,
    /// How it ended.
    pub(crate) closed: Option<Closed>,
    /// Its outcomes.
    pub(crate) segments: Vec<&'p Segment>,
}

impl Spell<'_> {
    /// The last segment that was a violation, covered or not: it says what is wrong.
    pub(crate) fn telling(&self) -> Option<&Segment> {
        let violation = |segment: &&&Segment| is_violation(segment.status);
        self.segments.iter().rev().find(violation).copied()
    }
}

fn is_violation(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Excepted)
}

/// All violations of a policy on a resource.
pub(crate) fn spells<'p>(
    data: &AuditData,
    timeline: &Timeline<'_>,
    tally: &Tally,
    pair: &'p Pair,
) -> Vec<Spell<'p>> {
    let mut done: Vec<Spell<'p>> = Vec::new();
    let mut open: Option<Spell<'p>> = None;
    let mut seen = 0;
    let missing = |place: usize| missing(data, timeline, tally, pair, place);
    for segment in &pair.segments {
        if segment.places.start > seen
            && let Some(spell) = open.take()
        {
            done.push(Spell {
                end: Some(seen),
                closed: Some(missing(seen)),
                ..spell
            });
        }
        seen = segment.places.end;
        match (segment.status, &mut open) {
            (Status::Pass, open) => {
                done.extend(open.take().map(|spell| Spell {
                    end: Some(segment.places.start),
                    closed: Some(Closed::Fixed),
                    ..spell
                }));
            }
            (_, Some(spell)) => spell.segments.push(segment),
            (status, none) if is_violation(status) => {
                *none = Some(Spell {
                    start: segment.places.start,
                    end: None,
                    closed: None,
                    segments: vec![segment],
                });
            }
            _ => {}
        }
    }
    if let Some(mut spell) = open {
        if seen < timeline.standing.len() {
            spell.end = Some(seen);
            spell.closed = Some(missing(seen));
        }
        done.push(spell);
    }
    done
}

/// Why a scan had no outcome of the policy on the resource.
fn missing(
    data: &AuditData,
    timeline: &Timeline<'_>,
    tally: &Tally,
    pair: &Pair,
    place: usize,
) -> Closed {
    let run = timeline.standing.get(place);
    let pack = run.and_then(|run| data.packs.get(&run.pack));
    if !pack.is_some_and(|pack| pack.policies.contains_key(&pair.policy)) {
        return Closed::PolicyRemoved;
    }
    let seq = run.map_or(0, |run| run.seq);
    let lives = &timeline.stream.lives;
    let moved = lives.iter().any(|life| {
        (life.subject, life.policy) == (pair.subject, pair.policy)
            && life.closed == Some(seq)
            && life.reason.as_deref() == Some("moved")
    });
    if moved {
        return Closed::Moved;
    }
    let presence = &timeline.stream.presence;
    let there = tally.there.contains_key(&pair.subject)
        && presence.iter().any(|presence| {
            presence.subject == pair.subject
                && presence.from <= seq
                && presence.to.is_none_or(|to| to > seq)
        });
    if there {
        Closed::Fixed
    } else {
        Closed::ResourceRemoved
    }
}
