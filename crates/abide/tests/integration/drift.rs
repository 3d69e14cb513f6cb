//! `abide drift`: on plans that are there, and with a program that stands for Terraform and
//! writes down all that it is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{Ran, abide, plan, repository, run, run_in};

pub(crate) fn drift_plan(case: &str) -> String {
    let path = repository().join("tests/fixtures/drift").join(case);
    path.join("plan.json").display().to_string()
}

#[test]
fn says_what_to_do_and_fails_on_violations_alone() {
    let ran = run(&["drift", "--plan", &plan("drift-in-plan")]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for line in [
        "violating: aws_security_group.bastion was changed outside Terraform",
        "violating, not revertible: aws_security_group.tolerated was changed outside Terraform",
        "violating: aws_s3_bucket.ledger is judged otherwise, because of aws_s3_bucket_public_access_block.ledger",
        "   = help: apply the code to undo it",
        "3 resources violate policies because of drift",
    ] {
        assert!(
            ran.stdout.lines().any(|l| l == line),
            "{line}\n{}",
            ran.stdout
        );
    }
    let clean = run(&["drift", "--plan", &drift_plan("after-apply")]);
    assert_eq!(clean.code, 0, "{}", clean.stdout);
    assert!(
        clean.stdout.contains("no drift, 2 noise"),
        "{}",
        clean.stdout
    );
    let better = run(&["drift", "--plan", &drift_plan("improving")]);
    assert_eq!(better.code, 0, "{}", better.stdout);
    assert!(
        better.stdout.contains("write it into the code"),
        "{}",
        better.stdout
    );
    let wave = run(&["drift", "--plan", &drift_plan("wave")]);
    assert_eq!(wave.code, 2, "{}", wave.stdout);
    assert!(wave.stdout.contains("6 of 7 resources seem to be deleted"));
}

#[test]
fn programs_get_all_of_it() {
    let ran = run(&[
        "drift",
        "--plan",
        &plan("drift-in-plan"),
        "--format",
        "json",
    ]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let target = &json["targets"][0];
    assert_eq!(target["status"], "checked");
    assert_eq!(target["summary"]["violating"], 2);
    assert_eq!(target["summary"]["violating_not_revertible"], 1);
    let tolerated = target["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["address"] == "aws_security_group.tolerated")
        .unwrap();
    assert_eq!(tolerated["not_reverted"][0], "ingress");
    assert_eq!(tolerated["changes"][0]["after"]["from_port"], 3389);
    assert_eq!(tolerated["policies"][0]["last"], "pass");
    assert_eq!(tolerated["policies"][0]["found"], "fail");
    let markdown = run(&[
        "drift",
        "--plan",
        &plan("drift-in-plan"),
        "--format",
        "markdown",
    ]);
    assert!(markdown.stdout.starts_with("## Drift\n"));
    assert!(
        markdown.stdout.contains("#### violating (2)"),
        "{}",
        markdown.stdout
    );
}

#[test]
fn what_cannot_be_read_is_an_error_of_its_target() {
    let ran = run(&[
        "drift",
        "--plan",
        "missing.json",
        "--plan",
        &drift_plan("after-apply"),
    ]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stdout.contains("error[target]: missing.json"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("no drift, 2 noise"), "{}", ran.stdout);
    let none = run(&["--no-config", "drift", "prod"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("[targets.prod]"), "{}", none.stderr);
}

/// A folder with a module, an `abide.toml` and a program that stands for Terraform.
pub(crate) struct Stand {
    folder: tempfile::TempDir,
}

impl Stand {
    pub(crate) fn new(targets: &str, behaviour: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("infra")).unwrap();
        fs::write(at("infra/main.tf"), "# nothing\n").unwrap();
        fs::write(at("infra/terraform.tfstate"), "{\"version\": 4}\n").unwrap();
        fs::write(at("abide.toml"), targets).unwrap();
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>{log}\nenv | sort >>{env}\n{behaviour}\n\
             case $1 in\n\
             version) echo '{{\"terraform_version\": \"1.11.4\"}}' ;;\n\
             init) test -e .terraform.lock.hcl || echo made >.terraform.lock.hcl ;;\n\
             plan) test -e .terraform.lock.hcl || exit 9\n  for a; do case $a in -out=*) echo plan >\"${{a#-out=}}\" ;; esac; done ;;\n\
             show) cat {plan} ;;\n\
             *) exit 64 ;;\nesac\n",
            log = at("asked").display(),
            env = at("environment").display(),
            plan = plan("drift-in-plan"),
        );
        let program = at("terraform");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let path = format!(
            "{}:{}",
            self.folder.path().display(),
            std::env::var("PATH").unwrap()
        );
        abide()
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("TF_CLI_ARGS_plan", "-destroy")
            .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
            .env("AWS_REGION", "eu-west-1")
            .args(arguments)
            .output()
            .unwrap()
            .into()
    }

    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("asked")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

const PROD: &str =
    "[targets.prod]\ndirectory = \"infra\"\nworkspace = \"live\"\nowner = \"payments\"\n";

