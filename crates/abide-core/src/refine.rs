//! Fills what a plan does not say from the source it was made of.
//!
//! A list with one unknown element is unknown as a whole in a plan, and so are
//! the blocks of a `dynamic` one; the source says the literal beside it. What a local
//! value refers to a plan does not say at all. A value
//! that the plan knows is never touched, nor one that it says nobody set.

mod expressions;

use std::collections::BTreeSet;

use crate::address::Mode;
use crate::inventory::Inventory;
use crate::value::{Object, Value};

/// How many managed resources of a plan the source has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// In both.
    pub shared: usize,
    /// Only in the plan.
    pub missing: usize,
}

impl Fit {
    /// Compares the addresses of managed resources.
    #[must_use]
    pub fn of(plan: &Inventory, source: &Inventory) -> Self {
        let mut fit = Self::default();
        let managed = plan.resources.iter().filter(|r| r.mode == Mode::Managed);
        for resource in managed {
            match source.find(resource.address.as_str()) {
                Some(_) => fit.shared += 1,
                None => fit.missing += 1,
            }
        }
        fit
    }

    /// Whether the plan can be of this source: most of its resources are in it.
    #[must_use]
    pub fn is_likely(self) -> bool {
        self.shared > 0 && self.shared >= self.missing
    }
}

/// Replaces unknown values of the plan, and expressions that cannot be followed, by what
/// the source says of them.
pub fn refine(plan: &mut Inventory, source: &Inventory) {
    let mut other = BTreeSet::new();
    for resource in &mut plan.resources {
        let Some((_, written)) = source.find(resource.address.as_str()) else {
            continue;
        };
        // A source that says otherwise is another version: nothing of it counts.
        if objects_agree(&resource.values, &written.values) {
            object(&mut resource.values, &written.values);
        } else {
            other.extend(resource.config);
        }
    }
    expressions::refine(&mut plan.configuration, &source.configuration, &other);
}

fn object(plan: &mut Object, source: &Object) {
    for (name, written) in source.iter() {
        if let Some(planned) = plan.get_mut(name) {
            value(planned, written);
        }
    }
}

fn value(planned: &mut Value, written: &Value) {
    match (planned, written) {
        // What is wholly known the plan would know, too: only parts are news.
        (slot @ Value::Unknown, Value::List(_) | Value::Object(_))
            if !written.is_wholly_known() =>
        {
            *slot = written.clone();
        }
        (Value::Object(planned), Value::Object(written)) => object(planned, written),
        // Elements of a set may stand in another order.
        (Value::List(planned), Value::List(written))
            if planned.len() == written.len() && are_paired(planned, written) =>
        {
            for (planned, written) in planned.iter_mut().zip(written) {
                value(planned, written);
            }
        }
        _ => {}
    }
}

/// Whether each element agrees with the one in its place, and with no other.
fn are_paired(planned: &[Value], written: &[Value]) -> bool {
    planned.iter().enumerate().all(|(at, planned)| {
        written
            .iter()
            .enumerate()
            .all(|(other, written)| agree((planned, written)) == (at == other))
    })
}

/// Whether two values can be the same: they differ nowhere both are known.
fn agree((planned, written): (&Value, &Value)) -> bool {
    match (planned, written) {
        (Value::Unknown, _) | (_, Value::Unknown) => true,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(agree),
        (Value::Object(a), Value::Object(b)) => objects_agree(a, b),
        (a, b) => a == b,
    }
}

fn objects_agree(planned: &Object, written: &Object) -> bool {
    planned
        .iter()
        .all(|(name, value)| written.get(name).is_none_or(|other| agree((value, other))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(values: &[Value]) -> Value {
        Value::List(values.to_vec())
    }

    fn refined(mut planned: Value, written: &Value) -> Value {
        value(&mut planned, written);
        planned
    }

    #[test]
    fn a_list_gets_its_known_elements() {
        let written = list(&[Value::Unknown, Value::string("0.0.0.0/0")]);
        assert_eq!(refined(Value::Unknown, &written), written);
    }

    #[test]
    fn what_the_plan_knows_stays() {
        let planned = list(&[Value::string("10.0.0.0/8")]);
        let written = list(&[Value::string("0.0.0.0/0")]);
        assert_eq!(refined(planned.clone(), &written), planned);
        assert_eq!(
            refined(Value::Bool(true), &Value::Bool(false)),
            Value::Bool(true)
        );
    }

    #[test]
    fn elements_that_cannot_be_the_same_are_left_alone() {
        let planned = list(&[Value::string("a"), Value::Unknown]);
        let written = list(&[list(&[]), Value::string("a")]);
        assert_eq!(refined(planned.clone(), &written), planned);
    }

    #[test]
    fn elements_that_could_be_swapped_are_left_alone() {
        let rule = |port: Value| {
            Value::Object(Object::from_iter([
                ("port", port),
                ("cidrs", Value::Unknown),
            ]))
        };
        let written = |port: &str, cidr: &str| {
            let cidrs = list(&[Value::string(cidr), Value::Unknown]);
            Value::Object(Object::from_iter([
                ("port", Value::string(port)),
                ("cidrs", cidrs),
            ]))
        };
        let planned = list(&[rule(Value::Unknown), rule(Value::Unknown)]);
        let source = list(&[written("22", "a"), written("443", "b")]);
        assert_eq!(refined(planned.clone(), &source), planned);
        let planned = list(&[rule(Value::string("22")), rule(Value::string("443"))]);
        assert_eq!(refined(planned, &source), source);
    }

    #[test]
    fn an_unknown_scalar_stays_unknown() {
        // If the source alone decided it, the plan would know it.
        let written = Value::string("x");
        assert_eq!(refined(Value::Unknown, &written), Value::Unknown);
    }
}
