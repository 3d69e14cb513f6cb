//! What every route knows, and the letters that wait: all that must survive a crash.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::change::{Known, Observation};
use crate::message::Message;
use crate::route::Route;

/// The first pause after a try that failed; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
/// The same after a refusal: somebody has to mend the route first.
const REFUSED_PAUSE: Duration = Duration::from_secs(5 * 60);
/// The longest pause of ours.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// The longest pause a service may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(6 * 60 * 60);
/// When a letter is given up.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(72);
/// Tries of a letter whose content the service does not take: it will not get better.
const UNFIT_TRIES: u32 = 3;

/// A message on its way to a route. Its text for the service is made anew with each try, so that
/// no address and no secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The route's name.
    pub route: String,
    /// What it says.
    pub message: Message,
    /// Parts that are delivered; some services take a message in several.
    #[serde(default)]
    pub sent: usize,
    /// Tries of the present part that failed.
    #[serde(default)]
    pub tries: u32,
    /// Not before.
    pub next_at: Timestamp,
    /// When it was written.
    pub queued_at: Timestamp,
    /// Why it is not delivered yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service took it.
    Delivered,
    /// It may be taken later: not before the time the service names, if it names one.
    Later {
        /// The pause the service asks for.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// The route is not right: address, key, or what it leads to.
    Refused(String),
    /// The service does not take this content.
    Unfit(String),
}

/// What became of a letter by a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// All of it is delivered, and it is gone.
    Done,
    /// More parts are to be sent.
    More,
    /// It waits until then.
    Waits(Timestamp),
    /// It is given up and gone.
    GivenUp(String),
    /// There is no such letter.
    Unknown,
}

/// What every route knows of every target, and the letters that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// Makes ids that no other desk makes.
    seed: String,
    /// Counts messages.
    #[serde(default)]
    written: u64,
    /// Messages that were delivered.
    #[serde(default)]
    pub delivered: u64,
    /// Messages that were given up.
    #[serde(default)]
    pub given_up: u64,
    /// By route and target.
    #[serde(default)]
    known: BTreeMap<String, BTreeMap<String, Known>>,
    /// In the order they were written.
    #[serde(default)]
    letters: Vec<Letter>,
}

impl Desk {
    /// An empty one, with random text of its own.
    #[must_use]
    pub fn new(seed: String) -> Self {
        Self {
            seed,
            written: 0,
            delivered: 0,
            given_up: 0,
            known: BTreeMap::new(),
            letters: Vec::new(),
        }
    }

    /// Takes in a look at a target, and writes a letter for each of its routes that is to hear of
    /// it; gives how many.
    pub fn observe(&mut self, routes: &[&Route], seen: &Observation) -> usize {
        let mut wrote = 0;
        for route in routes {
            let id = self.next_id(&route.name);
            let known = self.known.entry(route.name.clone()).or_default();
            let known = known.entry(seen.target.clone()).or_default();
            if let Some(message) = known.learn(seen, &route.filter, &id) {
                self.post(&route.name, message, seen.at);
                wrote += 1;
            }
        }
        wrote
    }

    /// Closes what routes know of targets that are not theirs any more.
    pub fn forget(&mut self, still: impl Fn(&str, &str) -> bool, at: Timestamp) -> usize {
        let mut gone = Vec::new();
        for (route, targets) in &self.known {
            let unwatched = targets.keys().filter(|target| !still(route, target));
            gone.extend(unwatched.map(|target| (route.clone(), target.clone())));
        }
        let mut wrote = 0;
        for (route, target) in gone {
            let known = self
                .known
                .get_mut(&route)
                .and_then(|targets| targets.remove(&target));
            let id = self.next_id(&route);
            if let Some(message) = known.and_then(|mut known| known.end(&target, at, &id)) {
                self.post(&route, message, at);
                wrote += 1;
            }
        }
        self.known.retain(|_, targets| !targets.is_empty());
        wrote
    }

    /// Throws away letters of routes that are not there any more, and gives them.
    pub fn drop_letters(&mut self, is_route: impl Fn(&str) -> bool) -> Vec<Letter> {
        let letters = std::mem::take(&mut self.letters);
        let (kept, gone) = letters
            .into_iter()
            .partition(|letter| is_route(&letter.route));
        self.letters = kept;
        self.given_up += gone.len() as u64;
        gone
    }

    /// The letters that may be tried now: the first one of each route, so that what is resolved
    /// never comes before what was opened.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<&Letter> {
        let heads = self.heads();
        heads
            .into_iter()
            .filter(|letter| letter.next_at <= now)
            .collect()
    }

    /// When the next letter may be tried.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.heads().into_iter().map(|letter| letter.next_at).min()
    }

    fn heads(&self) -> Vec<&Letter> {
        let mut heads: BTreeMap<&str, &Letter> = BTreeMap::new();
        for letter in &self.letters {
            heads.entry(&letter.route).or_insert(letter);
        }
        heads.into_values().collect()
    }

    /// All letters that wait.
    #[must_use]
    pub fn letters(&self) -> &[Letter] {
        &self.letters
    }

    /// What a route knows of a target.
    #[must_use]
    pub fn known(&self, route: &str, target: &str) -> Option<&Known> {
        self.known.get(route)?.get(target)
    }

    /// Writes down what came of trying a part of a letter that has so many.
    pub fn settle(&mut self, id: &str, parts: usize, outcome: &Outcome, now: Timestamp) -> Settled {
        let Some(at) = self
            .letters
            .iter()
            .position(|letter| letter.message.id == id)
        else {
            return Settled::Unknown;
        };
        let letter = &mut self.letters[at];
        let (first, asked, why) = match outcome {
            Outcome::Delivered => {
                (letter.sent, letter.tries, letter.trouble) = (letter.sent + 1, 0, None);
                if letter.sent < parts {
                    return Settled::More;
                }
                self.letters.remove(at);
                self.delivered += 1;
                return Settled::Done;
            }
            Outcome::Later { after, why } => (FIRST_PAUSE, *after, why),
            Outcome::Refused(why) | Outcome::Unfit(why) => (REFUSED_PAUSE, None, why),
        };
        letter.tries += 1;
        let unfit = matches!(outcome, Outcome::Unfit(_)) && letter.tries >= UNFIT_TRIES;
        if unfit || now.duration_since(letter.queued_at) >= GIVE_UP {
            self.letters.remove(at);
            self.given_up += 1;
            return Settled::GivenUp(why.clone());
        }
        let pause = pause(id, letter.tries, first, asked);
        letter.next_at = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        letter.trouble = Some(why.clone());
        Settled::Waits(letter.next_at)
    }

    /// Takes a message that a route is to get.
    pub fn post(&mut self, route: &str, message: Message, now: Timestamp) {
        self.letters.push(Letter {
            route: route.to_owned(),
            message,
            sent: 0,
            tries: 0,
            next_at: now,
            queued_at: now,
            trouble: None,
        });
    }

    fn next_id(&mut self, route: &str) -> String {
        self.written += 1;
        let text = format!("{}\0{route}\0{}", self.seed, self.written);
        hex(&Sha256::digest(text)[..16])
    }
}

/// Twice as long each time, up to a fifth longer so that not all come at once, and never shorter
/// than what the service asks for.
fn pause(id: &str, tries: u32, first: Duration, asked: Option<Duration>) -> Duration {
    let doubled = first.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let ours = doubled.min(LONGEST_PAUSE.max(first));
    let spread = Sha256::digest(format!("{id}\0{tries}"));
    let ours = ours + ours * u32::from(spread[0]) / 1280;
    ours.max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests;
