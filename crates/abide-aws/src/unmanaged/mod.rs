//! What there is in an account that no state holds.
//!
//! Listing is light: one signed call for each kind and region ([`Kind`], a table). What AWS made
//! by itself and what belongs to something else is told apart; a kind that cannot be listed is
//! said to be not looked at, and never to be empty.

mod companion;
mod condition;
mod held;
mod import;
mod list;
mod rules;
mod sift;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub use companion::{Companions, beside, companions};
pub use held::Held;
pub use import::{Import, Imports, scratch};
pub use table::{Kind, kinds};

use crate::{AwsError, Session};
use list::Item;

/// Something that no state holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmanaged {
    /// Terraform's type for it.
    pub type_name: String,
    /// What it is imported by.
    pub id: String,
    /// Where; `None` if it has no region.
    pub region: Option<String>,
    /// What belongs to it and goes with it: type and id.
    pub children: Vec<(String, String)>,
}

/// How many of a kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Found.
    pub listed: usize,
    /// In a state.
    pub held: usize,
    /// AWS made them.
    pub own: usize,
    /// They belong to something else.
    pub children: usize,
    /// None of these.
    pub unmanaged: usize,
}

/// What could not be looked at.
#[derive(Clone, Debug)]
pub struct NotLooked {
    /// The kind.
    pub type_name: String,
    /// Where; `None` if it has no region.
    pub region: Option<String>,
    /// The one that is meant, if not all.
    pub id: Option<String>,
    /// Why.
    pub reason: AwsError,
}

/// What was found in an account.
#[derive(Debug, Default)]
pub struct Look {
    /// By type, region and id.
    pub unmanaged: Vec<Unmanaged>,
    /// What AWS made by itself: type, id and why.
    pub own: Vec<(String, String, String)>,
    /// By type.
    pub counts: BTreeMap<String, Counts>,
    /// By type and region.
    pub not_looked: Vec<NotLooked>,
}

/// What to look at.
#[derive(Debug)]
pub struct Looking<'a> {
    /// With whose credentials.
    pub session: &'a Session,
    /// Whose account that is.
    pub account: &'a str,
    /// Where.
    pub regions: &'a [String],
    /// What; all that is known if it is empty.
    pub types: &'a [String],
    /// What the states hold.
    pub held: &'a Held,
    /// How many calls at the same time.
    pub jobs: usize,
}

/// Lists, and takes away what is held, AWS's own, or part of something else.
///
/// # Errors
/// If the table is wrong. What AWS refuses is part of the result.
pub fn look(looking: &Looking<'_>, progress: &(dyn Fn(&str) + Sync)) -> Result<Look, AwsError> {
    let (mut items, mut not_looked) = (Vec::new(), Vec::new());
    let is_wanted = |name: &String| looking.types.is_empty() || looking.types.contains(name);
    // What others are judged by is listed too.
    let needed: BTreeSet<&str> = kinds()?
        .iter()
        .filter(|kind| is_wanted(&kind.name))
        .flat_map(|kind| {
            let parents = kind.child.iter().map(|child| child.of.as_str());
            let parents = parents.chain(kind.each.iter().map(|each| each.of.as_str()));
            parents.chain([kind.name.as_str()])
        })
        .collect();
    let claiming = |kind: &Kind| kind.claims.iter().any(|claim| needed.contains(&*claim.of));
    let chosen: Vec<&'static Kind> = kinds()?
        .iter()
        .filter(|kind| needed.contains(&*kind.name) || claiming(kind))
        .collect();
    // Those that are listed for each of another kind come after it.
    for is_second in [false, true] {
        let mut tasks = Vec::new();
        for kind in chosen
            .iter()
            .filter(|kind| kind.each.is_some() == is_second)
        {
            match kind.is_of_all_regions()? {
                true => tasks.extend(looking.regions.first().map(|region| (*kind, region))),
                false => tasks.extend(looking.regions.iter().map(|region| (*kind, region))),
            }
        }
        for ((kind, region), answer) in looking.all(&tasks, &items, progress) {
            match answer {
                Ok(found) => items.extend(found),
                Err(reason) => not_looked.push(NotLooked {
                    type_name: kind.name.clone(),
                    region: (!kind.is_of_all_regions()?).then(|| region.clone()),
                    id: None,
                    reason,
                }),
            }
        }
    }
    let mut look = sift::sift(items, not_looked, looking.held, looking.account);
    look.unmanaged.retain(|found| is_wanted(&found.type_name));
    look.counts.retain(|name, _| is_wanted(name));
    look.own.retain(|(name, ..)| is_wanted(name));
    look.not_looked.retain(|not| is_wanted(&not.type_name));
    Ok(look)
}

type Task<'t> = (&'static Kind, &'t String);

impl<'a> Looking<'a> {
    /// Does all tasks, some at a time; the answers come in the order of the tasks.
    fn all(
        &self,
        tasks: &[Task<'a>],
        known: &[Item],
        progress: &(dyn Fn(&str) + Sync),
    ) -> Vec<(Task<'a>, Result<Vec<Item>, AwsError>)> {
        let next = AtomicUsize::new(0);
        let answers = Mutex::new(Vec::with_capacity(tasks.len()));
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, tasks.len().max(1)) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((kind, region)) = tasks.get(at) else {
                            return;
                        };
                        progress(&format!("{} in {region}", kind.what));
                        let parents = parents(kind, known);
                        let answer = list::list(self.session, kind, region, &parents);
                        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                        answers.push((at, answer));
                    }
                });
            }
        });
        let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        answers.sort_by_key(|(at, _)| *at);
        let done = answers.into_iter().map(|(at, answer)| (tasks[at], answer));
        done.collect()
    }
}

fn parents(kind: &Kind, known: &[Item]) -> Vec<String> {
    let Some(each) = &kind.each else {
        return Vec::new();
    };
    let items = known.iter().filter(|item| item.kind.name == each.of);
    items.map(|item| item.id.clone()).collect()
}
