//! Provider configurations: which one a resource has, and what it says.

use std::rc::Rc;
use std::sync::Arc;

use abide_core::inventory::Provider;
use abide_core::value::Object;

use crate::ast::{Block, ExprKind, Step};
use crate::eval::Scope;
use crate::instance::Instance;
use crate::module::{Module, alias};
use crate::output;
use crate::value::{Kind, Map, Val};
use crate::world::World;

/// A provider configuration a resource ends up with.
pub(crate) struct Found {
    /// The key a plan names it by: `aws`, `aws.west`, `module.a:aws`.
    pub(crate) key: String,
    /// The block and the module instance it stands in, if it is written.
    pub(crate) block: Option<(Rc<Instance>, Arc<Block>)>,
}

/// The provider a block asks for: `aws.west`, or the one its type begins with.
pub(crate) fn wanted(block: &Block) -> String {
    if let Some(attribute) = block.body.attribute("provider") {
        if let Some(name) = reference(&attribute.value.bare().kind) {
            return name;
        }
        if let Some(name) = attribute.value.literal_str() {
            return name.to_owned();
        }
    }
    let type_name = block.label(0).map_or("", |label| label);
    type_name.split('_').next().unwrap_or_default().to_owned()
}

fn reference(kind: &ExprKind) -> Option<String> {
    match kind {
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Traversal(base, steps) => match (&base.kind, steps.first()) {
            (ExprKind::Name(name), Some(Step::Get(alias))) => Some(format!("{name}.{alias}")),
            _ => None,
        },
        _ => None,
    }
}

/// Follows a provider's name from a module to where it is configured.
pub(crate) fn find(module: &Rc<Instance>, name: &str) -> Found {
    let mut module = module.clone();
    let mut name = name.to_owned();
    loop {
        let (kind, wanted) = match name.split_once('.') {
            Some((kind, wanted)) => (kind, Some(wanted)),
            None => (name.as_str(), None),
        };
        let block = module
            .source
            .providers
            .iter()
            .find(|p| p.label(0).is_some_and(|label| &**label == kind) && alias(p) == wanted)
            .cloned();
        if let Some(block) = block {
            return Found {
                key: key(&module, &name),
                block: Some((module, block)),
            };
        }
        let Some(call) = &module.call else {
            return Found {
                key: name,
                block: None,
            };
        };
        match passed(&call.block, &name) {
            Some(outer) => name = outer,
            // Only the default configuration is inherited without being passed.
            None if wanted.is_none() => {}
            None => {
                return Found {
                    key: key(&module, &name),
                    block: None,
                };
            }
        }
        let parent = call.parent.clone();
        module = parent;
    }
}

fn key(module: &Instance, name: &str) -> String {
    if module.path.is_empty() {
        return name.to_owned();
    }
    let steps: Vec<String> = module
        .path
        .split('.')
        .map(|step| format!("module.{step}"))
        .collect();
    format!("{}:{name}", steps.join("."))
}

/// What the call's `providers = { … }` passes under a name.
fn passed(call: &Block, name: &str) -> Option<String> {
    let ExprKind::Object(items) = &call.body.attribute("providers")?.value.bare().kind else {
        return None;
    };
    items.iter().find_map(|item| {
        let key = match &item.key {
            crate::ast::Key::Name(key) => key.to_string(),
            crate::ast::Key::Computed(key) => {
                reference(&key.bare().kind).or_else(|| key.literal_str().map(ToOwned::to_owned))?
            }
        };
        (key == name).then(|| reference(&item.value.bare().kind))?
    })
}

/// `hashicorp/aws` and the version constraint, from `required_providers`.
fn requirement(module: &Module, name: &str) -> (Option<String>, Option<String>) {
    for block in module
        .terraform
        .iter()
        .flat_map(|t| t.body.blocks_of("required_providers"))
    {
        let Some(attribute) = block.body.attribute(name) else {
            continue;
        };
        let value = &attribute.value;
        if let Some(version) = value.literal_str() {
            return (None, Some(version.to_owned()));
        }
        if let ExprKind::Object(items) = &value.bare().kind {
            let text = |wanted: &str| {
                items.iter().find_map(|item| match &item.key {
                    crate::ast::Key::Name(key) if &**key == wanted => {
                        item.value.literal_str().map(ToOwned::to_owned)
                    }
                    _ => None,
                })
            };
            return (text("source"), text("version"));
        }
    }
    (None, None)
}

