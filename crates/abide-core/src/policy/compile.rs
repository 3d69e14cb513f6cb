//! From policy files to what the engine runs: parameters put in, regular
//! expressions and networks parsed, links numbered, read attributes listed.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::OnceLock;

use abide_policy::{
    Absent, Advice, Condition, Fact, FactSource, Literal, Operand, Operator, Path, PathStep,
    Policy, PolicyBody, PolicyKind, Property, Quantifier, Refused, Rule, StatementTest, Test,
    Verdict,
};
use ipnet::IpNet;
use regex::Regex;

use super::settings::{PolicySettings, nearest};
use crate::rollout::Rollout;
use crate::source::Wanted;

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

/// One policy, compiled.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// As it was written, overrides applied.
    pub policy: Policy,
    /// Its rules; empty for Rego.
    pub rules: Vec<CompiledRule>,
    /// Parameters in force.
    pub parameters: BTreeMap<String, Literal>,
    /// What its findings do.
    pub rollout: Rollout,
}

/// One rule, compiled.
#[derive(Debug)]
pub struct CompiledRule {
    /// Whether the policy applies.
    pub when: Option<Node>,
    /// What must hold.
    pub check: Node,
    /// What to say.
    pub advice: Advice,
    /// What to note of a resource that fails.
    pub facts: Vec<Fact>,
}

/// "Resources of these types refer, by this attribute, to resources of those types."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// The types that refer.
    pub from: Vec<String>,
    /// By which attribute.
    pub by: Vec<PathStep>,
    /// The types referred to.
    pub to: Vec<String>,
}

/// A condition, compiled.
#[derive(Debug)]
pub struct Node {
    /// What is asked.
    pub question: Question,
    /// What to say when this is the reason.
    pub advice: Option<Box<Advice>>,
}

/// What a compiled condition asks. See [`abide_policy::Test`].
#[derive(Debug)]
pub enum Question {
    /// All of them hold.
    All(Vec<Node>),
    /// One of them holds.
    Any(Vec<Node>),
    /// It does not hold.
    Not(Box<Node>),
    /// An attribute's value.
    Attribute(Box<Attribute>),
    /// How many elements match.
    Quantified {
        /// How many.
        quantifier: Quantifier,
        /// Over which elements.
        over: Path,
        /// Which count.
        filter: Option<Box<Node>>,
        /// What each is asked.
        matches: Option<Box<Node>>,
        /// The answer for none.
        empty: Option<Verdict>,
        /// What to note.
        facts: Vec<Fact>,
    },
    /// Resources that refer to this one.
    Linked {
        /// How many.
        quantifier: Quantifier,
        /// Index in [`PolicySet::links`].
        link: usize,
        /// Their types, for messages.
        types: Vec<String>,
        /// What each is asked.
        matches: Option<Box<Node>>,
    },
    /// Resources this one refers to.
    Follow {
        /// The attribute.
        path: Path,
        /// Index in [`PolicySet::links`].
        link: usize,
        /// Their types, for messages.
        types: Vec<String>,
        /// What each is asked.
        matches: Option<Box<Node>>,
        /// Set, but not in this input.
        elsewhere: Verdict,
        /// Not set.
        absent: Verdict,
    },
    /// Something anywhere.
    Exists {
        /// Its types.
        types: Vec<String>,
        /// Only with this resource's provider configuration.
        same_provider: bool,
        /// What it is asked.
        matches: Option<Box<Node>>,
    },
    /// Statements of a policy document.
    Statements {
        /// How many.
        quantifier: Quantifier,
        /// The attribute.
        path: Path,
        /// What each is asked.
        matches: Box<Node>,
        /// No document.
        absent: Verdict,
        /// What to note.
        facts: Vec<Fact>,
    },
    /// The statement we are in.
    Statement(StatementTest),
    /// A JSON text.
    Json {
        /// The attribute.
        path: Path,
        /// What it is asked.
        matches: Box<Node>,
        /// No text.
        absent: Verdict,
    },
    /// A rule covers a port.
    Ports {
        /// First port.
        from: Path,
        /// Last port.
        to: Path,
        /// Protocol.
        protocol: Path,
        /// Ports.
        cover: Vec<i64>,
        /// Protocols.
        protocols: Vec<String>,
    },
    /// The whole address space.
    OpenToWorld {
        /// CIDR attributes.
        cidrs: Vec<Path>,
        /// Prefix list attributes, each with its link.
        prefix_lists: Vec<(Path, usize)>,
    },
    /// A fixed answer.
    Constant(bool),
    /// Never decidable, for a reason.
    Undecidable(String),
}

