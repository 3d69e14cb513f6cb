//! Walks all module instances and fills the inventory.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use abide_core::address::{InstanceKey, Mode};
use abide_core::config::{
    Body, ConfigModule, ConfigResource, Configuration, Expression, ModuleCall, Reference,
};
use abide_core::inventory::{Action, Inventory, InventoryBuilder, NewResource, SourceKind};
use abide_core::source::WantedType;

use crate::ast::{self, Block, ExprKind};
use crate::blocks::BodyTrace;
use crate::instance::{Instance, Made};
use crate::loaded::{ModuleOrigin, Origins, ResourceOrigin};
use crate::module::{Declared, nested_kind};
use crate::secrets::Secrets;
use crate::value::{Map, Val};
use crate::world::World;
use crate::{output, provider, references};

pub(crate) fn inventory(
    world: &World<'_>,
    root: &Rc<Instance>,
    input: &str,
) -> (Inventory, Origins, Secrets) {
    let mut assembler = Assembler {
        world,
        builder: InventoryBuilder::new(SourceKind::Hcl, input),
        configuration: Configuration::default(),
        config_modules: BTreeMap::new(),
        providers: Vec::new(),
        origins: Origins::default(),
        secrets: Secrets::default(),
    };
    assembler.root_providers(root);
    assembler.module(root);
    let inventory = assembler.builder.finish(assembler.configuration);
    (inventory, assembler.origins, assembler.secrets)
}

struct Assembler<'w, 'o> {
    world: &'w World<'o>,
    builder: InventoryBuilder,
    configuration: Configuration,
    /// Configuration modules by call path.
    config_modules: BTreeMap<String, u32>,
    providers: Vec<String>,
    origins: Origins,
    secrets: Secrets,
}

impl Assembler<'_, '_> {
    fn root_providers(&mut self, root: &Rc<Instance>) {
        for block in &root.source.providers {
            let Some(kind) = block.label(0) else { continue };
            let name = match crate::module::alias(block) {
                Some(alias) => format!("{kind}.{alias}"),
                None => kind.to_string(),
            };
            self.provider(root, &name);
        }
    }

    /// Registers the provider a name means in a module; gives its key.
    fn provider(&mut self, module: &Rc<Instance>, name: &str) -> Arc<str> {
        let found = provider::find(module, name);
        if !self.providers.contains(&found.key) {
            self.providers.push(found.key.clone());
            self.builder.add_provider(self.world.provider(&found));
        }
        self.builder.intern(&found.key)
    }

    fn module(&mut self, module: &Rc<Instance>) {
        let id = self.origins.modules.len();
        self.origins
            .modules
            .push(ModuleOrigin::new(module, &self.origins.modules));
        self.builder.module_at(&module.address);
        let config = self.config_module(module);
        for at in 0..module.source.resources.len() {
            self.resource(module, at, config, id);
        }
        for name in module.source.calls.keys() {
            match self.world.children(module, name) {
                Ok(Some(children)) => {
                    for child in children.iter() {
                        self.module(child);
                        child.close();
                    }
                }
                Ok(None) => {}
                Err(fail) => self.world.report(&fail),
            }
        }
        // Outputs are evaluated for what is wrong with them, too.
        for (name, block) in &module.source.outputs {
            if let Err(fail) = self.world.output(module, name) {
                let location = crate::source_map::Location {
                    file: block.file,
                    span: block.header,
                };
                self.world.report(&fail.at(location));
            }
        }
    }

