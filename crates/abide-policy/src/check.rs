//! Checks a policy against itself and against the provider's schema.
//!
//! Most vacuous passes of the field come from a misspelt attribute: nothing is
//! ever found there, so nothing ever fails. Here it is an error with its place.

use std::collections::BTreeSet;

use abide_schema::{Cardinality, ProviderSchema, ResolveError};

use crate::error::{Position, did_you_mean};
use crate::model::*;
use crate::parameter::accepted;
use crate::path::{Anchor, Path, PathStep};
use crate::read::Errors;

/// Names a template may always use.
const PLACEHOLDERS: [&str; 8] = [
    "address",
    "type",
    "name",
    "attribute",
    "found",
    "expected",
    "module",
    "traffic",
];

pub(crate) fn check(policy: &Policy, errors: &mut Errors) {
    let account = policy.kind == PolicyKind::Account;
    if policy.resource_types.is_empty() && !account {
        errors.push(
            policy.at,
            "`resource_types` is missing: which resources does the policy judge?",
        );
    }
    if account && policy.related_types.is_empty() {
        errors.push(policy.at, "an account policy needs `related_types`: the types whose presence means that this root module owns the matter");
    }
    if policy.docs.examples.is_empty() {
        return check_body(policy, errors);
    }
    for (want, word) in [
        (Expectation::Pass, "passing"),
        (Expectation::Fail, "failing"),
    ] {
        if !policy
            .docs
            .examples
            .iter()
            .any(|example| example.expect == want)
        {
            errors.push(policy.at, format!("the examples hold no {word} one: every policy needs at least one that passes and one that fails"));
        }
    }
    for example in &policy.docs.examples {
        for (name, value) in &example.parameters {
            let parameter = policy.parameters.iter().find(|known| known.name == *name);
            match parameter {
                Some(known) => {
                    accepted(&known.accepts, name, value, example.at, errors);
                }
                None => errors.push(example.at, format!("there is no parameter `{name}`")),
            }
        }
    }
    check_body(policy, errors);
}

fn check_body(policy: &Policy, errors: &mut Errors) {
    let mut types = BTreeSet::new();
    for name in policy.resource_types.iter().chain(&policy.related_types) {
        check_type(name, policy.at, errors);
        if !types.insert(name) && policy.resource_types.iter().filter(|t| *t == name).count() > 1 {
            errors.push(policy.at, format!("resource type `{name}` is given twice"));
        }
    }
    let PolicyBody::Rules(rules) = &policy.body else {
        return;
    };
    for rule in rules {
        for name in &rule.resource_types {
            if !policy.resource_types.contains(name) {
                errors.push(
                    rule.check.at,
                    format!(
                        "the rule is for `{name}`, which is not among the policy's `resource_types`"
                    ),
                );
            }
        }
        if rule.advice.message.is_none() {
            errors.push(
                rule.check.at,
                "`message` is missing: what is wrong when the check fails?",
            );
        }
        if rule.advice.remediation.is_none() {
            errors.push(
                rule.check.at,
                "`remediation` is missing: what must the engineer do?",
            );
        }
        let mut names: BTreeSet<String> =
            policy.parameters.iter().map(|p| p.name.clone()).collect();
        names.extend(PLACEHOLDERS.iter().map(|name| (*name).to_owned()));
        names.extend(rule.facts.iter().map(|fact| fact.name.clone()));
        collect_facts(&rule.check, &mut names);
        let subjects = rule
            .resource_types
            .iter()
            .map(|name| Subject::Type(name.clone()))
            .collect();
        let mut checker = Checker {
            policy,
            names,
            errors,
            scopes: vec![Scope {
                subjects,
                prefix: Vec::new(),
            }],
        };
        checker.advice(&rule.advice, rule.check.at);
        if let Some(when) = &rule.when {
            checker.condition(when);
        }
        checker.facts(&rule.facts);
        checker.condition(&rule.check);
    }
    for name in &policy.resource_types {
        if !rules.iter().any(|rule| rule.resource_types.contains(name)) {
            errors.push(
                policy.at,
                format!("no rule is for `{name}`, though the policy judges it"),
            );
        }
    }
}