/// An attribute test, compiled.
#[derive(Debug)]
pub struct Attribute {
    /// Which attribute.
    pub path: Path,
    /// What is asked.
    pub op: Op,
    /// What absence means.
    pub absent: Absent,
}

/// An operator with its operand in place.
#[derive(Debug)]
pub enum Op {
    /// Equal.
    Equals(Literal),
    /// Not equal.
    NotEquals(Literal),
    /// Among these.
    OneOf(Vec<Literal>),
    /// Not among these.
    NotOneOf(Vec<Literal>),
    /// At least.
    AtLeast(f64),
    /// At most.
    AtMost(f64),
    /// Matches.
    Matches(Pattern),
    /// Does not match.
    NotMatches(Pattern),
    /// Starts with one of these.
    StartsWith(Vec<String>),
    /// Ends with one of these.
    EndsWith(Vec<String>),
    /// Holds this.
    Contains(Literal),
    /// Holds all of these.
    ContainsAll(Vec<Literal>),
    /// Holds one of these.
    ContainsAny(Vec<Literal>),
    /// Holds nothing but these.
    SubsetOf(Vec<Literal>),
    /// At least this long.
    LengthAtLeast(f64),
    /// At most this long.
    LengthAtMost(f64),
    /// A version at least this.
    VersionAtLeast(String),
    /// A network within one of these.
    Within(Vec<IpNet>),
    /// Has a property.
    Is(Property),
    /// Comes from one of these types; index in [`PolicySet::links`].
    RefersTo(Vec<String>, usize),
    /// Equal to another attribute.
    EqualsAttribute(Path),
}

/// A regular expression that is compiled when it is first needed: most runs
/// need few of those the library has.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn new(text: String) -> Self {
        Self {
            text,
            regex: OnceLock::new(),
        }
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex
            .get_or_init(|| Regex::new(&self.text).ok())
            .as_ref()
    }

    /// Whether a text matches anywhere.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
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

