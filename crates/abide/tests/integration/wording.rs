//! What findings say: facts, hints, fixes, and what an unknown waits for.

use std::fs;

use serde_json::{Value, json};

use crate::command::{abide, plan, repository, run_in};

/// Scans a fixture with one policy of the test.
fn results(policy: &str, input: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.yaml"), policy).unwrap();
    let ran = run_in(
        folder.path(),
        &[
            "scan",
            input,
            "--no-builtin",
            "--policies",
            "p.yaml",
            "--account=baseline",
            "--format=json",
        ],
    );
    let report: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    report["results"].as_array().unwrap().clone()
}

fn policy(types: &str, check: &str) -> String {
    format!(
        "id: ACME-0001\ntitle: T\nseverity: high\nwhy: w\nresource_types: [{types}]\nmessage: \"open to {{traffic}}\"\nremediation: Do it\nfix: {{set: tags, value: \"null\"}}\ncheck:\n{check}"
    )
}

#[test]
fn what_holds_beside_a_named_fact_is_no_fact() {
    let check = "
  not:
    all:
      - {attribute: description, is: set}
      - some: ingress
        match:
          all:
            - {open_to_world: [cidr_blocks]}
            - {ports: {from: from_port, to: to_port, protocol: protocol}, cover: [22]}
        facts: {rule: =ingress, protocol: protocol, from_port: from_port, to_port: to_port}
";
    let found = results(&policy("aws_security_group", check), &plan("action-update"));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0]["facts"].as_array().unwrap().len(),
        1,
        "{}",
        found[0]
    );
    assert_eq!(found[0]["facts"][0]["from_port"], "22");
    assert_eq!(found[0]["message"], "open to tcp port 22");
}

#[test]
fn facts_of_other_resources_name_them() {
    let check = "
  linked: [aws_security_group_rule, aws_vpc_security_group_ingress_rule]
  by: security_group_id
  quantifier: none
  match: {attribute: description, is_not: empty, default: x}
";
    let found = results(
        &policy("aws_security_group", check),
        &plan("security-group-forms"),
    );
    assert!(!found.is_empty());
    let facts: Vec<&Value> = found
        .iter()
        .flat_map(|result| result["facts"].as_array().unwrap())
        .collect();
    assert!(!facts.is_empty());
    for fact in facts {
        let resource = fact["resource"].as_str().unwrap_or_default();
        assert!(resource.contains("_rule."), "{fact}");
    }
}

#[test]
fn an_unknown_says_what_is_true_of_it() {
    let absent = "  {attribute: kms_key_id, is: set, absent: unknown}\n";
    let reason = "  {undecidable: nobody wrote it down}\n";
    let input = plan("ebs-volume");
    for (check, words) in [
        (
            absent,
            "Cannot be told from this input (kms_key_id is not set): T",
        ),
        (
            reason,
            "Cannot be told from this input (nobody wrote it down): T",
        ),
    ] {
        let found = results(&policy("aws_ebs_volume", check), &input);
        let unknown: Vec<&Value> = found
            .iter()
            .filter(|result| result["message"] == words)
            .collect();
        assert!(!unknown.is_empty(), "{words}: {found:?}");
        for result in unknown {
            assert_eq!(result["outcome"], "unknown");
            // The policy's own advice is none where nothing need be wrong.
            assert_ne!(result["remediation"], "Do it");
            assert_ne!(result["remediation"], "");
            assert_eq!(result["fix"].as_array().unwrap().len(), 0);
        }
    }
    let later = results(
        &policy(
            "aws_ebs_volume",
            "  {attribute: encrypted, is: \"true\", default: true}\n",
        ),
        &input,
    );
    assert!(
        later.iter().any(|result| {
            let message = result["message"].as_str().unwrap();
            result["outcome"] == "unknown" && message.starts_with("Known only after apply (")
        }),
        "{later:?}"
    );
}

