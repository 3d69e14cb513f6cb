//! Data files of a folder: JSON and YAML, below `data` at the path of their folder.

use std::path::{Component, Path};

use abide_policy::yaml::{Kind, Node};
use regorus::Value;

/// Reads a data file as OPA places it: `envs/prod.yaml` is at `data.envs`, whatever its name.
/// `None` for a YAML file that is a policy.
pub(crate) fn read(root: &Path, file: &Path, text: &str) -> Result<Option<Value>, String> {
    let is_json = file
        .extension()
        .is_some_and(|extension| extension == "json");
    let content = if is_json {
        Value::from_json_str(text).map_err(|error| error.to_string())?
    } else {
        if abide_policy::is_policy(text) {
            return Ok(None);
        }
        let node = abide_policy::yaml::parse(text).map_err(|(at, why)| {
            format!("not YAML: line {}, column {}: {why}", at.line, at.column)
        })?;
        Value::from(json(&node))
    };
    if content.as_object().is_err() {
        return Err("expected an object: its names become names of `data`".to_owned());
    }
    let folder = file
        .strip_prefix(root)
        .ok()
        .and_then(Path::parent)
        .into_iter()
        .flat_map(Path::components);
    let names = folder.filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    let names: Vec<String> = names.collect();
    let nested = names.into_iter().rev().fold(content, |inner, name| {
        let mut outer = Value::new_object();
        if let Ok(fields) = outer.as_object_mut() {
            fields.insert(Value::from(name), inner);
        }
        outer
    });
    Ok(Some(nested))
}

/// YAML as JSON, by the core schema: plain words are what they look like.
fn json(node: &Node) -> serde_json::Value {
    match &node.kind {
        Kind::Map(map) => {
            let fields = map.iter().map(|(key, node)| (key.name.clone(), json(node)));
            serde_json::Value::Object(fields.collect())
        }
        Kind::List(list) => list.iter().map(json).collect(),
        Kind::Scalar { .. } if node.is_nothing() => serde_json::Value::Null,
        Kind::Scalar { text, quoted: true } => text.as_str().into(),
        Kind::Scalar { text, .. } => match text.as_str() {
            "true" | "True" | "TRUE" => true.into(),
            "false" | "False" | "FALSE" => false.into(),
            // An account id keeps its leading zero.
            text if has_leading_zero(text) => text.into(),
            text => match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(int), _) => int.into(),
                (_, Ok(float))
                    if float.is_finite() && text.contains(|c: char| c.is_ascii_digit()) =>
                {
                    float.into()
                }
                _ => text.into(),
            },
        },
    }
}

fn has_leading_zero(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let mut characters = digits.chars();
    characters.next() == Some('0') && characters.next().is_some_and(|c| c.is_ascii_digit())
}
