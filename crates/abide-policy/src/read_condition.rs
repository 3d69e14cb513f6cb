//! Reads condition trees.

use crate::model::*;
use crate::path::Path;
use crate::read::{
    Errors, Fields, advice, boolean, choice, list, list_or_one, literal, text, texts,
};
use crate::yaml::{Kind, Node};

/// The keys that say what a condition asks; it has exactly one of them.
pub(crate) const HEADS: [&str; 20] = [
    "all",
    "any",
    "not",
    "attribute",
    "every",
    "some",
    "none",
    "linked",
    "follow",
    "exists",
    "statements",
    "statement",
    "allows",
    "denies",
    "json",
    "ports",
    "open_to_world",
    "constant",
    "parameter",
    "undecidable",
];

/// The operators of an attribute test.
pub(crate) const OPERATORS: [&str; 22] = [
    "equals",
    "not_equals",
    "one_of",
    "not_one_of",
    "at_least",
    "at_most",
    "matches",
    "not_matches",
    "starts_with",
    "ends_with",
    "contains",
    "contains_all",
    "contains_any",
    "subset_of",
    "length_at_least",
    "length_at_most",
    "version_at_least",
    "within",
    "is",
    "refers_to",
    "equals_attribute",
    "is_not",
];

const PROPERTIES: [(&str, Property); 9] = [
    ("set", Property::Set),
    ("unset", Property::Unset),
    ("true", Property::True),
    ("false", Property::False),
    ("empty", Property::Empty),
    ("not_empty", Property::NotEmpty),
    ("customer_key", Property::CustomerKey),
    ("any_cidr", Property::AnyCidr),
    ("secret", Property::Secret),
];

const QUANTIFIERS: [(&str, Quantifier); 3] = [
    ("every", Quantifier::Every),
    ("some", Quantifier::Some),
    ("none", Quantifier::None),
];

const VERDICTS: [(&str, Verdict); 3] = [
    ("pass", Verdict::Pass),
    ("fail", Verdict::Fail),
    ("unknown", Verdict::Unknown),
];

pub(crate) fn condition(node: &Node, errors: &mut Errors) -> Option<Condition> {
    let mut fields = Fields::of(node, "a condition", errors)?;
    let Some((head, value)) = fields.one_of(&HEADS, errors) else {
        if fields.take("match").is_none() {
            errors.push(
                node.at,
                format!("a condition needs one of {}", HEADS.join(", ")),
            );
        } else {
            errors.push(
                node.at,
                "`match` alone asks nothing: say over what, as in `none: ingress`",
            );
        }
        return None;
    };
    let test =
        match head {
            "all" => Some(Test::All(conditions(value, errors))),
            "any" => Some(Test::Any(conditions(value, errors))),
            "not" => condition(value, errors).map(|inner| Test::Not(Box::new(inner))),
            "attribute" => attribute(value, &mut fields, errors),
            "every" => quantified(Quantifier::Every, value, &mut fields, errors),
            "some" => quantified(Quantifier::Some, value, &mut fields, errors),
            "none" => quantified(Quantifier::None, value, &mut fields, errors),
            "linked" => linked(value, &mut fields, errors),
            "follow" => follow(value, &mut fields, errors),
            "exists" => exists(value, &mut fields, errors),
            "statements" => statements(value, &mut fields, errors),
            "statement" => statement(value, errors),
            "allows" => operand(value, errors)
                .map(|actions| Test::Statement(StatementTest::Allows { actions })),
            "denies" => operand(value, errors)
                .map(|actions| Test::Statement(StatementTest::Denies { actions })),
            "json" => json(value, &mut fields, errors),
            "ports" => ports(value, &mut fields, errors),
            "open_to_world" => open_to_world(value, &mut fields, errors),
            "parameter" => parameter(value, &mut fields, errors),
            "constant" => boolean(value, errors).map(Test::Constant),
            _ => text(value, errors).map(Test::Undecidable),
        };
    let own = advice(&mut fields, errors);
    fields.finish("this condition", errors);
    Some(Condition {
        test: test?,
        advice: (!own.is_empty()).then(|| Box::new(own)),
        at: node.at,
    })
}

fn conditions(node: &Node, errors: &mut Errors) -> Vec<Condition> {
    let nodes = list(node, errors);
    if nodes.is_empty() && matches!(node.kind, Kind::List(_)) {
        errors.push(
            node.at,
            "the list is empty: it would hold for everything or for nothing",
        );
    }
    nodes
        .iter()
        .filter_map(|node| condition(node, errors))
        .collect()
}

fn optional(
    name: &'static str,
    fields: &mut Fields<'_>,
    errors: &mut Errors,
) -> Option<Box<Condition>> {
    fields
        .take(name)
        .and_then(|node| condition(node, errors))
        .map(Box::new)
}

pub(crate) fn path(node: &Node, errors: &mut Errors) -> Option<Path> {
    let text = text(node, errors)?;
    match Path::parse(&text, node.at) {
        Ok(path) => Some(path),
        Err(message) => {
            errors.push(node.at, message);
            None
        }
    }
}

