//! Attribute paths as policies write them: `rule[*].bucket_key_enabled`, `/type`, `^from_port`, `@`.

use std::fmt;

use crate::error::Position;

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Anchor {
    /// The current block, element, statement or document; the resource outside of those.
    Here,
    /// The resource (`/name`).
    Resource,
    /// The scope around the current one (`^name`), one further out for each `^`.
    Outer(u8),
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum PathStep {
    /// An attribute, a block or a map key.
    Name(String),
    /// One position.
    Index(u32),
    /// All elements; only where a quantifier says over what it goes.
    Each,
}

/// A path and where it is written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Path {
    /// Where it starts.
    pub anchor: Anchor,
    /// Its steps; none for `@`, the element itself.
    pub steps: Vec<PathStep>,
    /// Where it is written.
    pub at: Position,
}

impl Path {
    /// The names alone, as the provider's schema knows the path.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.steps
            .iter()
            .filter_map(|step| match step {
                PathStep::Name(name) => Some(name.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Reads a path.
    pub(crate) fn parse(text: &str, at: Position) -> Result<Self, String> {
        let bad = |why: &str| format!("`{text}` is not an attribute path: {why}");
        let (anchor, rest) = if let Some(rest) = text.strip_prefix('/') {
            (Anchor::Resource, rest)
        } else {
            let rest = text.trim_start_matches('^');
            let depth = u8::try_from(text.len() - rest.len()).map_err(|_| bad("too many `^`"))?;
            (
                if depth == 0 {
                    Anchor::Here
                } else {
                    Anchor::Outer(depth)
                },
                rest,
            )
        };
        if rest == "@" {
            return Ok(Self {
                anchor,
                steps: Vec::new(),
                at,
            });
        }
        let mut steps = Vec::new();
        for part in split_names(rest) {
            let part = part.ok_or_else(|| bad("a bracket or quote is not closed"))?;
            steps.extend(
                read_part(part)
                    .ok_or_else(|| bad("expected names, `[0]`, `[*]` or `[\"key\"]`"))?,
            );
        }
        if steps.is_empty() {
            return Err(bad("it names nothing; write `@` for the element itself"));
        }
        Ok(Self { anchor, steps, at })
    }
}

/// Splits at dots outside of brackets.
fn split_names(text: &str) -> impl Iterator<Item = Option<&str>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        let mut depth = 0;
        for (at, c) in text.char_indices() {
            match c {
                '"' => quoted = !quoted,
                '[' if !quoted => depth += 1,
                ']' if !quoted => depth -= 1,
                '.' if !quoted && depth == 0 => {
                    let (part, after) = text.split_at(at);
                    rest = after.get(1..);
                    return Some(Some(part));
                }
                _ => {}
            }
        }
        rest = None;
        Some((!quoted && depth == 0).then_some(text))
    })
}

/// Reads `name[0]["key"][*]`.
fn read_part(part: &str) -> Option<Vec<PathStep>> {
    let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
    let valid = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':'));
    if !valid {
        return None;
    }
    let mut steps = vec![PathStep::Name(name.to_owned())];
    while !rest.is_empty() {
        let inside = rest.strip_prefix('[')?;
        let (step, after) = match inside.strip_prefix('"') {
            Some(quoted) => {
                let (key, after) = quoted.split_once("\"]")?;
                (PathStep::Name(key.to_owned()), after)
            }
            None => {
                let (text, after) = inside.split_once(']')?;
                let step = if text == "*" {
                    PathStep::Each
                } else {
                    PathStep::Index(text.parse().ok()?)
                };
                (step, after)
            }
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.anchor {
            Anchor::Here => {}
            Anchor::Resource => f.write_str("/")?,
            Anchor::Outer(depth) => (0..depth).try_for_each(|_| f.write_str("^"))?,
        }
        if self.steps.is_empty() {
            return f.write_str("@");
        }
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                PathStep::Name(name)
                    if name.contains(|c: char| {
                        !c.is_alphanumeric() && c != '_' && c != '-' && c != ':'
                    }) =>
                {
                    write!(f, "[\"{name}\"]")?;
                }
                PathStep::Name(name) if at == 0 => f.write_str(name)?,
                PathStep::Name(name) => write!(f, ".{name}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
                PathStep::Each => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for text in [
            "encrypted",
            "rule[*].apply[0].sse",
            "/type",
            "^from_port",
            "^^x",
            "@",
            "tags[\"a.b\"].c",
            "aws:SourceArn",
        ] {
            assert_eq!(
                Path::parse(text, Position::default()).unwrap().to_string(),
                text
            );
        }
    }

    #[test]
    fn refuses() {
        for text in ["", ".", "a.", "a[", "a[x]", "a b", "/"] {
            assert!(Path::parse(text, Position::default()).is_err(), "{text}");
        }
    }
}
