//! The embedded file, by what policies need from it.

mod common;

use abide_schema::{Cardinality, Kind, Nesting, ProviderSchema, ResolveError, Target, Type};
use common::{attribute, nested};

fn aws() -> ProviderSchema {
    ProviderSchema::aws()
}

#[test]
fn is_whole_and_small() {
    let bytes = include_bytes!("../data/aws-5.100.0.bin");
    ProviderSchema::from_bytes(bytes).expect("`aws` skips this check");
    assert!(bytes.len() < 600_000, "{} bytes", bytes.len());
    assert_eq!(aws().version(), "5.100.0");
    assert_eq!(aws().address(), "registry.terraform.io/hashicorp/aws");
    assert_eq!(aws().resource_types().count(), 1526);
    assert_eq!(aws().data_sources().count(), 608);
    assert!(aws().resource_types().is_sorted());
    for name in aws().resource_types() {
        assert!(aws().resource(name).is_some(), "{name}");
    }
    for name in aws().data_sources() {
        assert!(aws().data_source(name).is_some(), "{name}");
    }
}

#[test]
fn every_member_is_found_by_its_name() {
    for name in aws().resource_types() {
        let block = aws().resource(name).expect("listed");
        assert!(block.members().count() > 0, "{name}");
        for member in block.members() {
            let found = block.member(member.name()).expect("listed");
            assert_eq!(found.name(), member.name());
        }
    }
}

#[test]
fn s3_bucket() {
    let bucket = aws().resource("aws_s3_bucket").expect("exists");
    let name = attribute(bucket, "bucket");
    assert!(matches!(name.ty, Type::String));
    assert!(name.optional && name.computed && !name.required && !name.sensitive);
    assert!(bucket.member("bukcet").is_none());
    assert!(aws().data_source("aws_s3_bucket").is_some());
    assert!(aws().resolve("aws_s3_bucket", &["tags", "Owner"]).is_ok());
}

#[test]
fn attributes_as_blocks() {
    let path = ["ingress", "cidr_blocks"];
    let resolved = aws()
        .resolve("aws_security_group", &path)
        .expect("resolves");
    assert_eq!(resolved.ty().to_string(), "string");
    assert!(resolved.computed && !resolved.sensitive);
    let cardinalities: Vec<_> = resolved.steps.iter().map(|step| step.cardinality).collect();
    assert_eq!(cardinalities, [Cardinality::Many, Cardinality::Many]);

    let group = aws().resource("aws_security_group").expect("exists");
    assert_eq!(attribute(group, "ingress").ty.to_string(), "set(object)");
}

#[test]
fn sensitive_values() {
    let password = aws()
        .resolve("aws_db_instance", &["password"])
        .expect("resolves");
    assert!(password.sensitive);
    let paths: Vec<_> = aws()
        .sensitive_paths("aws_db_instance")
        .map(|path| path.join("."))
        .collect();
    assert_eq!(paths, ["password", "password_wo"]);
    let nested: Vec<_> = aws().sensitive_paths("aws_mq_broker").collect();
    assert!(nested.contains(&vec!["user", "password"]), "{nested:?}");
    assert_eq!(aws().sensitive_paths("aws_vpc").count(), 0);
    assert_eq!(aws().sensitive_paths("aws_no_such_thing").count(), 0);
}

#[test]
fn sensitive_paths_equal_a_plain_walk() {
    for name in aws().resource_types() {
        for path in aws().sensitive_paths(name) {
            let resolved = aws().resolve(name, &path).expect("resolves");
            assert!(resolved.sensitive, "{name}.{}", path.join("."));
        }
        let block = aws().resource(name).expect("listed");
        assert_eq!(
            aws().sensitive_paths(name).count(),
            count_sensitive(block),
            "{name}"
        );
    }
}

/// Without the shortcut that the iterator takes.
fn count_sensitive(block: abide_schema::Block) -> usize {
    block
        .members()
        .map(|member| match member {
            abide_schema::Member::Attribute(it) if it.sensitive => 1,
            abide_schema::Member::Attribute(it) => match it.ty.each() {
                Type::Object(object) => count_sensitive(object),
                _ => 0,
            },
            abide_schema::Member::Block(it) => count_sensitive(it.block),
        })
        .sum()
}

