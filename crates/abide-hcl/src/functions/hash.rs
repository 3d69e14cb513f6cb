//! Digests. Those with a salt or a fresh random number are unknowable.

use base64::Engine as _;
use md5::Digest as _;

use super::arguments::{text, wrong_number};
use super::{Function, Outcome};
use crate::value::Val;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("base64sha256", Function::Plain(|a| digest(a, base64sha256))),
    ("base64sha512", Function::Plain(|a| digest(a, base64sha512))),
    ("bcrypt", Function::Unknowable),
    ("md5", Function::Plain(|a| digest(a, md5))),
    ("rsadecrypt", Function::Unknowable),
    ("sha1", Function::Plain(|a| digest(a, sha1))),
    ("sha256", Function::Plain(|a| digest(a, sha256))),
    ("sha512", Function::Plain(|a| digest(a, sha512))),
    ("uuid", Function::Unknowable),
    ("uuidv5", Function::Plain(uuidv5)),
];

fn digest(arguments: &[Val], digest: fn(&[u8]) -> String) -> Outcome {
    let [value] = arguments else {
        return wrong_number();
    };
    Ok(Val::string(digest(text(value)?.as_bytes())))
}

pub(super) fn base64sha256(bytes: &[u8]) -> String {
    base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(bytes))
}

pub(super) fn base64sha512(bytes: &[u8]) -> String {
    base64::prelude::BASE64_STANDARD.encode(sha2::Sha512::digest(bytes))
}

pub(super) fn md5(bytes: &[u8]) -> String {
    hex(&md5::Md5::digest(bytes))
}

pub(super) fn sha1(bytes: &[u8]) -> String {
    hex(&sha1::Sha1::digest(bytes))
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&sha2::Sha256::digest(bytes))
}

pub(super) fn sha512(bytes: &[u8]) -> String {
    hex(&sha2::Sha512::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 4122, version 5: the SHA-1 of a namespace and a name.
fn uuidv5(arguments: &[Val]) -> Outcome {
    let [namespace, name] = arguments else {
        return wrong_number();
    };
    let namespace = text(namespace)?;
    let namespace = match &*namespace {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let digits: String = namespace.chars().filter(|c| *c != '-').collect();
    let bytes = u128::from_str_radix(&digits, 16)
        .ok()
        .filter(|_| digits.len() == 32)
        .ok_or("the namespace is no UUID")?
        .to_be_bytes();
    let mut hasher = sha1::Sha1::new();
    hasher.update(bytes);
    hasher.update(text(name)?.as_bytes());
    let digest = hasher.finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id[6] = id[6] & 0x0f | 0x50;
    id[8] = id[8] & 0x3f | 0x80;
    let text = hex(&id);
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    let parts: Vec<&str> = parts
        .into_iter()
        .filter_map(|part| text.get(part))
        .collect();
    Ok(Val::string(parts.join("-")))
}
