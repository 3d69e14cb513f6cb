//! Routes: which service, where, and what it wants to hear.

use std::fmt;

use thiserror::Error;

use crate::change::Filter;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text; blanks around it are not part of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text itself.
    pub(crate) fn bare(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A route of `abide.toml`.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// What it wants to hear.
    pub filter: Filter,
    /// Where it leads.
    pub service: Service,
}

/// Where a route leads.
#[derive(Clone, Debug)]
pub enum Service {
    /// A channel of Slack.
    Slack(Slack),
    /// A channel or chat of Microsoft Teams.
    Teams(Teams),
    /// A program of the user's.
    Webhook(Webhook),
    /// People's mail.
    Email(Email),
    /// An on-call rota.
    PagerDuty(PagerDuty),
}

/// An incoming webhook of Slack; its address is the secret.
#[derive(Clone, Debug)]
pub struct Slack {
    pub(crate) url: Secret,
}

/// A workflow of Teams, "when a Teams webhook request is received"; its address is the secret.
#[derive(Clone, Debug)]
pub struct Teams {
    pub(crate) url: Secret,
}

/// Any receiver, signed as <https://www.standardwebhooks.com> says.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub(crate) url: Secret,
    /// One, or several while one is replaced.
    pub(crate) keys: Vec<Key>,
}

/// What a webhook is signed with.
#[derive(Clone)]
pub(crate) struct Key(pub(crate) Vec<u8>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Mail by SMTP.
#[derive(Clone, Debug)]
pub struct Email {
    pub(crate) url: Secret,
    pub(crate) from: lettre::message::Mailbox,
    pub(crate) to: Vec<lettre::message::Mailbox>,
}

/// An integration of a PagerDuty service, Events API v2.
#[derive(Clone, Debug)]
pub struct PagerDuty {
    pub(crate) url: Secret,
    pub(crate) routing_key: Secret,
}

/// Why a route cannot be used. Never holds what is secret.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RouteError {
    /// The address is none.
    #[error("{0} is no address: expected {1}")]
    Address(&'static str, &'static str),
    /// The address is in the clear.
    #[error(
        "{0} begins with http://, so everybody on the way could read it: use https:// (http:// is only for this machine)"
    )]
    Clear(&'static str),
    /// A signing secret is too short.
    #[error(
        "the secret has {0} bytes: expected 24 or more, e.g. whsec_ and the output of `openssl rand -base64 32`"
    )]
    ShortSecret(usize),
    /// A signing secret cannot be read.
    #[error("the secret begins with whsec_, but what follows is not base64")]
    SecretForm,
    /// A mailbox cannot be read.
    #[error("`{0}` is no e-mail address: {1}")]
    Mailbox(String, String),
    /// Nobody would get it.
    #[error("nobody would get the mail: write one address or more into `to`")]
    NoRecipient,
    /// A routing key is none.
    #[error("the routing key has {0} characters: expected the 32 of an Events API v2 integration")]
    RoutingKey(usize),
    /// The password would go in the clear.
    #[error(
        "the SMTP address holds a password but does not encrypt: use smtps://, or add ?tls=required"
    )]
    ClearPassword,
}

impl Slack {
    /// Takes the address of an incoming webhook.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(url: &str) -> Result<Self, RouteError> {
        let url = private(url, "the address of the webhook")?;
        Ok(Self { url })
    }
}

impl Teams {
    /// Takes the address of a workflow.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(url: &str) -> Result<Self, RouteError> {
        let url = private(url, "the address of the workflow")?;
        Ok(Self { url })
    }
}

impl Webhook {
    /// Takes an address, and secrets with blanks between them: `whsec_` with base64, or any text.
    ///
    /// # Errors
    /// If one of them is none.
    pub fn new(url: &str, secrets: &str) -> Result<Self, RouteError> {
        let url = web(url, "the address of the webhook")?;
        let keys: Vec<Key> = secrets
            .split_whitespace()
            .map(key)
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(RouteError::ShortSecret(0));
        }
        Ok(Self { url, keys })
    }
}

