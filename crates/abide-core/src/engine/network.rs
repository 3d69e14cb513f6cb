//! Questions about ports and address ranges.

use abide_policy::Path;

use super::Engine;
use super::evaluate::{NOT_SET, Sink, put};
use super::operators::{half, is_any_network};
use super::scope::{Found, Scope};
use super::trace::{Trace, Words};
use super::tri::Tri;
use crate::finding::Fact;
use crate::inventory::{Resource, ResourceId};
use crate::policy::Question;
use crate::value::Value;

impl<'p> Engine<'p> {
    pub(super) fn ports(
        &self,
        question: &'p Question,
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let Question::Ports {
            from,
            to,
            protocol,
            cover,
            protocols,
        } = question
        else {
            return Tri::Unknown;
        };
        let answer = ports_cover(
            scope.find(from),
            scope.find(to),
            scope.find(protocol),
            cover,
            protocols,
        );
        put(&mut sink, || {
            let text = |path| match scope.find(path) {
                Found::Value(value) => value.plain().into_owned(),
                Found::Unknown => "?".to_owned(),
                Found::Absent => NOT_SET.to_owned(),
            };
            Trace {
                attribute: scope.locate(from),
                found: Some(traffic(&text(protocol), &text(from), &text(to))),
                expected: Some(Words::Ports(cover, protocols)),
                ..Trace::leaf(Words::Ports(cover, &[]), answer)
            }
        });
        answer
    }

    pub(super) fn open_to_world(
        &self,
        cidrs: &[Path],
        prefix_lists: &[(Path, usize)],
        scope: &Scope<'_>,
        mut sink: Sink<'_, 'p>,
    ) -> Tri {
        let mut world = World::default();
        for path in cidrs {
            match scope.find(path) {
                Found::Absent => {}
                Found::Unknown => world.unknown.push(path),
                Found::Value(Value::List(list)) => {
                    list.iter().for_each(|value| world.add(value, path))
                }
                Found::Value(value) => world.add(value, path),
            }
        }
        for (path, link) in prefix_lists {
            self.prefix_list(path, *link, scope, &mut world);
        }
        let answer = world.answer();
        put(&mut sink, || {
            let path = world
                .path
                .or_else(|| world.unknown.first().copied())
                .or_else(|| cidrs.first());
            let mut fact = Fact::default();
            if !world.open.is_empty() {
                fact.0.push(("cidr".to_owned(), world.open.join(", ")));
            }
            let waits_for = match world.unknown.first() {
                Some(path) if answer == Tri::Unknown => self.waits_for(path, scope),
                _ => Vec::new(),
            };
            Trace {
                attribute: path.and_then(|path| scope.locate(path)),
                found: Some(match answer {
                    Tri::True => world.open.join(", "),
                    Tri::Unknown => "(known after apply)".to_owned(),
                    Tri::False => "no public address range".to_owned(),
                }),
                expected: Some("no public address range".into()),
                waits_for,
                fact,
                ..Trace::leaf("open to the world", answer)
            }
        });
        answer
    }

    /// Entries of prefix lists in this input.
    pub(super) fn prefix_list<'s>(
        &self,
        path: &'s Path,
        link: usize,
        scope: &Scope<'_>,
        world: &mut World<'s>,
    ) {
        if matches!(scope.find(path), Found::Absent) {
            return;
        }
        let empty = matches!(scope.find(path), Found::Value(Value::List(list)) if list.is_empty());
        if empty {
            return;
        }
        let (targets, open) = self.targets(path, link, scope);
        if open {
            world.unknown.push(path);
        }
        for target in &targets {
            let list = self.inventory.resource(target.resource);
            let mut inner = World::default();
            if let Some(entries) = list.values.get("entry") {
                inner.entries(entries, path);
            }
            for entry in self.prefix_entries(target.resource) {
                match entry.values.get("cidr") {
                    Some(value) => inner.add(value, path),
                    None => inner.unknown.push(path),
                }
            }
            if inner.answer() == Tri::True && target.certain {
                world.open.extend(inner.open);
                world.path = Some(path);
            } else if inner.answer() != Tri::False {
                world.unknown.push(path);
            }
        }
    }

    pub(super) fn prefix_entries(&self, list: ResourceId) -> Vec<&Resource> {
        let table = self
            .set
            .links
            .iter()
            .position(|spec| spec.from == ["aws_ec2_managed_prefix_list_entry"])
            .map(|link| self.table(link));
        table.map_or_else(Vec::new, |table| {
            table
                .referrers(list)
                .iter()
                .map(|link| self.inventory.resource(link.resource))
                .collect()
        })
    }
}

