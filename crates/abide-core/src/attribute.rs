//! Where a value stands inside a resource: `ingress[0].cidr_blocks[1]`.

use std::fmt;

use compact_str::CompactString;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute, a block, or a map key.
    Name(CompactString),
    /// The position in a list or in a series of blocks.
    Index(usize),
}

/// Steps from a resource to one of its values; empty means the resource itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath(pub Vec<Step>);

impl AttributePath {
    /// The path one name further in.
    #[must_use]
    pub fn name(&self, name: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Name(name.into()));
        Self(steps)
    }

    /// The path one position further in.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }

    /// Whether this is the resource itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The path with every list position taken out; fingerprints use it, so
    /// that a rule keeps its identity when another is put before it.
    #[must_use]
    pub fn without_positions(&self) -> String {
        let names = self.0.iter().filter_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        });
        let mut out = String::new();
        for name in names {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(name);
        }
        out
    }
}

impl fmt::Display for AttributePath {
    /// `a.b[0]`; a name that is no identifier is quoted: `tags["team name"]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) if is_identifier(name) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(name)?;
                }
                // Quoted as JSON, which is what the parser reads.
                Step::Name(name) => {
                    let quoted = serde_json::to_string(name.as_str()).map_err(|_| fmt::Error)?;
                    write!(f, "[{quoted}]")?;
                }
            }
        }
        Ok(())
    }
}

impl serde::Serialize for AttributePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && !name.starts_with(|c: char| c.is_ascii_digit() || c == '-')
}

/// Why a text is no attribute path.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not an attribute path: expected names and positions, as in `ingress[0].cidr_blocks`"
)]
pub struct AttributePathError(String);

impl std::str::FromStr for AttributePath {
    type Err = AttributePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || AttributePathError(text.to_owned());
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (step, after) = bracket(inside).ok_or_else(bad)?;
                steps.push(step);
                rest = after;
                continue;
            }
            if !steps.is_empty() {
                rest = rest.strip_prefix('.').ok_or_else(bad)?;
            }
            let len = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(len);
            if !is_identifier(name) {
                return Err(bad());
            }
            steps.push(Step::Name(name.into()));
            rest = after;
        }
        Ok(Self(steps))
    }
}

/// Reads `0]` or `"key"]`, the inside of a bracket.
fn bracket(inside: &str) -> Option<(Step, &str)> {
    if inside.starts_with('"') {
        let mut stream = serde_json::Deserializer::from_str(inside).into_iter::<String>();
        let name = stream.next()?.ok()?;
        let after = inside.get(stream.byte_offset()..)?.strip_prefix(']')?;
        return Some((Step::Name(name.into()), after));
    }
    let (digits, after) = inside.split_once(']')?;
    Some((Step::Index(digits.parse().ok()?), after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_as_engineers_write_it() {
        let path: AttributePath = "ingress[0].cidr_blocks[1]".parse().unwrap();
        assert_eq!(path.to_string(), "ingress[0].cidr_blocks[1]");
        assert_eq!(path.without_positions(), "ingress.cidr_blocks");
        assert_eq!(
            AttributePath::default()
                .name("tags")
                .name("team name")
                .to_string(),
            "tags[\"team name\"]"
        );
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in [".a", "a..b", "a[", "a[x]", "a b"] {
            assert!(text.parse::<AttributePath>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn print_then_parse(names in prop::collection::vec(prop_oneof![
            "[a-z_][a-z0-9_]{0,6}".prop_map(|n| Step::Name(n.into())),
            any::<String>().prop_filter("a name", |n| !n.is_empty()).prop_map(|n| Step::Name(n.into())),
            (0usize..1000).prop_map(Step::Index)], 0..6)) {
            let path = AttributePath(names);
            prop_assert_eq!(path.to_string().parse::<AttributePath>().unwrap(), path);
        }
    }
}
