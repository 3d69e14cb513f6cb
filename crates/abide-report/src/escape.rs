//! Makes text that came from a plan, a policy or an exception harmless in each output.
//!
//! Whoever names a resource, a tag or a key decides what we print. Everything that is not
//! ours goes through one of these functions:
//!
//! | where | function |
//! |---|---|
//! | one line of a terminal or log; addresses, values | `visible` |
//! | the same, for sentences that may have line breaks | `prose` |
//! | Markdown text, code span, fence | `markdown`, `markdown_code`, `markdown_fence` |
//! | GitHub workflow command | `command_data`, `command_property` |
//! | CSV cell | `csv_cell` |
//! | SARIF plain text | `sarif_text` |
//! | JSON string | `crate::json_text` |
//! | URI path | `uri_path` |

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character does something other than to be seen: control characters, those that
/// turn or join the text around them, those without width, and what XML forbids.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The commands of older runners, which count anywhere in a line.
const LEGACY_COMMANDS: [&str; 2] = ["##[", "##vso["];

/// One line in which every hidden character is written out: `\n`, `\u{1b}`, `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains("##") && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '#' if LEGACY_COMMANDS.iter().any(|head| starts_with(rest, head)) => {
                out.push_str("\\u{23}");
            }
            c if is_hidden(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
        rest = rest.get(c.len_utf8()..).unwrap_or("");
    }
    Cow::Owned(out)
}

fn starts_with(text: &str, head: &str) -> bool {
    text.get(..head.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(head))
}

/// A sentence on one line: line breaks and tabs are spaces, the rest as in [`visible`].
pub fn prose(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if !text.contains(['\n', '\r', '\t']) {
        return visible(text);
    }
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    Cow::Owned(visible(&words.join(" ")).into_owned())
}

/// The lines of a snippet, indentation kept, each as in [`visible`].
pub fn lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.trim_end()
        .lines()
        .map(|line| match line.contains('\t') {
            true => Cow::Owned(visible(&line.replace('\t', "  ")).into_owned()),
            false => visible(line),
        })
}

/// At most `most` characters, and how many are missing.
pub(crate) fn clip(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((at, _)) => {
            let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
            Cow::Owned(format!(
                "{head}… ({} more characters)",
                tail.chars().count()
            ))
        }
    }
}

/// Whether a runner would take the line for a workflow command.
pub(crate) fn is_command(line: &str) -> bool {
    line.trim_start().starts_with("::")
}