pub(super) fn ports_cover(
    from: Found<'_>,
    to: Found<'_>,
    protocol: Found<'_>,
    cover: &[i64],
    protocols: &[String],
) -> Tri {
    let number = |found: Found<'_>| match found {
        Found::Value(value) => Some(value.as_number()),
        Found::Absent => Some(None),
        Found::Unknown => None,
    };
    let protocol_fits = match protocol {
        Found::Unknown => Tri::Unknown,
        Found::Absent => Tri::False,
        Found::Value(value) => {
            let name = value.plain();
            if is_all_protocols(&name) {
                return Tri::True;
            }
            Tri::from(protocols.iter().any(|wanted| same_protocol(wanted, &name)))
        }
    };
    let ports_fit = match (number(from), number(to)) {
        (Some(None), Some(None)) => Tri::True,
        #[expect(clippy::cast_precision_loss, reason = "ports have 16 bits")]
        (Some(from), Some(to)) => Tri::from(cover.iter().any(|port| {
            from.is_none_or(|from| from <= *port as f64) && to.is_none_or(|to| *port as f64 <= to)
        })),
        // One end is known: it may already rule all ports out.
        #[expect(clippy::cast_precision_loss, reason = "ports have 16 bits")]
        (Some(Some(from)), None) => {
            Tri::from(cover.iter().any(|port| from <= *port as f64)).possibly()
        }
        #[expect(clippy::cast_precision_loss, reason = "ports have 16 bits")]
        (None, Some(Some(to))) => Tri::from(cover.iter().any(|port| *port as f64 <= to)).possibly(),
        _ => Tri::Unknown,
    };
    protocol_fits.and(ports_fit)
}

/// Protocol and ports in words: `tcp port 22`, `udp ports 1000-2000`, `all traffic`.
pub(super) fn traffic(protocol: &str, from: &str, to: &str) -> String {
    if is_all_protocols(protocol) {
        return "all traffic".to_owned();
    }
    let protocol = match protocol {
        "6" => "tcp",
        "17" => "udp",
        other => other,
    };
    // The two numbers of ICMP are a type and a code.
    if ["icmp", "icmpv6"]
        .iter()
        .any(|name| same_protocol(name, protocol))
    {
        return protocol.to_owned();
    }
    match (from, to) {
        (NOT_SET, NOT_SET) | ("0", "65535") => format!("all {protocol} ports"),
        (from, to) if from == to => format!("{protocol} port {from}"),
        (from, to) => format!("{protocol} ports {from}-{to}"),
    }
}

pub(super) fn is_all_protocols(name: &str) -> bool {
    name == "-1" || name.eq_ignore_ascii_case("all")
}

/// IANA protocol numbers stand for names.
pub(super) fn same_protocol(wanted: &str, name: &str) -> bool {
    let by_number = |name: &str| match name {
        "1" => "icmp",
        "6" => "tcp",
        "17" => "udp",
        "58" => "icmpv6",
        _ => "",
    };
    wanted.eq_ignore_ascii_case(name) || wanted.eq_ignore_ascii_case(by_number(name))
}

/// Address ranges of one rule.
#[derive(Default)]
pub(super) struct World<'s> {
    open: Vec<String>,
    halves: Vec<(ipnet::IpNet, String)>,
    path: Option<&'s Path>,
    unknown: Vec<&'s Path>,
}

impl<'s> World<'s> {
    pub(super) fn add(&mut self, value: &Value, path: &'s Path) {
        let Value::String(text) = value else {
            if *value == Value::Unknown || matches!(value, Value::Redacted(_)) {
                self.unknown.push(path);
            }
            return;
        };
        if is_any_network(text) {
            self.open.push(text.to_string());
            self.path.get_or_insert(path);
        } else if let Some(net) = half(text) {
            // Two halves are the whole.
            if let Some((_, other)) = self
                .halves
                .iter()
                .find(|(known, _)| *known != net && known.addr().is_ipv4() == net.addr().is_ipv4())
            {
                self.open.push(format!("{other} + {text}"));
                self.path.get_or_insert(path);
            }
            self.halves.push((net, text.to_string()));
        }
    }

    pub(super) fn entries(&mut self, entries: &Value, path: &'s Path) {
        match entries {
            Value::List(list) => {
                for entry in list {
                    match entry.as_object().map(|entry| entry.get("cidr")) {
                        Some(Some(value)) => self.add(value, path),
                        Some(None) => {}
                        None => self.unknown.push(path),
                    }
                }
            }
            _ => self.unknown.push(path),
        }
    }

    pub(super) fn answer(&self) -> Tri {
        if !self.open.is_empty() {
            Tri::True
        } else if self.unknown.is_empty() {
            Tri::False
        } else {
            Tri::Unknown
        }
    }
}
