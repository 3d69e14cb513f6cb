//! Teams workflows ("when a Teams webhook request is received"): one adaptive card.
//!
//! <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook>,
//! <https://adaptivecards.io/explorer>. All text stands in `TextRun`s, which know no Markdown.

use serde_json::{Value, json};

use super::{Request, context, label, more, title};
use crate::message::{Change, Message};
use crate::text;

/// Bytes of a message: Teams takes 28 KB.
const BYTES: usize = 27 * 1024;

pub(super) fn request(message: &Message) -> Request {
    let mut body = vec![
        block(&[run(
            &title(message, 300),
            &[("weight", "Bolder"), ("size", "Medium")],
        )]),
        block(&[run(&context(message), &[("color", "Default")])]),
    ];
    if let Some(reason) = message.reason() {
        body.push(block(&[mono(&text::name(reason, 1000))]));
    }
    let mut room = BYTES.saturating_sub(card(&body).len() + 300);
    let mut shown = 0;
    for entry in &message.changes {
        let block = change(entry);
        let size = block.to_string().len() + 1;
        if size > room {
            break;
        }
        room -= size;
        shown += 1;
        body.push(block);
    }
    let left = message.changes.len() - shown + message.left_out;
    if left > 0 {
        body.push(block(&[run(&more(left), &[])]));
    }
    Request {
        headers: Vec::new(),
        body: card(&body),
    }
}

fn card(body: &[Value]) -> String {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.5",
                "msteams": {"width": "Full"},
                "body": body,
            },
        }],
    })
    .to_string()
}

fn block(runs: &[Value]) -> Value {
    json!({"type": "RichTextBlock", "inlines": runs})
}

fn run(text: &str, style: &[(&str, &str)]) -> Value {
    // Cards put dates in place of `{{DATE(…)}}`.
    let text = text.replace("{{", "{ {");
    let mut run = json!({"type": "TextRun", "text": text});
    for (name, value) in style {
        run[*name] = (*value).into();
    }
    run
}

fn mono(text: &str) -> Value {
    run(text, &[("fontType", "Monospace")])
}

fn change(change: &Change) -> Value {
    let item = &change.item;
    let color = match (change.change, item.severity) {
        (crate::ChangeKind::Resolved, _) => "Good",
        (_, Some(severity)) if severity >= abide_policy::Severity::High => "Attention",
        _ => "Warning",
    };
    let mut runs = vec![
        run(&label(change), &[("weight", "Bolder"), ("color", color)]),
        mono(&format!(" {}\n", text::name(&item.address, 300))),
    ];
    if let Some(policy) = &item.policy {
        runs.push(mono(&format!("{} ", text::name(policy, 60))));
    }
    runs.push(run(&text::line(&item.title, 400), &[]));
    for detail in item.details.iter().take(4) {
        runs.push(mono(&format!("\n{}", text::name(detail, 200))));
    }
    if let Some(advice) = &item.advice {
        runs.push(run(&format!("\n→ {}", text::line(advice, 300)), &[]));
    }
    json!({"type": "RichTextBlock", "inlines": runs, "spacing": "Medium", "separator": true})
}
