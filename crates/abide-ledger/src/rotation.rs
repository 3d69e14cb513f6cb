//! One key hands the ledger over to the next, and signs that it does: who has only the database
//! cannot put a key of his own in force.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::note::{PublicKey, SecretKey};

fn message(seq: u64, from: &str, to: &str) -> Vec<u8> {
    format!("abide key rotation v1\n{seq}\n{from}\n{to}\n").into_bytes()
}

/// The body of a `key.rotated` entry at this position.
#[must_use]
pub fn body(seq: u64, from: &SecretKey, to: &PublicKey) -> Value {
    let (old, new) = (from.public().to_string(), to.to_string());
    let signature = from.sign(&message(seq, &old, &new));
    json!({"from": old, "to": new, "signature": STANDARD.encode(signature)})
}

/// The key that is in force after the entry, if the one before it signed that.
#[must_use]
pub fn next(seq: u64, body: &Value, before: &PublicKey) -> Option<PublicKey> {
    let (from, to) = (body["from"].as_str()?, body["to"].as_str()?);
    let signature = STANDARD.decode(body["signature"].as_str()?).ok()?;
    let signature = <[u8; 64]>::try_from(signature).ok()?;
    let signed = from == before.to_string() && before.accepts(&message(seq, from, to), &signature);
    signed.then(|| PublicKey::parse(to).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_present_key_hands_over() {
        let [one, two, thief] = [1, 2, 3].map(|n| SecretKey::from_seed("abide/acme", &[n; 32]));
        let good = body(7, &one, two.public());
        assert_eq!(next(7, &good, one.public()).as_ref(), Some(two.public()));
        assert_eq!(next(8, &good, one.public()), None);
        assert_eq!(next(7, &good, two.public()), None);
        let mut stolen = body(7, &thief, thief.public());
        assert_eq!(next(7, &stolen, one.public()), None);
        stolen["from"] = one.public().to_string().into();
        assert_eq!(next(7, &stolen, one.public()), None);
        let mut other = good;
        other["to"] = thief.public().to_string().into();
        assert_eq!(next(7, &other, one.public()), None);
    }
}
