//! Which policies run, and with which values.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use abide_controls::Framework;
use abide_policy::{Literal, Policy, Profile, Severity};

use crate::rollout::Rollout;

/// Overrides of single policies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicySettings {
    /// Severity by policy id.
    pub severity: BTreeMap<String, Severity>,
    /// Parameter values by policy id.
    pub parameters: BTreeMap<String, BTreeMap<String, Literal>>,
    /// Parameter values as somebody typed them, by policy id: read by the parameter's type.
    /// They win over `parameters`.
    pub words: BTreeMap<String, BTreeMap<String, String>>,
    /// On or off by policy id, whatever else is chosen.
    pub enabled: BTreeMap<String, bool>,
    /// Rollout by policy id.
    pub rollout: BTreeMap<String, Rollout>,
    /// Rollout of all others.
    pub default_rollout: Rollout,
}

impl PolicySettings {
    /// What the findings of a policy do.
    #[must_use]
    pub fn rollout_of(&self, id: &str) -> Rollout {
        let own = self.rollout.get(id);
        own.unwrap_or(&self.default_rollout).clone()
    }

    /// The names of the parameters of a policy that are set.
    #[must_use]
    pub fn overridden(&self, id: &str) -> Vec<String> {
        let typed = self.parameters.get(id).into_iter().flatten();
        let words = self.words.get(id).into_iter().flatten();
        let names = typed.map(|(name, _)| name);
        names.chain(words.map(|(name, _)| name)).cloned().collect()
    }
}

/// Which policies are chosen.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Also those of the strict profile.
    pub strict: bool,
    /// Only those with a control of one of these; all if empty.
    pub frameworks: Vec<Framework>,
    /// Only these; all if empty.
    pub select: Vec<Selector>,
    /// Not these.
    pub ignore: Vec<Selector>,
}

/// A policy id, a severity or an AWS service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// `POL-0001`, or the start of ids: `POL-00`.
    Id(String),
    /// `high`.
    Severity(Severity),
    /// `s3`: policies about types of that service.
    Service(String),
}

/// A selector that selects nothing that exists.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SelectionError {
    /// No policy has that id.
    #[error("unknown policy `{text}`{hint}")]
    Policy {
        /// What was asked for.
        text: String,
        /// What may have been meant.
        hint: String,
    },
    /// It is neither id, severity nor service.
    #[error(
        "`{text}` selects nothing{hint}: expected a policy id (POL-0001), a severity (critical, high, medium, low) or a service ({services})"
    )]
    Nothing {
        /// What was asked for.
        text: String,
        /// What may have been meant.
        hint: String,
        /// Known services.
        services: String,
    },
}

impl SelectionError {
    /// What was asked for.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Policy { text, .. } | Self::Nothing { text, .. } => text,
        }
    }
}

impl FromStr for Selector {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(severity) = text.to_ascii_lowercase().parse() {
            return Ok(Self::Severity(severity));
        }
        // Rules of Rego folders: their names are not ours to spell.
        if text.starts_with("rego:") {
            return Ok(Self::Id(text.to_owned()));
        }
        let is_id = text.split_once('-').is_some_and(|(prefix, rest)| {
            prefix.chars().all(|c| c.is_ascii_alphanumeric())
                && rest.chars().all(|c| c.is_ascii_digit())
        });
        Ok(if is_id {
            Self::Id(text.to_ascii_uppercase())
        } else {
            Self::Service(text.to_ascii_lowercase())
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(text) | Self::Service(text) => f.write_str(text),
            Self::Severity(severity) => write!(f, "{severity}"),
        }
    }
}

impl Selector {
    fn matches(&self, policy: &Policy, severity: Severity) -> bool {
        match self {
            Self::Id(id) => policy.id.starts_with(id.as_str()),
            Self::Severity(wanted) => *wanted == severity,
            Self::Service(service) => services(policy).contains(service.as_str()),
        }
    }
}

/// The AWS services a policy is about, by the names people use: `s3` of
/// `aws_s3_bucket`, and `rds` for `aws_db_instance`.
#[must_use]
pub fn services(policy: &Policy) -> BTreeSet<&str> {
    policy
        .resource_types
        .iter()
        .chain(&policy.related_types)
        .filter_map(|name| service(name))
        .collect()
}

