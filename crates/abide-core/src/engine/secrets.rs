//! Secrets by their form: keys and tokens whose issuers gave them a recognisable shape.

use std::sync::LazyLock;

use base64::Engine;
use regex::bytes::Regex;

use super::tri::Tri;

/// Shapes of credentials, as their issuers document them. All are ASCII, so
/// the expression works on bytes: that is small and quick.
static FORMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u)\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----",
        r"|\bgh[pousr]_[0-9A-Za-z]{36}\b",
        r"|\bgithub_pat_[0-9A-Za-z_]{60}",
        r"|\bxox[baprs]-[0-9A-Za-z-]{10}",
        r"|\b[sr]k_live_[0-9A-Za-z]{16}",
        r"|\bAIza[0-9A-Za-z_-]{35}",
        r"|\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]",
        r"|\b[a-z][a-z0-9+.-]*://[^\s:/@]+:[^\s:/@$]+@",
    ))
    .ok()
});

/// Keys that AWS prints in its documentation; they open nothing.
const EXAMPLES: [&str; 3] = [
    "AKIAIOSFODNN7EXAMPLE",
    "AKIAI44QH8DHBEXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
];

/// How gzip begins in base64; `user_data_base64` and the like may hold it.
const GZIP: &str = "H4sI";

/// Whether a text holds something that has the form of a credential, also behind
/// base64. What is compressed is not unpacked, so nobody knows.
pub(super) fn looks_like_secret(text: &str) -> Tri {
    if has_form(text) {
        return Tri::True;
    }
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(text.trim()) else {
        return Tri::False;
    };
    if text.trim().starts_with(GZIP) {
        return Tri::Unknown;
    }
    Tri::from(has_form(&String::from_utf8_lossy(&bytes)))
}

fn has_form(text: &str) -> bool {
    let Some(forms) = &*FORMS else { return false };
    if EXAMPLES.iter().any(|example| text.contains(example)) {
        let without = EXAMPLES
            .iter()
            .fold(text.to_owned(), |text, example| text.replace(example, ""));
        return forms.is_match(without.as_bytes());
    }
    forms.is_match(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for text in [
            "export AWS_ACCESS_KEY_ID=AKIAABCDEFGHIJKLMNOP",
            "postgres://app:hunter2@db:5432/x",
        ] {
            assert_eq!(looks_like_secret(text), Tri::True, "{text}");
        }
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "https://example.com:443/path",
            "arn:aws:kms:eu-west-1:123456789012:key/x",
            "H4sI of a sentence, which is no base64",
        ] {
            assert_eq!(looks_like_secret(text), Tri::False, "{text}");
        }
    }

    #[test]
    fn what_is_compressed_cannot_be_told() {
        assert_eq!(
            looks_like_secret("H4sIAAAAAAAAA0vOSSzOVkhJTSzRBQBLzxYkDAAAAA=="),
            Tri::Unknown
        );
    }
}
