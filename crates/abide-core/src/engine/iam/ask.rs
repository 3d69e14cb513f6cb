//! What can be asked of a statement.

use abide_policy::{Literal, Operand, StatementTest};

use super::super::operators::is_any_network;
use super::super::tri::Tri;
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

/// Answers a question about a statement.
pub(in crate::engine) fn answers(test: &StatementTest, statement: &Value) -> Tri {
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

/// A field of a condition.
fn text<'c>(condition: &'c Object, name: &str) -> &'c str {
    condition
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn restricted(statement: &Object) -> Tri {
    some(statement.get("conditions"), |condition| {
        let Value::Object(condition) = condition else {
            return Tri::Unknown;
        };
        let (operator, key) = (text(condition, "operator"), text(condition, "key"));
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
        let operator = text(condition, "operator");
        // `ForAnyValue:StringLikeIfExists` is a StringLike.
        let base = operator.rsplit(':').next().unwrap_or(operator);
        let base = base.strip_suffix("IfExists").unwrap_or(base);
        let named = operators
            .iter()
            .any(|name| name.eq_ignore_ascii_case(base) || name.eq_ignore_ascii_case(operator));
        if !named || !text(condition, "key").eq_ignore_ascii_case(key) {
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
