//! IAM policy documents: statements in one shape, and what can be asked of them.
//!
//! A document is a JSON text or an `aws_iam_policy_document` data source that
//! is read later, whose blocks say the same with unknown parts. Both become
//! statements with `effect`, `actions`, `not_actions`, `resources`,
//! `not_resources`, `principals`, `not_principals` and `conditions`. The rules
//! are those of the IAM JSON policy reference (elements, wildcards, condition
//! operators); "public" and "restricting" are defined in `docs/policies.md`.

use abide_policy::{Literal, Operand, StatementTest};

use super::operators::is_any_network;
use super::tri::Tri;
use crate::value::{Object, Value};

/// Condition keys that tie a request to known accounts, networks or resources.
const RESTRICTING_KEYS: [&str; 18] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:sourceip",
    "aws:vpcsourceip",
    "aws:userid",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "elasticfilesystem:accessedviamounttarget",
];

/// Operators by which such a key restricts.
const RESTRICTING_OPERATORS: [&str; 9] = [
    "stringequals",
    "stringlike",
    "stringequalsignorecase",
    "arnequals",
    "arnlike",
    "ipaddress",
    "bool",
    "foranyvalue:stringequals",
    "foranyvalue:stringlike",
];

/// The statements of a JSON document; `None` if it is none.
pub(super) fn of_json(text: &str) -> Option<Vec<Value>> {
    let Value::Object(document) = crate::source::value_of_json(text)? else {
        return None;
    };
    let (_, statements) = document
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("statement"))?;
    let list = match statements {
        Value::List(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    Some(
        list.iter()
            .map(|statement| Value::Object(from_json(statement)))
            .collect(),
    )
}

fn from_json(statement: &Value) -> Object {
    let mut out = Object::default();
    let Value::Object(fields) = statement else {
        return out;
    };
    for (name, value) in fields.iter() {
        match name.to_ascii_lowercase().as_str() {
            "sid" => out.insert("sid", value.clone()),
            "effect" => out.insert("effect", value.clone()),
            "action" => out.insert("actions", lowered(widened(value))),
            "notaction" => out.insert("not_actions", lowered(widened(value))),
            "resource" => out.insert("resources", widened(value)),
            "notresource" => out.insert("not_resources", widened(value)),
            "principal" => out.insert("principals", principals(value)),
            "notprincipal" => out.insert("not_principals", principals(value)),
            "condition" => out.insert("conditions", conditions(value)),
            _ => {}
        }
    }
    out
}

/// A single value stands for a list of one.
fn widened(value: &Value) -> Value {
    match value {
        Value::List(_) | Value::Unknown => value.clone(),
        single => Value::List(vec![single.clone()]),
    }
}

fn lowered(value: Value) -> Value {
    match value {
        Value::List(list) => Value::List(list.into_iter().map(lowered).collect()),
        Value::String(text) => Value::String(text.to_ascii_lowercase()),
        other => other,
    }
}

/// `"*"` or `{"AWS": [...]}` as a list of `{type, id}`.
fn principals(value: &Value) -> Value {
    let entry = |kind: &str, id: Value| {
        Value::Object(
            [("type", Value::string(kind)), ("id", id)]
                .into_iter()
                .collect(),
        )
    };
    match value {
        Value::Object(map) => {
            let mut list = Vec::new();
            for (kind, ids) in map.iter() {
                match widened(ids) {
                    Value::List(ids) => list.extend(ids.into_iter().map(|id| entry(kind, id))),
                    other => list.push(entry(kind, other)),
                }
            }
            Value::List(list)
        }
        Value::Unknown => Value::Unknown,
        all => Value::List(vec![entry("*", all.clone())]),
    }
}

/// `{"StringEquals": {"aws:SourceArn": "x"}}` as a list of `{operator, key, values}`.
fn conditions(value: &Value) -> Value {
    let Value::Object(operators) = value else {
        return value.clone();
    };
    let mut list = Vec::new();
    for (operator, keys) in operators.iter() {
        let Value::Object(keys) = keys else { continue };
        for (key, values) in keys.iter() {
            list.push(condition(operator, key, widened(values)));
        }
    }
    Value::List(list)
}

fn condition(operator: &str, key: &str, values: Value) -> Value {
    Value::Object(
        [
            ("operator", Value::string(operator)),
            ("key", Value::string(key)),
            ("values", values),
        ]
        .into_iter()
        .collect(),
    )
}

/// The statements of an `aws_iam_policy_document`. Documents it takes over
/// from elsewhere and that are not known leave an unknown statement.
pub(super) fn of_data_source(values: &Object) -> Vec<Value> {
    let mut out = Vec::new();
    for inherited in [
        "source_policy_documents",
        "override_policy_documents",
        "source_json",
        "override_json",
    ] {
        for document in list_of(values.get(inherited)) {
            match document {
                Value::String(text) => {
                    out.extend(of_json(text).unwrap_or_else(|| vec![Value::Unknown]))
                }
                _ => out.push(Value::Unknown),
            }
        }
    }
    match values.get("statement") {
        Some(Value::List(statements)) => {
            out.extend(statements.iter().map(|statement| match statement {
                Value::Object(fields) => Value::Object(from_block(fields)),
                _ => Value::Unknown,
            }))
        }
        Some(_) => out.push(Value::Unknown),
        None => {}
    }
    out
}

fn list_of(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::List(list)) => list.iter().collect(),
        Some(other) => vec![other],
    }
}

