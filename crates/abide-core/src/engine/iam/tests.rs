use abide_policy::{Literal, Operand, StatementTest};

use super::super::tri::Tri;
use super::ask::wildcard;
use super::*;
use crate::value::{Object, Value};

fn ask(test: &StatementTest, json: &str) -> Tri {
    answers(
        test,
        &of_json(&format!("{{\"Statement\": {json}}}")).unwrap()[0],
    )
}

fn allows(action: &str) -> StatementTest {
    StatementTest::Allows {
        actions: Operand::Literal(Literal::String(action.into())),
    }
}

#[test]
fn wildcards() {
    assert!(wildcard("iam:*", "iam:passrole"));
    assert!(wildcard("*", "iam:passrole"));
    assert!(wildcard("iam:pass?ole", "iam:passrole"));
    assert!(!wildcard("iam:get*", "iam:passrole"));
    assert!(!wildcard("", "x"));
}

#[test]
fn actions_and_their_exceptions() {
    assert_eq!(
        ask(
            &allows("iam:PassRole"),
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#
        ),
        Tri::True
    );
    assert_eq!(
        ask(
            &allows("iam:PassRole"),
            r#"{"Effect":"Allow","NotAction":["iam:*"],"Resource":"*"}"#
        ),
        Tri::False
    );
    assert_eq!(
        ask(
            &allows("s3:GetObject"),
            r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#
        ),
        Tri::True
    );
    assert_eq!(
        ask(
            &allows("s3:GetObject"),
            r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#
        ),
        Tri::False
    );
}

#[test]
fn a_deny_with_exceptions_denies_less() {
    let denies = |action: &str| StatementTest::Denies {
        actions: Operand::Literal(Literal::String(action.into())),
    };
    let statement = r#"{"Effect":"Deny","NotAction":"s3:GetObject","Resource":"*"}"#;
    assert_eq!(ask(&denies("s3:*"), statement), Tri::False);
    assert_eq!(ask(&denies("s3:PutObject"), statement), Tri::True);
    assert_eq!(
        ask(&denies("s3:*"), r#"{"Effect":"Deny","Action":"*"}"#),
        Tri::True
    );
}

#[test]
fn public_and_what_restricts_it() {
    let public = StatementTest::Public;
    assert_eq!(
        ask(
            &public,
            r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}"#
        ),
        Tri::True
    );
    assert_eq!(
        ask(
            &public,
            r#"{"Effect":"Allow","Principal":{"AWS":["1","*"]},"Action":"x"}"#
        ),
        Tri::True
    );
    assert_eq!(
        ask(
            &public,
            r#"{"Effect":"Allow","Principal":{"Service":"*"},"Action":"x"}"#
        ),
        Tri::False
    );
    assert_eq!(
        ask(
            &public,
            r#"{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"Action":"x"}"#
        ),
        Tri::True
    );
    let with = |condition: &str| {
        ask(
            &public,
            &format!(
                r#"{{"Effect":"Allow","Principal":"*","Action":"x","Condition":{condition}}}"#
            ),
        )
    };
    assert_eq!(
        with(r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#),
        Tri::False
    );
    assert_eq!(
        with(r#"{"StringLike":{"aws:PrincipalArn":"*"}}"#),
        Tri::True
    );
    assert_eq!(
        with(r#"{"StringEqualsIfExists":{"aws:SourceArn":"a"}}"#),
        Tri::True
    );
    assert_eq!(
        with(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
        Tri::True
    );
    assert_eq!(
        with(r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","0::/0"]}}"#),
        Tri::True
    );
    assert_eq!(
        with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#),
        Tri::False
    );
}

#[test]
fn conditions_by_operator_key_and_value() {
    let test = StatementTest::Condition {
        operators: vec!["Bool".into()],
        key: "aws:SecureTransport".into(),
        values: vec!["false".into()],
    };
    assert_eq!(
        ask(
            &test,
            r#"{"Effect":"Deny","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#
        ),
        Tri::True
    );
    assert_eq!(
        ask(
            &test,
            r#"{"Effect":"Deny","Condition":{"BoolIfExists":{"aws:securetransport":false}}}"#
        ),
        Tri::True
    );
    assert_eq!(
        ask(
            &test,
            r#"{"Effect":"Deny","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#
        ),
        Tri::False
    );
}

#[test]
fn a_document_with_an_unknown_principal() {
    let principal = Object::from_iter([
        ("type", Value::string("AWS")),
        ("identifiers", Value::List(vec![Value::Unknown])),
    ]);
    let statement = Object::from_iter([
        ("actions", Value::List(vec![Value::string("S3:*")])),
        ("principals", Value::List(vec![Value::Object(principal)])),
    ]);
    let document = Object::from_iter([("statement", Value::List(vec![Value::Object(statement)]))]);
    let statements = of_data_source(&document);
    assert_eq!(
        answers(&StatementTest::Public, &statements[0]),
        Tri::Unknown
    );
    assert_eq!(answers(&allows("s3:GetObject"), &statements[0]), Tri::True);
}
