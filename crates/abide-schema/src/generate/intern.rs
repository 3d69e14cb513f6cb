//! Storing equal things once.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use super::GenerateError;

/// Distinct items, numbered in the order in which they were first seen.
pub(super) struct Interner<T> {
    what: &'static str,
    last_id: u32,
    ids: HashMap<T, u32>,
    items: Vec<T>,
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// `last_id` is what the field that will hold the id has room for.
    pub(super) fn new(what: &'static str, last_id: u32) -> Self {
        Self {
            what,
            last_id,
            ids: HashMap::new(),
            items: Vec::new(),
        }
    }

    pub(super) fn id<Q>(&mut self, item: &Q) -> Result<u32, GenerateError>
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(id) = self.ids.get(item) {
            return Ok(*id);
        }
        let id = u32::try_from(self.items.len())
            .ok()
            .filter(|id| *id <= self.last_id)
            .ok_or(GenerateError::TooMany {
                what: self.what,
                limit: self.last_id,
            })?;
        self.items.push(item.to_owned());
        self.ids.insert(item.to_owned(), id);
        Ok(id)
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }
}