fn from_block(fields: &Object) -> Object {
    let mut out = Object::default();
    // The data source's own default.
    out.insert(
        "effect",
        fields
            .get("effect")
            .cloned()
            .unwrap_or_else(|| Value::string("Allow")),
    );
    for name in ["sid", "resources", "not_resources"] {
        if let Some(value) = fields.get(name).filter(|value| !is_empty(value)) {
            out.insert(name, value.clone());
        }
    }
    for name in ["actions", "not_actions"] {
        if let Some(value) = fields.get(name).filter(|value| !is_empty(value)) {
            out.insert(name, lowered(value.clone()));
        }
    }
    for name in ["principals", "not_principals"] {
        if let Some(value) = fields.get(name).filter(|value| !is_empty(value)) {
            out.insert(name, principal_blocks(value));
        }
    }
    if let Some(value) = fields.get("condition").filter(|value| !is_empty(value)) {
        out.insert("conditions", condition_blocks(value));
    }
    out
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::List(list) if list.is_empty())
}

fn principal_blocks(value: &Value) -> Value {
    let Value::List(blocks) = value else {
        return Value::Unknown;
    };
    let mut list = Vec::new();
    for block in blocks {
        let Value::Object(block) = block else {
            list.push(Value::Unknown);
            continue;
        };
        let kind = block.get("type").cloned().unwrap_or(Value::Unknown);
        let ids = match block.get("identifiers") {
            Some(Value::List(ids)) => ids.clone(),
            _ => vec![Value::Unknown],
        };
        list.extend(
            ids.into_iter().map(|id| {
                Value::Object([("type", kind.clone()), ("id", id)].into_iter().collect())
            }),
        );
    }
    Value::List(list)
}

fn condition_blocks(value: &Value) -> Value {
    let Value::List(blocks) = value else {
        return Value::Unknown;
    };
    Value::List(
        blocks
            .iter()
            .map(|block| match block {
                Value::Object(block) => {
                    let text = |name| block.get(name).and_then(Value::as_str).unwrap_or_default();
                    condition(
                        text("test"),
                        text("variable"),
                        block.get("values").cloned().unwrap_or(Value::Unknown),
                    )
                }
                _ => Value::Unknown,
            })
            .collect(),
    )
}

/// Answers a question about a statement.
pub(super) fn answers(test: &StatementTest, statement: &Value) -> Tri {
    let Value::Object(statement) = statement else {
        return Tri::Unknown;
    };
    match test {
        StatementTest::Public => effect(statement, "Allow")
            .and(any_principal(statement))
            .and(!restricted(statement)),
        StatementTest::Restricted => restricted(statement),
        StatementTest::AnyPrincipal => any_principal(statement),
        StatementTest::AnyResource => any_resource(statement),
        StatementTest::Allows { actions } => {
            let covered =
                texts(actions).fold(Tri::False, |any, action| any.or(covers(statement, action)));
            effect(statement, "Allow").and(covered)
        }
        StatementTest::Denies { actions } => {
            let covered =
                texts(actions).fold(Tri::True, |all, action| all.and(denies(statement, action)));
            effect(statement, "Deny").and(covered)
        }
        StatementTest::Condition {
            operators,
            key,
            values,
        } => has_condition(statement, operators, key, values),
    }
}

fn texts(operand: &Operand) -> impl Iterator<Item = &str> {
    let list = match operand {
        Operand::Literal(Literal::List(list)) => list.as_slice(),
        Operand::Literal(one) => std::slice::from_ref(one),
        Operand::Parameter(_) => &[],
    };
    list.iter().filter_map(|literal| match literal {
        Literal::String(text) => Some(text.as_str()),
        _ => None,
    })
}

fn effect(statement: &Object, wanted: &str) -> Tri {
    match statement.get("effect") {
        Some(Value::String(text)) => Tri::from(text == wanted),
        Some(_) => Tri::Unknown,
        None => Tri::False,
    }
}

