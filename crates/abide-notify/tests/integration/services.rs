use std::time::Duration;

use abide_notify::{
    Client, Desk, Filter, Item, Message, Observation, Observed, Outcome, PagerDuty, Route, Sent,
    Service, Settled, Slack, Teams, Webhook,
};
use abide_policy::Severity;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;

use crate::rules;
use crate::stub::{Answer, Stub};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr";
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Names that mean something somewhere.
const HOSTILE: &str = "aws_x.a[\"<!channel> <https://evil.example|ok> *b* `c` & <script>alert(1)</script>\u{202e}\n[l](https://evil.example) {{DATE(2026-01-01)}} <at>all</at> =cmd\"]";

pub(crate) fn route(service: Service) -> Route {
    Route {
        name: "r".to_owned(),
        filter: Filter {
            severity: Severity::Low,
            classes: ["violating", "improving"].map(str::to_owned).into(),
            failures: true,
        },
        service,
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

fn item(number: usize, text: &str) -> Item {
    Item {
        address: format!("{text}{number}"),
        policy: Some(format!("POL-{number:04}")),
        class: "violating".to_owned(),
        severity: Some(Severity::ALL[number % 4]),
        title: format!("{text} is open"),
        details: vec![format!("ingress[0]: + {text}"); 12],
        advice: Some(format!("undo {text}")),
        digest: "1".to_owned(),
    }
}

pub(crate) fn observed(outcome: Observed) -> Observation {
    Observation {
        target: format!("prod {HOSTILE}"),
        owner: Some(HOSTILE.to_owned()),
        at: now(),
        outcome,
    }
}

/// Messages of all kinds, hostile and large ones.
pub(crate) fn messages(route: &Route) -> Vec<Message> {
    let mut desk = Desk::new("seed".to_owned());
    let long = "ä<&`".repeat(1000);
    let items = |many, text: &str| (0..many).map(|n| item(n, text)).collect::<Vec<_>>();
    for outcome in [
        Observed::Checked(items(1, "aws_s3_bucket.b")),
        Observed::Failed(HOSTILE.to_owned()),
        Observed::Suspicious(long.clone()),
        Observed::Checked(items(3, HOSTILE)),
        Observed::Checked(items(2000, &long)),
        Observed::Checked(Vec::new()),
    ] {
        desk.observe(&[route], &observed(outcome));
    }
    let mut messages: Vec<Message> = desk.letters().iter().map(|l| l.message.clone()).collect();
    assert_eq!(messages.len(), 6);
    messages.push(Message::test("test".to_owned(), now()));
    messages
}

fn send_all(route: &Route) {
    for message in messages(route) {
        let mut part = 0;
        loop {
            let sent = route.send(&Client::default(), &message, part, now());
            assert_eq!(sent.outcome, Outcome::Delivered);
            part += 1;
            if part >= sent.parts {
                break;
            }
        }
    }
}

#[test]
fn slack_gets_blocks_it_takes() {
    let stub = Stub::new();
    let route = route(Service::Slack(
        Slack::new(&stub.url("/services/T/B/x")).unwrap(),
    ));
    send_all(&route);
    let got = stub.got();
    assert_eq!(got.len(), 7);
    for request in &got {
        assert_eq!(request.path, "/services/T/B/x");
        assert_eq!(request.header("content-type"), Some("application/json"));
        rules::slack(&request.json());
    }
    let large = got[4].json();
    let last = large["blocks"].as_array().unwrap().last().unwrap();
    let text = last["text"]["text"].as_str().unwrap();
    assert!(text.ends_with("more; `abide drift` shows all."), "{text}");
    assert!(got[3].body.contains("&lt;!channel&gt;"), "{}", got[3].body);
}

#[test]
fn teams_gets_a_card_it_takes() {
    let stub = Stub::new();
    let route = route(Service::Teams(
        Teams::new(&stub.url("/workflows/x")).unwrap(),
    ));
    send_all(&route);
    let got = stub.got();
    assert_eq!(got.len(), 7);
    got.iter().for_each(|request| rules::teams(&request.body));
    // A large one is filled, not cut to nothing.
    assert!(got[4].body.len() > 20 * 1024, "{}", got[4].body.len());
}

#[test]
fn a_webhook_can_be_verified() {
    let stub = Stub::new();
    let secrets = format!("{SECRET} an-older-secret-of-enough-bytes");
    let hook = Webhook::new(&stub.url("/hook"), &secrets).unwrap();
    let route = route(Service::Webhook(hook));
    send_all(&route);
    let got = stub.got();
    assert_eq!(got.len(), 7);
    for request in &got {
        let id = request.header("webhook-id").unwrap();
        assert_eq!(request.header("idempotency-key"), Some(id));
        let timestamp = request.header("webhook-timestamp").unwrap();
        assert_eq!(timestamp, now().as_second().to_string());
        let signed = format!("{id}.{timestamp}.{}", request.body);
        let signatures = request.header("webhook-signature").unwrap();
        let keys = [
            STANDARD
                .decode(SECRET.trim_start_matches("whsec_"))
                .unwrap(),
            b"an-older-secret-of-enough-bytes".to_vec(),
        ];
        for (signature, key) in signatures.split(' ').zip(keys) {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
            mac.update(signed.as_bytes());
            let bytes = STANDARD
                .decode(signature.strip_prefix("v1,").unwrap())
                .unwrap();
            mac.verify_slice(&bytes).unwrap();
        }
        assert_eq!(request.json()["data"]["id"], id);
    }
    let json = got[4].json();
    assert_eq!(json["type"], "abide.drift");
    assert_eq!(json["data"]["changes"].as_array().unwrap().len(), 1000);
    assert_eq!(json["data"]["summary"]["left_out"], 1003);
    assert_eq!(got[1].json()["data"]["health"]["change"], "failing");
    assert_eq!(got[6].json()["type"], "abide.test");
}

#[test]
fn the_standard_s_own_example_is_signed_as_it_says() {
    // From the specification's libraries: msg_p5jXN8AQM9LWM0D4loKWxJek, 1614265330, {"test": 2432232314}.
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn pagerduty_opens_an_incident_and_closes_it() {
    let stub = Stub::new();
    let pager = PagerDuty::new(&stub.url("/v2/enqueue"), KEY).unwrap();
    let route = route(Service::PagerDuty(pager));
    send_all(&route);
    let got = stub.got();
    got.iter()
        .for_each(|request| rules::pagerduty(&request.body));
    let mut open = std::collections::BTreeSet::new();
    for event in got.iter().map(crate::stub::Got::json) {
        let key = event["dedup_key"].as_str().unwrap().to_owned();
        match event["event_action"].as_str().unwrap() {
            "trigger" => assert!(open.insert(key), "{event}"),
            _ => assert!(open.remove(&key), "{event}"),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn troubles_are_worth_another_try_and_secrets_are_not_told() {
    let stub = Stub::new();
    let url = stub.url("/services/T0/B0/very-secret");
    let route = route(Service::Slack(Slack::new(&url).unwrap()));
    let client = Client::new(Duration::from_millis(300));
    let message = &messages(&route)[0];
    let attempt = |answer: Answer| {
        stub.answer(answer);
        let Sent { outcome, .. } = route.send(&client, message, 0, now());
        assert!(
            !format!("{outcome:?}").contains("very-secret"),
            "{outcome:?}"
        );
        outcome
    };
    let limited = attempt(Answer::Status(
        429,
        vec![("retry-after", "30".to_owned())],
        "rate_limited",
    ));
    assert_eq!(
        limited,
        Outcome::Later {
            after: Some(Duration::from_secs(30)),
            why: "the service answered 429: rate_limited".to_owned()
        }
    );
    assert!(matches!(
        attempt(Answer::Status(500, Vec::new(), "")),
        Outcome::Later { .. }
    ));
    assert!(matches!(attempt(Answer::Drop), Outcome::Later { .. }));
    assert!(matches!(
        attempt(Answer::Silence(Duration::from_secs(2))),
        Outcome::Later { .. }
    ));
    let echo = "no such hook: services/T0/B0/very-secret";
    assert!(matches!(
        attempt(Answer::Status(404, Vec::new(), echo)),
        Outcome::Refused(_)
    ));
    assert!(matches!(
        attempt(Answer::Status(400, Vec::new(), "invalid_blocks")),
        Outcome::Unfit(_)
    ));
    let elsewhere = vec![("location", stub.url("/stolen"))];
    assert!(matches!(
        attempt(Answer::Status(302, elsewhere, "")),
        Outcome::Refused(_)
    ));
    assert!(stub.got().iter().all(|got| got.path != "/stolen"));
    let gone = Slack::new("http://127.0.0.1:1/very-secret").unwrap();
    let mut nobody = route.clone();
    nobody.service = Service::Slack(gone);
    let outcome = nobody.send(&client, message, 0, now()).outcome;
    assert!(matches!(outcome, Outcome::Later { .. }), "{outcome:?}");
}

#[test]
fn a_letter_comes_through_a_bad_day_once() {
    let stub = Stub::new();
    let hook = Webhook::new(&stub.url("/hook"), SECRET).unwrap();
    let route = route(Service::Webhook(hook));
    let client = Client::new(Duration::from_millis(300));
    for answer in [
        Answer::Status(503, Vec::new(), ""),
        Answer::Drop,
        Answer::Status(429, vec![("retry-after", "7200".to_owned())], ""),
    ] {
        stub.answer(answer);
    }
    let mut desk = Desk::new("seed".to_owned());
    desk.observe(&[&route], &observed(Observed::Checked(vec![item(0, "a")])));
    let (mut clock, mut tries) = (now(), 0);
    while let Some(next) = desk.next_at() {
        clock = clock.max(next);
        let letter = desk.due(clock)[0].clone();
        let sent = route.send(&client, &letter.message, letter.sent, clock);
        let settled = desk.settle(&letter.message.id, sent.parts, &sent.outcome, clock);
        assert!(!matches!(settled, Settled::GivenUp(_) | Settled::Unknown));
        tries += 1;
    }
    assert_eq!(tries, 4);
    assert!(clock.duration_since(now()).as_secs() >= 7200);
    let got = stub.got();
    let ids: std::collections::BTreeSet<&str> =
        got.iter().filter_map(|g| g.header("webhook-id")).collect();
    assert_eq!((got.len(), ids.len()), (4, 1));
}
