//! What each service publishes about what it takes.

use serde_json::Value;

fn chars(value: &Value) -> usize {
    value.as_str().unwrap().chars().count()
}

/// Block Kit: kinds, limits, and what may stand where.
pub(crate) fn slack(body: &Value) {
    assert!(chars(&body["text"]) <= 40_000);
    let blocks = body["blocks"].as_array().unwrap();
    assert!((1..=50).contains(&blocks.len()), "{} blocks", blocks.len());
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => {
                assert_eq!(block["text"]["type"], "plain_text");
                assert!((1..=150).contains(&chars(&block["text"]["text"])));
            }
            "section" => {
                let text = &block["text"];
                assert!((1..=3000).contains(&chars(&text["text"])));
                match text["type"].as_str().unwrap() {
                    "mrkdwn" => inert(text["text"].as_str().unwrap()),
                    other => assert_eq!(other, "plain_text"),
                }
            }
            "context" => {
                let elements = block["elements"].as_array().unwrap();
                assert!((1..=10).contains(&elements.len()));
                for element in elements {
                    assert_eq!(element["type"], "plain_text");
                    assert!(chars(&element["text"]) >= 1);
                }
            }
            other => panic!("no such block here: {other}"),
        }
    }
}

/// No mention, no link, no command: `<` and `&` stand only in entities, backticks in pairs.
fn inert(text: &str) {
    assert!(!text.contains('<') && !text.contains('>'), "{text}");
    for rest in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;"];
        assert!(
            known.iter().any(|entity| rest.starts_with(entity)),
            "{text}"
        );
    }
    for line in text.lines() {
        assert_eq!(line.matches('`').count() % 2, 0, "{line}");
    }
}

/// An adaptive card in a message, under 28 KB, with text that knows no Markdown.
pub(crate) fn teams(text: &str) {
    assert!(text.len() <= 28 * 1024, "{} bytes", text.len());
    let body: Value = serde_json::from_str(text).unwrap();
    assert_eq!(body["type"], "message");
    let attachments = body["attachments"].as_array().unwrap();
    assert_eq!(attachments.len(), 1);
    assert_eq!(
        attachments[0]["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let card = &attachments[0]["content"];
    assert_eq!(card["type"], "AdaptiveCard");
    assert!(["1.2", "1.3", "1.4", "1.5"].contains(&card["version"].as_str().unwrap()));
    for block in card["body"].as_array().unwrap() {
        assert_eq!(block["type"], "RichTextBlock");
        for run in block["inlines"].as_array().unwrap() {
            assert_eq!(run["type"], "TextRun");
            assert!(!run["text"].as_str().unwrap().contains("{{"), "{run}");
        }
    }
}

/// An event of the Events API v2.
pub(crate) fn pagerduty(text: &str) {
    assert!(text.len() <= 512 * 1024, "{} bytes", text.len());
    let event: Value = serde_json::from_str(text).unwrap();
    assert_eq!(chars(&event["routing_key"]), 32);
    let key = chars(&event["dedup_key"]);
    assert!((1..=255).contains(&key));
    match event["event_action"].as_str().unwrap() {
        "trigger" => {
            let payload = &event["payload"];
            assert!((1..=1024).contains(&chars(&payload["summary"])));
            assert!(chars(&payload["source"]) >= 1);
            let severity = payload["severity"].as_str().unwrap();
            assert!(["critical", "error", "warning", "info"].contains(&severity));
            payload["timestamp"]
                .as_str()
                .unwrap()
                .parse::<jiff::Timestamp>()
                .unwrap();
        }
        "resolve" => assert!(event.get("payload").is_none()),
        other => panic!("no such action: {other}"),
    }
}
