//! Terraform resource addresses: `module.a["k"].data.aws_iam_policy_document.d[0]`.
//!
//! An address is kept as Terraform printed it (one shared string, because an
//! inventory holds a hundred thousand of them) and split into its parts on
//! request. Keys may hold any text, dots, quotes and brackets included; the
//! splitter follows HCL's quoting, so `print(parse(x)) == x` for every address
//! Terraform writes.

use std::fmt;
use std::sync::Arc;

/// The text of a resource's address, checked to be one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceAddress(Arc<str>);

/// An instance key: the `0` of `x[0]`, the `"eu"` of `x["eu"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// Position of a `count` instance.
    Index(u64),
    /// Key of a `for_each` instance.
    Name(Arc<str>),
}

/// Managed resource or data source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A `resource` block.
    Managed,
    /// A `data` block.
    Data,
}

/// One module call on the way to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleStep {
    /// Name of the `module` block.
    pub name: String,
    /// Which instance of the call.
    pub key: Option<InstanceKey>,
}

/// An address split into its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressParts {
    /// Module calls from the root inwards; empty for the root module.
    pub module: Vec<ModuleStep>,
    /// Managed or data.
    pub mode: Mode,
    /// Resource type, e.g. `aws_s3_bucket`.
    pub type_name: String,
    /// Name of the block.
    pub name: String,
    /// Which instance of the block.
    pub key: Option<InstanceKey>,
}

/// Why a text is no resource address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// The text ends before type and name.
    #[error(
        "`{0}` is not a resource address: expected `type.name`, `data.type.name` or `module.x.type.name`"
    )]
    Incomplete(String),
    /// A key in brackets is neither a number nor a quoted string.
    #[error(
        "`{text}` is not a resource address: bad instance key at byte {at}, expected `[0]` or `[\"key\"]`"
    )]
    Key {
        /// The whole text.
        text: String,
        /// Byte offset of the bracket.
        at: usize,
    },
    /// Something follows where `.` or `[` was expected.
    #[error("`{text}` is not a resource address: unexpected text at byte {at}")]
    Trailing {
        /// The whole text.
        text: String,
        /// Byte offset of the unexpected text.
        at: usize,
    },
}

impl ResourceAddress {
    /// Checks `text` and keeps it.
    ///
    /// # Errors
    /// If it does not name a resource.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        split(text)?;
        Ok(Self(text.into()))
    }

    /// Takes an address that Terraform itself printed, without checking it.
    ///
    /// Loaders use this: a plan is not refused because of an address only
    /// Terraform understands. [`Self::parts`] then fails for that resource.
    #[must_use]
    pub fn from_terraform(text: &str) -> Self {
        Self(text.into())
    }

    /// The address as Terraform prints it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Splits the address.
    ///
    /// # Errors
    /// If the text came from [`Self::from_terraform`] and is no address.
    pub fn parts(&self) -> Result<AddressParts, AddressError> {
        split(&self.0)
    }

    /// The address with every instance key taken out:
    /// `module.a.aws_s3_bucket.b` for `module.a["x"].aws_s3_bucket.b[0]`.
    /// Instances that share it come from the same block.
    #[must_use]
    pub fn block(&self) -> String {
        without_keys(&self.0).unwrap_or_else(|| self.0.to_string())
    }
}

/// `None` if a bracket does not close.
fn without_keys(text: &str) -> Option<String> {
    let mut block = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, key)) = rest.split_once('[') {
        block.push_str(before);
        rest = match key.strip_prefix('"') {
            // Brackets and quotes in a name are part of it.
            Some(name) => name.get(closing_quote(name)? + 1..)?.strip_prefix(']')?,
            None => key.split_once(']')?.1,
        };
    }
    block.push_str(rest);
    Some(block)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

impl fmt::Display for ResourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl serde::Serialize for ResourceAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for InstanceKey {
    /// Prints the key with its brackets, quoted as HCL does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name(name) => {
                f.write_str("[\"")?;
                write_quoted(f, name)?;
                f.write_str("\"]")
            }
        }
    }
}

/// Writes the inside of an HCL quoted string, escaped as Terraform does in addresses.
fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '$' | '%' if chars.peek() == Some(&'{') => write!(f, "{c}{c}")?,
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