    /// The configuration of a module, made when its first instance is met.
    fn config_module(&mut self, module: &Rc<Instance>) -> u32 {
        if let Some(id) = self.config_modules.get(&module.path) {
            return *id;
        }
        let id = index(self.configuration.modules.len());
        self.config_modules.insert(module.path.clone(), id);
        let source = module.source.clone();
        let mut config = ConfigModule::default();
        for (name, block) in &source.outputs {
            if let Some(value) = block.body.attribute("value") {
                let expression = references::expression(&source, &[], &value.value);
                config.outputs.insert(name.clone(), expression);
            }
        }
        if let Some(call) = &module.call {
            let parent = self.config_module(&call.parent);
            config.parent = Some(parent);
            config.call = Some(module_call(&call.parent, &call.block));
            if let Some(name) = call.block.label(0) {
                let name = self.builder.intern(name);
                self.configuration.modules[parent as usize]
                    .children
                    .insert(name, id);
            }
        }
        self.configuration.modules.push(config);
        id
    }

    fn resource(&mut self, module: &Rc<Instance>, at: usize, config: u32, origin: usize) {
        let declared = &module.source.resources[at];
        let repetitions = match self.world.repetitions(module, &declared.block) {
            Ok(repetitions) => repetitions,
            Err(fail) => {
                self.world.report(&fail);
                return;
            }
        };
        let wanted = self.world.options.wanted.of(&declared.type_name);
        let mut first = None;
        for (index, repetition) in repetitions.iter().enumerate() {
            let made = match wanted {
                Some(_) => match self.world.made(module, at, (index, repetition)) {
                    Ok(made) => made,
                    Err(fail) => {
                        self.world.report(&fail);
                        continue;
                    }
                },
                None => {
                    self.secrets.learn_written(declared);
                    Rc::new(Made {
                        value: Val::block(Map::new()),
                        trace: BodyTrace::default(),
                    })
                }
            };
            self.add(
                module,
                declared,
                repetition.key.as_ref(),
                &made,
                wanted,
                origin,
            );
            first.get_or_insert(made);
        }
        let trace = first.map(|made| made.trace.clone()).unwrap_or_default();
        self.config_resource(module, declared, config, wanted, &trace);
    }

    fn add(
        &mut self,
        module: &Rc<Instance>,
        declared: &Declared,
        key: Option<&InstanceKey>,
        made: &Made,
        wanted: Option<&WantedType>,
        origin: usize,
    ) {
        let mut address = String::new();
        if !module.address.is_empty() {
            address.push_str(&module.address);
            address.push('.');
        }
        if declared.mode == Mode::Data {
            address.push_str("data.");
        }
        address.push_str(&declared.type_name);
        address.push('.');
        address.push_str(&declared.name);
        if let Some(key) = key {
            address.push_str(&key.to_string());
        }
        if let Some(map) = made.value.entries() {
            self.secrets.learn(map);
        }
        let values = match (wanted, made.value.entries()) {
            (Some(wanted), Some(map)) => {
                output::object(map, &self.world.options.key, |name| wanted.wants(name))
            }
            _ => Default::default(),
        };
        let action = match declared.mode {
            Mode::Managed => Action::Create,
            Mode::Data => Action::Read,
        };
        self.builder.add(NewResource {
            address: &address,
            module: Some(&module.address),
            mode: declared.mode,
            type_name: &declared.type_name,
            name: &declared.name,
            key: key.cloned(),
            action,
            values,
            previous_address: None,
            importing: false,
        });
        self.origins.resources.insert(
            address,
            ResourceOrigin {
                block: declared.block.clone(),
                trace: made.trace.clone(),
                module: origin,
            },
        );
    }

    fn config_resource(
        &mut self,
        module: &Rc<Instance>,
        declared: &Declared,
        config: u32,
        wanted: Option<&WantedType>,
        trace: &BodyTrace,
    ) {
        let key = (
            declared.mode,
            declared.type_name.clone(),
            declared.name.clone(),
        );
        let known = &self.configuration.modules[config as usize].resources;
        if known.contains_key(&key) {
            return;
        }
        let source = &module.source;
        let block = &declared.block;
        let body = wanted.map_or_else(Body::default, |wanted| {
            body(source, &block.body, trace, &[], &|name| wanted.wants(name))
        });
        let provider = self.provider(module, &provider::wanted(block));
        let id = index(self.configuration.resources.len());
        self.configuration.resources.push(ConfigResource {
            provider,
            body,
            repetition: repetition(source, block),
        });
        self.configuration.modules[config as usize]
            .resources
            .insert(key, id);
    }
}

