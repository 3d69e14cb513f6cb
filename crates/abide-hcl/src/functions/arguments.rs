//! Reading arguments, converted as Terraform does.

use std::sync::Arc;

use crate::number::Num;
use crate::types;
use crate::value::{Map, Shared, Val};

/// The error of a call with too few or too many arguments.
pub(super) fn wrong_number<T>() -> Result<T, String> {
    Err("wrong number of arguments".to_owned())
}

fn unknown() -> String {
    "an argument is unknown".to_owned()
}

pub(super) fn text(value: &Val) -> Result<Arc<str>, String> {
    types::to_text(value)?.ok_or_else(unknown)
}

pub(super) fn number(value: &Val) -> Result<Num, String> {
    types::to_number(value)?.ok_or_else(unknown)
}

pub(super) fn boolean(value: &Val) -> Result<bool, String> {
    types::to_bool(value)?.ok_or_else(unknown)
}

/// A whole number.
pub(super) fn int(value: &Val) -> Result<i64, String> {
    number(value)?
        .as_int()
        .ok_or_else(|| "a whole number is needed".to_owned())
}

/// A whole number that is not negative.
pub(super) fn size(value: &Val) -> Result<usize, String> {
    usize::try_from(int(value)?).map_err(|_| "the number must not be negative".to_owned())
}

/// The elements of a list or set.
pub(super) fn list(value: &Val) -> Result<&Arc<Shared<Vec<Val>>>, String> {
    value
        .elements()
        .ok_or_else(|| "a list is needed".to_owned())
}

/// The entries of a map or object.
pub(super) fn map(value: &Val) -> Result<&Arc<Shared<Map>>, String> {
    value.entries().ok_or_else(|| "a map is needed".to_owned())
}

/// The elements of a list of strings.
pub(super) fn texts(value: &Val) -> Result<Vec<Arc<str>>, String> {
    list(value)?.iter().map(text).collect()
}

pub(super) fn list_of_texts<T: Into<Arc<str>>>(texts: impl IntoIterator<Item = T>) -> Val {
    Val::list(texts.into_iter().map(Val::string).collect())
}
