//! Conditions of the table on what AWS answered.

use serde::Deserialize;
use serde_json::Value;

use crate::answer;

/// One condition: a path, and what holds there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    at: String,
    is: Option<String>,
    starts: Option<String>,
    has: Option<String>,
    set: Option<bool>,
    /// For people.
    #[serde(default)]
    pub(super) why: String,
}

impl Condition {
    pub(super) fn holds(&self, item: &Value) -> bool {
        let texts = texts(item, &self.at);
        let any = |test: &dyn Fn(&str) -> bool| texts.iter().any(|text| test(text));
        self.is.as_ref().is_none_or(|is| any(&|text| text == is))
            && self
                .starts
                .as_ref()
                .is_none_or(|s| any(&|text| text.starts_with(s.as_str())))
            && self
                .has
                .as_ref()
                .is_none_or(|has| any(&|text| text.contains(has.as_str())))
            && self.set.is_none_or(|set| set != texts.is_empty())
    }
}

/// All texts at a path; `tag:KEY` is the value of a tag, however the service writes tags.
pub(super) fn texts(item: &Value, path: &str) -> Vec<String> {
    match path.strip_prefix("tag:") {
        Some(key) => tag(item, key).into_iter().collect(),
        None => answer::at(item, path)
            .into_iter()
            .filter_map(answer::text)
            .collect(),
    }
}

/// Where services put tags.
const TAGS: &[&str] = &[
    "tagSet.item",
    "Tags.member",
    "TagList.Tag",
    "Tags",
    "TagList",
    "tags",
];

fn tag(item: &Value, key: &str) -> Option<String> {
    TAGS.iter().find_map(|path| {
        answer::at(item, path).into_iter().find_map(|tag| {
            let named = ["key", "Key"]
                .iter()
                .find_map(|name| answer::text_at(tag, name));
            match named {
                Some(name) if name == key => ["value", "Value"]
                    .iter()
                    .find_map(|name| answer::text_at(tag, name)),
                Some(_) => None,
                // A map of tags.
                None => tag.get(key).and_then(answer::text),
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_however_they_are_written() {
        let forms = [
            serde_json::json!({"tagSet": {"item": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]}}),
            serde_json::json!({"Tags": {"member": {"Key": "b", "Value": "2"}}}),
            serde_json::json!({"Tags": [{"Key": "b", "Value": "2"}]}),
            serde_json::json!({"tags": {"b": "2"}}),
        ];
        for form in forms {
            assert_eq!(texts(&form, "tag:b"), ["2"], "{form}");
            assert!(texts(&form, "tag:c").is_empty());
        }
    }
}
