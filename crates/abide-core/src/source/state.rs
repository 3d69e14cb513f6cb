//! States: `terraform show -json` of one, and the state file itself. Everything in them is known.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::change::{Key, mode};
use super::plan::{WalkError, mentions_true};
use super::redact::Redactor;
use super::sections::{Handler, Want};
use super::{LoadOptions, WantedType, values};
use crate::address::{InstanceKey, Mode};
use crate::inventory::{Action, InventoryBuilder, NewResource};
use crate::value::{Object, Value};

/// Replaces secrets: what the input marks, and what the provider's schema marks.
pub(super) fn redact(
    object: &mut Object,
    mode: Mode,
    type_name: &str,
    marks: Option<&str>,
    wanted: &WantedType,
    redactor: &mut Redactor,
) -> serde_json::Result<()> {
    if object.is_empty() {
        return Ok(());
    }
    if let Some(json) = marks
        && mentions_true(json)
    {
        match values::whole(json)? {
            // The whole resource is a secret.
            Value::Bool(true) => {
                let all: Vec<String> = object.iter().map(|(name, _)| name.to_owned()).collect();
                all.iter()
                    .for_each(|name| redactor.apply_path(object, &[name]));
            }
            Value::Object(marks) => redactor.apply_marks(object, &marks),
            _ => {}
        }
    }
    for path in redactor.schema_paths(mode, type_name).iter() {
        if path.first().is_some_and(|name| wanted.wants(name)) {
            redactor.apply_path(object, path);
        }
    }
    Ok(())
}

/// Remembers the secrets of a resource, also of attributes and types nobody
/// reads: the same text may stand where somebody does.
pub(super) fn learn(
    json: Option<&str>,
    mode: Mode,
    type_name: &str,
    marks: Option<&str>,
    redactor: &mut Redactor,
) {
    let marked = marks.is_some_and(mentions_true);
    let Some(json) = json.filter(|_| marked || !redactor.schema_paths(mode, type_name).is_empty())
    else {
        return;
    };
    // What is misshapen here is reported by whoever reads it.
    if let Ok(mut object) = values::object(json, WantedType::everything()) {
        let _ = redact(
            &mut object,
            mode,
            type_name,
            marks,
            WantedType::everything(),
            redactor,
        );
    }
}

/// The second pass over a plan that has no `resource_changes`: what will be is
/// in `planned_values`, or, if nothing is planned, what is in `prior_state`.
pub(super) struct Values<'a> {
    builder: &'a mut InventoryBuilder,
    options: &'a LoadOptions,
    redactor: &'a mut Redactor,
    prior: Option<String>,
    /// What is planned is not asked for.
    only_prior: bool,
}

impl<'a> Values<'a> {
    pub(super) fn new(
        builder: &'a mut InventoryBuilder,
        options: &'a LoadOptions,
        redactor: &'a mut Redactor,
    ) -> Self {
        Self {
            builder,
            options,
            redactor,
            prior: None,
            only_prior: false,
        }
    }

    /// Only what is in `prior_state`: what was found when the plan was made.
    pub(super) fn prior(
        builder: &'a mut InventoryBuilder,
        options: &'a LoadOptions,
        redactor: &'a mut Redactor,
    ) -> Self {
        Self {
            only_prior: true,
            ..Self::new(builder, options, redactor)
        }
    }

    /// Falls back to the prior state.
    pub(super) fn finish(self) -> Result<(), WalkError> {
        #[derive(Deserialize)]
        struct Prior<'a> {
            #[serde(borrow)]
            values: Option<&'a RawValue>,
        }
        let Some(text) = self
            .prior
            .filter(|_| self.builder.inventory().resources.is_empty())
        else {
            return Ok(());
        };
        let shape = |error: serde_json::Error| WalkError::shape("prior_state", 0, &error);
        let prior: Prior<'_> = serde_json::from_str(&text).map_err(shape)?;
        match prior.values {
            Some(values) => {
                shown(values.get(), self.builder, self.options, self.redactor).map_err(shape)
            }
            None => Ok(()),
        }
    }
}

impl Handler for Values<'_> {
    type Error = WalkError;

    type Section = ();

    fn want(&mut self, _: Option<()>, key: &str) -> Want<()> {
        if key == "prior_state" || (key == "planned_values" && !self.only_prior) {
            Want::Whole(())
        } else {
            Want::Skip
        }
    }

    fn take(&mut self, (): (), key: &str, json: &[u8], at: u64) -> Result<(), WalkError> {
        let text = String::from_utf8_lossy(json);
        if key == "prior_state" {
            self.prior = Some(text.into_owned());
            return Ok(());
        }
        shown(&text, self.builder, self.options, self.redactor)
            .map_err(|error| WalkError::shape(key, at, &error))
    }
}

#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    root_module: Option<ShownModule<'a>>,
}

#[derive(Deserialize)]
struct ShownModule<'a> {
    #[serde(borrow)]
    address: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    resources: Vec<ShownResource<'a>>,
    #[serde(borrow, default)]
    child_modules: Vec<ShownModule<'a>>,
}

#[derive(Deserialize)]
struct ShownResource<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    type_name: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    index: Option<Key>,
    #[serde(borrow)]
    deposed_key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    values: Option<&'a RawValue>,
    #[serde(borrow)]
    sensitive_values: Option<&'a RawValue>,
}

