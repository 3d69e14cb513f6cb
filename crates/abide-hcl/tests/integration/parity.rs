//! The inventory of a directory against the plan the real Terraform makes of it.
//!
//! `cases/NAME/planned.json` holds what Terraform 1.11.4 with the AWS provider
//! 5.100.0 plans for `cases/NAME`; a case without a `provider.tf` has the one
//! beside all cases. `ABIDE_UPDATE_PLANS=1` plans again: it needs
//! `terraform` on the PATH and the directory of the provider mirror in
//! `ABIDE_TF_PLUGIN_DIR`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use abide_core::address::Mode;
use abide_core::diagnostic::Level;
use abide_core::source::{RedactionKey, Wanted};
use abide_core::value::{Number, Value};
use abide_hcl::{Loaded, Options, load_dir};
use serde_json::{Map, Value as Json, json};

/// What the provider changes in a value that is written, so that the plan shows another one.
const CHANGED_BY_PROVIDER: &[(&str, &str)] = &[];

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

fn load(dir: &Path) -> Loaded {
    let wanted = Wanted::everything();
    let mut options = Options::new(&wanted, RedactionKey::new([9; 32]));
    options.overlay.extend(provider(dir));
    load_dir(dir, &options).unwrap()
}

/// Where a case has its provider, and the text, if it is the common one.
fn provider(case: &Path) -> Option<(PathBuf, String)> {
    let own = case.join("provider.tf");
    let common = case.parent().unwrap().join("provider.tf");
    (!own.exists()).then(|| (own, std::fs::read_to_string(common).unwrap()))
}

#[test]
fn claims_nothing_a_plan_contradicts() {
    let mut wrong = Vec::new();
    let (mut agreed, mut vaguer) = (0, Vec::new());
    let cases = cases();
    assert!(cases.len() >= 30);
    for case in &cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        // Only the cases that are named, so that one can be planned alone.
        let chosen = std::env::var("ABIDE_UPDATE_PLANS")
            .is_ok_and(|names| names == "1" || names.split(',').any(|n| n == name));
        if chosen && let Err(error) = plan(case) {
            wrong.push(error);
            continue;
        }
        let text = std::fs::read_to_string(case.join("planned.json")).unwrap_or_else(|_| {
            panic!("{name} has no planned.json: run with ABIDE_UPDATE_PLANS=1")
        });
        let planned: BTreeMap<String, Json> = serde_json::from_str(&text).unwrap();
        let loaded = load(case);
        for diagnostic in &loaded.inventory.diagnostics {
            if diagnostic.level == Level::Error {
                wrong.push(format!("{name}: {diagnostic}"));
            }
        }
        let mut compare = Compare {
            case: &name,
            wrong: &mut wrong,
            vaguer: &mut vaguer,
            agreed: &mut agreed,
        };
        compare.inventory(&loaded, &planned);
    }
    println!(
        "{agreed} values agree, {} are unknown here alone:",
        vaguer.len()
    );
    vaguer.iter().for_each(|line| println!("  {line}"));
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(agreed > 700, "only {agreed} values were compared");
}

struct Compare<'a> {
    case: &'a str,
    wrong: &'a mut Vec<String>,
    vaguer: &'a mut Vec<String>,
    agreed: &'a mut usize,
}

