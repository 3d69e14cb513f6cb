//! Judges an inventory by policies.
//!
//! [`evaluate`] is the public arrow: inventory and policies in, outcomes and
//! findings out. It knows nothing of exceptions, files or terminals.

mod documents;
mod evaluate;
mod evidence;
mod fold;
mod iam;
mod labels;
mod links;
mod network;
mod operators;
mod properties;
mod relations;
mod scope;
mod secrets;
mod trace;
mod tri;
mod waits;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use abide_policy::{PolicyBody, PolicyKind};
use rayon::prelude::*;

use evidence::{Context, Evidence};
pub(crate) use links::IDENTITIES;
use links::LinkTable;
use scope::{Documents, Scope, Subject};
pub use trace::{Shape, Trace, Wait, Words};
pub use tri::Tri;

use crate::address::{Mode, ResourceAddress};
use crate::finding::{Fact, Finding, Fingerprint, Outcome};
use crate::inventory::{Inventory, ResourceId};
use crate::policy::{CompiledPolicy, CompiledRule, PolicySet};
use crate::rollout::Stage;

/// The address of account policies' findings: they judge the root module.
pub const ROOT: &str = "root";

/// Whether account policies ("something must exist") apply to an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountMode {
    /// Never.
    Off,
    /// If the input holds something the policy names as related.
    #[default]
    Auto,
    /// Always: this root module owns the account's baseline.
    Baseline,
}

/// How to evaluate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// For account policies.
    pub account: AccountMode,
    /// Give findings for passes and for what does not apply, too.
    pub all_results: bool,
}

/// How many evaluations came out how, per policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Unknown.
    pub unknown: usize,
    /// Not applicable.
    pub not_applicable: usize,
    /// Errors.
    pub error: usize,
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Pass => self.pass += 1,
            Outcome::Fail => self.fail += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::NotApplicable => self.not_applicable += 1,
            Outcome::Error => self.error += 1,
        }
    }

    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            pass: self.pass + other.pass,
            fail: self.fail + other.fail,
            unknown: self.unknown + other.unknown,
            not_applicable: self.not_applicable + other.not_applicable,
            error: self.error + other.error,
        }
    }
}

/// What evaluation gives.
#[derive(Debug, Default)]
pub struct Evaluations {
    /// Counts over all policies.
    pub tally: Tally,
    /// Findings in order of address, then policy.
    pub findings: Vec<Finding>,
}

impl Evaluations {
    /// Takes in what another engine found.
    pub fn absorb(&mut self, other: Self) {
        self.tally = self.tally.plus(other.tally);
        self.findings.extend(other.findings);
    }
}

/// Judges every managed resource by every policy for its type, and the root
/// module by every account policy. `input` is the input's index in the scan.
#[must_use]
pub fn evaluate(
    inventory: &Inventory,
    set: &PolicySet,
    options: Options,
    input: u32,
) -> Evaluations {
    let engine = Engine::new(inventory, set);
    // Chunks keep the order; both cores work on a large plan.
    let chunk = (inventory.resources.len() / 64).clamp(256, 8192);
    let parts: Vec<Evaluations> = inventory
        .resources
        .par_chunks(chunk)
        .enumerate()
        .map(|(number, chunk_of)| {
            let mut part = Evaluations::default();
            for (offset, resource) in chunk_of.iter().enumerate() {
                if resource.mode == Mode::Managed {
                    let id = ResourceId(u32::try_from(number * chunk + offset).unwrap_or(u32::MAX));
                    engine.judge_resource(id, options, input, &mut part);
                }
            }
            part
        })
        .collect();
    let mut all = Evaluations::default();
    engine.judge_account(options, input, &mut all);
    let number: usize = parts.iter().map(|part| part.findings.len()).sum();
    all.findings.reserve_exact(number);
    for part in parts {
        all.tally = all.tally.plus(part.tally);
        all.findings.extend(part.findings);
    }
    all
}