fn paths(node: &Node, errors: &mut Errors) -> Vec<Path> {
    list_or_one(node)
        .iter()
        .filter_map(|node| path(node, errors))
        .collect()
}

fn operand(node: &Node, errors: &mut Errors) -> Option<Operand> {
    if let Kind::Scalar {
        text,
        quoted: false,
    } = &node.kind
        && let Some(name) = text.strip_prefix('$')
    {
        return Some(Operand::Parameter(name.to_owned()));
    }
    literal(node, errors).map(Operand::Literal)
}

fn verdict(
    name: &'static str,
    default: Verdict,
    fields: &mut Fields<'_>,
    errors: &mut Errors,
) -> Verdict {
    fields
        .take(name)
        .and_then(|node| choice(node, &VERDICTS, errors))
        .unwrap_or(default)
}

fn attribute(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let path = path(value, errors);
    let Some((name, node)) = fields.one_of(&OPERATORS, errors) else {
        errors.push(
            value.at,
            format!("`attribute` needs an operator: {}", OPERATORS.join(", ")),
        );
        // Take the companions, so that they are not reported as unknown.
        fields.take("absent");
        fields.take("default");
        return None;
    };
    let operator = operator(name, node, errors);
    let absent = match (fields.take("absent"), fields.take("default")) {
        (Some(_), Some(node)) => {
            errors.push(
                node.at,
                "`default` cannot stand beside `absent`: say one of them",
            );
            Absent::Operator
        }
        (Some(node), None) => {
            choice(node, &VERDICTS, errors).map_or(Absent::Operator, Absent::Verdict)
        }
        (None, Some(node)) => literal(node, errors).map_or(Absent::Operator, Absent::Default),
        (None, None) => Absent::Operator,
    };
    let test = Test::Attribute {
        path: path?,
        operator: operator?,
        absent,
    };
    if name == "is_not" {
        let at = value.at;
        return Some(Test::Not(Box::new(Condition {
            test,
            advice: None,
            at,
        })));
    }
    Some(test)
}

fn operator(name: &str, node: &Node, errors: &mut Errors) -> Option<Operator> {
    match name {
        "is" | "is_not" => return choice(node, &PROPERTIES, errors).map(Operator::Is),
        "equals_attribute" => return path(node, errors).map(Operator::EqualsAttribute),
        "refers_to" => return Some(Operator::RefersTo(texts(node, errors))),
        _ => {}
    }
    let operand = operand(node, errors)?;
    if matches!(name, "matches" | "not_matches")
        && let Operand::Literal(literal) = &operand
        && let Err(error) = regex::Regex::new(&literal.to_string())
    {
        let reason = error.to_string();
        let reason = reason
            .lines()
            .last()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        errors.push(node.at, format!("not a regular expression: {reason}"));
        return None;
    }
    Some(match name {
        "equals" => Operator::Equals(operand),
        "not_equals" => Operator::NotEquals(operand),
        "one_of" => Operator::OneOf(operand),
        "not_one_of" => Operator::NotOneOf(operand),
        "at_least" => Operator::AtLeast(operand),
        "at_most" => Operator::AtMost(operand),
        "matches" => Operator::Matches(operand),
        "not_matches" => Operator::NotMatches(operand),
        "starts_with" => Operator::StartsWith(operand),
        "ends_with" => Operator::EndsWith(operand),
        "contains" => Operator::Contains(operand),
        "contains_all" => Operator::ContainsAll(operand),
        "contains_any" => Operator::ContainsAny(operand),
        "subset_of" => Operator::SubsetOf(operand),
        "length_at_least" => Operator::LengthAtLeast(operand),
        "length_at_most" => Operator::LengthAtMost(operand),
        "version_at_least" => Operator::VersionAtLeast(operand),
        _ => Operator::Within(operand),
    })
}

fn quantified(
    quantifier: Quantifier,
    value: &Node,
    fields: &mut Fields<'_>,
    errors: &mut Errors,
) -> Option<Test> {
    let over = path(value, errors);
    let filter = optional("where", fields, errors);
    let matches = optional("match", fields, errors);
    if quantifier == Quantifier::Every && matches.is_none() {
        errors.push(
            value.at,
            "`every` needs `match`: what must hold for each element",
        );
    }
    let empty = fields
        .take("empty")
        .and_then(|node| choice(node, &VERDICTS, errors));
    let facts = facts(fields, errors);
    Some(Test::Quantified {
        quantifier,
        over: over?,
        filter,
        matches,
        empty,
        facts,
    })
}