#[test]
fn asks_for_four_things_and_changes_nothing() {
    let stand = Stand::new(PROD, "");
    let ran = stand.run(&["drift", "prod", "--timings"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("prod: 4 resources looked at"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("   = judge: "), "{}", ran.stdout);
    let asked = stand.asked();
    let steps: Vec<&str> = asked
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(steps, ["version", "init", "plan", "show"]);
    assert!(asked[2].contains("-lock=false") && asked[2].contains("-input=false"));
    let environment = fs::read_to_string(stand.path("environment")).unwrap();
    assert!(environment.contains("TF_WORKSPACE=live\n"));
    assert!(environment.contains("AWS_REGION=eu-west-1\n"));
    assert!(!environment.contains("TF_CLI_ARGS"), "{environment}");
    assert!(!environment.contains("DATABASE_URL"), "{environment}");
    // The lock file it had to make, and the plan, are gone; the state is as it was.
    assert!(!stand.path("infra/.terraform.lock.hcl").exists());
    let state = fs::read_to_string(stand.path("infra/terraform.tfstate")).unwrap();
    assert_eq!(state, "{\"version\": 4}\n");
    let out = asked[2]
        .split(' ')
        .find_map(|a| a.strip_prefix("-out="))
        .unwrap();
    assert!(!Path::new(out).parent().unwrap().exists());
}

#[test]
fn a_lock_file_that_is_there_stays() {
    let stand = Stand::new(PROD, "");
    fs::write(stand.path("infra/.terraform.lock.hcl"), "mine").unwrap();
    stand.run(&["drift", "--all"]);
    assert!(stand.asked()[1].contains("-lockfile=readonly"));
    let lock = fs::read_to_string(stand.path("infra/.terraform.lock.hcl")).unwrap();
    assert_eq!(lock, "mine");
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let targets = "[targets.bad]\ndirectory = \"infra\"\nenvironment = { BREAK = \"1\" }\n\
                   [targets.gone]\ndirectory = \"nowhere\"\n[targets.good]\ndirectory = \"infra\"\n";
    let broken = "if [ \"$1$BREAK\" = plan1 ]; then echo 'Error: no valid credential sources' >&2; exit 1; fi";
    let stand = Stand::new(targets, broken);
    let ran = stand.run(&["drift", "--all", "--format", "json"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let status = |at: usize| json["targets"][at]["status"].as_str().unwrap().to_owned();
    assert_eq!(
        [status(0), status(1), status(2)],
        ["failed", "failed", "checked"]
    );
    let error = json["targets"][0]["error"].as_str().unwrap();
    assert!(
        error.contains("terraform plan failed (exit code 1)"),
        "{error}"
    );
    assert!(error.contains("no valid credential sources"), "{error}");
    let gone = json["targets"][1]["error"].as_str().unwrap();
    assert!(gone.contains("check `directory` of the target"), "{gone}");
}

#[test]
fn what_takes_too_long_is_ended_with_its_children() {
    let targets = "[targets.slow]\ndirectory = \"infra\"\ntimeout = \"1s\"\n";
    let slow =
        "if [ \"$1\" = plan ]; then sleep 300 & echo $! >\"$(dirname \"$0\")/child\"; wait; fi";
    let stand = Stand::new(targets, slow);
    let begun = Instant::now();
    let ran = stand.run(&["drift", "slow"]);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("was ended after 1 s"), "{}", ran.stdout);
    let child = fs::read_to_string(stand.path("child")).unwrap();
    let status = Path::new("/proc").join(child.trim()).join("stat");
    // Gone, or a zombie that init has not looked at yet.
    let left = fs::read_to_string(status).unwrap_or_default();
    assert!(left.is_empty() || left.contains(") Z "), "{left}");
}

#[test]
fn another_account_is_refused() {
    let targets = "[targets.prod]\ndirectory = \"infra\"\naccount = \"999999999999\"\n";
    let ran = Stand::new(targets, "").run(&["drift", "prod"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stdout
            .contains("but the target is account 999999999999"),
        "{}",
        ran.stdout
    );
    let wrong = "[targets.prod]\ndirectory = \"infra\"\naccount = \"12\"\n";
    let ran = Stand::new(wrong, "").run(&["drift", "prod"]);
    assert!(ran.stderr.contains("abide.toml:3:11"), "{}", ran.stderr);
    let ran = Stand::new(PROD, "").run(&["drift", "stage"]);
    assert!(
        ran.stderr
            .contains("there is no target `stage`; abide.toml has prod"),
        "{}",
        ran.stderr
    );
}

/// The real program, with the provider that is part of it.
mod real_terraform {
    use super::*;

    #[test]
    fn leaves_the_state_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let module = "resource \"terraform_data\" \"a\" {\n  input = \"x\"\n}\n";
        fs::write(at("main.tf"), module).unwrap();
        fs::write(at("abide.toml"), "[targets.here]\ndirectory = \".\"\n").unwrap();
        for arguments in [&["init", "-input=false"][..], &["apply", "-auto-approve"]] {
            let done = std::process::Command::new("terraform")
                .args(arguments)
                .current_dir(folder.path())
                .env("CHECKPOINT_DISABLE", "1")
                .output();
            let done = done.expect("terraform is not on the PATH: install it, or run scripts/test, which leaves this test out");
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
        }
        let before = fs::read(at("terraform.tfstate")).unwrap();
        let ran = run_in(folder.path(), &["drift", "here"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stdout.contains("here: 1 resource looked at: no drift"),
            "{}",
            ran.stdout
        );
        assert_eq!(fs::read(at("terraform.tfstate")).unwrap(), before);
        assert!(!at(".terraform.tfstate.lock.info").exists());
    }
}
