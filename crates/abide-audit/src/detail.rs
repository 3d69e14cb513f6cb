//! What the store keeps of an evaluation, read back.

use std::collections::BTreeMap;

use abide_store::AuditData;
use serde_json::Value;

/// One evaluation's details, as far as they are there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    pub(crate) message: String,
    pub(crate) remediation: String,
    pub(crate) exception: Option<ExceptionDetail>,
}

/// The exception that covered it, as far as it was recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExceptionDetail {
    pub(crate) id: String,
    pub(crate) reason: String,
    pub(crate) approvers: Vec<String>,
    pub(crate) requester: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) ticket: Option<String>,
    pub(crate) compensating_control: Option<String>,
    pub(crate) expires: Option<String>,
}

impl Detail {
    fn of(value: &Value) -> Self {
        Self {
            message: text(&value["message"]).unwrap_or_default(),
            remediation: text(&value["remediation"]).unwrap_or_default(),
            exception: value.get("exception").map(ExceptionDetail::of),
        }
    }
}

impl ExceptionDetail {
    fn of(value: &Value) -> Self {
        let approvers = match &value["approvers"] {
            Value::Array(all) => all.iter().filter_map(text).collect(),
            _ => text(&value["approver"]).into_iter().collect(),
        };
        Self {
            id: text(&value["id"]).unwrap_or_default(),
            reason: text(&value["reason"]).unwrap_or_default(),
            approvers,
            requester: text(&value["requester"]),
            category: text(&value["category"]),
            ticket: text(&value["ticket"]),
            compensating_control: text(&value["compensating_control"]),
            expires: text(&value["expires"]),
        }
    }
}

/// A JSON value as words; a person may be an object with a name.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => match fields.get("name") {
            Some(Value::String(name)) => Some(name.clone()),
            _ => Some(value.to_string()),
        },
        other => Some(other.to_string()),
    }
}

/// Details by number, each read once.
pub(crate) struct Details(BTreeMap<i64, Vec<Detail>>);

impl Details {
    pub(crate) fn of(data: &AuditData) -> Self {
        let read = |text: &String| {
            let items: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
            items.iter().map(Detail::of).collect()
        };
        let all = data.details.iter();
        Self(all.map(|(id, text)| (*id, read(text))).collect())
    }

    /// All details of an evaluation; several only of Rego.
    pub(crate) fn get(&self, id: i64) -> &[Detail] {
        self.0.get(&id).map_or(&[], Vec::as_slice)
    }

    /// What is wrong, and what to do.
    pub(crate) fn told(&self, id: i64) -> (String, String) {
        let first = self.get(id).first();
        first.map_or_else(Default::default, |detail| {
            (detail.message.clone(), detail.remediation.clone())
        })
    }
}
