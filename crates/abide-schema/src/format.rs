//! The layout of the file, written by `generate` and read by everything else.

/// The first bytes of every file.
pub(crate) const MAGIC: [u8; 4] = *b"ABSC";
/// Raised whenever a reader of the old layout would misread the new one.
pub(crate) const FORMAT: u32 = 1;

/// Positions of the header's words, in bytes.
pub(crate) const FORMAT_AT: usize = 4;
pub(crate) const ADDRESS_AT: usize = 8;
pub(crate) const VERSION_AT: usize = 12;
pub(crate) const SECTIONS_AT: usize = 16;
/// Section `i` reaches from boundary `i` to boundary `i + 1`.
pub(crate) const SECTIONS: usize = 8;
pub(crate) const HEADER_LEN: usize = SECTIONS_AT + (SECTIONS + 1) * 4;

/// In the order in which they follow each other.
#[derive(Clone, Copy)]
pub(crate) enum Section {
    StringOffsets,
    StringBytes,
    Nodes,
    Lists,
    Members,
    Limits,
    Resources,
    DataSources,
}

/// Why bytes are not a provider schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The magic is missing.
    #[error("not a provider schema file")]
    NotASchema,
    /// Written for another reader.
    #[error("provider schema of format {0}, this build reads format {FORMAT}: regenerate the file")]
    OtherFormat(u32),
    /// The sections do not add up to the file.
    #[error("provider schema file is truncated or damaged")]
    Damaged,
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u16::from_le_bytes(*chunk))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u32::from_le_bytes(*chunk))
}

/// Checks the header only: everything behind it is checked where it is read.
pub(crate) fn check(bytes: &[u8]) -> Result<(), FormatError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(FormatError::NotASchema);
    }
    let format = u32_at(bytes, FORMAT_AT).ok_or(FormatError::Damaged)?;
    if format != FORMAT {
        return Err(FormatError::OtherFormat(format));
    }
    let mut previous = HEADER_LEN;
    for boundary in 0..=SECTIONS {
        let at = u32_at(bytes, SECTIONS_AT + boundary * 4).ok_or(FormatError::Damaged)? as usize;
        if at < previous || (boundary == 0 && at != HEADER_LEN) {
            return Err(FormatError::Damaged);
        }
        previous = at;
    }
    if previous == bytes.len() {
        Ok(())
    } else {
        Err(FormatError::Damaged)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Bool,
    Number,
    String,
    Dynamic,
    List,
    Set,
    Map,
    Members,
}

/// A node: what it is, and an element node, a list or nothing as payload.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// Lets the search for secrets skip almost everything.
    pub(crate) sensitive: bool,
    pub(crate) payload: u32,
}

impl Node {
    pub(crate) const MAX_PAYLOAD: u32 = (1 << 27) - 1;

    pub(crate) fn pack(self) -> u32 {
        (self.kind as u32) << 28 | u32::from(self.sensitive) << 27 | self.payload
    }

    pub(crate) fn unpack(word: u32) -> Option<Self> {
        let kind = match word >> 28 {
            0 => NodeKind::Bool,
            1 => NodeKind::Number,
            2 => NodeKind::String,
            3 => NodeKind::Dynamic,
            4 => NodeKind::List,
            5 => NodeKind::Set,
            6 => NodeKind::Map,
            7 => NodeKind::Members,
            _ => return None,
        };
        Some(Self {
            kind,
            sensitive: word & 1 << 27 != 0,
            payload: word & Self::MAX_PAYLOAD,
        })
    }
}

/// Flags of a member. `BLOCK` is set for nested blocks, whose low bits are the nesting.
pub(crate) mod flag {
    pub(crate) const REQUIRED: u8 = 1;
    pub(crate) const OPTIONAL: u8 = 1 << 1;
    pub(crate) const COMPUTED: u8 = 1 << 2;
    pub(crate) const SENSITIVE: u8 = 1 << 3;
    pub(crate) const WRITE_ONLY: u8 = 1 << 4;
    pub(crate) const BLOCK: u8 = 1 << 7;
    pub(crate) const NESTING: u8 = 0b11;
}

/// An attribute or a nested block, in eight bytes.
#[derive(Clone, Copy)]
pub(crate) struct RawMember {
    pub(crate) flags: u8,
    pub(crate) name: u32,
    pub(crate) limits: u32,
    pub(crate) node: u32,
}

impl RawMember {
    pub(crate) const MAX_NAME: u32 = (1 << 24) - 1;
    pub(crate) const MAX_LIMITS: u32 = (1 << 12) - 1;
    pub(crate) const MAX_NODE: u32 = (1 << 20) - 1;

    pub(crate) fn pack(self) -> [u32; 2] {
        [
            u32::from(self.flags) << 24 | self.name,
            self.limits << 20 | self.node,
        ]
    }

    pub(crate) fn unpack([first, second]: [u32; 2]) -> Self {
        let [flags, ..] = first.to_be_bytes();
        Self {
            flags,
            name: first & Self::MAX_NAME,
            limits: second >> 20,
            node: second & Self::MAX_NODE,
        }
    }
}
