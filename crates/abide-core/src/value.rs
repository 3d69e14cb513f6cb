//! Values of attributes as the engine sees them.
//!
//! A plan's JSON, HCL and state all become this one type. Three things JSON
//! does not have are told apart: a value that will only be known after apply
//! ([`Value::Unknown`]), a secret ([`Value::Redacted`]), and an attribute
//! nobody set, which is no value at all: it is missing from its object.

use std::borrow::Cow;
use std::fmt;

use compact_str::CompactString;

/// A number as Terraform prints it: whole where it can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
}

impl Number {
    /// The nearest floating-point number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            #[expect(
                clippy::cast_precision_loss,
                reason = "no limit of AWS needs more than 53 bits"
            )]
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "{int}"),
            Self::Float(float) => write!(f, "{float}"),
        }
    }
}

/// What is left of a secret: a keyed digest, so that equal secrets still compare equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest(pub [u8; 16]);

impl SecretDigest {
    /// `(sensitive:1a2b3c4d)`: for Rego, which has only texts, and compares them.
    #[must_use]
    pub fn short(self) -> String {
        let [a, b, c, d, ..] = self.0;
        format!("(sensitive:{a:02x}{b:02x}{c:02x}{d:02x})")
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}

/// The value of an attribute, or of a part of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON `null` inside a list. A null attribute is left out of its object instead.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(CompactString),
    /// A list, a set, a tuple, or a series of blocks.
    List(Vec<Value>),
    /// A map, an object, or one block.
    Object(Object),
    /// Will be known after apply.
    Unknown,
    /// Known to Terraform, and a secret.
    Redacted(SecretDigest),
}

/// The attributes of a resource or of a block, in the input's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(CompactString, Value)>);

impl Object {
    /// The value of `name`; `None` when it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Mutable access to the value of `name`.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0
            .iter_mut()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Sets `name`, replacing an earlier value.
    pub fn insert(&mut self, name: impl Into<CompactString> + AsRef<str>, value: Value) {
        match self.get_mut(name.as_ref()) {
            Some(slot) => *slot = value,
            None => self.0.push((name.into(), value)),
        }
    }

    /// Adds `name`, which the caller knows to be new.
    pub fn push(&mut self, name: CompactString, value: Value) {
        self.0.push((name, value));
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(at).1)
    }

    /// Names and values in the input's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Names and values, by value.
    pub fn into_entries(self) -> impl Iterator<Item = (CompactString, Value)> {
        self.0.into_iter()
    }

    /// Keeps the attributes for which `keep` is true; it may change them.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut Value) -> bool) {
        self.0.retain_mut(|(name, value)| keep(name, value));
    }

    /// How many attributes are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives back spare capacity; inventories hold very many small objects.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

impl<N: Into<CompactString>> FromIterator<(N, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(iter: I) -> Self {
        Self(
            iter.into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }
}

impl Value {
    /// A string value.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::String(text.into())
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value; providers write some booleans as strings, in any case.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(bool) => Some(*bool),
            Self::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The number; a string of digits counts, since Terraform converts it.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.as_f64()),
            Self::String(text) => text.parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        }
    }

    /// The elements, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The attributes, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Whether no part of the value is unknown.
    #[must_use]
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::List(list) => list.iter().all(Self::is_wholly_known),
            Self::Object(object) => object.0.iter().all(|(_, value)| value.is_wholly_known()),
            _ => true,
        }
    }

    /// The value for people, at most `limit` characters, secrets and unknowns
    /// named as Terraform names them.
    #[must_use]
    pub fn display(&self, limit: usize) -> String {
        let mut out = String::new();
        self.write(&mut out, true);
        match out.char_indices().nth(limit) {
            Some((end, _)) => {
                out.truncate(end);
                out.push('…');
                out
            }
            None => out,
        }
    }

    fn write(&self, out: &mut String, quote: bool) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::String(text) if quote => {
                out.push('"');
                out.push_str(text);
                out.push('"');
            }
            Self::String(text) => out.push_str(text),
            Self::List(list) => {
                out.push('[');
                for (at, value) in list.iter().enumerate() {
                    if at > 0 {
                        out.push_str(", ");
                    }
                    value.write(out, true);
                }
                out.push(']');
            }
            Self::Object(object) => {
                out.push('{');
                for (at, (name, value)) in object.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    out.push_str(name);
                    out.push_str(" = ");
                    value.write(out, true);
                }
                out.push('}');
            }
            Self::Unknown => out.push_str("(known after apply)"),
            Self::Redacted(_) => out.push_str("(sensitive)"),
        }
    }

    /// The bare text of a scalar, as it reads inside a sentence.
    #[must_use]
    pub fn plain(&self) -> Cow<'_, str> {
        match self {
            Self::String(text) => Cow::Borrowed(text.as_str()),
            other => {
                let mut out = String::new();
                other.write(&mut out, false);
                Cow::Owned(out)
            }
        }
    }
}

impl serde::Serialize for Value {
    /// JSON as in a plan; unknowns and secrets become their printed names.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Number(Number::Int(int)) => serializer.serialize_i64(*int),
            Self::Number(Number::Float(float)) => serializer.serialize_f64(*float),
            Self::String(text) => serializer.serialize_str(text),
            Self::List(list) => serializer.collect_seq(list),
            Self::Object(object) => serializer.collect_map(object.iter()),
            Self::Unknown => serializer.serialize_str("(known after apply)"),
            Self::Redacted(_) => serializer.serialize_str("(sensitive)"),
        }
    }
}

impl From<&serde_json::Value> for Value {
    /// Null attributes of objects are left out, as everywhere in an inventory.
    fn from(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(*bool),
            serde_json::Value::Number(number) => Self::Number(match number.as_i64() {
                Some(int) => Number::Int(int),
                None => Number::Float(number.as_f64().unwrap_or(f64::NAN)),
            }),
            serde_json::Value::String(text) => Self::string(text),
            serde_json::Value::Array(list) => Self::List(list.iter().map(Self::from).collect()),
            serde_json::Value::Object(map) => Self::Object(
                map.iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (name.as_str(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}
