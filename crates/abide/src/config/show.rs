//! Every setting with its value and origin.

use std::path::PathBuf;

use serde_json::{Value, json};
use toml::Spanned;

use super::{Config, PolicyTable};

/// A setting: name, value, origin.
pub(crate) type Row = (String, Value, String);

/// Collects rows of one file.
struct Rows {
    file: String,
    list: Vec<Row>,
}

impl Rows {
    fn add(&mut self, name: &str, value: Option<Value>, default: Value) {
        let origin = match value {
            Some(_) => self.file.clone(),
            None => "default".to_owned(),
        };
        self.list
            .push((name.to_owned(), value.unwrap_or(default), origin));
    }
}

impl Config {
    /// Every setting with its value and origin, in order.
    pub(crate) fn show(&self) -> anyhow::Result<Vec<Row>> {
        let mut rows = Rows {
            file: self.name(),
            list: Vec::new(),
        };
        self.show_scan(&mut rows);
        let exceptions = &self.file.exceptions;
        rows.add(
            "exceptions.file",
            self.shown_path(exceptions.file.as_ref()),
            Value::Null,
        );
        rows.add(
            "exceptions.allow_unapproved",
            exceptions.allow_unapproved.map(Into::into),
            false.into(),
        );
        let default = self.file.rollout.default.as_ref();
        rows.add(
            "rollout.default",
            default.map(|value| shown(value.get_ref())),
            "enforce".into(),
        );
        for (id, table) in &self.file.policies {
            show_policy(id.get_ref(), table, &mut rows);
        }
        Ok(rows.list)
    }

    fn show_scan(&self, rows: &mut Rows) {
        let scan = &self.file.scan;
        let paths = scan.policies.as_ref().map(|list| {
            let shown = list.iter().map(|path| self.resolve(path));
            shown.map(|path| path.display().to_string()).collect()
        });
        rows.add("scan.policies", paths, json!([]));
        rows.add("scan.builtin", scan.builtin.map(Into::into), true.into());
        for (name, list) in [
            ("scan.frameworks", &scan.frameworks),
            ("scan.select", &scan.select),
            ("scan.ignore", &scan.ignore),
        ] {
            rows.add(name, list.as_deref().map(texts), json!([]));
        }
        rows.add("scan.strict", scan.strict.map(Into::into), false.into());
        let account = scan.account.map(|a| format!("{a:?}").to_lowercase());
        rows.add("scan.account", account.map(Into::into), "auto".into());
        let fail_on = scan.fail_on.as_ref().map(|text| text.get_ref().as_str());
        rows.add("scan.fail_on", fail_on.map(Into::into), "high".into());
        let on_unknown = scan.on_unknown.map(|u| format!("{u:?}").to_lowercase());
        rows.add("scan.on_unknown", on_unknown.map(Into::into), "warn".into());
        let baseline = self.shown_path(scan.baseline.as_ref());
        rows.add("scan.baseline", baseline, Value::Null);
    }

    fn shown_path(&self, path: Option<&PathBuf>) -> Option<Value> {
        path.map(|path| self.resolve(path).display().to_string().into())
    }
}

fn show_policy(id: &str, table: &PolicyTable, rows: &mut Rows) {
    let mut add = |name: &str, value: Option<Value>| {
        if value.is_some() {
            rows.add(&format!("policies.{id}.{name}"), value, Value::Null);
        }
    };
    add("enabled", table.enabled.map(Into::into));
    add("severity", table.severity.map(|s| s.as_str().into()));
    let rollout = table.rollout.as_ref();
    add("rollout", rollout.map(|value| shown(value.get_ref())));
    for (name, value) in &table.parameters {
        let name = format!("parameters.{}", name.get_ref());
        add(&name, Some(shown(value.get_ref())));
    }
}

fn texts(list: &[Spanned<String>]) -> Value {
    list.iter().map(|text| text.get_ref().as_str()).collect()
}

/// A value of the file as JSON; days become texts.
fn shown(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(at) => at.to_string().into(),
        toml::Value::Array(list) => list.iter().map(shown).collect(),
        toml::Value::Table(table) => {
            let fields = table
                .iter()
                .map(|(name, value)| (name.clone(), shown(value)));
            Value::Object(fields.collect())
        }
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(int) => (*int).into(),
        toml::Value::Float(float) => (*float).into(),
        toml::Value::Boolean(bool) => (*bool).into(),
    }
}
