//! Follows an attribute to where it is written, and from there to what feeds it.

use abide_core::attribute::Step;

use crate::ast::{self, Attribute, Block, Body, Expr, ExprKind, Item, Key};
use crate::blocks::BodyTrace;
use crate::loaded::{Feed, FeedKind, Origins, Trace};
use crate::source_map::Location;

/// Longer chains of locals and variables are not followed.
const MAX_FEEDS: usize = 16;

/// Follows a path through blocks to an attribute and into its value. Gives the
/// expression it ends at and the steps that are left.
pub(crate) fn follow<'a, 'p>(
    body: &'a Body,
    nested: &'a BodyTrace,
    path: &'p [Step],
    trace: &mut Trace,
    dynamics: &mut Vec<&'a Block>,
) -> Option<(&'a Expr, &'p [Step])> {
    let (Step::Name(name), rest) = path.split_first()? else {
        return None;
    };
    if let Some(attribute) = body.attribute(name) {
        trace.attribute = Some(location(attribute, attribute.span));
        trace.name = Some(location(attribute, attribute.name_span));
        let (expr, rest, item) = narrow(&attribute.value, rest);
        if let Some(item) = item {
            let whole = item.key_span.to(item.value.span);
            trace.attribute = Some(location(attribute, whole));
            trace.name = Some(location(attribute, item.key_span));
        }
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
    let block = made.dynamic.as_ref().unwrap_or(&made.block);
    dynamics.extend(made.dynamic.as_deref());
    trace.header = header(block);
    trace.block = whole(block);
    trace.place = trace.header;
    trace.exact = rest.is_empty();
    follow(&made.block.body, &made.inner, rest, trace, dynamics)
}

/// An expression, the steps that are left, and the entry it is the value of.
type Narrowed<'a, 'p> = (&'a Expr, &'p [Step], Option<&'a Item>);

/// Goes into objects and lists that are written out.
fn narrow<'a, 'p>(mut expr: &'a Expr, mut path: &'p [Step]) -> Narrowed<'a, 'p> {
    let mut entry = None;
    while let Some((step, rest)) = path.split_first() {
        let found = match (&expr.bare().kind, step) {
            (ExprKind::Object(items), Step::Name(name)) => item(items, name).map(Some),
            // What is merged in last counts.
            (ExprKind::Call(call), Step::Name(name)) if &*call.name == "merge" => call
                .arguments
                .iter()
                .rev()
                .find_map(|argument| match &argument.bare().kind {
                    ExprKind::Object(items) => item(items, name),
                    _ => None,
                })
                .map(Some),
            (ExprKind::Tuple(items), Step::Index(at)) => match items.get(*at) {
                Some(element) => {
                    (expr, path, entry) = (element, rest, None);
                    continue;
                }
                None => None,
            },
            _ => None,
        };
        match found.flatten() {
            Some(item) => (expr, path, entry) = (&item.value, rest, Some(item)),
            None => break,
        }
    }
    (expr, path, entry)
}

fn item<'a>(items: &'a [Item], name: &str) -> Option<&'a Item> {
    items.iter().find(|item| match &item.key {
        Key::Name(key) => &**key == name,
        Key::Computed(key) => key.literal_str() == Some(name),
    })
}

/// Follows what feeds a value through locals, variables and module calls.
pub(crate) struct Feeder<'a, 't> {
    pub(crate) origins: &'a Origins,
    pub(crate) trace: &'t mut Trace,
}

