//! What is known of single types: who else manages an attribute, what the provider computes.

use super::change::Change;
use super::noise::Around;
use crate::inventory::{Inventory, Resource};
use crate::value::{Object, Value};

const COMPANIONS: &str = include_str!("../../data/drift_companions.tsv");
const COMPUTED: &str = include_str!("../../data/drift_computed.txt");

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Whether the provider reads an attribute anew all the time.
pub(super) fn is_computed(type_name: &str, attribute: &str) -> bool {
    lines(COMPUTED)
        .filter_map(|line| line.split_once(' '))
        .any(|(of, name)| (of == "*" || of == type_name) && name == attribute)
}

/// Whether the change is in an attribute that another resource of the state manages.
pub(super) fn has_companion(change: &Change, around: &Around<'_>) -> bool {
    let attribute = change.attribute();
    if around.type_name == "aws_security_group" && matches!(attribute, "ingress" | "egress") {
        return is_rule_elsewhere(change, attribute, around);
    }
    lines(COMPANIONS).any(|line| {
        let mut columns = line.split('\t');
        let row = [(); 4].map(|()| columns.next().unwrap_or_default());
        row[0] == around.type_name
            && row[1] == attribute
            && of_type(around.found, row[2])
                .any(|other| names(other.values.get(row[3]), around.after))
    })
}

fn of_type<'a>(found: &'a Inventory, type_name: &str) -> impl Iterator<Item = &'a Resource> {
    let ids = found.of_type(type_name).iter();
    ids.map(|id| found.resource(*id))
}

/// Whether a value names a resource: by its id, ARN, name or URL.
fn names(value: Option<&Value>, resource: &Object) -> bool {
    let Some(text) = value.and_then(Value::as_str) else {
        return false;
    };
    ["id", "arn", "name", "bucket", "url", "key_id"]
        .iter()
        .any(|name| resource.get(name).and_then(Value::as_str) == Some(text))
}

/// Whether each rule that came to a security group is a rule resource of its own, or each
/// that went was none any more.
fn is_rule_elsewhere(change: &Change, direction: &str, around: &Around<'_>) -> bool {
    let (Some(Value::Object(rule)), None) = (&change.after, &change.before) else {
        return false;
    };
    let group = around.after.get("id");
    let classic = of_type(around.found, "aws_security_group_rule").filter(|other| {
        other.values.get("type").and_then(Value::as_str) == Some(direction)
            && other.values.get("security_group_id") == group
            && same_ports(rule, &other.values, "protocol")
    });
    let single = match direction {
        "ingress" => "aws_vpc_security_group_ingress_rule",
        _ => "aws_vpc_security_group_egress_rule",
    };
    let single = of_type(around.found, single).filter(|other| {
        other.values.get("security_group_id") == group
            && same_ports(rule, &other.values, "ip_protocol")
    });
    let known: Vec<&Object> = classic.chain(single).map(|r| &r.values).collect();
    let sources = sources(rule);
    // AWS shows rules of the same ports as one.
    !sources.is_empty()
        && sources.iter().all(|source| {
            known
                .iter()
                .any(|other| self::sources(other).contains(source))
        })
}

fn same_ports(rule: &Object, other: &Object, protocol: &str) -> bool {
    let number = |object: &Object, name: &str| match object.get(name) {
        Some(Value::Number(number)) => Some(number.as_f64()),
        _ => None,
    };
    // All protocols have no ports: 0 in the group, unset in a rule.
    let ports = |object: &Object| {
        ["from_port", "to_port"].map(|name| number(object, name).filter(|port| *port > 0.0))
    };
    rule.get("protocol") == other.get(protocol) && ports(rule) == ports(other)
}

/// Where a rule lets traffic from or to.
fn sources(rule: &Object) -> Vec<&str> {
    let mut found = Vec::new();
    for name in [
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "prefix_list_ids",
        "security_groups",
    ] {
        let list = rule.get(name).and_then(Value::as_list).unwrap_or_default();
        found.extend(list.iter().filter_map(Value::as_str));
    }
    for name in [
        "cidr_ipv4",
        "cidr_ipv6",
        "prefix_list_id",
        "referenced_security_group_id",
        "source_security_group_id",
    ] {
        found.extend(rule.get(name).and_then(Value::as_str));
    }
    if rule.get("self") == Some(&Value::Bool(true)) {
        found.push("self");
    }
    found
}
