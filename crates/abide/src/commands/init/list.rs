//! Entries for lists in YAML that somebody else wrote: added as text, and checked by reading both.

use abide_policy::yaml::{Kind, Node, parse};

use super::tree::join;

/// The hook, as `.pre-commit-hooks.yaml` describes it.
const HOOKS: &str = include_str!("../../../../../.pre-commit-hooks.yaml");

/// What a file of pre-commit needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It has the entry.
    Same,
    /// The text with the entry.
    Text(String),
    /// It cannot be added as text without touching the rest; why.
    Unsafe(String),
}

/// The entry for the folder, at a depth of indentation.
pub(super) fn entry(prefix: &str, indent: usize) -> String {
    let hook = HOOKS.lines().filter(|line| !line.starts_with('#'));
    let mut out = String::from("- repo: local\n  hooks:\n");
    for line in hook {
        let line = match line.trim_start().split_once(' ') {
            Some(("entry:", command)) if !prefix.is_empty() => {
                format!("  entry: {command} --config {prefix}/abide.toml")
            }
            Some(("files:", pattern)) if !prefix.is_empty() => {
                format!(
                    "  files: ^{}/.*{pattern}",
                    prefix.replace('.', "\\.").replace('+', "\\+")
                )
            }
            _ => line.to_owned(),
        };
        out.push_str(&format!("    {line}\n"));
    }
    let margin = " ".repeat(indent);
    out.lines()
        .map(|line| format!("{margin}{line}\n"))
        .collect()
}

/// A `.pre-commit-config.yaml` with the hook in it.
pub(super) fn with_hook(text: &str, prefix: &str) -> Change {
    let before = match parse(text.trim_start_matches('\u{feff}')) {
        Ok(node) => node,
        Err((at, why)) => return Change::Unsafe(format!("line {}: {why}", at.line)),
    };
    let Kind::Map(fields) = &before.kind else {
        return Change::Unsafe("it is no mapping".to_owned());
    };
    let Some(at) = fields.iter().position(|(key, _)| key.name == "repos") else {
        return Change::Unsafe("it has no `repos`".to_owned());
    };
    let repos = fields.get(at).map(|(_, node)| node);
    let Some(Kind::List(items)) = repos.map(|node| &node.kind) else {
        return Change::Unsafe("`repos` is no list".to_owned());
    };
    if items.iter().any(|item| has_hook(item, prefix)) {
        return Change::Same;
    }
    let next = fields.get(at + 1).map(|(key, _)| key.at.line);
    let Some(indent) = items.first().and_then(|item| dash(text, item)) else {
        return Change::Unsafe("`repos` is not written as lines that begin with `-`".to_owned());
    };
    let new = insert(text, next, &entry(prefix, indent));
    match parse(new.trim_start_matches('\u{feff}')) {
        Ok(after) if is_extended(&before, &after, prefix) => Change::Text(new),
        _ => Change::Unsafe("adding lines to `repos` would change more than that".to_owned()),
    }
}

/// The column of an item's dash, from zero.
fn dash(text: &str, item: &Node) -> Option<usize> {
    let line = text.lines().nth(item.at.line.checked_sub(1)? as usize)?;
    let indent = line.len() - line.trim_start_matches(' ').len();
    line.get(indent..)?.starts_with("- ").then_some(indent)
}

/// Puts lines after the last line of the list, which ends before the line `next` or with the text.
fn insert(text: &str, next: Option<u32>, entry: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let end = next.map_or(lines.len(), |line| {
        (line as usize).saturating_sub(1).min(lines.len())
    });
    let is_content = |line: &&str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    };
    let (list, _) = lines.split_at(end);
    let at = list.iter().rposition(is_content).map_or(end, |at| at + 1);
    let (head, tail) = lines.split_at(at);
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = head.concat();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(ending);
    }
    out.push_str(&entry.replace('\n', ending));
    out.push_str(&tail.concat());
    out
}

/// Whether an entry of `repos` has a hook that runs abide, here or in the whole repository.
fn has_hook(node: &Node, prefix: &str) -> bool {
    let fields = match &node.kind {
        Kind::Map(fields) => fields,
        Kind::List(items) => return items.iter().any(|item| has_hook(item, prefix)),
        Kind::Scalar { .. } => return false,
    };
    let text = |name: &str| {
        let field = fields.iter().find(|(key, _)| key.name == name);
        match field.map(|(_, node)| &node.kind) {
            Some(Kind::Scalar { text, .. }) => text.as_str(),
            _ => "",
        }
    };
    let entry = text("entry");
    if text("id") == "abide" || entry.starts_with("abide scan") {
        // What init wrote for another folder does not look here.
        return match entry.split_once("--config ") {
            Some((_, config)) => config.split(' ').next() == Some(&join(prefix, "abide.toml")),
            None => true,
        };
    }
    fields.iter().any(|(_, node)| has_hook(node, prefix))
}