impl PolicySet {
    /// Compiles policies under settings.
    ///
    /// # Errors
    /// If ids clash or settings do not fit.
    pub fn compile(
        mut policies: Vec<Policy>,
        settings: &PolicySettings,
    ) -> Result<Self, CompileError> {
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

fn parameters(
    policy: &Policy,
    settings: &PolicySettings,
) -> Result<BTreeMap<String, Literal>, CompileError> {
    let mut values: BTreeMap<_, _> = policy
        .parameters
        .iter()
        .map(|p| (p.name.clone(), p.default.clone()))
        .collect();
    let id = &policy.id;
    let typed = settings.parameters.get(id).into_iter().flatten();
    let typed = typed.map(|(name, value)| (name, Given::Value(value)));
    let words = settings.words.get(id).into_iter().flatten();
    let words = words.map(|(name, text)| (name, Given::Word(text)));
    for (name, given) in typed.chain(words) {
        let Some(parameter) = policy.parameters.iter().find(|known| known.name == *name) else {
            return Err(CompileError::Parameter {
                id: id.clone(),
                name: name.clone(),
                hint: known_parameters(policy, name),
            });
        };
        let value = match given {
            Given::Value(value) => parameter.accepts.take(value),
            Given::Word(text) => parameter.accepts.read(text),
        };
        let value = value.map_err(|refused| CompileError::Refused {
            id: id.clone(),
            name: name.clone(),
            refused,
        })?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

/// What a setting says of a parameter.
enum Given<'a> {
    /// A value with a type.
    Value(&'a Literal),
    /// What somebody typed.
    Word(&'a str),
}

fn known_parameters(policy: &Policy, name: &str) -> String {
    let known = || policy.parameters.iter().map(|known| known.name.as_str());
    match nearest(name, known()) {
        _ if policy.parameters.is_empty() => "; it has none".to_owned(),
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; it has {}", known().collect::<Vec<_>>().join(", ")),
    }
}

struct Compiler<'s, 'p> {
    set: &'s mut PolicySet,
    id: &'p str,
    parameters: BTreeMap<String, Literal>,
    /// Parameters that the user sets.
    overridden: Vec<String>,
}

type Result<T, E = CompileError> = std::result::Result<T, E>;

impl Compiler<'_, '_> {
    fn policy(mut self, policy: &Policy) -> Result<(Vec<CompiledRule>, BTreeMap<String, Literal>)> {
        let mut rules = Vec::new();
        if let PolicyBody::Rules(list) = &policy.body {
            for rule in list {
                rules.push(self.rule(rule)?);
            }
        }
        Ok((rules, self.parameters))
    }

    fn rule(&mut self, rule: &Rule) -> Result<CompiledRule> {
        let mut scopes = vec![rule.resource_types.clone()];
        for name in &rule.resource_types {
            // A type that is judged is loaded, even if nothing of it is read.
            self.set.wanted.touch(name);
        }
        let when = rule
            .when
            .as_ref()
            .map(|when| self.node(when, &mut scopes))
            .transpose()?;
        let check = self.node(&rule.check, &mut scopes)?;
        for fact in &rule.facts {
            self.want_fact(fact, &scopes);
        }
        Ok(CompiledRule {
            when,
            check,
            advice: rule.advice.clone(),
            facts: rule.facts.clone(),
        })
    }

    fn node(&mut self, condition: &Condition, scopes: &mut Vec<Vec<String>>) -> Result<Node> {
        let question = match &condition.test {
            Test::All(list) => Question::All(self.nodes(list, scopes)?),
            Test::Any(list) => Question::Any(self.nodes(list, scopes)?),
            Test::Not(inner) => Question::Not(Box::new(self.node(inner, scopes)?)),
            Test::Attribute {
                path,
                operator,
                absent,
            } => {
                self.want(path, scopes);
                let op = self.operator(operator, path, scopes)?;
                Question::Attribute(Box::new(Attribute {
                    path: path.clone(),
                    op,
                    absent: absent.clone(),
                }))
            }
            Test::Quantified {
                quantifier,
                over,
                filter,
                matches,
                empty,
                facts,
            } => {
                self.want(over, scopes);
                let types = scope_types(over, scopes);
                scopes.push(types);
                let filter = self.inner(filter.as_deref(), scopes)?;
                let matches = self.inner(matches.as_deref(), scopes)?;
                facts.iter().for_each(|fact| self.want_fact(fact, scopes));
                scopes.pop();
                Question::Quantified {
                    quantifier: *quantifier,
                    over: over.clone(),
                    filter,
                    matches,
                    empty: *empty,
                    facts: facts.clone(),
                }
            }
            Test::Linked {
                quantifier,
                types,
                by,
                matches,
            } => {
                let to = scopes.last().cloned().unwrap_or_default();
                let link = self.set.link(LinkSpec {
                    from: types.clone(),
                    by: by.steps.clone(),
                    to,
                });
                let matches = self.inside(types, matches.as_deref(), scopes)?;
                Question::Linked {
                    quantifier: *quantifier,
                    link,
                    types: types.clone(),
                    matches,
                }
            }
            Test::Follow {
                path,
                types,
                matches,
                elsewhere,
                absent,
            } => {
                self.want(path, scopes);
                let link = self.follow(path, types, scopes);
                let matches = self.inside(types, matches.as_deref(), scopes)?;
                Question::Follow {
                    path: path.clone(),
                    link,
                    types: types.clone(),
                    matches,
                    elsewhere: *elsewhere,
                    absent: *absent,
                }
            }
            Test::Exists {
                types,
                same_provider,
                matches,
            } => {
                let matches = self.inside(types, matches.as_deref(), scopes)?;
                Question::Exists {
                    types: types.clone(),
                    same_provider: *same_provider,
                    matches,
                }
            }
            Test::Statements {
                quantifier,
                path,
                matches,
                absent,
                facts,
            } => {
                self.want(path, scopes);
                self.set.wanted.add_all("aws_iam_policy_document");
                scopes.push(Vec::new());
                let matches = Box::new(self.node(matches, scopes)?);
                scopes.pop();
                Question::Statements {
                    quantifier: *quantifier,
                    path: path.clone(),
                    matches,
                    absent: *absent,
                    facts: facts.clone(),
                }
            }
            Test::Statement(test) => Question::Statement(self.statement(test)?),
            Test::Json {
                path,
                matches,
                absent,
            } => {
                self.want(path, scopes);
                scopes.push(Vec::new());
                let matches = Box::new(self.node(matches, scopes)?);
                scopes.pop();
                Question::Json {
                    path: path.clone(),
                    matches,
                    absent: *absent,
                }
            }
            Test::Ports {
                from,
                to,
                protocol,
                cover,
                protocols,
            } => {
                for path in [from, to, protocol] {
                    self.want(path, scopes);
                }
                let cover = self
                    .list(cover)?
                    .iter()
                    .filter_map(|port| port.to_string().parse().ok())
                    .collect();
                Question::Ports {
                    from: from.clone(),
                    to: to.clone(),
                    protocol: protocol.clone(),
                    cover,
                    protocols: protocols.clone(),
                }
            }
            Test::OpenToWorld {
                cidrs,
                prefix_lists,
            } => self.open_to_world(cidrs, prefix_lists, scopes),
            Test::Parameter { name, equals } => {
                Question::Constant(self.parameters.get(name) == Some(equals))
            }
            Test::Constant(answer) => Question::Constant(*answer),
            Test::Undecidable(reason) => Question::Undecidable(reason.clone()),
        };
        Ok(Node {
            question,
            advice: condition.advice.clone(),
        })
    }

    fn nodes(&mut self, list: &[Condition], scopes: &mut Vec<Vec<String>>) -> Result<Vec<Node>> {
        list.iter()
            .map(|condition| self.node(condition, scopes))
            .collect()
    }

    fn inner(
        &mut self,
        condition: Option<&Condition>,
        scopes: &mut Vec<Vec<String>>,
    ) -> Result<Option<Box<Node>>> {
        condition
            .map(|condition| self.node(condition, scopes).map(Box::new))
            .transpose()
    }

    fn inside(
        &mut self,
        types: &[String],
        condition: Option<&Condition>,
        scopes: &mut Vec<Vec<String>>,
    ) -> Result<Option<Box<Node>>> {
        types.iter().for_each(|name| self.set.wanted.touch(name));
        scopes.push(types.to_vec());
        let inner = self.inner(condition, scopes);
        scopes.pop();
        inner
    }

    fn follow(&mut self, path: &Path, types: &[String], scopes: &[Vec<String>]) -> usize {
        self.set.link(LinkSpec {
            from: scope_types(path, scopes),
            by: path.steps.clone(),
            to: types.to_vec(),
        })
    }

    fn open_to_world(
        &mut self,
        cidrs: &[Path],
        prefix_lists: &[Path],
        scopes: &[Vec<String>],
    ) -> Question {
        for path in cidrs.iter().chain(prefix_lists) {
            self.want(path, scopes);
        }
        let lists = vec!["aws_ec2_managed_prefix_list".to_owned()];
        if !prefix_lists.is_empty() {
            self.set.wanted.add("aws_ec2_managed_prefix_list", "entry");
            self.set
                .wanted
                .add("aws_ec2_managed_prefix_list_entry", "cidr");
            let entries = vec!["aws_ec2_managed_prefix_list_entry".to_owned()];
            let by = vec![PathStep::Name("prefix_list_id".to_owned())];
            self.set.link(LinkSpec {
                from: entries,
                by,
                to: lists.clone(),
            });
        }
        let prefix_lists = prefix_lists
            .iter()
            .map(|path| (path.clone(), self.follow(path, &lists, scopes)))
            .collect();
        Question::OpenToWorld {
            cidrs: cidrs.to_vec(),
            prefix_lists,
        }
    }

    /// Notes that an attribute is read. Paths inside a block begin at the block,
    /// whose top-level attribute was noted when it was entered.
    fn want(&mut self, path: &Path, scopes: &[Vec<String>]) {
        let Some(PathStep::Name(name)) = path.steps.first() else {
            return;
        };
        for type_name in scope_types(path, scopes) {
            self.set.wanted.add(&type_name, name);
        }
    }

    fn want_fact(&mut self, fact: &Fact, scopes: &[Vec<String>]) {
        if let FactSource::Path(path) = &fact.source {
            self.want(path, scopes);
        }
    }

    fn value(&self, operand: &Operand) -> Result<Literal> {
        match operand {
            Operand::Literal(literal) => Ok(literal.clone()),
            Operand::Parameter(name) => self
                .parameters
                .get(name)
                .cloned()
                .ok_or_else(|| self.bad(format!("`${name}` is no parameter"))),
        }
    }

    fn unfit(&self, operand: &Operand, value: &str, expected: &str) -> CompileError {
        match operand {
            Operand::Parameter(name) => CompileError::Refused {
                id: self.id.to_owned(),
                name: name.clone(),
                refused: Refused::new(value, expected),
            },
            Operand::Literal(_) => self.bad(format!("`{value}` is not {expected}")),
        }
    }

    fn bad(&self, message: String) -> CompileError {
        CompileError::Value {
            id: self.id.to_owned(),
            message,
        }
    }

    fn list(&self, operand: &Operand) -> Result<Vec<Literal>> {
        Ok(match self.value(operand)? {
            Literal::List(list) => list,
            one => vec![one],
        })
    }

    fn texts(&self, operand: &Operand) -> Result<Vec<String>> {
        Ok(self
            .list(operand)?
            .iter()
            .map(ToString::to_string)
            .collect())
    }

    fn number(&self, operand: &Operand) -> Result<f64> {
        let value = self.value(operand)?;
        value
            .to_string()
            .parse()
            .map_err(|_| self.unfit(operand, &value.to_string(), "a number"))
    }

    fn regex(&self, operand: &Operand) -> Result<Pattern> {
        let pattern = Pattern::new(self.value(operand)?.to_string());
        // Constants and defaults were tried when the file was read; what a user
        // sets may be anything.
        let is_set = matches!(operand, Operand::Parameter(name) if self.overridden.contains(name));
        if is_set && pattern.regex().is_none() {
            return Err(self.unfit(operand, &pattern.to_string(), "a regular expression"));
        }
        Ok(pattern)
    }

    fn networks(&self, operand: &Operand) -> Result<Vec<IpNet>> {
        let parse = |text: &String| {
            let net = text
                .parse::<IpNet>()
                .ok()
                .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            net.ok_or_else(|| self.unfit(operand, text, "a CIDR block, e.g. 10.0.0.0/8"))
        };
        self.texts(operand)?.iter().map(parse).collect()
    }

    fn operator(&mut self, operator: &Operator, path: &Path, scopes: &[Vec<String>]) -> Result<Op> {
        Ok(match operator {
            Operator::Equals(operand) => Op::Equals(self.value(operand)?),
            Operator::NotEquals(operand) => Op::NotEquals(self.value(operand)?),
            Operator::OneOf(operand) => Op::OneOf(self.list(operand)?),
            Operator::NotOneOf(operand) => Op::NotOneOf(self.list(operand)?),
            Operator::AtLeast(operand) => Op::AtLeast(self.number(operand)?),
            Operator::AtMost(operand) => Op::AtMost(self.number(operand)?),
            Operator::Matches(operand) => Op::Matches(self.regex(operand)?),
            Operator::NotMatches(operand) => Op::NotMatches(self.regex(operand)?),
            Operator::StartsWith(operand) => Op::StartsWith(self.texts(operand)?),
            Operator::EndsWith(operand) => Op::EndsWith(self.texts(operand)?),
            Operator::Contains(operand) => Op::Contains(self.value(operand)?),
            Operator::ContainsAll(operand) => Op::ContainsAll(self.list(operand)?),
            Operator::ContainsAny(operand) => Op::ContainsAny(self.list(operand)?),
            Operator::SubsetOf(operand) => Op::SubsetOf(self.list(operand)?),
            Operator::LengthAtLeast(operand) => Op::LengthAtLeast(self.number(operand)?),
            Operator::LengthAtMost(operand) => Op::LengthAtMost(self.number(operand)?),
            Operator::VersionAtLeast(operand) => {
                Op::VersionAtLeast(self.value(operand)?.to_string())
            }
            Operator::Within(operand) => Op::Within(self.networks(operand)?),
            Operator::Is(property) => Op::Is(*property),
            Operator::RefersTo(types) => {
                Op::RefersTo(types.clone(), self.follow(path, types, scopes))
            }
            Operator::EqualsAttribute(other) => {
                self.want(other, scopes);
                Op::EqualsAttribute(other.clone())
            }
        })
    }

    fn statement(&self, test: &StatementTest) -> Result<StatementTest> {
        let fixed = |actions: &Operand| {
            self.list(actions)
                .map(|list| Operand::Literal(Literal::List(list)))
        };
        Ok(match test {
            StatementTest::Allows { actions } => StatementTest::Allows {
                actions: fixed(actions)?,
            },
            StatementTest::Denies { actions } => StatementTest::Denies {
                actions: fixed(actions)?,
            },
            other => other.clone(),
        })
    }
}

/// The resource types a path starts at; none inside a block or a document.
fn scope_types(path: &Path, scopes: &[Vec<String>]) -> Vec<String> {
    use abide_policy::Anchor;
    match path.anchor {
        Anchor::Here => scopes.last(),
        Anchor::Resource => scopes.first(),
        Anchor::Outer(depth) => scopes
            .len()
            .checked_sub(1 + usize::from(depth))
            .and_then(|at| scopes.get(at)),
    }
    .cloned()
    .unwrap_or_default()
}
