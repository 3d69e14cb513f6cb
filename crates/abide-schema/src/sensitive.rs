//! Which values have to be redacted.

use crate::schema::ProviderSchema;
use crate::view::{Block, Member, Type};

impl ProviderSchema {
    /// The paths of names within a resource type whose values are secrets, sorted; none if the type
    /// is unknown.
    ///
    /// A path goes through lists and sets without a step for the index, and through maps without
    /// one for the key: it stands for every element. For data sources, see
    /// [`Block::sensitive_paths`].
    pub fn sensitive_paths(
        &self,
        resource_type: &str,
    ) -> impl Iterator<Item = Vec<&'static str>> + use<> {
        self.resource(resource_type)
            .into_iter()
            .flat_map(|block| block.sensitive_paths())
    }
}

/// See [`Block::sensitive_paths`].
#[derive(Debug, Clone)]
pub struct SensitivePaths {
    /// Blocks being walked, outermost first, with the next member to look at.
    open: Vec<(Block, u32)>,
    /// The names that lead to each open block but the first.
    names: Vec<&'static str>,
}

impl SensitivePaths {
    pub(crate) fn new(block: Block) -> Self {
        let open = if block.has_sensitive() {
            vec![(block, 0)]
        } else {
            Vec::new()
        };
        Self {
            open,
            names: Vec::new(),
        }
    }

    fn enter(&mut self, name: &'static str, block: Block) {
        if block.has_sensitive() {
            self.open.push((block, 0));
            self.names.push(name);
        }
    }
}

impl Iterator for SensitivePaths {
    type Item = Vec<&'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((block, next)) = self.open.last_mut() {
            let (block, index) = (*block, *next);
            if index == block.len() {
                self.open.pop();
                self.names.pop();
                continue;
            }
            *next += 1;
            match block.at(index) {
                Some(Member::Attribute(attribute)) if attribute.sensitive => {
                    let mut path = self.names.clone();
                    path.push(attribute.name);
                    return Some(path);
                }
                Some(Member::Attribute(attribute)) => {
                    if let Some(object) = object_within(attribute.ty) {
                        self.enter(attribute.name, object);
                    }
                }
                Some(Member::Block(nested)) => self.enter(nested.name, nested.block),
                None => {}
            }
        }
        None
    }
}

fn object_within(mut ty: Type) -> Option<Block> {
    while let Type::List(element) | Type::Set(element) | Type::Map(element) = ty {
        ty = element.ty();
    }
    match ty {
        Type::Object(block) => Some(block),
        _ => None,
    }
}
