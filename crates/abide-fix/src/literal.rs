//! Values as a person would write them in HCL.

use abide_core::value::{Object, Value};

/// Why a value cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotWritable {
    /// It is a secret, of which only a digest is known.
    #[error("its value is a secret, which is known only as a digest")]
    Secret,
    /// It is not known.
    #[error("its value is not known")]
    Unknown,
}

/// A value on one line, or a map of several entries on several lines, two blanks for each level.
pub(crate) fn value(value: &Value) -> Result<String, NotWritable> {
    written(value, 0)
}

fn written(value: &Value, depth: usize) -> Result<String, NotWritable> {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::List(list) => {
            let items: Result<Vec<_>, _> = list.iter().map(|item| written(item, depth)).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Object(object) => map(object, depth)?,
        Value::Unknown => return Err(NotWritable::Unknown),
        Value::Redacted(_) => return Err(NotWritable::Secret),
    })
}

fn map(object: &Object, depth: usize) -> Result<String, NotWritable> {
    let entries: Vec<(&str, &Value)> = object.iter().collect();
    let mut lines = Vec::new();
    let width = entries.iter().map(|(name, _)| key(name).chars().count());
    let width = width.max().unwrap_or_default();
    for (name, value) in &entries {
        let value = written(value, depth + 1)?;
        lines.push((key(name), value));
    }
    Ok(match lines.as_slice() {
        [] => "{}".to_owned(),
        [(key, value)] if !value.contains('\n') => format!("{{ {key} = {value} }}"),
        lines => {
            let inner = "  ".repeat(depth + 1);
            let mut out = "{\n".to_owned();
            for (key, value) in lines {
                let gap = " ".repeat(width - key.chars().count());
                out.push_str(&format!("{inner}{key}{gap} = {value}\n"));
            }
            out.push_str(&"  ".repeat(depth));
            out.push('}');
            out
        }
    })
}

/// A key of a map: bare where HCL takes it so.
pub(crate) fn key(name: &str) -> String {
    let is_bare = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match is_bare {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// A text as a string of HCL, in which nothing is a template.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    // Nothing of it is a template.
    out.replace("${", "$${").replace("%{", "%%{")
}

/// The attributes of a block, without those that say nothing: nested lists of objects are blocks.
pub(crate) fn block(kind: &str, body: &Object) -> Result<String, NotWritable> {
    let mut out = format!("{kind} {{\n");
    inside(body, 1, &mut out)?;
    out.push_str("}\n");
    Ok(out)
}

fn inside(body: &Object, depth: usize, out: &mut String) -> Result<(), NotWritable> {
    let indent = "  ".repeat(depth);
    let says = |value: &&Value| !says_nothing(value);
    let plain: Vec<_> = body
        .iter()
        .filter(|(_, value)| says(value) && !is_blocks(value))
        .collect();
    let width = plain.iter().map(|(name, _)| name.chars().count()).max();
    for (name, value) in &plain {
        let gap = " ".repeat(width.unwrap_or_default() - name.chars().count());
        let value = written(value, depth)?;
        out.push_str(&format!("{indent}{name}{gap} = {value}\n"));
    }
    for (name, value) in body.iter().filter(|(_, value)| is_blocks(value)) {
        for element in value.as_list().unwrap_or_default() {
            let Value::Object(element) = element else {
                continue;
            };
            out.push_str(&format!("\n{indent}{name} {{\n"));
            inside(element, depth + 1, out)?;
            out.push_str(&format!("{indent}}}\n"));
        }
    }
    Ok(())
}

/// Whether a value is a series of blocks.
pub(crate) fn is_blocks(value: &Value) -> bool {
    let list = value.as_list().unwrap_or_default();
    !list.is_empty() && list.iter().all(|item| matches!(item, Value::Object(_)))
}

/// Whether leaving it out says the same: nothing, an empty text or list, `false`.
pub(crate) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_templates() {
        let text = Value::string("a \"${b}\" %{c}\n\\");
        assert_eq!(value(&text).unwrap(), r#""a \"$${b}\" %%{c}\n\\""#);
    }

    #[test]
    fn maps_are_aligned_and_keys_quoted_where_they_must() {
        let mut map = Object::default();
        map.insert("Owner", Value::string("platform"));
        assert_eq!(
            value(&Value::Object(map.clone())).unwrap(),
            r#"{ Owner = "platform" }"#
        );
        map.insert("aws:kind", Value::Bool(true));
        assert_eq!(
            value(&Value::Object(map)).unwrap(),
            "{\n  Owner      = \"platform\"\n  \"aws:kind\" = true\n}"
        );
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        assert_eq!(value(&Value::Unknown), Err(NotWritable::Unknown));
    }
}
