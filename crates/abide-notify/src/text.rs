//! Text in the places of services: inert, and within their limits.

use abide_report::escape::{prose, visible};

/// At most so many characters, with a mark where the rest is missing.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// One line of raw text in which every hidden character is written out.
pub(crate) fn line(text: &str, most: usize) -> String {
    clip(&prose(text), most)
}

/// The same for a name or a value.
pub(crate) fn name(text: &str, most: usize) -> String {
    clip(&visible(text), most)
}

/// For HTML text and attributes.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// `1 violation`, `2 violations`.
pub(crate) fn count(many: usize, what: &str) -> String {
    match many {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    }
}
