//! Folders of Rego as conftest and OPA users have them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use abide_core::engine::Evaluations;
use abide_core::finding::Outcome;
use abide_core::inventory::Inventory;
use abide_core::policy::PolicySet;
use abide_policy::{Docs, Policy, PolicyBody, PolicyKind, Position, Profile, Severity};
use regex::Regex;
use regorus::{Engine, Value};

use crate::finding::{Answer, Place, answers, push};
use crate::{Complaint, RegoError, add_module};

/// A rule head at the start of a line: `deny`, `warn_open`, `violation`.
static HEAD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^(?:default\s+)?((deny|warn|violation)(?:_\w+)?)\b").ok());

/// Folders nest no deeper than this; links may form rings.
const MAX_DEPTH: usize = 16;

/// The modules of a folder, and what they can be asked.
pub struct Folder {
    engine: Engine,
    policies: Vec<Policy>,
}

impl Folder {
    /// Whether a path holds Rego at all.
    #[must_use]
    pub fn is_rego(path: &Path) -> bool {
        let mut files = Vec::new();
        collect(path, &mut files, 0).is_ok() && files.iter().any(|file| has_extension(file, "rego"))
    }

    /// Loads the `.rego` files of a folder (tests left out) and its `.json` files as `data`.
    ///
    /// # Errors
    /// If something cannot be read or parsed, or no rule can be asked.
    pub fn load(path: &Path) -> Result<Self, RegoError> {
        let mut files = Vec::new();
        collect(path, &mut files, 0)?;
        files.sort();
        let mut engine = Engine::new();
        let mut policies: Vec<Policy> = Vec::new();
        for file in files {
            let text = fs::read_to_string(&file).map_err(|source| RegoError::Read {
                path: file.clone(),
                source,
            })?;
            if has_extension(&file, "json") {
                let bad = |error: String| RegoError::Data {
                    path: file.clone(),
                    reason: error,
                };
                let data = Value::from_json_str(&text).map_err(|error| bad(error.to_string()))?;
                engine
                    .add_data(data)
                    .map_err(|error| bad(error.to_string()))?;
                continue;
            }
            let package = add_module(&mut engine, &file.display().to_string(), &text).map_err(
                |complaint| RegoError::Rego {
                    path: file.clone(),
                    at: complaint.at,
                    reason: complaint.reason,
                },
            )?;
            for (rule, kind) in heads(&text) {
                let policy = policy(&package, &rule, &kind);
                if policies.iter().all(|known| known.id != policy.id) {
                    policies.push(policy);
                }
            }
        }
        if policies.is_empty() {
            return Err(RegoError::NoRules {
                path: path.to_owned(),
            });
        }
        Ok(Self { engine, policies })
    }

    /// Its rules as policies: `rego:main/deny`.
    #[must_use]
    pub fn policies(&self) -> Vec<Policy> {
        self.policies.clone()
    }

    /// Asks every rule that is in force about a plan (see `abide_core::source::raw`).
    #[must_use]
    pub fn evaluate(
        &self,
        inventory: &Inventory,
        plan: &serde_json::Value,
        set: &PolicySet,
        input: u32,
    ) -> Evaluations {
        let mut out = Evaluations::default();
        let mut engine = self.engine.clone();
        engine.set_input(Value::from(plan.clone()));
        for (number, compiled) in (0u32..).zip(&set.policies) {
            let policy = &compiled.policy;
            let (true, PolicyBody::Rego { text, .. }) = (
                self.policies.iter().any(|own| own.id == policy.id),
                &policy.body,
            ) else {
                continue;
            };
            let place = Place {
                policy: number,
                input,
            };
            match engine.eval_rule(text.clone()) {
                Err(error) => {
                    let complaint = Complaint::read(&error.to_string());
                    let message = format!("The rule cannot be evaluated: {complaint}");
                    push(
                        &mut out,
                        inventory,
                        policy,
                        &place,
                        Outcome::Error,
                        policy.severity,
                        Answer {
                            message,
                            address: None,
                            attribute: None,
                            facts: Vec::new(),
                        },
                    );
                }
                Ok(value) => {
                    let answers = answers(&value);
                    out.tally.pass += usize::from(answers.is_empty());
                    for answer in answers {
                        push(
                            &mut out,
                            inventory,
                            policy,
                            &place,
                            Outcome::Fail,
                            policy.severity,
                            answer,
                        );
                    }
                }
            }
        }
        out
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension == wanted)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<(), RegoError> {
    let read = |source| RegoError::Read {
        path: path.to_owned(),
        source,
    };
    let is_test = path.to_string_lossy().ends_with("_test.rego");
    if fs::metadata(path).map_err(read)?.is_file() {
        if !is_test && (has_extension(path, "rego") || has_extension(path, "json")) {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    if depth < MAX_DEPTH {
        for entry in fs::read_dir(path).map_err(read)? {
            let entry = entry.map_err(read)?.path();
            if !entry
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'))
            {
                collect(&entry, files, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// Names of the rules a module declares that can be asked, each with its kind.
fn heads(text: &str) -> Vec<(String, String)> {
    let mut heads: Vec<(String, String)> = Vec::new();
    let captures = HEAD.as_ref().map(|head| head.captures_iter(text));
    for capture in captures.into_iter().flatten() {
        let head = (capture[1].to_owned(), capture[2].to_owned());
        if !heads.contains(&head) {
            heads.push(head);
        }
    }
    heads
}

fn policy(package: &str, rule: &str, kind: &str) -> Policy {
    let short = package.strip_prefix("data.").unwrap_or(package);
    Policy {
        id: format!("rego:{short}/{rule}"),
        title: format!("Nothing is found by {rule} of package {short}"),
        severity: if kind == "warn" {
            Severity::Medium
        } else {
            Severity::High
        },
        kind: PolicyKind::Related,
        profile: Profile::Default,
        enabled: true,
        controls: Vec::new(),
        resource_types: Vec::new(),
        parameters: Vec::new(),
        related_types: Vec::new(),
        body: PolicyBody::Rego {
            text: format!("{package}.{rule}"),
            at: Position::default(),
        },
        docs: Docs {
            why: format!("The rule {rule} of the Rego package {short} says so."),
            ..Docs::default()
        },
        file: String::new(),
        at: Position::default(),
    }
}
