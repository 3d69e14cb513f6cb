//! Parameters: the values of a policy that a user may change, and what each may be.

use std::fmt;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::Position;
use crate::model::Literal;
use crate::read::{Errors, Fields, choice, list_or_one, literal, text};
use crate::yaml::{Kind, Node};

/// A value a user may change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name; conditions write `$name`.
    pub name: String,
    /// Its value unless changed.
    pub default: Literal,
    /// What it may be.
    pub accepts: Accepts,
    /// What it does.
    pub description: String,
}

/// What a parameter may be: what its file says, else what its default is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepts {
    /// The type of the value, or of each element.
    pub scalar: Scalar,
    /// Whether it is a list.
    pub is_list: bool,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// The only values; any if empty.
    pub one_of: Vec<Literal>,
    /// A regular expression that a text matches.
    pub matches: Option<String>,
}

/// The type of a single value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scalar {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Text.
    Text,
}

impl Accepts {
    /// What a default without further words accepts. Elements of several types, and a list
    /// without elements, are texts.
    fn like(default: &Literal) -> Self {
        let scalar = |literal: &Literal| match literal {
            Literal::Bool(_) => Scalar::Boolean,
            Literal::Int(_) => Scalar::Integer,
            Literal::Float(_) => Scalar::Number,
            Literal::String(_) | Literal::List(_) => Scalar::Text,
        };
        let (scalar, is_list) = match default {
            Literal::List(list) => {
                let first = list.first().map_or(Scalar::Text, scalar);
                let alike = list.iter().all(|element| scalar(element) == first);
                (if alike { first } else { Scalar::Text }, true)
            }
            single => (scalar(single), false),
        };
        Self {
            scalar,
            is_list,
            min: None,
            max: None,
            one_of: Vec::new(),
            matches: None,
        }
    }

    /// Reads a value from a command line: elements of a list are divided by commas.
    ///
    /// # Errors
    /// What of it is not accepted.
    pub fn read(&self, text: &str) -> Result<Literal, Refused> {
        if !self.is_list {
            return self.element(&self.word(text));
        }
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let list: Result<Vec<Literal>, Refused> =
            words.map(|word| self.element(&self.word(word))).collect();
        list.map(Literal::List)
    }

    /// Takes a value that has a type already; a single one stands for a list of one.
    ///
    /// # Errors
    /// What of it is not accepted.
    pub fn take(&self, value: &Literal) -> Result<Literal, Refused> {
        match value {
            Literal::List(_) if !self.is_list => Err(self.refuse(value)),
            Literal::List(list) => {
                let list: Result<Vec<Literal>, Refused> =
                    list.iter().map(|element| self.element(element)).collect();
                list.map(Literal::List)
            }
            single if self.is_list => Ok(Literal::List(vec![self.element(single)?])),
            single => self.element(single),
        }
    }

    /// A word as the type reads it; what it cannot read stays text, and is refused later.
    fn word(&self, word: &str) -> Literal {
        let read = match self.scalar {
            Scalar::Boolean => word.parse().ok().map(Literal::Bool),
            Scalar::Integer => word.parse().ok().map(Literal::Int),
            Scalar::Number => word
                .parse::<i64>()
                .map(Literal::Int)
                .or_else(|_| word.parse().map(Literal::Float))
                .ok(),
            Scalar::Text => None,
        };
        read.unwrap_or_else(|| Literal::String(word.to_owned()))
    }

    fn element(&self, value: &Literal) -> Result<Literal, Refused> {
        let value = match (self.scalar, value) {
            (Scalar::Boolean, Literal::Bool(_))
            | (Scalar::Integer | Scalar::Number, Literal::Int(_))
            | (Scalar::Text, Literal::String(_)) => value.clone(),
            (Scalar::Number, Literal::Float(float)) if float.is_finite() => value.clone(),
            // `14` for a version. A fraction could have lost its last zero: 8.0, 10.10.
            (Scalar::Text, Literal::Int(_)) => Literal::String(value.to_string()),
            _ => return Err(self.refuse(value)),
        };
        let in_range = match &value {
            #[expect(clippy::cast_precision_loss, reason = "limits are small numbers")]
            Literal::Int(int) => self.spans(*int as f64),
            Literal::Float(float) => self.spans(*float),
            _ => true,
        };
        let is_known = self.one_of.is_empty() || self.one_of.contains(&value);
        let fits = match (&self.matches, &value) {
            (Some(pattern), Literal::String(text)) => {
                Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
            }
            _ => true,
        };
        if in_range && is_known && fits {
            Ok(value)
        } else {
            Err(self.refuse(&value))
        }
    }

    fn spans(&self, number: f64) -> bool {
        self.min.is_none_or(|min| min <= number) && self.max.is_none_or(|max| number <= max)
    }

    fn refuse(&self, value: &Literal) -> Refused {
        Refused {
            value: value.clone(),
            expected: self.to_string(),
        }
    }
}

impl fmt::Display for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, many) = match self.scalar {
            Scalar::Boolean => ("`true` or `false`", "`true` or `false`"),
            Scalar::Integer => ("a whole number", "whole numbers"),
            Scalar::Number => ("a number", "numbers"),
            Scalar::Text => ("a text", "texts"),
        };
        match self.is_list {
            true => write!(f, "a list of {many}")?,
            false => f.write_str(one)?,
        }
        match (self.min, self.max) {
            (Some(min), Some(max)) => write!(f, " from {min} to {max}")?,
            (Some(min), None) => write!(f, " of at least {min}")?,
            (None, Some(max)) => write!(f, " of at most {max}")?,
            (None, None) => {}
        }
        if let Some(pattern) = &self.matches {
            write!(f, " matching /{pattern}/")?;
        }
        if !self.one_of.is_empty() {
            let known: Vec<String> = self.one_of.iter().map(|v| format!("`{v}`")).collect();
            write!(f, " among {}", known.join(", "))?;
        }
        Ok(())
    }
}

