//! Follows references from an expression to the resource instances behind it.
//!
//! A reference in a plan names a *block*; which *instance* it means depends on
//! where it stands. Inside `module.a["x"]` the name `aws_s3_bucket.b` is that
//! instance's bucket; with `each.key` beside it, the bucket of the same key;
//! `var.bucket` is whatever the calling module passes, `module.m.id` whatever
//! that module gives out. Where the plan does not say enough (an index that is
//! computed, a local value) a target is *possible* rather than certain, or the
//! origin is *opaque*: it may come from anywhere.

use crate::address::InstanceKey;
use crate::config::{Expression, Reference, Subject};
use crate::inventory::{Inventory, ModuleId, Resource, ResourceId};

/// What an expression's value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Resources it refers to, in order, each once.
    pub targets: Vec<Target>,
    /// A part of it cannot be followed.
    pub opaque: bool,
}

/// A resource instance an expression refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The instance.
    pub resource: ResourceId,
    /// Which of its attributes, as far as the reference says.
    pub attribute: String,
    /// Whether it is this instance, or only may be.
    pub certain: bool,
}

/// Deeper chains than this are taken for opaque; Terraform forbids cycles, broken input does not.
const MAX_DEPTH: usize = 32;

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Scope<'a> {
    module: ModuleId,
    /// `each.key` or `count.index`.
    key: Option<&'a InstanceKey>,
    /// The block's `for_each` or `count`.
    repetition: Option<&'a Expression>,
}

/// The origin of an expression in the block of `resource`.
#[must_use]
pub fn of_resource(inventory: &Inventory, resource: &Resource, expression: &Expression) -> Origin {
    let repetition = inventory
        .config_of(resource)
        .and_then(|config| config.repetition.as_ref());
    let scope = Scope {
        module: resource.module,
        key: resource.key.as_ref(),
        repetition,
    };
    let mut origin = Origin::default();
    Tracer {
        inventory,
        origin: &mut origin,
    }
    .expression(expression, scope, 0);
    origin
}

struct Tracer<'a, 'o> {
    inventory: &'a Inventory,
    origin: &'o mut Origin,
}

