//! Who did it, by a stub that answers as CloudTrail publishes.

use std::time::Duration;

use abide_aws::Pace;
use abide_aws::trail::{APART, Certainty, Changed, Trail, Who};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::session;
use crate::stub::Stub;

const GROUP: &str = "sg-0a1";

fn event(id: &str, name: &str, seconds: i64, whole: &Value) -> Value {
    json!({
        "EventId": id, "EventName": name, "EventTime": seconds as f64 + 0.5,
        "EventSource": "ec2.amazonaws.com", "ReadOnly": "false", "Username": "x",
        "Resources": [{"ResourceType": "AWS::EC2::SecurityGroup", "ResourceName": GROUP}],
        "CloudTrailEvent": whole.to_string(),
    })
}

fn by(arn: &str, agent: &str) -> Value {
    json!({"userIdentity": {"type": "AssumedRole", "arn": arn}, "sourceIPAddress": "198.51.100.7", "userAgent": agent})
}

const MALLORY: &str = "arn:aws:sts::111122223333:assumed-role/Admin/mallory@example.com";

fn changed(type_name: &str, values: &[(&str, &str)], attributes: &[&str]) -> Changed {
    Changed {
        type_name: type_name.to_owned(),
        values: values
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        attributes: attributes.iter().map(|a| (*a).to_owned()).collect(),
        is_gone: false,
    }
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn who(stub: &Stub, what: &Changed) -> Who {
    let session = session(&stub.url, &[]);
    let pace = Pace::new(Duration::from_millis(1));
    Trail::new(&session, "111122223333", &pace)
        .who(what, time(1_000_000), time(1_010_000))
        .unwrap()
}

fn group() -> Changed {
    changed("aws_security_group", &[("id", GROUP)], &["ingress"])
}

#[test]
fn one_event_that_fits_is_certain() {
    let stub = Stub::start(|_, _| {
        let mut read = event("e1", "AuthorizeSecurityGroupIngress", 1_000_100, &json!({}));
        read["ReadOnly"] = "true".into();
        let mut failed = by(MALLORY, "aws-cli/2");
        failed["errorCode"] = "Client.UnauthorizedOperation".into();
        let events = json!({"Events": [
            event("e4", "AuthorizeSecurityGroupIngress", 1_000_400, &by(MALLORY, "console.amazonaws.com")),
            event("e3", "AuthorizeSecurityGroupEgress", 1_000_300, &by(MALLORY, "aws-cli/2")),
            event("e2", "AuthorizeSecurityGroupIngress", 1_000_200, &failed),
            read,
            event("e0", "DescribeSecurityGroups", 1_000_050, &json!({})),
            {"EventId": "broken"},
        ]});
        (200, events.to_string())
    });
    let who = who(&stub, &group());
    assert_eq!(who.certainty, Certainty::Unique);
    let [event] = who.events.as_slice() else {
        panic!("{:?}", who.events)
    };
    assert_eq!(event.id, "e4");
    assert_eq!(event.identity, MALLORY);
    assert_eq!(event.session.as_deref(), Some("mallory@example.com"));
    assert_eq!(event.source_ip.as_deref(), Some("198.51.100.7"));
    assert_eq!(event.user_agent.as_deref(), Some("console.amazonaws.com"));
    assert_eq!(event.at.to_string(), "1970-01-12T13:53:20.5Z");
    assert!(!event.by_terraform);
    let asked = stub.asked();
    assert_eq!(asked.len(), 1);
    let body: Value = serde_json::from_str(&asked[0].body).unwrap();
    assert_eq!(
        body,
        json!({"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": GROUP}], "StartTime": 1_000_000, "EndTime": 1_010_001, "MaxResults": 50})
    );
    assert_eq!(
        asked[0].header("x-amz-target").unwrap(),
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
    );
}

#[test]
fn several_are_likely_and_terraform_is_told() {
    let stub = Stub::start(|_, _| {
        let terraform = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 terraform-provider-aws/5.100.0";
        let events = json!({"Events": [
            event("e1", "AuthorizeSecurityGroupIngress", 1_000_100, &by(MALLORY, "aws-cli/2")),
            event("e2", "RevokeSecurityGroupIngress", 1_000_200, &by(MALLORY, terraform)),
        ]});
        (200, events.to_string())
    });
    let who = who(&stub, &group());
    assert_eq!(who.certainty, Certainty::Likely);
    let ids: Vec<(&str, bool)> = who
        .events
        .iter()
        .map(|e| (e.id.as_str(), e.by_terraform))
        .collect();
    assert_eq!(ids, [("e2", true), ("e1", false)]);
}

#[test]
fn other_changes_are_possible_and_none_is_nobody() {
    let stub = Stub::start(|_, _| {
        let events =
            json!({"Events": [event("e1", "CreateTags", 1_000_100, &by(MALLORY, "aws-cli/2"))]});
        (200, events.to_string())
    });
    assert_eq!(who(&stub, &group()).certainty, Certainty::Possible);
    let stub = Stub::start(|_, _| (200, "{\"Events\": []}".to_owned()));
    assert_eq!(who(&stub, &group()).certainty, Certainty::Nobody);
    let unknown = who(&stub, &changed("aws_nothing", &[("id", "x")], &["a"]));
    assert_eq!(
        unknown.remarks,
        ["which events change aws_nothing is not known"]
    );
    assert_eq!(stub.asked().len(), 1);
}

