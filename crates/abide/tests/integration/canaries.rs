//! Secrets planted at random in generated plans are in nothing that is said about them.
//!
//! The line of the program runs in-process here: load, evaluate, report.

use std::fmt::Write as _;

use abide_core::engine::{self, AccountMode, Options};
use abide_core::gate::{Gate, OnUnknown};
use abide_core::policy::{self, PolicySet, PolicySettings};
use abide_core::scan::Scan;
use abide_core::source::{self, Input, LoadOptions, RedactionKey};
use abide_report::{Format, Report, ReportOptions, render};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Every canary holds this, and nothing else does.
const CANARY: &str = "xqCanaryqx";
/// What base64 makes of it, at the three positions it can start at.
const ENCODED: [&str; 3] = ["eHFDYW5hcnlxe", "hxQ2FuYXJ5cX", "4cUNhbmFyeXF4"];

/// Types that policies look at, with attributes they read and others.
fn resource(kind: u8) -> (&'static str, Value) {
    match kind {
        0 => (
            "aws_security_group",
            json!({"name": "web", "description": "front", "vpc_id": "vpc-1", "tags": {"Owner": "ana"},
                "ingress": [
                    {"cidr_blocks": ["0.0.0.0/0", "10.0.0.0/8"], "ipv6_cidr_blocks": ["::/0"], "from_port": 22, "to_port": 22, "protocol": "tcp", "description": "ssh"},
                    {"cidr_blocks": ["10.1.0.0/16"], "ipv6_cidr_blocks": [], "from_port": 0, "to_port": 0, "protocol": "-1", "description": "all"}]}),
        ),
        1 => (
            "aws_s3_bucket_policy",
            json!({"bucket": "logs", "policy": r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#}),
        ),
        2 => (
            "aws_iam_policy",
            json!({"name": "admin", "policy": r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#}),
        ),
        3 => (
            "aws_s3_bucket",
            json!({"bucket": "logs", "acl": "public-read", "tags": {"Owner": "ana", "Team": "core"}, "server_side_encryption_configuration": []}),
        ),
        4 => (
            "aws_launch_template",
            json!({"name": "w", "user_data": "cGFzc3dvcmQ=", "metadata_options": [{"http_tokens": "optional", "http_endpoint": "enabled"}], "tags": {"Owner": "ana"}}),
        ),
        5 => (
            "aws_ebs_volume",
            json!({"availability_zone": "eu-west-1a", "encrypted": false, "kms_key_id": "k", "size": 8, "tags": {"Owner": "ana"}}),
        ),
        6 => (
            "aws_db_instance",
            json!({"identifier": "db", "engine": "postgres", "username": "app", "password": "p", "storage_encrypted": false,
                "backup_retention_period": 1, "publicly_accessible": true, "kms_key_id": "k", "enabled_cloudwatch_logs_exports": ["audit"]}),
        ),
        _ => (
            "aws_kms_key",
            json!({"description": "d", "enable_key_rotation": false, "policy": r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}]}"#}),
        ),
    }
}

/// A canary of the same form as the text it replaces.
fn canary(text: &str, number: usize) -> String {
    if text.starts_with('{') {
        let effect = format!("{CANARY}{number}");
        return format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":"*","Action":["*","s3:{effect}"],"Resource":"arn:aws:s3:::{effect}"}}]}}"#
        );
    }
    if text == "cGFzc3dvcmQ=" {
        // `export PASSWORD=xqCanaryqx`
        return "ZXhwb3J0IFBBU1NXT1JEPXhxQ2FuYXJ5cXg=".to_owned();
    }
    format!("{CANARY}{number}")
}

/// Plants canaries in texts below `value`; gives the marks Terraform would write.
fn plant(value: &mut Value, choices: &mut impl Iterator<Item = u8>, number: &mut usize) -> Value {
    let choice = choices.next().unwrap_or(0) % 5;
    match value {
        // The whole of it is secret, keys too.
        Value::Object(_) | Value::Array(_) if choice == 1 => {
            fill(value, number);
            Value::Bool(true)
        }
        Value::Object(map) => {
            let mut marks = Map::new();
            for (name, inner) in map.iter_mut() {
                let mark = plant(inner, choices, number);
                if mark != Value::Bool(false) {
                    marks.insert(name.clone(), mark);
                }
            }
            Value::Object(marks)
        }
        Value::Array(list) => list
            .iter_mut()
            .map(|inner| plant(inner, choices, number))
            .collect(),
        Value::String(text) if choice < 3 => {
            *number += 1;
            *text = canary(text, *number);
            Value::Bool(true)
        }
        _ => Value::Bool(false),
    }
}

/// Fills a secret value with canaries; a map gets one as a key.
fn fill(value: &mut Value, number: &mut usize) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(|inner| fill(inner, number));
            if map.contains_key("Owner") {
                *number += 1;
                map.insert(format!("{CANARY}{number}"), json!("x"));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| fill(inner, number)),
        Value::String(text) => {
            *number += 1;
            *text = canary(text, *number);
        }
        _ => {}
    }
}

