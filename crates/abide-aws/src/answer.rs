//! Answers as one kind of value, whichever way the service writes them.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value};

/// Nothing AWS answers is so deep.
const DEEPEST: usize = 64;

/// An XML document as a value: what its root holds. An element is an object of its children, or a
/// text; one that comes again becomes a list.
pub(crate) fn xml(text: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, Element)> = Vec::new();
    let said = |error: quick_xml::Error| error.to_string();
    loop {
        match reader.read_event().map_err(said)? {
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return Err(format!("more than {DEEPEST} elements within each other"));
                }
                let name = start.local_name().as_ref().to_owned();
                open.push((name, Element::default()));
            }
            Event::Empty(empty) => {
                let name = empty.local_name().as_ref().to_owned();
                match open.last_mut() {
                    Some((_, parent)) => parent.add(name, Value::String(String::new())),
                    None => return Ok(Value::Object(Map::new())),
                }
            }
            Event::Text(text) => {
                if let Some((_, element)) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::CData(data) => {
                if let Some((_, element)) = open.last_mut() {
                    element.text.push_str(&data);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some((_, element)) = open.last_mut() {
                    element.text.push_str(&resolved(&reference)?);
                }
            }
            Event::End(_) => {
                let Some((name, element)) = open.pop() else {
                    return Err("an element ends that did not begin".to_owned());
                };
                let value = element.value();
                match open.last_mut() {
                    Some((_, parent)) => parent.add(name, value),
                    None => return Ok(value),
                }
            }
            Event::Eof => return Err("the document ends too early".to_owned()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|e| e.to_string())? {
        return Ok(character.to_string());
    }
    let name: &str = reference;
    quick_xml::escape::resolve_xml_entity(name)
        .map(str::to_owned)
        .ok_or_else(|| format!("unknown entity &{name};"))
}

#[derive(Default)]
struct Element {
    children: Map<String, Value>,
    text: String,
}

impl Element {
    fn add(&mut self, name: String, value: Value) {
        match self.children.get_mut(&name) {
            None => {
                self.children.insert(name, value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => {
                let list = vec![first.take(), value];
                *first = Value::Array(list);
            }
        }
    }

    fn value(self) -> Value {
        match self.children.is_empty() {
            true => Value::String(self.text.trim().to_owned()),
            false => Value::Object(self.children),
        }
    }
}

/// All values at a dotted path; lists on the way are gone through, so one element is as good as a
/// list of one.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    flatten(&mut found);
    for step in path.split('.').filter(|step| !step.is_empty()) {
        found = found
            .into_iter()
            .filter_map(|value| value.get(step))
            .collect();
        flatten(&mut found);
    }
    found.retain(|value| !value.is_null());
    found
}

fn flatten(values: &mut Vec<&Value>) {
    while values.iter().any(|value| value.is_array()) {
        let mut flat = Vec::with_capacity(values.len());
        for value in values.iter() {
            match value {
                Value::Array(list) => flat.extend(list),
                value => flat.push(*value),
            }
        }
        *values = flat;
    }
}

/// The first text at a path; numbers and truth are texts too, nothing is none.
pub(crate) fn text_at(value: &Value, path: &str) -> Option<String> {
    at(value, path).into_iter().find_map(text)
}

/// A value as text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_becomes_a_value() {
        let value = xml(
            "<?xml version=\"1.0\"?><R xmlns='x'><set><item><id>a &amp; &#98;</id></item><item><id>c</id><none/></item></set><next>\n</next></R>",
        )
        .unwrap();
        assert_eq!(
            at(&value, "set.item.id"),
            [&Value::from("a & b"), &Value::from("c")]
        );
        assert_eq!(text_at(&value, "next"), None);
        assert_eq!(text_at(&value, "set.item.none"), None);
    }

    #[test]
    fn one_element_is_a_list_of_one() {
        let value = xml("<R><set><item><id>a</id></item></set></R>").unwrap();
        assert_eq!(at(&value, "set.item").len(), 1);
        assert_eq!(at(&value, "nothing.item").len(), 0);
    }

    #[test]
    fn broken_xml_is_an_error_and_no_panic() {
        for text in ["", "<a>", "<a><b></a>", "</a>", "<a>&nope;</a>", "text"] {
            assert!(xml(text).is_err(), "{text}");
        }
        assert!(xml(&"<a>".repeat(100_000)).is_err());
    }
}