/// Markdown text that reads as the text itself: no markup, HTML, link, mention or reference.
pub fn markdown(text: &str) -> String {
    const BREAK: &str = "&#8203;";
    let text = prose(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        let rest = text.get(at..).unwrap_or("");
        match c {
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            '_' if before.is_alphanumeric() && next.is_alphanumeric() => out.push(c),
            '_' => out.push_str("\\_"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.extend(["@", BREAK]),
            '#' | '!' if next.is_ascii_digit() => {
                out.push(c);
                out.push_str(BREAK);
            }
            ':' if rest.starts_with("://") => out.extend([":", BREAK]),
            '.' if ends_with(&out, "www") => out.extend([BREAK, "."]),
            '-' if ends_with(&out, "gh") && next.is_ascii_digit() => out.extend([BREAK, "-"]),
            c => out.push(c),
        }
        before = c;
    }
    out
}

fn ends_with(text: &str, tail: &str) -> bool {
    text.len()
        .checked_sub(tail.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(tail))
}

/// A Markdown code span that the text cannot leave.
pub fn markdown_code(text: &str) -> String {
    let text = visible(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let edge = |c: Option<char>| c.is_some_and(|c| c == '`' || c == ' ');
    let pad = match edge(text.chars().next()) || edge(text.chars().next_back()) {
        true => " ",
        false => "",
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A fence that no line of the text closes.
pub fn markdown_fence(text: &str) -> String {
    "`".repeat((longest_run(text) + 1).max(3))
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The data of a workflow command; its own line breaks become `%0A`.
pub(crate) fn command_data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command.
pub(crate) fn command_property(text: &str) -> String {
    command_data(&visible(text))
        .replace(':', "%3A")
        .replace(',', "%2C")
}

/// A CSV cell that no spreadsheet takes for a formula; quoting is the writer's.
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let formula = |c: char| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠'
        )
    };
    let risky = text.starts_with(formula) || text.trim_start().starts_with(formula);
    let text = visible(text);
    match risky {
        true => Cow::Owned(format!("'{text}")),
        false => text,
    }
}

/// A plain text of SARIF, in which `[text](target)` would be a link.
pub(crate) fn sarif_text(text: &str) -> String {
    prose(text).replace("](", "] (")
}

/// A path as the path of a URI, `/` kept.
pub(crate) fn uri_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hidden_characters_are_written_out() {
        assert_eq!(visible("a\u{1b}[31mb\r\n\tc"), r"a\u{1b}[31mb\r\n\tc");
        assert_eq!(
            visible("\u{202e}x\u{200b}\u{feff}\u{9b}"),
            r"\u{202e}x\u{200b}\u{feff}\u{9b}"
        );
        assert!(matches!(visible("plain é 日本 😀"), Cow::Borrowed(_)));
    }

    #[test]
    fn commands_of_old_runners_are_broken_anywhere() {
        assert_eq!(visible("x ##[error]y"), r"x \u{23}#[error]y");
        assert_eq!(visible("##VSO[task]"), r"\u{23}#VSO[task]");
        assert_eq!(visible("## title"), "## title");
    }

    #[test]
    fn sentences_are_one_line() {
        assert_eq!(prose(" one\n  two\tthree\n"), "one two three");
        assert_eq!(prose("a\n\u{1b}b"), r"a \u{1b}b");
    }

    #[test]
    fn long_text_says_what_is_missing() {
        assert_eq!(clip("äöü", 2), "äö… (1 more characters)");
        assert_eq!(clip("äöü", 3), "äöü");
    }

    #[test]
    fn markdown_is_inert() {
        assert_eq!(
            markdown("set cidr_blocks = 22-22."),
            "set cidr_blocks = 22-22."
        );
        assert_eq!(markdown("**b** _i_ `c`"), r"\*\*b\*\* \_i\_ \`c\`");
        assert_eq!(
            markdown("<img src=x> & [a](b)"),
            r"&lt;img src=x&gt; &amp; \[a\](b)"
        );
        assert_eq!(
            markdown("@all #12 GH-3 !4"),
            "@&#8203;all #&#8203;12 GH&#8203;-3 !&#8203;4"
        );
        assert_eq!(
            markdown("http://e.vil www.e.vil"),
            "http:&#8203;//e.vil www&#8203;.e.vil"
        );
    }

    #[test]
    fn code_spans_hold_back_ticks() {
        assert_eq!(markdown_code("a"), "`a`");
        assert_eq!(markdown_code("a``b"), "```a``b```");
        assert_eq!(markdown_code("`"), "`` ` ``");
        assert_eq!(markdown_code(" "), "(empty)");
        assert_eq!(markdown_fence("x\n```\n"), "````");
    }

    #[test]
    fn workflow_commands() {
        assert_eq!(command_data("50%\r\nnext"), "50%25%0D%0Anext");
        assert_eq!(command_property("a:b,c%\n"), r"a%3Ab%2Cc%25\n");
        assert!(is_command("  ::set-output"));
    }

    #[test]
    fn formulas_are_text() {
        for text in ["=1+1", "+1", "-1", "@x", " =1", "＝1"] {
            assert!(csv_cell(text).starts_with('\''), "{text}");
        }
        assert_eq!(csv_cell("\t=1"), r"'\t=1");
        assert_eq!(csv_cell("a=1"), "a=1");
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri_path("a b/ü[0].tf"), "a%20b/%C3%BC%5B0%5D.tf");
    }

    proptest! {
        #[test]
        fn nothing_hidden_remains(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(is_hidden));
            prop_assert!(!prose(&text).chars().any(is_hidden));
            prop_assert!(!csv_cell(&text).chars().any(is_hidden));
            prop_assert!(!visible(&text).contains("##["));
        }

        #[test]
        fn a_code_span_ends_only_at_its_end(text in "[`a b]{1,20}") {
            let span = markdown_code(&text);
            if span != "(empty)" {
                let ticks = span.find(|c| c != '`').unwrap();
                let inner = span.get(ticks..span.len() - ticks).unwrap();
                prop_assert!(inner.split(|c| c != '`').all(|run| run.len() < ticks));
            }
        }
    }
}
