//! `abide scan DIR`, and plans with their source.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::command::{folder, run_in};

const MAIN: &str = r#"variable "cidr" {
  default = "10.0.0.0/8"
}
locals {
  encrypted = false
}
resource "aws_security_group" "web" {
  name = "web"
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = [var.cidr]
  }
}
module "db" {
  source    = "../modules/db"
  for_each  = toset(["a", "b"])
  encrypted = local.encrypted
}
"#;

const MODULE: &str = r#"variable "encrypted" {}
resource "aws_db_instance" "this" {
  identifier        = "x"
  password          = "hunter2-hunter2"
  storage_encrypted = var.encrypted
}
"#;

/// A repository with a root module in `live` and a module beside it.
fn repository() -> TempDir {
    let folder = folder(&[("live/main.tf", MAIN), ("modules/db/main.tf", MODULE)]);
    fs::create_dir_all(folder.path().join(".git")).unwrap();
    folder
}

fn scan(folder: &Path, more: &[&str]) -> serde_json::Value {
    let mut arguments = vec!["scan", "--format", "json"];
    arguments.extend(more);
    let ran = run_in(folder, &arguments);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
}

fn finding<'j>(
    results: &'j serde_json::Value,
    policy: &str,
    address: &str,
) -> &'j serde_json::Value {
    let list = results["results"].as_array().unwrap();
    list.iter()
        .find(|row| row["policy_id"] == policy && row["resource_address"] == address)
        .unwrap_or_else(|| panic!("no {policy} on {address}"))
}

