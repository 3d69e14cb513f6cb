//! Renders `data.aws_iam_policy_document`, which needs no cloud.

use serde_json::{Value as JsonValue, json};

type Json = serde_json::Map<String, JsonValue>;

use crate::json_text::escape_html;
use crate::value::{Kind, Map, Val};

/// Adds `json` and `minified_json` to the attributes of the data source.
pub(crate) fn render(map: &mut Map) {
    let sensitive = map.values().any(Val::has_secret);
    let texts = document(map).and_then(|document| {
        Some((
            serde_json::to_string_pretty(&document).ok()?,
            serde_json::to_string(&document).ok()?,
        ))
    });
    let (pretty, minified) = match texts {
        Some((pretty, minified)) => (
            Val::string(escape_html(&pretty)),
            Val::string(escape_html(&minified)),
        ),
        None => (Val::UNKNOWN, Val::UNKNOWN),
    };
    map.insert("json".into(), pretty.marked(sensitive));
    map.insert("minified_json".into(), minified.marked(sensitive));
}

/// What `data "aws_iam_policy_document"` gives for its arguments, which are wholly known: `json` and
/// `minified_json`. `None` where the provider refuses them.
#[must_use]
pub fn policy_document(arguments: &JsonValue) -> Option<[String; 2]> {
    let arguments = from_json(arguments);
    let Kind::Map(map) = &arguments.kind else {
        return None;
    };
    let document = document(map)?;
    Some([
        escape_html(&serde_json::to_string_pretty(&document).ok()?),
        escape_html(&serde_json::to_string(&document).ok()?),
    ])
}

/// Only what the arguments of a document hold: texts, lists and blocks.
fn from_json(json: &JsonValue) -> Val {
    match json {
        JsonValue::Null => Val::NULL,
        JsonValue::Bool(bool) => Val::bool(*bool),
        JsonValue::String(text) => Val::string(text.as_str()),
        JsonValue::Number(number) => Val::string(number.to_string()),
        JsonValue::Array(list) => Val::list(list.iter().map(from_json).collect()),
        JsonValue::Object(map) => {
            let map = map.iter();
            Val::map(
                map.map(|(name, value)| (name.as_str().into(), from_json(value)))
                    .collect(),
            )
        }
    }
}

/// The whole document; `None` if a part of it is unknown.
fn document(map: &Map) -> Option<JsonValue> {
    let mut merged = Document::default();
    for text in sources(map, "source_policy_documents", "source_json")? {
        merged.merge(Document::parse(&text)?, true)?;
    }
    let mut own = Document {
        version: text(map, "version")?.unwrap_or_else(|| "2012-10-17".to_owned()),
        id: text(map, "policy_id")?.unwrap_or_default(),
        statements: Vec::new(),
    };
    for statement in blocks(map, "statement")? {
        own.statements.push(read_statement(statement)?);
    }
    merged.merge(own, false)?;
    for text in sources(map, "override_policy_documents", "override_json")? {
        merged.merge(Document::parse(&text)?, false)?;
    }
    Some(merged.into_json())
}

#[derive(Default)]
struct Document {
    version: String,
    id: String,
    statements: Vec<JsonValue>,
}

impl Document {
    fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        let json: JsonValue = serde_json::from_str(text).ok()?;
        let statements = match json.get("Statement") {
            Some(JsonValue::Array(list)) => list.iter().map(ordered).collect(),
            Some(single @ JsonValue::Object(_)) => vec![ordered(single)],
            _ => Vec::new(),
        };
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Some(Self {
            version: text("Version"),
            id: text("Id"),
            statements,
        })
    }

    /// A later statement replaces one of the same Sid; `None` where the
    /// provider refuses that.
    fn merge(&mut self, other: Self, unique: bool) -> Option<()> {
        if !other.id.is_empty() {
            self.id = other.id;
        }
        if other.version > self.version {
            self.version = other.version;
        }
        for statement in other.statements {
            let sid = statement["Sid"].as_str().unwrap_or_default().to_owned();
            let old = self
                .statements
                .iter_mut()
                .find(|old| !sid.is_empty() && old["Sid"].as_str() == Some(sid.as_str()));
            match old {
                Some(_) if unique => return None,
                Some(old) => *old = statement,
                None => self.statements.push(statement),
            }
        }
        Some(())
    }

    fn into_json(self) -> JsonValue {
        let mut json = Json::new();
        if !self.version.is_empty() {
            json.insert("Version".to_owned(), self.version.into());
        }
        if !self.id.is_empty() {
            json.insert("Id".to_owned(), self.id.into());
        }
        if !self.statements.is_empty() {
            json.insert("Statement".to_owned(), self.statements.into());
        }
        JsonValue::Object(json)
    }
}

/// The keys of a statement in the provider's order.
const ORDER: [&str; 9] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

fn ordered(statement: &JsonValue) -> JsonValue {
    let mut out = Json::new();
    for key in ORDER {
        match statement.get(key) {
            None | Some(JsonValue::Null) => {}
            Some(JsonValue::String(text)) if text.is_empty() => {}
            Some(JsonValue::Object(principals)) if key.ends_with("Principal") => {
                out.insert(key.to_owned(), sorted_principals(principals));
            }
            Some(value) => {
                out.insert(key.to_owned(), value.clone());
            }
        }
    }
    JsonValue::Object(out)
}

