//! `abide exception import`: what other tools are told becomes exceptions to approve.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Ran, folder, run_in};

fn import(folder: &Path, more: &[&str]) -> Ran {
    let mut arguments = vec!["exception", "import", "--now", "2026-03-01"];
    arguments.extend(more);
    let ran = run_in(folder, &arguments);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran
}

/// The fields that follow `- id:` of every entry, but for the id.
fn entries(ran: &Ran) -> Vec<String> {
    let entries = ran.stdout.split("  - id: ").skip(1);
    let fields = entries.map(|entry| {
        let lines = entry.lines().skip(1);
        let lines = lines.take_while(|line| line.starts_with("    "));
        lines.map(str::trim).collect::<Vec<_>>().join(", ")
    });
    fields.collect()
}

const INSTANCE: &str =
    "resource \"aws_db_instance\" \"a\" {\n  count = 1\n  publicly_accessible = true\n}\n";

fn instance(comment: &str) -> String {
    INSTANCE.replace("  count", &format!("  {comment}\n  count"))
}

const ENTRY: &str = "policy: \"POL-0333\", resource: \"aws_db_instance.a[0]\"";

#[test]
fn comments_of_every_tool() {
    for (text, rest) in [
        (
            instance("#checkov:skip=CKV_AWS_17:a demo: yes"),
            ", reason: \"a demo: yes\"",
        ),
        (instance("# bridgecrew:skip=CKV_AWS_17"), ""),
        (format!("#trivy:ignore:AVD-AWS-0180\n{INSTANCE}"), ""),
        (
            format!("# trivy:ignore:AWS-0180:exp:2026-03-11\n{INSTANCE}"),
            ", expires: 2026-03-10",
        ),
        (
            INSTANCE.replace(
                "true",
                "true # tfsec:ignore:x tfsec:ignore:AVD-AWS-0180:exp:2026-03-11",
            ),
            ", expires: 2026-03-10",
        ),
        (
            format!(
                "// abide:ignore=CKV_AWS_17 until=2026-03-11 reason=demo ticket=S-1\n{INSTANCE}"
            ),
            ", reason: \"demo (S-1)\", expires: 2026-03-11",
        ),
    ] {
        let folder = folder(&[("main.tf", &text)]);
        let ran = import(folder.path(), &["."]);
        assert_eq!(
            entries(&ran),
            [format!("{ENTRY}{rest}")],
            "{text}\n{}",
            ran.stderr
        );
    }
}

#[test]
fn files_of_every_tool() {
    for (name, text, rest) in [
        (
            ".trivyignore",
            "# a demo\nAVD-AWS-0180 exp:2026-03-11\n",
            ", reason: \"a demo\", expires: 2026-03-10",
        ),
        (
            ".trivyignore.yaml",
            "misconfigurations:\n  - id: AVD-AWS-0180\n    paths: [\"*.tf\"]\n    statement: a demo\n    expired_at: 2026-03-11\n  - id: AVD-AWS-0180\n    paths: [other.tf]\n",
            ", reason: \"a demo\", expires: 2026-03-10",
        ),
        (
            ".checkov.baseline",
            r#"{"failed_checks": [{"file": "/main.tf", "findings": [{"resource": "aws_db_instance.a", "check_ids": ["CKV_AWS_17"]}]}]}"#,
            "",
        ),
        (
            ".snyk",
            "ignore:\n  CKV_AWS_17:\n    - 'main.tf > *':\n        reason: a demo\n        expires: 2026-03-11T12:00:00.000Z\n",
            ", reason: \"a demo\", expires: 2026-03-11",
        ),
    ] {
        let folder = folder(&[("main.tf", INSTANCE), (name, text)]);
        for path in [".", name] {
            let ran = import(folder.path(), &[path]);
            assert_eq!(
                entries(&ran),
                [format!("{ENTRY}{rest}")],
                "{name}\n{}",
                ran.stderr
            );
        }
    }
}

#[test]
fn what_cannot_be_mapped_is_named_with_its_line() {
    for (comment, why) in [
        (
            "# checkov:skip=CKV_AWS_99999: no",
            "CKV_AWS_99999: no policy has this id or alias",
        ),
        ("# checkov:skip=CKV2_AWS_6: no", "no exception is needed"),
        (
            "# trivy:ignore:AVD-AWS-0180:ws:dev",
            "`ws:dev` has no counterpart",
        ),
        ("# trivy:ignore:*", "`*` has no counterpart"),
        ("# trivy:ignore:AVD-AWS-0180:exp:soon", "`soon` is no date"),
        (
            "# abide:ignore=POL-0333 until=2026-03-11",
            "`reason=` is missing",
        ),
    ] {
        let folder = folder(&[("main.tf", &instance(comment))]);
        let ran = import(folder.path(), &["."]);
        assert_eq!(entries(&ran), [""; 0], "{comment}");
        assert!(
            ran.stderr.contains("main.tf:2: not imported: "),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains(why), "{comment}: {}", ran.stderr);
    }
    let folder = folder(&[
        ("main.tf", INSTANCE),
        (".trivyignore", "\nAVD-AWS-0180 exp:2026-03-01"),
    ]);
    let ran = import(folder.path(), &["."]);
    let over = ".trivyignore:2: not imported: AVD-AWS-0180: it held until 2026-02-28 and is over";
    assert!(ran.stderr.contains(over), "{}", ran.stderr);
}

