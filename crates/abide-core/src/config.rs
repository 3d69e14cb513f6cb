//! The configuration behind an inventory: which expression gave an attribute its value.
//!
//! A plan's `configuration` section holds references and constants only, no
//! locals and no `dynamic` blocks; the HCL loader fills the same types with
//! more. What a reference means for one instance is decided in
//! [`crate::provenance`].

use rustc_hash::FxHashMap as HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use crate::address::{InstanceKey, Mode, read_key};
use crate::attribute::Step;

/// All modules and resource blocks; `modules[0]` is the root.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// Modules, one entry per call.
    pub modules: Vec<ConfigModule>,
    /// Resource blocks of all modules.
    pub resources: Vec<ConfigResource>,
}

/// A module as it is written, once per call.
#[derive(Clone, Debug, Default)]
pub struct ConfigModule {
    /// The module that calls it; `None` for the root.
    pub parent: Option<u32>,
    /// The call; `None` for the root.
    pub call: Option<ModuleCall>,
    /// Called modules by call name.
    pub children: HashMap<Arc<str>, u32>,
    /// Resource blocks.
    pub resources: HashMap<(Mode, Arc<str>, Arc<str>), u32>,
    /// Output expressions by name.
    pub outputs: HashMap<Arc<str>, Expression>,
}

/// A `module` block.
#[derive(Clone, Debug, Default)]
pub struct ModuleCall {
    /// Its name.
    pub name: Arc<str>,
    /// Its `source`.
    pub source: String,
    /// Arguments by variable name.
    pub arguments: HashMap<Arc<str>, Expression>,
    /// Its `for_each` or `count`.
    pub repetition: Option<Expression>,
}

/// A `resource` or `data` block.
#[derive(Clone, Debug, Default)]
pub struct ConfigResource {
    /// Key of its provider configuration.
    pub provider: Arc<str>,
    /// Expressions of the attributes that were asked for.
    pub body: Body,
    /// Its `for_each` or `count`.
    pub repetition: Option<Expression>,
}

/// The attributes and blocks that are written in a block.
#[derive(Clone, Debug, Default)]
pub struct Body(pub Vec<(CompactString, Expression)>);

impl Body {
    /// What is written for `name`; `None` if nobody set it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Expression> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, expression)| expression)
    }
}

/// What is written for an attribute or nested blocks.
#[derive(Clone, Debug)]
pub enum Expression {
    /// A constant.
    Constant,
    /// Anything else, with the names it refers to.
    References(Vec<Reference>),
    /// Nested blocks, in order.
    Blocks(Vec<Body>),
}

impl Expression {
    /// The references of this expression and everything nested in it.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Constant => Vec::new(),
            Self::References(list) => list.iter().collect(),
            Self::Blocks(bodies) => bodies
                .iter()
                .flat_map(|b| &b.0)
                .flat_map(|(_, e)| e.references())
                .collect(),
        }
    }
}

/// One reference in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it names.
    pub subject: Subject,
    /// What follows: `id` of `aws_s3_bucket.b.id`, `a.b` of `var.x.a.b`.
    pub rest: CompactString,
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A resource or data source; `key` if it is written as a constant.
    Resource {
        /// Managed or data.
        mode: Mode,
        /// Its type.
        type_name: Arc<str>,
        /// Its name.
        name: Arc<str>,
        /// The constant instance key.
        key: Option<InstanceKey>,
    },
    /// An output of a module; `output` is `None` when the instance is chosen
    /// by an expression, since Terraform then drops the rest of the reference.
    Module {
        /// Name of the call.
        name: Arc<str>,
        /// The constant instance key.
        key: Option<InstanceKey>,
        /// Name of the output.
        output: Option<Arc<str>>,
    },
    /// An input variable.
    Variable(Arc<str>),
    /// A local value: the plan does not say what it refers to.
    Local(Arc<str>),
    /// `each.key`.
    EachKey,
    /// `each.value`.
    EachValue,
    /// `count.index`.
    CountIndex,
    /// `path.module`, `terraform.workspace`, `self`: never unknown.
    Constant,
}

