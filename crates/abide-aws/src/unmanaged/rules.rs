//! Rules of security groups that a state holds otherwise than one by one: inline in their group,
//! or as `aws_security_group_rule`, which stands for several.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::list::Item;
use crate::answer;

/// What the states say of rules, by group.
#[derive(Debug, Default)]
pub(super) struct Rules {
    separate: BTreeMap<String, Vec<Rule>>,
    inline: BTreeMap<String, Vec<Rule>>,
    /// Groups whose rules are resources of their own: what the group itself lists was only read.
    apart: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

#[derive(Debug)]
struct Rule {
    direction: Direction,
    what: Written,
}

/// A rule as Terraform writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    protocol: Option<String>,
    from_port: Option<i64>,
    to_port: Option<i64>,
    cidr_blocks: Option<Vec<String>>,
    ipv6_cidr_blocks: Option<Vec<String>>,
    prefix_list_ids: Option<Vec<String>>,
    security_groups: Option<Vec<String>>,
    source_security_group_id: Option<String>,
    #[serde(rename = "self")]
    itself: Option<bool>,
}

pub(super) fn is_read(type_name: &str) -> bool {
    matches!(
        type_name,
        "aws_security_group"
            | "aws_default_security_group"
            | "aws_security_group_rule"
            | "aws_vpc_security_group_ingress_rule"
            | "aws_vpc_security_group_egress_rule"
    )
}

impl Rules {
    pub(super) fn add(&mut self, type_name: &str, values: &Map<String, Value>) {
        let text = |name: &str| values.get(name).and_then(Value::as_str);
        match type_name {
            "aws_security_group" | "aws_default_security_group" => {
                let Some(group) = text("id") else { return };
                for (name, direction) in [
                    ("ingress", Direction::Ingress),
                    ("egress", Direction::Egress),
                ] {
                    let blocks = values.get(name).and_then(Value::as_array);
                    for block in blocks.into_iter().flatten() {
                        let what = Written::deserialize(block).unwrap_or_default();
                        let rules = self.inline.entry(group.to_owned()).or_default();
                        rules.push(Rule { direction, what });
                    }
                }
            }
            _ => {
                let Some(group) = text("security_group_id") else {
                    return;
                };
                self.apart.insert(group.to_owned());
                let direction = match text("type") {
                    Some("ingress") => Direction::Ingress,
                    Some("egress") => Direction::Egress,
                    _ => return,
                };
                let what = Written::deserialize(&Value::Object(values.clone()));
                let rules = self.separate.entry(group.to_owned()).or_default();
                rules.push(Rule {
                    direction,
                    what: what.unwrap_or_default(),
                });
            }
        }
    }

    /// Whether a state holds this rule.
    pub(super) fn cover(&self, item: &Item) -> bool {
        let Some(found) = Found::of(item) else {
            return false;
        };
        let of = |rules: &BTreeMap<String, Vec<Rule>>| {
            let rules = rules.get(&found.group).into_iter().flatten();
            rules.into_iter().any(|rule| found.is_in(rule))
        };
        of(&self.separate) || (!self.apart.contains(&found.group) && of(&self.inline))
    }
}

/// A rule as AWS lists it.
struct Found {
    group: String,
    direction: Direction,
    protocol: String,
    ports: (Option<i64>, Option<i64>),
    cidr: Option<String>,
    cidr6: Option<String>,
    list: Option<String>,
    other: Option<String>,
}

impl Found {
    fn of(item: &Item) -> Option<Self> {
        if !item.kind.name.starts_with("aws_vpc_security_group_") {
            return None;
        }
        let text = |path: &str| answer::text_at(&item.value, path);
        let port = |path: &str| text(path).and_then(|text| text.parse().ok());
        Some(Self {
            group: text("groupId")?,
            direction: match text("isEgress")?.as_str() {
                "true" => Direction::Egress,
                _ => Direction::Ingress,
            },
            protocol: text("ipProtocol")?,
            ports: (port("fromPort"), port("toPort")),
            cidr: text("cidrIpv4"),
            cidr6: text("cidrIpv6"),
            list: text("prefixListId"),
            other: text("referencedGroupInfo.groupId"),
        })
    }

    fn is_in(&self, rule: &Rule) -> bool {
        let written = &rule.what;
        let protocol = written.protocol.as_deref().unwrap_or_default();
        let is_all = |protocol: &str| matches!(protocol, "-1" | "all");
        let same_protocol = number(protocol) == number(&self.protocol)
            || is_all(protocol) && is_all(&self.protocol);
        let same_ports = is_all(protocol) || (written.from_port, written.to_port) == self.ports;
        rule.direction == self.direction && same_protocol && same_ports && self.is_peer(written)
    }

    fn is_peer(&self, written: &Written) -> bool {
        let among = |list: &Option<Vec<String>>, found: &String| {
            let mut list = list.iter().flatten();
            // A group of another account is written with that account.
            list.any(|known| known == found || known.rsplit('/').next() == Some(found))
        };
        let one = |found: &Option<String>, list: &Option<Vec<String>>| {
            found.as_ref().is_some_and(|found| among(list, found))
        };
        one(&self.cidr, &written.cidr_blocks)
            || one(&self.cidr6, &written.ipv6_cidr_blocks)
            || one(&self.list, &written.prefix_list_ids)
            || one(&self.other, &written.security_groups)
            || self.other.as_ref().is_some_and(|other| {
                written.source_security_group_id.as_ref() == Some(other)
                    || written.itself == Some(true) && *other == self.group
            })
    }
}

/// Protocols have names and numbers.
fn number(protocol: &str) -> &str {
    match protocol {
        "tcp" => "6",
        "udp" => "17",
        "icmp" => "1",
        "icmpv6" => "58",
        other => other,
    }
}
