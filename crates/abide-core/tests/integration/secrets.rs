//! Secrets stop in the loader, wherever else in the input they stand.

use abide_core::engine::{self, Options};
use abide_core::inventory::Inventory;
use abide_core::policy::PolicySet;
use abide_core::source::{self, Input, LoadOptions, RedactionKey};
use serde_json::{Value, json};

use crate::support::builtin;

const SECRET: &str = "hunter2-secret";

fn load(plan: &Value, set: &PolicySet) -> Inventory {
    let input = Input::Memory {
        name: "-".to_owned(),
        bytes: plan.to_string().into_bytes(),
    };
    let options = LoadOptions {
        wanted: set.wanted().clone(),
        key: RedactionKey::new([7; 32]),
    };
    source::load(&input, &options).unwrap()
}

fn create(type_name: &str, after: &Value, sensitive: &Value) -> Value {
    json!({
        "address": format!("{type_name}.x"), "mode": "managed", "type": type_name, "name": "x",
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": {}, "after_sensitive": sensitive},
    })
}

/// What a scan says of a bucket whose name is the secret.
fn said(more: &Value, changes: Vec<Value>) -> String {
    let set = builtin(&Value::Null);
    let mut all = vec![create(
        "aws_s3_bucket",
        &json!({"bucket": SECRET}),
        &json!({}),
    )];
    all.push(create(
        "aws_db_instance",
        &json!({"identifier": SECRET, "backup_retention_period": SECRET}),
        &json!({}),
    ));
    all.extend(changes);
    let mut plan = json!({"format_version": "1.2", "resource_changes": all, "configuration": {"root_module": {}}});
    plan.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let inventory = load(&plan, &set);
    let options = Options {
        all_results: true,
        ..Options::default()
    };
    let findings = engine::evaluate(&inventory, &set, options, 0).findings;
    format!("{:?} {findings:?}", inventory.resources)
}

#[test]
fn of_types_and_attributes_nobody_reads() {
    assert!(
        said(&json!({}), Vec::new()).contains(SECRET),
        "it would be shown"
    );
    // A type no policy knows, an attribute no policy reads, one the schema marks.
    for change in [
        create(
            "aws_ssm_activation",
            &json!({"name": SECRET}),
            &json!({"name": true}),
        ),
        create(
            "aws_ebs_volume",
            &json!({"outpost_arn": SECRET}),
            &json!({"outpost_arn": true}),
        ),
        create(
            "aws_rds_cluster",
            &json!({"master_password": SECRET}),
            &json!({}),
        ),
    ] {
        let text = said(&json!({}), vec![change.clone()]);
        assert!(!text.contains(SECRET), "{change}: {text}");
    }
}

#[test]
fn of_variables_and_outputs() {
    let variable = json!({
        "variables": {"token": {"value": SECRET}},
        "configuration": {"root_module": {"variables": {"token": {"sensitive": true}}}},
    });
    assert!(!said(&variable, Vec::new()).contains(SECRET));
    let output = json!({"output_changes": {"token": {"actions": ["create"], "before": null, "after": SECRET, "after_sensitive": true}}});
    assert!(!said(&output, Vec::new()).contains(SECRET));
}

/// A secret name still links those that share it.
#[test]
fn equal_secrets_link() {
    let set = builtin(&Value::Null);
    let plan = json!({"format_version": "1.2", "resource_changes": [
        create("aws_s3_bucket", &json!({"bucket": SECRET}), &json!({"bucket": true})),
        create("aws_s3_bucket_public_access_block", &json!({
            "bucket": SECRET, "block_public_acls": true, "block_public_policy": true,
            "ignore_public_acls": true, "restrict_public_buckets": true,
        }), &json!({"bucket": true})),
    ]});
    let inventory = load(&plan, &set);
    let options = Options {
        all_results: true,
        ..Options::default()
    };
    let findings = engine::evaluate(&inventory, &set, options, 0).findings;
    let of = |id: &str| {
        findings
            .iter()
            .find(|f| {
                set.policies[f.policy as usize].policy.id == id
                    && f.resource_address.as_str() == "aws_s3_bucket.x"
            })
            .unwrap()
    };
    assert_eq!(of("POL-0010").outcome.as_str(), "pass");
}
