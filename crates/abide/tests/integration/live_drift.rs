//! Drift from end to end: the real terraform and AWS provider against a fake AWS, in three accounts.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::real_aws::{Keys, RealAws, run_clean};

const HEAD: &str = r#"
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
"#;

const PAYMENTS: &str = r#"
provider "aws" {}

resource "aws_security_group" "bastion" {
  name        = "bastion"
  description = "Bastion"

  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_security_group" "tolerated" {
  name        = "tolerated"
  description = "Changed by a pipeline"

  lifecycle {
    ignore_changes = [ingress]
  }
}

resource "aws_s3_bucket" "ledger" {
  bucket = "northbank-ledger"
}

resource "aws_s3_bucket_public_access_block" "ledger" {
  bucket                  = aws_s3_bucket.ledger.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "ledger" {
  bucket = aws_s3_bucket.ledger.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:GetObject", "s3:PutObject"]
      Resource  = "${aws_s3_bucket.ledger.arn}/*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 5
  encrypted         = true
}

resource "aws_ebs_volume" "logs" {
  availability_zone = "eu-west-1a"
  size              = 5
  encrypted         = true
}
"#;

const LEDGER: &str = r#"
provider "aws" {
  default_tags {
    tags = { Owner = "platform" }
  }
}

resource "aws_kms_key" "ledger" {
  description         = "Ledger"
  enable_key_rotation = false
}

resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 5
  encrypted         = true
}
"#;

const ARCHIVE: &str = r#"
provider "aws" {}

resource "aws_security_group" "bastion" {
  name        = "bastion"
  description = "Bastion"

  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 5
  encrypted         = true
}
"#;

/// One module of which things are remedied.
const REMEDIED: &str = r#"
provider "aws" {}

locals {
  tags = {
    Owner = "platform"
  }
}

resource "aws_security_group" "bastion" {
  name        = "bastion"
  description = "Bastion"

  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_kms_key" "ledger" {
  description         = "Ledger"
  enable_key_rotation = false # by hand
}

resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 5
  encrypted         = true
  tags              = local.tags
}
"#;

/// Three root modules in three accounts, applied.
struct Stand {
    aws: RealAws,
    folder: tempfile::TempDir,
    keys: [Keys; 3],
}

const NAMES: [&str; 3] = ["payments", "ledger", "archive"];
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];

