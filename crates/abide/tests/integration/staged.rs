//! `abide scan --staged` in a git repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::command::{Ran, git, run_in};

const PUBLIC: &str = "resource \"aws_db_instance\" \"a\" {\n  publicly_accessible = true\n}\n";

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Two root modules without a slip, committed.
fn repository() -> TempDir {
    let dir = TempDir::new().unwrap();
    for name in ["a/main.tf", "b/main.tf"] {
        write(dir.path(), name, &PUBLIC.replace("true", "false"));
    }
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "one"]);
    dir
}

fn scan(dir: &Path) -> Ran {
    let select = ["--select", "POL-0333", "--fail-on", "low"];
    run_in(
        dir,
        &[&["scan", "--staged", "--no-config"][..], &select].concat(),
    )
}

#[test]
fn nothing_staged_is_fine() {
    let dir = repository();
    write(dir.path(), "a/main.tf", PUBLIC);
    write(dir.path(), "notes.md", "x");
    git(dir.path(), &["add", "notes.md"]);
    let ran = scan(dir.path());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("no Terraform source is staged"));
    assert_eq!(ran.stdout, "");
}

#[test]
fn the_index_is_judged_not_the_working_tree() {
    let dir = repository();
    write(dir.path(), "a/main.tf", PUBLIC);
    git(dir.path(), &["add", "."]);
    write(dir.path(), "a/main.tf", &PUBLIC.replace("true", "false"));
    // Not staged, so not looked at.
    write(dir.path(), "b/main.tf", PUBLIC);
    let ran = scan(dir.path());
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("a/main.tf:2:3"), "{}", ran.stdout);
    assert!(ran.stdout.contains("publicly_accessible = true"));
    assert!(!ran.stdout.contains("b/main.tf"), "{}", ran.stdout);

    // The other way round: staged well, spoilt since.
    write(
        dir.path(),
        "a/main.tf",
        &format!("# good\n{}", PUBLIC.replace("true", "false")),
    );
    git(dir.path(), &["add", "a"]);
    write(dir.path(), "a/main.tf", PUBLIC);
    let ran = scan(dir.path());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn files_git_does_not_know_are_not_meant_and_deleted_ones_are() {
    let dir = repository();
    write(dir.path(), "a/values.tf", "locals {}\n");
    write(dir.path(), "a/new.tf", &PUBLIC.replace("\"a\"", "\"new\""));
    git(dir.path(), &["add", "a"]);
    fs::remove_file(dir.path().join("a/new.tf")).unwrap();
    let untracked = PUBLIC.replace("\"a\"", "\"untracked\"");
    write(dir.path(), "a/untracked.tf", &untracked);
    let ran = scan(&dir.path().join("b"));
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("aws_db_instance.new"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("untracked"), "{}", ran.stdout);
}

#[test]
fn a_module_beside_is_read_as_staged() {
    let dir = repository();
    let module = "variable \"public\" {}\nresource \"aws_db_instance\" \"m\" {\n  publicly_accessible = var.public\n}\n";
    write(dir.path(), "m/main.tf", module);
    write(
        dir.path(),
        "a/main.tf",
        "module \"m\" {\n  source = \"../m\"\n  public = true\n}\n",
    );
    git(dir.path(), &["add", "."]);
    write(dir.path(), "m/main.tf", "");
    let ran = scan(dir.path());
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("module.m.aws_db_instance.m"),
        "{}",
        ran.stdout
    );
}

#[test]
fn the_first_commit_is_judged_too() {
    let dir = TempDir::new().unwrap();
    git(dir.path(), &["init", "-q"]);
    write(dir.path(), "main.tf", PUBLIC);
    git(dir.path(), &["add", "."]);
    let ran = scan(dir.path());
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn lists_of_files_are_those_of_the_index() {
    let dir = repository();
    let main = "resource \"aws_db_instance\" \"a\" {\n  for_each = fileset(path.module, \"*.txt\")\n  publicly_accessible = true\n}\n";
    write(dir.path(), "a/main.tf", main);
    write(dir.path(), "a/staged.txt", "");
    git(dir.path(), &["add", "."]);
    fs::remove_file(dir.path().join("a/staged.txt")).unwrap();
    write(dir.path(), "a/unknown.txt", "");
    let ran = scan(dir.path());
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("a[\"staged.txt\"]"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("unknown.txt"), "{}", ran.stdout);
}

#[test]
fn a_deleted_module_is_no_error() {
    let dir = repository();
    git(dir.path(), &["rm", "-q", "-r", "b"]);
    let ran = scan(dir.path());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn outside_a_repository_it_says_so() {
    let dir = TempDir::new().unwrap();
    let ran = scan(dir.path());
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("inside a repository"), "{}", ran.stderr);
    let ran = run_in(dir.path(), &["scan", "--staged", "plan.json"]);
    assert_eq!(ran.code, 2);
}

/// The hook as `pre-commit` reads it runs what is tested above.
#[test]
fn the_hook_runs_a_command_that_exists() {
    let text = fs::read_to_string(crate::command::repository().join(".pre-commit-hooks.yaml"));
    let text = text.unwrap();
    assert!(text.contains("entry: abide scan --staged\n"), "{text}");
    assert!(text.contains("pass_filenames: false\n"), "{text}");
    let dir = repository();
    write(dir.path(), "a/main.tf", PUBLIC);
    git(dir.path(), &["add", "."]);
    // As git does it for a hook, with the environment it sets.
    let hook = dir.path().join(".git/hooks/pre-commit");
    let abide = assert_cmd::cargo::cargo_bin("abide");
    let script = format!(
        "#!/bin/sh\nexec '{}' scan --staged --no-config --select POL-0333 --fail-on low\n",
        abide.display()
    );
    fs::write(&hook, script).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let commit = |dir: &Path| {
        Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(["commit", "-qm", "two"])
            .current_dir(dir)
            .output()
            .unwrap()
    };
    let refused = commit(dir.path());
    assert!(!refused.status.success());
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("POL-0333"),
        "{refused:?}"
    );
    write(
        dir.path(),
        "a/main.tf",
        &format!("# good\n{}", PUBLIC.replace("true", "false")),
    );
    git(dir.path(), &["add", "."]);
    let made = commit(dir.path());
    assert!(made.status.success(), "{made:?}");
}
