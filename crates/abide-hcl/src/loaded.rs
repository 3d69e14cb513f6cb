//! What a load gives: the inventory, the text it came from, and the way between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use abide_core::attribute::{AttributePath, Step};
use abide_core::inventory::Inventory;

use crate::ast::{Attribute, Block, Body, Expr, ExprKind, Key};
use crate::blocks::BodyTrace;
use crate::instance::Instance;
use crate::source_map::{Location, SourceMap};

/// A loaded configuration.
#[derive(Debug)]
pub struct Loaded {
    /// All resource instances.
    pub inventory: Inventory,
    /// The files they were read from.
    pub sources: SourceMap,
    /// Where each of them is written.
    pub origins: Origins,
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
    address: String,
    source: Arc<crate::module::Module>,
    /// The instance whose call made it, and the call.
    call: Option<(usize, Arc<Block>)>,
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
    /// The whole attribute (`name = value`); `None` if nobody wrote it.
    pub attribute: Option<Location>,
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
    /// The name of the local value, the variable or the argument.
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

/// Longer chains of locals and variables are not followed.
const MAX_FEEDS: usize = 16;

impl Origins {
    /// The header (`resource "type" "name"`) of a resource's block.
    #[must_use]
    pub fn header(&self, address: &str) -> Option<Location> {
        let origin = self.resources.get(address)?;
        Some(header(&origin.block))
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
            header: header(&origin.block),
            block: whole(&origin.block),
            exact: path.is_empty(),
            fed_by: Vec::new(),
            calls: self.calls(origin.module),
        };
        let expr = follow(&origin.block.body, &origin.trace, &path.0, &mut trace);
        if let Some((expr, rest)) = expr {
            let mut feeder = Feeder {
                origins: self,
                trace: &mut trace,
            };
            feeder.feed(expr, rest, origin.module, Some(&origin.block));
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

/// Follows a path through blocks to an attribute and into its value. Gives the
/// expression it ends at and the steps that are left.
fn follow<'a, 'p>(
    body: &'a Body,
    nested: &'a BodyTrace,
    path: &'p [Step],
    trace: &mut Trace,
) -> Option<(&'a Expr, &'p [Step])> {
    let (Step::Name(name), rest) = path.split_first()? else {
        return None;
    };
    if let Some(attribute) = body.attribute(name) {
        trace.attribute = Some(location(attribute, attribute.span));
        let (expr, rest) = narrow(&attribute.value, rest);
        trace.place = location(attribute, expr.span);
        trace.exact = rest.is_empty();
        return Some((expr, rest));
    }
    let (_, made) = nested
        .blocks
        .iter()
        .find(|(kind, _)| &**kind == name.as_str())?;
    let (at, rest) = match rest.split_first() {
        Some((Step::Index(at), rest)) => (*at, rest),
        _ => (0, rest),
    };
    let made = made.get(at).or_else(|| made.first())?;
    trace.header = header(made.dynamic.as_ref().unwrap_or(&made.block));
    trace.block = whole(made.dynamic.as_ref().unwrap_or(&made.block));
    trace.place = trace.header;
    trace.exact = rest.is_empty();
    follow(&made.block.body, &made.inner, rest, trace)
}

/// Goes into objects and lists that are written out.
fn narrow<'a, 'p>(mut expr: &'a Expr, mut path: &'p [Step]) -> (&'a Expr, &'p [Step]) {
    loop {
        let Some((step, rest)) = path.split_first() else {
            return (expr, path);
        };
        let found = match (&expr.bare().kind, step) {
            (ExprKind::Object(items), Step::Name(name)) => crate::references::item(items, name),
            (ExprKind::Tuple(items), Step::Index(at)) => items.get(*at),
            _ => None,
        };
        match found {
            Some(found) => (expr, path) = (found, rest),
            None => return (expr, path),
        }
    }
}

/// Follows what feeds a value through locals, variables and module calls.
struct Feeder<'a, 't> {
    origins: &'a Origins,
    trace: &'t mut Trace,
}

impl<'a> Feeder<'a, '_> {
    fn feed(&mut self, expr: &'a Expr, path: &[Step], module: usize, block: Option<&'a Block>) {
        if self.trace.fed_by.len() >= MAX_FEEDS {
            return;
        }
        let Some((name, steps)) = only_reference(expr) else {
            return;
        };
        let Some(origin) = self.origins.modules.get(module) else {
            return;
        };
        let (kind, attribute, module, used) = match (name, steps.first()) {
            ("local", Some(crate::ast::Step::Get(local))) => {
                let Some(attribute) = origin.source.locals.get(local) else {
                    return;
                };
                (FeedKind::Local, attribute, module, 1)
            }
            ("var", Some(crate::ast::Step::Get(variable))) => {
                let argument = origin
                    .call
                    .as_ref()
                    .and_then(|(parent, call)| Some((call.body.attribute(variable)?, *parent)));
                match argument {
                    Some((argument, parent)) => (FeedKind::Argument, argument, parent, 1),
                    None => {
                        let default = origin
                            .source
                            .variables
                            .get(variable)
                            .and_then(|block| block.body.attribute("default"));
                        let Some(default) = default else { return };
                        self.push(FeedKind::Default, variable, default, &default.value);
                        return;
                    }
                }
            }
            ("each", Some(_)) => {
                let Some(attribute) = block.and_then(|b| b.body.attribute("for_each")) else {
                    return;
                };
                (FeedKind::ForEach, attribute, module, steps.len())
            }
            _ => return,
        };
        let left: Vec<&crate::ast::Step> = steps.iter().skip(used).collect();
        let (expr, left) = crate::references::descend(&attribute.value, &left);
        let (expr, path) = if left.is_empty() {
            narrow(expr, path)
        } else {
            (expr, &[][..])
        };
        let name = attribute.name.clone();
        self.push(kind, &name, attribute, expr);
        self.feed(expr, path, module, None);
    }

    fn push(&mut self, kind: FeedKind, name: &str, attribute: &Attribute, expr: &Expr) {
        self.trace.fed_by.push(Feed {
            kind,
            name: name.to_owned(),
            place: location(attribute, expr.span),
            attribute: location(attribute, attribute.span),
        });
    }
}

/// The reference an expression consists of, or the only one in it.
fn only_reference(expr: &Expr) -> Option<(&str, &[crate::ast::Step])> {
    match &expr.bare().kind {
        ExprKind::Traversal(base, steps) => match &base.kind {
            ExprKind::Name(name) => Some((name, steps)),
            _ => only_reference(base),
        },
        ExprKind::Template(parts) => {
            let mut found = parts.iter().filter_map(|part| match part {
                crate::ast::Part::Interpolation(expr) => only_reference(expr),
                _ => None,
            });
            let first = found.next();
            first.filter(|_| found.next().is_none())
        }
        ExprKind::Call(call) => {
            let mut found = call.arguments.iter().filter_map(only_reference);
            let first = found.next();
            first.filter(|_| found.next().is_none())
        }
        ExprKind::Unary(_, operand) => only_reference(operand),
        ExprKind::Object(items) => {
            let mut found = items.iter().filter_map(|item| match &item.key {
                Key::Name(_) | Key::Computed(_) => only_reference(&item.value),
            });
            let first = found.next();
            first.filter(|_| found.next().is_none())
        }
        _ => None,
    }
}

fn location(attribute: &Attribute, span: crate::source_map::Span) -> Location {
    Location {
        file: attribute.file,
        span,
    }
}

fn header(block: &Block) -> Location {
    Location {
        file: block.file,
        span: block.header,
    }
}

fn whole(block: &Block) -> Location {
    Location {
        file: block.file,
        span: block.span,
    }
}
