//! No more calls in a time than AWS allows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Spaces calls apart, for each key; shared by all who make them.
#[derive(Debug)]
pub struct Pace {
    apart: Duration,
    next: Mutex<HashMap<String, Instant>>,
}

impl Pace {
    /// At most one call in this time.
    #[must_use]
    pub fn new(apart: Duration) -> Self {
        Self {
            apart,
            next: Mutex::default(),
        }
    }

    /// Waits for this key's turn.
    pub fn wait(&self, key: &str) {
        let now = Instant::now();
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.get(key).copied().unwrap_or(now).max(now);
            next.insert(key.to_owned(), turn + self.apart);
            turn
        };
        std::thread::sleep(turn.saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_one_key_are_apart_and_of_others_are_not() {
        let pace = Pace::new(Duration::from_millis(30));
        let begun = Instant::now();
        for _ in 0..4 {
            pace.wait("a");
        }
        assert!(begun.elapsed() >= Duration::from_millis(90));
        let begun = Instant::now();
        pace.wait("b");
        assert!(begun.elapsed() < Duration::from_millis(25));
    }
}