impl Stand {
    fn new() -> Self {
        let aws = RealAws::start();
        let keys = ACCOUNTS.map(|account| aws.account(account));
        let stand = Self {
            folder: tempfile::tempdir().unwrap(),
            aws,
            keys,
        };
        for (name, text) in NAMES.into_iter().zip([PAYMENTS, LEDGER, ARCHIVE]) {
            fs::create_dir(stand.at(name)).unwrap();
            fs::write(stand.at(name).join("main.tf"), format!("{HEAD}{text}")).unwrap();
        }
        // Terraform itself takes most of the time, so they go side by side.
        thread::scope(|scope| {
            for (name, keys) in NAMES.into_iter().zip(&stand.keys) {
                let stand = &stand;
                scope.spawn(move || {
                    let directory = stand.at(name);
                    stand
                        .aws
                        .terraform_ok(&directory, keys, &["init", "-input=false"]);
                    let apply = ["apply", "-input=false", "-auto-approve"];
                    stand.aws.terraform_ok(&directory, keys, &apply);
                });
            }
        });
        stand.configure();
        stand
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `abide.toml` with the three targets, and some in which something is wrong.
    fn configure(&self) {
        let mut text = String::new();
        let mut target = |name: &str, directory: &str, account: &str, more: &str| {
            text.push_str(&format!(
                "[targets.{name}]\ndirectory = \"{directory}\"\naccount = \"{account}\"\n{more}\n"
            ));
        };
        for (at, name) in NAMES.into_iter().enumerate() {
            let environment = self.aws.table(&self.keys[at], &[]);
            let applied = if name == "archive" {
                "applied = true"
            } else {
                ""
            };
            target(
                name,
                name,
                ACCOUNTS[at],
                &format!("environment = {environment}\n{applied}"),
            );
        }
        let wrong_account = self.aws.table(&self.keys[1], &[]);
        let elsewhere = self
            .aws
            .table(&self.keys[0], &[("AWS_REGION", "us-east-1")]);
        let crashing = self.dying_provider();
        let crashing = self
            .aws
            .table(&self.keys[0], &[("TF_CLI_CONFIG_FILE", &crashing)]);
        let slow = self.aws.table(&self.keys[0], &[]);
        for (name, more) in [
            ("foreign", format!("environment = {wrong_account}")),
            ("elsewhere", format!("environment = {elsewhere}")),
            ("crashing", format!("environment = {crashing}")),
            ("slow", format!("environment = {slow}\ntimeout = \"1s\"")),
        ] {
            target(name, "payments", ACCOUNTS[0], &more);
        }
        fs::write(self.at("abide.toml"), text).unwrap();
    }

    /// Terraform settings with a provider that dies after it was started.
    fn dying_provider(&self) -> String {
        let folder = self.at("provider");
        fs::create_dir(&folder).unwrap();
        let program = folder.join("terraform-provider-aws");
        fs::write(&program, "#!/bin/sh\nkill -9 $$\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let settings = self.at("crashing.tfrc");
        let begin = "provider_installation {\n";
        let instead = format!(
            "{begin}  dev_overrides {{\n    \"hashicorp/aws\" = \"{}\"\n  }}\n",
            folder.display()
        );
        let text = self.aws.settings().replace(begin, &instead);
        fs::write(&settings, text).unwrap();
        settings.display().to_string()
    }

    /// Looks at targets; no state may be written by that.
    fn drift(&self, targets: &[&str]) -> BTreeMap<String, Value> {
        let before = self.states();
        let mut arguments = vec!["drift", "--format", "json", "--timings"];
        arguments.extend(targets);
        let ran = run_clean(self.folder.path(), &arguments);
        let json: Value = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
        assert_eq!(self.states(), before, "a state was written");
        let targets = json["targets"].as_array().unwrap().iter();
        targets
            .map(|target| (target["name"].as_str().unwrap().to_owned(), target.clone()))
            .collect()
    }

    /// All that lies beside the modules' source, but for what Terraform keeps for itself.
    fn states(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for name in NAMES {
            for entry in fs::read_dir(self.at(name)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    found.insert(path.clone(), fs::read(path).unwrap());
                }
            }
        }
        found
    }

    /// An attribute in the state of a module.
    fn attribute(&self, name: &str, address: &str, attribute: &str) -> String {
        let state = fs::read(self.at(name).join("terraform.tfstate")).unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        of_state(&state, address, attribute)
    }

    fn open(&self, target: usize, address: &str, port: &str) {
        let id = self.attribute(NAMES[target], address, "id");
        open_port(&self.aws, &self.keys[target], &id, port);
    }

    fn tag(&self, target: usize, address: &str) {
        let id = self.attribute(NAMES[target], address, "id");
        add_tag(&self.aws, &self.keys[target], &id);
    }

    /// What people did by hand.
    fn change_by_hand(&self) {
        let payments = &self.keys[0];
        self.open(0, "aws_security_group.bastion", "22");
        self.open(0, "aws_security_group.tolerated", "3389");
        let off = "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls>\
                   <IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy>\
                   <RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
        self.aws
            .s3(payments, "PUT", "/northbank-ledger?publicAccessBlock", off);
        let policy = r#"{"Statement":[{"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Resource":["arn:aws:s3:::northbank-ledger/*"],"Action":["s3:PutObject","s3:GetObject"],"Principal":"*","Effect":"Deny"}],"Version":"2012-10-17"}"#;
        self.aws
            .s3(payments, "PUT", "/northbank-ledger?policy", policy);
        let volume = self.attribute("payments", "aws_ebs_volume.data", "id");
        self.aws.ec2(
            payments,
            &[("Action", "DeleteVolume"), ("VolumeId", &volume)],
        );
        self.tag(0, "aws_ebs_volume.logs");
        let key = self.attribute("ledger", "aws_kms_key.ledger", "key_id");
        let body = format!("{{\"KeyId\": \"{key}\"}}");
        self.aws.kms(&self.keys[1], "EnableKeyRotation", &body);
        let code = fs::read_to_string(self.at("ledger/main.tf")).unwrap();
        let code = code.replace("\"platform\"", "\"payments\"");
        fs::write(self.at("ledger/main.tf"), code).unwrap();
        self.open(2, "aws_security_group.bastion", "22");
        self.tag(2, "aws_ebs_volume.data");
        let refresh = ["apply", "-refresh-only", "-input=false", "-auto-approve"];
        self.aws
            .terraform_ok(&self.at("archive"), &self.keys[2], &refresh);
    }
}

/// An attribute of a resource in a state.
fn of_state(state: &Value, address: &str, attribute: &str) -> String {
    let mut resources = state["resources"].as_array().unwrap().iter();
    let named = resources.find(|resource| {
        let part = |key: &str| resource[key].as_str().unwrap().to_owned();
        format!("{}.{}", part("type"), part("name")) == address
    });
    let values = &named.unwrap()["instances"][0]["attributes"];
    values[attribute].as_str().unwrap().to_owned()
}

/// Opens a port to the world.
fn open_port(aws: &RealAws, keys: &Keys, group: &str, port: &str) {
    aws.ec2(
        keys,
        &[
            ("Action", "AuthorizeSecurityGroupIngress"),
            ("GroupId", group),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", port),
            ("IpPermissions.1.ToPort", port),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ],
    );
}

fn add_tag(aws: &RealAws, keys: &Keys, id: &str) {
    aws.ec2(
        keys,
        &[
            ("Action", "CreateTags"),
            ("ResourceId.1", id),
            ("Tag.1.Key", "CostCentre"),
            ("Tag.1.Value", "4711"),
        ],
    );
}

/// Class and kind by address.
fn classes(target: &Value) -> BTreeMap<String, String> {
    assert_eq!(target["status"], "checked", "{target:#}");
    let resources = target["resources"].as_array().unwrap().iter();
    resources
        .map(|resource| {
            let text = |name: &str| resource[name].as_str().unwrap_or("?").to_owned();
            let class = format!("{} {}", text("class"), text("kind"));
            (text("address"), class)
        })
        .collect()
}

fn expected(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = list.iter();
    pairs
        .map(|(address, class)| ((*address).to_owned(), (*class).to_owned()))
        .collect()
}

fn error(target: &Value) -> &str {
    assert_eq!(target["status"], "failed", "{target:#}");
    target["error"].as_str().unwrap()
}

/// Whether the state of a directory can be locked.
fn can_lock(stand: &Stand, directory: &Path) -> bool {
    let arguments = ["state", "rm", "-lock-timeout=0s", "aws_ebs_volume.none"];
    let done = stand.aws.terraform(directory, &stand.keys[0], &arguments);
    !String::from_utf8_lossy(&done.stderr).contains("Error acquiring the state lock")
}

#[test]
fn every_class_is_right_and_no_state_is_written() {
    let stand = Stand::new();
    // Right after a clean apply nothing is broken, whatever Terraform calls drift.
    let clean = stand.drift(&["--all", "--jobs", "3"]);
    for name in NAMES {
        assert_eq!(classes(&clean[name]), BTreeMap::new(), "{name}");
        // Our own part of it, in a build without optimisation and beside three providers.
        let ours = clean[name]["timings_ms"]["abide"].as_u64().unwrap();
        assert!(ours < 1_000, "{ours} ms: {}", clean[name]["timings_ms"]);
    }
    let crash = error(&clean["crashing"]);
    assert!(crash.contains("terraform plan failed"), "{crash}");
    let slow = error(&clean["slow"]);
    assert!(slow.contains("was ended after 1 s"), "{slow}");
    for name in ["foreign", "elsewhere"] {
        assert_eq!(
            clean[name]["status"], "suspicious",
            "{name}: {:#}",
            clean[name]
        );
    }
    stand.change_by_hand();
    let mut holder = hold_lock(&stand.at("payments/terraform.tfstate"));
    assert!(!can_lock(&stand, &stand.at("payments")));
    let found = stand.drift(&NAMES);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_eq!(
        classes(&found["payments"]),
        expected(&[
            ("aws_security_group.bastion", "violating changed"),
            (
                "aws_security_group.tolerated",
                "violating_not_revertible changed"
            ),
            (
                "aws_s3_bucket_public_access_block.ledger",
                "violating changed"
            ),
            ("aws_ebs_volume.data", "sensitive deleted"),
            ("aws_ebs_volume.logs", "harmless changed"),
        ])
    );
    let noise = found["payments"]["noise"].to_string();
    assert!(
        noise.contains("aws_s3_bucket_policy.ledger") || noise.contains("aws_s3_bucket.ledger"),
        "{noise}"
    );
    assert_eq!(
        classes(&found["ledger"]),
        expected(&[
            ("aws_kms_key.ledger", "improving changed"),
            ("aws_ebs_volume.data", "pending differs"),
        ])
    );
    assert_eq!(
        classes(&found["archive"]),
        expected(&[
            ("aws_security_group.bastion", "violating differs"),
            ("aws_ebs_volume.data", "absorbed differs"),
        ])
    );
}

/// Each remedy on the real thing, and a look afterwards that finds nothing.
#[test]
fn remedies_leave_nothing_to_be_found() {
    let aws = RealAws::start();
    let keys = aws.account(ACCOUNTS[0]);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let root = folder.path();
    fs::create_dir(at("ledger")).unwrap();
    fs::write(at("ledger/main.tf"), format!("{HEAD}{REMEDIED}")).unwrap();
    let config = format!(
        "[targets.ledger]\ndirectory = \"ledger\"\naccount = \"{}\"\nenvironment = {}\n",
        ACCOUNTS[0],
        aws.table(&keys, &[])
    );
    fs::write(at("abide.toml"), config).unwrap();
    aws.terraform_ok(&at("ledger"), &keys, &["init", "-input=false"]);
    let apply = ["apply", "-input=false", "-auto-approve"];
    aws.terraform_ok(&at("ledger"), &keys, &apply);
    let state = || fs::read(at("ledger/terraform.tfstate")).unwrap();
    let id = |address: &str, name: &str| {
        let state: Value = serde_json::from_slice(&state()).unwrap();
        of_state(&state, address, name)
    };
    let group = id("aws_security_group.bastion", "id");
    open_port(&aws, &keys, &group, "22");
    let key = format!("{{\"KeyId\": \"{}\"}}", id("aws_kms_key.ledger", "key_id"));
    aws.kms(&keys, "EnableKeyRotation", &key);
    add_tag(&aws, &keys, &id("aws_ebs_volume.data", "id"));
    let before = state();
    let run = |arguments: &[&str]| {
        let ran = run_clean(root, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    // Undo what breaks a policy.
    let bastion = "aws_security_group.bastion";
    let request = run(&["drift", "remedy", "ledger", bastion, "--revert"]);
    assert_eq!(state(), before, "making a revert wrote the state");
    let (_, digest) = request.split_once("--plan-digest ").unwrap();
    let digest = digest.split_whitespace().next().unwrap();
    run(&["drift", "apply-revert", "ledger", "--plan-digest", digest]);
    // Take in what does no harm.
    let adopt = ["aws_kms_key.ledger", "aws_ebs_volume.data", "--adopt"];
    let mut arguments = vec!["drift", "remedy", "ledger"];
    arguments.extend(adopt);
    arguments.extend(["--write", "--allow-dirty"]);
    let before = state();
    run(&arguments);
    assert_eq!(state(), before, "adopting wrote the state");
    let source = fs::read_to_string(at("ledger/main.tf")).unwrap();
    assert!(
        source.contains("enable_key_rotation = true # by hand"),
        "{source}"
    );
    assert!(
        source.contains("tags              = local.tags")
            && source.contains("CostCentre = \"4711\""),
        "{source}"
    );
    // Take over what no state holds.
    let made = aws.ec2(
        &keys,
        &[
            ("Action", "CreateVolume"),
            ("AvailabilityZone", "eu-west-1a"),
            ("Size", "5"),
            ("Encrypted", "true"),
        ],
    );
    let volume = made.split_once("<volumeId>").unwrap().1;
    let volume = volume.split_once('<').unwrap().0;
    let import = format!("aws_ebs_volume.found={volume}");
    let import = [
        "drift",
        "remedy",
        "ledger",
        &import,
        "--adopt",
        "--write",
        "--allow-dirty",
    ];
    run(&import);
    // The pipeline applies what was merged: it changes nothing, and the state learns of it.
    let applied = aws.terraform(&at("ledger"), &keys, &apply);
    let applied = String::from_utf8_lossy(&applied.stdout).into_owned();
    let summary = "1 imported, 0 added, 0 changed, 0 destroyed";
    assert!(applied.contains(summary), "{applied}");
    let clean = run(&["drift", "ledger", "--applied", "--format", "json"]);
    let clean: Value = serde_json::from_str(&clean).unwrap();
    assert_eq!(classes(&clean["targets"][0]), BTreeMap::new());
}

/// Locks a file as Terraform's local backend does, until its standard input ends.
fn hold_lock(state: &Path) -> std::process::Child {
    let program = "import fcntl, sys\nf = open(sys.argv[1], 'r+')\nfcntl.lockf(f, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()\n";
    let mut holder = Command::new("python3")
        .args(["-c", program])
        .arg(state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = [0; 4];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut line).unwrap();
    holder
}
