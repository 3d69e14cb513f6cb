//! Parameters, `abide.toml`, and rollouts.

use std::fs;

use serde_json::Value;

use crate::command::{plan, run, run_in};

/// What is said when a scan is refused under this configuration.
fn refused(config: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("abide.toml"), config).unwrap();
    let input = plan("ebs-volume");
    let mut all = vec!["scan", &input];
    all.extend(more);
    let ran = run_in(folder.path(), &all);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{config}");
    ran.stderr
}

#[test]
fn parameters_say_what_they_accept() {
    for (set, words) in [
        (
            "POL-0002.allowed_ports=https",
            "policy POL-0002: parameter `allowed_ports` cannot be `https`: expected a list of whole numbers from 0 to 65535",
        ),
        ("POL-0002.allowed_ports=80,70000", "cannot be `70000`"),
        (
            "POL-0003.min_days=-1",
            "cannot be `-1`: expected a whole number from 0 to 35",
        ),
        ("POL-0003.min_days=7.5", "cannot be `7.5`"),
        ("POL-0003.min_days=7,8", "cannot be `7,8`"),
        (
            "POL-0001.assume_aws_default=maybe",
            "expected `true` or `false`",
        ),
        (
            "POL-0114.accepted=SOME",
            "expected a list of texts among `ALL`, `ACCEPT`, `REJECT`",
        ),
        (
            "POL-0003.mindays=7",
            "policy POL-0003 has no parameter `mindays`; did you mean `min_days`?",
        ),
        (
            "POL-0228.any_identity=(",
            "parameter `any_identity` cannot be `(`: expected a regular expression",
        ),
    ] {
        let said = refused("", &["--set", set]);
        assert!(said.contains(words), "{set}: {said}");
        assert!(!said.contains("abide.toml"), "{set}: {said}");
    }
    let input = plan("ebs-volume");
    // A comma in a text divides nothing; a number stands for the text of a version.
    for set in [
        "POL-0228.any_identity=^a{1,2}$",
        "POL-0361.oldest_postgres=15",
        "POL-0002.allowed_ports=443",
        "POL-0002.allowed_ports=",
    ] {
        let ran = run(&["scan", &input, "--exit-zero", "--set", set]);
        assert_eq!(ran.code, 0, "{set}: {}", ran.stderr);
    }
}

