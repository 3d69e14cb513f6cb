//! Who is at work, and how that is known.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use abide_core::exception::{Act, Identity};
use anyhow::{Context, anyhow, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::owners::Owners;
use crate::ci;
use crate::cli::WhoArgs;

/// A CI system's token for this job (OpenID Connect).
const TOKEN: &str = "ABIDE_ID_TOKEN";

/// Claims that name a person, the most telling first.
const CLAIMS: [&str; 6] = [
    "user_email",
    "email",
    "user_login",
    "preferred_username",
    "actor",
    "sub",
];

/// Files are read by people: no fractions of seconds. Cut off, since what is rounded up would not
/// have happened yet.
pub(super) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// An act of whoever is at work.
pub(super) fn act(args: &WhoArgs, file: &Path, now: Timestamp) -> anyhow::Result<Act> {
    let (name, identity) = who(args, file)?;
    if name.chars().any(|c| c.is_control() || c == ',') {
        bail!(
            "`{}` is no name: expected one person, e.g. ana@example.com",
            name.escape_debug()
        );
    }
    Ok(Act {
        name,
        at: Some(whole_seconds(now)),
        identity,
        ..Act::default()
    })
}

fn who(args: &WhoArgs, file: &Path) -> anyhow::Result<(String, Identity)> {
    if let Some(name) = args
        .by
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        return Ok((name.to_owned(), Identity::Flag));
    }
    if let Some(token) = ci::variable(TOKEN) {
        let name = claim(&token).with_context(|| format!("{TOKEN}: who is this?"))?;
        return Ok((name, Identity::Oidc));
    }
    if let Some(name) = ci::run(&ci::variable).actor {
        return Ok((name, Identity::Ci));
    }
    let name = git_address().ok_or_else(|| {
        anyhow!("who are you? Neither a CI system nor git (`git config user.email`) says; name yourself with --by")
    })?;
    let is_owner = Owners::of(file)?.is_some_and(|owners| owners.names(&name));
    let identity = if is_owner {
        Identity::Codeowners
    } else {
        Identity::Git
    };
    Ok((name, identity))
}

/// Who a token is for. The CI system hands it to the job; its signature is not checked here,
/// since that needs the network.
fn claim(token: &str) -> anyhow::Result<String> {
    let expected = "expected a JSON Web Token (three parts with dots between)";
    let payload = token.split('.').nth(1).context(expected)?;
    let bytes = URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .context(expected)?;
    let claims: Value = serde_json::from_slice(&bytes).context(expected)?;
    if let Some(end) = claims["exp"].as_i64()
        && end < Timestamp::now().as_second()
    {
        bail!("the token is over: ask the CI system for a new one");
    }
    let name = CLAIMS
        .iter()
        .find_map(|name| claims[*name].as_str().filter(|text| !text.is_empty()));
    name.map(ToOwned::to_owned)
        .with_context(|| format!("it has none of the claims {}", CLAIMS.join(", ")))
}

/// The address git writes into commits.
fn git_address() -> Option<String> {
    let from_environment = env::var("GIT_AUTHOR_EMAIL")
        .ok()
        .filter(|text| !text.is_empty());
    from_environment.or_else(|| git(Path::new("."), &["config", "user.email"]))
}

/// What git says in a folder; nothing if it is not there or refuses.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim_end_matches('\n');
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn an_act_is_never_in_the_future() {
        for text in ["2026-03-01T10:00:00.999Z", "2026-03-01T10:00:00.5Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(whole_seconds(at).to_string(), "2026-03-01T10:00:00Z");
        }
    }

    #[test]
    fn a_token_names_a_person() {
        for (claims, name) in [
            (r#"{"sub": "repo:o/r", "actor": "ana"}"#, Some("ana")),
            (
                r#"{"user_login": "ana", "user_email": "ana@example.com"}"#,
                Some("ana@example.com"),
            ),
            (r#"{"actor": "ana", "exp": 1}"#, None),
            ("{}", None),
            ("[", None),
        ] {
            assert_eq!(claim(&token(claims)).ok().as_deref(), name, "{claims}");
        }
        assert!(claim("no token").is_err());
    }
}
