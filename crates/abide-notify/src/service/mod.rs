//! One file for each service: what it is sent, within its rules.

mod email;
mod pagerduty;
mod slack;
mod teams;
mod webhook;

use jiff::Timestamp;

use crate::message::{Change, Message};
use crate::route::Service;
use crate::text;

/// What is sent by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Beside `Content-Type: application/json`.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// What is sent at once.
#[derive(Clone, Debug)]
pub enum Part {
    /// By HTTP.
    Http(Request),
    /// By SMTP.
    Mail(Box<lettre::Message>),
}

impl Service {
    /// All that is to be sent for a message, in this order. It may be nothing.
    ///
    /// # Errors
    /// If no mail can be made of it; says why.
    pub fn parts(&self, message: &Message, now: Timestamp) -> Result<Vec<Part>, String> {
        Ok(match self {
            Self::Slack(_) => vec![Part::Http(slack::request(message))],
            Self::Teams(_) => vec![Part::Http(teams::request(message))],
            Self::Webhook(webhook) => vec![Part::Http(webhook::request(webhook, message, now))],
            Self::Email(email) => vec![Part::Mail(Box::new(email::mail(email, message)?))],
            Self::PagerDuty(pager) => pagerduty::requests(pager, message)
                .into_iter()
                .map(Part::Http)
                .collect(),
        })
    }
}

/// `opened, critical` and the like.
fn label(change: &Change) -> String {
    let mut label = change.change.as_str().to_owned();
    if let Some(severity) = change.item.severity {
        label = format!("{label}, {severity}");
    }
    let class = change.item.class.replace('_', " ");
    match &change.was {
        Some(was) => format!("{label}, {} -> {class}", was.replace('_', " ")),
        None => format!("{label}, {class}"),
    }
}

/// Who and when, for below the headline.
fn context(message: &Message) -> String {
    let mut parts = vec![message.at.strftime("%Y-%m-%d %H:%M UTC").to_string()];
    if let Some(owner) = &message.owner {
        parts.push(format!("owner {}", text::line(owner, 100)));
    }
    if !message.is_test {
        parts.push(format!("{} open now", message.open));
    }
    parts.join(" · ")
}

/// The headline with the target.
fn title(message: &Message, most: usize) -> String {
    let target = text::name(&message.target, 80);
    text::clip(&format!("Drift in {target}: {}", message.headline()), most)
}

/// For what is not shown.
fn more(left: usize) -> String {
    format!(
        "{} more; `abide drift` shows all.",
        text::count(left, "change")
    )
}
