//! Slack's incoming webhooks: blocks, in which text that is not ours does nothing.
//!
//! <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
//! <https://docs.slack.dev/reference/block-kit/blocks>

use abide_report::escape::{prose, visible};
use serde_json::{Value, json};

use super::{Request, context, label, more, title};
use crate::message::{Change, Message};

/// Blocks of a message.
const BLOCKS: usize = 50;
/// Characters of a header.
const HEADER: usize = 150;

pub(super) fn request(message: &Message) -> Request {
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": title(message, HEADER), "emoji": false}}),
        json!({"type": "context", "elements": [{"type": "plain_text", "text": context(message), "emoji": false}]}),
    ];
    if let Some(reason) = message.reason() {
        blocks.push(section(&code(reason, 1500)));
    }
    // One block is kept for what is left out.
    let room = BLOCKS - blocks.len() - 1;
    blocks.extend(
        message
            .changes
            .iter()
            .take(room)
            .map(|c| section(&change(c))),
    );
    let left = message.changes.len().saturating_sub(room) + message.left_out;
    if left > 0 {
        blocks.push(section(&more(left)));
    }
    let body = json!({"text": mrkdwn(&title(message, 300), 1000), "blocks": blocks});
    Request {
        headers: Vec::new(),
        body: body.to_string(),
    }
}

/// A section takes 3000 characters of text; all that make one keep below.
fn section(text: &str) -> Value {
    // Verbatim: names of channels and addresses in it do not become links.
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}})
}

fn change(change: &Change) -> String {
    let item = &change.item;
    let mut lines = vec![format!("*{}* {}", label(change), code(&item.address, 600))];
    let policy = item.policy.as_ref().map(|policy| code(policy, 60));
    let head = policy.map_or(String::new(), |policy| format!("{policy} "));
    lines.push(format!("{head}{}", mrkdwn(&prose(&item.title), 700)));
    lines.extend(item.details.iter().take(4).map(|detail| code(detail, 250)));
    if let Some(advice) = &item.advice {
        lines.push(format!("→ {}", mrkdwn(&prose(advice), 300)));
    }
    lines.join("\n")
}

/// Text in which nothing means anything, at most so long when it is escaped, and never cut within
/// an escape. Slack knows no escape for its marks, so they are replaced by signs that look like
/// them.
fn mrkdwn(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut room = most.saturating_sub(1);
    for c in text.chars() {
        let own = c.to_string();
        let sign = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '*' => "∗",
            '~' => "∼",
            '`' => "ˋ",
            _ => &own,
        };
        let Some(left) = room.checked_sub(sign.chars().count()) else {
            out.push('…');
            break;
        };
        room = left;
        out.push_str(sign);
    }
    out
}

fn code(text: &str, most: usize) -> String {
    format!("`{}`", mrkdwn(&visible(text), most))
}