#[test]
fn what_is_gone_was_deleted() {
    let stub = Stub::start(|_, _| {
        let events = json!({"Events": [
            event("e1", "AuthorizeSecurityGroupIngress", 1_000_100, &by(MALLORY, "aws-cli/2")),
            event("e2", "DeleteSecurityGroup", 1_000_200, &by(MALLORY, "aws-cli/2")),
        ]});
        (200, events.to_string())
    });
    let mut gone = group();
    gone.is_gone = true;
    let who = who(&stub, &gone);
    assert_eq!(
        (who.certainty, who.events[0].id.as_str()),
        (Certainty::Unique, "e2")
    );
}

#[test]
fn pages_are_read_and_throttling_is_waited_out() {
    let stub = Stub::start(|asked, before| match before {
        0 => (
            400,
            json!({"__type": "ThrottlingException", "message": "Rate exceeded"}).to_string(),
        ),
        _ if asked.body.contains("NextToken") => {
            let last = event(
                "e2",
                "AuthorizeSecurityGroupIngress",
                1_000_100,
                &by(MALLORY, "a"),
            );
            (200, json!({"Events": [last]}).to_string())
        }
        _ => {
            let first = event(
                "e1",
                "AuthorizeSecurityGroupIngress",
                1_000_200,
                &by(MALLORY, "a"),
            );
            (
                200,
                json!({"Events": [first], "NextToken": "more"}).to_string(),
            )
        }
    });
    let who = who(&stub, &group());
    assert_eq!(who.events.len(), 2);
    assert_eq!(stub.asked().len(), 3);
}

#[test]
fn it_is_asked_twice_a_second_and_no_more() {
    let stub = Stub::start(|asked, before| match before {
        0 => (400, json!({"__type": "ThrottlingException"}).to_string()),
        _ if asked.body.contains("NextToken") => (200, "{\"Events\": []}".to_owned()),
        _ => (200, json!({"Events": [], "NextToken": "more"}).to_string()),
    });
    let session = session(&stub.url, &[]);
    let pace = Pace::new(APART);
    let (one, other) = (group(), group());
    // Two who ask at the same time share the pace.
    std::thread::scope(|scope| {
        for what in [&one, &other] {
            let (session, pace) = (&session, &pace);
            scope.spawn(move || {
                let trail = Trail::new(session, "111122223333", pace);
                trail.who(what, time(1_000_000), time(1_010_000)).unwrap();
            });
        }
    });
    let times: Vec<_> = stub.asked().iter().map(|asked| asked.at).collect();
    assert_eq!(times.len(), 5);
    for three in times.windows(3) {
        assert!(
            three[2] - three[0] > Duration::from_millis(1000),
            "{:?}",
            three[2] - three[0]
        );
    }
}

#[test]
fn services_without_regions_are_asked_in_the_first() {
    let stub = Stub::start(|_, _| (200, "{\"Events\": []}".to_owned()));
    let arn = "arn:aws:iam::111122223333:role/ci";
    who(
        &stub,
        &changed(
            "aws_iam_role",
            &[("id", "ci"), ("name", "ci"), ("arn", arn)],
            &["assume_role_policy"],
        ),
    );
    let queue = "arn:aws:sqs:ap-south-1:111122223333:q";
    who(
        &stub,
        &changed(
            "aws_sqs_queue",
            &[("id", "https://q"), ("arn", queue)],
            &["policy"],
        ),
    );
    let asked: Vec<String> = stub
        .asked()
        .iter()
        .map(|asked| {
            let scope = asked.header("authorization").unwrap();
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            let name = body["LookupAttributes"][0]["AttributeValue"]
                .as_str()
                .unwrap()
                .to_owned();
            format!("{} {name}", scope.split('/').nth(2).unwrap())
        })
        .collect();
    assert_eq!(
        asked,
        [
            format!("us-east-1 {arn}"),
            "us-east-1 ci".to_owned(),
            format!("ap-south-1 {queue}"),
            "ap-south-1 https://q".to_owned(),
        ]
    );
}

#[test]
fn the_limits_are_told() {
    let stub = Stub::start(|_, _| {
        (
            200,
            json!({"Events": [], "NextToken": "for ever"}).to_string(),
        )
    });
    let session = session(&stub.url, &[]);
    let pace = Pace::new(Duration::from_millis(1));
    let trail = Trail::new(&session, "1", &pace);
    let who = trail
        .who(&group(), time(0), time(90 * 86_400 + 500))
        .unwrap();
    assert_eq!(who.from, time(500));
    assert_eq!(
        who.remarks,
        [
            "CloudTrail keeps events for 90 days",
            "only the last 1000 events were read"
        ]
    );
    assert_eq!(stub.asked().len(), 20);
    let soon = trail
        .who(&group(), time(1_000_000), time(1_000_060))
        .unwrap();
    assert!(
        soon.remarks
            .iter()
            .any(|remark| remark.contains("15 minutes late"))
    );
}

#[test]
fn refused_lookups_are_errors() {
    let stub = Stub::start(|_, _| {
        (
            400,
            json!({"__type": "AccessDeniedException", "Message": "no"}).to_string(),
        )
    });
    let session = session(&stub.url, &[]);
    let pace = Pace::new(Duration::from_millis(1));
    let error = Trail::new(&session, "1", &pace)
        .who(&group(), time(0), time(9))
        .unwrap_err();
    assert!(error.is_denied());
    assert_eq!(stub.asked().len(), 1);
}
