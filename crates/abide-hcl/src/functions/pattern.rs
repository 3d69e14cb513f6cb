//! Regular expressions of Go (RE2) in the syntax of the `regex` crate.
//!
//! Both have the same semantics; they differ in what is written how: Go's
//! `\w`, `\d`, `\s` and `\b` are ASCII, a bracket inside brackets is a plain
//! character, and a brace that repeats nothing is one, too.

/// Compiles a pattern as Terraform would.
pub(super) fn compile(pattern: &str) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(&translate(pattern))
        .size_limit(4 << 20)
        .build()
        .map_err(|_| "the regular expression is not valid".to_owned())
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\\' => rest = escape(rest, in_class, &mut out),
            '[' if in_class => {
                if let Some(name) = posix(rest) {
                    out.push('[');
                    out.push_str(name);
                    rest = rest.get(name.len()..).unwrap_or_default();
                } else {
                    out.push_str("\\[");
                }
            }
            '[' => {
                in_class = true;
                out.push('[');
                if let Some(after) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = after;
                }
                // A bracket that closes at once is a plain character.
                if let Some(after) = rest.strip_prefix(']') {
                    out.push_str("\\]");
                    rest = after;
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '{' if !in_class && !repeats(rest) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    out
}

/// Translates what follows a backslash; gives what is left.
fn escape<'p>(rest: &'p str, in_class: bool, out: &mut String) -> &'p str {
    let Some(c) = rest.chars().next() else {
        out.push('\\');
        return rest;
    };
    let after = rest.get(c.len_utf8()..).unwrap_or_default();
    let set = match c {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\f\\r ",
        'D' => "^0-9",
        'W' => "^0-9A-Za-z_",
        'S' => "^\\t\\n\\f\\r ",
        'b' | 'B' if !in_class => {
            out.push_str("(?-u:\\");
            out.push(c);
            out.push(')');
            return after;
        }
        'Q' if !in_class => {
            let (quoted, after) = after.split_once("\\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(quoted));
            return after;
        }
        _ => {
            out.push('\\');
            out.push(c);
            return after;
        }
    };
    if in_class && !set.starts_with('^') {
        out.push_str(set);
    } else {
        out.push('[');
        out.push_str(set);
        out.push(']');
    }
    after
}

/// The `:alpha:]` after a bracket.
fn posix(rest: &str) -> Option<&str> {
    let end = rest.find(":]")? + 2;
    let name = rest.get(..end)?;
    let inner = name.strip_prefix(':')?.strip_suffix(":]")?;
    let inner = inner.strip_prefix('^').unwrap_or(inner);
    inner
        .bytes()
        .all(|b| b.is_ascii_lowercase())
        .then_some(name)
}

/// Whether a brace is followed by `2}`, `2,}` or `2,3}`.
fn repeats(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else {
        return false;
    };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_patterns_as_go_does() {
        let finds = |pattern: &str, text: &str| compile(pattern).unwrap().is_match(text);
        assert!(!finds(r"^\w+$", "é"));
        assert!(finds(r"^[\w.-]+$", "a.b-c"));
        assert!(finds(r"[a[b]", "["));
        assert!(finds(r"[[:alpha:]_]{2}", "a_"));
        assert!(finds(r"^{x}$", "{x}"));
        assert!(finds(r"^\Qa.b\E$", "a.b"));
        assert!(!finds(r"^\Qa.b\E$", "axb"));
        assert!(finds(r"^[]a]+$", "]a"));
        assert!(finds(r"^[\W]$", "é"));
        assert!(compile(r"(?=x)").is_err());
    }
}
