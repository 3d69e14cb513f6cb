//! `abide unmanaged` and `abide drift --who` from end to end: the real terraform and AWS provider
//! against a fake AWS, and a stub for the event history, which that does not answer.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::real_aws::{Keys, RealAws, run_clean};

const ACCOUNT: &str = "222222222222";

const MAIN: &str = r#"
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  s3_use_path_style = true
}

resource "aws_s3_bucket" "managed" {
  bucket = "northbank-managed"
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.web.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "10.0.0.0/8"
}

resource "aws_security_group" "inline" {
  name   = "inline"
  vpc_id = aws_vpc.main.id

  ingress {
    protocol    = "tcp"
    from_port   = 5432
    to_port     = 5432
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_iam_user" "ci" {
  name = "ci"
}

resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

resource "aws_cloudwatch_log_group" "app" {
  name = "app"
}

resource "aws_kms_key" "main" {}
"#;

/// The text of the first such element.
fn element<'t>(answer: &'t str, name: &str) -> &'t str {
    let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap();
    rest.split_once('<').unwrap().0
}

fn open_port(aws: &RealAws, keys: &Keys, group: &str, port: &str) {
    let rule = [
        ("Action", "AuthorizeSecurityGroupIngress"),
        ("GroupId", group),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", port),
        ("IpPermissions.1.ToPort", port),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
    ];
    aws.ec2(keys, &rule);
}

