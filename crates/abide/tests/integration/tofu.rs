//! What OpenTofu prints means the same as what Terraform prints. The binary is not at hand, so its plans are made of
//! recorded ones by what its `jsonplan` does otherwise: providers of another registry, no `applyable` and no `complete`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::command::{repository, run};

/// A plan as OpenTofu 1.10 prints it.
pub(crate) fn of_tofu(plan: &Value) -> Value {
    let text = plan.to_string();
    let text = text.replace("registry.terraform.io", "registry.opentofu.org");
    let mut plan: Value = serde_json::from_str(&text).unwrap();
    plan["terraform_version"] = json!("1.10.6");
    let fields = plan.as_object_mut().unwrap();
    for other in ["applyable", "complete"] {
        fields.remove(other);
    }
    plan
}

fn drifted() -> Vec<PathBuf> {
    let fixtures = repository().join("tests/fixtures");
    let mut found = vec![fixtures.join("plans/drift-in-plan/plan.json")];
    for entry in fs::read_dir(fixtures.join("drift")).unwrap() {
        found.push(entry.unwrap().path().join("plan.json"));
    }
    found.sort();
    found
}

/// The target of a report, without its name.
fn looked(plan: &str, applied: bool) -> Value {
    let mut arguments = vec!["drift", "--format", "json", "--plan", plan];
    if applied {
        arguments.push("--applied");
    }
    let ran = run(&arguments);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut target = json["targets"][0].clone();
    target.as_object_mut().unwrap().remove("name");
    target
}

#[test]
fn every_recorded_drift_has_the_same_classes() {
    let folder = tempfile::tempdir().unwrap();
    let mut found = 0;
    for path in drifted() {
        let plan: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let tofu = folder.path().join("tofu.json");
        let text = of_tofu(&plan).to_string();
        assert!(!text.contains("registry.terraform.io") && !text.contains("\"applyable\""));
        fs::write(&tofu, text).unwrap();
        for applied in [false, true] {
            let theirs = looked(&path.display().to_string(), applied);
            let ours = looked(&tofu.display().to_string(), applied);
            assert_eq!(ours, theirs, "{}", path.display());
            found += ours["resources"].as_array().unwrap().len();
        }
    }
    assert!(found > 20, "{found}");
}