impl<'a> Tracer<'a, '_> {
    fn expression(&mut self, expression: &'a Expression, scope: Scope<'a>, depth: usize) {
        if depth > MAX_DEPTH {
            self.origin.opaque = true;
            return;
        }
        let references = expression.references();
        // `x[each.key]` leaves two entries, `x` and `each.key`: they belong together.
        let pairs = references
            .iter()
            .any(|r| matches!(r.subject, Subject::EachKey | Subject::CountIndex));
        for reference in references {
            self.reference(reference, scope, pairs, depth);
        }
    }

    fn reference(&mut self, reference: &'a Reference, scope: Scope<'a>, pairs: bool, depth: usize) {
        match &reference.subject {
            Subject::Constant | Subject::EachKey | Subject::CountIndex => {}
            Subject::Local(_) => self.origin.opaque = true,
            Subject::Variable(name) => self.variable(name, scope.module, depth),
            Subject::EachValue => self.each_value(&reference.rest, scope, depth),
            Subject::Resource {
                mode,
                type_name,
                name,
                key,
            } => {
                let block = (*mode, type_name.clone(), name.clone());
                let config = self
                    .inventory
                    .config_module(scope.module)
                    .and_then(|m| m.resources.get(&block));
                let Some(config) = config else { return };
                let instances = self.inventory.instances(scope.module, *config);
                self.choose(
                    instances,
                    key.as_ref(),
                    scope.key.filter(|_| pairs),
                    &reference.rest,
                );
            }
            Subject::Module { name, key, output } => {
                let instances = self.inventory.module_instances(scope.module, name);
                self.outputs(
                    instances,
                    key.as_ref(),
                    scope.key.filter(|_| pairs),
                    output.as_deref(),
                    depth,
                );
            }
        }
    }

    /// Takes from `instances` the one with the written key, else the one with
    /// the same key as ours, else the only one; failing that, all are possible.
    fn choose(
        &mut self,
        instances: &[ResourceId],
        written: Option<&InstanceKey>,
        ours: Option<&InstanceKey>,
        attribute: &str,
    ) {
        let key_of = |id: &&ResourceId| self.inventory.resource(**id).key.as_ref();
        let chosen = match (written, ours) {
            (Some(key), _) => instances.iter().find(|id| key_of(id) == Some(key)),
            (None, Some(key)) => instances.iter().find(|id| key_of(id) == Some(key)),
            (None, None) => None,
        };
        match (chosen, instances) {
            (Some(id), _) | (None, [id]) => self.target(*id, attribute, true),
            (None, many) if written.is_none() => {
                for id in many {
                    self.target(*id, attribute, false);
                }
            }
            _ => {}
        }
    }

    fn target(&mut self, resource: ResourceId, attribute: &str, certain: bool) {
        if let Some(known) = self
            .origin
            .targets
            .iter_mut()
            .find(|t| t.resource == resource)
        {
            known.certain |= certain;
            return;
        }
        self.origin.targets.push(Target {
            resource,
            attribute: attribute.to_owned(),
            certain,
        });
    }

    /// A variable is what the call passes; the root's variables are always known.
    fn variable(&mut self, name: &str, module: ModuleId, depth: usize) {
        let inventory = self.inventory;
        let instance = inventory.module(module);
        let (Some(parent), Some(call)) = (instance.parent, inventory.call_of(module)) else {
            return;
        };
        let Some(argument) = call.arguments.get(name) else {
            return;
        };
        let scope = Scope {
            module: parent,
            key: instance.key.as_ref(),
            repetition: call.repetition.as_ref(),
        };
        self.expression(argument, scope, depth + 1);
    }

    /// `each.value`: the element of `for_each` with our key.
    fn each_value(&mut self, rest: &str, scope: Scope<'a>, depth: usize) {
        let Some(repetition) = scope.repetition else {
            self.origin.opaque = true;
            return;
        };
        let references = repetition.references();
        let [reference] = references.as_slice() else {
            // None: a map of constants, whose values are known. Several: a map
            // written out, of which our element is one, but not shown which.
            for reference in references {
                let mut inner = Origin::default();
                Tracer {
                    inventory: self.inventory,
                    origin: &mut inner,
                }
                .reference(reference, scope, false, depth + 1);
                self.origin.opaque |= inner.opaque;
                for target in inner.targets {
                    self.target(target.resource, &target.attribute, false);
                }
            }
            return;
        };
        match &reference.subject {
            Subject::Resource {
                mode,
                type_name,
                name,
                key: None,
            } => {
                let block = (*mode, type_name.clone(), name.clone());
                let config = self
                    .inventory
                    .config_module(scope.module)
                    .and_then(|m| m.resources.get(&block));
                let instances = config.map_or(&[][..], |config| {
                    self.inventory.instances(scope.module, *config)
                });
                self.choose(instances, None, scope.key, rest);
            }
            Subject::Module {
                name,
                key: None,
                output: None,
            } => {
                let output = rest
                    .split(['.', '['])
                    .next()
                    .filter(|name| !name.is_empty());
                let instances = self.inventory.module_instances(scope.module, name);
                self.outputs(instances, None, scope.key, output, depth);
            }
            Subject::Module {
                name,
                key,
                output: Some(output),
            } => {
                let instances = self.inventory.module_instances(scope.module, name);
                self.keyed_output(instances, key.as_ref(), output, scope.key, depth);
            }
            Subject::Variable(name) => self.variable_element(name, scope, depth),
            _ => self.origin.opaque = true,
        }
    }

    /// `for_each = var.buckets`: the caller's map, element of our key.
    fn variable_element(&mut self, name: &str, scope: Scope<'a>, depth: usize) {
        let inventory = self.inventory;
        let instance = inventory.module(scope.module);
        let (Some(parent), Some(call)) = (instance.parent, inventory.call_of(scope.module)) else {
            return;
        };
        let Some(argument) = call.arguments.get(name) else {
            return;
        };
        let outer = Scope {
            module: parent,
            key: scope.key,
            repetition: call.repetition.as_ref(),
        };
        match argument.references().as_slice() {
            [] => {}
            [only] if depth < MAX_DEPTH => self.reference(only, outer, true, depth + 1),
            _ => self.origin.opaque = true,
        }
    }

    /// An output that is a map: its elements pair with our key.
    fn keyed_output(
        &mut self,
        instances: &'a [ModuleId],
        written: Option<&InstanceKey>,
        output: &str,
        ours: Option<&'a InstanceKey>,
        depth: usize,
    ) {
        let inventory = self.inventory;
        for id in self.pick(instances, written, None) {
            let Some(expression) = inventory
                .config_module(id)
                .and_then(|m| m.outputs.get(output))
            else {
                continue;
            };
            let scope = Scope {
                module: id,
                key: ours,
                repetition: None,
            };
            for reference in expression.references() {
                if depth < MAX_DEPTH {
                    self.reference(reference, scope, true, depth + 1);
                }
            }
        }
    }

    /// An output of one or more instances of a module.
    fn outputs(
        &mut self,
        instances: &'a [ModuleId],
        written: Option<&InstanceKey>,
        ours: Option<&InstanceKey>,
        output: Option<&str>,
        depth: usize,
    ) {
        let inventory = self.inventory;
        let picked = self.pick(instances, written, ours);
        let certain = picked.len() == 1 && output.is_some();
        for id in picked {
            let Some(module) = inventory.config_module(id) else {
                self.origin.opaque = true;
                continue;
            };
            let scope = Scope {
                module: id,
                key: None,
                repetition: None,
            };
            let mut inner = Origin::default();
            let mut tracer = Tracer {
                inventory,
                origin: &mut inner,
            };
            match output {
                Some(name) => {
                    if let Some(expression) = module.outputs.get(name) {
                        tracer.expression(expression, scope, depth + 1);
                    }
                }
                // Terraform dropped the output's name: it may be any of them.
                None => {
                    let mut names: Vec<_> = module.outputs.keys().collect();
                    names.sort_unstable();
                    for name in names {
                        tracer.expression(&module.outputs[name], scope, depth + 1);
                    }
                }
            }
            self.merge(
                inner,
                certain,
                instances.len() == 1 || written.is_some() || ours.is_some(),
            );
        }
    }

    /// Adds what outputs led to. Without the output's name a target is certain
    /// only if nothing else of its type is given out.
    fn merge(&mut self, inner: Origin, certain: bool, one_instance: bool) {
        self.origin.opaque |= inner.opaque;
        let type_of = |target: &Target| &self.inventory.resource(target.resource).type_name;
        let alone: Vec<bool> = inner
            .targets
            .iter()
            .map(|target| {
                inner
                    .targets
                    .iter()
                    .filter(|other| type_of(other) == type_of(target))
                    .count()
                    == 1
            })
            .collect();
        for (target, alone) in inner.targets.into_iter().zip(alone) {
            let sure = target.certain && (certain || (alone && one_instance));
            self.target(target.resource, &target.attribute, sure);
        }
    }

    fn pick(
        &self,
        instances: &'a [ModuleId],
        written: Option<&InstanceKey>,
        ours: Option<&InstanceKey>,
    ) -> Vec<ModuleId> {
        let with = |key: &InstanceKey| {
            instances
                .iter()
                .find(|id| self.inventory.module(**id).key.as_ref() == Some(key))
        };
        match (written, ours) {
            (Some(key), _) => with(key).copied().into_iter().collect(),
            (None, Some(key)) => with(key).map_or_else(|| instances.to_vec(), |id| vec![*id]),
            (None, None) => instances.to_vec(),
        }
    }
}
