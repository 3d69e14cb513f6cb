//! Decides which unknown values of a plan were in fact never set.
//!
//! Terraform marks every Optional+Computed attribute nobody wrote as unknown;
//! the configuration tells them from those that wait for another resource.
//! Three rules, all seen in real plans:
//!
//! 1. Nobody wrote it: absent. (Set by the provider alone, like `id`: unknown.)
//! 2. It is written, and all the expression refers to is known (variables,
//!    `each.key`, constants of the call): the expression gave `null`, so it is absent.
//! 3. A block that nobody wrote is absent if the provider fills such blocks by
//!    itself; any other block can only be unknown through a `dynamic` block,
//!    which a plan does not show: unknown.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use abide_schema::{Block, Member, ProviderSchema};

use crate::address::Mode;
use crate::attribute::Step;
use crate::config::{Body, Expression, Reference, Subject, Written, written};
use crate::inventory::{Inventory, Resource};
use crate::provenance;
use crate::value::{Object, Value};

/// Blocks that show as unknown although nobody wrote them, measured by planning
/// a bare resource of each type (`scripts/measure-computed-blocks`).
static COMPUTED_BLOCKS: LazyLock<FxHashSet<(&str, &str)>> = LazyLock::new(|| {
    let lines = include_str!("../../data/computed_blocks.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .collect()
});

/// Whether the AWS provider fills such blocks of a resource type by itself when nobody wrote one.
#[must_use]
pub fn fills_block(type_name: &str, block: &str) -> bool {
    COMPUTED_BLOCKS.contains(&(type_name, block))
}

/// Takes absent values out of all resources.
pub(super) fn unknowns(inventory: &mut Inventory) {
    let decided: Vec<(usize, Vec<Vec<Step>>)> = (0..inventory.resources.len())
        .filter_map(|at| {
            let absent = absent_in(inventory, &inventory.resources[at]);
            (!absent.is_empty()).then_some((at, absent))
        })
        .collect();
    for (at, paths) in decided {
        for path in paths {
            remove(&mut inventory.resources[at].values, &path);
        }
    }
}

/// Paths of values that are absent.
fn absent_in(inventory: &Inventory, resource: &Resource) -> Vec<Vec<Step>> {
    let Some(config) = inventory.config_of(resource) else {
        return Vec::new();
    };
    let mut settler = Settler {
        inventory,
        resource,
        body: &config.body,
        block: None,
        absent: Vec::new(),
    };
    settler.object(&resource.values, &mut Vec::new());
    settler.absent
}

struct Settler<'a> {
    inventory: &'a Inventory,
    resource: &'a Resource,
    body: &'a Body,
    /// The type's schema, looked up when first needed.
    block: Option<Option<Block>>,
    absent: Vec<Vec<Step>>,
}

impl Settler<'_> {
    fn object(&mut self, object: &Object, path: &mut Vec<Step>) {
        for (name, value) in object.iter() {
            if matches!(value, Value::Unknown | Value::List(_) | Value::Object(_)) {
                path.push(Step::Name(name.into()));
                self.value(value, path);
                path.pop();
            }
        }
    }

    fn value(&mut self, value: &Value, path: &mut Vec<Step>) {
        match value {
            Value::Unknown if self.is_absent(path) => self.absent.push(path.clone()),
            Value::Object(object) => self.object(object, path),
            Value::List(list) => {
                for (index, value) in list.iter().enumerate() {
                    path.push(Step::Index(index));
                    self.value(value, path);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn is_absent(&mut self, path: &[Step]) -> bool {
        let top = match path {
            [Step::Name(name)] => Some(name.as_str()),
            _ => None,
        };
        match written(self.body, path) {
            Written::Hidden => false,
            Written::Absent => top.is_none_or(|name| self.is_left_to_provider(name)),
            Written::By(expression) => {
                !matches!(path.last(), Some(Step::Index(_))) && self.gave_null(expression)
            }
        }
    }

    /// Whether an attribute that nobody wrote is one that somebody could write.
    fn is_left_to_provider(&mut self, name: &str) -> bool {
        let schema = ProviderSchema::aws();
        let resource = self.resource;
        let block = self.block.get_or_insert_with(|| match resource.mode {
            Mode::Managed => schema.resource(&resource.type_name),
            Mode::Data => schema.data_source(&resource.type_name),
        });
        match block.and_then(|block| block.member(name)) {
            Some(Member::Attribute(attribute)) => attribute.optional && attribute.computed,
            Some(Member::Block(_)) => {
                resource.mode == Mode::Managed && fills_block(&resource.type_name, name)
            }
            None => !matches!(name, "id" | "arn"),
        }
    }

    /// Whether an expression whose value is unknown can only have given `null`:
    /// nothing it refers to is unknown.
    fn gave_null(&self, expression: &Expression) -> bool {
        // A constant is known, unless it is `null`.
        if matches!(expression, Expression::Constant) {
            return true;
        }
        // Without references it is a function like `uuid()`, whose value comes later.
        let references = expression.references();
        let waits = |reference: &&Reference| {
            matches!(
                reference.subject,
                Subject::Resource { .. } | Subject::Module { .. } | Subject::Local(_)
            )
        };
        if references.is_empty() || references.iter().any(waits) {
            return false;
        }
        let origin = provenance::of_resource(self.inventory, self.resource, expression);
        origin.targets.is_empty() && !origin.opaque
    }
}

fn remove(object: &mut Object, path: &[Step]) {
    match path {
        [Step::Name(name)] => {
            object.remove(name);
        }
        [Step::Name(name), rest @ ..] => {
            if let Some(value) = object.get_mut(name) {
                remove_inside(value, rest);
            }
        }
        _ => {}
    }
}

fn remove_inside(value: &mut Value, path: &[Step]) {
    match (value, path) {
        (Value::Object(object), path) => remove(object, path),
        (Value::List(list), [Step::Index(index)]) => {
            if let Some(slot) = list.get_mut(*index) {
                *slot = Value::Null;
            }
        }
        (Value::List(list), [Step::Index(index), rest @ ..]) => {
            if let Some(value) = list.get_mut(*index) {
                remove_inside(value, rest);
            }
        }
        _ => {}
    }
}