/// A value that a parameter does not accept.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("cannot be `{value}`: expected {expected}")]
pub struct Refused {
    value: Literal,
    expected: String,
}

impl Refused {
    /// Says that a value is not what was expected.
    #[must_use]
    pub fn new(value: &str, expected: &str) -> Self {
        Self {
            value: Literal::String(value.to_owned()),
            expected: expected.to_owned(),
        }
    }
}

/// Reads the `parameters` of a policy file.
pub(crate) fn parameters(node: &Node, errors: &mut Errors) -> Vec<Parameter> {
    let Kind::Map(map) = &node.kind else {
        errors.push(
            node.at,
            format!(
                "expected parameters by name (a mapping), found {}",
                node.describe()
            ),
        );
        return Vec::new();
    };
    map.iter()
        .filter_map(|(key, node)| parameter(&key.name, node, errors))
        .collect()
}

fn parameter(name: &str, node: &Node, errors: &mut Errors) -> Option<Parameter> {
    let mut fields = Fields::of(node, "a parameter with `default` and `description`", errors)?;
    let default_node = fields.require("default", errors);
    let default = default_node.and_then(|node| literal(node, errors));
    let description = fields
        .require("description", errors)
        .and_then(|node| text(node, errors));
    let mut accepts = default.as_ref().map(Accepts::like);
    if let Some(accepts) = &mut accepts {
        limits(&mut fields, accepts, errors);
    }
    fields.finish("a parameter", errors);
    let (default, accepts, at) = (default?, accepts?, default_node?.at);
    let default = accepted(&accepts, name, &default, at, errors);
    Some(Parameter {
        name: name.to_owned(),
        default,
        accepts,
        description: description?,
    })
}

fn limits(fields: &mut Fields<'_>, accepts: &mut Accepts, errors: &mut Errors) {
    if let Some(scalar) = fields.take("type").and_then(|node| {
        let types = [
            ("boolean", Scalar::Boolean),
            ("integer", Scalar::Integer),
            ("number", Scalar::Number),
            ("text", Scalar::Text),
        ];
        choice(node, &types, errors)
    }) {
        accepts.scalar = scalar;
    }
    let is_number = matches!(accepts.scalar, Scalar::Integer | Scalar::Number);
    let mut limit = |name| {
        let node = fields.take(name)?;
        let number = text(node, errors).and_then(|text| text.parse::<f64>().ok());
        match number.filter(|number| number.is_finite()) {
            Some(number) if is_number => return Some(number),
            Some(_) => errors.push(
                node.at,
                format!("`{name}` is for parameters that are numbers"),
            ),
            None => errors.push(
                node.at,
                format!("`{name}`: expected a number, found {}", node.describe()),
            ),
        }
        None
    };
    accepts.min = limit("min");
    accepts.max = limit("max");
    if let Some(node) = fields.take("one_of") {
        accepts.one_of = list_or_one(node)
            .iter()
            .filter_map(|node| literal(node, errors))
            .collect();
    }
    if let Some(node) = fields.take("matches")
        && let Some(pattern) = text(node, errors)
    {
        match (Regex::new(&pattern), accepts.scalar) {
            (Ok(_), Scalar::Text) => accepts.matches = Some(pattern),
            (Ok(_), _) => errors.push(node.at, "`matches` is for parameters that are texts"),
            (Err(_), _) => errors.push(node.at, format!("`{pattern}` is not a regular expression")),
        }
    }
}

/// A value of the policy file itself, held to what the parameter accepts.
pub(crate) fn accepted(
    accepts: &Accepts,
    name: &str,
    value: &Literal,
    at: Position,
    errors: &mut Errors,
) -> Literal {
    accepts.take(value).unwrap_or_else(|refused| {
        errors.push(at, format!("parameter `{name}` {refused}"));
        value.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports() -> Accepts {
        Accepts {
            min: Some(0.0),
            max: Some(65535.0),
            ..Accepts::like(&Literal::List(vec![Literal::Int(443)]))
        }
    }

    #[test]
    fn words_are_read_by_type() {
        let ports = ports();
        let list = |numbers: &[i64]| {
            Ok(Literal::List(
                numbers.iter().copied().map(Literal::Int).collect(),
            ))
        };
        assert_eq!(ports.read("80, 443"), list(&[80, 443]));
        assert_eq!(ports.read("443"), list(&[443]));
        assert_eq!(ports.read(""), list(&[]));
        let text = Accepts::like(&Literal::String("x".into()));
        assert_eq!(
            text.read("^a{1,2}$"),
            Ok(Literal::String("^a{1,2}$".into()))
        );
        assert_eq!(text.read("true"), Ok(Literal::String("true".into())));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let ports = ports();
        for (text, value) in [
            ("https", "https"),
            ("80,-1", "-1"),
            ("1.5", "1.5"),
            ("70000", "70000"),
        ] {
            assert_eq!(
                ports.read(text).unwrap_err().to_string(),
                format!("cannot be `{value}`: expected a list of whole numbers from 0 to 65535")
            );
        }
        let days = Accepts::like(&Literal::Int(7));
        for wrong in [
            Literal::Float(7.5),
            Literal::String("7".into()),
            Literal::List(vec![Literal::Int(7)]),
            Literal::Bool(true),
        ] {
            assert!(days.take(&wrong).is_err(), "{wrong}");
        }
        let version = Accepts::like(&Literal::String("8.4".into()));
        assert_eq!(
            version.take(&Literal::Int(14)),
            Ok(Literal::String("14".into()))
        );
        assert!(version.take(&Literal::Float(8.0)).is_err());
    }
}
