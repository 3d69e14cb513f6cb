//! What the program says about itself.

use crate::command::{abide, repository, run};

const COMMANDS: [&[&str]; 24] = [
    &["init"],
    &["scan"],
    &["explain"],
    &["policy"],
    &["policy", "list"],
    &["policy", "show"],
    &["policy", "test"],
    &["policy", "new"],
    &["policy", "schema"],
    &["baseline"],
    &["baseline", "create"],
    &["baseline", "prune"],
    &["evidence"],
    &["evidence", "verify"],
    &["evidence", "export"],
    &["evidence", "anchor"],
    &["evidence", "prove"],
    &["evidence", "ingest"],
    &["store"],
    &["store", "migrate"],
    &["config"],
    &["config", "show"],
    &["completions"],
    &["man"],
];

/// The whole help is in `docs/cli.md`, so that a change of it is seen.
#[test]
fn every_command_has_help_and_it_is_in_the_documentation() {
    let documented = std::fs::read_to_string(repository().join("docs/cli.md")).unwrap();
    let top = run(&["--help"]);
    assert!(documented.contains(top.stdout.trim_end()), "{}", top.stdout);
    for command in COMMANDS {
        let ran = run(&[command, &["--help"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command:?}");
        assert!(
            documented.contains(&format!("## `abide {}`\n", command.join(" "))),
            "{command:?} has no heading"
        );
        assert!(
            documented.contains(ran.stdout.trim_end()),
            "{command:?}: run scripts/regenerate\n{}",
            ran.stdout
        );
    }
}

#[test]
fn usage_in_short() {
    insta::with_settings!({filters => vec![(r"abide \d+\.\d+\.\d+\S*", "abide [version]")]}, {
        insta::assert_snapshot!(run(&["--version"]).stdout, @"abide [version]");
    });
    let bare = run(&[]);
    assert_eq!((bare.code, bare.stdout.as_str()), (2, ""));
    assert!(bare.stderr.contains("Usage: abide"), "{}", bare.stderr);
    insta::assert_snapshot!(run(&["scna"]).stderr, @"
    error: unrecognized subcommand 'scna'

      tip: a similar subcommand exists: 'scan'

    Usage: abide [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}: {}", ran.stderr);
        for word in ["scan", "baseline", "fail-on"] {
            assert!(ran.stdout.contains(word), "{shell} knows no {word}");
        }
    }
    assert_eq!(run(&["completions", "tcsh"]).code, 2);
}

#[test]
fn a_man_page_for_every_command() {
    assert!(run(&["man"]).stdout.contains(".TH abide 1"));
    for command in [
        "scan",
        "explain",
        "policy",
        "baseline",
        "config",
        "completions",
        "man",
    ] {
        let page = run(&["man", command]).stdout;
        assert!(page.contains(&format!(".TH abide-{command}")), "{page}");
    }
    insta::assert_snapshot!(
        run(&["man", "scam"]).stderr,
        @"error: there is no subcommand `scam`; `abide --help` lists them"
    );
}

/// `abide … | head` is no error.
#[test]
fn a_closed_pipe_is_no_error() {
    use std::process::{Command, Stdio};
    let program = abide().get_program().to_owned();
    let mut child = Command::new(program)
        .args(["policy", "schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
