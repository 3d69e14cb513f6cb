//! From the JSON's tree to tables of distinct nodes, members and lists.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::GenerateError;
use super::document::{AttributeSchema, BlockSchema, Body, NestedType, Schema};
use super::intern::Interner;
use crate::format::{FORMAT, HEADER_LEN, MAGIC, Node, NodeKind, RawMember, flag};
use crate::view::Nesting;

/// A node's id, and whether a secret is anywhere below it.
type NodeRef = (u32, bool);

/// Collects everything below the types; nodes come out after the nodes they refer to, since those
/// have to be numbered first.
pub(super) struct Writer {
    strings: Interner<String>,
    nodes: Interner<u32>,
    members: Interner<[u32; 2]>,
    limits: Interner<[u32; 2]>,
    lists: Vec<u16>,
    list_starts: HashMap<Vec<u16>, u32>,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            strings: Interner::new("names", RawMember::MAX_NAME),
            nodes: Interner::new("types and blocks", RawMember::MAX_NODE),
            members: Interner::new("attributes", u32::from(u16::MAX)),
            limits: Interner::new("item limits", RawMember::MAX_LIMITS),
            lists: Vec::new(),
            list_starts: HashMap::new(),
        }
    }
}

impl Writer {
    /// An index of types, as it stands in the file.
    pub(super) fn types(
        &mut self,
        types: &BTreeMap<String, Schema>,
    ) -> Result<Vec<[u32; 2]>, GenerateError> {
        types
            .iter()
            .map(|(name, schema)| {
                let (node, _) = self
                    .body(&schema.block)
                    .map_err(|error| error.within(name))?;
                Ok([self.strings.id(name.as_str())?, node])
            })
            .collect()
    }

    fn body(&mut self, body: &Body) -> Result<NodeRef, GenerateError> {
        let mut members = BTreeMap::new();
        let mut sensitive = false;
        for (name, attribute) in &body.attributes {
            let (id, secret) = self
                .attribute(name, attribute)
                .map_err(|error| error.within(name))?;
            sensitive |= secret;
            members.insert(name.as_str(), id);
        }
        for (name, nested) in &body.block_types {
            let (id, secret) = self
                .nested_block(name, nested)
                .map_err(|error| error.within(name))?;
            sensitive |= secret;
            if members.insert(name, id).is_some() {
                let at = name.clone();
                return Err(GenerateError::Ambiguous { at });
            }
        }
        self.members_node(members.into_values().collect(), sensitive)
    }

    fn attribute(
        &mut self,
        name: &str,
        attribute: &AttributeSchema,
    ) -> Result<(u16, bool), GenerateError> {
        let (node, below) = match (&attribute.ty, &attribute.nested_type) {
            (Some(ty), None) => self.ty(ty)?,
            (None, Some(nested)) => self.nested_type(nested)?,
            _ => return Err(GenerateError::Untyped { at: String::new() }),
        };
        let flags = [
            (attribute.required, flag::REQUIRED),
            (attribute.optional, flag::OPTIONAL),
            (attribute.computed, flag::COMPUTED),
            (attribute.sensitive, flag::SENSITIVE),
            (attribute.write_only, flag::WRITE_ONLY),
        ]
        .into_iter()
        .filter_map(|(set, flag)| set.then_some(flag))
        .sum();
        let sensitive = below || attribute.sensitive || attribute.write_only;
        Ok((self.member(name, flags, 0, node)?, sensitive))
    }

    fn nested_block(
        &mut self,
        name: &str,
        nested: &BlockSchema,
    ) -> Result<(u16, bool), GenerateError> {
        let flags = flag::BLOCK | nesting(&nested.nesting_mode)?.to_flags();
        let (node, sensitive) = self.body(&nested.block)?;
        let limits = self.limits.id(&[nested.min_items, nested.max_items])?;
        Ok((self.member(name, flags, limits, node)?, sensitive))
    }

    fn nested_type(&mut self, nested: &NestedType) -> Result<NodeRef, GenerateError> {
        let mut members = Vec::new();
        let mut sensitive = false;
        for (name, attribute) in &nested.attributes {
            let (id, secret) = self
                .attribute(name, attribute)
                .map_err(|error| error.within(name))?;
            sensitive |= secret;
            members.push(id);
        }
        let object = self.members_node(members, sensitive)?;
        match nesting(&nested.nesting_mode)? {
            Nesting::Single => Ok(object),
            Nesting::List => self.collection(NodeKind::List, object),
            Nesting::Set => self.collection(NodeKind::Set, object),
            Nesting::Map => self.collection(NodeKind::Map, object),
        }
    }

    fn ty(&mut self, ty: &Value) -> Result<NodeRef, GenerateError> {
        match ty {
            Value::String(name) => match name.as_str() {
                "bool" => self.plain(NodeKind::Bool),
                "number" => self.plain(NodeKind::Number),
                "string" => self.plain(NodeKind::String),
                "dynamic" => self.plain(NodeKind::Dynamic),
                _ => Err(unknown("type", ty)),
            },
            Value::Array(parts) => match (parts.first().and_then(Value::as_str), parts.get(1)) {
                (Some("list"), Some(element)) => self.collection_of(NodeKind::List, element),
                (Some("set"), Some(element)) => self.collection_of(NodeKind::Set, element),
                (Some("map"), Some(element)) => self.collection_of(NodeKind::Map, element),
                (Some("object"), Some(Value::Object(members))) => self.object(members),
                // Its elements have no names, so no path can tell them apart.
                (Some("tuple"), Some(_)) => self.plain(NodeKind::Dynamic),
                _ => Err(unknown("type", ty)),
            },
            _ => Err(unknown("type", ty)),
        }
    }

