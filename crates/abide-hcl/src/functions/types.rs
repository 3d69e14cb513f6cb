//! Conversions and marks.

use super::arguments::wrong_number;
use super::{Function, Outcome};
use crate::types::{Type, convert};
use crate::value::Val;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("ephemeralasnull", Function::Aware(same)),
    ("issensitive", Function::Aware(issensitive)),
    ("nonsensitive", Function::Aware(nonsensitive)),
    ("sensitive", Function::Aware(sensitive)),
    ("tobool", Function::Aware(|a| to(a, &Type::Bool))),
    (
        "tolist",
        Function::Aware(|a| to(a, &Type::List(Box::new(Type::Any)))),
    ),
    (
        "tomap",
        Function::Aware(|a| to(a, &Type::Map(Box::new(Type::Any)))),
    ),
    ("tonumber", Function::Aware(|a| to(a, &Type::Number))),
    (
        "toset",
        Function::Aware(|a| to(a, &Type::Set(Box::new(Type::Any)))),
    ),
    ("tostring", Function::Aware(|a| to(a, &Type::String))),
    // For the console only.
    ("type", Function::Unknowable),
];

fn same(arguments: &[Val]) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(value.clone())
}

fn to(arguments: &[Val], ty: &Type) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    convert(value, ty)
}

fn sensitive(arguments: &[Val]) -> Outcome {
    Ok(same(arguments)?.marked(true))
}

/// Takes the mark off the value itself; marks inside stay, as in Terraform.
fn nonsensitive(arguments: &[Val]) -> Outcome {
    let mut value = same(arguments)?;
    value.sensitive = false;
    Ok(value)
}

fn issensitive(arguments: &[Val]) -> Outcome {
    let value = same(arguments)?;
    if value.is_unknown() {
        return Ok(Val::UNKNOWN);
    }
    Ok(Val::bool(value.sensitive))
}