/// Whether `after` is `before` with our entry as the last of `repos`, and nothing else.
fn is_extended(before: &Node, after: &Node, prefix: &str) -> bool {
    let (Kind::Map(old), Kind::Map(new)) = (&before.kind, &after.kind) else {
        return false;
    };
    let Ok(ours) = parse(&entry(prefix, 0)) else {
        return false;
    };
    old.len() == new.len()
        && old.iter().zip(new).all(|((old_key, old), (new_key, new))| {
            let is_same = match (&old.kind, &new.kind, &ours.kind) {
                (Kind::List(old), Kind::List(new), Kind::List(ours)) if old_key.name == "repos" => {
                    let expected: Vec<&Node> = old.iter().chain(ours).collect();
                    expected.len() == new.len()
                        && expected.iter().zip(new).all(|(a, b)| is_same(a, b))
                }
                _ => is_same(old, new),
            };
            old_key.name == new_key.name && is_same
        })
}

fn is_same(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Scalar { text: a, quoted: x }, Kind::Scalar { text: b, quoted: y }) => {
            a == b && x == y
        }
        (Kind::List(a), Kind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Kind::Map(a), Kind::Map(b)) => {
            let mut pairs = a.iter().zip(b);
            a.len() == b.len() && pairs.all(|((x, a), (y, b))| x.name == y.name && is_same(a, b))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> String {
        match with_hook(text, "") {
            Change::Text(new) => new,
            other => panic!("{text}\n{other:?}"),
        }
    }

    #[test]
    fn the_rest_stays_byte_by_byte() {
        for (head, indent, tail) in [
            ("repos:\n- repo: x # why\n  hooks: [{id: a}]\n", 0, ""),
            (
                "# top\nrepos:\n    - repo: x\n      hooks:\n        - id: a\n",
                4,
                "\n# about the next\nfail_fast: true\n",
            ),
            (
                "exclude: x\r\nrepos:\r\n  - repo: x\r\n",
                2,
                "  # - repo: off\r\n\r\nci: {}\r\n",
            ),
        ] {
            let ending = if head.contains('\r') { "\r\n" } else { "\n" };
            let entry = entry("", indent).replace('\n', ending);
            let new = added(&format!("{head}{tail}"));
            assert_eq!(new, format!("{head}{entry}{tail}"));
            assert_eq!(with_hook(&new, ""), Change::Same);
        }
        let without_end = added("repos:\n- repo: x");
        assert_eq!(without_end, format!("repos:\n- repo: x\n{}", entry("", 0)));
    }

    #[test]
    fn what_cannot_be_added_as_text_is_left() {
        for text in [
            "repos: [{repo: x}]\n",
            "repos: []\n",
            "ci: {}\n",
            "- repo: x\n",
            "repos: &r\n- repo: x\nother: *r\n",
            "repos:\n- repo: x\n  note: |\n    a\n    # no comment\n",
            "repos:\n- repo: [\n",
            "",
        ] {
            let change = with_hook(text, "");
            assert!(matches!(change, Change::Unsafe(_)), "{text}\n{change:?}");
        }
    }

    #[test]
    fn a_hook_for_another_folder_is_not_ours() {
        let first = added("repos:\n  - repo: x\n");
        assert_eq!(with_hook(&first, "pay"), Change::Same);
        let Change::Text(pay) = with_hook("repos:\n  - repo: x\n", "pay") else {
            panic!("not added");
        };
        assert_eq!(with_hook(&pay, "pay"), Change::Same);
        assert_eq!(
            with_hook(&pay, "core"),
            Change::Text(pay.clone() + &entry("core", 2))
        );
    }

    #[test]
    fn the_hook_of_a_folder_has_its_configuration() {
        let entry = entry("pay.v2/infra", 2);
        assert!(
            entry.contains("      entry: abide scan --staged --config pay.v2/infra/abide.toml\n"),
            "{entry}"
        );
        assert!(
            entry.contains("files: ^pay\\.v2/infra/.*\\.(tf|"),
            "{entry}"
        );
        assert!(
            entry.starts_with("  - repo: local\n    hooks:\n      - id: abide\n"),
            "{entry}"
        );
    }
}
