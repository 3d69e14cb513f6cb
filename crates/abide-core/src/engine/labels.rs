//! Words for what conditions ask: in `expected`, and in the tree of `abide explain`.

use abide_policy::{Absent, Literal, Path, Property, Quantifier, StatementTest};

use super::tri::Tri;
use crate::policy::{Attribute, Op};
use crate::value::{Number, Value};

pub(super) fn value_of(literal: &Literal) -> Value {
    match literal {
        Literal::Bool(bool) => Value::Bool(*bool),
        Literal::Int(int) => Value::Number(Number::Int(*int)),
        Literal::Float(float) => Value::Number(Number::Float(*float)),
        Literal::String(text) => Value::string(text),
        Literal::List(list) => Value::List(list.iter().map(value_of).collect()),
    }
}

fn quoted(literal: &Literal) -> String {
    value_of(literal).display(200)
}

fn one_of(list: &[Literal]) -> String {
    list.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// What an operator expects, as a phrase.
pub(super) fn expected(op: &Op) -> String {
    match op {
        Op::Equals(literal) => quoted(literal),
        Op::NotEquals(literal) => format!("not {}", quoted(literal)),
        Op::OneOf(list) if list.len() == 1 => one_of(list),
        Op::OneOf(list) => format!("one of {}", one_of(list)),
        Op::NotOneOf(list) => format!("none of {}", one_of(list)),
        Op::AtLeast(limit) => format!("at least {limit}"),
        Op::AtMost(limit) => format!("at most {limit}"),
        Op::Matches(regex) => format!("text matching /{regex}/"),
        Op::NotMatches(regex) => format!("no text matching /{regex}/"),
        Op::StartsWith(list) => format!("text starting with {}", list.join(" or ")),
        Op::EndsWith(list) => format!("text ending with {}", list.join(" or ")),
        Op::Contains(literal) => format!("contains {}", quoted(literal)),
        Op::ContainsAll(list) => format!("contains all of {}", one_of(list)),
        Op::ContainsAny(list) => format!("contains one of {}", one_of(list)),
        Op::SubsetOf(list) => format!("only {}", one_of(list)),
        Op::LengthAtLeast(limit) => format!("at least {limit} elements"),
        Op::LengthAtMost(limit) => format!("at most {limit} elements"),
        Op::VersionAtLeast(version) => format!("version {version} or later"),
        Op::Within(networks) => format!(
            "within {}",
            networks
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" or ")
        ),
        Op::Is(property) => self::property(*property).to_owned(),
        Op::RefersTo(types, _) => format!("a reference to {}", types.join(" or ")),
        Op::EqualsAttribute(path) => format!("equal to {path}"),
    }
}

/// What a rule for ports is asked.
pub(super) fn ports(ports: &[i64], protocols: &[String]) -> String {
    let ports = ports.iter().map(ToString::to_string).collect::<Vec<_>>();
    let protocols = match protocols {
        [] => "port".to_owned(),
        protocols => protocols.join("/"),
    };
    format!("covers {protocols} {}", ports.join(", "))
}

fn property(property: Property) -> &'static str {
    match property {
        Property::Set => "set",
        Property::Unset => "not set",
        Property::True => "true",
        Property::False => "false",
        Property::Empty => "empty",
        Property::NotEmpty => "not empty",
        Property::CustomerKey => "a customer-managed key",
        Property::AnyCidr => "the whole address space",
        Property::Secret => "a secret",
    }
}

/// What to show of a text that was searched for a secret: never the text.
pub(super) fn secrecy(answer: Tri) -> &'static str {
    match answer {
        Tri::True => "(looks like a secret)",
        Tri::False => "(does not look like a secret)",
        Tri::Unknown => "(a text that cannot be looked into)",
    }
}

/// The whole test, as one line.
pub(super) fn attribute(attribute: &Attribute) -> String {
    let absent = match &attribute.absent {
        Absent::Operator => String::new(),
        Absent::Verdict(verdict) => format!(" (absent: {verdict:?})").to_lowercase(),
        Absent::Default(literal) => format!(" (default {})", quoted(literal)),
    };
    format!("{} is {}{absent}", attribute.path, expected(&attribute.op))
}

pub(super) fn quantified(quantifier: Quantifier, over: &Path) -> String {
    match quantifier {
        Quantifier::Every => format!("every {over} to comply"),
        Quantifier::Some => format!("a {over} that complies"),
        Quantifier::None => format!("no such {over}"),
    }
}

pub(super) fn statement(test: &StatementTest) -> String {
    match test {
        StatementTest::Public => "statement is public".to_owned(),
        StatementTest::Restricted => "statement has a restricting condition".to_owned(),
        StatementTest::Allows { actions } => format!("statement allows {}", operand(actions)),
        StatementTest::Denies { actions } => format!("statement denies {}", operand(actions)),
        StatementTest::AnyResource => "statement is for any resource".to_owned(),
        StatementTest::AnyPrincipal => "statement is for any principal".to_owned(),
        StatementTest::Condition {
            operators,
            key,
            values,
        } => {
            format!(
                "statement has condition {} {key} {}",
                operators.join("/"),
                values.join(", ")
            )
        }
    }
}

fn operand(operand: &abide_policy::Operand) -> String {
    match operand {
        abide_policy::Operand::Literal(literal) => literal.to_string(),
        abide_policy::Operand::Parameter(name) => format!("${name}"),
    }
}
