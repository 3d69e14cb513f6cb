//! Remedies with a program that stands for Terraform and writes down all that it is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::command::{Ran, abide, repository};
use crate::tofu::of_tofu;

mod opened;

const BASTION: &str = "aws_security_group.bastion";

fn fixture(path: &str) -> Value {
    let path = repository().join("tests/fixtures").join(path);
    serde_json::from_slice(&fs::read(path.join("plan.json")).unwrap()).unwrap()
}

/// The plan as it would be with the source saying what is there for a resource.
fn agreed(plan: &Value, address: &str) -> Value {
    let mut plan = plan.clone();
    let mut values = Value::Null;
    for change in plan["resource_changes"].as_array_mut().unwrap() {
        if change["address"] == address {
            values = change["change"]["before"].clone();
            change["change"]["after"] = values.clone();
            change["change"]["actions"] = json!(["no-op"]);
        }
    }
    let planned = plan["planned_values"]["root_module"]["resources"].as_array_mut();
    for resource in planned.unwrap() {
        if resource["address"] == address {
            resource["values"] = values.clone();
        }
    }
    plan
}

/// The plan with `-target`: what it does is only for these.
fn targeted(plan: &Value, addresses: &[&str]) -> Value {
    let mut plan = plan.clone();
    let wanted = |entry: &Value| addresses.contains(&entry["address"].as_str().unwrap());
    for list in ["resource_changes", "resource_drift"] {
        plan[list].as_array_mut().unwrap().retain(wanted);
    }
    plan
}

/// A repository with a module, `abide.toml` and the program.
struct Stand(tempfile::TempDir);

impl Stand {
    /// `full` is what a plan says, `target` one with `-target`, `edited` one of edited source.
    fn new(case: &str, full: &Value, target: &Value, edited: &Value) -> Self {
        let stand = Self(tempfile::tempdir().unwrap());
        fs::create_dir(stand.at("infra")).unwrap();
        let source = repository()
            .join("tests/fixtures")
            .join(case)
            .join("main.tf");
        fs::copy(source, stand.at("infra/main.tf")).unwrap();
        fs::write(
            stand.at("abide.toml"),
            "[targets.prod]\ndirectory = \"infra\"\n",
        )
        .unwrap();
        for (name, plan) in [("full", full), ("target", target), ("edited", edited)] {
            stand.plan(name, plan);
        }
        let script = r#"#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/asked"
for a; do
  last=$a
  case $a in
  -target=*) kind=target ;;
  -out=*) out=${a#-out=} ;;
  esac
done
case $1 in
version) echo '{"terraform_version": "1.11.4"}' ;;
init) ;;
plan)
  case $PWD in
  *abide-source-*) kind=edited; cat main.tf >"$here/planned.tf" ;;
  esac
  echo "${kind:-full}" >"$out" ;;
show) cat "$here/plans/$(cat "$last").json" ;;
apply) cp "$last" "$here/applied" ;;
*) exit 64 ;;
esac
"#;
        fs::write(stand.at("terraform"), script).unwrap();
        fs::set_permissions(stand.at("terraform"), fs::Permissions::from_mode(0o755)).unwrap();
        stand
    }

    /// The three of `drift-in-plan`, to undo what happened to a group.
    fn bastion() -> Self {
        let full = fixture("plans/drift-in-plan");
        let target = targeted(&full, &[BASTION]);
        Self::new(
            "plans/drift-in-plan",
            &full,
            &target,
            &agreed(&full, BASTION),
        )
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn plan(&self, name: &str, plan: &Value) {
        fs::create_dir_all(self.at("plans")).unwrap();
        fs::write(
            self.at("plans").join(format!("{name}.json")),
            plan.to_string(),
        )
        .unwrap();
    }

    fn drift(&self, arguments: &[&str]) -> Ran {
        self.drift_with(&[], arguments)
    }

    fn drift_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let path = std::env::var("PATH").unwrap();
        abide()
            .current_dir(self.0.path())
            .env("PATH", format!("{}:{path}", self.0.path().display()))
            .envs(variables.iter().copied())
            .arg("drift")
            .args(arguments)
            .output()
            .unwrap()
            .into()
    }

    fn refused(&self, arguments: &[&str], why: &str) {
        let ran = self.drift(arguments);
        assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(why), "{why}\n{}", ran.stderr);
        assert!(!self.at("applied").exists(), "something was applied");
    }

    /// The subcommands that were asked for, in order.
    fn steps(&self) -> Vec<String> {
        let text = fs::read_to_string(self.at("asked")).unwrap_or_default();
        let first = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
        text.lines().map(first).collect()
    }

    fn kept(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.at(".abide/remedies"));
        let entries = entries.map(|entries| entries.map(|entry| entry.unwrap().path()));
        let mut folders: Vec<PathBuf> = entries.map_or_else(|_| Vec::new(), Iterator::collect);
        folders.retain(|path| path.is_dir());
        folders
    }

    /// Makes a revert and gives its digest.
    fn revert(&self) -> String {
        let ran = self.drift(&["remedy", "prod", BASTION, "--revert"]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        digest(&ran.stdout)
    }
}

