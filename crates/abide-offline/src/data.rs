//! Data sources whose answer follows from their arguments.

use rmpv::Value;
use serde_json::{Value as Json, json};

use crate::schema::Block;
use crate::value::{is_wholly_known, shaped, to_json};

/// Types of data sources that are answered while planning; all others wait for an apply that never comes.
pub(crate) const ANSWERED: [&str; 3] = ["aws_iam_policy_document", "aws_partition", "aws_arn"];

/// What a data source answers.
///
/// # Errors
/// Why it cannot be said.
pub(crate) fn read(
    type_name: &str,
    block: &Block,
    config: &Value,
    region: Option<&str>,
) -> Result<Value, String> {
    if !is_wholly_known(config) {
        return Err("its arguments are not known".to_owned());
    }
    let mut json = to_json(config);
    match type_name {
        "aws_iam_policy_document" => policy_document(&mut json)?,
        "aws_arn" => arn(&mut json)?,
        "aws_partition" => partition(&mut json, region)?,
        _ => {
            return Err(
                "only the provider can answer it, and no provider is asked offline".to_owned(),
            );
        }
    }
    Ok(shaped(block, &json))
}

fn policy_document(json: &mut Json) -> Result<(), String> {
    let [pretty, minified] = abide_hcl::policy_document(json).ok_or(
        "the provider would refuse this document: a Sid is used twice, or a source document is no JSON",
    )?;
    // The provider fills these in.
    if json["version"].is_null() {
        json["version"] = json!("2012-10-17");
    }
    for statement in json["statement"].as_array_mut().into_iter().flatten() {
        if statement["effect"].is_null() {
            statement["effect"] = json!("Allow");
        }
    }
    json["id"] = json!(crc32(pretty.as_bytes()).to_string());
    json["json"] = json!(pretty);
    json["minified_json"] = json!(minified);
    Ok(())
}

fn arn(json: &mut Json) -> Result<(), String> {
    let text = json["arn"].as_str().unwrap_or_default().to_owned();
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = parts.as_slice() else {
        return Err(format!("{text} is no ARN"));
    };
    for (name, value) in [
        ("id", text.as_str()),
        ("partition", partition),
        ("service", service),
        ("region", region),
        ("account", account),
        ("resource", resource),
    ] {
        json[name] = json!(value);
    }
    Ok(())
}

fn partition(json: &mut Json, region: Option<&str>) -> Result<(), String> {
    let region = region.ok_or("the region of its provider is not known while planning")?;
    let (partition, suffix, reverse) = match region.split('-').collect::<Vec<_>>().as_slice() {
        ["cn", ..] => ("aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"),
        ["us", "gov", ..] => ("aws-us-gov", "amazonaws.com", "com.amazonaws"),
        [_, iso, ..] if iso.contains("iso") => {
            return Err(format!("the partition of {region} is not known here"));
        }
        _ => ("aws", "amazonaws.com", "com.amazonaws"),
    };
    for (name, value) in [
        ("id", partition),
        ("partition", partition),
        ("dns_suffix", suffix),
        ("reverse_dns_prefix", reverse),
    ] {
        json[name] = json!(value);
    }
    Ok(())
}

/// The checksum the provider makes ids of documents of (IEEE 802.3).
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & (0_u32.wrapping_sub(sum & 1)));
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{loose, unknown};

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn the_partition_follows_the_region() {
        let of = |region| {
            let mut json = json!({});
            partition(&mut json, region).map(|()| json["partition"].as_str().unwrap().to_owned())
        };
        assert_eq!(of(Some("eu-west-1")).unwrap(), "aws");
        assert_eq!(of(Some("us-gov-west-1")).unwrap(), "aws-us-gov");
        assert_eq!(of(Some("cn-north-1")).unwrap(), "aws-cn");
        assert!(of(Some("us-iso-east-1")).is_err());
        assert!(of(None).is_err());
    }

    #[test]
    fn nothing_is_made_up() {
        let block = Block::default();
        let known = loose(&json!({}));
        assert!(read("aws_ami", &block, &known, None).is_err());
        let open = Value::Map(vec![("policy_id".into(), unknown())]);
        assert!(read("aws_iam_policy_document", &block, &open, None).is_err());
    }
}
