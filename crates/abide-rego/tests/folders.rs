//! Folders as conftest and OPA users have them, against real plans.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

use abide_core::finding::{Finding, Outcome};
use abide_core::policy::{PolicySet, PolicySettings};
use abide_core::source::{self, Input, LoadOptions, RedactionKey, Wanted};
use abide_rego::{Asking, Folder, RegoError, name_apart};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn payments() -> PathBuf {
    repository().join("examples/payments/plan.json")
}

fn load(text: &str) -> Result<Folder, RegoError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.rego"), text).unwrap();
    Folder::load(folder.path())
}

fn judge(text: &str, plan: &Path) -> Vec<Finding> {
    let folder = load(text).unwrap();
    judge_folder(&folder, plan, Asking::default(), &mut Vec::new())
}

#[test]
fn broken_rego_names_file_line_and_column() {
    for (text, line) in [
        (
            "package main\n\ndeny contains msg if {\n  msg := sprintf(\n}\n",
            4,
        ),
        ("package main\n\ndeny[msg] {\n  msg := = 1\n}\n", 4),
    ] {
        let error = load(text).err().unwrap().to_string();
        assert!(error.contains(&format!("a.rego:{line}:")), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn builtins_that_terraform_policies_use() {
    let rule = r#"package main

deny contains "walk" if {
  walk(input.planned_values, [_, node])
  node.type == "aws_ebs_volume"
}

deny contains "net" if net.cidr_contains("10.0.0.0/8", "10.1.0.0/16")

deny contains "glob" if glob.match("aws_*", [], "aws_s3_bucket")

deny contains "base64" if base64.decode("YQ==") == "a"

deny contains "semver" if semver.compare("1.2.0", "1.10.0") < 0
"#;
    let found = judge(rule, &payments());
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn a_message_belongs_to_the_one_resource_it_names() {
    let rule = r#"package main

deny contains msg if {
  some change in input.resource_changes
  change.type == "aws_db_instance"
  some form in ["see %s.", "%q is bad", "'%s' is bad"]
  msg := sprintf(form, [change.address])
}

deny contains msg if {
  all := concat(" and ", [change.address | some change in input.resource_changes])
  msg := sprintf("all of %s", [all])
}
"#;
    let found = judge(rule, &payments());
    assert!(found.len() > 3, "{found:?}");
    for finding in found {
        let expected = if finding.message.starts_with("all of") {
            "account"
        } else {
            "aws_db_instance"
        };
        assert_eq!(&*finding.resource_type, expected, "{}", finding.message);
    }
}

#[test]
fn an_evaluation_error_is_never_a_pass() {
    for call in ["to_number(\"x\")", "time.now_ns()", "no.such.function(1)"] {
        let rule = format!("package main\n\ndeny contains \"m\" if {{\n  {call} == 1\n}}\n");
        let found = judge(&rule, &payments());
        assert_eq!(found.len(), 1, "{call} {found:?}");
        assert_eq!(found[0].outcome, Outcome::Error, "{call}");
        assert!(found[0].message.contains("line 4"), "{}", found[0].message);
    }
}

#[test]
fn an_attribute_is_no_fact() {
    let rule = "package main\n\nviolation contains {\"msg\": \"m\", \"attribute\": \"a.b\", \"port\": 22} if true\n";
    let found = judge(rule, &payments());
    assert_eq!(found[0].attribute.as_ref().unwrap().to_string(), "a.b");
    assert_eq!(found[0].facts[0].to_string(), "port=22");
}

#[test]
fn secrets_are_not_visible() {
    for case in ["sensitive-create", "sensitive-prior"] {
        let case = repository().join("tests/fixtures/plans").join(case);
        let text = fs::read_to_string(case.join("expected.json")).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
        let dump = "package main\n\ndeny contains msg if msg := json.marshal(input)\n";
        let found = judge(dump, &case.join("plan.json"));
        assert!(found[0].message.contains("(sensitive)"));
        for secret in expected["_secrets"].as_array().unwrap() {
            let secret = secret.as_str().unwrap();
            assert!(!found[0].message.contains(secret), "{secret}");
        }
    }
}

/// Writes files into folders of a temporary place, and loads the folders.
fn load_all(files: &[(&str, &str)], folders: &[&str]) -> Result<Vec<Folder>, RegoError> {
    let place = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = place.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let mut all = folders
        .iter()
        .map(|name| Folder::load(&place.path().join(name)))
        .collect::<Result<Vec<_>, _>>()?;
    name_apart(&mut all).map(|()| all)
}

fn ids(folders: &[Folder]) -> Vec<String> {
    let policies = folders.iter().flat_map(Folder::policies);
    policies.map(|policy| policy.id).collect()
}

const ONE: &str = "package main\n\ndeny contains \"m\" if true\n";

#[test]
fn rules_of_one_name_get_the_name_of_their_folder() {
    let own = format!("{ONE}\nwarn_only_here contains \"w\" if true\n");
    let files = [("x/team-a/a.rego", ONE), ("team-b/b.rego", &own)];
    let folders = load_all(&files, &["x/team-a", "team-b"]).unwrap();
    assert_eq!(
        ids(&folders),
        [
            "rego:team-a:main/deny",
            "rego:team-b:main/deny",
            "rego:main/warn_only_here"
        ]
    );
    // Folders of one name are told apart by their paths.
    let files = [("x/p/a.rego", ONE), ("y/p/a.rego", ONE)];
    let folders = load_all(&files, &["x/p", "y/p"]).unwrap();
    let ids = ids(&folders);
    assert!(
        ids[0].ends_with("x/p:main/deny") && ids[1].ends_with("y/p:main/deny"),
        "{ids:?}"
    );
    let error = load_all(&[("a/a.rego", ONE)], &["a", "a"]).err().unwrap();
    assert!(matches!(error, RegoError::Clash { .. }), "{error}");
}

#[test]
fn annotations_describe_a_rule() {
    let text = "# METADATA\n# title: Volumes are small\n# description: Large ones cost.\n# custom:\n#   severity: LOW\n#   controls: [soc2-2017:CC6.1]\npackage main\n\ndeny contains \"m\" if true\n";
    let folders = load_all(&[("p/a.rego", text)], &["p"]).unwrap();
    let policy = &folders[0].policies()[0];
    assert_eq!(policy.title, "Volumes are small");
    assert_eq!(policy.docs.why, "Large ones cost.");
    assert_eq!(policy.severity.as_str(), "low");
    assert_eq!(policy.controls.len(), 1);
    let wrong = text.replace("LOW", "huge");
    let error = load_all(&[("p/a.rego", &wrong)], &["p"]).err().unwrap();
    assert!(error.to_string().contains("a.rego:5:"), "{error}");
}

/// As OPA places them: the path of the folder, not the name of the file.
#[test]
fn data_files_lie_at_the_path_of_their_folder() {
    let rule = r#"package main

deny contains "yaml" if data.teams.owner == "core"
deny contains "number" if data.teams.size == 3
deny contains "text" if data.teams.account == "012345678901"
deny contains "nested" if data.envs.prod.open == [22, 443]
"#;
    let files = [
        ("p/a.rego", rule),
        (
            "p/teams.yaml",
            "teams:\n  owner: core\n  size: 3\n  account: 012345678901\n",
        ),
        ("p/envs/prod/ports.json", r#"{"open": [22, 443]}"#),
    ];
    let folders = load_all(&files, &["p"]).unwrap();
    let found = judge_folder(&folders[0], &payments(), Asking::default(), &mut Vec::new());
    assert_eq!(found.len(), 4, "{found:?}");
    for (name, text) in [("p/b.json", "[1]"), ("p/b.yml", "- 1"), ("p/b.json", "{")] {
        let files = [("p/a.rego", ONE), (name, text)];
        let error = load_all(&files, &["p"]).err().unwrap().to_string();
        assert!(error.contains(name.trim_start_matches("p/")), "{error}");
    }
}

fn judge_folder(
    folder: &Folder,
    plan: &Path,
    asking: Asking,
    prints: &mut Vec<String>,
) -> Vec<Finding> {
    let set = PolicySet::compile(folder.policies(), &PolicySettings::default()).unwrap();
    let key = RedactionKey::new([7; 32]);
    let input = Input::File(plan.to_owned());
    let document = source::raw(&input, &key).unwrap();
    let wanted = Wanted::everything();
    let inventory = source::load(&input, &LoadOptions { wanted, key }).unwrap();
    folder
        .evaluate(&inventory, &document, &set, asking, prints)
        .findings
}

#[test]
fn passes_are_listed_and_prints_handed_on() {
    let text = "package main\n\ndeny_never contains \"m\" if {\n  print(\"seen\", input.terraform_version)\n  false\n}\n";
    let folder = load(text).unwrap();
    let mut prints = Vec::new();
    let asking = |all_results| Asking {
        all_results,
        input: 0,
    };
    assert!(judge_folder(&folder, &payments(), asking(false), &mut prints).is_empty());
    assert_eq!(prints.len(), 1, "{prints:?}");
    assert!(prints[0].contains("a.rego:4: seen"), "{prints:?}");
    let all = judge_folder(&folder, &payments(), asking(true), &mut prints);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].outcome, Outcome::Pass);
}
