//! Terraform's built-in functions.
//!
//! Each file holds one group and a table of its functions. A *plain* function
//! is called with known arguments only; one unknown argument makes its result
//! unknown, one secret its result a secret. An *aware* function looks at
//! unknown parts itself, so that the known ones stay known.

mod arguments;
mod collection;
mod elements;
mod encoding;
mod filesystem;
mod format;
mod hash;
mod net;
mod numeric;
mod pattern;
mod string;
mod time;
mod types;
mod yaml;

use crate::eval::Scope;
use crate::fail::{EVALUATE, Evaluated, Fail, REFERENCE};
use crate::value::Val;
use crate::world::World;

/// What a function gives: a value, or what is wrong with its arguments.
pub(crate) type Outcome = Result<Val, String>;

/// Longer lists are not made by multiplying others.
const MAX_LENGTH: usize = 1 << 20;

/// How a function is called.
#[derive(Clone, Copy)]
pub(crate) enum Function {
    /// With wholly known arguments that are not null.
    Plain(fn(&[Val]) -> Outcome),
    /// The same, but null is a value.
    Nullable(fn(&[Val]) -> Outcome),
    /// With whatever there is.
    Aware(fn(&[Val]) -> Outcome),
    /// Its result is only known after apply.
    Unknowable,
}

const TABLES: [&[(&str, Function)]; 10] = [
    collection::FUNCTIONS,
    elements::FUNCTIONS,
    encoding::FUNCTIONS,
    format::FUNCTIONS,
    hash::FUNCTIONS,
    net::FUNCTIONS,
    numeric::FUNCTIONS,
    string::FUNCTIONS,
    time::FUNCTIONS,
    types::FUNCTIONS,
];

fn find(name: &str) -> Option<Function> {
    TABLES
        .iter()
        .flat_map(|table| table.iter())
        .find(|(known, _)| *known == name)
        .map(|(_, function)| *function)
}

/// Calls a function by name.
pub(crate) fn call(
    world: &World<'_>,
    name: &str,
    arguments: &[Val],
    scope: Scope<'_>,
) -> Evaluated {
    if name.contains("::") {
        // Functions of providers run in the provider.
        return Ok(Val::UNKNOWN);
    }
    if filesystem::is(name) {
        return filesystem::call(world, name, arguments, scope);
    }
    let Some(function) = find(name) else {
        return Err(Fail::new(
            REFERENCE,
            format!("there is no function `{name}`"),
        ));
    };
    let outcome = match function {
        Function::Plain(_) if arguments.iter().any(Val::is_null) => {
            Err("an argument is null".to_owned())
        }
        Function::Plain(_) | Function::Nullable(_)
            if !arguments.iter().all(Val::is_wholly_known) =>
        {
            Ok(Val::UNKNOWN)
        }
        Function::Plain(function) | Function::Nullable(function) => function(arguments),
        Function::Aware(function) => function(arguments),
        Function::Unknowable => Ok(Val::UNKNOWN),
    };
    let sensitive = match function {
        Function::Aware(_) => {
            !matches!(name, "nonsensitive" | "issensitive") && arguments.iter().any(|a| a.sensitive)
        }
        _ => arguments.iter().any(Val::has_secret),
    };
    outcome
        .map(|value| value.marked(sensitive))
        .map_err(|message| Fail::new(EVALUATE, format!("`{name}`: {message}")))
}