fn index(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn repetition(source: &crate::module::Module, block: &Block) -> Option<Expression> {
    let attribute = block
        .body
        .attribute("for_each")
        .or_else(|| block.body.attribute("count"))?;
    Some(references::expression(source, &[], &attribute.value))
}

fn module_call(parent: &Instance, block: &Block) -> ModuleCall {
    let source = &parent.source;
    let reserved = [
        "source",
        "version",
        "count",
        "for_each",
        "providers",
        "depends_on",
    ];
    let arguments = block
        .body
        .attributes
        .iter()
        .filter(|argument| !reserved.contains(&&*argument.name))
        .map(|argument| {
            let expression = references::expression(source, &[], &argument.value);
            (argument.name.clone(), expression)
        })
        .filter(|(_, expression)| !matches!(expression, Expression::Constant))
        .collect();
    ModuleCall {
        name: block.label(0).cloned().unwrap_or_else(|| "".into()),
        source: block
            .body
            .attribute("source")
            .and_then(|source| source.value.literal_str())
            .unwrap_or_default()
            .to_owned(),
        arguments,
        repetition: repetition(source, block),
    }
}

type Iterators = [(Arc<str>, Vec<Reference>)];

/// What is written in a body. Dynamic blocks count as often as they were made.
fn body(
    source: &crate::module::Module,
    written: &ast::Body,
    trace: &BodyTrace,
    iterators: &Iterators,
    wanted: &dyn Fn(&str) -> bool,
) -> Body {
    let mut body = Vec::new();
    for attribute in &written.attributes {
        let null = matches!(&attribute.value.bare().kind, ExprKind::Literal(v) if v.is_null());
        if wanted(&attribute.name) && !null {
            let expression = references::expression(source, iterators, &attribute.value);
            body.push((attribute.name.as_ref().into(), expression));
        }
    }
    let mut kinds: Vec<&str> = Vec::new();
    for block in &written.blocks {
        let kind = nested_kind(block);
        if wanted(kind) && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    for kind in kinds {
        let made = trace.blocks.iter().find(|(known, _)| &**known == kind);
        let made = made.map_or(&[][..], |(_, made)| made.as_slice());
        let mut blocks = Vec::new();
        let mut unknown = Vec::new();
        for nested in made {
            let mut inner: Vec<_> = iterators.to_vec();
            if let Some(dynamic) = &nested.dynamic {
                inner.push(iterator(source, iterators, dynamic));
            }
            let written = &nested.block.body;
            blocks.push(self::body(source, written, &nested.inner, &inner, &|_| {
                true
            }));
        }
        if blocks.is_empty() {
            for block in written.blocks.iter().filter(|b| nested_kind(b) == kind) {
                unknown.extend(iterator(source, iterators, block).1);
            }
        }
        let expression = if blocks.is_empty() {
            Expression::References(unknown)
        } else {
            Expression::Blocks(blocks)
        };
        body.push((kind.into(), expression));
    }
    body.shrink_to_fit();
    Body(body)
}

/// The name a dynamic block binds, and what it goes through.
fn iterator(
    source: &crate::module::Module,
    iterators: &Iterators,
    block: &Block,
) -> (Arc<str>, Vec<Reference>) {
    let name = block
        .body
        .attribute("iterator")
        .and_then(|name| name.value.keyword().map(Arc::from))
        .or_else(|| block.label(0).cloned())
        .unwrap_or_else(|| "".into());
    let through = block
        .body
        .attribute("for_each")
        .map_or_else(Vec::new, |for_each| {
            references::references(source, iterators, &for_each.value)
        });
    (name, through)
}
