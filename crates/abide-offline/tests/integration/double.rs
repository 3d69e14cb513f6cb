//! The same server as a double of a whole provider: drift made by editing a file.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use abide_connect::{Cancel, Planning};
use abide_offline::{Address, FolderCloud, Library, Provider, Server, Types};
use serde_json::{Value as Json, json};

use crate::support::{environment, tool, written};

/// AWS as a folder of files.
fn double(cloud: &Path) -> Server {
    let types = Types {
        resources: ["aws_s3_bucket", "aws_sqs_queue", "aws_ebs_volume"]
            .map(str::to_owned)
            .into(),
        ..Types::default()
    };
    let address = Address::implied("aws");
    let library = Library::new(&[], None).unwrap();
    let found = library.find(&address, None, &types).unwrap().unwrap();
    let cloud = Arc::new(FolderCloud(cloud.to_owned()));
    let provider = Provider::new(address.clone(), found.schema).with_cloud(cloud);
    Server::start(vec![(
        address.full("registry.terraform.io"),
        Arc::new(provider),
    )])
    .unwrap()
}

fn terraform(directory: &Path, server: &Server, arguments: &[&str]) {
    let done = Command::new("terraform")
        .args(arguments)
        .current_dir(directory)
        .env("TF_REATTACH_PROVIDERS", server.reattach())
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// A drift plan, made as `abide drift` makes it.
fn look(directory: &Path, server: &Server) -> Json {
    let mut environment = environment();
    environment.set("TF_REATTACH_PROVIDERS", server.reattach());
    let planned = abide_connect::plan(
        &Planning {
            tool: &tool(),
            directory,
            data: &directory.join(".terraform"),
            workspace: None,
            var_files: &[],
            backend: &[],
            refresh: true,
            environment: &environment,
            limit: Duration::from_secs(60),
            cancel: &Cancel::default(),
        },
        &|_| {},
    )
    .unwrap();
    serde_json::from_slice(&fs::read(&planned.json).unwrap()).unwrap()
}

fn drifted(plan: &Json) -> Vec<(String, String)> {
    let drift = plan["resource_drift"].as_array().into_iter().flatten();
    drift
        .map(|change| {
            (
                change["address"].as_str().unwrap_or_default().to_owned(),
                change["change"]["actions"][0]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            )
        })
        .collect()
}

mod real_terraform {
    use super::*;

    #[test]
    fn an_edited_file_is_drift_and_a_deleted_one_too() {
        let folder = written(&[(
            "main.tf",
            r#"
            resource "aws_s3_bucket" "b" { bucket = "northbank" }
            resource "aws_sqs_queue" "q" {
              name                    = "orders"
              sqs_managed_sse_enabled = true
            }
            resource "aws_ebs_volume" "v" {
              availability_zone = "eu-west-1a"
              size              = 10
            }
            "#,
        )]);
        let cloud = tempfile::tempdir().unwrap();
        let server = double(cloud.path());
        terraform(folder.path(), &server, &["init", "-input=false"]);
        terraform(
            folder.path(),
            &server,
            &["apply", "-auto-approve", "-input=false"],
        );
        let state = fs::read(folder.path().join("terraform.tfstate")).unwrap();
        let clean = look(folder.path(), &server);
        assert_eq!(drifted(&clean), []);

        let files = FolderCloud(cloud.path().to_owned());
        let queue = files.file("aws_sqs_queue", "orders");
        let mut object: Json = serde_json::from_slice(&fs::read(&queue).unwrap()).unwrap();
        object["sqs_managed_sse_enabled"] = json!(false);
        fs::write(&queue, object.to_string()).unwrap();
        for entry in fs::read_dir(cloud.path().join("aws_ebs_volume")).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let plan = look(folder.path(), &server);
        let expected = [
            ("aws_ebs_volume.v", "delete"),
            ("aws_sqs_queue.q", "update"),
        ];
        let expected = expected.map(|(address, action)| (address.to_owned(), action.to_owned()));
        assert_eq!(drifted(&plan), expected);
        let change = &plan["resource_drift"][1]["change"];
        assert_eq!(change["before"]["sqs_managed_sse_enabled"], true);
        assert_eq!(change["after"]["sqs_managed_sse_enabled"], false);
        assert_eq!(
            fs::read(folder.path().join("terraform.tfstate")).unwrap(),
            state
        );

        terraform(
            folder.path(),
            &server,
            &["destroy", "-auto-approve", "-input=false"],
        );
        assert!(!files.file("aws_s3_bucket", "northbank").exists());
    }
}
