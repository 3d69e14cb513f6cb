//! Telling apart what was listed.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::texts;
use super::list::Item;
use super::table::{Child, Kind, kinds};
use super::{Counts, Held, Look, NotLooked, Unmanaged};

/// What something is.
enum Standing {
    Held,
    /// AWS made it: why.
    Own(String),
    /// It belongs to one of this type with this id.
    Child(String, String),
    Unmanaged,
}

pub(super) fn sift(
    items: Vec<Item>,
    mut not_looked: Vec<NotLooked>,
    held: &Held,
    account: &str,
) -> Look {
    let around = Around {
        there: items
            .iter()
            .map(|item| (item.kind.name.clone(), item.id.clone()))
            .collect(),
        claimed: claimed(&items),
        unseen: not_looked.iter().map(|not| not.type_name.clone()).collect(),
        held,
        account,
    };
    let mut look = Look::default();
    let mut children: BTreeMap<(String, String), Vec<(String, String)>> = BTreeMap::new();
    let mut found = Vec::new();
    for item in items {
        let counts = look.counts.entry(item.kind.name.clone()).or_default();
        counts.listed += 1;
        match around.standing(&item) {
            Standing::Held => counts.held += 1,
            // What is not known closely may be AWS's own.
            Standing::Unmanaged if item.unclear.is_some() => {
                not_looked.extend(item.unclear.map(|reason| NotLooked {
                    type_name: item.kind.name.clone(),
                    region: item.region,
                    id: Some(item.id),
                    reason,
                }));
            }
            Standing::Own(why) => {
                counts.own += 1;
                look.own.push((item.kind.name.clone(), item.id, why));
            }
            Standing::Child(of, parent) => {
                counts.children += 1;
                let child = (item.kind.name.clone(), item.id);
                children.entry((of, parent)).or_default().push(child);
            }
            Standing::Unmanaged => {
                counts.unmanaged += 1;
                found.push(item);
            }
        }
    }
    look.unmanaged = found
        .into_iter()
        .map(|item| Unmanaged {
            children: children
                .remove(&(item.kind.name.clone(), item.id.clone()))
                .unwrap_or_default(),
            type_name: item.kind.name.clone(),
            id: item.id,
            region: item.region,
        })
        .collect();
    look.unmanaged.sort();
    // One list may be asked for in parts.
    look.unmanaged.dedup();
    not_looked
        .sort_by(|a, b| (&a.type_name, &a.region, &a.id).cmp(&(&b.type_name, &b.region, &b.id)));
    look.not_looked = not_looked;
    look
}

/// What says that others belong to it.
fn claimed(items: &[Item]) -> BTreeMap<(String, String), (String, String)> {
    let mut claimed = BTreeMap::new();
    for item in items {
        for claim in &item.kind.claims {
            for id in texts(&item.value, &claim.at) {
                let of = (item.kind.name.clone(), item.id.clone());
                claimed.insert((claim.of.clone(), id), of);
            }
        }
    }
    claimed
}

/// What must be known to tell one item.
struct Around<'a> {
    /// All there is: type and id.
    there: BTreeSet<(String, String)>,
    claimed: BTreeMap<(String, String), (String, String)>,
    /// Types that could not be listed, in part or wholly.
    unseen: BTreeSet<String>,
    held: &'a Held,
    account: &'a str,
}

impl Around<'_> {
    fn standing(&self, item: &Item) -> Standing {
        if self.held.holds(item, self.account) {
            return Standing::Held;
        }
        if let Some(part) = &item.kind.part_of {
            for parent in texts(&item.value, &part.at) {
                if !self.is_held(&part.of, &parent, item) {
                    return Standing::Child(part.of.clone(), parent);
                }
            }
        }
        if let Some(own) = item.kind.own.iter().find(|own| own.holds(&item.value)) {
            return Standing::Own(own.why.clone());
        }
        let key = (item.kind.name.clone(), item.id.clone());
        if let Some((of, parent)) = self.claimed.get(&key) {
            return Standing::Child(of.clone(), parent.clone());
        }
        let mut parents = item.kind.child.iter();
        parents
            .find_map(|child| self.parent(child, item))
            .map_or(Standing::Unmanaged, |(of, id)| Standing::Child(of, id))
    }

    /// The parent, if it is there: what outlived its parent stands for itself.
    fn parent(&self, child: &Child, item: &Item) -> Option<(String, String)> {
        if !child
            .when
            .iter()
            .all(|condition| condition.holds(&item.value))
        {
            return None;
        }
        texts(&item.value, &child.at).into_iter().find_map(|text| {
            let rest = text.strip_prefix(&child.strip)?;
            let id = match child.cut.is_empty() {
                true => rest,
                false => rest.split(&child.cut).next()?,
            };
            let key = (child.of.clone(), id.to_owned());
            let is_there = self.there.contains(&key)
                || self.unseen.contains(&child.of)
                || self.is_held(&child.of, id, item);
            is_there.then_some(key)
        })
    }

    fn is_held(&self, type_name: &str, id: &str, item: &Item) -> bool {
        kind(type_name).is_some_and(|kind| {
            let keys = [id.to_owned()];
            self.held
                .has(kind, &keys, item.region.as_deref(), self.account)
        })
    }
}

fn kind(name: &str) -> Option<&'static Kind> {
    kinds().ok()?.iter().find(|kind| kind.name == name)
}

impl Counts {
    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            listed: self.listed + other.listed,
            held: self.held + other.held,
            own: self.own + other.own,
            children: self.children + other.children,
            unmanaged: self.unmanaged + other.unmanaged,
        }
    }
}
