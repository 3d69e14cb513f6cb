//! The recipes: every command in them is one that the program takes.

use super::text;
use crate::command::{abide, repository};

/// Commands of a text: lines or YAML values that begin with `abide`, also after `&&`, `||` and `'`.
fn commands(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let joined = text
        .replace("\\\n", " ")
        .replace("\n              --pr", " --pr");
    for line in joined.lines() {
        let line = line.trim().trim_start_matches("- ");
        if line.starts_with('#') || line.starts_with("//") {
            continue;
        }
        for part in line.split("&& ").flat_map(|part| part.split("|| ")) {
            let part = part
                .trim()
                .trim_start_matches("sh '")
                .trim_end_matches('\'');
            let part = ["script:", "run:", "command:", "entry:"]
                .iter()
                .fold(part, |part, key| {
                    part.strip_prefix(key).unwrap_or(part).trim()
                });
            if part.starts_with("abide ") {
                all.push(part.split(" # ").next().unwrap().to_owned());
            }
        }
    }
    all
}

/// The words of a command, quotes taken off, variables replaced by something of their kind.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => words.push(String::new()),
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    let value = |word: String| match word.split_once('$') {
        None => word,
        Some(_) if word.to_uppercase().contains("URL") => "https://example.com/1".to_owned(),
        Some((start, rest)) if rest.contains('/') => format!("{start}a/b"),
        Some((start, _)) => format!("{start}12"),
    };
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .map(value)
        .collect()
}

#[test]
fn every_command_of_the_recipes_is_one() {
    let files = [
        ("ci/gitlab.yml", 3),
        ("ci/atlantis.yaml", 3),
        ("ci/azure-pipelines.yml", 2),
        ("ci/Jenkinsfile", 2),
        (".pre-commit-hooks.yaml", 1),
        ("docs/pull-requests.md", 5),
        ("docs/ci.md", 2),
    ];
    for (file, least) in files {
        let found = commands(&text(&repository().join(file)));
        assert!(found.len() >= least, "{file}: {found:?}");
        for command in found {
            let words = words(&command);
            let ran = abide().args(&words[1..]).arg("--help").output().unwrap();
            assert!(
                ran.status.success(),
                "{file}: {command}\n{words:?}\n{}",
                String::from_utf8_lossy(&ran.stderr)
            );
        }
    }
}

#[test]
fn a_command_that_is_none_would_be_noticed() {
    let wrong = commands(
        "script:\n  - abide scan --no-such-flag x\n  - abide pr comment r.json --pr \"$N\"",
    );
    assert_eq!(wrong.len(), 2);
    let taken = |command: &str| {
        abide()
            .args(&words(command)[1..])
            .arg("--help")
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(!taken(&wrong[0]));
    assert!(taken(&wrong[1]));
}

/// The recipes are YAML.
#[test]
fn recipes_can_be_read() {
    for file in [
        "action.yml",
        "ci/gitlab.yml",
        "ci/atlantis.yaml",
        "ci/azure-pipelines.yml",
        ".pre-commit-hooks.yaml",
    ] {
        if let Err((at, why)) = abide_policy::yaml::parse(&text(&repository().join(file))) {
            panic!("{file}:{at:?}: {why}");
        }
    }
}
