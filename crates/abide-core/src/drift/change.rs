//! What differs between two versions of a resource.

use crate::attribute::AttributePath;
use crate::value::{Object, Value};

/// One value that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where. In lists of different lengths the position of an element that is gone counts in
    /// the earlier list, that of one that came in the later.
    pub path: AttributePath,
    /// What it was; `None` if it was not set.
    pub before: Option<Value>,
    /// What it is; `None` if it is not set.
    pub after: Option<Value>,
}

impl Change {
    /// The attribute of the resource it is in.
    #[must_use]
    pub fn attribute(&self) -> &str {
        match self.path.0.first() {
            Some(crate::attribute::Step::Name(name)) => name,
            _ => "",
        }
    }
}

/// All that differs, in the order of the attributes.
#[must_use]
pub fn changes(before: &Object, after: &Object) -> Vec<Change> {
    let mut found = Vec::new();
    objects(before, after, &AttributePath::default(), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn objects(before: &Object, after: &Object, at: &AttributePath, found: &mut Vec<Change>) {
    for (name, value) in before.iter() {
        values(Some(value), after.get(name), &at.name(name), found);
    }
    for (name, value) in after.iter() {
        if before.get(name).is_none() {
            values(None, Some(value), &at.name(name), found);
        }
    }
}

fn values(
    before: Option<&Value>,
    after: Option<&Value>,
    at: &AttributePath,
    found: &mut Vec<Change>,
) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            objects(before, after, at, found);
        }
        (Some(Value::List(before)), Some(Value::List(after))) => lists(before, after, at, found),
        _ => found.push(Change {
            path: at.clone(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

fn lists(before: &[Value], after: &[Value], at: &AttributePath, found: &mut Vec<Change>) {
    let gone = without(before, after);
    let came = without(after, before);
    // One block that changed is told by what changed in it.
    if let ([gone], [came]) = (gone.as_slice(), came.as_slice())
        && before.len() == after.len()
    {
        values(Some(gone.1), Some(came.1), &at.index(came.0), found);
        return;
    }
    if gone.is_empty() && came.is_empty() {
        // Only the order is another.
        found.push(Change {
            path: at.clone(),
            before: Some(Value::List(before.to_vec())),
            after: Some(Value::List(after.to_vec())),
        });
    }
    for (position, value) in gone {
        values(Some(value), None, &at.index(position), found);
    }
    for (position, value) in came {
        values(None, Some(value), &at.index(position), found);
    }
}

/// The elements that are not in the other list, each of which is good for one.
fn without<'v>(list: &'v [Value], other: &[Value]) -> Vec<(usize, &'v Value)> {
    let mut left: Vec<&Value> = other.iter().collect();
    let mut rest = Vec::new();
    for (position, value) in list.iter().enumerate() {
        match left.iter().position(|known| *known == value) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => rest.push((position, value)),
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: &str) -> Object {
        match crate::source::value_of_json(json) {
            Some(Value::Object(object)) => object,
            other => panic!("{other:?}"),
        }
    }

    fn shown(before: &str, after: &str) -> Vec<String> {
        let list = changes(&object(before), &object(after));
        let side = |value: &Option<Value>| match value {
            Some(Value::Object(_)) => "{}".to_owned(),
            Some(Value::List(list)) => format!("[{}]", list.len()),
            Some(value) => value.as_str().unwrap_or("x").to_owned(),
            None => "-".to_owned(),
        };
        list.iter()
            .map(|c| format!("{} {} {}", c.path, side(&c.before), side(&c.after)))
            .collect()
    }

    #[test]
    fn names_what_differs_and_nothing_else() {
        let found = shown(
            r#"{"a": "1", "b": {"c": "2", "d": "3"}, "e": "4"}"#,
            r#"{"a": "1", "b": {"c": "5", "d": "3"}, "f": "6"}"#,
        );
        assert_eq!(found, ["b.c 2 5", "e 4 -", "f - 6"]);
    }

    #[test]
    fn elements_come_and_go() {
        let rule = r#"{"port": "22"}"#;
        assert_eq!(
            shown(r#"{"ingress": []}"#, &format!(r#"{{"ingress": [{rule}]}}"#)),
            ["ingress[0] - {}"]
        );
        assert_eq!(
            shown(
                r#"{"ingress": [{"port": "22"}, {"port": "80"}]}"#,
                r#"{"ingress": [{"port": "80"}, {"port": "443"}]}"#
            ),
            ["ingress[1].port 22 443"]
        );
        assert_eq!(
            shown(r#"{"a": ["x", "y"]}"#, r#"{"a": ["y", "x"]}"#),
            ["a [2] [2]"]
        );
    }
}
