use abide_core::source::*;
fn main() {
    let every = std::env::args().nth(1).unwrap() == "all";
    let mut wanted = Wanted::default();
    if every {
        wanted = Wanted::everything();
    } else {
        for t in [
            "aws_s3_bucket",
            "aws_s3_bucket_versioning",
            "aws_s3_bucket_server_side_encryption_configuration",
            "aws_s3_bucket_public_access_block",
            "aws_s3_bucket_policy",
            "aws_s3_bucket_logging",
            "aws_security_group",
            "aws_security_group_rule",
            "aws_vpc_security_group_ingress_rule",
            "aws_db_instance",
            "aws_rds_cluster",
            "aws_ebs_volume",
            "aws_instance",
            "aws_cloudtrail",
            "aws_iam_role",
            "aws_iam_policy",
            "aws_kms_key",
        ] {
            for a in [
                "id",
                "arn",
                "bucket",
                "rule",
                "policy",
                "ingress",
                "type",
                "cidr_blocks",
                "from_port",
                "to_port",
                "protocol",
                "storage_encrypted",
                "backup_retention_period",
                "encrypted",
                "root_block_device",
                "assume_role_policy",
                "enable_key_rotation",
                "kms_key_id",
                "versioning_configuration",
                "block_public_acls",
                "block_public_policy",
                "publicly_accessible",
                "metadata_options",
                "is_multi_region_trail",
                "enable_log_file_validation",
            ] {
                wanted.add(t, a);
            }
        }
    }
    for p in std::env::args().skip(2) {
        let t = std::time::Instant::now();
        match load(
            &Input::File(p.clone().into()),
            &LoadOptions {
                wanted: wanted.clone(),
                key: RedactionKey::new([1; 32]),
            },
        ) {
            Ok(i) => {
                println!(
                    "OK {p}: {} resources {} modules {} drift {:?} {:?} {:?}",
                    i.resources.len(),
                    i.modules.len(),
                    i.drift.len(),
                    i.kind,
                    i.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(),
                    t.elapsed()
                );
                if every && std::env::var("DUMP").is_ok() {
                    for r in &i.resources {
                        println!("{} {:?} {:?}", r.address, r.action, r.values)
                    }
                }
            }
            Err(e) => println!("ERR {e}"),
        }
    }
}