/// Literals of the configuration where the schema says that they are secret.
fn expressions(type_name: &str, after: &Value) -> Value {
    match (type_name, after.get("password")) {
        ("aws_db_instance", Some(password)) => json!({"password": {"constant_value": password}}),
        _ => json!({}),
    }
}

fn secret(number: &mut usize) -> Value {
    *number += 1;
    json!({"list": [format!("{CANARY}{number}")], "deep": {"er": [[format!("{CANARY}{number}b")]]}})
}

fn plan(kinds: &[u8], choices: &[u8]) -> Value {
    let mut choices = choices.iter().copied().cycle();
    let mut number = 0;
    let [
        mut changes,
        mut planned,
        mut prior,
        mut drift,
        mut configured,
    ] = [const { Vec::new() }; 5];
    for (at, kind) in kinds.iter().enumerate() {
        let (type_name, plain) = resource(*kind);
        let address = format!("{type_name}.r{at}");
        let [mut after, mut before] = [plain.clone(), plain];
        let after_marks = plant(&mut after, &mut choices, &mut number);
        let before_marks = plant(&mut before, &mut choices, &mut number);
        if type_name == "aws_db_instance" {
            // Secret by the provider's schema, whether marked or not.
            for side in [&mut after, &mut before] {
                number += 1;
                side["password"] = json!(format!("{CANARY}{number}"));
            }
        }
        let common = |more: Value| {
            let mut all = json!({"address": address, "mode": "managed", "type": type_name, "name": format!("r{at}"),
                "provider_name": "registry.terraform.io/hashicorp/aws"});
            if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
                all.extend(more.clone());
            }
            all
        };
        let change = |actions: Value, before: &Value, after: &Value| {
            json!({"change": {"actions": actions, "before": before, "after": after, "after_unknown": {},
                "before_sensitive": before_marks, "after_sensitive": after_marks}})
        };
        changes.push(common(change(json!(["update"]), &before, &after)));
        drift.push(common(change(json!(["update"]), &before, &after)));
        planned.push(common(
            json!({"values": after, "sensitive_values": after_marks}),
        ));
        prior.push(common(
            json!({"values": before, "sensitive_values": before_marks}),
        ));
        configured.push(common(json!({"provider_config_key": "aws", "schema_version": 0, "expressions": expressions(type_name, &after)})));
    }
    let [output, variable, default, argument, provider] =
        [const { Value::Null }; 5].map(|_| secret(&mut number));
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "errored": false, "applyable": true,
        "variables": {"token": {"value": variable}},
        "planned_values": {"outputs": {"token": {"sensitive": true, "value": output}}, "root_module": {"resources": planned}},
        "resource_drift": drift,
        "resource_changes": changes,
        "output_changes": {"token": {"actions": ["create"], "before": null, "after": output, "after_unknown": false, "before_sensitive": true, "after_sensitive": true}},
        "prior_state": {"format_version": "1.0", "terraform_version": "1.11.4", "values": {"outputs": {"token": {"sensitive": true, "value": output}}, "root_module": {"resources": prior}}},
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "full_name": "registry.terraform.io/hashicorp/aws",
                "expressions": {"region": {"constant_value": "eu-west-1"}, "secret_key": {"constant_value": provider}}}},
            "root_module": {
                "resources": configured,
                "outputs": {"token": {"sensitive": true, "expression": {"constant_value": output}}},
                "variables": {"token": {"sensitive": true, "default": default}},
                "module_calls": {"vault": {"source": "./vault", "expressions": {"token": {"constant_value": argument}},
                    "module": {"variables": {"token": {"sensitive": true}}}}}
            }
        }
    })
}

