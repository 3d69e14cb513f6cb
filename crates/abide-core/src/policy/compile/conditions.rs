//! Conditions, compiled.

use std::collections::BTreeMap;

use abide_policy::{
    Anchor, Condition, Fact, FactSource, Literal, Path, PathStep, Policy, PolicyBody, Rule, Test,
};

use super::{PolicySet, Result};
use crate::policy::compiled::{Attribute, CompiledRule, LinkSpec, Node, Question};

/// Compiles the conditions of one policy.
pub(super) struct Compiler<'s, 'p> {
    pub(super) set: &'s mut PolicySet,
    pub(super) id: &'p str,
    pub(super) parameters: BTreeMap<String, Literal>,
    /// Parameters that the user sets.
    pub(super) overridden: Vec<String>,
}

impl Compiler<'_, '_> {
    pub(super) fn policy(
        mut self,
        policy: &Policy,
    ) -> Result<(Vec<CompiledRule>, BTreeMap<String, Literal>)> {
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
            Test::Quantified { .. } | Test::Statements { .. } | Test::Json { .. } => {
                self.elements(&condition.test, scopes)?
            }
            Test::Linked { .. } | Test::Follow { .. } | Test::Exists { .. } => {
                self.relation(&condition.test, scopes)?
            }
            Test::Statement(test) => Question::Statement(self.statement(test)?),
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

    /// Questions about the parts of a value.
    fn elements(&mut self, test: &Test, scopes: &mut Vec<Vec<String>>) -> Result<Question> {
        Ok(match test {
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
            // The caller asks for these kinds only; unknown could never turn into a pass.
            _ => Question::Undecidable("a condition of another kind".to_owned()),
        })
    }

    /// Questions about other resources.
    fn relation(&mut self, test: &Test, scopes: &mut Vec<Vec<String>>) -> Result<Question> {
        Ok(match test {
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
            // The caller asks for these kinds only; unknown could never turn into a pass.
            _ => Question::Undecidable("a condition of another kind".to_owned()),
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

    pub(super) fn follow(
        &mut self,
        path: &Path,
        types: &[String],
        scopes: &[Vec<String>],
    ) -> usize {
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
    pub(super) fn want(&mut self, path: &Path, scopes: &[Vec<String>]) {
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
}

/// The resource types a path starts at; none inside a block or a document.
fn scope_types(path: &Path, scopes: &[Vec<String>]) -> Vec<String> {
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