/// The provider sorts principals by kind, and the names of each falling.
fn sorted_principals(principals: &Json) -> JsonValue {
    let mut kinds: Vec<(String, JsonValue)> = principals
        .iter()
        .map(|(kind, names)| {
            let mut names = names.clone();
            if let JsonValue::Array(list) = &mut names {
                list.sort_by(|a, b| b.as_str().cmp(&a.as_str()));
            }
            (kind.clone(), names)
        })
        .collect();
    kinds.sort_by(|a, b| a.0.cmp(&b.0));
    JsonValue::Object(kinds.into_iter().collect())
}

fn read_statement(statement: &Map) -> Option<JsonValue> {
    let mut out = Json::new();
    if let Some(sid) = text(statement, "sid")?.filter(|sid| !sid.is_empty()) {
        out.insert("Sid".to_owned(), sid.into());
    }
    let effect = text(statement, "effect")?.unwrap_or_else(|| "Allow".to_owned());
    out.insert("Effect".to_owned(), effect.into());
    for (attribute, key) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        let texts = texts(statement, attribute)?;
        if !texts.is_empty() {
            out.insert(key.to_owned(), one_or_many(texts));
        }
    }
    for (block, key) in [
        ("principals", "Principal"),
        ("not_principals", "NotPrincipal"),
    ] {
        if let Some(principals) = read_principals(statement, block)? {
            out.insert(key.to_owned(), principals);
        }
    }
    let conditions = read_conditions(statement)?;
    if !conditions.is_empty() {
        out.insert("Condition".to_owned(), JsonValue::Object(conditions));
    }
    Some(JsonValue::Object(out))
}

fn read_principals(statement: &Map, block: &str) -> Option<Option<JsonValue>> {
    let blocks = blocks(statement, block)?;
    if blocks.is_empty() {
        return Some(None);
    }
    let mut kinds: std::collections::BTreeMap<String, Vec<String>> = Default::default();
    for principal in blocks {
        let kind = text(principal, "type")??;
        let identifiers = texts(principal, "identifiers")?;
        if kind == "*" && identifiers == ["*"] {
            return Some(Some("*".into()));
        }
        let mut identifiers = identifiers;
        identifiers.sort_unstable_by(|a, b| b.cmp(a));
        kinds.entry(kind).or_default().extend(identifiers);
    }
    let json = kinds
        .into_iter()
        .map(|(kind, identifiers)| (kind, one_or_list(identifiers)))
        .collect();
    Some(Some(JsonValue::Object(json)))
}

fn read_conditions(statement: &Map) -> Option<Json> {
    type Tests =
        std::collections::BTreeMap<String, std::collections::BTreeMap<String, Vec<String>>>;
    let mut tests = Tests::new();
    for condition in blocks(statement, "condition")? {
        tests
            .entry(text(condition, "test")??)
            .or_default()
            .entry(text(condition, "variable")??)
            .or_default()
            .extend(in_order(condition, "values")?);
    }
    Some(
        tests
            .into_iter()
            .map(|(test, variables)| {
                let variables: Json = variables
                    .into_iter()
                    .map(|(variable, values)| (variable, one_or_list(values)))
                    .collect();
                (test, JsonValue::Object(variables))
            })
            .collect(),
    )
}

/// One string alone, more of them in the provider's (falling) order.
fn one_or_many(mut texts: Vec<String>) -> JsonValue {
    texts.sort_unstable_by(|a, b| b.cmp(a));
    one_or_list(texts)
}

fn one_or_list(texts: Vec<String>) -> JsonValue {
    match <[String; 1]>::try_from(texts) {
        Ok([one]) => one.into(),
        Err(many) => json!(many),
    }
}

/// `&{aws:username}` is how the provider lets `${aws:username}` be written.
fn variables(text: &str) -> String {
    text.replace("&{", "${")
}

/// The string of an attribute: `None` if it is unknown, `Some(None)` if absent.
fn text(map: &Map, name: &str) -> Option<Option<String>> {
    match map.get(name).map(|value| &value.kind) {
        None | Some(Kind::Null) => Some(None),
        Some(Kind::String(text)) => Some(Some(variables(text))),
        _ => None,
    }
}

fn texts(map: &Map, name: &str) -> Option<Vec<String>> {
    in_order(map, name)
}

fn in_order(map: &Map, name: &str) -> Option<Vec<String>> {
    let Some(value) = map.get(name).filter(|value| !value.is_null()) else {
        return Some(Vec::new());
    };
    value
        .elements()?
        .iter()
        .map(|element| element.as_str().map(variables))
        .collect()
}

fn sources(map: &Map, list: &str, single: &str) -> Option<Vec<String>> {
    let mut all = Vec::new();
    if let Some(text) = map.get(single).filter(|value| !value.is_null()) {
        all.push(text.as_str()?.to_owned());
    }
    if let Some(texts) = map.get(list).filter(|value| !value.is_null()) {
        for text in texts.elements()?.iter() {
            if !text.is_null() {
                all.push(text.as_str()?.to_owned());
            }
        }
    }
    Some(all)
}

fn blocks<'m>(map: &'m Map, name: &str) -> Option<Vec<&'m Map>> {
    let Some(value) = map.get(name).filter(|value| !value.is_null()) else {
        return Some(Vec::new());
    };
    value
        .elements()?
        .iter()
        .map(|block| block.entries().map(|map| &***map))
        .collect()
}
