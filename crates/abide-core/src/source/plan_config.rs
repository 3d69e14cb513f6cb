//! The `configuration` section of a plan: modules, resource blocks and the references in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::change::required;
use super::members::{Malformed, Members, string};
use super::plan::WalkError;
use super::{Wanted, WantedType, plan_expression};
use crate::config::{Body, ConfigModule, ConfigResource, Configuration, Expression, ModuleCall};
use crate::inventory::{InventoryBuilder, Provider};
use crate::value::{Object, Value};

/// Reads the section; providers go to the builder, the rest is given back, with
/// the names of the root's sensitive variables.
pub(super) fn read(
    json: &[u8],
    at: u64,
    wanted: &Wanted,
    builder: &mut InventoryBuilder,
) -> Result<(Configuration, Vec<String>), WalkError> {
    let shape = |error: serde_json::Error| WalkError::shape("configuration", at, &error);
    let text = std::str::from_utf8(json).map_err(|_| WalkError::not_utf8("configuration", at))?;
    let mut reader = Reader {
        wanted,
        builder,
        known: Vec::new(),
        configuration: Configuration::default(),
        secret_variables: Vec::new(),
    };
    reader.configuration(text).map_err(|fault| match fault {
        Fault::Malformed => shape(Malformed::describe(text)),
        Fault::Shape(error) => shape(error),
    })?;
    Ok((reader.configuration, reader.secret_variables))
}

/// Why the section cannot be read.
enum Fault {
    /// It is no JSON, or has a list or a word where an object belongs.
    Malformed,
    /// A part has another shape.
    Shape(serde_json::Error),
}

impl From<Malformed> for Fault {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Shape(error)
    }
}

#[derive(Deserialize)]
struct RawProvider<'a> {
    #[serde(default)]
    full_name: String,
    alias: Option<String>,
    version_constraint: Option<String>,
    #[serde(borrow)]
    expressions: Option<&'a RawValue>,
}

fn read_provider(key: Arc<str>, raw: &RawProvider<'_>) -> serde_json::Result<Provider> {
    let mut provider = Provider {
        key,
        full_name: raw.full_name.clone(),
        alias: raw.alias.clone(),
        version_constraint: raw.version_constraint.clone(),
        ..Provider::default()
    };
    // Only these constants are kept: a provider block may also hold keys and tokens.
    let Some(json) = raw.expressions else {
        return Ok(provider);
    };
    let Value::Object(expressions) = super::values::whole(json.get())? else {
        return Ok(provider);
    };
    provider.region =
        constant(&expressions, "region").and_then(|v| v.as_str().map(ToOwned::to_owned));
    provider.account = constant(&expressions, "allowed_account_ids")
        .and_then(|ids| ids.as_list()?.first()?.as_str().map(ToOwned::to_owned))
        .or_else(|| {
            let role = first_block(&expressions, "assume_role")?;
            let arn = constant(role, "role_arn")?.as_str()?;
            arn.split(':').nth(4).map(ToOwned::to_owned)
        });
    if let Some(tags) = first_block(&expressions, "default_tags")
        && let Some(Value::Object(tags)) = constant(tags, "tags")
    {
        provider.default_tags = tags.clone();
    }
    Ok(provider)
}

fn constant<'a>(expressions: &'a Object, name: &str) -> Option<&'a Value> {
    expressions.get(name)?.as_object()?.get("constant_value")
}

fn first_block<'a>(expressions: &'a Object, name: &str) -> Option<&'a Object> {
    expressions.get(name)?.as_list()?.first()?.as_object()
}

struct Reader<'a, 'b> {
    wanted: &'a Wanted,
    builder: &'b mut InventoryBuilder,
    /// Keys of `provider_config`.
    known: Vec<String>,
    configuration: Configuration,
    /// Names of the root's variables that are declared sensitive.
    secret_variables: Vec<String>,
}

impl Reader<'_, '_> {
    fn configuration(&mut self, text: &str) -> Result<(), Fault> {
        let mut members = Members::of(text)?;
        let mut has_providers = false;
        // Resources need to know the providers; Terraform writes these first.
        let mut root = None;
        while let Some(key) = members.key()? {
            match key.as_ref() {
                "provider_config" => {
                    self.providers(members.value()?)?;
                    has_providers = true;
                }
                "root_module" if has_providers => {
                    members.enter()?;
                    self.module(&mut members, None)?;
                }
                "root_module" => root = Some(members.value()?),
                _ => {
                    members.value()?;
                }
            }
        }
        if let Some(root) = root.filter(|text| *text != "null") {
            self.module(&mut Members::of(root)?, None)?;
        }
        Ok(())
    }

    fn providers(&mut self, text: &str) -> serde_json::Result<()> {
        let providers: BTreeMap<Cow<'_, str>, RawProvider<'_>> = serde_json::from_str(text)?;
        for (key, provider) in &providers {
            let provider = read_provider(self.builder.intern(key), provider)?;
            self.builder.add_provider(provider);
            self.known.push(key.as_ref().to_owned());
        }
        Ok(())
    }