fn check_type(name: &str, at: Position, errors: &mut Errors) {
    // Types of other providers have no schema here; they are taken as they are.
    if name.starts_with("aws_")
        && let Err(error @ ResolveError::UnknownType { .. }) =
            ProviderSchema::aws().resolve(name, &[])
        && ProviderSchema::aws().data_source(name).is_none()
    {
        errors.push(at, error.to_string());
    }
}

fn collect_facts(condition: &Condition, names: &mut BTreeSet<String>) {
    let mut add = |facts: &[Fact]| names.extend(facts.iter().map(|fact| fact.name.clone()));
    match &condition.test {
        Test::Quantified { facts, .. } | Test::Statements { facts, .. } => add(facts),
        Test::OpenToWorld { .. } => names.extend(["cidr".to_owned()]),
        _ => {}
    }
    for inner in children(&condition.test) {
        collect_facts(inner, names);
    }
}

/// The conditions directly inside a test.
fn children(test: &Test) -> Vec<&Condition> {
    match test {
        Test::All(list) | Test::Any(list) => list.iter().collect(),
        Test::Not(inner) => vec![inner],
        Test::Quantified {
            filter, matches, ..
        } => filter.iter().chain(matches).map(AsRef::as_ref).collect(),
        Test::Linked { matches, .. }
        | Test::Follow { matches, .. }
        | Test::Exists { matches, .. } => matches.iter().map(AsRef::as_ref).collect(),
        Test::Statements { matches, .. } | Test::Json { matches, .. } => vec![matches],
        _ => Vec::new(),
    }
}

/// What paths are looked up in.
#[derive(Clone, PartialEq)]
enum Subject {
    /// A resource type.
    Type(String),
    /// Something without a schema: a statement, a JSON document.
    Free,
}

#[derive(Clone)]
struct Scope {
    subjects: Vec<Subject>,
    /// Names from the resource to the element we are in.
    prefix: Vec<String>,
}

struct Checker<'p, 'e> {
    policy: &'p Policy,
    names: BTreeSet<String>,
    errors: &'e mut Errors,
    scopes: Vec<Scope>,
}

impl Checker<'_, '_> {
    fn condition(&mut self, condition: &Condition) {
        if let Some(advice) = &condition.advice {
            self.advice(advice, condition.at);
        }
        match &condition.test {
            Test::Attribute { path, operator, .. } => self.attribute(path, operator),
            Test::Quantified { over, facts, .. } => {
                let prefix = self.path(over, true);
                let scope = Scope {
                    prefix,
                    ..self.scope_of(over)
                };
                self.inside(scope, condition, facts);
            }
            Test::Linked { types, by, .. } => {
                let scope = self.enter_types(types, condition.at);
                self.scopes.push(scope);
                self.path(by, true);
                self.scopes.pop();
                self.inside_types(types, condition);
            }
            Test::Follow { path, types, .. } => {
                self.path(path, true);
                self.inside_types(types, condition);
            }
            Test::Exists { types, .. } => self.inside_types(types, condition),
            Test::Statements { path, facts, .. } => {
                self.path(path, false);
                self.inside(
                    Scope {
                        subjects: vec![Subject::Free],
                        prefix: Vec::new(),
                    },
                    condition,
                    facts,
                );
            }
            Test::Json { path, .. } => {
                self.path(path, false);
                self.inside(
                    Scope {
                        subjects: vec![Subject::Free],
                        prefix: Vec::new(),
                    },
                    condition,
                    &[],
                );
            }
            Test::Ports {
                from,
                to,
                protocol,
                cover,
                ..
            } => {
                for path in [from, to, protocol] {
                    self.path(path, false);
                }
                self.operand(cover, from.at);
            }
            Test::OpenToWorld {
                cidrs,
                prefix_lists,
            } => {
                for path in cidrs.iter().chain(prefix_lists) {
                    // The attribute itself may be a list; a list of blocks needs a quantifier.
                    self.path(path, false);
                }
            }
            Test::Statement(
                StatementTest::Allows { actions } | StatementTest::Denies { actions },
            ) => self.operand(actions, condition.at),
            Test::Parameter { name, .. } => {
                self.operand(&Operand::Parameter(name.clone()), condition.at)
            }
            test => {
                for inner in children(test) {
                    self.condition(inner);
                }
            }
        }
    }