impl Compare<'_> {
    fn inventory(&mut self, loaded: &Loaded, planned: &BTreeMap<String, Json>) {
        for resource in &loaded.inventory.resources {
            let address = resource.address.as_str();
            let Some(values) = planned.get(address) else {
                self.wrong
                    .push(format!("{}: {address} is not in the plan", self.case));
                continue;
            };
            for (name, value) in resource.values.iter() {
                if !CHANGED_BY_PROVIDER.contains(&(&*resource.type_name, name)) {
                    self.value(&format!("{address}.{name}"), value, values.get(name));
                }
            }
        }
        let managed = |address: &str| !address.contains("data.");
        for address in planned.keys().filter(|address| managed(address)) {
            let found = loaded.inventory.find(address);
            // A dynamic repetition leaves one instance without a key.
            if found.is_none_or(|(_, resource)| resource.mode != Mode::Managed) {
                self.wrong
                    .push(format!("{}: {address} is only in the plan", self.case));
            }
        }
    }

    fn value(&mut self, path: &str, ours: &Value, plan: Option<&Json>) {
        let marked = |mark: &str| plan.is_some_and(|plan| plan.get(mark).is_some());
        let ok = match (ours, plan) {
            _ if marked("$unknown") => return,
            (Value::Unknown, None) => return,
            (Value::Unknown, Some(_)) => {
                self.vaguer.push(format!("{} {path}", self.case));
                return;
            }
            // The provider copies secret tags to `tags_all` and forgets the mark.
            (Value::Redacted(_), _) => marked("$sensitive") || path.contains(".tags_all"),
            (_, Some(_)) if marked("$sensitive") => false,
            (Value::Null, None | Some(Json::Null)) => true,
            (Value::List(list), None) => list.is_empty(),
            (Value::Object(object), None) => object.is_empty(),
            (_, None) => false,
            (Value::Bool(a), Some(b)) => Some(*a) == b.as_bool(),
            (Value::Number(Number::Int(a)), Some(b)) if b.is_i64() => Some(*a) == b.as_i64(),
            (Value::Number(a), Some(b)) => Some(a.as_f64()) == b.as_f64(),
            (Value::String(a), Some(b)) => b.as_str().is_some_and(|b| same_text(a, b)),
            (Value::Object(object), Some(plan)) => {
                for (name, value) in object.iter() {
                    self.value(&format!("{path}.{name}"), value, plan.get(name));
                }
                return;
            }
            (Value::List(list), Some(plan)) => {
                self.list(path, list, plan);
                return;
            }
            (Value::Null, Some(_)) => false,
        };
        if ok {
            *self.agreed += 1;
        } else {
            let plan = plan.map_or("nothing".to_owned(), ToString::to_string);
            let line = format!(
                "{} {path}: {} but the plan has {plan}",
                self.case,
                ours.display(300)
            );
            self.wrong.push(line);
        }
    }

    /// A set stands in another order in a plan.
    fn list(&mut self, path: &str, ours: &[Value], plan: &Json) {
        let Some(plan) = plan.as_array() else {
            self.wrong
                .push(format!("{} {path}: a list, the plan has {plan}", self.case));
            return;
        };
        if ours.len() != plan.len() && !ours.contains(&Value::Unknown) {
            self.wrong.push(format!(
                "{} {path}: {} elements, the plan has {}: {}",
                self.case,
                ours.len(),
                plan.len(),
                Json::Array(plan.clone())
            ));
            return;
        }
        let mut left: Vec<usize> = (0..plan.len()).collect();
        for (at, value) in ours.iter().enumerate() {
            let mut order = left.clone();
            order.sort_by_key(|other| *other != at);
            let fits = order
                .into_iter()
                .find(|other| self.fits(path, value, &plan[*other]));
            match fits {
                Some(other) => {
                    left.retain(|known| *known != other);
                    self.value(&format!("{path}[{at}]"), value, Some(&plan[other]));
                }
                None => self.value(&format!("{path}[{at}]"), value, plan.get(at)),
            }
        }
    }

    fn fits(&self, path: &str, ours: &Value, plan: &Json) -> bool {
        let (mut wrong, mut vaguer, mut agreed) = (Vec::new(), Vec::new(), 0);
        Compare {
            case: self.case,
            wrong: &mut wrong,
            vaguer: &mut vaguer,
            agreed: &mut agreed,
        }
        .value(path, ours, Some(plan));
        wrong.is_empty()
    }
}

/// Equal texts, or equal JSON: the provider writes documents anew.
fn same_text(a: &str, b: &str) -> bool {
    let json = |text: &str| {
        serde_json::from_str::<Json>(text)
            .ok()
            .filter(|j| j.is_object())
    };
    a == b || json(a).is_some_and(|a| Some(a) == json(b))
}

