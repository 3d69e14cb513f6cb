//! Values that the AWS provider writes in another way than they are given, already in a plan.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmpv::Value;
use sha1::{Digest, Sha1};

use crate::schema::Block;
use crate::value::{get, set};

/// Protocols that have a name for the provider.
const PROTOCOLS: [(&str, &str); 7] = [
    ("-1", "-1"),
    ("1", "icmp"),
    ("6", "tcp"),
    ("17", "udp"),
    ("50", "esp"),
    ("51", "ah"),
    ("58", "icmpv6"),
];

/// Rewrites what the provider rewrites.
pub(crate) fn rewrite(type_name: &str, block: &Block, planned: &mut Value) {
    match type_name {
        // From version 6 on, where every resource has a region, the text is kept.
        "aws_instance" | "aws_launch_configuration" | "aws_spot_instance_request"
            if !block.attributes.contains_key("region") =>
        {
            hash(planned, "user_data");
        }
        "aws_security_group_rule" => protocol(planned),
        "aws_security_group" | "aws_default_security_group" => {
            let Value::Map(members) = planned else { return };
            for (name, rules) in members {
                if let (Some("ingress" | "egress"), Value::Array(rules)) = (name.as_str(), rules) {
                    rules.iter_mut().for_each(protocol);
                }
            }
        }
        _ => {}
    }
}

/// User data is shown as the SHA-1 of what the machine gets.
fn hash(object: &mut Value, name: &str) {
    let text = get(object, name).and_then(Value::as_str);
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return;
    };
    let bytes = STANDARD
        .decode(text)
        .unwrap_or_else(|_| text.as_bytes().to_vec());
    let sum: String = Sha1::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    set(object, name, sum.into());
}

fn protocol(rule: &mut Value) {
    let Some(given) = get(rule, "protocol").and_then(Value::as_str) else {
        return;
    };
    let given = given.to_lowercase();
    let named = PROTOCOLS
        .iter()
        .find(|(number, name)| given == *number || given == *name);
    let new = match (given.as_str(), named) {
        ("all", _) => "-1".to_owned(),
        (_, Some((_, name))) => (*name).to_owned(),
        (_, None) => given,
    };
    set(rule, "protocol", new.into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::loose;

    fn rewritten(type_name: &str, block: &Block, json: &serde_json::Value) -> serde_json::Value {
        let mut value = loose(json);
        rewrite(type_name, block, &mut value);
        crate::value::to_json(&value)
    }

    #[test]
    fn protocols_get_their_names() {
        let block = Block::default();
        for (given, shown) in [
            ("6", "tcp"),
            ("TCP", "tcp"),
            ("all", "-1"),
            ("-1", "-1"),
            ("47", "47"),
        ] {
            let rule = |protocol: &str| json!({"protocol": protocol});
            let group = |protocol: &str| json!({"ingress": [rule(protocol)], "egress": null});
            assert_eq!(
                rewritten("aws_security_group_rule", &block, &rule(given)),
                rule(shown)
            );
            assert_eq!(
                rewritten("aws_security_group", &block, &group(given)),
                group(shown)
            );
        }
    }

    #[test]
    fn user_data_is_hashed_where_the_provider_does() {
        let hash = json!({"user_data": "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"});
        let block = Block::default();
        for given in ["hello", "aGVsbG8="] {
            let shown = rewritten("aws_instance", &block, &json!({"user_data": given}));
            assert_eq!(shown, hash);
        }
        let mut newer = Block::default();
        newer
            .attributes
            .insert("region".to_owned(), crate::schema::Attribute::default());
        let clear = json!({"user_data": "hello"});
        assert_eq!(rewritten("aws_instance", &newer, &clear), clear);
    }
}