/// Reads `values` of a shown state, or `planned_values` of a plan.
pub(super) fn shown(
    text: &str,
    builder: &mut InventoryBuilder,
    options: &LoadOptions,
    redactor: &mut Redactor,
) -> serde_json::Result<()> {
    let shown: Shown<'_> = serde_json::from_str(text)?;
    let mut modules: Vec<_> = shown.root_module.into_iter().collect();
    while let Some(module) = modules.pop() {
        for resource in module.resources {
            if resource.deposed_key.is_some() {
                continue;
            }
            learn(
                resource.values.map(RawValue::get),
                mode(&resource.mode),
                &resource.type_name,
                resource.sensitive_values.map(RawValue::get),
                redactor,
            );
            let mut object = Object::default();
            if let (Some(wanted), Some(json)) =
                (options.wanted.of(&resource.type_name), resource.values)
            {
                object = values::object(json.get(), wanted)?;
                redact(
                    &mut object,
                    mode(&resource.mode),
                    &resource.type_name,
                    resource.sensitive_values.map(RawValue::get),
                    wanted,
                    redactor,
                )?;
            }
            builder.add(NewResource {
                address: &resource.address,
                module: module.address.as_deref(),
                mode: mode(&resource.mode),
                type_name: &resource.type_name,
                name: &resource.name,
                key: resource.index.map(|key| key.0),
                action: Action::NoOp,
                values: object,
                previous_address: None,
                importing: false,
            });
        }
        modules.extend(module.child_modules);
    }
    Ok(())
}

#[derive(Deserialize)]
struct FileResource<'a> {
    #[serde(borrow)]
    module: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    type_name: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    instances: Vec<FileInstance<'a>>,
}

#[derive(Deserialize)]
struct FileInstance<'a> {
    index_key: Option<Key>,
    #[serde(borrow)]
    deposed: Option<Cow<'a, str>>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    /// Up to 0.11's shape: dotted names, all strings.
    #[serde(borrow)]
    attributes_flat: Option<&'a RawValue>,
    #[serde(borrow)]
    sensitive_attributes: Option<&'a RawValue>,
}

/// Reads one entry of `resources` of a state file (version 4).
pub(super) fn file_resource(
    text: &str,
    builder: &mut InventoryBuilder,
    options: &LoadOptions,
    redactor: &mut Redactor,
) -> serde_json::Result<()> {
    let resource: FileResource<'_> = serde_json::from_str(text)?;
    for instance in &resource.instances {
        if instance.deposed.is_some() {
            continue;
        }
        learn(
            instance.attributes.map(RawValue::get),
            mode(&resource.mode),
            &resource.type_name,
            None,
            redactor,
        );
        if let (Some(json), true) = (instance.attributes, instance.sensitive_attributes.is_some())
            && let Ok(mut all) = values::object(json.get(), WantedType::everything())
        {
            redact_paths(&mut all, instance.sensitive_attributes, redactor)?;
        }
        let mut object = Object::default();
        if let Some(wanted) = options.wanted.of(&resource.type_name) {
            if let Some(json) = instance.attributes {
                object = values::object(json.get(), wanted)?;
                redact_paths(&mut object, instance.sensitive_attributes, redactor)?;
            } else if let Some(json) = instance.attributes_flat {
                object = unflatten(serde_json::from_str(json.get())?, wanted);
            }
            redact(
                &mut object,
                mode(&resource.mode),
                &resource.type_name,
                None,
                wanted,
                redactor,
            )?;
        }
        let key = instance.index_key.as_ref().map(|key| key.0.clone());
        let address = file_address(&resource, key.as_ref());
        builder.add(NewResource {
            address: &address,
            module: resource.module.as_deref(),
            mode: mode(&resource.mode),
            type_name: &resource.type_name,
            name: &resource.name,
            key,
            action: Action::NoOp,
            values: object,
            previous_address: None,
            importing: false,
        });
    }
    Ok(())
}

fn file_address(resource: &FileResource<'_>, key: Option<&InstanceKey>) -> String {
    let mut address = String::new();
    if let Some(module) = resource
        .module
        .as_deref()
        .filter(|module| !module.is_empty())
    {
        address.push_str(module);
        address.push('.');
    }
    if resource.mode == "data" {
        address.push_str("data.");
    }
    address.push_str(&resource.type_name);
    address.push('.');
    address.push_str(&resource.name);
    if let Some(key) = key {
        address.push_str(&key.to_string());
    }
    address
}

/// `sensitive_attributes` is a list of paths; a path is a list of steps.
fn redact_paths(
    object: &mut Object,
    paths: Option<&RawValue>,
    redactor: &mut Redactor,
) -> serde_json::Result<()> {
    let Some(json) = paths else { return Ok(()) };
    let Value::List(paths) = values::whole(json.get())? else {
        return Ok(());
    };
    for path in &paths {
        let steps = path.as_list().unwrap_or(std::slice::from_ref(path));
        // Positions are passed over: a secret in one element hides its siblings too.
        let names: Vec<&str> = steps
            .iter()
            .filter_map(|step| match step.as_object()?.get("value")? {
                Value::String(name) => Some(name.as_str()),
                Value::Object(key) => key.get("value")?.as_str(),
                _ => None,
            })
            .collect();
        redactor.apply_path(object, &names);
    }
    Ok(())
}

/// The attributes of a state that Terraform 0.11 wrote: `ingress.123.from_port = "22"`.
/// Only scalars at the top level and lists of scalars are taken.
fn unflatten(flat: BTreeMap<String, String>, wanted: &WantedType) -> Object {
    let mut object = Object::default();
    for (name, text) in flat {
        match name.split_once('.') {
            None if wanted.wants(&name) => object.insert(name, Value::string(&text)),
            Some((list, position)) if wanted.wants(list) && position.parse::<u64>().is_ok() => {
                match object.get_mut(list) {
                    Some(Value::List(values)) => values.push(Value::string(&text)),
                    _ => object.insert(list, Value::List(vec![Value::string(&text)])),
                }
            }
            _ => {}
        }
    }
    object
}