impl<'a> Feeder<'a, '_> {
    /// Notes what an expression refers to, and goes on from there. `block` is
    /// the repeated block around it, `dynamics` are those inside that.
    pub(crate) fn feed(
        &mut self,
        expr: &'a Expr,
        path: &[Step],
        module: usize,
        block: Option<&'a Block>,
        dynamics: &[&'a Block],
    ) {
        if self.trace.fed_by.len() >= MAX_FEEDS {
            return;
        }
        let Some((name, steps)) = only_reference(expr) else {
            return;
        };
        let Some(ast::Step::Get(first)) = steps.first() else {
            return;
        };
        if let Some(at) = dynamics.iter().position(|d| iterator(d) == Some(name)) {
            let Some(for_each) = dynamics[at].body.attribute("for_each") else {
                return;
            };
            self.push(FeedKind::ForEach, for_each, &for_each.value);
            self.feed(&for_each.value, &[], module, block, &dynamics[..at]);
            return;
        }
        let Some(found) = self.origins.source_of(name, first, module, block) else {
            return;
        };
        let (kind, attribute, module) = found;
        let used = if kind == FeedKind::ForEach {
            steps.len()
        } else {
            1
        };
        let left: Vec<&ast::Step> = steps.iter().skip(used).collect();
        let (expr, left) = crate::references::descend(&attribute.value, &left);
        let (expr, path) = match (left.is_empty(), kind) {
            (true, FeedKind::ForEach) | (false, _) => (expr, &[][..]),
            (true, _) => {
                let (expr, path, _) = narrow(expr, path);
                (expr, path)
            }
        };
        self.push(kind, attribute, expr);
        if kind != FeedKind::Default {
            let outer = match kind {
                FeedKind::Argument => self.origins.call_of(found.2, attribute),
                _ => None,
            };
            self.feed(expr, path, module, outer, &[]);
        }
    }

    fn push(&mut self, kind: FeedKind, attribute: &Attribute, expr: &Expr) {
        self.trace.fed_by.push(Feed {
            kind,
            name: attribute.name.to_string(),
            place: location(attribute, expr.span),
            attribute: location(attribute, attribute.span),
        });
    }
}

impl Origins {
    /// The attribute a reference means, and the module instance it stands in.
    fn source_of<'a>(
        &'a self,
        name: &str,
        first: &str,
        module: usize,
        block: Option<&'a Block>,
    ) -> Option<(FeedKind, &'a Attribute, usize)> {
        let origin = self.modules.get(module)?;
        match name {
            "local" => {
                let local = origin.source.locals.get(first)?;
                Some((FeedKind::Local, local, module))
            }
            "each" => {
                let for_each = block?.body.attribute("for_each")?;
                Some((FeedKind::ForEach, for_each, module))
            }
            "var" => {
                let argument = origin
                    .call
                    .as_ref()
                    .and_then(|(parent, call)| Some((call.body.attribute(first)?, *parent)));
                if let Some((argument, parent)) = argument {
                    return Some((FeedKind::Argument, argument, parent));
                }
                let variable = origin.source.variables.get(first)?;
                let default = variable.body.attribute("default")?;
                Some((FeedKind::Default, default, module))
            }
            _ => None,
        }
    }

    /// The call in a module instance that an argument belongs to.
    fn call_of(&self, module: usize, argument: &Attribute) -> Option<&Block> {
        let calls = &self.modules.get(module)?.source.calls;
        calls
            .values()
            .find(|call| {
                let own = call.body.attribute(&argument.name);
                own.is_some_and(|own| own.span == argument.span && own.file == argument.file)
            })
            .map(|call| &**call)
    }
}

/// The name a dynamic block gives to its elements.
fn iterator(block: &Block) -> Option<&str> {
    let written = block.body.attribute("iterator");
    written
        .and_then(|name| name.value.keyword())
        .or(block.label(0).map(|label| &**label))
}

/// The reference an expression consists of, or the only one in it.
fn only_reference(expr: &Expr) -> Option<(&str, &[ast::Step])> {
    match &expr.bare().kind {
        ExprKind::Traversal(base, steps) => match &base.kind {
            ExprKind::Name(name) => Some((name, steps)),
            _ => only_reference(base),
        },
        ExprKind::Template(parts) => {
            let mut found = parts.iter().filter_map(|part| match part {
                ast::Part::Interpolation(expr) => only_reference(expr),
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
            let mut found = items.iter().filter_map(|item| only_reference(&item.value));
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

pub(crate) fn header(block: &Block) -> Location {
    Location {
        file: block.file,
        span: block.header,
    }
}

pub(crate) fn whole(block: &Block) -> Location {
    Location {
        file: block.file,
        span: block.span,
    }
}