    fn attribute(&mut self, path: &Path, operator: &Operator) {
        self.path(path, false);
        if let Operator::Matches(Operand::Parameter(name))
        | Operator::NotMatches(Operand::Parameter(name)) = operator
            && let Some(parameter) = self
                .policy
                .parameters
                .iter()
                .find(|parameter| parameter.name == *name)
            && regex::Regex::new(&parameter.default.to_string()).is_err()
        {
            self.errors.push(
                path.at,
                format!("the default of `${name}` is not a regular expression"),
            );
        }
        match operator {
            Operator::Is(_) => {}
            Operator::EqualsAttribute(other) => {
                self.path(other, false);
            }
            Operator::RefersTo(types) => types
                .iter()
                .for_each(|name| check_type(name, path.at, self.errors)),
            Operator::Equals(operand)
            | Operator::NotEquals(operand)
            | Operator::OneOf(operand)
            | Operator::NotOneOf(operand)
            | Operator::AtLeast(operand)
            | Operator::AtMost(operand)
            | Operator::Matches(operand)
            | Operator::NotMatches(operand)
            | Operator::StartsWith(operand)
            | Operator::EndsWith(operand)
            | Operator::Contains(operand)
            | Operator::ContainsAll(operand)
            | Operator::ContainsAny(operand)
            | Operator::SubsetOf(operand)
            | Operator::LengthAtLeast(operand)
            | Operator::LengthAtMost(operand)
            | Operator::VersionAtLeast(operand)
            | Operator::Within(operand) => self.operand(operand, path.at),
        }
    }

    fn operand(&mut self, operand: &Operand, at: Position) {
        let Operand::Parameter(name) = operand else {
            return;
        };
        let known: Vec<_> = self
            .policy
            .parameters
            .iter()
            .map(|p| p.name.as_str())
            .collect();
        if !known.contains(&name.as_str()) {
            let hint = did_you_mean(name, known)
                .map(|name| format!("; did you mean `${name}`?"))
                .unwrap_or_default();
            self.errors.push(
                at,
                format!("`${name}` is not among the policy's parameters{hint}"),
            );
        }
    }

    fn inside_types(&mut self, types: &[String], condition: &Condition) {
        let scope = self.enter_types(types, condition.at);
        self.inside(scope, condition, &[]);
    }

    fn enter_types(&mut self, types: &[String], at: Position) -> Scope {
        types
            .iter()
            .for_each(|name| check_type(name, at, self.errors));
        Scope {
            subjects: types
                .iter()
                .map(|name| Subject::Type(name.clone()))
                .collect(),
            prefix: Vec::new(),
        }
    }

    fn inside(&mut self, scope: Scope, condition: &Condition, facts: &[Fact]) {
        self.scopes.push(scope);
        self.facts(facts);
        for inner in children(&condition.test) {
            self.condition(inner);
        }
        self.scopes.pop();
    }

    fn facts(&mut self, facts: &[Fact]) {
        for fact in facts {
            if let FactSource::Path(path) = &fact.source {
                self.path(path, true);
            }
        }
    }

    fn scope_of(&self, path: &Path) -> Scope {
        let free = || Scope {
            subjects: vec![Subject::Free],
            prefix: Vec::new(),
        };
        match path.anchor {
            Anchor::Here => self.scopes.last().cloned(),
            Anchor::Resource => self.scopes.first().cloned(),
            Anchor::Outer(depth) => self
                .scopes
                .len()
                .checked_sub(1 + usize::from(depth))
                .and_then(|at| self.scopes.get(at))
                .cloned(),
        }
        .unwrap_or_else(free)
    }

