//! Runs the program in an environment without surprises.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The program, without the variables of CI systems and terminals, and without a configuration file.
pub(crate) fn abide() -> Command {
    let mut command = Command::cargo_bin("abide").unwrap();
    for (name, _) in std::env::vars() {
        let steers = [
            "GITHUB_",
            "GH_",
            "GITLAB_",
            "CI",
            "NO_COLOR",
            "FORCE_COLOR",
            "CLICOLOR",
            "TERM",
            "COLUMNS",
        ];
        if steers.iter().any(|start| name.starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    run_in(&repository(), arguments)
}

pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    abide()
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
        .into()
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

pub(crate) fn plan(case: &str) -> String {
    repository()
        .join("tests/fixtures/plans")
        .join(case)
        .join("plan.json")
        .display()
        .to_string()
}

pub(crate) const PAYMENTS: &str = "examples/payments/plan.json";

/// Runs a scan and reads its JSON.
pub(crate) fn json(arguments: &[&str]) -> serde_json::Value {
    let mut all = vec!["scan", "--format", "json", "--now", "2026-03-01"];
    all.extend(arguments);
    let ran = run(&all);
    serde_json::from_str(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

/// Runs git in a folder.
pub(crate) fn git(dir: &Path, arguments: &[&str]) {
    let status = std::process::Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
}

/// A folder that holds these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}