/// The check tree of one policy on one resource, for `abide explain`.
/// `None` if the policy does not judge its type.
#[must_use]
pub fn explain<'p>(
    inventory: &'p Inventory,
    set: &'p PolicySet,
    policy: usize,
    resource: Option<ResourceId>,
) -> Option<(Outcome, Trace<'p>)> {
    let engine = Engine::new(inventory, set);
    let compiled = set.policies.get(policy)?;
    let documents = Documents::default();
    let (rule, scope) = match resource {
        Some(id) => {
            let resource = inventory.resource(id);
            let (_, rule) = set
                .rules_for(&resource.type_name)
                .iter()
                .find(|(at, _)| *at as usize == policy)?;
            (
                compiled.rules.get(*rule as usize)?,
                Scope::of(id, resource, None, &documents),
            )
        }
        None => (compiled.rules.first()?, root_scope(&documents)),
    };
    let mut traces = Vec::new();
    let applies = rule.when.as_ref().map_or(Tri::True, |when| {
        engine.ask(when, &scope, Some(&mut traces))
    });
    let answer = engine.ask(&rule.check, &scope, Some(&mut traces));
    let outcome = outcome(applies, answer);
    let trace = match traces.len() {
        1 => traces.remove(0),
        _ => Trace::node("when … then", Shape::All, answer, traces),
    };
    Some((outcome, trace))
}

fn root_scope(documents: &Documents) -> Scope<'_> {
    Scope {
        outer: None,
        subject: Subject::Nothing,
        resource: None,
        path: None,
        documents,
    }
}

/// An unknown `when` matters only if the check would not pass anyway.
fn outcome(applies: Tri, answer: Tri) -> Outcome {
    match (applies, answer) {
        (Tri::False, _) => Outcome::NotApplicable,
        (_, Tri::True) => Outcome::Pass,
        (Tri::True, Tri::False) => Outcome::Fail,
        _ => Outcome::Unknown,
    }
}

/// Inventory and policies, and what is worked out once for them.
pub(crate) struct Engine<'p> {
    inventory: &'p Inventory,
    set: &'p PolicySet,
    tables: Vec<OnceLock<LinkTable>>,
    /// Whether one or all of the open referrers of a link satisfy a condition.
    open_answers: Mutex<HashMap<(usize, usize), (Tri, Tri)>>,
}

impl<'p> Engine<'p> {
    fn new(inventory: &'p Inventory, set: &'p PolicySet) -> Self {
        let tables = set.links.iter().map(|_| OnceLock::new()).collect();
        Self {
            inventory,
            set,
            tables,
            open_answers: Mutex::default(),
        }
    }

    fn table(&self, link: usize) -> &LinkTable {
        self.tables[link].get_or_init(|| LinkTable::build(self.inventory, &self.set.links[link]))
    }

    fn judge_resource(&self, id: ResourceId, options: Options, input: u32, out: &mut Evaluations) {
        let resource = self.inventory.resource(id);
        let documents = Documents::default();
        for (policy, rule) in self.set.rules_for(&resource.type_name) {
            let compiled = &self.set.policies[*policy as usize];
            let rule = &compiled.rules[*rule as usize];
            let scope = Scope::of(id, resource, None, &documents);
            let applies = rule
                .when
                .as_ref()
                .map_or(Tri::True, |when| self.ask(when, &scope, None));
            let answer = if applies == Tri::False {
                Tri::True
            } else {
                self.ask(&rule.check, &scope, None)
            };
            let result = outcome(applies, answer);
            out.tally.count(result);
            if options.all_results || matches!(result, Outcome::Fail | Outcome::Unknown) {
                out.findings
                    .push(self.finding(compiled, *policy, rule, &scope, result, input));
            }
        }
    }