/// The id of a group of the state.
fn group(state: &Value, name: &str) -> String {
    let resources = state["resources"].as_array().unwrap();
    let found = resources
        .iter()
        .find(|r| r["type"] == "aws_security_group" && r["name"] == name)
        .unwrap();
    found["instances"][0]["attributes"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn what_people_made_is_found_judged_and_proposed() {
    let aws = RealAws::start();
    let keys = aws.account(ACCOUNT);
    let folder = tempfile::tempdir().unwrap();
    let infra = folder.path().join("infra");
    fs::create_dir(&infra).unwrap();
    fs::write(infra.join("main.tf"), MAIN).unwrap();
    let config = |more: &[(&str, &str)]| {
        let mut table = aws.table(&keys, &[]);
        for (name, value) in more {
            table = table.replacen('{', &format!("{{ {name} = \"{value}\", "), 1);
        }
        let text = format!(
            "[targets.prod]\ndirectory = \"infra\"\naccount = \"{ACCOUNT}\"\nenvironment = {table}\n\n\
             [[unmanaged.ignore]]\ntype = \"aws_sqs_queue\"\nid = \"*none*\"\nowner = \"x\"\nreason = \"y\"\nexpires = \"2999-01-01\"\n"
        );
        fs::write(folder.path().join("abide.toml"), text).unwrap();
    };
    config(&[]);
    aws.terraform_ok(&infra, &keys, &["init", "-input=false"]);
    aws.terraform_ok(&infra, &keys, &["apply", "-input=false", "-auto-approve"]);
    let clean = run_clean(folder.path(), &["unmanaged", "prod"]);
    assert_eq!(clean.code, 0, "{}{}", clean.stdout, clean.stderr);
    assert!(
        clean.stdout.contains("nothing unmanaged was found"),
        "{}",
        clean.stdout
    );

    let before = fs::read(infra.join("terraform.tfstate")).unwrap();
    let state: Value = serde_json::from_slice(&before).unwrap();
    by_hand(&aws, &keys, &group(&state, "web"));
    let imports = folder.path().join("imports.tf");
    let ran = run_clean(
        folder.path(),
        &[
            "unmanaged",
            "prod",
            "--evaluate",
            "--format",
            "json",
            "--out-imports",
            imports.to_str().unwrap(),
        ],
    );
    assert_eq!(fs::read(infra.join("terraform.tfstate")).unwrap(), before);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let account = &report["accounts"][0];
    assert_eq!(account["error"], Value::Null);
    assert_eq!(account["account"], ACCOUNT);
    assert_eq!(account["not_looked_at"], json!([]));
    judged(account);
    assert_eq!(report["complete"], true);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    planned_cleanly(&aws, &keys, &imports);

    // Somebody also opens a group whose rules stand inline: that is drift, and somebody's.
    let inline = group(&state, "inline");
    open_port(&aws, &keys, &inline, "22");
    let (trail, asked) = trail(&inline);
    config(&[("AWS_ENDPOINT_URL_CLOUDTRAIL", &trail)]);
    let ran = run_clean(
        folder.path(),
        &["drift", "prod", "--who", "--format", "json"],
    );
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let drifted = report["targets"][0]["resources"].as_array().unwrap();
    let open = drifted
        .iter()
        .find(|r| r["address"] == "aws_security_group.inline")
        .unwrap();
    assert_eq!(open["class"], "violating");
    assert_eq!(open["who"]["certainty"], "unique", "{open}");
    assert_eq!(
        open["who"]["acts"][0]["identity"],
        "arn:aws:iam::222222222222:user/mallory"
    );
    assert_eq!(open["who"]["acts"][0]["event_id"], "e-1");
    let asked = asked.lock().unwrap().join("\n");
    assert!(
        asked.contains(&format!("\"AttributeValue\":\"{inline}\"")),
        "{asked}"
    );
    let ran = run_clean(folder.path(), &["drift", "prod", "--who"]);
    let line = "   = who: arn:aws:iam::222222222222:user/mallory at ";
    assert!(
        ran.stdout.lines().any(|l| l.starts_with(line)),
        "{}",
        ran.stdout
    );
}

/// A bucket that blocks nothing, an open group, a user with a key, and a rule in a managed group.
fn by_hand(aws: &RealAws, keys: &Keys, web: &str) {
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    aws.s3(keys, "PUT", "/northbank-by-hand", place);
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls></PublicAccessBlockConfiguration>";
    aws.s3(keys, "PUT", "/northbank-by-hand?publicAccessBlock", block);
    let vpcs = aws.ec2(keys, &[("Action", "DescribeVpcs")]);
    let made = aws.ec2(
        keys,
        &[
            ("Action", "CreateSecurityGroup"),
            ("GroupName", "open"),
            ("GroupDescription", "x"),
            ("VpcId", element(&vpcs, "vpcId")),
        ],
    );
    open_port(aws, keys, element(&made, "groupId"), "22");
    open_port(aws, keys, web, "3389");
    aws.iam(keys, "CreateUser", "eve");
    aws.iam(keys, "CreateAccessKey", "eve");
}

fn judged(account: &Value) {
    let resources = account["resources"].as_array().unwrap();
    let types: Vec<&str> = resources
        .iter()
        .map(|r| r["resource_type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "aws_iam_access_key",
            "aws_iam_user",
            "aws_s3_bucket",
            "aws_security_group",
            "aws_vpc_security_group_ingress_rule"
        ],
        "{resources:#?}"
    );
    for resource in resources {
        assert_eq!(resource["unread"], Value::Null, "{resource:#}");
    }
    let broken = |at: usize| -> Vec<&str> {
        let findings = resources[at]["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|f| f["policy_id"].as_str().unwrap())
            .collect()
    };
    assert!(broken(3).contains(&"POL-0002"), "{:?}", broken(3));
    // The bucket's block was read with it: it is judged, and is open.
    let beside = resources[2]["findings"].as_array().unwrap();
    let of_block = |f: &&Value| {
        f["address"]
            .as_str()
            .unwrap()
            .starts_with("aws_s3_bucket_public_access_block.")
    };
    assert!(beside.iter().any(|f| of_block(&f)), "{beside:#?}");
    assert!(!broken(4).is_empty(), "{:#}", resources[4]);
}

/// The proposed blocks plan to imports alone.
fn planned_cleanly(aws: &RealAws, keys: &Keys, imports: &Path) {
    let text = fs::read_to_string(imports).unwrap();
    assert_eq!(text.matches("\nimport {").count(), 6, "{text}");
    let folder = tempfile::tempdir().unwrap();
    let (head, _) = MAIN.split_once("resource ").unwrap();
    fs::write(folder.path().join("main.tf"), head).unwrap();
    fs::write(folder.path().join("imports.tf"), &text).unwrap();
    aws.terraform_ok(folder.path(), keys, &["init", "-input=false"]);
    let arguments = [
        "plan",
        "-input=false",
        "-no-color",
        "-generate-config-out=adopted.tf",
    ];
    let done = aws.terraform(folder.path(), keys, &arguments);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        said.contains("Plan: 6 to import, 0 to add, 0 to change, 0 to destroy."),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// An event history in which mallory opened a group; its address, and what it is asked.
fn trail(group: &str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let known = asked.clone();
    let whole = json!({
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::222222222222:user/mallory"},
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "console.amazonaws.com",
    });
    let event = json!({
        "EventId": "e-1", "EventName": "AuthorizeSecurityGroupIngress", "EventTime": 1_700_000_000,
        "EventSource": "ec2.amazonaws.com", "ReadOnly": "false",
        "Resources": [{"ResourceName": group}], "CloudTrailEvent": whole.to_string(),
    });
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let line = line.trim().to_ascii_lowercase();
                if let Some(text) = line.strip_prefix("content-length:") {
                    length = text.trim().parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let body = String::from_utf8(body).unwrap();
            let is_here = body.contains("\"sg-");
            known.lock().unwrap().push(body);
            let events = if is_here { vec![&event] } else { Vec::new() };
            let text = json!({"Events": events}).to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            );
        }
    });
    (url, asked)
}
