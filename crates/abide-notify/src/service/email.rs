//! E-mail: plain text and HTML of the same content, with an id that stays the same.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use super::{context, label, more, title};
use crate::message::{Change, Message};
use crate::route::Email;
use crate::text;

/// Changes of a mail.
const CHANGES: usize = 200;

/// RFC 3834: no person wrote this, so no machine is to answer.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

pub(super) fn mail(email: &Email, message: &Message) -> Result<lettre::Message, String> {
    let domain = email.from.email.domain();
    let mut builder = lettre::Message::builder()
        .from(email.from.clone())
        .subject(title(message, 200))
        .date(date(message.at))
        .message_id(Some(format!("<{}.abide@{domain}>", message.id)))
        .header(AutoSubmitted);
    for to in &email.to {
        builder = builder.to(Mailbox::clone(to));
    }
    let parts = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, plain(message)))
        .singlepart(part(ContentType::TEXT_HTML, html(message)));
    builder.multipart(parts).map_err(|error| error.to_string())
}

fn date(at: Timestamp) -> SystemTime {
    let since = Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default());
    SystemTime::UNIX_EPOCH + since
}

fn part(kind: ContentType, body: String) -> SinglePart {
    SinglePart::builder().header(kind).body(body)
}

fn left(message: &Message) -> Option<String> {
    let left = message.changes.len().saturating_sub(CHANGES) + message.left_out;
    (left > 0).then(|| more(left))
}

fn plain(message: &Message) -> String {
    let mut lines = vec![title(message, 300), context(message), String::new()];
    if let Some(reason) = message.reason() {
        lines.extend([text::name(reason, 2000), String::new()]);
    }
    for change in message.changes.iter().take(CHANGES) {
        let item = &change.item;
        lines.push(format!(
            "[{}] {}",
            label(change),
            text::name(&item.address, 300)
        ));
        lines.push(format!("  {}", problem(change)));
        let details = item.details.iter().take(10);
        lines.extend(details.map(|detail| format!("  {}", text::name(detail, 300))));
        let advice = item.advice.iter();
        lines.extend(advice.map(|advice| format!("  -> {}", text::line(advice, 300))));
        lines.push(String::new());
    }
    lines.extend(left(message));
    lines.join("\r\n")
}

fn problem(change: &Change) -> String {
    let title = text::line(&change.item.title, 400);
    match &change.item.policy {
        Some(policy) => format!("{}: {title}", text::name(policy, 60)),
        None => title,
    }
}

fn html(message: &Message) -> String {
    let mut out = format!(
        "<!doctype html>\r\n<html><body>\r\n<h2>{}</h2>\r\n<p>{}</p>\r\n",
        text::html(&title(message, 300)),
        text::html(&context(message))
    );
    if let Some(reason) = message.reason() {
        out += &format!("<pre>{}</pre>\r\n", text::html(&text::name(reason, 2000)));
    }
    for change in message.changes.iter().take(CHANGES) {
        let item = &change.item;
        out += &format!(
            "<p><b>{}</b> <code>{}</code><br>{}",
            text::html(&label(change)),
            text::html(&text::name(&item.address, 300)),
            text::html(&problem(change))
        );
        for detail in item.details.iter().take(10) {
            out += &format!("<br><code>{}</code>", text::html(&text::name(detail, 300)));
        }
        if let Some(advice) = &item.advice {
            out += &format!("<br>→ {}", text::html(&text::line(advice, 300)));
        }
        out += "</p>\r\n";
    }
    if let Some(left) = left(message) {
        out += &format!("<p>{}</p>\r\n", text::html(&left));
    }
    out + "</body></html>\r\n"
}