impl Reference {
    /// Reads one entry of a plan's `references` list.
    #[must_use]
    pub fn parse(text: &str, intern: &mut dyn FnMut(&str) -> Arc<str>) -> Option<Self> {
        let (head, rest) = take_name(text)?;
        Some(match head {
            "var" => {
                let (name, rest) = take_name(rest)?;
                Self {
                    subject: Subject::Variable(intern(name)),
                    rest: rest.into(),
                }
            }
            "local" => {
                let (name, rest) = take_name(rest)?;
                Self {
                    subject: Subject::Local(intern(name)),
                    rest: rest.into(),
                }
            }
            "each" => {
                let (name, rest) = take_name(rest)?;
                let subject = if name == "key" {
                    Subject::EachKey
                } else {
                    Subject::EachValue
                };
                Self {
                    subject,
                    rest: rest.into(),
                }
            }
            "count" => Self {
                subject: Subject::CountIndex,
                rest: CompactString::default(),
            },
            "path" | "terraform" | "self" => Self {
                subject: Subject::Constant,
                rest: CompactString::default(),
            },
            "module" => {
                let (name, rest) = take_name(rest)?;
                let (key, rest) = read_key(rest).ok()?;
                let rest = rest.strip_prefix('.').unwrap_or(rest);
                let (output, rest) = take_name(rest)
                    .map_or((None, ""), |(output, rest)| (Some(intern(output)), rest));
                Self {
                    subject: Subject::Module {
                        name: intern(name),
                        key,
                        output,
                    },
                    rest: rest.into(),
                }
            }
            "data" => {
                let (type_name, rest) = take_name(rest)?;
                Self::resource(Mode::Data, type_name, rest, intern)?
            }
            type_name => Self::resource(Mode::Managed, type_name, rest, intern)?,
        })
    }

    fn resource(
        mode: Mode,
        type_name: &str,
        rest: &str,
        intern: &mut dyn FnMut(&str) -> Arc<str>,
    ) -> Option<Self> {
        let (name, rest) = take_name(rest)?;
        let (key, rest) = read_key(rest).ok()?;
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        Some(Self {
            subject: Subject::Resource {
                mode,
                type_name: intern(type_name),
                name: intern(name),
                key,
            },
            rest: rest.into(),
        })
    }

    /// Reads a `references` list. Terraform adds to `a.b.id` its own prefixes
    /// (`a.b`); they say nothing new and are dropped.
    #[must_use]
    pub fn parse_list<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        intern: &mut dyn FnMut(&str) -> Arc<str>,
    ) -> Vec<Self> {
        let mut kept: Vec<&str> = Vec::new();
        for text in texts {
            let is_prefix = |longer: &str| {
                longer
                    .strip_prefix(text)
                    .is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
            };
            if !kept.iter().any(|longer| is_prefix(longer)) {
                kept.push(text);
            }
        }
        // Most lists have one: collecting would make room for four.
        let mut list = Vec::with_capacity(kept.len());
        list.extend(
            kept.into_iter()
                .filter_map(|text| Self::parse(text, intern)),
        );
        list
    }
}

/// Splits `name.rest` or `name[…`.
fn take_name(text: &str) -> Option<(&str, &str)> {
    let len = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(len);
    if name.is_empty() {
        return None;
    }
    Some((name, rest.strip_prefix('.').unwrap_or(rest)))
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.subject {
            Subject::Resource {
                mode,
                type_name,
                name,
                key,
            } => {
                if *mode == Mode::Data {
                    f.write_str("data.")?;
                }
                write!(f, "{type_name}.{name}")?;
                if let Some(key) = key {
                    write!(f, "{key}")?;
                }
            }
            Subject::Module { name, key, output } => {
                write!(f, "module.{name}")?;
                if let Some(key) = key {
                    write!(f, "{key}")?;
                }
                if let Some(output) = output {
                    write!(f, ".{output}")?;
                }
            }
            Subject::Variable(name) => write!(f, "var.{name}")?,
            Subject::Local(name) => write!(f, "local.{name}")?,
            Subject::EachKey => f.write_str("each.key")?,
            Subject::EachValue => f.write_str("each.value")?,
            Subject::CountIndex => f.write_str("count.index")?,
            Subject::Constant => f.write_str("path")?,
        }
        if !self.rest.is_empty() && !self.rest.starts_with('[') {
            f.write_str(".")?;
        }
        f.write_str(&self.rest)
    }
}

/// Finds the expression behind a path of names and positions inside a block.
#[must_use]
pub fn written<'a>(body: &'a Body, path: &[Step]) -> Written<'a> {
    let [Step::Name(name), rest @ ..] = path else {
        return Written::Hidden;
    };
    let Some(expression) = body.get(name) else {
        return if rest.is_empty() {
            Written::Absent
        } else {
            Written::Hidden
        };
    };
    match (expression, rest) {
        (Expression::Blocks(blocks), [Step::Index(index), rest @ ..]) if !rest.is_empty() => {
            match blocks.as_slice() {
                _ if *index >= blocks.len() => Written::Hidden,
                [only] => written(only, rest),
                // Blocks may form a set, which a plan lists in another order than
                // the configuration: whatever any of them writes counts as written.
                many => many
                    .iter()
                    .map(|block| written(block, rest))
                    .find(|written| !matches!(written, Written::Absent))
                    .unwrap_or(Written::Absent),
            }
        }
        // The whole attribute, or a part of one whose expression covers its parts.
        (expression, _) => Written::By(expression),
    }
}

/// What [`written`] found.
#[derive(Clone, Copy, Debug)]
pub enum Written<'a> {
    /// The expression that gives the value.
    By(&'a Expression),
    /// Nobody wrote the attribute.
    Absent,
    /// The block comes from somewhere a plan does not show: a `dynamic` block, or the provider.
    Hidden,
}
