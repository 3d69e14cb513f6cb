//! From policy files to what the engine runs: parameters put in, regular
//! expressions and networks parsed, links numbered, read attributes listed.

mod conditions;
mod operands;
mod parameters;

use std::collections::HashMap;

use abide_policy::{PathStep, Policy, PolicyBody, PolicyKind, Refused};

use super::compiled::{CompiledPolicy, LinkSpec};
use super::settings::PolicySettings;
use crate::source::Wanted;
use conditions::Compiler;
use parameters::parameters;

/// All policies in force, compiled.
#[derive(Debug, Default)]
pub struct PolicySet {
    /// Ordered by id.
    pub policies: Vec<CompiledPolicy>,
    /// Relations between types that some policy asks for.
    pub links: Vec<LinkSpec>,
    /// For each type, which rules judge it: policy and rule index.
    by_type: HashMap<String, Vec<(u32, u32)>>,
    /// The attributes they read.
    wanted: Wanted,
}

/// Why a policy cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Two policies have one id.
    #[error(
        "policy {id} is defined twice, in {first} and in {second}: ids must be unique, so give one of them another id"
    )]
    Duplicate {
        /// The id.
        id: String,
        /// The file of the one.
        first: String,
        /// The file of the other.
        second: String,
    },
    /// A setting names a parameter that does not exist.
    #[error("policy {id} has no parameter `{name}`{hint}")]
    Parameter {
        /// The policy.
        id: String,
        /// The parameter.
        name: String,
        /// Known ones.
        hint: String,
    },
    /// A setting gives a parameter a value that it does not accept.
    #[error("policy {id}: parameter `{name}` {refused}")]
    Refused {
        /// The policy.
        id: String,
        /// The parameter.
        name: String,
        /// The value, and what is accepted.
        refused: Refused,
    },
    /// A value does not fit its operator.
    #[error("policy {id}: {message}")]
    Value {
        /// The policy.
        id: String,
        /// What is wrong.
        message: String,
    },
}

type Result<T, E = CompileError> = std::result::Result<T, E>;

impl PolicySet {
    /// Compiles policies under settings.
    ///
    /// # Errors
    /// If ids clash or settings do not fit.
    pub fn compile(mut policies: Vec<Policy>, settings: &PolicySettings) -> Result<Self> {
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some(pair) = policies.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(CompileError::Duplicate {
                id: pair[0].id.clone(),
                first: place(&pair[0]),
                second: place(&pair[1]),
            });
        }
        let mut set = Self::default();
        for mut policy in policies {
            if let Some(severity) = settings.severity.get(&policy.id) {
                policy.severity = *severity;
            }
            let (rules, parameters) = Compiler {
                set: &mut set,
                id: &policy.id,
                parameters: parameters(&policy, settings)?,
                overridden: settings.overridden(&policy.id),
            }
            .policy(&policy)?;
            let at = u32::try_from(set.policies.len()).unwrap_or(u32::MAX);
            set.index(&policy, at);
            set.policies.push(CompiledPolicy {
                rollout: settings.rollout_of(&policy.id),
                policy,
                rules,
                parameters,
            });
        }
        Ok(set)
    }

    fn index(&mut self, policy: &Policy, at: u32) {
        match &policy.body {
            // A folder's rules read the whole plan by another way.
            PolicyBody::Rego { .. } => self.wanted.everything |= !policy.resource_types.is_empty(),
            PolicyBody::Rules(_) if policy.kind == PolicyKind::Account => {}
            PolicyBody::Rules(rules) => {
                for (number, rule) in (0u32..).zip(rules) {
                    for name in &rule.resource_types {
                        let judged = self.by_type.entry(name.clone()).or_default();
                        // The first rule for a type judges it.
                        if judged.iter().all(|(policy, _)| *policy != at) {
                            judged.push((at, number));
                        }
                    }
                }
            }
        }
    }

    /// The rules that judge a type.
    #[must_use]
    pub fn rules_for(&self, type_name: &str) -> &[(u32, u32)] {
        self.by_type.get(type_name).map_or(&[], Vec::as_slice)
    }

    /// What a loader has to keep for these policies.
    #[must_use]
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    fn link(&mut self, spec: LinkSpec) -> usize {
        for name in &spec.to {
            // What identifies a resource to those that refer to it.
            for attribute in crate::engine::IDENTITIES {
                self.wanted.add(name, attribute);
            }
        }
        if let Some(PathStep::Name(attribute)) = spec.by.first() {
            for name in &spec.from {
                self.wanted.add(name, attribute);
            }
        }
        if let Some(at) = self.links.iter().position(|known| *known == spec) {
            return at;
        }
        self.links.push(spec);
        self.links.len() - 1
    }
}

/// Where a policy is written.
fn place(policy: &Policy) -> String {
    match policy.file.as_str() {
        "" => "the built-in policies".to_owned(),
        file => format!("{file}:{}", policy.at.line),
    }
}