    /// Looks a path up in every subject of its scope; gives the names from the resource.
    /// `many` says whether the place can take more than one value.
    fn path(&mut self, path: &Path, many: bool) -> Vec<String> {
        if let Anchor::Outer(depth) = path.anchor
            && usize::from(depth) >= self.scopes.len()
        {
            self.errors.push(
                path.at,
                format!(
                    "`{path}` reaches out of the policy: there are only {} scopes around it",
                    self.scopes.len() - 1
                ),
            );
        }
        if !many && path.steps.contains(&PathStep::Each) {
            self.errors.push(path.at, format!("`{path}` goes over many values: say how many must hold with `every`, `some` or `none`"));
        }
        let scope = self.scope_of(path);
        let mut names = scope.prefix.clone();
        names.extend(path.names().into_iter().map(ToOwned::to_owned));
        for subject in &scope.subjects {
            if let Subject::Type(type_name) = subject
                && type_name.starts_with("aws_")
            {
                self.lookup(type_name, &names, scope.prefix.len(), path, many);
            }
        }
        names
    }

    fn lookup(
        &mut self,
        type_name: &str,
        names: &[String],
        prefix: usize,
        path: &Path,
        many: bool,
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let schema = ProviderSchema::aws();
        let resolved = match schema.resource(type_name) {
            Some(_) => schema.resolve(type_name, &names),
            None => schema.resolve_data(type_name, &names),
        };
        match resolved {
            Err(ResolveError::UnknownType { .. }) => {}
            Err(error) => self.errors.push(path.at, error.to_string()),
            Ok(resolved) => {
                // A repeated block in the middle of a path needs `[*]` or a position.
                let mut step = prefix;
                let mut steps = path.steps.iter().peekable();
                while let Some(PathStep::Name(name)) = steps.next() {
                    let indexed = matches!(steps.peek(), Some(PathStep::Index(_) | PathStep::Each));
                    if indexed {
                        steps.next();
                    }
                    let repeated = resolved
                        .steps
                        .get(step)
                        .is_some_and(|s| s.cardinality == Cardinality::Many);
                    let last = steps.peek().is_none();
                    if repeated && !indexed && !last {
                        let hint = if many {
                            "write `[*]` after it"
                        } else {
                            "go over it with `every`, `some` or `none`"
                        };
                        self.errors.push(
                            path.at,
                            format!("`{name}` of {type_name} can be repeated: {hint}"),
                        );
                    }
                    step += 1;
                }
            }
        }
    }

    fn advice(&mut self, advice: &Advice, at: Position) {
        let mut texts: Vec<&str> = advice
            .message
            .iter()
            .chain(&advice.remediation)
            .map(String::as_str)
            .collect();
        for fix in &advice.fix {
            match fix {
                Fix::Set { path, .. } => {
                    let root = self.scopes.first().cloned();
                    if let Some(root) = root {
                        let scopes = std::mem::replace(&mut self.scopes, vec![root]);
                        self.path(path, true);
                        self.scopes = scopes;
                    }
                }
                Fix::Block { .. } => {}
                Fix::Resource { type_name, .. } => check_type(type_name, at, self.errors),
            }
        }
        for text in texts.drain(..) {
            for name in placeholders(text) {
                if !self.names.contains(name) {
                    let hint = did_you_mean(name, self.names.iter().map(String::as_str))
                        .map(|name| format!("; did you mean `{{{name}}}`?"))
                        .unwrap_or_default();
                    self.errors.push(at, format!("the text uses `{{{name}}}`, which is neither a fact nor a parameter{hint}"));
                }
            }
        }
    }
}

/// The names in `{…}` of a template.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| {
        let (name, _) = part.split_once('}')?;
        (!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
            .then_some(name)
    })
}