    fn judge_account(&self, options: Options, input: u32, out: &mut Evaluations) {
        for (number, compiled) in (0u32..).zip(&self.set.policies) {
            let (PolicyKind::Account, PolicyBody::Rules(_), Some(rule)) = (
                compiled.policy.kind,
                &compiled.policy.body,
                compiled.rules.first(),
            ) else {
                continue;
            };
            let related = || {
                let types = compiled
                    .policy
                    .related_types
                    .iter()
                    .chain(&compiled.policy.resource_types);
                types
                    .flat_map(|name| self.inventory.of_type(name))
                    .any(|id| self.inventory.resource(*id).mode == Mode::Managed)
            };
            let owns = match options.account {
                AccountMode::Off => false,
                AccountMode::Auto => related(),
                AccountMode::Baseline => true,
            };
            let documents = Documents::default();
            let scope = root_scope(&documents);
            let applies = Tri::from(owns).and(
                rule.when
                    .as_ref()
                    .map_or(Tri::True, |when| self.ask(when, &scope, None)),
            );
            let answer = if applies == Tri::False {
                Tri::True
            } else {
                self.ask(&rule.check, &scope, None)
            };
            let result = outcome(applies, answer);
            out.tally.count(result);
            if options.all_results || matches!(result, Outcome::Fail | Outcome::Unknown) {
                out.findings
                    .push(self.finding(compiled, number, rule, &scope, result, input));
            }
        }
    }

    fn finding(
        &self,
        compiled: &'p CompiledPolicy,
        policy: u32,
        rule: &'p CompiledRule,
        scope: &Scope<'_>,
        result: Outcome,
        input: u32,
    ) -> Finding {
        let resource = scope.resource.map(|(_, resource)| resource);
        let evidence = if result == Outcome::NotApplicable {
            Evidence {
                message: format!("Does not apply: {}", compiled.policy.title),
                ..Evidence::default()
            }
        } else {
            self.evidence(compiled, rule, scope, result)
        };
        let (address, resource_type) = match resource {
            Some(resource) => (resource.address.clone(), resource.type_name.clone()),
            None => (ResourceAddress::from_terraform(ROOT), Arc::from("account")),
        };
        let fingerprint = Fingerprint::of(
            &compiled.policy.id,
            address.as_str(),
            result,
            evidence.attribute.as_ref(),
            &evidence.facts,
        );
        Finding {
            policy,
            input,
            resource_address: address,
            resource_type,
            outcome: result,
            severity: compiled.policy.severity,
            message: evidence.message,
            remediation: evidence.remediation,
            fix: evidence.fix,
            attribute: evidence.attribute,
            found: evidence.found,
            expected: evidence.expected,
            facts: evidence.facts,
            waits_for: evidence.waits_for.iter().map(ToString::to_string).collect(),
            fingerprint,
            previous_fingerprint: None,
            location: None,
            related: Vec::new(),
            calls: Vec::new(),
            remedy: None,
            exception: None,
            requested: None,
            in_baseline: false,
            rollout: Stage::default(),
        }
    }

    fn evidence(
        &self,
        compiled: &'p CompiledPolicy,
        rule: &'p CompiledRule,
        scope: &Scope<'_>,
        result: Outcome,
    ) -> Evidence {
        let mut traces = Vec::new();
        let answer = self.ask(&rule.check, scope, Some(&mut traces));
        let Some(trace) = traces.first() else {
            return Evidence::default();
        };
        let context = Context {
            resource: scope.resource.map(|(_, resource)| resource),
            parameters: &compiled.parameters,
            advice: &rule.advice,
            fact: if rule.facts.is_empty() {
                Fact::default()
            } else {
                evaluate::read_facts(&rule.facts, scope)
            },
        };
        let mut evidence = evidence::read(trace, &context);
        if result != Outcome::Fail {
            evidence.message =
                evidence::sentence(answer, &compiled.policy.title, &evidence.waits_for);
            evidence.facts.clear();
            evidence.fix.clear();
            evidence.remediation.clear();
            if result == Outcome::Unknown {
                evidence::hint(&evidence.waits_for).clone_into(&mut evidence.remediation);
            }
        }
        evidence
    }
}
