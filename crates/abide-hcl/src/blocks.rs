//! From a block to the values it sets, in the shape a plan gives them.

use std::rc::Rc;
use std::sync::Arc;

use abide_core::address::Mode;
use abide_schema::{Member, Nesting, Type};

use crate::ast::{Attribute, Block, Body};
use crate::eval::{Frame, Scope, pairs};
use crate::fail::Fail;
use crate::instance::{Instance, Made};
use crate::module::{Declared, nested_kind};
use crate::repetition::Repetition;
use crate::schema;
use crate::source_map::Location;
use crate::value::{Kind, Map, Val};
use crate::world::World;

/// Which source blocks the nested blocks of a body came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct BodyTrace {
    pub(crate) blocks: Vec<(Arc<str>, Vec<BlockTrace>)>,
}

/// One nested block that was made.
#[derive(Clone, Debug)]
pub(crate) struct BlockTrace {
    /// The block, or the `content` of a dynamic one.
    pub(crate) block: Arc<Block>,
    /// The `dynamic` block around it.
    pub(crate) dynamic: Option<Arc<Block>>,
    pub(crate) inner: BodyTrace,
}

/// Nested blocks of one kind while they are collected.
#[derive(Default)]
struct Nested {
    values: Vec<(Option<Arc<str>>, Val)>,
    traces: Vec<BlockTrace>,
    /// A dynamic block may make more of them.
    more: bool,
}

/// Arguments and blocks that mean something to Terraform, not to the provider.
fn is_meta(name: &str, top: bool) -> bool {
    top && matches!(
        name,
        "count"
            | "for_each"
            | "depends_on"
            | "provider"
            | "lifecycle"
            | "provisioner"
            | "connection"
    )
}

