//! Differences that are none: Terraform reports them, but nobody changed anything.
//!
//! What an attribute or a type is like is data (`data/drift_companions.tsv`,
//! `data/drift_computed.txt`); what holds everywhere is code.

use abide_schema::{Member, Nesting, ProviderSchema, Type};

use super::change::Change;
use super::rules;
use crate::attribute::Step;
use crate::inventory::Inventory;
use crate::value::{Object, Value};

/// Why a difference is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Nothing, an empty text, an empty list and an empty map are the same.
    Empty,
    /// The same JSON, written otherwise.
    SameJson,
    /// The same elements of a set in another order.
    Order,
    /// `tags` changed and `tags_all` did not: the provider's `default_tags` did.
    DefaultTags,
    /// Another resource of the same state manages it.
    Companion,
    /// The provider computes it anew all the time.
    Computed,
}

impl Noise {
    /// What it is, in a few words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "unset and empty are the same",
            Self::SameJson => "the same JSON, written otherwise",
            Self::Order => "the same elements in another order",
            Self::DefaultTags => "explained by default_tags",
            Self::Companion => "managed by another resource",
            Self::Computed => "computed by the provider",
        }
    }
}

/// The resource a change is in, on both sides.
pub(super) struct Around<'a> {
    pub(super) type_name: &'a str,
    pub(super) before: &'a Object,
    pub(super) after: &'a Object,
    /// What was found, with everything around it.
    pub(super) found: &'a Inventory,
}

/// Why a change is none; `None` if it is one.
pub(super) fn of(change: &Change, around: &Around<'_>) -> Option<Noise> {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    if is_empty(before) && is_empty(after) {
        return Some(Noise::Empty);
    }
    if is_same_json(before, after) {
        return Some(Noise::SameJson);
    }
    if is_reordered_set(change, around.type_name) {
        return Some(Noise::Order);
    }
    let attribute = change.attribute();
    if attribute == "tags" && around.before.get("tags_all") == around.after.get("tags_all") {
        return Some(Noise::DefaultTags);
    }
    if rules::is_computed(around.type_name, attribute) {
        return Some(Noise::Computed);
    }
    rules::has_companion(change, around).then_some(Noise::Companion)
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::List(list)) => list.is_empty(),
        Some(Value::Object(object)) => object.iter().all(|(_, value)| is_empty(Some(value))),
        Some(_) => false,
    }
}

fn is_same_json(before: Option<&Value>, after: Option<&Value>) -> bool {
    let document = |value: Option<&Value>| {
        let text = value?.as_str()?;
        let is_one = text.trim_start().starts_with(['{', '[']);
        is_one.then(|| crate::source::value_of_json(text))?
    };
    match (document(before), document(after)) {
        (Some(before), Some(after)) => same(&before, &after),
        _ => false,
    }
}

/// Equal apart from the order of keys and of lists, and from one text in place of a list
/// of one, as IAM takes them.
fn same(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, value)| b.get(name).is_some_and(|other| same(value, other)))
        }
        (Value::List(a), Value::List(b)) => {
            let mut left: Vec<&Value> = b.iter().collect();
            a.len() == b.len()
                && a.iter().all(|value| {
                    let at = left.iter().position(|other| same(value, other));
                    at.map(|at| left.swap_remove(at)).is_some()
                })
        }
        (Value::List(list), single @ Value::String(_))
        | (single @ Value::String(_), Value::List(list)) => {
            matches!(list.as_slice(), [only] if only == single)
        }
        (a, b) => a == b,
    }
}

fn is_reordered_set(change: &Change, type_name: &str) -> bool {
    let ([Step::Name(name)], Some(Value::List(before)), Some(Value::List(after))) =
        (change.path.0.as_slice(), &change.before, &change.after)
    else {
        return false;
    };
    let same_elements = before.len() == after.len() && after.iter().all(|v| before.contains(v));
    let member = ProviderSchema::aws()
        .resource(type_name)
        .and_then(|block| block.member(name));
    let is_set = match member {
        Some(Member::Attribute(attribute)) => matches!(attribute.ty, Type::Set(_)),
        Some(Member::Block(nested)) => nested.nesting == Nesting::Set,
        None => false,
    };
    is_set && same_elements
}