#[test]
fn nested_blocks() {
    let instance = aws().resource("aws_instance").expect("exists");
    let root = nested(instance, "root_block_device");
    assert_eq!(
        (root.nesting, root.min_items, root.max_items),
        (Nesting::List, 0, Some(1))
    );
    let encrypted = attribute(root.block, "encrypted");
    assert!(encrypted.optional && encrypted.computed);
    assert_eq!(nested(instance, "ebs_block_device").max_items, None);

    let algorithm = aws()
        .resolve(
            "aws_s3_bucket_server_side_encryption_configuration",
            &[
                "rule",
                "apply_server_side_encryption_by_default",
                "sse_algorithm",
            ],
        )
        .expect("resolves");
    assert!(matches!(algorithm.target, Target::Attribute(it) if it.required));
    let cardinalities: Vec<_> = algorithm
        .steps
        .iter()
        .map(|step| step.cardinality)
        .collect();
    assert_eq!(
        cardinalities,
        [Cardinality::Many, Cardinality::One, Cardinality::One]
    );
}

#[test]
fn unknown_types_suggest_close_ones_only() {
    let suggestion = |name: &str| match aws().resolve(name, &[]) {
        Err(ResolveError::UnknownType { suggestion, .. }) => suggestion,
        other => panic!("{name}: {other:?}"),
    };
    let cases = [
        ("aws_s3_buckt", Some("aws_s3_bucket")),
        ("aws_security_groups", Some("aws_security_group")),
        ("aws_cloudtrial", Some("aws_cloudtrail")),
        ("aws_vcp", Some("aws_vpc")),
        ("aws_flying_carpet", None),
        ("azurerm_storage_account", None),
        ("", None),
        ("é_é", None),
    ];
    for (name, expected) in cases {
        assert_eq!(suggestion(name), expected, "{name}");
    }
    assert_eq!(suggestion(&"aws_s3_bucket".repeat(1000)), None);
    let error = aws()
        .resolve_data("aws_iam_policy_docment", &[])
        .expect_err("misspelt");
    assert!(matches!(
        error,
        ResolveError::UnknownType {
            kind: Kind::DataSource,
            ..
        }
    ));
    assert_eq!(
        error.to_string(),
        "unknown data source `aws_iam_policy_docment`, did you mean `aws_iam_policy_document`?"
    );
}

#[test]
fn unknown_attributes_suggest_close_ones_only() {
    let suggestion = |resource_type: &str, path: &[&str]| match aws().resolve(resource_type, path) {
        Err(ResolveError::UnknownAttribute { suggestion, .. }) => suggestion,
        other => panic!("{path:?}: {other:?}"),
    };
    let cases: [(&str, &[&str], Option<&str>); 7] = [
        (
            "aws_db_instance",
            &["storage_encypted"],
            Some("storage_encrypted"),
        ),
        (
            "aws_db_instance",
            &["backup_retention"],
            Some("backup_retention_period"),
        ),
        ("aws_ebs_volume", &["kms_key"], Some("kms_key_id")),
        (
            "aws_security_group",
            &["ingress", "cidr_block"],
            Some("cidr_blocks"),
        ),
        (
            "aws_instance",
            &["root_block_devices", "encrypted"],
            Some("root_block_device"),
        ),
        (
            "aws_s3_bucket_versioning",
            &["versioning"],
            Some("versioning_configuration"),
        ),
        ("aws_db_instance", &["moon_phase"], None),
    ];
    for (resource_type, path, expected) in cases {
        assert_eq!(suggestion(resource_type, path), expected, "{path:?}");
    }
    let error = aws()
        .resolve("aws_security_group", &["ingress", "cidr_block"])
        .expect_err("misspelt");
    assert_eq!(
        error.to_string(),
        "`aws_security_group.ingress` has no attribute or block `cidr_block`, did you mean `cidr_blocks`?"
    );
    assert!(matches!(
        error,
        ResolveError::UnknownAttribute { step: 1, known, .. } if known.contains(&"from_port")
    ));
}
