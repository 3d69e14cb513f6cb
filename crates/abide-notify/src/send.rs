//! Sending: one try, and what it means.

use std::io::Read;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use lettre::{SmtpTransport, Transport};

use crate::desk::Outcome;
use crate::message::Message;
use crate::route::{Email, Route, Service};
use crate::service::{Part, Request};
use crate::text;

/// How long a service may take to answer.
const TIME_OUT: Duration = Duration::from_secs(15);
/// How much of an answer is read.
const ANSWER: u64 = 4096;

/// Talks to services.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    time_out: Duration,
}

impl Default for Client {
    fn default() -> Self {
        Self::new(TIME_OUT)
    }
}

/// A try, and how many parts the message has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What came of it.
    pub outcome: Outcome,
    /// Parts of the message.
    pub parts: usize,
}

impl Client {
    /// One that waits so long for an answer.
    #[must_use]
    pub fn new(time_out: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(time_out))
            // Who is sent elsewhere would take the secret there.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("abide/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
            time_out,
        }
    }

    fn post(&self, url: &str, request: &Request) -> Outcome {
        let mut post = self.agent.post(url).content_type("application/json");
        for (name, value) in &request.headers {
            post = post.header(*name, value);
        }
        let mut answer = match post.send(request.body.as_bytes()) {
            Ok(answer) => answer,
            Err(error) => {
                return Outcome::Later {
                    after: None,
                    why: error.to_string(),
                };
            }
        };
        let status = answer.status().as_u16();
        let asked = answer.headers().get("retry-after");
        let after = asked.and_then(|value| retry_after(value.to_str().ok()?, Timestamp::now()));
        let mut said = Vec::new();
        // Only for the message; what cannot be read is left out.
        let _ = answer
            .body_mut()
            .as_reader()
            .take(ANSWER)
            .read_to_end(&mut said);
        let said = text::line(&String::from_utf8_lossy(&said), 300);
        judge(status, after, &said)
    }

    fn mail(&self, email: &Email, mail: &lettre::Message) -> Outcome {
        // The address was read when the route was made.
        let transport = match SmtpTransport::from_url(email.url.bare()) {
            Ok(builder) => builder.timeout(Some(self.time_out)).build(),
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        match transport.send(mail) {
            Ok(_) => Outcome::Delivered,
            Err(error) if error.is_permanent() => Outcome::Refused(error.to_string()),
            Err(error) => Outcome::Later {
                after: None,
                why: whole(&error),
            },
        }
    }
}

impl Route {
    /// Tries one part of a message, by its position.
    #[must_use]
    pub fn send(&self, client: &Client, message: &Message, part: usize, now: Timestamp) -> Sent {
        let parts = match self.service.parts(message, now) {
            Ok(parts) => parts,
            Err(why) => {
                let outcome = Outcome::Unfit(why);
                return Sent { outcome, parts: 1 };
            }
        };
        let outcome = match (parts.get(part), &self.service) {
            // There is nothing to say to this service.
            (None, _) => Outcome::Delivered,
            (Some(Part::Mail(mail)), Service::Email(email)) => client.mail(email, mail),
            (Some(Part::Http(request)), service) => match service {
                Service::Slack(slack) => client.post(slack.url.bare(), request),
                Service::Teams(teams) => client.post(teams.url.bare(), request),
                Service::Webhook(webhook) => client.post(webhook.url.bare(), request),
                Service::PagerDuty(pager) => client.post(pager.url.bare(), request),
                Service::Email(_) => Outcome::Unfit("no mail was made".to_owned()),
            },
            (Some(Part::Mail(_)), _) => Outcome::Unfit("a mail was made".to_owned()),
        };
        Sent {
            outcome: self.without_secrets(outcome),
            parts: parts.len(),
        }
    }

    /// Libraries and services may repeat an address or a key.
    fn without_secrets(&self, outcome: Outcome) -> Outcome {
        let clean = |why: String| {
            let mut secrets = self.service.secrets();
            // The path of an address alone, and the password alone, are secrets too.
            let parts: Vec<String> = secrets.iter().flat_map(|secret| pieces(secret)).collect();
            secrets.extend(parts.iter().map(String::as_str));
            secrets
                .iter()
                .fold(why, |why, secret| why.replace(secret, "***"))
        };
        match outcome {
            Outcome::Delivered => Outcome::Delivered,
            Outcome::Later { after, why } => Outcome::Later {
                after,
                why: clean(why),
            },
            Outcome::Refused(why) => Outcome::Refused(clean(why)),
            Outcome::Unfit(why) => Outcome::Unfit(clean(why)),
        }
    }
}

/// What is secret within an address: its path and query, its user and password.
fn pieces(url: &str) -> Vec<String> {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let password = user.split_once(':').map_or("", |(_, password)| password);
    let found = [path, user, password].into_iter();
    found
        .filter(|text| text.len() > 3)
        .map(str::to_owned)
        .collect()
}

/// An error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// What a status means for the letter.
fn judge(status: u16, after: Option<Duration>, said: &str) -> Outcome {
    let said = match said {
        "" => String::new(),
        said => format!(": {said}"),
    };
    let why = format!("the service answered {status}{said}");
    match status {
        200..=299 => Outcome::Delivered,
        408 | 425 | 429 | 500..=599 => Outcome::Later { after, why },
        400 | 413 | 415 | 422 => Outcome::Unfit(why),
        _ => Outcome::Refused(why),
    }
}

/// RFC 9110: seconds, or a date.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests;
