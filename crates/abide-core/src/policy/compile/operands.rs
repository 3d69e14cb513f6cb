//! Operators with their operands in place.

use std::net::IpAddr;

use abide_policy::{Literal, Operand, Operator, Path, Refused, StatementTest};
use ipnet::IpNet;

use super::conditions::Compiler;
use super::{CompileError, Result};
use crate::policy::compiled::{Op, Pattern};

impl Compiler<'_, '_> {
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

    pub(super) fn list(&self, operand: &Operand) -> Result<Vec<Literal>> {
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

    pub(super) fn operator(
        &mut self,
        operator: &Operator,
        path: &Path,
        scopes: &[Vec<String>],
    ) -> Result<Op> {
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

    pub(super) fn statement(&self, test: &StatementTest) -> Result<StatementTest> {
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