/// Folds a list with "one of them"; an unknown list may hold anything.
fn some(value: Option<&Value>, test: impl Fn(&Value) -> Tri) -> Tri {
    match value {
        None => Tri::False,
        Some(Value::List(list)) => list.iter().fold(Tri::False, |any, value| {
            any.or(if *value == Value::Unknown {
                Tri::Unknown
            } else {
                test(value)
            })
        }),
        Some(_) => Tri::Unknown,
    }
}

fn any_principal(statement: &Object) -> Tri {
    let everyone = some(statement.get("principals"), |principal| {
        let Value::Object(principal) = principal else {
            return Tri::Unknown;
        };
        let kind = match principal.get("type") {
            Some(Value::String(kind)) => Tri::from(matches!(
                kind.as_str(),
                "*" | "AWS" | "Federated" | "CanonicalUser"
            )),
            _ => Tri::Unknown,
        };
        let id = match principal.get("id") {
            Some(Value::String(id)) => Tri::from(id == "*"),
            _ => Tri::Unknown,
        };
        kind.and(id)
    });
    // Allowing everyone but somebody is allowing everyone.
    everyone.or(Tri::from(statement.get("not_principals").is_some()))
}

fn any_resource(statement: &Object) -> Tri {
    let named = some(statement.get("resources"), |resource| match resource {
        Value::String(text) => Tri::from(text == "*"),
        _ => Tri::Unknown,
    });
    named.or(Tri::from(statement.get("not_resources").is_some()))
}

fn restricted(statement: &Object) -> Tri {
    some(statement.get("conditions"), |condition| {
        let Value::Object(condition) = condition else {
            return Tri::Unknown;
        };
        let text = |name| {
            condition
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (operator, key) = (text("operator"), text("key"));
        let among =
            |list: &[&str], name: &str| list.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !among(&RESTRICTING_OPERATORS, operator) || !among(&RESTRICTING_KEYS, key) {
            return Tri::False;
        }
        // Values are alternatives: one that lets all through lets all through.
        let open = some(condition.get("values"), |value| match value {
            Value::String(text) => Tri::from(
                !text.is_empty() && text.chars().all(|c| c == '*') || is_any_network(text),
            ),
            Value::Unknown => Tri::Unknown,
            _ => Tri::False,
        });
        // A value that comes from another resource is one account's, not everyone's.
        Tri::from(open != Tri::True)
    })
}

/// Whether a statement's actions cover an action (whatever its effect).
fn covers(statement: &Object, action: &str) -> Tri {
    let matches = |pattern: &Value| match pattern {
        Value::String(pattern) => Tri::from(wildcard(pattern, action)),
        _ => Tri::Unknown,
    };
    match (statement.get("actions"), statement.get("not_actions")) {
        (Some(actions), _) => some(Some(actions), matches),
        (None, Some(except)) => !some(Some(except), matches),
        (None, None) => Tri::False,
    }
}

/// Whether all that an action stands for is named: `NotAction` must except none of it.
fn denies(statement: &Object, action: &str) -> Tri {
    if statement.get("actions").is_some() {
        return covers(statement, action);
    }
    let Some(except) = statement.get("not_actions") else {
        return Tri::False;
    };
    !some(Some(except), |pattern| match pattern {
        Value::String(pattern) => Tri::from(wildcard(pattern, action) || wildcard(action, pattern)),
        _ => Tri::Unknown,
    })
}

fn has_condition(statement: &Object, operators: &[String], key: &str, values: &[String]) -> Tri {
    some(statement.get("conditions"), |condition| {
        let Value::Object(condition) = condition else {
            return Tri::Unknown;
        };
        let text = |name| {
            condition
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let operator = text("operator");
        // `ForAnyValue:StringLikeIfExists` is a StringLike.
        let base = operator.rsplit(':').next().unwrap_or(operator);
        let base = base.strip_suffix("IfExists").unwrap_or(base);
        let named = operators
            .iter()
            .any(|name| name.eq_ignore_ascii_case(base) || name.eq_ignore_ascii_case(operator));
        if !named || !text("key").eq_ignore_ascii_case(key) {
            return Tri::False;
        }
        if values.is_empty() {
            return Tri::True;
        }
        some(condition.get("values"), |value| match value {
            Value::Unknown => Tri::Unknown,
            value => Tri::from(
                values
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(&value.plain())),
            ),
        })
    })
}

/// IAM's wildcards: `*` any text, `?` any character; ASCII case does not count.
/// The backtracking point only moves forward, so it is quadratic at worst.
pub(super) fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(&text[t]) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let document =
            Object::from_iter([("statement", Value::List(vec![Value::Object(statement)]))]);
        let statements = of_data_source(&document);
        assert_eq!(
            answers(&StatementTest::Public, &statements[0]),
            Tri::Unknown
        );
        assert_eq!(answers(&allows("s3:GetObject"), &statements[0]), Tri::True);
    }
}
