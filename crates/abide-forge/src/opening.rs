//! What is opened at a forge for people to decide: a pull request, or an issue.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::ForgeError;

/// Characters of a title; GitLab takes the fewest.
const TITLE: usize = 255;
/// Characters of a text; GitHub takes the fewest.
const BODY: usize = 65_536;
const CUT: &str = "\n\n… the rest has no room here.\n";
/// What stands in an HTML comment, or in a query, as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_');

/// Title and text, in Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    title: String,
    body: String,
}

impl Proposal {
    /// A proposal, as much of it as every forge takes.
    #[must_use]
    pub fn new(title: &str, body: &str) -> Self {
        let line = title.lines().next().unwrap_or_default();
        Self {
            title: fitted(line, TITLE, "…"),
            body: fitted(body, BODY, CUT),
        }
    }

    /// With a hidden line by which it is found again.
    #[must_use]
    pub fn marked(title: &str, body: &str, marker: &Marker) -> Self {
        // First, so that it is not what is cut off.
        Self::new(title, &format!("{}\n{body}", marker.0))
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn body(&self) -> &str {
        &self.body
    }
}

fn fitted(text: &str, most: usize, end: &str) -> String {
    match text.chars().count() > most {
        false => text.to_owned(),
        true => {
            let kept = most - end.chars().count();
            text.chars().take(kept).chain(end.chars()).collect()
        }
    }
}

/// A hidden line: there is one open issue with it at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// The marker of a key, which may be any text.
    #[must_use]
    pub fn new(key: &str) -> Self {
        let key = utf8_percent_encode(key, PLAIN);
        Self(format!("<!-- abide-issue:v1 {key} -->"))
    }

    pub(crate) fn is_in(&self, body: &str) -> bool {
        body.lines().any(|line| line.trim_end() == self.0)
    }
}

/// What was opened, or was open already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Where people see it.
    pub url: String,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// A value of a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// An entry of a list of open ones.
pub(crate) struct Open {
    pub(crate) number: u64,
    pub(crate) url: String,
}

/// Brings the one that is open up to date, or opens one.
pub(crate) fn upsert(
    find: &dyn Fn() -> Result<Option<Open>, ForgeError>,
    update: &dyn Fn(u64) -> Result<(), ForgeError>,
    create: &dyn Fn() -> Result<String, ForgeError>,
) -> Result<Opened, ForgeError> {
    let known = |open: Open| {
        update(open.number)?;
        Ok(Opened {
            url: open.url,
            is_new: false,
        })
    };
    if let Some(open) = find()? {
        return known(open);
    }
    match create() {
        Ok(url) => Ok(Opened { url, is_new: true }),
        // It may have been done, by this call or by another run meanwhile.
        Err(error) if error.is_ambiguous() || error.is_conflict() => match find()? {
            Some(open) => known(open),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_every_forge() {
        let long = Proposal::marked(&"ä".repeat(300), &"ö".repeat(70_000), &Marker::new("k"));
        assert_eq!(long.title().chars().count(), 255);
        assert_eq!(long.body().chars().count(), 65_536);
        assert!(long.body().ends_with(CUT) && Marker::new("k").is_in(long.body()));
        let short = Proposal::new("one\ntwo", "text");
        assert_eq!((short.title(), short.body()), ("one", "text"));
    }

    #[test]
    fn a_marker_is_a_line_of_its_own_and_ends_no_comment() {
        let marker = Marker::new("prod --> <b> sha256:1");
        assert_eq!(marker.0.matches("-->").count(), 1);
        let body = Proposal::marked("t", "text", &marker).body().to_owned();
        assert!(marker.is_in(&body.replace('\n', "\r\n")));
        assert!(!marker.is_in(&format!("quoted: {body}")));
        assert!(!Marker::new("prod").is_in(&body));
    }
}