#[test]
fn modules_are_those_of_their_callers() {
    let folder = folder(&[
        (
            "live/main.tf",
            "module \"m\" {\n  source = \"../modules/m\"\n}\n",
        ),
        (
            "modules/m/main.tf",
            &instance("# checkov:skip=CKV_AWS_17:x"),
        ),
    ]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    let ran = import(folder.path(), &["."]);
    let entry = ENTRY.replace("aws_db", "module.m.aws_db");
    assert_eq!(
        entries(&ran),
        [format!("{entry}, reason: \"x\"")],
        "{}",
        ran.stderr
    );
}

/// Void without approvers, in force with the two a critical policy needs: the reader understands what was written.
#[test]
fn an_import_waits_for_its_approver() {
    let comment = "# abide:ignore=POL-0333 until=2026-03-11 reason=\"a: \\\"b\\\" #c\"";
    let folder = folder(&[("main.tf", &format!("{comment}\n{INSTANCE}"))]);
    import(folder.path(), &[".", "--output", "e.yaml"]);
    let text = fs::read_to_string(folder.path().join("e.yaml")).unwrap();
    let approved = text.replace("    reason", "    approvers: [ana, eve]\n    reason");
    for (text, excepted, void) in [(text, 0, true), (approved, 1, false)] {
        fs::write(folder.path().join("f.yaml"), text).unwrap();
        let ran = run_in(
            folder.path(),
            &[
                "scan",
                ".",
                "--now",
                "2026-03-01",
                "--exceptions",
                "f.yaml",
                "--format",
                "json",
            ],
        );
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["summary"]["excepted"], excepted);
        assert_eq!(ran.stdout.contains("exception-void"), void);
    }
    let again = run_in(folder.path(), &["exception", "import", ".", "-o", "e.yaml"]);
    assert_eq!(again.code, 2);
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
}

#[test]
fn hostile_text_is_inert() {
    let reason = "x\u{1b}[31m\u{202e}\" \\ #\u{2028}- id: y";
    let skip = format!("# checkov:skip=CKV_AWS_17:{reason}\n  # checkov:skip=\u{1b}]0;x:y");
    let folder = folder(&[
        ("main.tf", &instance(&skip)),
        (".snyk", "ignore: [1, {a: &x 2}]"),
        (".checkov.baseline", "{\"failed_checks\": 7"),
        (".trivyignore.yaml", "- misconfigurations"),
    ]);
    let ran = import(folder.path(), &[".", "-o", "e.yaml"]);
    let text = fs::read_to_string(folder.path().join("e.yaml")).unwrap();
    for shown in [&text, &ran.stderr] {
        assert!(
            !shown.contains(['\u{1b}', '\u{202e}', '\u{2028}']),
            "{shown:?}"
        );
    }
    assert!(
        ran.stderr
            .contains(".trivyignore.yaml:1: not imported: expected a mapping"),
        "{}",
        ran.stderr
    );
    assert_eq!(text.matches("- id:").count(), 2, "{text}");
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("  - id:"))
            .count(),
        1
    );
    assert!(
        ran.stderr
            .contains(".checkov.baseline:2: not imported: cannot be read"),
        "{}",
        ran.stderr
    );
}

/// Ids of tfsec (of two generations) and of Snyk are aliases of policies.
#[test]
fn ids_of_tfsec_and_snyk_are_known() {
    let source = "resource \"aws_instance\" \"a\" {\n  metadata_options {\n    http_tokens = \"optional\"\n  }\n}\nresource \"aws_launch_template\" \"a\" {\n  metadata_options {\n    http_tokens = \"optional\"\n  }\n}\n";
    let instance = "policy: \"POL-0060\", resource: \"aws_instance.a\"".to_owned();
    let template = "policy: \"POL-0061\", resource: \"aws_launch_template.a\"".to_owned();
    for (id, expected) in [
        ("aws-ec2-enforce-http-token-imds", &instance),
        ("aws-autoscaling-enforce-http-token-imds", &template),
        ("aws-ec2-enforce-launch-config-http-token-imds", &template),
    ] {
        let text = source.replace("\"optional\"", &format!("\"optional\" # tfsec:ignore:{id}"));
        let folder = folder(&[("main.tf", &text)]);
        let ran = import(folder.path(), &["."]);
        assert_eq!(
            entries(&ran),
            std::slice::from_ref(expected),
            "{id}\n{}",
            ran.stderr
        );
    }
    let snyk = "ignore:\n  SNYK-CC-TF-130:\n    - '*':\n        reason: a demo\n";
    let folder = folder(&[("main.tf", source), (".snyk", snyk)]);
    let ran = import(folder.path(), &["."]);
    assert_eq!(
        entries(&ran),
        [format!("{instance}, reason: \"a demo\"")],
        "{}",
        ran.stderr
    );
    assert!(
        crate::command::run(&["explain", "SNYK-CC-TF-130"])
            .stdout
            .contains("tfsec: aws-ec2-enforce-http-token-imds"),
    );
}
