//! What a load gives: the inventory, the text it came from, and the way between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use abide_core::address::ResourceAddress;
use abide_core::attribute::AttributePath;
use abide_core::inventory::Inventory;

use crate::ast::Block;
use crate::blocks::BodyTrace;
use crate::instance::Instance;
use crate::secrets::Secrets;
use crate::source_map::{Location, SourceMap};
use crate::trace::{Feeder, follow, header, whole};

/// A loaded configuration.
#[derive(Debug)]
pub struct Loaded {
    /// All resource instances.
    pub inventory: Inventory,
    /// The files they were read from.
    pub sources: SourceMap,
    /// Where each of them is written.
    pub origins: Origins,
    /// What code frames must not show.
    pub(crate) secrets: Secrets,
}

impl Loaded {
    /// Whether a text holds a secret of this configuration.
    #[must_use]
    pub fn has_secret(&self, text: &str) -> bool {
        self.secrets.are_in(text)
    }
}

/// Where resources and their attributes are written.
#[derive(Debug, Default)]
pub struct Origins {
    pub(crate) resources: BTreeMap<String, ResourceOrigin>,
    pub(crate) modules: Vec<ModuleOrigin>,
}

/// The block of one resource instance.
#[derive(Debug)]
pub(crate) struct ResourceOrigin {
    pub(crate) block: Arc<Block>,
    pub(crate) trace: BodyTrace,
    /// Index of its module instance.
    pub(crate) module: usize,
}

/// One module instance.
#[derive(Debug)]
pub(crate) struct ModuleOrigin {
    pub(crate) address: String,
    pub(crate) source: Arc<crate::module::Module>,
    /// The instance whose call made it, and the call.
    pub(crate) call: Option<(usize, Arc<Block>)>,
}

impl ModuleOrigin {
    pub(crate) fn new(module: &Instance, known: &[Self]) -> Self {
        let call = module.call.as_ref().map(|call| {
            // The parent is always walked before.
            let parent = known
                .iter()
                .rposition(|m| m.address == call.parent.address)
                .unwrap_or(0);
            (parent, call.block.clone())
        });
        Self {
            address: module.address.clone(),
            source: module.source.clone(),
            call,
        }
    }
}

/// Where something is written, from the narrowest place outwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The attribute's value, or as far as the path can be followed.
    pub place: Location,
    /// The whole attribute (`name = value`), or the entry of an object it is;
    /// `None` if nobody wrote it.
    pub attribute: Option<Location>,
    /// The name in it.
    pub name: Option<Location>,
    /// Kind and labels of the block it is in, a nested one if there is one.
    pub header: Location,
    /// The whole block.
    pub block: Location,
    /// Whether the place is the value the path names, not something around it.
    pub exact: bool,
    /// The expressions the value goes through on its way: a local value, the
    /// argument of a module call, the default of a variable.
    pub fed_by: Vec<Feed>,
    /// The module calls around the resource, innermost first.
    pub calls: Vec<CallPlace>,
}

/// One expression that feeds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// What kind of expression it is.
    pub kind: FeedKind,
    /// The name left of its `=`: of the local value or of the argument, or
    /// `default` or `for_each`.
    pub name: String,
    /// Its value, as narrow as the reference says.
    pub place: Location,
    /// The whole `name = value`.
    pub attribute: Location,
}

/// What feeds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// A local value.
    Local,
    /// The argument of a module call.
    Argument,
    /// The default of a variable.
    Default,
    /// The `for_each` of the block.
    ForEach,
}

/// One module call on the way to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPlace {
    /// The address of the module instance it made.
    pub module: String,
    /// `module "name"`.
    pub header: Location,
    /// The whole block.
    pub block: Location,
}

impl Origins {
    /// The header (`resource "type" "name"`) of a resource's block.
    #[must_use]
    pub fn header(&self, address: &str) -> Option<Location> {
        let origin = self.resources.get(address)?;
        Some(header(&origin.block))
    }

    /// Another instance of the same block.
    pub(crate) fn sibling(&self, address: &str) -> Option<&str> {
        let block = ResourceAddress::from_terraform(address).block();
        let (_, last) = block.rsplit_once('.')?;
        // Keys of the modules around it stay: `module.a["x"].type.name`.
        let end = address.rfind(&format!(".{last}"))? + last.len() + 1;
        let stem = address.get(..end)?;
        let near = self.resources.range(stem.to_owned()..);
        near.map(|(known, _)| known.as_str())
            .take_while(|known| known.starts_with(stem))
            .find(|known| {
                let key = known.strip_prefix(stem).unwrap_or_default();
                key.is_empty() || key.starts_with('[')
            })
    }

    /// The narrowest place of an attribute; the block's header if it is not written.
    #[must_use]
    pub fn locate(&self, address: &str, path: &AttributePath) -> Option<Location> {
        self.trace(address, path).map(|trace| trace.place)
    }

    /// Everything that is known about where an attribute is written.
    #[must_use]
    pub fn trace(&self, address: &str, path: &AttributePath) -> Option<Trace> {
        let origin = self.resources.get(address)?;
        let mut trace = Trace {
            place: header(&origin.block),
            attribute: None,
            name: None,
            header: header(&origin.block),
            block: whole(&origin.block),
            exact: path.is_empty(),
            fed_by: Vec::new(),
            calls: self.calls(origin.module),
        };
        let mut dynamics = Vec::new();
        let body = &origin.block.body;
        let expr = follow(body, &origin.trace, &path.0, &mut trace, &mut dynamics);
        if let Some((expr, rest)) = expr {
            let mut feeder = Feeder {
                origins: self,
                trace: &mut trace,
            };
            feeder.feed(expr, rest, origin.module, Some(&origin.block), &dynamics);
        }
        Some(trace)
    }

    /// The addresses of all resource instances with the headers of their blocks.
    pub fn headers(&self) -> impl Iterator<Item = (&str, Location)> {
        self.resources
            .iter()
            .map(|(address, origin)| (address.as_str(), header(&origin.block)))
    }

    fn calls(&self, module: usize) -> Vec<CallPlace> {
        let mut calls = Vec::new();
        let mut at = module;
        while let Some(module) = self.modules.get(at) {
            let Some((parent, block)) = &module.call else {
                break;
            };
            calls.push(CallPlace {
                module: module.address.clone(),
                header: header(block),
                block: whole(block),
            });
            at = *parent;
        }
        calls
    }
}
