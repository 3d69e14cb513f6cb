//! `abide plan` and `abide scan --via-terraform`: with a program that stands for Terraform, and with the real one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::command::{Ran, abide, folder, plan, repository, run_in};

/// Writes down what it is asked and what it sees, and gives a plan that is there.
fn stand(directory: &std::path::Path) -> String {
    let path = directory.join("terraform");
    let plan = plan("empty");
    let text = format!(
        "#!/bin/sh\necho \"$@\" >>'{at}/asked'\nenv >'{at}/environment'\npwd >'{at}/where'\n\
         case \"$1\" in\nversion) echo '{{\"terraform_version\": \"1.11.4\"}}' ;;\nshow) cat '{plan}' ;;\nesac\n",
        at = directory.display(),
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn terraform_is_asked_for_a_plan_only_and_gets_no_credentials() {
    let source = folder(&[
        ("main.tf", "resource \"aws_sns_topic\" \"t\" {}\n"),
        ("x.tfvars", ""),
    ]);
    let own = tempfile::tempdir().unwrap();
    let program = stand(own.path());
    let ran: Ran = abide()
        .current_dir(source.path())
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "not to be seen")
        .env("AWS_PROFILE", "prod")
        .env("TF_VAR_kept", "1")
        .args([
            "plan",
            "--terraform",
            &program,
            "--var",
            "a=b c",
            "--var-file",
            "x.tfvars",
            "--workspace",
            "live",
        ])
        .output()
        .unwrap()
        .into();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("{\"format_version\""),
        "{}",
        ran.stdout
    );
    let read = |name: &str| fs::read_to_string(own.path().join(name)).unwrap();
    let asked = read("asked");
    let asked: Vec<&str> = asked.lines().collect();
    let steps: Vec<_> = asked
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(steps, ["version", "init", "plan", "show"]);
    assert!(asked[2].ends_with("x.tfvars -var=a=b c"), "{}", asked[2]);
    let environment = read("environment");
    for kept in [
        "TF_WORKSPACE=live",
        "TF_VAR_kept=1",
        "TF_REATTACH_PROVIDERS={\"registry.terraform.io/hashicorp/aws\"",
    ] {
        assert!(environment.contains(kept), "{kept}\n{environment}");
    }
    assert!(!environment.contains("AWS_"), "{environment}");
    // It works in a scratch folder, which is gone now.
    let scratch = read("where");
    assert_ne!(scratch.trim(), source.path().display().to_string());
    assert!(!std::path::Path::new(scratch.trim()).exists());
    assert_eq!(fs::read_dir(source.path()).unwrap().count(), 2);
}

#[test]
fn what_is_missing_is_said() {
    let source = folder(&[("main.tf", "resource \"acme_x\" \"y\" {}\n")]);
    let ran = run_in(
        source.path(),
        &["plan", "--terraform", "/nowhere/terraform"],
    );
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("cannot run /nowhere/terraform"),
        "{}",
        ran.stderr
    );
    let own = tempfile::tempdir().unwrap();
    let program = stand(own.path());
    let ran = run_in(source.path(), &["plan", "--terraform", &program]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .contains("provider hashicorp/acme, needed by the root module"),
        "{}",
        ran.stderr
    );
    let bad = folder(&[("schema.json", "{}")]);
    let bad = bad.path().join("schema.json").display().to_string();
    let ran = run_in(
        source.path(),
        &["plan", "--terraform", &program, "--schema", &bad],
    );
    assert!(
        ran.stderr.contains("it has no `provider_schemas`"),
        "{}",
        ran.stderr
    );
    let nothing = tempfile::tempdir().unwrap();
    let ran = run_in(nothing.path(), &["plan", "--terraform", &program]);
    assert!(
        ran.stderr.contains("has no Terraform source"),
        "{}",
        ran.stderr
    );
}

mod real_terraform {
    use super::*;

    #[test]
    fn a_scan_via_terraform_is_a_scan_of_the_plan_with_its_source() {
        let from = repository().join("tests/fixtures/plans/policy-jsonencode-unknown/main.tf");
        let source = folder(&[("infra/main.tf", &fs::read_to_string(from).unwrap())]);
        let run = |arguments: &[&str]| run_in(source.path(), arguments);
        let planned = run(&["plan", "infra", "--out", "plan.json", "--timings"]);
        assert_eq!(planned.code, 0, "{}", planned.stderr);
        assert!(planned.stderr.contains("prepare "), "{}", planned.stderr);
        let file = source.path().join("plan.json");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "a plan may hold secrets");
        let json: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(json["terraform_version"], abide_connect_version());
        let two = run(&["scan", "plan.json", "--source", "infra"]);
        let one = run(&["scan", "infra", "--via-terraform"]);
        assert_eq!((one.code, &one.stdout), (1, &two.stdout));
        assert!(
            one.stdout.contains("--> infra/main.tf:8:1"),
            "{}",
            one.stdout
        );
    }

    fn abide_connect_version() -> String {
        let said = std::process::Command::new("terraform")
            .args(["version", "-json"])
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .expect("terraform is not on the PATH: install it, or run scripts/test, which leaves this test out");
        let said: Value = serde_json::from_slice(&said.stdout).unwrap();
        said["terraform_version"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_schema_is_given_once() {
        let source = folder(&[
            (
                "main.tf",
                "terraform {\n  required_providers {\n    acme = { source = \"acme/acme\" }\n  }\n}\nresource \"acme_box\" \"b\" {\n  size = var.size\n}\nvariable \"size\" { type = number }\n",
            ),
            ("abide.toml", "[source.variables]\nsize = 4\n"),
            (
                "schema.json",
                r#"{"provider_schemas": {"registry.terraform.io/acme/acme": {"provider": {"version": 0, "block": {}},
                "resource_schemas": {"acme_box": {"version": 0, "block": {"attributes": {
                    "id": {"type": "string", "computed": true}, "size": {"type": "number", "required": true}}}}}}}}"#,
            ),
        ]);
        let cache = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| -> Ran {
            abide()
                .current_dir(source.path())
                .env("XDG_CACHE_HOME", cache.path())
                .args(arguments)
                .output()
                .unwrap()
                .into()
        };
        assert_eq!(run(&["plan"]).code, 2);
        let first = run(&["plan", "--schema", "schema.json"]);
        assert_eq!(first.code, 0, "{}", first.stderr);
        let second = run(&["plan", "--var", "size=5"]);
        let size = |ran: &Ran| {
            let json: Value = serde_json::from_str(&ran.stdout).unwrap();
            json["resource_changes"][0]["change"]["after"]["size"].clone()
        };
        assert_eq!((size(&first), size(&second)), (4.into(), 5.into()));
    }
}
