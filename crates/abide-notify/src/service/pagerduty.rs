//! PagerDuty's Events API v2: an incident for each message that tells of something new, resolved
//! when nothing of it stands any more. So whoever acknowledged an older one is called again for
//! what is new, and a hundred violations of one scan call once.
//!
//! <https://developer.pagerduty.com/api-reference/368ae3d938c9e-send-an-event-to-pager-duty>

use abide_policy::Severity;
use serde_json::{Value, json};

use super::{Request, label, more, title};
use crate::change::health_incident;
use crate::message::{Change, ChangeKind, HealthChange, Message};
use crate::route::PagerDuty;
use crate::text;

/// Characters of a summary.
const SUMMARY: usize = 1024;
/// Bytes of an event: the service takes 512 KB.
const BYTES: usize = 500 * 1024;
/// Changes that are told in an event; people read them on a telephone.
const CHANGES: usize = 100;

pub(super) fn requests(pager: &PagerDuty, message: &Message) -> Vec<Request> {
    let mut events = Vec::new();
    if let Some(HealthChange::Failing(why) | HealthChange::Suspicious(why)) = &message.health {
        let details = json!({"reason": text::name(why, 4000)});
        let key = health_incident(&message.id);
        events.push(trigger(pager, message, &key, "warning", &details));
    }
    if message.has_news() {
        events.push(trigger(
            pager,
            message,
            &message.id,
            severity(message),
            &details(message),
        ));
    }
    events.extend(message.closes.iter().map(|id| resolve(pager, id)));
    if message.is_test {
        events.push(resolve(pager, &message.id));
    }
    let requests = events.into_iter().map(|event| Request {
        headers: Vec::new(),
        body: event.to_string(),
    });
    requests.collect()
}

fn dedup_key(id: &str) -> String {
    format!("abide-{id}")
}

fn trigger(
    pager: &PagerDuty,
    message: &Message,
    id: &str,
    severity: &str,
    details: &Value,
) -> Value {
    json!({
        "routing_key": pager.routing_key.bare(),
        "event_action": "trigger",
        "dedup_key": dedup_key(id),
        "payload": {
            "summary": title(message, SUMMARY),
            "source": text::name(&message.target, 255),
            "severity": severity,
            "timestamp": message.at,
            "component": "terraform",
            "class": "drift",
            "custom_details": details,
        },
        "client": "Abide",
    })
}

fn resolve(pager: &PagerDuty, id: &str) -> Value {
    json!({
        "routing_key": pager.routing_key.bare(),
        "event_action": "resolve",
        "dedup_key": dedup_key(id),
    })
}

fn severity(message: &Message) -> &'static str {
    match message.worst() {
        Some(Severity::Critical) => "critical",
        Some(Severity::High) => "error",
        Some(Severity::Medium) => "warning",
        Some(Severity::Low) | None => "info",
    }
}

fn details(message: &Message) -> Value {
    let news: Vec<&Change> = message
        .changes
        .iter()
        .filter(|change| change.change != ChangeKind::Resolved)
        .collect();
    let mut lines = Vec::new();
    let mut room = BYTES;
    for change in news.iter().take(CHANGES) {
        let line = line(change);
        // Within JSON a character may take six bytes.
        let Some(left) = room.checked_sub(line.len() * 6) else {
            break;
        };
        room = left;
        lines.push(line);
    }
    let left = news.len() - lines.len() + message.left_out;
    if left > 0 {
        lines.push(more(left));
    }
    let owner = message.owner.as_ref().map(|owner| text::line(owner, 100));
    json!({"owner": owner, "open": message.open, "changes": lines})
}

fn line(change: &Change) -> String {
    let item = &change.item;
    let policy = item.policy.as_deref().unwrap_or_default();
    format!(
        "{}: {} {} {}",
        label(change),
        text::name(&item.address, 300),
        text::name(policy, 60),
        text::line(&item.title, 300)
    )
}