#[test]
fn slips_in_the_configuration_are_named_with_their_place() {
    let mut wrong = Vec::new();
    for (config, words) in [
        (
            "[scan]\nselect = [\"s3\", \"hihg\"]\n",
            "abide.toml:2:17: `hihg` selects nothing (did you mean `high`?)",
        ),
        (
            "[scan]\nignore = [\"POL-00001\"]\n",
            "abide.toml:2:11: unknown policy `POL-00001`; did you mean `POL-0001`?",
        ),
        (
            "[scan]\nfail_on = \"hgih\"\n",
            "abide.toml:2:11: scan.fail_on: `hgih` is no severity",
        ),
        (
            "[scan]\nframeworks = [\"soc3\"]\n",
            "abide.toml:2:15: scan.frameworks",
        ),
        (
            "[scan]\non_unknown = \"wran\"\n",
            "abide.toml:2:14: unknown variant `wran`",
        ),
        (
            "[policies.POL-00022]\nenabled = false\n",
            "abide.toml:1:11: unknown policy `POL-00022`; did you mean `POL-0002`?",
        ),
        ("[policies.POL-00022]\n", "abide.toml:1:11: unknown policy"),
        (
            "[policies.POL-0002]\nseverity = \"hihg\"\n",
            "abide.toml:2:12: ",
        ),
        (
            "[policies.POL-0002.parameters]\nallowed_port = [80]\n",
            "abide.toml:2:1: policy POL-0002 has no parameter `allowed_port`; did you mean `allowed_ports`?",
        ),
        (
            "[policies.POL-0002]\nparameters = { allowed_ports = [80, \"x\"] }\n",
            "abide.toml:2:32: policy POL-0002: parameter `allowed_ports` cannot be `x`",
        ),
        (
            "[policies.POL-0361]\nparameters = { oldest_mysql = 8.0 }\n",
            "cannot be `8`: expected a text",
        ),
        (
            "[policies.POL-0002]\nrollout = \"wran\"\n",
            "abide.toml:2:11: policies.POL-0002.rollout: `wran` is no rollout; did you mean `warn`?",
        ),
        (
            "[policies.POL-0002]\nrollout = [{ from = 2026-03-01, mode = \"warn\" }, { from = 2026-01-01, mode = \"enforce\" }]\n",
            "abide.toml:2:11: policies.POL-0002.rollout: the step from 2026-01-01 stands after",
        ),
        (
            "[policies.POL-0002]\nrollout = [{ form = 2026-03-01, mode = \"warn\" }]\n",
            "unknown key `form`; did you mean `from`?",
        ),
        (
            "[policies.POL-0002]\nrollout = [{ from = 2026-03-01T08:00:00Z, mode = \"warn\" }]\n",
            "is no day",
        ),
        ("[policies.POL-0002]\nrollout = []\n", "at least one step"),
        (
            "[rollout]\ndefault = 3\n",
            "abide.toml:2:11: rollout.default: expected \"observe\"",
        ),
    ] {
        let said = refused(config, &[]);
        if !said.contains(words) {
            wrong.push(format!("{config}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_files_of_one_id_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = run(&["policy", "show", "POL-0001"]).stdout;
    for name in ["a.yaml", "b.yaml"] {
        fs::write(
            folder.path().join(name),
            text.replace("POL-0001", "ACME-0001"),
        )
        .unwrap();
    }
    let ran = run_in(
        folder.path(),
        &[
            "scan",
            &plan("ebs-volume"),
            "--policies",
            "a.yaml",
            "--policies",
            "b.yaml",
        ],
    );
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .contains("policy ACME-0001 is defined twice, in a.yaml:1 and in b.yaml:1"),
        "{}",
        ran.stderr
    );
}

const STEPS: &str = "[policies.POL-0005]\nrollout = [{ from = 2026-01-01, mode = \"warn\" }, { from = \"2026-03-01\", mode = \"enforce\" }]\n";

/// A policy comes into force with the time a run is given.
#[test]
fn a_rollout_follows_the_given_time() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("abide.toml"), STEPS).unwrap();
    let input = plan("ebs-volume");
    let at = |now: &str, format: &str| {
        run_in(
            here,
            &[
                "scan",
                &input,
                "--select=POL-0005",
                "--fail-on=low",
                "--now",
                now,
                "--format",
                format,
            ],
        )
    };
    for (now, mode, code) in [
        ("2025-12-31", "observe", 0),
        ("2026-01-01", "warn", 0),
        ("2026-03-01", "enforce", 1),
    ] {
        let ran = at(now, "json");
        assert_eq!(ran.code, code, "{now}: {}", ran.stderr);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let failed = report["summary"]["fail"].as_u64().unwrap();
        assert!(failed > 0);
        let observed = if mode == "observe" { failed } else { 0 };
        assert_eq!(report["summary"]["observed"], observed, "{now}");
        for result in report["results"].as_array().unwrap() {
            assert_eq!(result["rollout"], mode, "{now}");
            assert_eq!(result["compliant"], false);
        }
        let list = run_in(here, &["policy", "list", "--format=json", "--now", now]);
        let list: Value = serde_json::from_str(&list.stdout).unwrap();
        let of = |id: &str| {
            let mut all = list.as_array().unwrap().iter();
            all.find(|policy| policy["id"] == id).unwrap().clone()
        };
        assert_eq!(of("POL-0005")["rollout"], mode);
        assert_eq!(of("POL-0005")["rollout_steps"][1]["from"], "2026-03-01");
        assert_eq!(of("POL-0001")["rollout"], "enforce");
    }
    // Folded while it is observed, shown when it warns.
    let observed = at("2025-12-31", "human").stdout;
    assert!(
        observed.contains("observed: ") && observed.contains("POL-0005 ("),
        "{observed}"
    );
    assert!(!observed.contains("aws_ebs_volume."), "{observed}");
    let warned = at("2026-01-01", "human").stdout;
    assert!(warned.contains("warning[POL-0005]"), "{warned}");
    assert!(!warned.contains("error[POL-0005]"), "{warned}");
    for (format, words) in [
        ("markdown", "Observed, does not count yet"),
        ("sarif", "\"rollout\":\"observe\""),
        ("junit", "observed: "),
        ("csv", ",observe"),
        ("gitlab", "\"severity\":\"info\""),
    ] {
        let said = at("2025-12-31", format).stdout;
        assert!(said.contains(words), "{format}: {said}");
    }
    let github = at("2025-12-31", "github").stdout;
    assert!(
        !github.contains("::warning") && !github.contains("::error"),
        "{github}"
    );
}

#[test]
fn unknowns_of_a_rollout_do_not_fail_either() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let input = plan("cidr-list-partly-unknown");
    let code = |config: &str| {
        fs::write(here.join("abide.toml"), config).unwrap();
        run_in(
            here,
            &[
                "scan",
                &input,
                "--select=POL-0100",
                "--on-unknown=fail",
                "--fail-on=low",
            ],
        )
        .code
    };
    assert_eq!(code(""), 1);
    for mode in ["observe", "warn"] {
        assert_eq!(code(&format!("[rollout]\ndefault = \"{mode}\"\n")), 0);
    }
    // A policy's own rollout wins over the default.
    assert_eq!(
        code("[rollout]\ndefault = \"warn\"\n[policies.POL-0100]\nrollout = \"enforce\"\n"),
        1
    );
    let shown = run_in(here, &["config", "show"]).stdout;
    assert!(
        shown.contains("rollout.default") && shown.contains("policies.POL-0100.rollout"),
        "{shown}"
    );
}