impl fmt::Display for AddressParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.module {
            write!(f, "module.{}", step.name)?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
            f.write_str(".")?;
        }
        if self.mode == Mode::Data {
            f.write_str("data.")?;
        }
        write!(f, "{}.{}", self.type_name, self.name)?;
        if let Some(key) = &self.key {
            write!(f, "{key}")?;
        }
        Ok(())
    }
}

fn split(text: &str) -> Result<AddressParts, AddressError> {
    let mut cursor = Cursor { text, at: 0 };
    let module = cursor.module_steps()?;
    let mut type_name = cursor
        .name()
        .ok_or_else(|| AddressError::Incomplete(text.into()))?;
    let mut mode = Mode::Managed;
    if type_name == "data" {
        mode = Mode::Data;
        cursor.dot()?;
        type_name = cursor
            .name()
            .ok_or_else(|| AddressError::Incomplete(text.into()))?;
    }
    cursor.dot()?;
    let name = cursor
        .name()
        .ok_or_else(|| AddressError::Incomplete(text.into()))?;
    let key = cursor.key()?;
    if cursor.at != text.len() {
        return Err(AddressError::Trailing {
            text: text.into(),
            at: cursor.at,
        });
    }
    Ok(AddressParts {
        module,
        mode,
        type_name: type_name.into(),
        name: name.into(),
        key,
    })
}

/// Splits a module instance address (`module.a["k"].module.b`), as in
/// `module_address` of a plan. The empty text is the root module.
///
/// # Errors
/// If the text is no module address.
pub fn parse_module(text: &str) -> Result<Vec<ModuleStep>, AddressError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // A trailing dot lets the step reader treat the last step like the others.
    let with_dot = format!("{text}.");
    let mut cursor = Cursor {
        text: &with_dot,
        at: 0,
    };
    let steps = cursor.module_steps()?;
    if cursor.at == with_dot.len() {
        Ok(steps)
    } else {
        Err(AddressError::Trailing {
            text: text.into(),
            at: cursor.at,
        })
    }
}

/// Reads one quoted HCL key that starts at `[`; gives the key and the rest.
pub(crate) fn read_key(text: &str) -> Result<(Option<InstanceKey>, &str), AddressError> {
    let mut cursor = Cursor { text, at: 0 };
    let key = cursor.key()?;
    Ok((key, cursor.rest()))
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn module_steps(&mut self) -> Result<Vec<ModuleStep>, AddressError> {
        let mut steps = Vec::new();
        while let Some(rest) = self.rest().strip_prefix("module.") {
            self.at = self.text.len() - rest.len();
            let name = self
                .name()
                .ok_or_else(|| AddressError::Incomplete(self.text.into()))?;
            let key = self.key()?;
            self.dot()?;
            steps.push(ModuleStep {
                name: name.into(),
                key,
            });
        }
        Ok(steps)
    }

    fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let len = rest.find(['.', '[', '"']).unwrap_or(rest.len());
        if len == 0 {
            return None;
        }
        self.at += len;
        rest.get(..len)
    }

    fn dot(&mut self) -> Result<(), AddressError> {
        if self.rest().starts_with('.') {
            self.at += 1;
            Ok(())
        } else if self.at == self.text.len() {
            Err(AddressError::Incomplete(self.text.into()))
        } else {
            Err(AddressError::Trailing {
                text: self.text.into(),
                at: self.at,
            })
        }
    }

    fn key(&mut self) -> Result<Option<InstanceKey>, AddressError> {
        let bad = |at| AddressError::Key {
            text: self.text.into(),
            at,
        };
        let start = self.at;
        let Some(inside) = self.rest().strip_prefix('[') else {
            return Ok(None);
        };
        let (key, after) = match inside.strip_prefix('"') {
            Some(quoted) => {
                let (name, after) = unquote(quoted).ok_or_else(|| bad(start))?;
                (InstanceKey::Name(name.into()), after)
            }
            None => {
                let end = inside.find(']').ok_or_else(|| bad(start))?;
                let (digits, after) = inside.split_at(end);
                // `[01]` would print back as `[1]`: not what Terraform writes.
                let plain = digits == "0" || !digits.starts_with(['0', '+']);
                let index = digits
                    .parse()
                    .ok()
                    .filter(|_| plain)
                    .ok_or_else(|| bad(start))?;
                (InstanceKey::Index(index), after)
            }
        };
        let after = after.strip_prefix(']').ok_or_else(|| bad(start))?;
        self.at = self.text.len() - after.len();
        Ok(Some(key))
    }
}