impl World<'_> {
    pub(crate) fn make_resource(
        &self,
        module: &Rc<Instance>,
        declared: &Declared,
        repetition: &Repetition,
    ) -> Made {
        let schema = schema::body(declared.mode, &declared.type_name);
        let frame = repetition.frame();
        let scope = Scope {
            module: Some(module),
            file: declared.block.file,
            frame: frame.as_ref(),
        };
        let (mut map, trace) = self.body(&declared.block.body, schema, scope, true);
        self.complete_data(module, declared, &mut map);
        if declared.mode == Mode::Managed
            && schema.is_some_and(|schema| schema.member("tags_all").is_some())
        {
            self.add_all_tags(module, &declared.block, &mut map);
        }
        Made {
            value: Val::block(map),
            trace,
        }
    }

    /// The values a body sets.
    pub(crate) fn body(
        &self,
        body: &Body,
        schema: Option<abide_schema::Block>,
        scope: Scope<'_>,
        top: bool,
    ) -> (Map, BodyTrace) {
        let mut map = Map::new();
        for attribute in &body.attributes {
            if !is_meta(&attribute.name, top) {
                self.attribute(attribute, schema, scope, &mut map);
            }
        }
        let mut trace = BodyTrace::default();
        let mut kinds: Vec<&str> = Vec::new();
        for block in &body.blocks {
            let kind = nested_kind(block);
            if !is_meta(kind, top) && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        for kind in kinds {
            let member = schema.and_then(|schema| schema.member(kind));
            let mut nested = Nested::default();
            for block in body.blocks.iter().filter(|b| nested_kind(b) == kind) {
                self.nested(block, member, scope, &mut nested);
            }
            let kind: Arc<str> = kind.into();
            map.insert(kind.clone(), shaped(nested.values, nested.more, member));
            trace.blocks.push((kind, nested.traces));
        }
        (map, trace)
    }

    fn attribute(
        &self,
        attribute: &Attribute,
        schema: Option<abide_schema::Block>,
        scope: Scope<'_>,
        map: &mut Map,
    ) {
        let value = self
            .eval(&attribute.value, scope.in_file(attribute.file))
            .unwrap_or_else(|fail| {
                self.report(&fail);
                Val::UNKNOWN
            });
        let value = match schema.and_then(|schema| schema.member(&attribute.name)) {
            // Never part of a plan.
            Some(Member::Attribute(member)) if member.write_only => return,
            Some(Member::Attribute(member)) => {
                schema::convert(value, member.ty).marked(member.sensitive)
            }
            Some(Member::Block(nested)) => schema::convert(value, Type::Object(nested.block)),
            None => value,
        };
        map.insert(attribute.name.clone(), value);
    }

    fn nested(
        &self,
        block: &Arc<Block>,
        member: Option<Member>,
        scope: Scope<'_>,
        nested: &mut Nested,
    ) {
        let schema = member.and_then(block_of);
        if &*block.kind != "dynamic" {
            let (map, inner) = self.body(&block.body, schema, scope.in_file(block.file), false);
            let label = block.label(0).cloned();
            nested.values.push((label, Val::block(map)));
            nested.traces.push(BlockTrace {
                block: block.clone(),
                dynamic: None,
                inner,
            });
            return;
        }
        if let Err(fail) = self.dynamic(block, schema, scope, nested) {
            nested.more = true;
            self.report(&fail);
        }
    }

    fn dynamic(
        &self,
        block: &Arc<Block>,
        schema: Option<abide_schema::Block>,
        scope: Scope<'_>,
        nested: &mut Nested,
    ) -> Result<(), Box<Fail>> {
        let header = Location {
            file: block.file,
            span: block.header,
        };
        let needs = |what: &str| {
            Fail::new(
                crate::fail::EVALUATE,
                format!("a `dynamic` block needs {what}"),
            )
            .at(header)
        };
        let for_each = block
            .body
            .attribute("for_each")
            .ok_or_else(|| needs("`for_each`"))?;
        let content = block.body.blocks_of("content").next();
        let content = content.ok_or_else(|| needs("a `content` block"))?;
        let iterator = block.body.attribute("iterator");
        let name = iterator
            .and_then(|name| name.value.keyword())
            .or(block.label(0).map(|label| &**label))
            .unwrap_or_default();
        let collection = self.eval(&for_each.value, scope.in_file(for_each.file))?;
        let location = Location {
            file: for_each.file,
            span: for_each.value.span,
        };
        let items = pairs(&collection).map_err(|fail| fail.at(location))?;
        let Some(items) = items else {
            nested.more = true;
            return Ok(());
        };
        nested.more |= matches!(collection.kind, Kind::Open(_));
        for (key, value) in items {
            self.spend(1)?;
            if value.is_unknown() && matches!(collection.kind, Kind::Set(_)) {
                // Elements of a set may turn out to be equal.
                nested.more = true;
            }
            let frame = Frame {
                name,
                value: Val::map(Map::from([("key".into(), key), ("value".into(), value)])),
                outer: scope.frame,
            };
            let scope = scope.with(&frame).in_file(content.file);
            let (map, inner) = self.body(&content.body, schema, scope, false);
            nested.values.push((None, Val::block(map)));
            nested.traces.push(BlockTrace {
                block: content.clone(),
                dynamic: Some(block.clone()),
                inner,
            });
        }
        Ok(())
    }
}

fn block_of(member: Member) -> Option<abide_schema::Block> {
    match member {
        Member::Block(nested) => Some(nested.block),
        Member::Attribute(attribute) => match attribute.ty.each() {
            Type::Object(block) => Some(block),
            _ => None,
        },
    }
}

/// Nested blocks of one kind as the list, object or map a plan has.
fn shaped(values: Vec<(Option<Arc<str>>, Val)>, more: bool, member: Option<Member>) -> Val {
    let nesting = match member {
        Some(Member::Block(nested)) => nested.nesting,
        // Attributes that are written as blocks, and types of other providers.
        _ => Nesting::List,
    };
    if more && values.is_empty() {
        return Val::UNKNOWN;
    }
    match nesting {
        Nesting::Single => values
            .into_iter()
            .next()
            .map_or(Val::NULL, |(_, value)| value),
        Nesting::Map => {
            let map: Map = values
                .into_iter()
                .filter_map(|(label, value)| Some((label?, value)))
                .collect();
            if more { Val::open(map) } else { Val::map(map) }
        }
        Nesting::List | Nesting::Set => {
            let mut list: Vec<Val> = values.into_iter().map(|(_, value)| value).collect();
            list.extend(more.then_some(Val::UNKNOWN));
            Val::list(list)
        }
    }
}
