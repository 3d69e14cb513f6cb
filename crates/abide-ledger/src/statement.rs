//! One scan as an in-toto statement in a DSSE envelope.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::note::SecretKey;

/// The type of the payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// What is signed: DSSE's pre-authentication encoding.
#[must_use]
pub fn pre_authentication(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend(payload);
    bytes
}

/// The envelope of a statement about inputs, given as name and SHA-256 in hexadecimal.
#[must_use]
pub fn envelope(subjects: &[(String, String)], predicate: &Value, key: &SecretKey) -> Value {
    let subjects: Vec<Value> = subjects
        .iter()
        .map(|(name, digest)| json!({"name": name, "digest": {"sha256": digest}}))
        .collect();
    let payload = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://abide.dev/scan/v1",
        "predicate": predicate,
    })
    .to_string();
    let signature = key.sign(&pre_authentication(payload.as_bytes()));
    json!({
        "payloadType": PAYLOAD_TYPE,
        "payload": STANDARD.encode(payload),
        "signatures": [{"keyid": key.public().to_string(), "sig": STANDARD.encode(signature)}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        let bytes = pre_authentication(b"hi");
        assert_eq!(bytes, b"DSSEv1 28 application/vnd.in-toto+json 2 hi");
    }

    #[test]
    fn the_signature_is_over_the_encoding() {
        let key = SecretKey::from_seed("k", &[1; 32]);
        let made = envelope(&[("plan.json".into(), "00".into())], &json!({}), &key);
        let text = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default());
        let payload = text(&made["payload"]).unwrap_or_default();
        let sig = text(&made["signatures"][0]["sig"]).unwrap_or_default();
        let sig = <[u8; 64]>::try_from(sig).unwrap_or([0; 64]);
        assert!(key.public().accepts(&pre_authentication(&payload), &sig));
    }
}
