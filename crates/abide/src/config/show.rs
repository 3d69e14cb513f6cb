//! Every setting with its value and origin.

use std::path::PathBuf;

use abide_core::exception::Rules;
use abide_policy::Severity;
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
        self.show_source(&mut rows);
        self.show_exceptions(&mut rows);
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

    fn show_exceptions(&self, rows: &mut Rows) {
        let table = &self.file.exceptions;
        let rules = Rules::default();
        let number = |value: &Option<Spanned<i64>>| value.as_ref().map(|v| (*v.get_ref()).into());
        let file = self.shown_path(table.file.as_ref());
        let usual = self.usual_exceptions_file();
        let usual = usual.map(|path| path.display().to_string().into());
        rows.add("exceptions.file", file, usual.unwrap_or(Value::Null));
        let unapproved = table.allow_unapproved.map(Into::into);
        rows.add("exceptions.allow_unapproved", unapproved, false.into());
        let requester = table.require_requester.map(Into::into);
        rows.add("exceptions.require_requester", requester, false.into());
        let approvers = table.approvers.as_ref().map(|list| json!(list));
        rows.add("exceptions.approvers", approvers, json!([]));
        let renewals = number(&table.renewals);
        rows.add("exceptions.renewals", renewals, rules.renewals.into());
        let hours = number(&table.break_glass_hours);
        rows.add(
            "exceptions.break_glass_hours",
            hours,
            rules.break_glass_hours.into(),
        );
        let days = number(&table.warn_days);
        rows.add("exceptions.warn_days", days, rules.warn_days.into());
        for severity in Severity::ALL {
            let days = number(table.max_days.get(severity));
            let name = format!("exceptions.max_days.{severity}");
            rows.add(&name, days, rules.max_days.get(severity).into());
        }
        for severity in Severity::ALL {
            let count = number(table.approvals.get(severity));
            let name = format!("exceptions.approvals.{severity}");
            rows.add(&name, count, rules.approvals.get(severity).into());
        }
    }

    fn show_source(&self, rows: &mut Rows) {
        let source = &self.file.source;
        let directory = self.shown_path(source.directory.as_ref());
        rows.add("source.directory", directory, Value::Null);
        for name in source.variables.keys() {
            // It may be a secret, and this is for logs too.
            let value = Some("(set)".into());
            rows.add(&format!("source.variables.{name}"), value, Value::Null);
        }
        let files = source.var_files.as_ref().map(|list| {
            let shown = list.iter().map(|path| self.resolve(path.get_ref()));
            shown.map(|path| path.display().to_string()).collect()
        });
        rows.add("source.var_files", files, json!([]));
        let workspace = source.workspace.as_deref().map(Into::into);
        rows.add("source.workspace", workspace, Value::Null);
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
pub(super) fn shown(value: &toml::Value) -> Value {
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