pub(crate) fn facts(fields: &mut Fields<'_>, errors: &mut Errors) -> Vec<Fact> {
    let Some(node) = fields.take("facts") else {
        return Vec::new();
    };
    let Kind::Map(map) = &node.kind else {
        errors.push(
            node.at,
            "expected facts by name (a mapping), as in `{port: from_port}`",
        );
        return Vec::new();
    };
    let mut facts = Vec::new();
    for (key, node) in map {
        let Some(text) = text(node, errors) else {
            continue;
        };
        let source = match text.strip_prefix('=') {
            Some(fixed) => Some(FactSource::Text(fixed.to_owned())),
            None => path(node, errors).map(FactSource::Path),
        };
        facts.extend(source.map(|source| Fact {
            name: key.name.clone(),
            source,
        }));
    }
    facts
}

fn linked(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let types = texts(value, errors);
    let by = fields
        .require("by", errors)
        .and_then(|node| path(node, errors));
    let quantifier = fields
        .take("quantifier")
        .map_or(Some(Quantifier::Some), |node| {
            choice(node, &QUANTIFIERS, errors)
        });
    let matches = optional("match", fields, errors);
    Some(Test::Linked {
        quantifier: quantifier?,
        types,
        by: by?,
        matches,
    })
}

fn follow(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let path = path(value, errors);
    let types = fields.require("to", errors).map(|node| texts(node, errors));
    let matches = optional("match", fields, errors);
    let elsewhere = verdict("elsewhere", Verdict::Unknown, fields, errors);
    let absent = verdict("absent", Verdict::Fail, fields, errors);
    Some(Test::Follow {
        path: path?,
        types: types?,
        matches,
        elsewhere,
        absent,
    })
}

fn exists(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let types = texts(value, errors);
    let same_provider = fields
        .take("same_provider")
        .is_some_and(|node| boolean(node, errors) == Some(true));
    let matches = optional("match", fields, errors);
    Some(Test::Exists {
        types,
        same_provider,
        matches,
    })
}

fn statements(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let path = path(value, errors);
    let quantifier = fields
        .require("quantifier", errors)
        .and_then(|node| choice(node, &QUANTIFIERS, errors));
    let matches = fields
        .require("match", errors)
        .and_then(|node| condition(node, errors));
    let absent = verdict("absent", Verdict::Pass, fields, errors);
    let facts = facts(fields, errors);
    Some(Test::Statements {
        quantifier: quantifier?,
        path: path?,
        matches: Box::new(matches?),
        absent,
        facts,
    })
}

fn statement(value: &Node, errors: &mut Errors) -> Option<Test> {
    if matches!(value.kind, Kind::Map(_)) {
        let mut fields = Fields::of(value, "a statement test", errors)?;
        let operators = fields
            .require("condition", errors)
            .map(|node| texts(node, errors));
        let key = fields
            .require("key", errors)
            .and_then(|node| text(node, errors));
        let values = fields
            .take("values")
            .map_or_else(Vec::new, |node| texts(node, errors));
        fields.finish("a statement test", errors);
        return Some(Test::Statement(StatementTest::Condition {
            operators: operators?,
            key: key?,
            values,
        }));
    }
    let tests = [
        ("public", StatementTest::Public),
        ("restricted", StatementTest::Restricted),
        ("any_resource", StatementTest::AnyResource),
        ("any_principal", StatementTest::AnyPrincipal),
    ];
    let names: Vec<_> = tests
        .iter()
        .enumerate()
        .map(|(at, (name, _))| (*name, at))
        .collect();
    let at = choice(value, &names, errors)?;
    tests
        .into_iter()
        .nth(at)
        .map(|(_, test)| Test::Statement(test))
}

fn parameter(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let name = text(value, errors);
    let equals = fields
        .require("equals", errors)
        .and_then(|node| literal(node, errors));
    Some(Test::Parameter {
        name: name?,
        equals: equals?,
    })
}

fn json(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let path = path(value, errors);
    let matches = fields
        .require("match", errors)
        .and_then(|node| condition(node, errors));
    let absent = verdict("absent", Verdict::Pass, fields, errors);
    Some(Test::Json {
        path: path?,
        matches: Box::new(matches?),
        absent,
    })
}

fn ports(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let cover = fields
        .require("cover", errors)
        .and_then(|node| operand(node, errors));
    let protocols = fields
        .take("protocols")
        .map_or_else(|| vec!["tcp".to_owned()], |node| texts(node, errors));
    let mut inner = Fields::of(value, "`ports` with `from`, `to` and `protocol`", errors)?;
    let mut take = |name, errors: &mut Errors| {
        inner
            .require(name, errors)
            .and_then(|node| path(node, errors))
    };
    let (from, to, protocol) = (
        take("from", errors),
        take("to", errors),
        take("protocol", errors),
    );
    inner.finish("`ports`", errors);
    Some(Test::Ports {
        from: from?,
        to: to?,
        protocol: protocol?,
        cover: cover?,
        protocols,
    })
}

fn open_to_world(value: &Node, fields: &mut Fields<'_>, errors: &mut Errors) -> Option<Test> {
    let cidrs = paths(value, errors);
    let prefix_lists = fields
        .take("prefix_lists")
        .map_or_else(Vec::new, |node| paths(node, errors));
    Some(Test::OpenToWorld {
        cidrs,
        prefix_lists,
    })
}