    fn object(
        &mut self,
        members: &serde_json::Map<String, Value>,
    ) -> Result<NodeRef, GenerateError> {
        // Other crates of a build may switch serde_json's map to the order of the input.
        let sorted: BTreeMap<_, _> = members.iter().collect();
        let mut ids = Vec::with_capacity(sorted.len());
        for (name, ty) in sorted {
            let (node, _) = self.ty(ty).map_err(|error| error.within(name))?;
            ids.push(self.member(name, 0, 0, node)?);
        }
        self.members_node(ids, false)
    }

    fn collection_of(&mut self, kind: NodeKind, element: &Value) -> Result<NodeRef, GenerateError> {
        let element = self.ty(element)?;
        self.collection(kind, element)
    }

    fn collection(
        &mut self,
        kind: NodeKind,
        (payload, sensitive): NodeRef,
    ) -> Result<NodeRef, GenerateError> {
        self.node(Node {
            kind,
            sensitive,
            payload,
        })
    }

    fn plain(&mut self, kind: NodeKind) -> Result<NodeRef, GenerateError> {
        self.collection(kind, (0, false))
    }

    fn members_node(&mut self, ids: Vec<u16>, sensitive: bool) -> Result<NodeRef, GenerateError> {
        let payload = self.list(ids)?;
        self.node(Node {
            kind: NodeKind::Members,
            sensitive,
            payload,
        })
    }

    fn node(&mut self, node: Node) -> Result<NodeRef, GenerateError> {
        Ok((self.nodes.id(&node.pack())?, node.sensitive))
    }

    fn member(
        &mut self,
        name: &str,
        flags: u8,
        limits: u32,
        node: u32,
    ) -> Result<u16, GenerateError> {
        let name = self.strings.id(name)?;
        let member = RawMember {
            flags,
            name,
            limits,
            node,
        };
        let id = self.members.id(&member.pack())?;
        // The interner gives out no larger ids.
        Ok(u16::try_from(id).unwrap_or(u16::MAX))
    }

    fn list(&mut self, ids: Vec<u16>) -> Result<u32, GenerateError> {
        if let Some(start) = self.list_starts.get(&ids) {
            return Ok(*start);
        }
        let too_many = |what, limit| GenerateError::TooMany { what, limit };
        let len = u16::try_from(ids.len())
            .map_err(|_| too_many("attributes in one block", u16::MAX.into()))?;
        let start = u32::try_from(self.lists.len())
            .ok()
            .filter(|start| *start <= Node::MAX_PAYLOAD)
            .ok_or_else(|| too_many("list entries", Node::MAX_PAYLOAD))?;
        self.lists.push(len);
        self.lists.extend(&ids);
        self.list_starts.insert(ids, start);
        Ok(start)
    }

    /// Lays the tables out behind the header.
    pub(super) fn finish(
        mut self,
        address: &str,
        version: &str,
        [resources, data_sources]: [Vec<[u32; 2]>; 2],
    ) -> Result<Vec<u8>, GenerateError> {
        let address = self.strings.id(address)?;
        let version = self.strings.id(version)?;
        let (offsets, text) = strings(self.strings.items())?;
        let sections = [
            offsets,
            text,
            bytes(self.nodes.items().iter().map(|word| word.to_le_bytes())),
            bytes(self.lists.iter().map(|id| id.to_le_bytes())),
            pairs(self.members.items()),
            pairs(self.limits.items()),
            pairs(&resources),
            pairs(&data_sources),
        ];

        let mut out = MAGIC.to_vec();
        for word in [FORMAT, address, version] {
            out.extend(word.to_le_bytes());
        }
        let mut boundary = HEADER_LEN;
        out.extend(position(boundary)?.to_le_bytes());
        for section in &sections {
            boundary += section.len();
            out.extend(position(boundary)?.to_le_bytes());
        }
        out.extend(sections.concat());
        Ok(out)
    }
}

fn nesting(mode: &str) -> Result<Nesting, GenerateError> {
    match mode {
        // A group is a single block that reads as empty, not null, when left out.
        "single" | "group" => Ok(Nesting::Single),
        "list" => Ok(Nesting::List),
        "set" => Ok(Nesting::Set),
        "map" => Ok(Nesting::Map),
        _ => Err(unknown("nesting mode", mode)),
    }
}

/// The names around are added on the way out.
fn unknown(what: &'static str, found: &(impl ToString + ?Sized)) -> GenerateError {
    GenerateError::Unknown {
        at: String::new(),
        what,
        found: found.to_string(),
    }
}

fn strings(items: &[String]) -> Result<(Vec<u8>, Vec<u8>), GenerateError> {
    let mut offsets = vec![0; 4];
    let mut text = Vec::new();
    for item in items {
        text.extend(item.as_bytes());
        offsets.extend(position(text.len())?.to_le_bytes());
    }
    Ok((offsets, text))
}

fn pairs(items: &[[u32; 2]]) -> Vec<u8> {
    bytes(items.iter().flatten().map(|word| word.to_le_bytes()))
}

fn bytes<const N: usize>(items: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    items.flatten().collect()
}

fn position(at: usize) -> Result<u32, GenerateError> {
    u32::try_from(at).map_err(|_| GenerateError::TooMany {
        what: "bytes",
        limit: u32::MAX,
    })
}