/// A database that is public in one workspace, by a variable and a file.
const INFRA: &str = r#"
variable "open" { default = true }
variable "days" { default = 0 }
variable "zones" { type = list(string) }
resource "aws_db_instance" "a" {
  count                   = terraform.workspace == "prod" ? length(var.zones) : 0
  publicly_accessible     = var.open
  backup_retention_period = var.days
}
"#;

/// Outcomes of the policies of a scan of `infra`, by policy.
fn outcomes(folder: &std::path::Path, more: &[&str]) -> Vec<String> {
    let scan = [
        "scan",
        "infra",
        "--select",
        "POL-0333,POL-0003",
        "--all-results",
    ];
    let ran = run_in(folder, &[&scan[..], &["--format", "json"], more].concat());
    let json: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    let results = json["results"].as_array().unwrap().iter();
    let mut all: Vec<String> = results
        .map(|r| {
            format!(
                "{} {}",
                r["policy_id"].as_str().unwrap(),
                r["outcome"].as_str().unwrap()
            )
        })
        .collect();
    all.sort();
    all
}

fn infra(config: &str) -> tempfile::TempDir {
    crate::command::folder(&[
        ("abide.toml", config),
        ("infra/main.tf", INFRA),
        ("infra/prod.tfvars", "days = 9\n"),
        ("other.tfvars", "open = true\ndays = 1\n"),
    ])
}

#[test]
fn source_is_read_as_the_file_says_and_flags_win() {
    let config = "[source]\nvariables = { open = false, days = 2, zones = [\"a\"] }\nvar_files = [\"infra/prod.tfvars\"]\nworkspace = \"prod\"\n";
    let folder = infra(config);
    let here = folder.path();
    // The file with values wins over the values beside it.
    assert_eq!(outcomes(here, &[]), ["POL-0003 pass", "POL-0333 pass"]);
    assert_eq!(
        outcomes(here, &["--var", "open=true"]),
        ["POL-0003 pass", "POL-0333 fail"]
    );
    assert_eq!(
        outcomes(here, &["--var-file", "other.tfvars"]),
        ["POL-0003 fail", "POL-0333 fail"]
    );
    assert!(outcomes(here, &["--workspace", "dev"]).is_empty());
    assert!(outcomes(here, &["--no-config"]).is_empty());
    // Two zones of the command line are two instances.
    assert_eq!(outcomes(here, &["--var", "zones=[\"a\",\"b\"]"]).len(), 4);
}

#[test]
fn the_directory_is_that_of_plans_and_fixes() {
    let config =
        "[source]\ndirectory = \"infra\"\nworkspace = \"prod\"\nvariables = { zones = [\"a\"] }\n";
    let folder = infra(config);
    let deeper = folder.path().join("infra/deeper");
    fs::create_dir(&deeper).unwrap();
    let ran = run_in(&deeper, &["fix", "--select", "POL-0333"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("-variable \"open\" { default = true }"),
        "{}",
        ran.stdout
    );
    let change = serde_json::json!({
        "address": "aws_db_instance.a[0]", "mode": "managed", "type": "aws_db_instance", "name": "a", "index": 0,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": ["create"], "before": null, "after": {"publicly_accessible": true}, "after_unknown": {}},
    });
    let plan = serde_json::json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [change],
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}},
    });
    fs::write(deeper.join("plan.json"), plan.to_string()).unwrap();
    let scan = [
        "scan",
        "plan.json",
        "--select",
        "POL-0333",
        "--format",
        "json",
    ];
    let located = |more: &[&str]| {
        let ran = run_in(&deeper, &[&scan[..], more].concat());
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        json["results"][0]["location"].clone()
    };
    assert_eq!(located(&[])["line"], 7);
    assert!(located(&["--no-source"]).is_null());
}

#[test]
fn slips_in_source_settings_are_named() {
    let said = refused("[source]\nvar_files = [\n  \"no.tfvars\",\n]\n", &[]);
    assert!(
        said.contains("abide.toml:3:3: source.var_files: "),
        "{said}"
    );
    let said = refused("[source]\nvarfiles = []\n", &[]);
    assert!(said.contains("did you mean `var_files`?"), "{said}");
}

#[test]
fn values_of_variables_are_not_printed() {
    let folder = infra("[source]\nvariables = { password = \"hunter2hunter2\" }\n");
    for format in ["human", "json"] {
        let ran = run_in(folder.path(), &["config", "show", "--format", format]);
        assert!(
            ran.stdout.contains("source.variables.password"),
            "{}",
            ran.stdout
        );
        assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    }
}
