//! Readers of single values.

use super::Errors;
use crate::error::did_you_mean;
use crate::model::Literal;
use crate::yaml::{Kind, Node};

pub(crate) fn text(node: &Node, errors: &mut Errors) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, .. } if !node.is_nothing() => Some(text.clone()),
        _ => {
            errors.push(node.at, format!("expected text, found {}", node.describe()));
            None
        }
    }
}

pub(crate) fn word<T: std::str::FromStr<Err = String>>(
    node: &Node,
    errors: &mut Errors,
) -> Option<T> {
    match text(node, errors)?.parse() {
        Ok(value) => Some(value),
        Err(message) => {
            errors.push(node.at, message);
            None
        }
    }
}

pub(crate) fn boolean(node: &Node, errors: &mut Errors) -> Option<bool> {
    match &node.kind {
        Kind::Scalar {
            text,
            quoted: false,
        } if text == "true" => Some(true),
        Kind::Scalar {
            text,
            quoted: false,
        } if text == "false" => Some(false),
        _ => {
            errors.push(
                node.at,
                format!("expected `true` or `false`, found {}", node.describe()),
            );
            None
        }
    }
}

pub(crate) fn choice<T: Copy>(
    node: &Node,
    choices: &[(&'static str, T)],
    errors: &mut Errors,
) -> Option<T> {
    let text = text(node, errors)?;
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Some(*value);
    }
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let hint = did_you_mean(&text, names.iter().copied())
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default();
    errors.push(
        node.at,
        format!("expected one of {}, found `{text}`{hint}", names.join(", ")),
    );
    None
}

pub(crate) fn list<'n>(node: &'n Node, errors: &mut Errors) -> &'n [Node] {
    if let Kind::List(list) = &node.kind {
        return list;
    }
    errors.push(
        node.at,
        format!("expected a list, found {}", node.describe()),
    );
    &[]
}

/// A list, or a single value that stands for a list of one.
pub(crate) fn list_or_one(node: &Node) -> &[Node] {
    match &node.kind {
        Kind::List(list) => list,
        _ => std::slice::from_ref(node),
    }
}

pub(crate) fn texts(node: &Node, errors: &mut Errors) -> Vec<String> {
    list_or_one(node)
        .iter()
        .filter_map(|node| text(node, errors))
        .collect()
}

/// A constant. Plain `true`, `false` and numbers are what they look like,
/// except that digits with a leading zero are text: `010` is an account id.
pub(crate) fn literal(node: &Node, errors: &mut Errors) -> Option<Literal> {
    match &node.kind {
        Kind::List(list) => Some(Literal::List(
            list.iter()
                .filter_map(|node| literal(node, errors))
                .collect(),
        )),
        Kind::Map(_) => {
            errors.push(node.at, "expected a value or a list, found a mapping");
            None
        }
        Kind::Scalar { .. } if node.is_nothing() => {
            errors.push(node.at, "expected a value, found nothing");
            None
        }
        Kind::Scalar { text, quoted: true } => Some(Literal::String(text.clone())),
        Kind::Scalar { text, .. } => Some(plain(text)),
    }
}

fn plain(text: &str) -> Literal {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    match text {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        _ if leading_zero || !digits.starts_with(|c: char| c.is_ascii_digit()) => {
            Literal::String(text.to_owned())
        }
        _ => match (text.parse(), text.parse()) {
            (Ok(int), _) => Literal::Int(int),
            (_, Ok(float)) => Literal::Float(float),
            _ => Literal::String(text.to_owned()),
        },
    }
}
