//! Values while evaluating.
//!
//! They know more than the inventory's values do: null, sets, and for every
//! part whether it is a secret. Collections are shared, so passing a value on
//! costs nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::number::Num;

/// A map or an object; Terraform orders keys by bytes, too.
pub(crate) type Map = BTreeMap<Arc<str>, Val>;

/// The elements of a collection with what is true of all of them. Shared
/// collections can nest to astronomic sizes; nothing has to walk them for these.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    content: T,
    facts: Facts,
    /// It is a resource or a block: what it does not set is absent, while of
    /// any other open map nobody knows which keys it has.
    pub(crate) block: bool,
}

impl<T> std::ops::Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

/// What is true of a value with all its parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// About how much memory it would take written out, in units of 16 bytes.
    pub(crate) size: u64,
    pub(crate) depth: u32,
    pub(crate) known: bool,
    pub(crate) secret: bool,
}

impl Facts {
    fn of_parts<'v>(parts: impl Iterator<Item = &'v Val>) -> Self {
        let mut facts = Self {
            size: 1,
            depth: 0,
            known: true,
            secret: false,
        };
        for part in parts {
            let inner = part.facts();
            facts.size = facts.size.saturating_add(inner.size);
            facts.depth = facts.depth.max(inner.depth);
            facts.known &= inner.known;
            facts.secret |= inner.secret;
        }
        facts.depth += 1;
        facts
    }
}

/// A value and whether it is a secret as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Val {
    pub(crate) kind: Kind,
    pub(crate) sensitive: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Num),
    String(Arc<str>),
    /// A list or a tuple.
    List(Arc<Shared<Vec<Val>>>),
    /// In order and without doubles as far as its elements are known.
    Set(Arc<Shared<Vec<Val>>>),
    /// A map or an object.
    Map(Arc<Shared<Map>>),
    /// What is not in it is unknown: a resource or a block of one, of which only
    /// the provider knows the rest, or a map with keys that are not known.
    Open(Arc<Shared<Map>>),
    Unknown,
}

impl From<Kind> for Val {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            sensitive: false,
        }
    }
}

impl Val {
    pub(crate) const NULL: Self = Self {
        kind: Kind::Null,
        sensitive: false,
    };
    pub(crate) const UNKNOWN: Self = Self {
        kind: Kind::Unknown,
        sensitive: false,
    };

    pub(crate) fn bool(value: bool) -> Self {
        Kind::Bool(value).into()
    }

    pub(crate) fn int(value: i64) -> Self {
        Kind::Number(Num::Int(value)).into()
    }

    /// A length or a position.
    pub(crate) fn count(value: usize) -> Self {
        Self::int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    pub(crate) fn number(value: Num) -> Self {
        Kind::Number(value).into()
    }

    pub(crate) fn string(text: impl Into<Arc<str>>) -> Self {
        Kind::String(text.into()).into()
    }

    pub(crate) fn list(values: Vec<Self>) -> Self {
        Kind::List(shared_list(values)).into()
    }

    pub(crate) fn map(values: Map) -> Self {
        Kind::Map(shared_map(values)).into()
    }

    /// A map that may have more keys.
    pub(crate) fn open(values: Map) -> Self {
        Kind::Open(shared_map(values)).into()
    }

    /// A resource or a block of one.
    pub(crate) fn block(content: Map) -> Self {
        let facts = Facts::of_parts(content.values());
        Kind::Open(Arc::new(Shared {
            content,
            facts,
            block: true,
        }))
        .into()
    }

    /// A set: sorted, each element once.
    pub(crate) fn set(mut values: Vec<Self>) -> Self {
        values.sort_by(Self::order);
        values.dedup_by(|a, b| a.is_wholly_known() && a == b);
        Kind::Set(shared_list(values)).into()
    }

    #[must_use]
    pub(crate) fn marked(mut self, sensitive: bool) -> Self {
        self.sensitive |= sensitive;
        self
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.kind, Kind::Unknown)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a list or a set.
    pub(crate) fn elements(&self) -> Option<&Arc<Shared<Vec<Self>>>> {
        match &self.kind {
            Kind::List(values) | Kind::Set(values) => Some(values),
            _ => None,
        }
    }

    /// The entries of a map, an object or a block.
    pub(crate) fn entries(&self) -> Option<&Arc<Shared<Map>>> {
        match &self.kind {
            Kind::Map(map) | Kind::Open(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn facts(&self) -> Facts {
        let mut facts = match &self.kind {
            Kind::List(values) | Kind::Set(values) => values.facts,
            Kind::Map(map) => map.facts,
            Kind::Open(map) => Facts {
                known: false,
                ..map.facts
            },
            kind => Facts {
                size: match kind {
                    Kind::String(text) => text.len() as u64 / 16 + 1,
                    _ => 1,
                },
                depth: 0,
                known: !matches!(kind, Kind::Unknown),
                secret: false,
            },
        };
        facts.secret |= self.sensitive;
        facts
    }

    pub(crate) fn is_wholly_known(&self) -> bool {
        self.facts().known
    }

    /// Whether it or a part of it is a secret.
    pub(crate) fn has_secret(&self) -> bool {
        self.facts().secret
    }

    /// The order of elements in a set.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        use std::cmp::Ordering;
        match (&self.kind, &other.kind) {
            (Kind::String(a), Kind::String(b)) => a.cmp(b),
            (Kind::Number(a), Kind::Number(b)) => a.order(*b),
            (Kind::Bool(a), Kind::Bool(b)) => a.cmp(b),
            (Kind::List(a) | Kind::Set(a), Kind::List(b) | Kind::Set(b)) => a
                .iter()
                .zip(b.iter())
                .map(|(a, b)| a.order(b))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.len().cmp(&b.len())),
            (Kind::Map(a) | Kind::Open(a), Kind::Map(b) | Kind::Open(b)) => a
                .iter()
                .zip(b.iter())
                .map(|(a, b)| a.0.cmp(b.0).then_with(|| a.1.order(b.1)))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| a.len().cmp(&b.len())),
            _ => self.rank().cmp(&other.rank()).then(Ordering::Equal),
        }
    }

    fn rank(&self) -> u8 {
        match self.kind {
            Kind::Null => 0,
            Kind::Bool(_) => 1,
            Kind::Number(_) => 2,
            Kind::String(_) => 3,
            Kind::List(_) | Kind::Set(_) => 4,
            Kind::Map(_) | Kind::Open(_) => 5,
            Kind::Unknown => 6,
        }
    }
}

impl PartialEq for Val {
    /// Whether the values are the same, secret or not. Unknown values are never.
    fn eq(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::Number(a), Kind::Number(b)) => a.order(*b).is_eq(),
            (Kind::String(a), Kind::String(b)) => a == b,
            (Kind::List(a), Kind::List(b)) | (Kind::Set(a), Kind::Set(b)) => {
                Arc::ptr_eq(a, b) && a.facts.known || **a == **b
            }
            (Kind::Map(a), Kind::Map(b)) => Arc::ptr_eq(a, b) && a.facts.known || **a == **b,
            _ => false,
        }
    }
}

fn shared_list(content: Vec<Val>) -> Arc<Shared<Vec<Val>>> {
    let facts = Facts::of_parts(content.iter());
    Arc::new(Shared {
        content,
        facts,
        block: false,
    })
}

fn shared_map(content: Map) -> Arc<Shared<Map>> {
    let facts = Facts::of_parts(content.values());
    Arc::new(Shared {
        content,
        facts,
        block: false,
    })
}
