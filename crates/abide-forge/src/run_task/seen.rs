//! Which requests were received already.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Remembers task results by their ids. A server with several processes keeps them in its store.
pub trait Seen: Send + Sync {
    /// Remembers an id; false if it was there.
    fn first_time(&self, id: &str, now: Timestamp) -> bool;
}

/// Remembers the last ones of this process.
#[derive(Debug)]
pub struct SeenInMemory {
    most: usize,
    seen: Mutex<BTreeMap<String, Timestamp>>,
}

impl SeenInMemory {
    /// Remembers so many at most; the oldest is forgotten first.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            seen: Mutex::new(BTreeMap::new()),
        }
    }
}

impl Seen for SeenInMemory {
    fn first_time(&self, id: &str, now: Timestamp) -> bool {
        // A panic elsewhere leaves the map as it was.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains_key(id) {
            return false;
        }
        if seen.len() >= self.most {
            let oldest = seen.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                seen.remove(&oldest);
            }
        }
        seen.insert(id.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let seen = SeenInMemory::new(2);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(seen.first_time("a", at(1)));
        assert!(!seen.first_time("a", at(2)));
        assert!(seen.first_time("b", at(2)));
        assert!(seen.first_time("c", at(3)));
        assert!(!seen.first_time("b", at(4)));
        assert!(seen.first_time("a", at(5)));
    }
}
