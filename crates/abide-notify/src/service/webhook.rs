//! A receiver of the user's own, in the form of <https://www.standardwebhooks.com>: `webhook-id`,
//! `webhook-timestamp` (seconds since 1970) and `webhook-signature`, which is `v1,` and the
//! base64 of HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;

use super::Request;
use crate::message::{ChangeKind, Message};
use crate::route::{Key, Webhook};

pub(super) fn request(webhook: &Webhook, message: &Message, now: Timestamp) -> Request {
    let body = body(message);
    let timestamp = now.as_second();
    let signed = format!("{}.{timestamp}.{body}", message.id);
    let signatures: Vec<String> = webhook.keys.iter().map(|key| sign(key, &signed)).collect();
    Request {
        headers: vec![
            ("webhook-id", message.id.clone()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signatures.join(" ")),
            ("idempotency-key", message.id.clone()),
        ],
        body,
    }
}

/// The same bytes for the same message, however often it is sent.
fn body(message: &Message) -> String {
    let kind = match message.is_test {
        true => "abide.test",
        false => "abide.drift",
    };
    json!({
        "type": kind,
        "timestamp": message.at,
        "data": {
            "schema_version": 1,
            "id": message.id,
            "target": message.target,
            "owner": message.owner,
            "summary": {
                "opened": message.count(ChangeKind::Opened),
                "changed": message.count(ChangeKind::Changed),
                "resolved": message.count(ChangeKind::Resolved),
                "left_out": message.left_out,
                "open": message.open,
            },
            "health": message.health,
            "changes": message.changes,
        },
    })
    .to_string()
}

fn sign(key: &Key, text: &str) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.0) else {
        return String::new();
    };
    mac.update(text.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}
