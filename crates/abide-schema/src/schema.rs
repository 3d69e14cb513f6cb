//! The handle over the bytes, and the raw reads that everything else is made of.

use std::cmp::Ordering;
use std::fmt;

use crate::format::{self, FormatError, Node, RawMember, Section, u16_at, u32_at};
use crate::view::Block;

static AWS: &[u8] = include_bytes!("../data/aws-5.100.0.bin");

/// Which of the two indexes a type name belongs to: `aws_vpc` is in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A managed resource, `resource "aws_vpc" "main"`.
    Resource,
    /// A data source, `data "aws_vpc" "main"`.
    DataSource,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resource => "resource type",
            Self::DataSource => "data source",
        })
    }
}

/// The schema of one provider version, a handle as cheap as a slice.
///
/// Every read checks its bounds: damaged bytes make types, members and names disappear, never a
/// panic.
#[derive(Clone, Copy)]
pub struct ProviderSchema {
    bytes: &'static [u8],
}

impl ProviderSchema {
    /// The AWS provider this build was made for.
    #[must_use]
    pub fn aws() -> Self {
        // Not checked here, that would be start-up cost: a test checks it.
        Self { bytes: AWS }
    }

    /// Reads what [`generate`](crate::generate()) wrote.
    ///
    /// # Errors
    ///
    /// When the header says that these are other bytes, or not all of them.
    pub fn from_bytes(bytes: &'static [u8]) -> Result<Self, FormatError> {
        format::check(bytes)?;
        Ok(Self { bytes })
    }

    /// The version of the provider, `5.100.0`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.header_string(format::VERSION_AT)
    }

    /// The source address of the provider, `registry.terraform.io/hashicorp/aws`.
    #[must_use]
    pub fn address(&self) -> &'static str {
        self.header_string(format::ADDRESS_AT)
    }

    /// The body of a resource type.
    #[must_use]
    pub fn resource(&self, type_name: &str) -> Option<Block> {
        self.body(Kind::Resource, type_name)
    }

    /// The body of a data source.
    #[must_use]
    pub fn data_source(&self, type_name: &str) -> Option<Block> {
        self.body(Kind::DataSource, type_name)
    }

    /// Whether the provider has this resource type.
    #[must_use]
    pub fn is_type_known(&self, type_name: &str) -> bool {
        self.resource(type_name).is_some()
    }

    /// All resource types, sorted.
    pub fn resource_types(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.type_names(Kind::Resource)
    }

    /// All data sources, sorted.
    pub fn data_sources(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.type_names(Kind::DataSource)
    }

    pub(crate) fn type_names(self, kind: Kind) -> impl Iterator<Item = &'static str> + use<> {
        (0..self.type_count(kind)).filter_map(move |index| {
            let [name, _] = self.pair(kind.section(), index)?;
            self.string(name)
        })
    }

    pub(crate) fn body(self, kind: Kind, type_name: &str) -> Option<Block> {
        let index = search(self.type_count(kind), type_name, |index| {
            let [name, _] = self.pair(kind.section(), index)?;
            self.string_bytes(name)
        })?;
        let [_, node] = self.pair(kind.section(), index)?;
        Block::new(self, node)
    }

    fn type_count(self, kind: Kind) -> u32 {
        u32::try_from(self.section(kind.section()).len() / 8).unwrap_or(u32::MAX)
    }

    pub(crate) fn node(self, id: u32) -> Option<Node> {
        Node::unpack(u32_at(self.section(Section::Nodes), id as usize * 4)?)
    }

    pub(crate) fn raw_member(self, id: u16) -> Option<RawMember> {
        self.pair(Section::Members, u32::from(id))
            .map(RawMember::unpack)
    }

    /// `min_items` and `max_items`.
    pub(crate) fn limits(self, id: u32) -> Option<[u32; 2]> {
        self.pair(Section::Limits, id)
    }

    pub(crate) fn list_item(self, at: u32) -> Option<u16> {
        u16_at(self.section(Section::Lists), at as usize * 2)
    }

    pub(crate) fn string(self, id: u32) -> Option<&'static str> {
        std::str::from_utf8(self.string_bytes(id)?).ok()
    }

    pub(crate) fn string_bytes(self, id: u32) -> Option<&'static [u8]> {
        let offsets = self.section(Section::StringOffsets);
        let start = u32_at(offsets, id as usize * 4)? as usize;
        let end = u32_at(offsets, (id as usize + 1) * 4)? as usize;
        self.section(Section::StringBytes).get(start..end)
    }

    fn header_string(self, at: usize) -> &'static str {
        u32_at(self.bytes, at)
            .and_then(|id| self.string(id))
            .unwrap_or_default()
    }

    fn pair(self, section: Section, index: u32) -> Option<[u32; 2]> {
        let bytes = self.section(section);
        let at = index as usize * 8;
        Some([u32_at(bytes, at)?, u32_at(bytes, at + 4)?])
    }

    fn section(self, section: Section) -> &'static [u8] {
        let at = format::SECTIONS_AT + section as usize * 4;
        let boundary = |at| u32_at(self.bytes, at).map(|value| value as usize);
        boundary(at)
            .zip(boundary(at + 4))
            .and_then(|(start, end)| self.bytes.get(start..end))
            .unwrap_or_default()
    }
}

impl Kind {
    fn section(self) -> Section {
        match self {
            Self::Resource => Section::Resources,
            Self::DataSource => Section::DataSources,
        }
    }
}

impl fmt::Debug for ProviderSchema {
    // The derived one would print half a megabyte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSchema")
            .field("address", &self.address())
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

/// Binary search among `len` sorted names.
pub(crate) fn search(
    len: u32,
    wanted: &str,
    name_at: impl Fn(u32) -> Option<&'static [u8]>,
) -> Option<u32> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        match name_at(middle)?.cmp(wanted.as_bytes()) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Some(middle),
        }
    }
    None
}
