//! Properties of single values, and what absence means.

use abide_policy::{Absent, Property};

use super::labels;
use super::operators::{holds, is_any_network};
use super::tri::Tri;
use crate::policy::{Attribute, Op};
use crate::value::Value;

pub(super) fn absent(attribute: &Attribute) -> Tri {
    match (&attribute.absent, &attribute.op) {
        (Absent::Verdict(verdict), _) => Tri::from(*verdict),
        (Absent::Default(literal), op) => {
            let value = labels::value_of(literal);
            holds(op, &value).unwrap_or_else(|| match op {
                Op::Is(property) => is(*property, &value),
                _ => Tri::False,
            })
        }
        (
            Absent::Operator,
            Op::Is(Property::Unset | Property::Empty)
            | Op::NotEquals(_)
            | Op::NotOneOf(_)
            | Op::NotMatches(_),
        ) => Tri::True,
        (Absent::Operator, _) => Tri::False,
    }
}

/// Properties of a value that is there.
pub(super) fn is(property: Property, value: &Value) -> Tri {
    let empty = match value {
        Value::String(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    if let (
        Value::Redacted(_),
        Property::True
        | Property::False
        | Property::CustomerKey
        | Property::AnyCidr
        | Property::Empty
        | Property::NotEmpty,
    ) = (value, property)
    {
        return Tri::Unknown;
    }
    match property {
        Property::Set | Property::NotEmpty => Tri::from(!empty),
        Property::Unset | Property::Empty => Tri::from(empty),
        Property::True => unknown_or(value, value.as_bool() == Some(true)),
        Property::False => unknown_or(value, value.as_bool() == Some(false)),
        Property::CustomerKey => unknown_or(value, value.as_str().is_some_and(is_customer_key)),
        Property::AnyCidr => unknown_or(value, value.as_str().is_some_and(is_any_network)),
        Property::Secret => match (value, value.as_str()) {
            (Value::Unknown, _) => Tri::Unknown,
            (_, Some(text)) => super::secrets::looks_like_secret(text),
            (_, None) => Tri::False,
        },
    }
}

pub(super) fn unknown_or(value: &Value, answer: bool) -> Tri {
    if *value == Value::Unknown {
        Tri::Unknown
    } else {
        Tri::from(answer)
    }
}

/// A key ARN, a key id, or an alias that is not AWS's own.
pub(super) fn is_customer_key(text: &str) -> bool {
    let alias = text
        .rsplit_once(":alias/")
        .map(|(_, alias)| alias)
        .or_else(|| text.strip_prefix("alias/"));
    match alias {
        Some(alias) => !alias.starts_with("aws/"),
        None => !text.is_empty() && !text.starts_with("aws/"),
    }
}