#[test]
fn findings_are_at_the_line_to_edit() {
    let folder = repository();
    let results = scan(folder.path(), &["live"]);
    let encrypted = finding(
        &results,
        "POL-0330",
        r#"module.db["a"].aws_db_instance.this"#,
    );
    // The local value feeds the argument, the argument the attribute.
    assert_eq!(
        encrypted["location"],
        serde_json::json!({"file": "live/main.tf", "line": 5, "column": 3, "end_line": 5, "end_column": 20})
    );
    let related: Vec<&str> = encrypted["related"]
        .as_array()
        .unwrap()
        .iter()
        .map(|related| related["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        related,
        ["encrypted is passed here", "used here", "in this block"]
    );
    assert_eq!(encrypted["calls"][0]["location"]["line"], 16);
    let backup = finding(
        &results,
        "POL-0003",
        r#"module.db["b"].aws_db_instance.this"#,
    );
    // Nobody set it: the block, under its name in the repository.
    assert_eq!(backup["location"]["file"], "modules/db/main.tf");
    assert_eq!(backup["location"]["line"], 2);
}

#[test]
fn names_are_of_the_repository_wherever_it_runs() {
    let folder = repository();
    let results = scan(&folder.path().join("live"), &["."]);
    let backup = finding(
        &results,
        "POL-0003",
        r#"module.db["b"].aws_db_instance.this"#,
    );
    assert_eq!(backup["location"]["file"], "modules/db/main.tf");
}

#[test]
fn variables_decide() {
    let folder = repository();
    let open = |results: &serde_json::Value| {
        results["results"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["policy_id"] == "POL-0002" && row["outcome"] == "fail")
    };
    assert!(!open(&scan(folder.path(), &["live"])));
    assert!(open(&scan(
        folder.path(),
        &["live", "--var", "cidr=0.0.0.0/0"]
    )));
    fs::write(folder.path().join("open.tfvars"), "cidr = \"0.0.0.0/0\"\n").unwrap();
    assert!(open(&scan(
        folder.path(),
        &["live", "--var-file", "open.tfvars"]
    )));
}

#[test]
fn the_terminal_shows_the_code_and_no_secret() {
    let folder = repository();
    let ran = run_in(folder.path(), &["scan", "live"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("--> live/main.tf:5:3"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("encrypted = false"), "{}", ran.stdout);
    for format in [
        "human", "json", "markdown", "sarif", "github", "csv", "junit", "gitlab",
    ] {
        let ran = run_in(folder.path(), &["scan", "live", "--format", format]);
        assert!(!ran.stdout.contains("hunter2"), "{format}: {}", ran.stdout);
        assert!(!ran.stderr.contains("hunter2"), "{format}: {}", ran.stderr);
    }
}

#[test]
fn an_incomplete_load_is_said_and_is_not_green() {
    let folder = repository();
    fs::write(
        folder.path().join("live/broken.tf"),
        "resource \"aws_s3_bucket\" \"x\" {\n  bucket = \n}\n",
    )
    .unwrap();
    let ran = run_in(folder.path(), &["scan", "live", "--fail-on", "never"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("live/broken.tf:2"), "{}", ran.stdout);
}

#[test]
fn nothing_outside_the_repository_is_read() {
    let folder = repository();
    fs::write(
        folder.path().join("live/out.tf"),
        "resource \"aws_s3_bucket\" \"x\" {\n  bucket = file(\"../../../../../../../../etc/hostname\")\n}\n",
    )
    .unwrap();
    let results = scan(folder.path(), &["live"]);
    let remarks = results["diagnostics"].as_array().unwrap();
    assert!(
        remarks.iter().any(|remark| remark["message"]
            .as_str()
            .unwrap()
            .contains("outside the repository")),
        "{remarks:?}"
    );
}

/// A plan whose list is unknown as a whole because one element is.
const PLAN: &str = r#"{
  "format_version": "1.2", "terraform_version": "1.11.4",
  "planned_values": {}, "variables": {"cidr": {"value": "0.0.0.0/0"}},
  "resource_changes": [{
    "address": "aws_security_group.web", "mode": "managed", "type": "aws_security_group", "name": "web",
    "change": {"actions": ["create"], "before": null,
      "after": {"name": "web", "ingress": [{"from_port": 22, "to_port": 22, "protocol": "tcp"}]},
      "after_unknown": {"id": true, "ingress": [{"cidr_blocks": true}]}}
  }],
  "configuration": {"root_module": {"resources": [{
    "address": "aws_security_group.web", "mode": "managed", "type": "aws_security_group", "name": "web",
    "expressions": {"name": {"constant_value": "web"}, "ingress": [{
      "from_port": {"constant_value": 22}, "to_port": {"constant_value": 22}, "protocol": {"constant_value": "tcp"},
      "cidr_blocks": {"references": ["var.cidr", "aws_eip.nat.public_ip", "aws_eip.nat"]}}]}
  }]}}
}"#;

#[test]
fn the_source_decides_what_the_plan_does_not_know() {
    let folder = repository();
    let main = MAIN
        .replace("[var.cidr]", "[var.cidr, \"${aws_eip.nat.public_ip}/32\"]")
        .split("module \"db\"")
        .next()
        .unwrap()
        .to_owned()
        + "resource \"aws_eip\" \"nat\" {}\n";
    fs::write(folder.path().join("live/main.tf"), main).unwrap();
    fs::write(folder.path().join("plan.json"), PLAN).unwrap();
    let outcome = |more: &[&str]| {
        let mut arguments = vec!["plan.json"];
        arguments.extend(more);
        let results = scan(folder.path(), &arguments);
        let row = finding(&results, "POL-0002", "aws_security_group.web").clone();
        (
            row["outcome"].as_str().unwrap().to_owned(),
            row["location"]["line"].clone(),
        )
    };
    assert_eq!(
        outcome(&[]),
        ("unknown".to_owned(), serde_json::Value::Null)
    );
    assert_eq!(
        outcome(&["--source", "live"]),
        ("fail".to_owned(), serde_json::json!(13))
    );
    // Beside the plan, or where we are, it is found without a flag.
    fs::copy(
        folder.path().join("plan.json"),
        folder.path().join("live/plan.json"),
    )
    .unwrap();
    let results = scan(folder.path(), &["live/plan.json"]);
    assert_eq!(
        finding(&results, "POL-0002", "aws_security_group.web")["outcome"],
        "fail"
    );
    let results = scan(folder.path(), &["live/plan.json", "--no-source"]);
    assert_eq!(
        finding(&results, "POL-0002", "aws_security_group.web")["outcome"],
        "unknown"
    );
}

#[test]
fn a_source_that_does_not_fit_is_said() {
    let folder = repository();
    fs::write(
        folder.path().join("plan.json"),
        PLAN.replace("aws_security_group.web", "aws_security_group.other")
            .replace("\"name\": \"web\"", "\"name\": \"other\""),
    )
    .unwrap();
    let results = scan(folder.path(), &["plan.json", "--source", "live"]);
    let remarks = results["diagnostics"].as_array().unwrap();
    assert!(
        remarks
            .iter()
            .any(|remark| remark["code"] == "source-differs")
    );
}

/// A module called twice, or `for_each`: one line to edit is one result.
#[test]
fn instances_of_a_line_are_one_result_with_a_count() {
    let folder = repository();
    let ran = run_in(folder.path(), &["scan", "live", "--format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let of_policy: Vec<_> = results
        .iter()
        .filter(|result| result["ruleId"] == "POL-0330")
        .collect();
    let [result] = of_policy.as_slice() else {
        panic!("{of_policy:#?}");
    };
    assert_eq!(result["properties"]["instances"], 2);
    let location = &result["locations"][0];
    assert_eq!(location["physicalLocation"]["region"]["startLine"], 5);
    let names = location["logicalLocations"].as_array().unwrap();
    assert_eq!(names.len(), 2, "{names:?}");
    let ran = run_in(folder.path(), &["scan", "live", "--format", "markdown"]);
    let shown = ran.stdout.matches("- **POL-0330**").count();
    assert_eq!(shown, 1, "{}", ran.stdout);
}

/// A secret on the very line that is drawn.
#[test]
fn a_secret_in_the_frame_is_starred() {
    let source = "locals {\n  db = { password = \"hunter2-hunter2\", open = true }\n}\nresource \"aws_db_instance\" \"a\" {\n  password            = local.db.password\n  publicly_accessible = local.db.open\n}\n";
    let folder = folder(&[("main.tf", source)]);
    for format in ["human", "markdown", "sarif", "json", "github"] {
        for fixes in ["--fixes", "--timings"] {
            let arguments = ["scan", ".", "--no-config", "--format", format, fixes];
            let ran = run_in(folder.path(), &arguments);
            assert!(!ran.stdout.contains("hunter2"), "{format}: {}", ran.stdout);
            assert!(!ran.stderr.contains("hunter2"), "{format}: {}", ran.stderr);
            if format == "human" {
                assert!(
                    ran.stdout.contains("password = \"***************\""),
                    "{}",
                    ran.stdout
                );
            }
        }
    }
}
