//! What the files of one module directory declare, overrides merged in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use abide_core::address::Mode;

use crate::ast::{Attribute, Block, Body};

/// The blocks of a module by what they declare. Shared by all its instances.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) dir: PathBuf,
    pub(crate) variables: BTreeMap<Arc<str>, Arc<Block>>,
    pub(crate) locals: BTreeMap<Arc<str>, Attribute>,
    pub(crate) outputs: BTreeMap<Arc<str>, Arc<Block>>,
    pub(crate) resources: Vec<Declared>,
    by_name: BTreeMap<(Mode, Arc<str>, Arc<str>), usize>,
    pub(crate) calls: BTreeMap<Arc<str>, Arc<Block>>,
    pub(crate) providers: Vec<Arc<Block>>,
    pub(crate) terraform: Vec<Arc<Block>>,
    pub(crate) moved: Vec<Arc<Block>>,
    pub(crate) imports: Vec<Arc<Block>>,
}

/// A `resource` or `data` block.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) mode: Mode,
    pub(crate) type_name: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) block: Arc<Block>,
}

/// Something declared twice, or a block that is none of Terraform's.
pub(crate) struct Oddity {
    pub(crate) message: String,
    pub(crate) block: Arc<Block>,
}

impl Module {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            ..Self::default()
        }
    }

    pub(crate) fn resource(&self, mode: Mode, type_name: &str, name: &str) -> Option<usize> {
        self.by_name
            .get(&(mode, type_name.into(), name.into()))
            .copied()
    }

    /// Adds the content of a file.
    pub(crate) fn add(&mut self, body: Body, odd: &mut Vec<Oddity>) {
        for block in body.blocks {
            self.add_block(block, odd);
        }
    }

    fn add_block(&mut self, block: Arc<Block>, odd: &mut Vec<Oddity>) {
        let labels = expected_labels(&block.kind);
        if labels.is_some_and(|labels| block.labels.len() != labels) {
            odd.push(Oddity {
                message: format!(
                    "a `{}` block needs {} labels, here are {}",
                    block.kind,
                    labels.unwrap_or_default(),
                    block.labels.len()
                ),
                block,
            });
            return;
        }
        let name = block.label(0).cloned().unwrap_or_else(|| "".into());
        let old = match &*block.kind {
            "variable" => self.variables.insert(name, block.clone()),
            "output" => self.outputs.insert(name, block.clone()),
            "module" => self.calls.insert(name, block.clone()),
            "resource" => self.add_resource(Mode::Managed, &block),
            "data" => self.add_resource(Mode::Data, &block),
            "locals" => {
                for local in &block.body.attributes {
                    self.locals.insert(local.name.clone(), local.clone());
                }
                None
            }
            "provider" => {
                self.providers.push(block.clone());
                None
            }
            "terraform" => {
                self.terraform.push(block.clone());
                None
            }
            "moved" => {
                self.moved.push(block.clone());
                None
            }
            "import" => {
                self.imports.push(block.clone());
                None
            }
            // Nothing in these makes or changes a resource.
            _ => None,
        };
        if old.is_some() {
            odd.push(Oddity {
                message: format!("{} is declared twice", title(&block)),
                block,
            });
        }
    }

    fn add_resource(&mut self, mode: Mode, block: &Arc<Block>) -> Option<Arc<Block>> {
        let (type_name, name) = (block.label(0)?.clone(), block.label(1)?.clone());
        let declared = Declared {
            mode,
            type_name: type_name.clone(),
            name: name.clone(),
            block: block.clone(),
        };
        match self.by_name.get(&(mode, type_name.clone(), name.clone())) {
            Some(at) => {
                let old = std::mem::replace(&mut self.resources[*at], declared);
                Some(old.block)
            }
            None => {
                self.by_name
                    .insert((mode, type_name, name), self.resources.len());
                self.resources.push(declared);
                None
            }
        }
    }

    /// Merges the content of an override file into what is declared.
    pub(crate) fn override_with(&mut self, body: Body, odd: &mut Vec<Oddity>) {
        for block in body.blocks {
            let name = block.label(0).map_or("", |label| label);
            let base = match &*block.kind {
                "variable" => self.variables.get_mut(name),
                "output" => self.outputs.get_mut(name),
                "module" => self.calls.get_mut(name),
                "resource" | "data" => self.declared_mut(&block),
                "provider" => {
                    let alias = alias(&block);
                    self.providers
                        .iter_mut()
                        .find(|p| p.label(0) == block.label(0) && self::alias(p) == alias)
                }
                _ => None,
            };
            match base {
                Some(base) => *base = Arc::new(merged(base, &block)),
                None => self.add_block(block, odd),
            }
        }
    }

    fn declared_mut(&mut self, block: &Block) -> Option<&mut Arc<Block>> {
        let mode = if &*block.kind == "data" {
            Mode::Data
        } else {
            Mode::Managed
        };
        let at = self.resource(mode, block.label(0)?, block.label(1)?)?;
        self.resources
            .get_mut(at)
            .map(|declared| &mut declared.block)
    }
}

/// What a block is called in messages: `resource "aws_s3_bucket" "b"`.
pub(crate) fn title(block: &Block) -> String {
    let mut title = block.kind.to_string();
    for label in &block.labels {
        title.push_str(" \"");
        title.extend(label.escape_debug().take(100));
        title.push('"');
    }
    title
}

pub(crate) fn alias(provider: &Block) -> Option<&str> {
    provider.body.attribute("alias")?.value.literal_str()
}

fn expected_labels(kind: &str) -> Option<usize> {
    match kind {
        "resource" | "data" => Some(2),
        "variable" | "output" | "module" | "provider" => Some(1),
        _ => None,
    }
}

/// Attributes of the override win; its nested blocks replace those of the same kind.
fn merged(base: &Block, over: &Block) -> Block {
    let mut attributes: Vec<Attribute> = base.body.attributes.clone();
    for attribute in &over.body.attributes {
        match attributes.iter_mut().find(|a| a.name == attribute.name) {
            Some(old) => *old = attribute.clone(),
            None => attributes.push(attribute.clone()),
        }
    }
    let replaced: Vec<&str> = over.body.blocks.iter().map(|b| nested_kind(b)).collect();
    let mut blocks: Vec<Arc<Block>> = base
        .body
        .blocks
        .iter()
        .filter(|block| !replaced.contains(&nested_kind(block)))
        .cloned()
        .collect();
    blocks.extend(over.body.blocks.iter().cloned());
    Block {
        kind: base.kind.clone(),
        labels: base.labels.clone(),
        file: base.file,
        header: base.header,
        span: base.span,
        body: Body { attributes, blocks },
    }
}

/// The kind of block a nested block makes: `dynamic "ingress"` makes `ingress`.
pub(crate) fn nested_kind(block: &Block) -> &str {
    match block.label(0) {
        Some(label) if &*block.kind == "dynamic" => label,
        _ => &block.kind,
    }
}
