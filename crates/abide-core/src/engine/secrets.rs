//! Secrets by their form: keys and tokens whose issuers gave them a recognisable shape.

use std::sync::LazyLock;

use base64::Engine;
use regex::bytes::Regex;

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

/// Whether a text holds something that has the form of a credential, also behind base64.
pub(super) fn looks_like_secret(text: &str) -> bool {
    if has_form(text) {
        return true;
    }
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(text.trim())
        .ok();
    decoded.is_some_and(|bytes| has_form(&String::from_utf8_lossy(&bytes)))
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
    use super::looks_like_secret;

    #[test]
    fn forms() {
        assert!(looks_like_secret(
            "export AWS_ACCESS_KEY_ID=AKIAABCDEFGHIJKLMNOP"
        ));
        assert!(looks_like_secret("postgres://app:hunter2@db:5432/x"));
        assert!(!looks_like_secret("AKIAIOSFODNN7EXAMPLE"));
        assert!(!looks_like_secret("https://example.com:443/path"));
        assert!(!looks_like_secret(
            "arn:aws:kms:eu-west-1:123456789012:key/x"
        ));
    }
}