impl World<'_> {
    /// What a provider configuration says.
    pub(crate) fn provider(&self, found: &Found) -> Provider {
        let name = found.key.rsplit(':').next().unwrap_or_default();
        let (kind, alias) = match name.split_once('.') {
            Some((kind, alias)) => (kind, Some(alias.to_owned())),
            None => (name, None),
        };
        let mut provider = Provider {
            key: found.key.as_str().into(),
            alias,
            ..Provider::default()
        };
        let mut source = None;
        if let Some((module, block)) = &found.block {
            let (written, version) = requirement(&module.source, kind);
            source = written;
            provider.version_constraint = version;
            self.describe(module, block, &mut provider);
        }
        let source = source.unwrap_or_else(|| format!("hashicorp/{kind}"));
        provider.full_name = match source.matches('/').count() {
            2.. => source,
            1 => format!("registry.terraform.io/{source}"),
            _ => format!("registry.terraform.io/hashicorp/{source}"),
        };
        provider
    }

    fn describe(&self, module: &Rc<Instance>, block: &Block, provider: &mut Provider) {
        let known = |value: Val| match (&value.kind, value.has_secret()) {
            (Kind::String(text), false) => Some(text.to_string()),
            _ => None,
        };
        let value = |block: &Block, name: &str| {
            let attribute = block.body.attribute(name)?;
            self.eval(&attribute.value, Scope::in_module(module, attribute.file))
                .ok()
        };
        provider.region = value(block, "region").and_then(known);
        let ids = value(block, "allowed_account_ids");
        provider.account = ids
            .and_then(|ids| ids.elements()?.first().cloned())
            .and_then(known)
            .or_else(|| {
                let role = block.body.blocks_of("assume_role").next()?;
                let arn = value(role, "role_arn").and_then(known)?;
                arn.split(':').nth(4).map(ToOwned::to_owned)
            });
        if let Some(tags) = self
            .default_tags(module, block)
            .and_then(|t| t.entries().cloned())
        {
            provider.default_tags = output::object(&tags, &self.options.key, |_| true);
        } else {
            provider.default_tags = Object::default();
        }
    }

    /// The tags a provider gives to all its resources.
    fn default_tags(&self, module: &Rc<Instance>, block: &Block) -> Option<Val> {
        let tags = block.body.blocks_of("default_tags").next()?;
        let attribute = tags.body.attribute("tags")?;
        let value = self.eval(&attribute.value, Scope::in_module(module, attribute.file));
        Some(crate::schema::convert_map_of_strings(
            value.unwrap_or(Val::UNKNOWN),
        ))
    }

    /// Adds `tags_all`, as the provider does while planning.
    pub(crate) fn add_all_tags(&self, module: &Rc<Instance>, block: &Block, map: &mut Map) {
        if map.contains_key("tags_all") {
            return;
        }
        let found = find(module, &wanted(block));
        let defaults = found
            .block
            .and_then(|(module, block)| self.default_tags(&module, &block));
        let mut all = Map::new();
        let mut sensitive = false;
        let mut complete = true;
        for tags in [defaults, map.get("tags").cloned()].into_iter().flatten() {
            sensitive |= tags.sensitive;
            match &tags.kind {
                Kind::Null => {}
                Kind::Map(tags) => {
                    all.extend(tags.iter().map(|(key, value)| (key.clone(), value.clone())));
                }
                Kind::Open(tags) => {
                    complete = false;
                    all.extend(tags.iter().map(|(key, value)| (key.clone(), value.clone())));
                }
                _ => {
                    map.insert("tags_all".into(), Val::UNKNOWN);
                    return;
                }
            }
        }
        // Empty tags make the provider wait for apply.
        let empty = |value: &Val| value.is_null() || value.as_str() == Some("");
        if all.is_empty() || all.values().any(empty) {
            return;
        }
        let all = if complete {
            Val::map(all)
        } else {
            Val::open(all)
        };
        map.insert("tags_all".into(), all.marked(sensitive));
    }
}
