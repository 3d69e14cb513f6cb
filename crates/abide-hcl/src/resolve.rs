//! References: `var.x`, `aws_s3_bucket.b.id`, `module.m[0].out`.

use std::rc::Rc;
use std::sync::Arc;

use abide_core::address::{InstanceKey, Mode};

use crate::ast::{Expr, ExprKind, Step};
use crate::eval::Scope;
use crate::fail::{Evaluated, Fail, REFERENCE};
use crate::instance::Instance;
use crate::repetition::Repetition;
use crate::types;
use crate::value::{Map, Val};
use crate::world::World;

impl World<'_> {
    /// The value of a name or other expression with what follows it.
    pub(crate) fn traversal(&self, base: &Expr, steps: &[Step], scope: Scope<'_>) -> Evaluated {
        let ExprKind::Name(name) = &base.kind else {
            let value = self.eval(base, scope)?;
            return self.steps(value, steps, scope);
        };
        if let Some(value) = scope.get(name) {
            return self.steps(value.clone(), steps, scope);
        }
        let Some(module) = scope.module else {
            return Err(Fail::new(
                REFERENCE,
                format!(
                    "`{name}` cannot be referred to here: only constants and functions can be used"
                ),
            ));
        };
        let (value, used) = self.reference(module, name, steps, scope)?;
        self.steps(value, steps.get(used..).unwrap_or_default(), scope)
    }

    /// The value behind the first steps of a reference, and how many those are.
    fn reference(
        &self,
        module: &Rc<Instance>,
        name: &str,
        steps: &[Step],
        scope: Scope<'_>,
    ) -> Result<(Val, usize), Box<Fail>> {
        let first = || {
            attribute(steps, 0)
                .ok_or_else(|| Fail::new(REFERENCE, format!("`{name}` needs a name after it")))
        };
        match name {
            "var" => Ok((self.variable(module, first()?)?, 1)),
            "local" => Ok((self.local(module, first()?)?, 1)),
            "path" => Ok((self.path(module, first()?)?, 1)),
            "terraform" | "tofu" => match &**first()? {
                "workspace" => Ok((Val::string(self.options.workspace.as_str()), 1)),
                _ => Ok((Val::UNKNOWN, 1)),
            },
            "module" => self.module_reference(module, first()?, steps, scope),
            "data" => self.resource_reference(module, Mode::Data, first()?, &steps[1..], scope, 1),
            "each" | "count" => Err(Fail::new(
                REFERENCE,
                format!("`{name}` has a value only in a block that is repeated"),
            )),
            "self" | "ephemeral" => Ok((Val::UNKNOWN, steps.len())),
            type_name => {
                first()?;
                self.resource_reference(module, Mode::Managed, &type_name.into(), steps, scope, 0)
            }
        }
    }

    fn path(&self, module: &Instance, name: &str) -> Evaluated {
        match name {
            "root" => Ok(Val::string(".")),
            "module" => {
                let dir = module
                    .source
                    .dir
                    .strip_prefix(&self.root)
                    .unwrap_or(&module.source.dir);
                let text = dir.to_string_lossy().replace('\\', "/");
                Ok(Val::string(if text.is_empty() { "." } else { &*text }))
            }
            // Where Terraform will be run is not known here.
            "cwd" => Ok(Val::UNKNOWN),
            _ => Err(Fail::new(REFERENCE, format!("there is no `path.{name}`"))),
        }
    }

    fn module_reference(
        &self,
        module: &Rc<Instance>,
        call: &Arc<str>,
        steps: &[Step],
        scope: Scope<'_>,
    ) -> Result<(Val, usize), Box<Fail>> {
        let Some(children) = self.children(module, call)? else {
            return Ok((Val::UNKNOWN, steps.len()));
        };
        let keyed = children.first().is_none_or(|c| {
            c.call
                .as_ref()
                .is_some_and(|call| call.repetition.bound.is_some())
        });
        if !keyed && let [child] = children.as_slice() {
            return Ok(match attribute(steps, 1) {
                Some(output) => (self.output(child, output)?, 2),
                None => (self.outputs(child)?, 1),
            });
        }
        let repetition = |child: &Rc<Instance>| child.call.as_ref().map(|c| c.repetition.clone());
        let repetitions: Vec<Repetition> = children.iter().filter_map(repetition).collect();
        if !repetitions.iter().all(|r| r.certain) {
            return Ok((Val::UNKNOWN, steps.len()));
        }
        if let Some(Step::Index(index)) = steps.get(1) {
            let index = self.eval(index, scope)?;
            let Some(at) = self.position(&repetitions, &index)? else {
                return Ok((Val::UNKNOWN, steps.len()));
            };
            let child = &children[at];
            return Ok(match attribute(steps, 2) {
                Some(output) => (self.output(child, output)?, 3),
                None => (self.outputs(child)?, 2),
            });
        }
        let values = children
            .iter()
            .map(|child| self.outputs(child))
            .collect::<Result<_, _>>()?;
        let block = &module.source.calls[call];
        Ok((
            collected(
                &repetitions,
                values,
                block.body.attribute("count").is_some(),
            ),
            1,
        ))
    }

    /// All outputs of a module as one object.
    fn outputs(&self, child: &Rc<Instance>) -> Evaluated {
        child
            .source
            .outputs
            .keys()
            .map(|name| Ok((name.clone(), self.output(child, name)?)))
            .collect::<Result<Map, _>>()
            .map(Val::map)
    }

    fn resource_reference(
        &self,
        module: &Rc<Instance>,
        mode: Mode,
        type_name: &Arc<str>,
        steps: &[Step],
        scope: Scope<'_>,
        before: usize,
    ) -> Result<(Val, usize), Box<Fail>> {
        let dotted = if mode == Mode::Data { "data." } else { "" };
        let Some(name) = attribute(steps, 0) else {
            return Err(Fail::new(
                REFERENCE,
                format!("`{dotted}{type_name}` needs the name of a block after it"),
            ));
        };
        let Some(resource) = module.source.resource(mode, type_name, name) else {
            return Err(Fail::new(
                REFERENCE,
                format!("`{dotted}{type_name}.{name}` is not declared"),
            ));
        };
        let block = &module.source.resources[resource].block;
        let repetitions = self.repetitions(module, block)?;
        let made = |at: usize| {
            self.made(module, resource, (at, &repetitions[at]))
                .map(|made| made.value.clone())
        };
        if let [single] = repetitions.as_slice()
            && single.bound.is_none()
        {
            return Ok((made(0)?, before + 1));
        }
        if !repetitions.iter().all(|r| r.certain) {
            return Ok((Val::UNKNOWN, before + steps.len()));
        }
        if let Some(Step::Index(index)) = steps.get(1) {
            let index = self.eval(index, scope)?;
            return Ok(match self.position(&repetitions, &index)? {
                Some(at) => (made(at)?.marked(index.sensitive), before + 2),
                None => (Val::UNKNOWN, before + steps.len()),
            });
        }
        let values = (0..repetitions.len()).map(made).collect::<Result<_, _>>()?;
        let counted = block.body.attribute("count").is_some();
        Ok((collected(&repetitions, values, counted), before + 1))
    }

    /// Which instance an index means; `None` if the index is unknown.
    fn position(
        &self,
        repetitions: &[Repetition],
        index: &Val,
    ) -> Result<Option<usize>, Box<Fail>> {
        let text = types::to_text(index).map_err(|message| Fail::new(REFERENCE, message))?;
        let Some(text) = text else { return Ok(None) };
        repetitions
            .iter()
            .position(|repetition| match &repetition.key {
                Some(InstanceKey::Name(name)) => *name == text,
                Some(InstanceKey::Index(index)) => text.parse() == Ok(*index),
                None => false,
            })
            .map(Some)
            .ok_or_else(|| Fail::new(REFERENCE, "there is no instance with this key"))
    }
}

/// Instances as the list or map they are together.
fn collected(repetitions: &[Repetition], values: Vec<Val>, counted: bool) -> Val {
    if counted {
        return Val::list(values);
    }
    Val::map(
        repetitions
            .iter()
            .zip(values)
            .filter_map(|(repetition, value)| match &repetition.key {
                Some(InstanceKey::Name(name)) => Some((name.clone(), value)),
                _ => None,
            })
            .collect(),
    )
}

fn attribute(steps: &[Step], at: usize) -> Option<&Arc<str>> {
    match steps.get(at) {
        Some(Step::Get(name)) => Some(name),
        // `x["name"]` is `x.name`.
        _ => None,
    }
}
