//! A scan with one of everything, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use abide_core::address::ResourceAddress;
use abide_core::diagnostic::{Diagnostic, Level, Place};
use abide_core::finding::{
    AppliedException, Fact, Finding, Fingerprint, Location, Outcome, Related, Snippet,
};
use abide_core::remedy::{Edit, Fix, Remedy, Suggestion};
use abide_core::request::Request;
use abide_core::rollout::Stage;
use abide_core::scan::{Scan, ScanInput, ScanPolicy, Summary};
use abide_policy::Severity;

use crate::{Format, Report, ReportOptions};

/// Text that tries to get out of every format.
pub(crate) const HOSTILE: &str = "=cmd()\r\n::set-output name=x::y\n##[error]x \u{1b}[31mred\u{202e}evil\u{200b} </details><script>alert(1)</script> ```\n# h [l](http://e.vil) @all | `x` ]]>&amp; %0A::error::z";

/// Policies of the sample, by index.
pub(crate) const POLICIES: [(&str, &str, Severity); 4] = [
    (
        "POL-0002",
        "Security groups allow no unrestricted ingress except TCP 443",
        Severity::Critical,
    ),
    (
        "POL-0003",
        "RDS instances keep automated backups for at least seven days",
        Severity::High,
    ),
    ("POL-0005", "EBS volumes are encrypted", Severity::Medium),
    ("POL-0106", "Buckets have access logging", Severity::Low),
];

/// A finding of one of [`POLICIES`] to start from.
pub(crate) fn finding(policy: u32, address: &str, outcome: Outcome, message: &str) -> Finding {
    let (id, _, severity) = POLICIES[policy as usize];
    let address = ResourceAddress::from_terraform(address);
    let resource_type = address
        .parts()
        .map_or("account".into(), |parts| parts.type_name);
    Finding {
        policy,
        input: 0,
        fingerprint: Fingerprint::of(id, address.as_str(), outcome, None, &[]),
        resource_address: address,
        resource_type: resource_type.into(),
        outcome,
        severity,
        message: message.to_owned(),
        remediation: String::new(),
        fix: Vec::new(),
        attribute: None,
        found: None,
        expected: None,
        facts: Vec::new(),
        waits_for: Vec::new(),
        previous_fingerprint: None,
        location: None,
        related: Vec::new(),
        calls: Vec::new(),
        remedy: None,
        exception: None,
        requested: None,
        in_baseline: false,
        rollout: Stage::default(),
    }
}

fn policies() -> Vec<ScanPolicy> {
    let controls: [&[&str]; 4] = [
        &[
            "soc2-2017:CC6.6",
            "pci-dss-4.0.1:1.3.1",
            "cis-aws-7.0.0:6.3",
        ],
        &["soc2-2017:A1.2", "pci-dss-4.0.1:12.10.1"],
        &["soc2-2017:CC6.1", "pci-dss-4.0.1:3.5.1"],
        &[],
    ];
    let labels: [&[&str]; 4] = [
        &["SOC2-CC6.6", "PCI-DSS-1.3", "CIS-5.2"],
        &["SOC2-A1.2", "PCI-DSS-12.10"],
        &["SOC2-CC6.1", "PCI-DSS-3.4"],
        &[],
    ];
    let mut out = Vec::new();
    for (at, (id, title, severity)) in POLICIES.into_iter().enumerate() {
        out.push(ScanPolicy {
            id: id.into(),
            title: title.into(),
            severity,
            rollout: Stage::default(),
            controls: controls[at].iter().map(|id| id.parse().unwrap()).collect(),
            why: format!("Why {id} matters.\n"),
            remediation: format!("What to do about {id}."),
            references: vec![format!("https://docs.aws.amazon.com/{id}.html")],
            labels: labels[at].iter().map(ToString::to_string).collect(),
        });
    }
    out
}