fn service(type_name: &str) -> Option<&str> {
    let name = type_name.strip_prefix("aws_")?;
    let first = name.split('_').next()?;
    Some(match (first, name) {
        (_, name) if name.starts_with("default_") => "vpc",
        ("db" | "rds", _) => "rds",
        (
            "security" | "vpc" | "network" | "subnet" | "route" | "flow" | "internet" | "nat"
            | "egress",
            _,
        ) => "vpc",
        (
            "instance" | "ebs" | "ami" | "launch" | "volume" | "spot" | "eip" | "snapshot" | "key",
            _,
        ) => "ec2",
        ("lb" | "alb" | "elb", _) => "elb",
        (first, _) => first,
    })
}

impl Selection {
    /// Keeps the chosen policies.
    ///
    /// # Errors
    /// If a selector selects nothing: a slip must not switch a check off.
    pub fn apply(
        &self,
        policies: Vec<Policy>,
        settings: &PolicySettings,
    ) -> Result<Vec<Policy>, SelectionError> {
        for selector in self.select.iter().chain(&self.ignore) {
            self.check(selector, &policies, settings)?;
        }
        for id in settings
            .enabled
            .keys()
            .chain(settings.severity.keys())
            .chain(settings.parameters.keys())
            .chain(settings.words.keys())
            .chain(settings.rollout.keys())
        {
            if !policies.iter().any(|policy| policy.id == *id) {
                return Err(unknown(id, &policies));
            }
        }
        Ok(policies
            .into_iter()
            .filter(|policy| self.keeps(policy, settings))
            .collect())
    }

    fn keeps(&self, policy: &Policy, settings: &PolicySettings) -> bool {
        let severity = settings
            .severity
            .get(&policy.id)
            .copied()
            .unwrap_or(policy.severity);
        let selects = |list: &[Selector]| {
            list.iter()
                .any(|selector| selector.matches(policy, severity))
        };
        let named = self
            .select
            .iter()
            .any(|selector| matches!(selector, Selector::Id(id) if *id == policy.id));
        let on = settings
            .enabled
            .get(&policy.id)
            .copied()
            .unwrap_or_else(|| {
                // Asking for a policy by its id switches it on.
                named || (policy.enabled && (self.strict || policy.profile == Profile::Default))
            });
        on && (self.frameworks.is_empty()
            || policy
                .controls
                .iter()
                .any(|c| self.frameworks.contains(&c.framework())))
            && (self.select.is_empty() || selects(&self.select))
            && !selects(&self.ignore)
    }

    fn check(
        &self,
        selector: &Selector,
        policies: &[Policy],
        settings: &PolicySettings,
    ) -> Result<(), SelectionError> {
        let severity = |policy: &Policy| {
            settings
                .severity
                .get(&policy.id)
                .copied()
                .unwrap_or(policy.severity)
        };
        if policies
            .iter()
            .any(|policy| selector.matches(policy, severity(policy)))
        {
            return Ok(());
        }
        match selector {
            Selector::Severity(_) => Ok(()),
            Selector::Id(id) => Err(unknown(id, policies)),
            Selector::Service(text) => {
                let all: BTreeSet<&str> = policies.iter().flat_map(services).collect();
                let severities = Severity::ALL.iter().map(|severity| severity.as_str());
                let hint = nearest(text, severities.chain(all.iter().copied()));
                let services = all.iter().copied().collect::<Vec<_>>().join(", ");
                Err(SelectionError::Nothing {
                    text: text.clone(),
                    hint: hint
                        .map_or_else(String::new, |name| format!(" (did you mean `{name}`?)")),
                    services,
                })
            }
        }
    }
}

/// The known name nearest to one, if it is near enough to be a slip.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(candidate, name), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, candidate)| candidate)
}

fn unknown(id: &str, policies: &[Policy]) -> SelectionError {
    let hint = nearest(id, policies.iter().map(|policy| policy.id.as_str())).map_or_else(
        || "; `abide policy list` shows all".to_owned(),
        |id| format!("; did you mean `{id}`?"),
    );
    SelectionError::Policy {
        text: id.to_owned(),
        hint,
    }
}