#[test]
fn secrets_do_not_stay() {
    let case = cases()
        .into_iter()
        .find(|case| case.ends_with("sensitive"))
        .unwrap();
    let loaded = load(&case);
    let shown = format!("{:?}", loaded.inventory);
    assert!(!shown.to_lowercase().contains("canary"), "{shown}");
}

/// Plans a case in a copy of it and writes `planned.json`.
fn plan(case: &Path) -> Result<(), String> {
    let mirror = std::env::var_os("ABIDE_TF_PLUGIN_DIR")
        .expect("ABIDE_TF_PLUGIN_DIR: the directory of the provider mirror");
    let dir = tempfile::tempdir().unwrap();
    copy(case, dir.path());
    if let Some((_, text)) = provider(case) {
        std::fs::write(dir.path().join("provider.tf"), text).unwrap();
    }
    let config = dir.path().join(".terraformrc");
    let mirror = Path::new(&mirror).display();
    std::fs::write(
        &config,
        format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = \"{mirror}\"\n  }}\n}}\n"
        ),
    )
    .unwrap();
    let terraform = |arguments: &[&str]| {
        let output = Command::new("terraform")
            .args(arguments)
            .current_dir(dir.path())
            .env("TF_CLI_CONFIG_FILE", &config)
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .unwrap();
        if output.status.success() {
            return Ok(output.stdout);
        }
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("{}: {errors}", case.display()))
    };
    terraform(&["init", "-no-color", "-input=false"])?;
    terraform(&[
        "plan",
        "-no-color",
        "-input=false",
        "-lock=false",
        "-out=plan.bin",
    ])?;
    let json: Json = serde_json::from_slice(&terraform(&["show", "-json", "plan.bin"])?).unwrap();
    let text = serde_json::to_string_pretty(&known(&json)).unwrap();
    std::fs::write(case.join("planned.json"), text + "\n").unwrap();
    Ok(())
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Values by address; what is unknown or secret is only marked.
fn known(plan: &Json) -> BTreeMap<String, Json> {
    let mut out = BTreeMap::new();
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        let diff = &change["change"];
        if diff["after"].is_null() {
            continue;
        }
        let values = laid(
            &diff["after"],
            &diff["after_unknown"],
            &diff["after_sensitive"],
        );
        out.insert(
            change["address"].as_str().unwrap().to_owned(),
            values.unwrap_or(json!({})),
        );
    }
    let mut modules = vec![&plan["prior_state"]["values"]["root_module"]];
    while let Some(module) = modules.pop() {
        for resource in module["resources"].as_array().into_iter().flatten() {
            let values = laid(
                &resource["values"],
                &Json::Null,
                &resource["sensitive_values"],
            );
            out.insert(
                resource["address"].as_str().unwrap().to_owned(),
                values.unwrap_or(json!({})),
            );
        }
        modules.extend(module["child_modules"].as_array().into_iter().flatten());
    }
    out
}

fn laid(value: &Json, unknown: &Json, sensitive: &Json) -> Option<Json> {
    if unknown == &Json::Bool(true) {
        return Some(json!({"$unknown": true}));
    }
    if sensitive == &Json::Bool(true) && !value.is_null() {
        return Some(json!({"$sensitive": true}));
    }
    match value {
        Json::Null if unknown.is_object() => laid(&json!({}), unknown, sensitive),
        Json::Null => None,
        Json::Array(list) => Some(Json::Array(
            (0..list.len().max(unknown.as_array().map_or(0, Vec::len)))
                .map(|at| {
                    let value = list.get(at).unwrap_or(&Json::Null);
                    laid(value, &unknown[at], &sensitive[at]).unwrap_or(Json::Null)
                })
                .collect(),
        )),
        Json::Object(object) => {
            let mut out = Map::new();
            let empty = Map::new();
            let marks = unknown.as_object().unwrap_or(&empty);
            let names = object
                .keys()
                .chain(marks.keys().filter(|k| !object.contains_key(*k)));
            for name in names {
                let value = object.get(name).unwrap_or(&Json::Null);
                if let Some(value) = laid(value, &unknown[name], &sensitive[name]) {
                    out.insert(name.clone(), value);
                }
            }
            Some(Json::Object(out))
        }
        other => Some(other.clone()),
    }
}