fn violations() -> Vec<Finding> {
    let fact = |pairs: &[(&str, &str)]| {
        Fact(
            pairs
                .iter()
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .collect(),
        )
    };
    let mut ssh = finding(
        0,
        r#"module.edge["eu"].aws_security_group.ssh"#,
        Outcome::Fail,
        "Unrestricted ingress from 0.0.0.0/0 on tcp port 22",
    );
    ssh.remediation =
        "Restrict the source to the addresses that need it, or use 443 only for public access"
            .into();
    ssh.attribute = Some("ingress[0].cidr_blocks".parse().unwrap());
    ssh.found = Some("[\"0.0.0.0/0\"]".into());
    ssh.expected = Some("no rule that admits the whole internet".into());
    ssh.facts = vec![
        fact(&[("rule", "ingress"), ("port", "22"), ("cidr", "0.0.0.0/0")]),
        fact(&[("rule", "ingress"), ("port", "22"), ("cidr", "::/0")]),
    ];
    let mut located = finding(
        0,
        "aws_security_group.db",
        Outcome::Fail,
        "Unrestricted ingress from ::/0 on tcp port 5432",
    );
    located.location = Some(Location {
        file: "network/main.tf".into(),
        line: 12,
        column: 5,
        end_line: 12,
        end_column: 40,
    });
    located.related = vec![Related {
        message: "in this block".into(),
        location: Location {
            file: "network/main.tf".into(),
            line: 9,
            column: 3,
            end_line: 9,
            end_column: 10,
        },
    }];
    located.calls = vec![Related {
        message: "module.net is called here".into(),
        location: Location {
            file: "main.tf".into(),
            line: 3,
            column: 1,
            end_line: 3,
            end_column: 13,
        },
    }];
    located.previous_fingerprint = "f".repeat(32).parse().ok();
    located.remedy = Some(Remedy::Proven(restrict("\"10.0.0.0/8\"")));
    let mut out = vec![ssh, located];
    for key in ["a", "b", "c", "d", "e"] {
        let address = format!(r#"aws_db_instance.replica["{key}"]"#);
        let mut backup = finding(
            1,
            &address,
            Outcome::Fail,
            "Backup retention is 3 days (minimum 7)",
        );
        backup.remediation = "Set backup_retention_period = 7 or higher".into();
        backup.attribute = Some("backup_retention_period".parse().unwrap());
        backup.found = Some("3".into());
        backup.expected = Some("at least 7".into());
        backup.facts = vec![fact(&[("found", "3")])];
        backup.fix = vec![Snippet {
            inside: true,
            hcl: "backup_retention_period = 7".into(),
        }];
        out.push(backup);
    }
    let mut known = finding(
        2,
        "aws_ebs_volume.old",
        Outcome::Fail,
        "EBS volume is not encrypted",
    );
    known.in_baseline = true;
    out.push(known);
    let mut logging = finding(
        3,
        "aws_s3_bucket.assets",
        Outcome::Fail,
        "Access logging is off",
    );
    logging.fix = vec![Snippet {
        inside: false,
        hcl: "resource \"aws_s3_bucket_logging\" \"assets\" {\n  bucket        = aws_s3_bucket.assets.id\n  target_bucket = \"…\"\n}\n".into(),
    }];
    logging.remedy = Some(Remedy::ByHand {
        why: "main.tf.json has JSON syntax, which is not edited".into(),
    });
    out.push(logging);
    out
}

/// A fix that writes another range in line 12 of the sample's file.
pub(crate) fn restrict(range: &str) -> Fix {
    Fix {
        edits: vec![Edit {
            location: Location {
                file: "network/main.tf".into(),
                line: 12,
                column: 20,
                end_line: 12,
                end_column: 26,
            },
            replacement: range.into(),
        }],
        suggestions: vec![Suggestion {
            file: "network/main.tf".into(),
            line: 12,
            end_line: 12,
            text: format!("    cidr_blocks = [{range}]"),
        }],
    }
}

/// A finding with [`HOSTILE`] text wherever text can be.
pub(crate) fn hostile(text: &str) -> Finding {
    let mut out = finding(0, text, Outcome::Fail, text);
    out.remediation = text.into();
    out.found = Some(text.into());
    out.expected = Some(text.into());
    out.attribute = Some(
        abide_core::attribute::AttributePath::default()
            .name("tags")
            .name(text),
    );
    out.facts = vec![Fact(vec![(text.into(), text.into())]); 2];
    out.fix = vec![Snippet {
        inside: true,
        hcl: text.into(),
    }];
    out.remedy = Some(Remedy::Proven(restrict(text)));
    out.requested = Some(Request {
        reason: text.into(),
        until: "2026-12-31".parse().unwrap(),
        ticket: Some(text.into()),
        place: Place {
            file: "main.tf".into(),
            line: 3,
            column: 5,
        },
    });
    out
}

/// The exception of a finding.
pub(crate) fn exception(text: &str) -> AppliedException {
    AppliedException {
        id: "EX-7".into(),
        reason: text.into(),
        approver: "kim".into(),
        approvers: vec!["kim".into()],
        requester: Some(text.into()),
        category: abide_core::exception::Category::Mitigated,
        ticket: Some(text.into()),
        compensating_control: Some(text.into()),
        expires: "2026-12-31".into(),
        place: Some(Place {
            file: ".abide/exceptions.yaml".into(),
            line: 3,
            column: 1,
        }),
    }
}

/// One of everything.
/// A file whose author means no good.
fn sources() -> BTreeMap<String, Arc<str>> {
    let mut text = "# one line\n".repeat(8);
    text.push_str("  ingress {\n    from_port = 5432 # \u{202e}\u{1b}[2J ##[error]x ::error::x\n    to_port   = 5432\n");
    text.push_str(
        "    cidr_blocks = [\"::/0\"] # \u{200b}::set-output name=x::y ##vso[task.x]\n  }\n",
    );
    BTreeMap::from([("network/main.tf".to_owned(), text.into())])
}

pub(crate) fn scan() -> Scan {
    let mut findings = violations();
    findings.push(hostile(HOSTILE));
    let mut unknown = finding(
        2,
        "aws_instance.web",
        Outcome::Unknown,
        "The input does not say whether the root volume is encrypted",
    );
    unknown.waits_for = vec![
        "aws_kms_key.data".into(),
        "aws_ebs_encryption_by_default.eu".into(),
    ];
    findings.push(unknown);
    findings.push(finding(
        1,
        "aws_rds_cluster.x",
        Outcome::Error,
        "The expression does not end",
    ));
    let mut excepted = finding(
        1,
        "aws_db_instance.scratch",
        Outcome::Fail,
        "Backup retention is 0 days (minimum 7)",
    );
    excepted.exception = Some(exception("Rebuilt from the nightly dump\n::warning::x"));
    findings.push(excepted);
    findings.push(finding(2, "aws_ebs_volume.new", Outcome::Pass, "Encrypted"));
    findings.push(finding(
        3,
        "root",
        Outcome::NotApplicable,
        "No baseline here",
    ));
    of(findings)
}

/// A scan of these findings.
pub(crate) fn of(findings: Vec<Finding>) -> Scan {
    let place = Place {
        file: ".abide/exceptions.yaml".into(),
        line: 9,
        column: 3,
    };
    Scan {
        at: "2026-11-25T08:30:00Z".parse().unwrap(),
        tool_version: "0.1.0".into(),
        inputs: vec![ScanInput {
            name: "terraform/plan.json".into(),
            kind: "plan",
            terraform_version: Some("1.14.0".into()),
            resources: 412,
        }],
        policies: policies(),
        summary: summary(&findings),
        findings,
        unchecked_types: BTreeMap::from([
            ("aws_glue_job".into(), 9),
            ("aws_sfn_state_machine".into(), 2),
        ]),
        sources: sources(),
        diagnostics: vec![
            Diagnostic::new(
                Level::Warning,
                "exception-void",
                "The exception EX-9 is void: it has no expiry. Add `expires: YYYY-MM-DD`.",
            )
            .at(place),
            Diagnostic::new(
                Level::Note,
                "exception-unused",
                "The exception EX-3 covers nothing",
            ),
        ],
    }
}

fn summary(findings: &[Finding]) -> Summary {
    let count = |outcome| findings.iter().filter(|f| f.outcome == outcome).count();
    let mut out = Summary {
        resources: 412,
        policies: POLICIES.len(),
        pass: count(Outcome::Pass),
        fail: findings.iter().filter(|f| f.is_violation()).count(),
        unknown: count(Outcome::Unknown),
        not_applicable: count(Outcome::NotApplicable),
        excepted: findings.iter().filter(|f| f.exception.is_some()).count(),
        error: count(Outcome::Error),
        in_baseline: findings.iter().filter(|f| f.in_baseline).count(),
        ..Summary::default()
    };
    out.evaluated = out.pass + out.fail + out.excepted + out.unknown + out.error;
    let violations = findings.iter().filter(|f| f.is_violation());
    violations.for_each(|f| out.by_severity.add(f.severity));
    out
}

/// A scan in a format, judged by the options' gate.
pub(crate) fn show(scan: &Scan, format: Format, options: ReportOptions) -> String {
    let report = Report::new(scan, options.gate.judge(scan), options);
    let mut out = Vec::new();
    crate::render(format, &report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