impl Email {
    /// Takes the address of a server, `smtps://USER:PASSWORD@HOST`, and who writes to whom.
    ///
    /// # Errors
    /// If one of them is none, or a password would go in the clear.
    pub fn new(url: &str, from: &str, to: &[String]) -> Result<Self, RouteError> {
        let place = "the address of the SMTP server";
        let wanted = "smtps://USER:PASSWORD@HOST, or smtp://HOST:587?tls=required";
        let url = url.trim();
        lettre::SmtpTransport::from_url(url).map_err(|_| RouteError::Address(place, wanted))?;
        let rest = url.strip_prefix("smtp://");
        let is_clear = rest.is_some() && !url.ends_with("?tls=required");
        if is_clear && rest.is_some_and(|rest| rest.contains('@')) && !is_local(url) {
            return Err(RouteError::ClearPassword);
        }
        if to.is_empty() {
            return Err(RouteError::NoRecipient);
        }
        Ok(Self {
            url: Secret::new(url),
            from: mailbox(from)?,
            to: to.iter().map(|to| mailbox(to)).collect::<Result<_, _>>()?,
        })
    }
}

impl PagerDuty {
    /// Where events of accounts in the United States go.
    pub const US: &str = "https://events.pagerduty.com/v2/enqueue";
    /// Where events of accounts in Europe go.
    pub const EU: &str = "https://events.eu.pagerduty.com/v2/enqueue";

    /// Takes the address of the events API and an integration's key.
    ///
    /// # Errors
    /// If one of them is none.
    pub fn new(url: &str, routing_key: &str) -> Result<Self, RouteError> {
        let key = Secret::new(routing_key);
        let length = key.bare().chars().count();
        if length != 32 || !key.bare().bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(RouteError::RoutingKey(length));
        }
        Ok(Self {
            url: private(url, "the address of the events API")?,
            routing_key: key,
        })
    }
}

fn key(text: &str) -> Result<Key, RouteError> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let bytes = match text.strip_prefix("whsec_") {
        Some(text) => STANDARD.decode(text).map_err(|_| RouteError::SecretForm)?,
        None => text.as_bytes().to_vec(),
    };
    match bytes.len() {
        24.. => Ok(Key(bytes)),
        short => Err(RouteError::ShortSecret(short)),
    }
}

fn mailbox(text: &str) -> Result<lettre::message::Mailbox, RouteError> {
    let parsed = text.parse::<lettre::message::Mailbox>();
    parsed.map_err(|error| RouteError::Mailbox(text.to_owned(), error.to_string()))
}

/// An address of the web.
fn web(url: &str, place: &'static str) -> Result<Secret, RouteError> {
    let uri: ureq::http::Uri = url
        .trim()
        .parse()
        .map_err(|_| RouteError::Address(place, "https://…"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("https" | "http"), Some(host)) if !host.is_empty() => Ok(Secret::new(url)),
        _ => Err(RouteError::Address(place, "https://…")),
    }
}

/// The same, which nobody on the way may read.
fn private(url: &str, place: &'static str) -> Result<Secret, RouteError> {
    let secret = web(url, place)?;
    match secret.bare().starts_with("https://") || is_local(secret.bare()) {
        true => Ok(secret),
        false => Err(RouteError::Clear(place)),
    }
}

fn is_local(url: &str) -> bool {
    let uri: Result<ureq::http::Uri, _> = url.parse();
    let host = uri.ok().and_then(|uri| uri.host().map(str::to_owned));
    host.is_some_and(|host| matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]"))
}

impl Service {
    /// Its word in `abide.toml`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack(_) => "slack",
            Self::Teams(_) => "teams",
            Self::Webhook(_) => "webhook",
            Self::Email(_) => "email",
            Self::PagerDuty(_) => "pagerduty",
        }
    }

    /// Texts that must never be shown.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Slack(Slack { url }) | Self::Teams(Teams { url }) => vec![url.bare()],
            Self::Webhook(webhook) => vec![webhook.url.bare()],
            Self::Email(email) => vec![email.url.bare()],
            Self::PagerDuty(pager) => vec![pager.routing_key.bare()],
        }
    }
}

#[cfg(test)]
mod tests;
