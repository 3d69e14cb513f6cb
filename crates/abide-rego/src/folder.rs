//! Folders of Rego as conftest and OPA users have them.

use std::fs;
use std::path::{Path, PathBuf};

use abide_core::engine::Evaluations;
use abide_core::finding::Outcome;
use abide_core::inventory::Inventory;
use abide_core::policy::PolicySet;
use abide_policy::{Docs, Policy, PolicyBody, PolicyKind, Position, Profile, Severity};
use regorus::{Engine, Value};

use crate::finding::{Answer, Place, answers, push};
use crate::module::{Annotations, Head, Metadata, heads};
use crate::{Asking, Complaint, RegoError, add_module, data, take_prints};

/// Folders nest no deeper than this; links may form rings.
const MAX_DEPTH: usize = 16;

/// The modules of a folder, and what they can be asked.
pub struct Folder {
    path: PathBuf,
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

    /// Loads the `.rego` files of a folder (tests left out) and its JSON and YAML files as `data`.
    ///
    /// # Errors
    /// If something cannot be read or parsed, or no rule can be asked.
    pub fn load(path: &Path) -> Result<Self, RegoError> {
        let mut files = Vec::new();
        collect(path, &mut files, 0)?;
        files.sort();
        let mut engine = Engine::new();
        engine.set_gather_prints(true);
        let mut policies: Vec<Policy> = Vec::new();
        for file in files {
            let text = fs::read_to_string(&file).map_err(|source| RegoError::Read {
                path: file.clone(),
                source,
            })?;
            if has_extension(&file, "rego") {
                add_rules(&mut engine, &file, &text, &mut policies)?;
            } else {
                add_data(&mut engine, path, &file, &text)?;
            }
        }
        if policies.is_empty() {
            return Err(RegoError::NoRules {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            engine,
            policies,
        })
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
        asking: Asking,
        prints: &mut Vec<String>,
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
                input: asking.input,
            };
            let said = engine.eval_rule(text.clone());
            take_prints(&mut engine, prints);
            let mut say = |outcome, answer| {
                push(
                    &mut out,
                    inventory,
                    policy,
                    &place,
                    outcome,
                    policy.severity,
                    answer,
                );
            };
            match said.map(|value| answers(&value)) {
                Err(error) => {
                    let complaint = Complaint::read(&error.to_string());
                    let message = format!("The rule cannot be evaluated: {complaint}");
                    say(Outcome::Error, Answer::of(message));
                }
                Ok(answers) if answers.is_empty() && asking.all_results => {
                    say(Outcome::Pass, Answer::of(policy.title.clone()));
                }
                Ok(answers) if answers.is_empty() => out.tally.pass += 1,
                Ok(answers) => {
                    for answer in answers {
                        say(Outcome::Fail, answer);
                    }
                }
            }
        }
        out
    }
}

/// Puts the rules of a module that can be asked among the policies.
fn add_rules(
    engine: &mut Engine,
    file: &Path,
    text: &str,
    policies: &mut Vec<Policy>,
) -> Result<(), RegoError> {
    let wrong = |complaint: Complaint| RegoError::Rego {
        path: file.to_owned(),
        at: complaint.at,
        reason: complaint.reason,
    };
    let package = add_module(engine, &file.display().to_string(), text).map_err(wrong)?;
    let metadata = Metadata::read(text).map_err(wrong)?;
    for head in heads(text) {
        let policy = policy(&package, &head, metadata.of(&head.name), file);
        // A rule may go on in other files of its package.
        if policies.iter().all(|known| known.id != policy.id) {
            policies.push(policy);
        }
    }
    Ok(())
}

fn add_data(engine: &mut Engine, root: &Path, file: &Path, text: &str) -> Result<(), RegoError> {
    let bad = |reason: String| RegoError::Data {
        path: file.to_owned(),
        reason,
    };
    match data::read(root, file, text).map_err(bad)? {
        Some(data) => engine
            .add_data(data)
            .map_err(|error| bad(error.to_string())),
        None => Ok(()),
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
        if !is_test
            && ["rego", "json", "yaml", "yml"]
                .iter()
                .any(|extension| has_extension(path, extension))
        {
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

/// Gives rules that several folders declare under one name the name of their folder:
/// `rego:team-a:main/deny`. Names that are unique stay as they are.
///
/// # Errors
/// If even the folders have one name.
pub fn name_apart(folders: &mut [Folder]) -> Result<(), RegoError> {
    let ids: Vec<Vec<String>> = folders
        .iter()
        .map(|folder| folder.policies.iter().map(|p| p.id.clone()).collect())
        .collect();
    let names: Vec<String> = folders
        .iter()
        .map(|folder| last_name(&folder.path))
        .collect();
    for (number, folder) in folders.iter_mut().enumerate() {
        let others = || (0..ids.len()).filter(|other| *other != number);
        for policy in &mut folder.policies {
            let doubled: Vec<usize> = others().filter(|o| ids[*o].contains(&policy.id)).collect();
            if doubled.is_empty() {
                continue;
            }
            let is_known = doubled.iter().any(|other| names[*other] == names[number]);
            let name = match is_known {
                true => folder.path.display().to_string(),
                false => names[number].clone(),
            };
            if let Some(rest) = policy.id.strip_prefix("rego:") {
                policy.id = format!("rego:{name}:{rest}");
            }
        }
    }
    for (number, folder) in folders.iter().enumerate() {
        for other in &folders[number + 1..] {
            let has = |id: &String| other.policies.iter().any(|policy| policy.id == *id);
            if let Some(policy) = folder.policies.iter().find(|policy| has(&policy.id)) {
                return Err(RegoError::Clash {
                    id: policy.id.clone(),
                    first: folder.path.clone(),
                    second: other.path.clone(),
                });
            }
        }
    }
    Ok(())
}

/// The last name of a path, `..` and `.` followed.
fn last_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = whole
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| path.display().to_string())
}

fn policy(package: &str, head: &Head, said: Annotations, file: &Path) -> Policy {
    let short = package.strip_prefix("data.").unwrap_or(package);
    let rule = &head.name;
    let mild = if head.is_warning {
        Severity::Medium
    } else {
        Severity::High
    };
    Policy {
        id: format!("rego:{short}/{rule}"),
        title: said
            .title
            .unwrap_or_else(|| format!("Nothing is found by {rule} of package {short}")),
        severity: said.severity.unwrap_or(mild),
        kind: PolicyKind::Related,
        profile: Profile::Default,
        enabled: true,
        controls: said.controls,
        resource_types: Vec::new(),
        parameters: Vec::new(),
        related_types: Vec::new(),
        body: PolicyBody::Rego {
            text: format!("{package}.{rule}"),
            at: Position::default(),
        },
        docs: Docs {
            why: said
                .description
                .unwrap_or_else(|| format!("The rule {rule} of the Rego package {short} says so.")),
            references: said.references,
            labels: said.labels,
            ..Docs::default()
        },
        file: file.display().to_string(),
        at: Position { line: 1, column: 1 },
    }
}
