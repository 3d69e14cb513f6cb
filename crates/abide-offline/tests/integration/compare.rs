//! Two plans of the same configuration, value by value.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Values that both know, and agree on.
    pub(crate) equal: usize,
    /// Values that only the real plan knows.
    pub(crate) unknown: usize,
    /// Values that we say are not set, and that the provider sets.
    pub(crate) unset: Vec<String>,
    /// Values that only we know.
    pub(crate) early: Vec<String>,
    /// Contradictions.
    pub(crate) different: Vec<String>,
}

fn changes(plan: &Json) -> BTreeMap<&str, &Json> {
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    changes
        .filter(|change| change["mode"] == "managed" && !change["change"]["after"].is_null())
        .map(|change| {
            (
                change["address"].as_str().unwrap_or_default(),
                &change["change"],
            )
        })
        .collect()
}

/// Compares what resources are to be.
pub(crate) fn plans(ours: &Json, real: &Json) -> Comparison {
    let (ours, real) = (changes(ours), changes(real));
    let mut out = Comparison::default();
    for (address, real) in &real {
        match ours.get(address) {
            Some(ours) => out.values(
                address,
                [&ours["after"], &ours["after_unknown"]],
                [&real["after"], &real["after_unknown"]],
            ),
            None => out.different.push(format!("{address} is not planned")),
        }
    }
    for address in ours.keys().filter(|address| !real.contains_key(*address)) {
        out.different
            .push(format!("{address} is planned by us alone"));
    }
    out
}

impl Comparison {
    fn values(&mut self, path: &str, ours: [&Json; 2], real: [&Json; 2]) {
        let waits = |side: [&Json; 2]| side[1] == &Json::Bool(true);
        match (waits(ours), waits(real)) {
            (true, true) => return,
            (true, false) => {
                self.unknown += usize::from(!real[0].is_null());
                return;
            }
            (false, true) => {
                if !ours[0].is_null() {
                    self.early.push(path.to_owned());
                }
                return;
            }
            (false, false) => {}
        }
        match (ours[0], real[0]) {
            (Json::Null, Json::Null) => {}
            (Json::Null, set) if is_nothing(set) => {}
            (unset, Json::Null) if is_nothing(unset) => {}
            (Json::Null, set) => self.unset.push(format!("{path}: {set}")),
            (Json::Object(_), Json::Object(_)) => {
                let names = keys(ours)
                    .chain(keys(real))
                    .collect::<std::collections::BTreeSet<_>>();
                for name in names {
                    let of = |side: [&'_ Json; 2]| [side[0][name].clone(), side[1][name].clone()];
                    let (ours, real) = (of(ours), of(real));
                    let path = format!("{path}.{name}");
                    self.values(&path, [&ours[0], &ours[1]], [&real[0], &real[1]]);
                }
            }
            (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
                for index in 0..a.len() {
                    let path = format!("{path}[{index}]");
                    self.values(
                        &path,
                        [&a[index], &ours[1][index]],
                        [&b[index], &real[1][index]],
                    );
                }
            }
            (a, b) if same(a, b) => self.equal += 1,
            (a, b) => self.different.push(format!("{path}: {a} is really {b}")),
        }
    }
}

fn keys(side: [&Json; 2]) -> impl Iterator<Item = &String> {
    let both = side.into_iter().filter_map(Json::as_object);
    both.flat_map(serde_json::Map::keys)
}

/// What the provider shows for what nobody wrote.
fn is_nothing(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Bool(bool) => !bool,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(members) => members.is_empty(),
    }
}

/// Equal, or the same document written in another way.
fn same(a: &Json, b: &Json) -> bool {
    if a == b {
        return true;
    }
    if let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) {
        return (a - b).abs() < f64::EPSILON;
    }
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => {
            let read = |text: &str| serde_json::from_str::<Json>(text).ok();
            a.trim() == b.trim() || read(a).is_some_and(|json| Some(json) == read(b))
        }
        _ => false,
    }
}

#[test]
fn differences_are_seen() {
    let plan = |after: Json, unknown: Json| {
        serde_json::json!({"resource_changes": [{"address": "x.y", "mode": "managed",
            "change": {"after": after, "after_unknown": unknown}}]})
    };
    use serde_json::json;
    let ours = plan(
        json!({"a": 1, "b": "x", "d": null, "p": "{\"a\": 1}"}),
        json!({"c": true}),
    );
    let real = plan(
        json!({"a": 1, "b": "y", "c": 2, "d": "z", "p": "{\"a\":1}"}),
        json!({}),
    );
    let found = plans(&ours, &real);
    assert_eq!((found.equal, found.unknown), (2, 1));
    assert_eq!(found.different, ["x.y.b: \"x\" is really \"y\""]);
    assert_eq!(found.unset, ["x.y.d: \"z\""]);
    assert!(plans(&real, &plan(json!(null), json!({}))).different.len() == 1);
}