    /// Reads a module whose object was entered.
    fn module(&mut self, members: &mut Members<'_>, parent: Option<u32>) -> Result<u32, Fault> {
        let id = index(self.configuration.modules.len());
        self.configuration.modules.push(ConfigModule {
            parent,
            ..ConfigModule::default()
        });
        while let Some(key) = members.key()? {
            match key.as_ref() {
                "resources" => {
                    members.enter_list()?;
                    while members.element()? {
                        self.resource(members, id)?;
                    }
                }
                "outputs" => self.outputs(members, id)?,
                "module_calls" => {
                    members.enter()?;
                    while let Some(name) = members.key()? {
                        self.call(members, id, &name)?;
                    }
                }
                "variables" if parent.is_none() => {
                    self.secret_variables = secret_variables(members.value()?);
                }
                _ => {
                    members.value()?;
                }
            }
        }
        Ok(id)
    }

    fn outputs(&mut self, members: &mut Members<'_>, module: u32) -> Result<(), Fault> {
        members.enter()?;
        while let Some(name) = members.key()? {
            let name = self.builder.intern(&name);
            members.enter()?;
            while let Some(key) = members.key()? {
                let text = members.value()?;
                if key == "expression" {
                    let expression = self.expression(text)?;
                    self.configuration.modules[module as usize]
                        .outputs
                        .insert(name.clone(), expression);
                }
            }
        }
        Ok(())
    }

    fn call(&mut self, members: &mut Members<'_>, parent: u32, name: &str) -> Result<(), Fault> {
        let name = self.builder.intern(name);
        let mut call = ModuleCall {
            name: name.clone(),
            ..ModuleCall::default()
        };
        let mut child = None;
        members.enter()?;
        while let Some(key) = members.key()? {
            match key.as_ref() {
                "module" => {
                    members.enter()?;
                    child = Some(self.module(members, Some(parent))?);
                }
                "source" => call.source = string(members.value()?)?.into_owned(),
                "expressions" => call.arguments = self.arguments(members.value()?)?,
                "count_expression" | "for_each_expression" => {
                    call.repetition = Some(self.expression(members.value()?)?);
                }
                _ => {
                    members.value()?;
                }
            }
        }
        let child = match child {
            Some(child) => child,
            // A call without a body: an empty module.
            None => self.module(&mut Members::of("{}")?, Some(parent))?,
        };
        self.configuration.modules[child as usize].call = Some(call);
        self.configuration.modules[parent as usize]
            .children
            .insert(name, child);
        Ok(())
    }

    fn resource(&mut self, members: &mut Members<'_>, module: u32) -> Result<(), Fault> {
        let mut mode = "";
        let mut type_name = "";
        let mut name = "";
        let mut provider = "";
        let mut expressions = None;
        let mut repetition = None;
        members.enter()?;
        while let Some(key) = members.key()? {
            let text = members.value()?;
            match key.as_ref() {
                "mode" => mode = text,
                "type" => type_name = text,
                "name" => name = text,
                "provider_config_key" => provider = text,
                "expressions" => expressions = Some(text),
                "count_expression" | "for_each_expression" => {
                    repetition = Some(self.expression(text)?);
                }
                _ => {}
            }
        }
        let mode = required(mode, "mode")?;
        let type_name = required(type_name, "type")?;
        let name = required(name, "name")?;
        let provider = match provider {
            "" | "null" => Cow::Borrowed(""),
            text => string(text)?,
        };
        let body = match (self.wanted.of(&type_name), expressions) {
            (Some(wanted), Some(json)) => self.body(json, Some(wanted))?,
            _ => Body::default(),
        };
        let provider = self.provider_key(&provider);
        let id = index(self.configuration.resources.len());
        self.configuration.resources.push(ConfigResource {
            provider,
            body,
            repetition,
        });
        let block = (
            super::change::mode(&mode),
            self.builder.intern(&type_name),
            self.builder.intern(&name),
        );
        self.configuration.modules[module as usize]
            .resources
            .insert(block, id);
        Ok(())
    }

    /// `module.a.module.b:aws` inherits from the nearest module around it that has an entry.
    fn provider_key(&mut self, key: &str) -> Arc<str> {
        let Some((mut module, name)) = key.rsplit_once(':') else {
            return self.builder.intern(key);
        };
        loop {
            let candidate = format!("{module}:{name}");
            if self.known.contains(&candidate) {
                return self.builder.intern(&candidate);
            }
            match module.rsplit_once(".module.") {
                Some((outer, _)) => module = outer,
                None => return self.builder.intern(name),
            }
        }
    }

    fn arguments(&mut self, json: &str) -> serde_json::Result<HashMap<Arc<str>, Expression>> {
        let body = self.body(json, None)?;
        Ok(body
            .0
            .into_iter()
            .filter(|(_, expression)| !matches!(expression, Expression::Constant))
            .map(|(name, expression)| (self.builder.intern(&name), expression))
            .collect())
    }

    fn expression(&mut self, json: &str) -> serde_json::Result<Expression> {
        plan_expression::expression(json, &mut |text| self.builder.intern(text))
    }

    fn body(&mut self, json: &str, wanted: Option<&WantedType>) -> serde_json::Result<Body> {
        plan_expression::body(json, wanted, &mut |text| self.builder.intern(text))
    }
}

/// Names of the variables that are declared sensitive.
fn secret_variables(text: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct RawVariable {
        #[serde(default)]
        sensitive: bool,
    }
    let variables = serde_json::from_str::<BTreeMap<String, RawVariable>>(text);
    variables
        .into_iter()
        .flatten()
        .filter(|(_, variable)| variable.sensitive)
        .map(|(name, _)| name)
        .collect()
}

fn index(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
