//! Kleene's three-valued logic.

/// True, false, or not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tri {
    /// It does not hold.
    False,
    /// It cannot be told.
    Unknown,
    /// It holds.
    True,
}

impl Tri {
    /// Conjunction: false decides.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// Disjunction: true decides.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Unknown,
        }
    }

    /// What is left when it only *may* count: never more than unknown.
    #[must_use]
    pub fn possibly(self) -> Self {
        self.and(Self::Unknown)
    }
}

impl std::ops::Not for Tri {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Tri {
    fn from(bool: bool) -> Self {
        if bool { Self::True } else { Self::False }
    }
}

impl From<abide_policy::Verdict> for Tri {
    fn from(verdict: abide_policy::Verdict) -> Self {
        match verdict {
            abide_policy::Verdict::Pass => Self::True,
            abide_policy::Verdict::Fail => Self::False,
            abide_policy::Verdict::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tri;

    const ALL: [Tri; 3] = [Tri::False, Tri::Unknown, Tri::True];

    #[test]
    fn laws() {
        for a in ALL {
            assert_eq!(!!a, a);
            assert_eq!(a.and(Tri::True), a);
            assert_eq!(a.or(Tri::False), a);
            assert_eq!(a.and(Tri::False), Tri::False);
            assert_eq!(a.or(Tri::True), Tri::True);
            for b in ALL {
                assert_eq!(a.and(b), b.and(a));
                assert_eq!(a.or(b), b.or(a));
                assert_eq!(!(a.and(b)), (!a).or(!b));
                assert_eq!(a.and(a.or(b)), a);
                for c in ALL {
                    assert_eq!(a.and(b.or(c)), a.and(b).or(a.and(c)));
                    assert_eq!(a.and(b.and(c)), a.and(b).and(c));
                }
            }
        }
    }

    /// Learning an unknown value never turns a decided answer round.
    #[test]
    fn knowledge_only_grows() {
        let refines = |before: Tri, after: Tri| before == Tri::Unknown || before == after;
        for a in ALL {
            for b in ALL {
                for better in ALL.into_iter().filter(|better| refines(a, *better)) {
                    assert!(refines(a.and(b), better.and(b)));
                    assert!(refines(a.or(b), better.or(b)));
                    assert!(refines(!a, !better));
                }
            }
        }
    }
}
