//! Configurations of every shape, planned by the real terraform.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use std::time::Duration;

use abide_connect::Cancel;
use abide_offline::{Library, Offline, OfflineError};
use serde_json::Value as Json;

use crate::support::{environment, plan, tool, written};

fn resources(plan: &Json) -> BTreeMap<String, &Json> {
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    changes
        .map(|change| {
            (
                change["address"].as_str().unwrap_or_default().to_owned(),
                &change["change"],
            )
        })
        .collect()
}

/// Every file below a folder with its bytes.
fn contents(folder: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(contents(&path)),
            false => {
                all.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    all
}

mod real_terraform {
    use super::*;

    /// Backend, `cloud`, remote state, import, moved, dynamic blocks, modules, and what leaves a module by a path.
    #[test]
    fn nothing_is_contacted_and_nothing_is_written() {
        let folder = written(&[
            (
                "envs/prod/main.tf",
                r#"
                terraform {
                  backend "s3" {
                    bucket = "no-such-bucket"
                    key    = "state"
                    region = "us-east-1"
                  }
                }
                provider "aws" {
                  region = "eu-west-1"
                  default_tags { tags = { Owner = "team" } }
                }
                provider "aws" {
                  alias  = "us"
                  region = "us-east-1"
                }
                data "terraform_remote_state" "net" {
                  backend = "s3"
                  config  = { bucket = "x", key = "y", region = "us-east-1" }
                }
                data "aws_caller_identity" "me" {}
                data "aws_partition" "here" {}
                data "aws_iam_policy_document" "d" {
                  statement {
                    actions   = ["s3:GetObject"]
                    resources = ["arn:${data.aws_partition.here.partition}:s3:::x/*"]
                  }
                }
                import {
                  to = aws_s3_bucket.imported
                  id = "old"
                }
                moved {
                  from = aws_s3_bucket.before
                  to   = aws_s3_bucket.imported
                }
                resource "aws_s3_bucket" "imported" {
                  bucket = file("../../shared/name.txt")
                  tags   = { Owner = "me", Account = data.aws_caller_identity.me.account_id }
                }
                resource "aws_iam_policy" "p" {
                  name   = "p"
                  policy = data.aws_iam_policy_document.d.json
                }
                resource "aws_sqs_queue" "us" {
                  provider = aws.us
                  for_each = toset(["a", "b"])
                  name     = "${each.key}-${random_id.suffix.hex}"
                }
                resource "aws_sns_topic" "tagged" {
                  name = "t"
                  tags = { Owner = "me" }
                }
                resource "random_id" "suffix" { byte_length = 4 }
                module "group" {
                  source = "../../modules/group"
                  ports  = [22, 443]
                  vpc    = data.terraform_remote_state.net.outputs.vpc_id
                }
                output "arn" { value = data.aws_caller_identity.me.arn }
                "#,
            ),
            ("shared/name.txt", "northbank"),
            (
                "modules/group/main.tf",
                r#"
                variable "ports" { type = list(number) }
                variable "vpc" { type = string }
                data "aws_vpc" "v" { id = "vpc-1" }
                resource "aws_security_group" "g" {
                  name   = "g"
                  vpc_id = var.vpc
                  dynamic "ingress" {
                    for_each = var.ports
                    content {
                      from_port   = ingress.value
                      to_port     = ingress.value
                      protocol    = "tcp"
                      cidr_blocks = [data.aws_vpc.v.cidr_block]
                    }
                  }
                }
                check "up" {
                  data "http" "h" { url = "https://example.com" }
                  assert {
                    condition     = data.http.h.status_code == 200
                    error_message = "down"
                  }
                }
                "#,
            ),
        ]);
        let before = contents(folder.path());
        let planned = plan(&folder.path().join("envs/prod")).unwrap();
        assert_eq!(contents(folder.path()), before);
        let found = resources(&planned.json);
        let bucket = found["aws_s3_bucket.imported"];
        assert_eq!(bucket["actions"], serde_json::json!(["create"]));
        assert_eq!(bucket["after"]["bucket"], "northbank");
        assert_eq!(bucket["after_unknown"]["tags"]["Account"], true);
        assert_eq!(bucket["after_unknown"]["arn"], true);
        let policy = found["aws_iam_policy.p"]["after"]["policy"]
            .as_str()
            .unwrap();
        let policy: Json = serde_json::from_str(policy).unwrap();
        assert_eq!(policy["Statement"][0]["Resource"], "arn:aws:s3:::x/*");
        assert_eq!(
            found["aws_sqs_queue.us[\"a\"]"]["after_unknown"]["name"],
            true
        );
        // The alias has no default tags, the other provider has.
        assert_eq!(
            found["aws_sns_topic.tagged"]["after"]["tags_all"]["Owner"],
            "me"
        );
        assert!(found["aws_sqs_queue.us[\"a\"]"]["after"]["tags_all"].is_null());
        let group = found["module.group.aws_security_group.g"];
        assert_eq!(group["after_unknown"]["vpc_id"], true);
        assert_eq!(group["after"]["ingress"].as_array().unwrap().len(), 2);
        assert_eq!(
            found["data.aws_caller_identity.me"]["actions"],
            serde_json::json!(["read"])
        );
        assert!(!planned.json.to_string().contains("abide_defer"));
        let notes = planned.notes.join("\n");
        assert!(notes.contains("1 import block is left out"), "{notes}");
        assert!(notes.contains("aws_caller_identity"), "{notes}");
    }

    #[test]
    fn no_cloud_block_and_no_region_is_needed() {
        let folder = written(&[(
            "main.tf",
            r#"
            terraform {
              cloud {
                organization = "northbank"
                workspaces { tags = ["prod"] }
              }
            }
            data "aws_partition" "p" {}
            resource "aws_iam_role_policy_attachment" "a" {
              role       = "r"
              policy_arn = "arn:${data.aws_partition.p.partition}:iam::aws:policy/ReadOnlyAccess"
            }
            "#,
        )]);
        let planned = plan(folder.path()).unwrap();
        let found = resources(&planned.json);
        assert_eq!(
            found["aws_iam_role_policy_attachment.a"]["after_unknown"]["policy_arn"],
            true
        );
    }

    #[test]
    fn the_small_providers_are_known() {
        let folder = written(&[(
            "main.tf",
            r#"
            resource "random_password" "p" { length = 20 }
            resource "random_pet" "p" {}
            resource "null_resource" "n" { triggers = { a = random_pet.p.id } }
            resource "time_sleep" "s" { create_duration = "30s" }
            resource "time_rotating" "r" { rotation_days = 30 }
            resource "tls_private_key" "k" { algorithm = "RSA" }
            resource "tls_self_signed_cert" "c" {
              private_key_pem       = tls_private_key.k.private_key_pem
              validity_period_hours = 12
              allowed_uses          = ["server_auth"]
              subject { common_name = "x" }
            }
            data "archive_file" "z" {
              type        = "zip"
              output_path = "out.zip"
              source_dir  = "."
            }
            resource "local_file" "f" {
              filename = "out.txt"
              content  = data.archive_file.z.output_base64sha256
            }
            data "external" "e" { program = ["touch", "ran"] }
            output "e" { value = data.external.e.result }
            "#,
        )]);
        let planned = plan(folder.path()).unwrap();
        let found = resources(&planned.json);
        assert_eq!(
            found["random_password.p"]["after_sensitive"]["result"],
            true
        );
        assert_eq!(found["local_file.f"]["after_unknown"]["content"], true);
        let left = contents(folder.path());
        assert_eq!(left.len(), 1, "{:?}", left.keys());
    }

    #[test]
    fn a_provider_without_a_schema_is_named_with_what_to_do() {
        let folder = written(&[(
            "main.tf",
            "terraform {\n  required_providers {\n    dns = { source = \"acme/dns\" }\n  }\n}\nresource \"dns_zone\" \"z\" {}\n",
        )]);
        let error = plan(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("acme/dns, needed by the root module"),
            "{error}"
        );
        assert!(
            error.contains("terraform providers schema -json"),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_be_planned_says_why() {
        for (text, place, hint) in [
            (
                "data \"aws_availability_zones\" \"a\" {}\nresource \"aws_sns_topic\" \"t\" {\n  count = length(data.aws_availability_zones.a.names)\n}\n",
                "on main.tf line 3",
                "abide scan DIR",
            ),
            (
                "variable \"v\" {}\noutput \"v\" {\n  value = var.v\n}\n",
                "on main.tf line 1",
                "--var-file",
            ),
            (
                "resource \"aws_sns_topic\" \"t\" {\n  nmae = \"x\"\n}\n",
                "on main.tf line 2",
                "--schema",
            ),
            (
                "resource \"aws_no_such_thing\" \"t\" {}\n",
                "on main.tf line 1",
                "--schema",
            ),
        ] {
            let folder = written(&[("main.tf", text)]);
            let error = plan(folder.path()).unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
            assert!(error.contains(hint), "{error}");
            for ours in ["abide-tree", "abide_defer", "will be read"] {
                assert!(!error.contains(ours), "{error}");
            }
        }
    }

    #[test]
    fn a_module_from_elsewhere_is_taken_where_it_was_fetched_to() {
        let folder = written(&[
            (
                "main.tf",
                "module \"far\" {\n  source  = \"acme/thing/aws\"\n  version = \"1.2.0\"\n}\n",
            ),
            (
                ".terraform/modules/modules.json",
                r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"far","Source":"registry.terraform.io/acme/thing/aws","Version":"1.2.0","Dir":".terraform/modules/far"}]}"#,
            ),
            (
                ".terraform/modules/far/main.tf",
                "data \"aws_ami\" \"a\" {\n  owners = [\"self\"]\n}\nresource \"aws_instance\" \"i\" {\n  ami           = data.aws_ami.a.id\n  instance_type = \"t3.micro\"\n}\n",
            ),
            (
                ".terraform/terraform.tfstate",
                "{\"backend\": {\"type\": \"s3\"}}",
            ),
        ]);
        let before = contents(folder.path());
        let planned = plan(folder.path()).unwrap();
        let found = resources(&planned.json);
        assert_eq!(
            found["module.far.aws_instance.i"]["after_unknown"]["ami"],
            true
        );
        assert_eq!(contents(folder.path()), before);
    }

    #[test]
    fn a_large_configuration_takes_no_time_to_speak_of() {
        let mut text = String::new();
        for number in 0..300 {
            text.push_str(&format!(
                "resource \"aws_sqs_queue\" \"q{number}\" {{\n  name = \"q{number}\"\n}}\n"
            ));
        }
        let folder = written(&[("main.tf", &text)]);
        let begun = std::time::Instant::now();
        let planned = plan(folder.path()).unwrap();
        assert_eq!(resources(&planned.json).len(), 300);
        assert!(begun.elapsed().as_secs() < 60, "{:?}", planned.steps);
    }

    #[test]
    fn time_and_cancellation_end_it() {
        let folder = written(&[("main.tf", "output \"o\" {\n  value = 1\n}\n")]);
        let library = Library::new(&[], None).unwrap();
        let (tool, environment) = (tool(), environment());
        let outcome = |limit: u64, cancelled: bool| {
            let cancel = Cancel::default();
            if cancelled {
                cancel.cancel();
            }
            let offline = Offline {
                tool: &tool,
                directory: folder.path(),
                workspace: Some("prod"),
                var_files: &[],
                variables: &[],
                environment: &environment,
                library: &library,
                limit: Duration::from_millis(limit),
                cancel: &cancel,
            };
            offline.plan(&|_| {}).map(|plan| plan.json)
        };
        use abide_connect::ConnectError;
        assert!(matches!(
            outcome(1, false),
            Err(OfflineError::Connect(ConnectError::TimeOut { .. }))
        ));
        assert!(matches!(
            outcome(60_000, true),
            Err(OfflineError::Connect(ConnectError::Cancelled))
        ));
        assert!(outcome(60_000, false).is_ok());
    }
}