#[test]
fn what_an_account_lacks_has_a_name() {
    let text = "
id: ACME-0001
title: T
severity: high
kind: account
why: w
resource_types: [aws_ebs_encryption_by_default]
related_types: [aws_ebs_volume]
check: {exists: aws_ebs_encryption_by_default}
message: m
remediation: r
fix: {resource: aws_ebs_encryption_by_default, body: \"enabled = true\\n\\nregion = \\\"x\\\"\"}
";
    let found = results(text, &plan("ebs-volume"));
    let hcl = found[0]["fix"][0]["hcl"].as_str().unwrap();
    assert!(
        hcl.starts_with("resource \"aws_ebs_encryption_by_default\" \"this\" {\n"),
        "{hcl}"
    );
    // Empty lines of a snippet end without blanks.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.yaml"), text).unwrap();
    for format in ["human", "markdown"] {
        let ran = run_in(
            folder.path(),
            &[
                "scan",
                &plan("ebs-volume"),
                "--no-builtin",
                "--policies=p.yaml",
                "--account=baseline",
                "--format",
                format,
            ],
        );
        assert!(ran.stdout.contains("enabled = true"), "{}", ran.stdout);
        for line in ran.stdout.lines().filter(|line| line.trim_end() != *line) {
            // Two blanks break a line in Markdown.
            assert!(
                format == "markdown" && line.ends_with("  ") && line.trim() != "",
                "{line:?}"
            );
        }
    }
}

#[test]
fn inputs_are_named_as_people_know_them() {
    let empty = abide()
        .args(["scan", "-"])
        .write_stdin("")
        .output()
        .unwrap();
    let stderr = String::from_utf8(empty.stderr).unwrap();
    assert!(stderr.contains("standard input is empty"), "{stderr}");
    let folder = tempfile::tempdir().unwrap();
    for (name, shown) in [("tf.plan", "tf.plan"), ("my plan", "PLANFILE")] {
        fs::write(folder.path().join(name), b"PK\x03\x04rest").unwrap();
        let ran = run_in(folder.path(), &["scan", name]);
        let command = format!("`terraform show -json {shown} > plan.json`");
        assert!(ran.stderr.contains(&command), "{}", ran.stderr);
    }
}

/// The example of the documentation reads statements by their fields.
#[test]
fn the_documented_statement_works() {
    let page = fs::read_to_string(repository().join("docs/policies.md")).unwrap();
    let check = page
        .split("```yaml\n")
        .find(|part| part.starts_with("check:\n  statements: policy"))
        .and_then(|part| part.split("```").next())
        .unwrap();
    let policy = format!(
        "id: ACME-0001\ntitle: T\nseverity: high\nwhy: w\nresource_types: [aws_sns_topic_policy]\nmessage: m\nremediation: r\n{check}"
    );
    let statement = |sid: &str, action: &str, who: &str, condition: Value| {
        json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*",
            "Principal": {"AWS": format!("arn:aws:iam::111122223333:{who}")}, "Condition": condition})
    };
    let organisation = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    let document = json!({"Version": "2012-10-17", "Statement": [
        statement("Bad", "SNS:Publish", "user/ana", json!({})),
        statement("Role", "SNS:Publish", "role/app", json!({})),
        statement("Inside", "SNS:Publish", "user/ana", organisation),
        statement("Reads", "SNS:GetTopicAttributes", "user/ana", json!({})),
    ]});
    let change = json!({"address": "aws_sns_topic_policy.p", "mode": "managed", "type": "aws_sns_topic_policy", "name": "p",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": ["create"], "before": null, "after": {"policy": document.to_string()},
            "after_unknown": {}, "before_sensitive": false, "after_sensitive": {}}});
    let plan = json!({"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {"root_module": {}},
        "resource_changes": [change], "configuration": {"root_module": {}}});
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    fs::write(&path, plan.to_string()).unwrap();
    let found = results(&policy, &path.display().to_string());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["facts"], json!([{"sid": "Bad"}]));
}