/// Reads an HCL quoted string after its opening quote.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                '"' => out.push('"'),
                '\\' => out.push('\\'),
                'u' => out.push(hex(&mut chars, 4)?),
                'U' => out.push(hex(&mut chars, 8)?),
                _ => return None,
            },
            '$' | '%' => {
                let mut doubled = [0; 4];
                let doubled = &*c.encode_utf8(&mut doubled);
                out.push(c);
                let rest = text.get(at + 1..)?;
                if rest
                    .strip_prefix(doubled)
                    .is_some_and(|r| r.starts_with('{'))
                {
                    chars.next();
                }
            }
            c => out.push(c),
        }
    }
    None
}

fn hex(chars: &mut std::str::CharIndices<'_>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + chars.next()?.1.to_digit(16)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(text: &str) -> AddressParts {
        let parts = ResourceAddress::parse(text).unwrap().parts().unwrap();
        assert_eq!(parts.to_string(), text);
        parts
    }

    #[test]
    fn splits_modules_keys_and_data() {
        let parts = round_trip(
            r#"module.a["eu.west[0]"].module.b[2].data.aws_iam_policy_document.d["x\"y"]"#,
        );
        assert_eq!(parts.module.len(), 2);
        assert_eq!(
            parts.module[0].key,
            Some(InstanceKey::Name("eu.west[0]".into()))
        );
        assert_eq!(parts.mode, Mode::Data);
        assert_eq!(parts.key, Some(InstanceKey::Name("x\"y".into())));
    }

    #[test]
    fn keeps_template_escapes() {
        let parts = round_trip(r#"aws_s3_bucket.b["$${x}%%{y}$z"]"#);
        assert_eq!(parts.key, Some(InstanceKey::Name("${x}%{y}$z".into())));
    }

    #[test]
    fn block_drops_every_key() {
        let address = ResourceAddress::parse(r#"module.a["x"].aws_s3_bucket.b[0]"#).unwrap();
        assert_eq!(address.block(), "module.a.aws_s3_bucket.b");
    }

    #[test]
    fn says_what_is_wrong() {
        for text in [
            "",
            "aws_s3_bucket",
            "module.a",
            "aws_s3_bucket.b[",
            "aws_s3_bucket.b[x]",
            "aws_s3_bucket.b[01]",
            "a.b.c",
        ] {
            assert!(ResourceAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn module_addresses() {
        assert_eq!(parse_module("").unwrap(), vec![]);
        assert_eq!(
            parse_module(r#"module.a["x.y"].module.b"#).unwrap().len(),
            2
        );
        assert!(parse_module("aws_s3_bucket.b").is_err());
    }

    fn key() -> impl Strategy<Value = Option<InstanceKey>> {
        prop_oneof![
            Just(None),
            any::<u64>().prop_map(|i| Some(InstanceKey::Index(i))),
            any::<String>().prop_map(|s| Some(InstanceKey::Name(s.into()))),
        ]
    }

    proptest! {
        #[test]
        fn print_then_parse_gives_the_same_parts(
            steps in prop::collection::vec(("[a-z_][a-z0-9_-]{0,8}", key()), 0..4),
            data in any::<bool>(),
            type_name in "aws_[a-z0-9_]{1,12}",
            name in "[a-z_][a-z0-9_-]{0,12}",
            key in key(),
        ) {
            let parts = AddressParts {
                module: steps.into_iter().map(|(name, key)| ModuleStep { name, key }).collect(),
                mode: if data { Mode::Data } else { Mode::Managed },
                type_name, name, key,
            };
            let printed = parts.to_string();
            let again = ResourceAddress::parse(&printed).unwrap();
            prop_assert_eq!(&again.parts().unwrap(), &parts);
            let bare = AddressParts {
                module: parts.module.into_iter().map(|step| ModuleStep { key: None, ..step }).collect(),
                key: None,
                ..parts
            };
            prop_assert_eq!(again.block(), bare.to_string());
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in any::<String>()) {
            let _ = ResourceAddress::parse(&text);
            let _ = parse_module(&text);
        }
    }
}
