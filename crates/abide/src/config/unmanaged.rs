//! `[unmanaged]`: what may be in no state, who says so, and until when.

use anyhow::anyhow;
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

use super::Config;

/// `[unmanaged]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnmanagedTable {
    #[serde(default)]
    ignore: Vec<IgnoreTable>,
}

/// `[[unmanaged.ignore]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IgnoreTable {
    #[serde(rename = "type")]
    type_name: String,
    /// May hold `*`.
    id: String,
    account: Option<String>,
    owner: String,
    reason: String,
    /// The last day.
    expires: Spanned<String>,
}

/// An entry of the ignore list, checked.
#[derive(Clone, Debug)]
pub(crate) struct IgnoreEntry {
    pub(crate) type_name: String,
    pub(crate) id: String,
    pub(crate) account: Option<String>,
    pub(crate) owner: String,
    pub(crate) reason: String,
    pub(crate) expires: Date,
}

impl Config {
    /// The ignore list.
    pub(crate) fn ignored(&self) -> anyhow::Result<Vec<IgnoreEntry>> {
        let entries = self.file.unmanaged.ignore.iter();
        entries.map(|entry| self.ignore(entry)).collect()
    }

    fn ignore(&self, entry: &IgnoreTable) -> anyhow::Result<IgnoreEntry> {
        let text = entry.expires.get_ref();
        let expires: Date = text.parse().map_err(|_| {
            let message = format!("unmanaged.ignore: expires `{text}`: expected a day, YYYY-MM-DD");
            self.error(entry.expires.span(), message)
        })?;
        if entry.owner.trim().is_empty() || entry.reason.trim().is_empty() {
            let message = "unmanaged.ignore: an entry needs an owner and a reason";
            return Err(anyhow!("{}: {message}", self.name()));
        }
        Ok(IgnoreEntry {
            type_name: entry.type_name.clone(),
            id: entry.id.clone(),
            account: entry.account.clone(),
            owner: entry.owner.clone(),
            reason: entry.reason.clone(),
            expires,
        })
    }
}

impl IgnoreEntry {
    /// Whether it is about this one.
    pub(crate) fn fits(&self, account: &str, type_name: &str, id: &str) -> bool {
        self.account.as_deref().is_none_or(|known| known == account)
            && self.type_name == type_name
            && is_like(&self.id, id)
    }
}

/// Whether a text is like a pattern, in which `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, answer) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
            ("*", "", true),
            ("ab*bc", "abc", false),
        ] {
            assert_eq!(is_like(pattern, text), answer, "{pattern} {text}");
        }
    }
}
