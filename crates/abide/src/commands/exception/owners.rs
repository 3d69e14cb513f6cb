//! CODEOWNERS: who answers for the file of exceptions.

use std::fs;
use std::path::{Path, PathBuf};

use abide_core::exception::same_person;
use anyhow::Context;

use super::identity::git;

/// Where GitHub and GitLab look, in their order.
const PLACES: [&str; 4] = [
    ".github/CODEOWNERS",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".gitlab/CODEOWNERS",
];

/// The owners of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Owners(pub(super) Vec<String>);

impl Owners {
    /// Who owns a file in a git repository; `None` if nobody says.
    pub(super) fn of(file: &Path) -> anyhow::Result<Option<Self>> {
        let folder = match file.parent() {
            Some(folder) if folder.is_dir() => folder,
            _ => Path::new("."),
        };
        let Some(top) = git(folder, &["rev-parse", "--show-toplevel"]).map(PathBuf::from) else {
            return Ok(None);
        };
        let Some(path) = PLACES
            .iter()
            .map(|place| top.join(place))
            .find(|path| path.is_file())
        else {
            return Ok(None);
        };
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let folder = folder
            .strip_prefix(top.canonicalize().unwrap_or(top))
            .unwrap_or(Path::new(""))
            .to_owned();
        let name = folder.join(file.file_name().unwrap_or_default());
        Ok(owners(&text, &name.to_string_lossy()))
    }

    /// Whether somebody is among them by name.
    pub(super) fn names(&self, who: &str) -> bool {
        self.0.iter().any(|owner| same_person(owner, who))
    }

    /// Whether there may be others: teams, whose members are not known here.
    pub(super) fn has_teams(&self) -> bool {
        self.0
            .iter()
            .any(|owner| owner.contains('/') || owner.starts_with("@@"))
    }
}

/// The last line that matches counts.
fn owners(text: &str, name: &str) -> Option<Owners> {
    let mut lines = text.lines().filter_map(|line| {
        let line = line.split('#').next()?.trim();
        let (pattern, owners) = line.split_once(char::is_whitespace)?;
        let is_section = pattern.starts_with('[') || pattern.starts_with('^');
        (!is_section && matches(pattern, name)).then_some(owners)
    });
    let owners = lines.next_back()?.split_whitespace().map(ToOwned::to_owned);
    Some(Owners(owners.collect()))
}

/// As gitignore has it, without `?`, ranges and exclusions.
fn matches(pattern: &str, name: &str) -> bool {
    let is_rooted = pattern.trim_end_matches('/').contains('/');
    let trimmed = pattern.trim_start_matches('/');
    let steps: Vec<&str> = trimmed.trim_end_matches('/').split('/').collect();
    let names: Vec<&str> = name.split('/').collect();
    // A folder owns all that is in it.
    let starts = if is_rooted { 0..1 } else { 0..names.len() };
    starts
        .into_iter()
        .any(|start| is_prefix(&steps, &names[start..], pattern.ends_with('/')))
}

fn is_prefix(steps: &[&str], names: &[&str], only_folder: bool) -> bool {
    match (steps, names) {
        ([], rest) => !only_folder || !rest.is_empty(),
        (["**", more @ ..], names) => {
            (0..=names.len()).any(|skip| is_prefix(more, &names[skip..], only_folder))
        }
        // `docs/*` is about the files of docs, not about folders in it.
        (["*"], [_, _, ..]) if !only_folder => false,
        ([step, more @ ..], [name, names @ ..]) => {
            glob(step, name) && is_prefix(more, names, only_folder)
        }
        (_, []) => false,
    }
}

/// `*` stands for anything.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_that_matches_counts() {
        let text = "* @all\n# note\n/.abide/ @ana sec@example.com # why\n*.tf @tf\n/.abide/baseline.jsonl @x\n";
        let of = |name: &str| owners(text, name).map(|owners| owners.0.join(" "));
        assert_eq!(
            of(".abide/exceptions.yaml").as_deref(),
            Some("@ana sec@example.com")
        );
        assert_eq!(of("a/b/main.tf").as_deref(), Some("@tf"));
        assert_eq!(of("README.md").as_deref(), Some("@all"));
        assert_eq!(of("x/.abide/exceptions.yaml").as_deref(), Some("@all"));
    }

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("exceptions.yaml", "a/exceptions.yaml", true),
            ("/exceptions.yaml", "a/exceptions.yaml", false),
            ("a/*", "a/exceptions.yaml", true),
            ("a/*", "a/b/exceptions.yaml", false),
            ("a/**", "a/b/exceptions.yaml", true),
            ("**/b/", "a/b/exceptions.yaml", true),
            (".abide", ".abide/exceptions.yaml", true),
            ("exceptions.yaml/", "exceptions.yaml", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn stars() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("*", "", true),
            ("a", "ab", false),
            ("*b*b", "ab", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }
}
