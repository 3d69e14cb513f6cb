//! What operators make of a known value.

use std::net::IpAddr;

use abide_policy::Literal;
use ipnet::IpNet;

use super::tri::Tri;
use crate::policy::Op;
use crate::value::Value;

/// Answers for a value that is there; `None` where the operator needs more than
/// the value (references, other attributes, properties).
pub(super) fn holds(op: &Op, value: &Value) -> Option<Tri> {
    if let Value::Redacted(_) = value {
        // A secret: it is there, and that is all anybody may know.
        return match op {
            Op::Is(_) | Op::RefersTo(..) | Op::EqualsAttribute(_) => None,
            _ => Some(Tri::Unknown),
        };
    }
    Some(match op {
        Op::Equals(literal) => equals(value, literal),
        Op::NotEquals(literal) => !equals(value, literal),
        Op::OneOf(list) => any(list, |literal| equals(value, literal)),
        Op::NotOneOf(list) => !any(list, |literal| equals(value, literal)),
        Op::AtLeast(limit) => number(value, |number| number >= *limit),
        Op::AtMost(limit) => number(value, |number| number <= *limit),
        Op::Matches(regex) => text(value, |text| regex.is_match(text)),
        Op::NotMatches(regex) => !text(value, |text| regex.is_match(text)),
        Op::StartsWith(list) => text(value, |text| {
            list.iter().any(|start| text.starts_with(start))
        }),
        Op::EndsWith(list) => text(value, |text| list.iter().any(|end| text.ends_with(end))),
        Op::Contains(literal) => contains(value, literal),
        Op::ContainsAll(list) => list
            .iter()
            .fold(Tri::True, |all, literal| all.and(contains(value, literal))),
        Op::ContainsAny(list) => any(list, |literal| contains(value, literal)),
        Op::SubsetOf(list) => subset(value, list),
        Op::LengthAtLeast(limit) => {
            length(value).map_or(Tri::False, |length| Tri::from(length >= *limit))
        }
        Op::LengthAtMost(limit) => {
            length(value).map_or(Tri::False, |length| Tri::from(length <= *limit))
        }
        Op::VersionAtLeast(limit) => text(value, |text| version(text) >= version(limit)),
        Op::Within(networks) => within(value, networks),
        Op::Is(_) | Op::RefersTo(..) | Op::EqualsAttribute(_) => return None,
    })
}

fn any(list: &[Literal], test: impl Fn(&Literal) -> Tri) -> Tri {
    list.iter()
        .fold(Tri::False, |any, literal| any.or(test(literal)))
}

/// Equality as Terraform converts: `"true"` is true and `"22"` is 22.
pub(super) fn equals(value: &Value, literal: &Literal) -> Tri {
    match (value, literal) {
        (Value::Unknown | Value::Redacted(_), _) => Tri::Unknown,
        (value, Literal::Bool(bool)) => Tri::from(value.as_bool() == Some(*bool)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "policies compare with small numbers"
        )]
        (value, Literal::Int(int)) => Tri::from(value.as_number() == Some(*int as f64)),
        (value, Literal::Float(float)) => Tri::from(value.as_number() == Some(*float)),
        (Value::String(text), Literal::String(wanted)) => Tri::from(text == wanted),
        (Value::Bool(_) | Value::Number(_), Literal::String(wanted)) => {
            Tri::from(*value.plain() == **wanted)
        }
        (Value::List(list), Literal::List(wanted)) if list.len() == wanted.len() => list
            .iter()
            .zip(wanted)
            .fold(Tri::True, |all, (value, literal)| {
                all.and(equals(value, literal))
            }),
        _ => Tri::False,
    }
}

/// Equality of two values.
pub(super) fn same(a: &Value, b: &Value) -> Tri {
    match (a, b) {
        (Value::Unknown, _) | (_, Value::Unknown) => Tri::Unknown,
        (Value::Redacted(a), Value::Redacted(b)) => Tri::from(a == b),
        (Value::Redacted(_), _) | (_, Value::Redacted(_)) => Tri::Unknown,
        (Value::List(_) | Value::Object(_), _) if !(a.is_wholly_known() && b.is_wholly_known()) => {
            Tri::Unknown
        }
        (a, b) => Tri::from(
            a == b
                || (a.as_number().is_some() && a.as_number() == b.as_number())
                || (a.as_bool().is_some() && a.as_bool() == b.as_bool()),
        ),
    }
}

