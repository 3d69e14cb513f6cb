//! Days of a period, in UTC.

use smallvec::{SmallVec, smallvec};

/// A day in milliseconds.
pub const DAY: i64 = 86_400_000;

/// From a moment up to, not with, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Span {
    /// The number of days it touches.
    pub(crate) fn days(self) -> usize {
        if self.to <= self.from {
            return 0;
        }
        let days = (self.to - 1).div_euclid(DAY) - self.from.div_euclid(DAY) + 1;
        usize::try_from(days).unwrap_or(0)
    }

    /// Midnight at which a day begins.
    pub(crate) fn start_of(self, day: usize) -> i64 {
        (self.from.div_euclid(DAY) + i64::try_from(day).unwrap_or(i64::MAX / DAY)) * DAY
    }

    /// Days of the span that `from <= t < to` touches, as a range of numbers.
    pub(crate) fn touched(self, from: i64, to: i64) -> std::ops::Range<usize> {
        let (from, to) = (from.max(self.from), to.min(self.to));
        if to <= from {
            return 0..0;
        }
        let first = self.from.div_euclid(DAY);
        let number = |at: i64| usize::try_from(at.div_euclid(DAY) - first).unwrap_or(0);
        number(from)..number(to - 1) + 1
    }
}

/// A set of days of a period. A report makes very many; those of half a year need no heap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Days(SmallVec<[u64; 4]>);

impl Days {
    pub(crate) fn none(days: usize) -> Self {
        Self(smallvec![0; days.div_ceil(64)])
    }

    pub(crate) fn add_range(&mut self, range: std::ops::Range<usize>) {
        for day in range {
            if let Some(word) = self.0.get_mut(day / 64) {
                *word |= 1 << (day % 64);
            }
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    pub(crate) fn without(&self, other: &Self) -> Self {
        let words = self.0.iter().zip(&other.0);
        Self(words.map(|(word, less)| word & !less).collect())
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn has(&self, day: usize) -> bool {
        self.0
            .get(day / 64)
            .is_some_and(|word| word >> (day % 64) & 1 == 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Ranges of days without a hole, in order.
    pub(crate) fn ranges(&self) -> Vec<std::ops::Range<usize>> {
        let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
        for day in 0..self.0.len() * 64 {
            if !self.has(day) {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.end == day => last.end = day + 1,
                _ => ranges.push(day..day + 1),
            }
        }
        ranges
    }
}

/// Unions of consecutive sets, each found in one step.
pub(crate) struct Unions {
    /// At each level the union of 2^level sets from a place on.
    levels: Vec<Vec<Days>>,
}

impl Unions {
    pub(crate) fn of(sets: Vec<Days>) -> Self {
        let mut levels = vec![sets];
        let mut width = 1;
        while let Some(last) = levels.last()
            && last.len() > width
        {
            let pairs = last.iter().zip(last.iter().skip(width));
            let next = pairs.map(|(one, other)| {
                let mut both = one.clone();
                both.add(other);
                both
            });
            let next: Vec<Days> = next.collect();
            levels.push(next);
            width *= 2;
        }
        Self { levels }
    }

    /// Adds all sets of a range of places to another.
    pub(crate) fn add_to(&self, days: &mut Days, range: std::ops::Range<usize>) {
        if range.is_empty() {
            return;
        }
        let level = usize::try_from(range.len().ilog2()).unwrap_or(0);
        let Some(sets) = self.levels.get(level) else {
            return;
        };
        for place in [range.start, range.end - (1 << level)] {
            if let Some(set) = sets.get(place) {
                days.add(set);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_is_touched_from_its_first_to_its_last_moment() {
        let year = Span {
            from: 0,
            to: 366 * DAY,
        };
        assert_eq!(year.days(), 366);
        assert_eq!(year.touched(DAY - 1, DAY), 0..1);
        assert_eq!(year.touched(DAY - 1, DAY + 1), 0..2);
        assert_eq!(year.touched(DAY, DAY), 0..0);
        assert_eq!(year.touched(-5, 1), 0..1);
        let noon = Span {
            from: DAY / 2,
            to: DAY + DAY / 2,
        };
        assert_eq!(noon.days(), 2);
        assert_eq!(noon.touched(i64::MIN / 2, i64::MAX / 2), 0..2);
        assert_eq!(noon.start_of(1), DAY);
    }

    proptest! {
        #[test]
        fn unions_are_those_of_one_by_one(
            sets in prop::collection::vec(prop::collection::vec(0_usize..130, 0..4), 1..40),
            from in 0_usize..40, len in 0_usize..40,
        ) {
            let sets: Vec<Days> = sets.iter().map(|days| {
                let mut set = Days::none(130);
                days.iter().for_each(|day| set.add_range(*day..day + 1));
                set
            }).collect();
            let range = from.min(sets.len())..(from + len).min(sets.len());
            let mut slow = Days::none(130);
            sets[range.clone()].iter().for_each(|set| slow.add(set));
            let mut fast = Days::none(130);
            Unions::of(sets).add_to(&mut fast, range);
            prop_assert_eq!(fast.count(), fast.ranges().iter().map(|r| r.len() as u64).sum::<u64>());
            prop_assert_eq!(fast, slow);
        }
    }
}