fn digest(text: &str) -> String {
    let at = text.find("sha256:").unwrap();
    let rest = text.split_at(at).1;
    rest.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn only_the_approved_plan_is_applied_and_by_one_command_alone() {
    let stand = Stand::bastion();
    stand.drift(&["prod"]);
    stand.drift(&["remedy", "prod", BASTION, "--adopt"]);
    let ran = stand.drift(&["remedy", "prod", BASTION, "--revert"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for line in [
        "# Revert aws_security_group.bastion in prod",
        "- update `aws_security_group.bastion`: `ingress`",
    ] {
        assert!(
            ran.stdout.lines().any(|l| l == line),
            "{line}\n{}",
            ran.stdout
        );
    }
    // Nothing that looks, adopts or makes a revert applies.
    let steps = stand.steps();
    let harmless = ["version", "init", "plan", "show"];
    assert!(
        steps.iter().all(|step| harmless.contains(&step.as_str())),
        "{steps:?}"
    );
    let folder = stand.kept().remove(0);
    for name in ["plan", "remedy.json"] {
        let mode = fs::metadata(folder.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(
        fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let digest = digest(&ran.stdout);
    let applied = stand.drift(&["apply-revert", "prod", "--plan-digest", &digest]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    let expected = "reverted aws_security_group.bastion: update ingress\n";
    assert!(applied.stdout.starts_with(expected), "{}", applied.stdout);
    let steps = stand.steps();
    assert_eq!(
        steps.iter().filter(|step| *step == "apply").count(),
        1,
        "{steps:?}"
    );
    assert_eq!(
        steps[steps.len() - 6..],
        ["version", "init", "plan", "show", "show", "apply"]
    );
    let asked = fs::read_to_string(stand.at("asked")).unwrap();
    let apply = asked.lines().last().unwrap();
    assert!(
        !apply.contains("-auto-approve") && !apply.contains("-lock=false"),
        "{apply}"
    );
    assert_eq!(fs::read_to_string(stand.at("applied")).unwrap(), "target\n");
    // Once.
    fs::remove_file(stand.at("applied")).unwrap();
    stand.refused(
        &["apply-revert", "prod", "--plan-digest", &digest],
        "no revert waits",
    );
}

/// The same with OpenTofu, which says `registry.opentofu.org` and is called `tofu`.
#[test]
fn tofu_reverts_and_adopts() {
    let full = of_tofu(&fixture("drift/improving"));
    let stand = Stand::new("drift/improving", &full, &full, &agreed(&full, KEY));
    fs::rename(stand.at("terraform"), stand.at("tofu")).unwrap();
    let target = "[targets.prod]\ndirectory = \"infra\"\nterraform = \"tofu\"\n";
    fs::write(stand.at("abide.toml"), target).unwrap();
    let seen = stand.drift(&["prod", "--format", "json"]);
    let seen: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(seen["targets"][0]["tool"], "tofu 1.11.4");
    assert_eq!(seen["targets"][0]["summary"]["improving"], 1);
    let ran = stand.drift(&["remedy", "prod", KEY, "--adopt"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let full = of_tofu(&fixture("plans/drift-in-plan"));
    stand.plan("full", &full);
    stand.plan("target", &targeted(&full, &[BASTION]));
    let digest = stand.revert();
    let applied = stand.drift(&["apply-revert", "prod", "--plan-digest", &digest]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
}

#[test]
fn a_stale_or_another_plan_is_not_applied() {
    let stand = Stand::bastion();
    let digest = stand.revert();
    let apply = ["apply-revert", "prod", "--plan-digest", &digest];
    // Somebody undid it by hand.
    let mut target = targeted(&fixture("plans/drift-in-plan"), &[BASTION]);
    stand.plan("target", &agreed(&target, BASTION));
    stand.refused(&apply, "nothing was applied");
    // Somebody opened another port besides.
    let before = &mut target["resource_changes"][0]["change"]["before"];
    before["ingress"][0]["to_port"] = json!(23);
    stand.plan("target", &target);
    stand.refused(&apply, "the plan is stale");
    // Somebody put another plan in its place.
    fs::write(stand.kept()[0].join("plan"), "full\n").unwrap();
    stand.refused(&apply, "is not the approved plan");
    let other = format!("sha256:{}", "0".repeat(64));
    stand.refused(&["apply-revert", "prod", "--plan-digest", &other], &digest);
    stand.refused(
        &[
            "apply-revert",
            "prod",
            "--plan-digest",
            digest.split_at(20).0,
        ],
        "64 hexadecimal digits",
    );
}

/// The digest of the file holds, but what it does is not what was approved.
#[test]
fn what_the_saved_plan_does_is_read_again() {
    let stand = Stand::bastion();
    let digest = stand.revert();
    let folder = stand.kept().remove(0);
    let file = folder.join("remedy.json");
    let text = fs::read_to_string(&file).unwrap();
    // `show` of the saved plan and the plan made now print different things.
    let script = fs::read_to_string(stand.at("terraform")).unwrap();
    let script = script.replace(
        "show) cat",
        "show) case $last in *abide-plan-*) ;; esac; test -e \"$here/other\" && case $(cat \"$here/count\" 2>/dev/null) in 1) cat \"$here/plans/full.json\"; exit ;; *) echo 1 >\"$here/count\" ;; esac\n  cat",
    );
    fs::write(stand.at("terraform"), script).unwrap();
    fs::write(stand.at("other"), "").unwrap();
    stand.refused(
        &["apply-revert", "prod", "--plan-digest", &digest],
        "does not do what was approved",
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_revert_that_does_more_is_not_kept() {
    let full = fixture("plans/drift-in-plan");
    let block = "aws_s3_bucket_public_access_block.ledger";
    let more = targeted(&full, &[BASTION, block]);
    let stand = Stand::new("plans/drift-in-plan", &full, &more, &full);
    stand.refused(
        &["remedy", "prod", BASTION, "--revert"],
        "it would also create aws_s3_bucket_public_access_block.ledger, which did not drift",
    );
    assert_eq!(stand.kept(), Vec::<PathBuf>::new());
    // Named, it is what was asked for.
    let ran = stand.drift(&["remedy", "prod", BASTION, block, "--revert"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("**look twice**: it is made anew"),
        "{}",
        ran.stdout
    );
    let mut ahead = targeted(&full, &[BASTION]);
    ahead["resource_changes"][0]["change"]["after"]["description"] = json!("Other");
    stand.plan("target", &ahead);
    stand.refused(
        &["remedy", "prod", BASTION, "--revert"],
        "it would also set description of aws_security_group.bastion",
    );
    let mut ahead = targeted(&full, &[BASTION]);
    ahead["resource_changes"][0]["change"]["after"]["ingress"][0]["to_port"] = json!(24);
    stand.plan("target", &ahead);
    stand.refused(
        &["remedy", "prod", BASTION, "--revert"],
        "to another value than it had before",
    );
}

#[test]
fn what_cannot_be_remedied_says_why() {
    let stand = Stand::bastion();
    for (address, how, why) in [
        (
            "aws_security_group.tolerated",
            "--revert",
            "applying the code would leave it (ingress)",
        ),
        (
            "aws_s3_bucket.ledger",
            "--revert",
            "remedy what changed: aws_s3_bucket_public_access_block.ledger",
        ),
        (
            "aws_ebs_volume.untouched",
            "--adopt",
            "did not drift; of the target did:",
        ),
        ("aws_ebs_volume.data", "--adopt", "is gone"),
        (
            "aws_security_group.new=sg-1",
            "--revert",
            "cannot be reverted",
        ),
        (
            BASTION,
            "--adopt",
            "not adopted without an approved exception",
        ),
    ] {
        stand.refused(&["remedy", "prod", address, how], why);
    }
    stand.refused(&["remedy", "prod", BASTION], "--revert|--adopt");
    stand.refused(
        &["remedy", "stage", BASTION, "--revert"],
        "there is no target `stage`",
    );
    let wave = fixture("drift/wave");
    stand.plan("full", &wave);
    let deleted = wave["resource_drift"][0]["address"].as_str().unwrap();
    stand.refused(
        &["remedy", "prod", deleted, "--revert"],
        "check credentials and region",
    );
}

const KEY: &str = "aws_kms_key.ledger";

fn improving() -> Stand {
    let full = fixture("drift/improving");
    let target = targeted(&full, &[KEY]);
    Stand::new("drift/improving", &full, &target, &agreed(&full, KEY))
}

#[test]
fn what_made_things_better_is_adopted_and_never_reverted() {
    let stand = improving();
    stand.refused(&["remedy", "prod", KEY, "--revert"], "it is never reverted");
    let ran = stand.drift(&["remedy", "prod", KEY, "--adopt"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("--- a/infra/main.tf\n"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("\n-  enable_key_rotation = false\n+  enable_key_rotation = true\n"),
        "{}",
        ran.stdout
    );
    // What was planned is the edited source; what lies there is not touched.
    let planned = fs::read_to_string(stand.at("planned.tf")).unwrap();
    assert!(planned.contains("enable_key_rotation = true"));
    let source = fs::read_to_string(stand.at("infra/main.tf")).unwrap();
    assert!(source.contains("enable_key_rotation = false"));
    stand.refused(&["remedy", "prod", KEY, "--adopt", "--write"], "git");
    let ran = stand.drift(&["remedy", "prod", KEY, "--adopt", "--write", "--allow-dirty"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        fs::read_to_string(stand.at("infra/main.tf")).unwrap(),
        planned
    );
}

#[test]
fn an_edit_that_does_not_prove_itself_is_not_taken() {
    let stand = improving();
    let full = fixture("drift/improving");
    stand.plan("edited", &full);
    stand.refused(
        &["remedy", "prod", KEY, "--adopt", "--write", "--allow-dirty"],
        "terraform would still update aws_kms_key.ledger (enable_key_rotation)",
    );
    let mut more = agreed(&full, KEY);
    let mut other = full["resource_changes"][0].clone();
    other["address"] = json!("aws_kms_key.other");
    more["resource_changes"].as_array_mut().unwrap().push(other);
    stand.plan("edited", &more);
    stand.refused(
        &["remedy", "prod", KEY, "--adopt", "--write", "--allow-dirty"],
        "terraform would also update aws_kms_key.other",
    );
    let source = fs::read_to_string(stand.at("infra/main.tf")).unwrap();
    assert!(source.contains("enable_key_rotation = false"));
}

/// The plan, with a key besides that is left alone and breaks a policy.
fn with_bad_key(plan: &Value) -> Value {
    let mut plan = plan.clone();
    let keys = fixture("drift/improving");
    let mut key = keys["resource_changes"][0].clone();
    key["address"] = json!("aws_kms_key.other");
    key["name"] = json!("other");
    key["change"]["before"] = key["change"]["after"].clone();
    key["change"]["actions"] = json!(["no-op"]);
    plan["resource_changes"].as_array_mut().unwrap().push(key);
    let planned = &keys["planned_values"]["root_module"]["resources"];
    let mut values = planned[0].clone();
    values["address"] = json!("aws_kms_key.other");
    values["name"] = json!("other");
    let planned = &mut plan["planned_values"]["root_module"]["resources"];
    planned.as_array_mut().unwrap().push(values);
    plan
}

/// Terraform would do nothing else, but a policy fails that did not.
#[test]
fn a_remedy_that_breaks_a_policy_is_refused() {
    let stand = improving();
    let edited = agreed(&fixture("drift/improving"), KEY);
    stand.plan("edited", &with_bad_key(&edited));
    stand.refused(
        &["remedy", "prod", KEY, "--adopt"],
        "policies would fail that no approved exception covers:\n  POL-0290 aws_kms_key.other",
    );
    let stand = Stand::bastion();
    let target = targeted(&fixture("plans/drift-in-plan"), &[BASTION]);
    stand.plan("target", &with_bad_key(&target));
    stand.refused(
        &["remedy", "prod", BASTION, "--revert"],
        "the revert would break policies and is not kept:\n  POL-0290 aws_kms_key.other",
    );
    assert_eq!(stand.kept(), Vec::<PathBuf>::new());
}

/// A day, as exceptions are written with; they run for a short time only.
fn in_days(days: i64) -> String {
    let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    day.to_string().split('T').next().unwrap().to_owned()
}

/// What breaks a policy is adopted under an exception that was approved, and only what it accepts.
#[test]
fn an_approved_exception_lets_a_violation_in() {
    let stand = Stand::bastion();
    let scan = stand.drift(&["prod", "--format", "json"]);
    let scan: Value = serde_json::from_str(&scan.stdout).unwrap();
    let resources = scan["targets"][0]["resources"].as_array().unwrap();
    let bastion = resources.iter().find(|r| r["address"] == BASTION).unwrap();
    let broken = bastion["policies"].as_array().unwrap();
    let exceptions: Vec<Value> = broken
        .iter()
        .enumerate()
        .map(|(at, policy)| {
            json!({
                "id": format!("EXC-{at}"), "policy": policy["policy_id"].as_str().unwrap(), "resource": BASTION,
                "reason": "a migration needs it", "requester": "ann", "approvers": ["bob", "cyd"],
                "expires": in_days(3),
            })
        })
        .collect();
    fs::write(stand.at("exceptions.json"), json!(exceptions).to_string()).unwrap();
    let adopt = ["remedy", "prod", BASTION, "--adopt"];
    stand.refused(&adopt, "not adopted without an approved exception");
    let mut with = adopt.to_vec();
    with.extend(["--exceptions", "exceptions.json"]);
    let ran = stand.drift(&with);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("+    cidr_blocks = [\"0.0.0.0/0\"]\n"),
        "{}",
        ran.stdout
    );
}