/// All that is said about a plan: every format, or the error. With `document`, also the whole
/// document that policies in Rego see.
fn said(set: &PolicySet, text: &str, document: bool) -> String {
    let input = Input::Memory {
        name: "plan.json".to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    let key = RedactionKey::new([7; 32]);
    let options = LoadOptions {
        wanted: set.wanted().clone(),
        key: key.clone(),
    };
    let mut all = String::new();
    match source::raw(&input, &key) {
        Ok(whole) if document => all.push_str(&whole.to_string()),
        Ok(_) => {}
        Err(error) => write!(all, "{error}\n{error:?}").unwrap(),
    }
    let inventory = match source::load(&input, &options) {
        Ok(inventory) => inventory,
        Err(error) => {
            write!(all, "{error}\n{error:?}").unwrap();
            return all;
        }
    };
    let options = Options {
        account: AccountMode::Baseline,
        all_results: true,
    };
    let evaluations = engine::evaluate(&inventory, set, options, 0);
    for number in 0..set.policies.len() {
        for resource in &inventory.resources {
            let id = inventory.find(resource.address.as_str()).map(|(id, _)| id);
            if let Some((_, trace)) = engine::explain(&inventory, set, number, id) {
                write!(all, "{trace:?}").unwrap();
            }
        }
    }
    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    let scan = Scan::assemble(now, "0.0.0", set, vec![(&inventory, evaluations)]);
    let gate = Gate {
        fail_on: None,
        on_unknown: OnUnknown::Fail,
        allow_empty: false,
    };
    let options = ReportOptions {
        gate,
        all_results: true,
        sarif_include_excepted: true,
        ..ReportOptions::default()
    };
    let report = Report::new(&scan, gate.judge(&scan), options);
    for format in Format::ALL {
        let mut out = Vec::new();
        render(format, &report, &mut out).unwrap();
        all.push_str(&String::from_utf8(out).unwrap());
    }
    write!(all, "{scan:?}").unwrap();
    all
}

fn assert_none(what: &str, text: &str) -> Result<(), TestCaseError> {
    for needle in [CANARY].into_iter().chain(ENCODED) {
        if let Some(at) = text.find(needle) {
            let around: String = text.get(..at).unwrap().chars().rev().take(300).collect();
            let around: String = around.chars().rev().collect();
            return Err(TestCaseError::fail(format!("{what}: …{around}{needle}")));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn are_nowhere(
        kinds in prop::collection::vec(0u8..8, 1..6),
        choices in prop::collection::vec(any::<u8>(), 8..40),
        cut in 0.0..1.0f64,
        mangled in 0usize..MANGLED.len(),
    ) {
        let settings = PolicySettings::default();
        let set = PolicySet::compile(policy::builtin(), &settings).unwrap();
        let text = plan(&kinds, &choices).to_string();
        prop_assert!(text.contains(CANARY), "nothing was planted");
        let whole = said(&set, &text, true);
        prop_assert!(whole.contains("## Policy Scan Results"), "it was not scanned: {whole}");
        assert_none("a scan", &whole)?;
        let at = (text.len() as f64 * cut) as usize;
        assert_none("a truncated plan", &said(&set, text.get(..at).unwrap_or_default(), true))?;
        let (part, instead) = MANGLED[mangled];
        prop_assert!(text.contains(part), "no {part}");
        let broken = text.replacen(part, &instead.replace("SECRET", &format!("\"{CANARY}\"")), 1);
        assert_none(part, &said(&set, &broken, false))?;
    }
}

/// Parts of a plan, and the same with a secret in the wrong place.
const MANGLED: [(&str, &str); 9] = [
    ("\"actions\":[\"update\"]", "\"actions\":[SECRET]"),
    ("\"mode\":\"managed\"", "\"mode\":SECRET"),
    ("\"after_unknown\":{}", "\"after_unknown\":SECRET"),
    ("\"resource_changes\":[", "\"resource_changes\":[SECRET,"),
    ("\"change\":{", "\"change\":SECRET,\"other\":{"),
    ("\"expressions\":{", "\"expressions\":SECRET,\"other\":{"),
    ("\"root_module\":{", "\"root_module\":[SECRET],\"other\":{"),
    ("\"sensitive\":true", "\"sensitive\":SECRET"),
    ("\"complete\":true", "\"complete\":SECRET"),
];