fn number(value: &Value, test: impl Fn(f64) -> bool) -> Tri {
    match value {
        Value::Unknown => Tri::Unknown,
        value => Tri::from(value.as_number().is_some_and(test)),
    }
}

fn text(value: &Value, test: impl Fn(&str) -> bool) -> Tri {
    match value {
        Value::Unknown => Tri::Unknown,
        Value::String(text) => Tri::from(test(text)),
        Value::Bool(_) | Value::Number(_) => Tri::from(test(&value.plain())),
        _ => Tri::False,
    }
}

fn contains(value: &Value, literal: &Literal) -> Tri {
    match value {
        Value::List(list) => list
            .iter()
            .fold(Tri::False, |any, element| any.or(equals(element, literal))),
        Value::Object(object) => match literal {
            Literal::String(name) => Tri::from(object.get(name).is_some()),
            _ => Tri::False,
        },
        value => text(value, |text| text.contains(&literal.to_string())),
    }
}

fn subset(value: &Value, allowed: &[Literal]) -> Tri {
    let list = match value {
        Value::List(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    list.iter().fold(Tri::True, |all, element| {
        all.and(any(allowed, |literal| equals(element, literal)))
    })
}

fn length(value: &Value) -> Option<f64> {
    let length = match value {
        Value::List(list) => list.len(),
        Value::Object(object) => object.len(),
        Value::String(text) => text.chars().count(),
        _ => return None,
    };
    u32::try_from(length).ok().map(f64::from)
}

/// `1.29` and `8.0.mysql_aurora.3` as numbers; what is no number ends the comparison.
fn version(text: &str) -> Vec<u64> {
    text.trim_start_matches('v')
        .split(['.', '-', '_'])
        .map_while(|part| part.parse().ok())
        .collect()
}

fn within(value: &Value, networks: &[IpNet]) -> Tri {
    match value {
        Value::Unknown => Tri::Unknown,
        value => Tri::from(
            value
                .as_str()
                .and_then(network)
                .is_some_and(|net| networks.iter().any(|outer| outer.contains(&net))),
        ),
    }
}

/// A CIDR block in any spelling; a single address is a block of one.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Whether a CIDR block is the whole of its address family.
pub(super) fn is_any_network(text: &str) -> bool {
    network(text).is_some_and(|net| net.prefix_len() == 0)
}

/// One half of an address family; both halves together are the whole.
pub(super) fn half(text: &str) -> Option<IpNet> {
    network(text)
        .filter(|net| net.prefix_len() == 1)
        .map(|net| net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Number;

    #[test]
    fn compares_as_terraform_converts() {
        let text = Value::string("True");
        assert_eq!(equals(&text, &Literal::Bool(true)), Tri::True);
        assert_eq!(equals(&Value::string("22"), &Literal::Int(22)), Tri::True);
        assert_eq!(
            equals(&Value::Number(Number::Int(6)), &Literal::String("6".into())),
            Tri::True
        );
        assert_eq!(equals(&Value::string("tcp"), &Literal::Int(6)), Tri::False);
    }

    #[test]
    fn a_list_with_an_unknown_element() {
        let list = Value::List(vec![Value::string("a"), Value::Unknown]);
        assert_eq!(contains(&list, &Literal::String("a".into())), Tri::True);
        assert_eq!(contains(&list, &Literal::String("b".into())), Tri::Unknown);
        assert_eq!(subset(&list, &[Literal::String("a".into())]), Tri::Unknown);
        assert_eq!(subset(&list, &[Literal::String("c".into())]), Tri::False);
    }

    #[test]
    fn networks_in_any_spelling() {
        for text in [
            "0.0.0.0/0",
            "::/0",
            "0::0/0",
            "0:0:0:0:0:0:0:0/0",
            "10.1.2.3/0",
        ] {
            assert!(is_any_network(text), "{text}");
        }
        assert!(!is_any_network("0.0.0.0/1"));
        assert!(!is_any_network("10.0.0.0/8"));
        assert_ne!(half("0.0.0.0/1"), half("128.0.0.0/1"));
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(version("1.10") > version("1.9"));
        assert!(version("TLSv1.2").is_empty());
    }
}
