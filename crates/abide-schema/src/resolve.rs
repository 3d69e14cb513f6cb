//! From a path of names, as policies write them, to what the provider says is there.

use std::fmt;

use crate::schema::{Kind, ProviderSchema};
use crate::suggest;
use crate::view::{Attribute, Block, Member, NestedBlock, Nesting, Type};

/// What a path leads to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Resolved {
    /// What the last step leads to.
    pub target: Target,
    /// One per step of the path.
    pub steps: Vec<Step>,
    /// Some step is filled in by the provider, unless the configuration does it.
    pub computed: bool,
    /// Some step is a secret, and so is all below it.
    pub sensitive: bool,
}

impl Resolved {
    /// The type of one value at the end of the path, where the path goes through every element of
    /// the lists and sets it meets: `string` for `cidr_blocks`. An object for nested blocks.
    #[must_use]
    pub fn ty(&self) -> Type {
        self.target.ty().each()
    }

    /// Whether the path stands for any number of values rather than one.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.steps
            .iter()
            .any(|step| step.cardinality == Cardinality::Many)
    }
}

/// One step of a resolved path.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Step {
    /// What it leads to.
    pub target: Target,
    /// How many values that can be.
    pub cardinality: Cardinality,
}

/// What a step leads to.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// The resource itself, the target of an empty path.
    Body(Block),
    /// An attribute.
    Attribute(Attribute),
    /// A nested block.
    Block(NestedBlock),
    /// The value of a map at some key, or something within a value whose type is not fixed.
    Value(Type),
}

impl Target {
    fn ty(self) -> Type {
        match self {
            Self::Body(block) => Type::Object(block),
            Self::Attribute(attribute) => attribute.ty,
            Self::Block(nested) => Type::Object(nested.block),
            Self::Value(ty) => ty,
        }
    }

    fn cardinality(self) -> Cardinality {
        let Self::Block(nested) = self else {
            return match self.ty() {
                Type::List(_) | Type::Set(_) => Cardinality::Many,
                Type::Map(_) => Cardinality::Keyed,
                _ => Cardinality::One,
            };
        };
        match nested.nesting {
            Nesting::List | Nesting::Set if nested.max_items != Some(1) => Cardinality::Many,
            Nesting::Map => Cardinality::Keyed,
            Nesting::Single | Nesting::List | Nesting::Set => Cardinality::One,
        }
    }
}

/// How many values a step leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// One at most; also a list block of which only one instance is allowed.
    One,
    /// Any number, in a list or a set: whoever reads it has to say "every" or "some".
    Many,
    /// Any number, but the next step picks one by its key.
    Keyed,
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The provider has no such type.
    #[error("unknown {kind} `{name}`{}", DidYouMean(*.suggestion))]
    UnknownType {
        /// Where it was looked for.
        kind: Kind,
        /// The type as asked for.
        name: String,
        /// An existing type that was probably meant.
        suggestion: Option<&'static str>,
    },
    /// The type has no such attribute or block.
    #[error("`{within}` has no attribute or block `{name}`{}", Hint(*.suggestion, known))]
    UnknownAttribute {
        /// Index of the step in the path.
        step: usize,
        /// The step as asked for.
        name: String,
        /// Where it was looked for: the type and the steps so far, joined by dots.
        within: String,
        /// An existing member that was probably meant.
        suggestion: Option<&'static str>,
        /// All names that would be right here, sorted. Empty after a plain value and in an empty
        /// block.
        known: Vec<&'static str>,
    },
}

struct DidYouMean(Option<&'static str>);

impl fmt::Display for DidYouMean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(suggestion) => write!(f, ", did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

struct Hint<'a>(Option<&'static str>, &'a [&'static str]);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.is_empty() {
            f.write_str(": nothing is below it")
        } else {
            DidYouMean(self.0).fmt(f)
        }
    }
}

impl ProviderSchema {
    /// Follows a path of names from a resource type. Lists and sets take no step of their own, a
    /// map takes any name as its key.
    ///
    /// # Errors
    ///
    /// When the type or a step does not exist.
    pub fn resolve(&self, resource_type: &str, path: &[&str]) -> Result<Resolved, ResolveError> {
        self.resolve_in(Kind::Resource, resource_type, path)
    }

    /// The same from a data source, named without `data.`.
    ///
    /// # Errors
    ///
    /// When the data source or a step does not exist.
    pub fn resolve_data(&self, data_source: &str, path: &[&str]) -> Result<Resolved, ResolveError> {
        self.resolve_in(Kind::DataSource, data_source, path)
    }

    fn resolve_in(
        self,
        kind: Kind,
        type_name: &str,
        path: &[&str],
    ) -> Result<Resolved, ResolveError> {
        let body = self
            .body(kind, type_name)
            .ok_or_else(|| ResolveError::UnknownType {
                kind,
                name: type_name.to_owned(),
                suggestion: suggest::type_name(type_name, self.type_names(kind)),
            })?;
        let mut resolved = Resolved {
            target: Target::Body(body),
            steps: Vec::with_capacity(path.len()),
            computed: false,
            sensitive: false,
        };
        for (step, name) in path.iter().enumerate() {
            let target = follow(resolved.target, name).map_err(|known| {
                let mut within = vec![type_name];
                within.extend(&path[..step]);
                ResolveError::UnknownAttribute {
                    step,
                    name: (*name).to_owned(),
                    within: within.join("."),
                    suggestion: suggest::member(name, &known),
                    known,
                }
            })?;
            if let Target::Attribute(attribute) = target {
                resolved.computed |= attribute.computed;
                resolved.sensitive |= attribute.sensitive;
            }
            resolved.target = target;
            resolved.steps.push(Step {
                target,
                cardinality: target.cardinality(),
            });
        }
        Ok(resolved)
    }
}

/// One step; or, if there is none of this name, the names there are.
fn follow(from: Target, name: &str) -> Result<Target, Vec<&'static str>> {
    if let Target::Block(NestedBlock {
        nesting: Nesting::Map,
        block,
        ..
    }) = from
    {
        return Ok(Target::Value(Type::Object(block)));
    }
    match from.ty().each() {
        Type::Object(block) => match block.member(name) {
            Some(Member::Attribute(attribute)) => Ok(Target::Attribute(attribute)),
            Some(Member::Block(nested)) => Ok(Target::Block(nested)),
            None => Err(block.members().map(|member| member.name()).collect()),
        },
        Type::Map(element) => Ok(Target::Value(element.ty())),
        Type::Dynamic => Ok(Target::Value(Type::Dynamic)),
        Type::Bool | Type::Number | Type::String | Type::List(_) | Type::Set(_) => Err(Vec::new()),
    }
}
