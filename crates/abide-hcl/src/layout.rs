//! What a block holds and where: for whoever writes into it.

use abide_core::address::Mode;
use abide_core::attribute::{AttributePath, Step};

use crate::ast::Block;
use crate::loaded::Origins;
use crate::source_map::{FileId, Span};

/// The parts of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The file.
    pub file: FileId,
    /// Kind and labels.
    pub header: Span,
    /// The whole block.
    pub block: Span,
    /// Its attributes in the order of the text.
    pub attributes: Vec<AttributeSpan>,
    /// The blocks in it, in the order of the text.
    pub blocks: Vec<Span>,
    /// How many steps of the path lead to it.
    pub steps: usize,
}

/// The parts of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeSpan {
    /// Its name.
    pub name: String,
    /// The name's place.
    pub key: Span,
    /// The value's place.
    pub value: Span,
    /// From the name to the end of the value.
    pub whole: Span,
}

impl Layout {
    /// An attribute of the block.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeSpan> {
        self.attributes.iter().find(|a| a.name == name)
    }

    fn of(block: &Block, steps: usize) -> Self {
        let own = block
            .body
            .attributes
            .iter()
            .filter(|a| a.file == block.file);
        let mut attributes: Vec<_> = own
            .map(|attribute| AttributeSpan {
                name: attribute.name.to_string(),
                key: attribute.name_span,
                value: attribute.value.span,
                whole: attribute.span,
            })
            .collect();
        attributes.sort_by_key(|attribute| attribute.whole);
        let mut blocks: Vec<_> = block
            .body
            .blocks
            .iter()
            .filter(|inner| inner.file == block.file)
            .map(|inner| inner.span)
            .collect();
        blocks.sort_unstable();
        Self {
            file: block.file,
            header: block.header,
            block: block.span,
            attributes,
            blocks,
            steps,
        }
    }
}

impl Origins {
    /// The innermost block on the way to an attribute of a resource.
    #[must_use]
    pub fn layout(&self, address: &str, path: &AttributePath) -> Option<Layout> {
        let origin = self.resources.get(address)?;
        let (mut block, mut nested, mut used) = (&*origin.block, &origin.trace, 0);
        let mut rest = path.0.as_slice();
        while let Some((Step::Name(name), after)) = rest.split_first() {
            let Some((_, made)) = nested.blocks.iter().find(|(kind, _)| **kind == **name) else {
                break;
            };
            let (at, after, steps) = match after.split_first() {
                Some((Step::Index(at), after)) => (*at, after, 2),
                _ => (0, after, 1),
            };
            let Some(made) = made.get(at).or_else(|| made.first()) else {
                break;
            };
            (block, nested) = (&*made.block, &made.inner);
            used += steps;
            rest = after;
        }
        Some(Layout::of(block, used))
    }

    /// Whether the module of a resource declares one of this type and name; the root
    /// module, if the resource is none of the source's.
    #[must_use]
    pub fn declares(&self, beside: &str, type_name: &str, name: &str) -> bool {
        let module = self.resources.get(beside).map_or(0, |origin| origin.module);
        self.modules.get(module).is_some_and(|module| {
            let mut declared = module.source.resources.iter();
            declared.any(|own| {
                own.mode == Mode::Managed && *own.type_name == *type_name && *own.name == *name
            })
        })
    }

    /// The call that made the module instance a resource is in.
    #[must_use]
    pub fn call_layout(&self, address: &str) -> Option<Layout> {
        let origin = self.resources.get(address)?;
        let (_, call) = self.modules.get(origin.module)?.call.as_ref()?;
        Some(Layout::of(call, 0))
    }
}
