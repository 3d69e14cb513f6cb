//! Blocks, attributes and types, read in place.

use std::fmt;

use crate::format::{NodeKind, RawMember, flag};
use crate::schema::{ProviderSchema, search};
use crate::sensitive::SensitivePaths;

/// A set of named members: the body of a resource type, of a nested block or of an object type.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    schema: ProviderSchema,
    node: u32,
    first: u32,
    len: u16,
    sensitive: bool,
}

impl Block {
    pub(crate) fn new(schema: ProviderSchema, node: u32) -> Option<Self> {
        let raw = schema.node(node)?;
        if raw.kind != NodeKind::Members {
            return None;
        }
        Some(Self {
            schema,
            node,
            first: raw.payload + 1,
            len: schema.list_item(raw.payload)?,
            sensitive: raw.sensitive,
        })
    }

    /// The member of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Member> {
        let index = search(u32::from(self.len), name, |index| {
            let raw = self.raw(index)?;
            self.schema.string_bytes(raw.name)
        })?;
        self.at(index)
    }

    /// All members, sorted by name.
    pub fn members(&self) -> impl Iterator<Item = Member> + use<> {
        let block = *self;
        (0..u32::from(block.len)).filter_map(move |index| block.at(index))
    }

    /// The paths of names below this block whose values are secrets.
    #[must_use]
    pub fn sensitive_paths(&self) -> SensitivePaths {
        SensitivePaths::new(*self)
    }

    pub(crate) fn has_sensitive(&self) -> bool {
        self.sensitive
    }

    pub(crate) fn at(&self, index: u32) -> Option<Member> {
        let raw = self.raw(index)?;
        // A node refers to earlier ones only, so walking down always ends.
        if raw.node >= self.node {
            return None;
        }
        let name = self.schema.string(raw.name)?;
        if raw.flags & flag::BLOCK == 0 {
            Attribute::new(self.schema, name, raw).map(Member::Attribute)
        } else {
            NestedBlock::new(self.schema, name, raw).map(Member::Block)
        }
    }

    pub(crate) fn len(&self) -> u32 {
        u32::from(self.len)
    }

    fn raw(&self, index: u32) -> Option<RawMember> {
        let id = self.schema.list_item(self.first + index)?;
        self.schema.raw_member(id)
    }
}

/// What a name in a block stands for.
#[derive(Debug, Clone, Copy)]
pub enum Member {
    /// Written `name = value`.
    Attribute(Attribute),
    /// Written `name { … }`.
    Block(NestedBlock),
}

impl Member {
    /// The name it is looked up by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Attribute(attribute) => attribute.name,
            Self::Block(nested) => nested.name,
        }
    }
}

/// An attribute of a block, or of an object type.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// The type of its value.
    pub ty: Type,
    /// The configuration must set it.
    pub required: bool,
    /// The configuration may set it.
    pub optional: bool,
    /// The provider may set it: absent from the configuration does not mean absent from reality.
    pub computed: bool,
    /// Its value is a secret. Also true of every write-only attribute, which the provider does not
    /// always mark although that is what they exist for.
    pub sensitive: bool,
    /// Sent to the provider and never stored: a plan always shows it as null.
    pub write_only: bool,
}

impl Attribute {
    fn new(schema: ProviderSchema, name: &'static str, raw: RawMember) -> Option<Self> {
        let has = |flag| raw.flags & flag != 0;
        Some(Self {
            name,
            ty: Type::new(schema, raw.node)?,
            required: has(flag::REQUIRED),
            optional: has(flag::OPTIONAL),
            computed: has(flag::COMPUTED),
            sensitive: has(flag::SENSITIVE | flag::WRITE_ONLY),
            write_only: has(flag::WRITE_ONLY),
        })
    }
}

/// A block within a block.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct NestedBlock {
    /// Its name.
    pub name: &'static str,
    /// How its instances are held.
    pub nesting: Nesting,
    /// At least this many; 0 if it may be left out.
    pub min_items: u32,
    /// At most this many, if there is a bound.
    pub max_items: Option<u32>,
    /// What it contains.
    pub block: Block,
}

impl NestedBlock {
    fn new(schema: ProviderSchema, name: &'static str, raw: RawMember) -> Option<Self> {
        let [min_items, max_items] = schema.limits(raw.limits)?;
        Some(Self {
            name,
            nesting: Nesting::from_flags(raw.flags),
            min_items,
            max_items: (max_items != 0).then_some(max_items),
            block: Block::new(schema, raw.node)?,
        })
    }
}

/// How the instances of a nested block are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// One object or null, without a list around it.
    Single,
    /// A list, also where only one instance is allowed.
    List,
    /// A set.
    Set,
    /// A map; the block's label is the key.
    Map,
}

impl Nesting {
    pub(crate) fn to_flags(self) -> u8 {
        match self {
            Self::Single => 0,
            Self::List => 1,
            Self::Set => 2,
            Self::Map => 3,
        }
    }

    fn from_flags(flags: u8) -> Self {
        match flags & flag::NESTING {
            0 => Self::Single,
            1 => Self::List,
            2 => Self::Set,
            _ => Self::Map,
        }
    }
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// Decided by the value.
    Dynamic,
    /// `list(…)`
    List(Element),
    /// `set(…)`
    Set(Element),
    /// `map(…)`
    Map(Element),
    /// `object({…})`. Within a list or a set this is how the provider declares what is written as a
    /// block, such as `ingress` of a security group.
    Object(Block),
}

impl Type {
    pub(crate) fn new(schema: ProviderSchema, node: u32) -> Option<Self> {
        let raw = schema.node(node)?;
        let element = || {
            // As for members: earlier nodes only.
            (raw.payload < node && schema.node(raw.payload).is_some()).then_some(Element {
                schema,
                node: raw.payload,
            })
        };
        Some(match raw.kind {
            NodeKind::Bool => Self::Bool,
            NodeKind::Number => Self::Number,
            NodeKind::String => Self::String,
            NodeKind::Dynamic => Self::Dynamic,
            NodeKind::List => Self::List(element()?),
            NodeKind::Set => Self::Set(element()?),
            NodeKind::Map => Self::Map(element()?),
            NodeKind::Members => Self::Object(Block::new(schema, node)?),
        })
    }

    /// The type of one value once all lists and sets are walked: `string` for `set(string)`.
    #[must_use]
    pub fn each(self) -> Self {
        let mut ty = self;
        while let Self::List(element) | Self::Set(element) = ty {
            ty = element.ty();
        }
        ty
    }
}

impl fmt::Display for Type {
    /// As written in Terraform, with the members of objects left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A loop, because a damaged file may nest deeper than a stack is.
        let (mut ty, mut open) = (*self, 0);
        loop {
            let (word, element) = match ty {
                Self::Bool => ("bool", None),
                Self::Number => ("number", None),
                Self::String => ("string", None),
                Self::Dynamic => ("any", None),
                Self::Object(_) => ("object", None),
                Self::List(element) => ("list(", Some(element)),
                Self::Set(element) => ("set(", Some(element)),
                Self::Map(element) => ("map(", Some(element)),
            };
            f.write_str(word)?;
            let Some(element) = element else { break };
            ty = element.ty();
            open += 1;
        }
        (0..open).try_for_each(|_| f.write_str(")"))
    }
}

/// The type of the elements of a collection.
#[derive(Debug, Clone, Copy)]
pub struct Element {
    schema: ProviderSchema,
    node: u32,
}

impl Element {
    /// The element's type.
    #[must_use]
    pub fn ty(&self) -> Type {
        Type::new(self.schema, self.node).unwrap_or(Type::Dynamic)
    }
}
