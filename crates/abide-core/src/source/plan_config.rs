//! The `configuration` section of a plan: modules, resource blocks and the references in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap as HashMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::change::required;
use super::members::{Malformed, Members, string};
use super::sections::Want;
use super::{Wanted, WantedType, plan_expression};
use crate::config::{Body, ConfigModule, ConfigResource, Configuration, Expression, ModuleCall};
use crate::inventory::{InventoryBuilder, Provider};
use crate::value::{Object, Value};

/// What was read so far.
#[derive(Default)]
pub(super) struct Read {
    configuration: Configuration,
    /// Keys of `provider_config`.
    providers: Vec<String>,
    /// Names of the root's variables that are declared sensitive.
    pub(super) secret_variables: Vec<String>,
}

/// A part of the section that the walk hands out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// `configuration` itself.
    Whole,
    Providers,
    /// `root_module` itself.
    Root,
    Resource,
    Outputs,
    Variables,
    /// `module_calls` itself.
    Calls,
    /// A module call with all that is in it.
    Call,
}

/// What is wanted of `key` inside a part. The root module's resources come one
/// by one, so that the section never has to be in memory as a whole.
pub(super) fn want(inside: Part, key: &str, read: &mut Read) -> Want<Part> {
    match (inside, key) {
        (Part::Whole, "provider_config") => Want::Whole(Part::Providers),
        (Part::Whole, "root_module") => {
            read.module(None);
            Want::Members(Part::Root)
        }
        (Part::Root, "resources") => Want::Elements(Part::Resource),
        (Part::Root, "outputs") => Want::Whole(Part::Outputs),
        (Part::Root, "variables") => Want::Whole(Part::Variables),
        (Part::Root, "module_calls") => Want::Members(Part::Calls),
        (Part::Calls, _) => Want::Whole(Part::Call),
        _ => Want::Skip,
    }
}

impl Read {
    /// Begins a module.
    fn module(&mut self, parent: Option<u32>) -> u32 {
        let id = index(self.configuration.modules.len());
        self.configuration.modules.push(ConfigModule {
            parent,
            ..ConfigModule::default()
        });
        id
    }

    /// The configuration, now that all providers are known.
    pub(super) fn finish(self, builder: &mut InventoryBuilder) -> Configuration {
        let mut configuration = self.configuration;
        let mut known: HashMap<Arc<str>, Arc<str>> = HashMap::default();
        for resource in &mut configuration.resources {
            resource.provider = match known.get(&resource.provider) {
                Some(provider) => provider.clone(),
                None => {
                    let provider =
                        builder.intern(&provider_of(&resource.provider, &self.providers));
                    known.insert(resource.provider.clone(), provider.clone());
                    provider
                }
            };
        }
        configuration
    }
}

/// `module.a.module.b:aws` inherits from the nearest module around it that has an entry.
fn provider_of<'a>(key: &'a str, providers: &[String]) -> Cow<'a, str> {
    let Some((mut module, name)) = key.rsplit_once(':') else {
        return Cow::Borrowed(key);
    };
    loop {
        let candidate = format!("{module}:{name}");
        if providers.contains(&candidate) {
            return Cow::Owned(candidate);
        }
        match module.rsplit_once(".module.") {
            Some((outer, _)) => module = outer,
            None => return Cow::Borrowed(name),
        }
    }
}

/// Why a part cannot be read.
enum Fault {
    /// It is no JSON, or has a list or a word where an object belongs.
    Malformed,
    /// Something in it has another shape.
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

/// Reads parts; providers go to the builder, the rest to [`Read`].
pub(super) struct Reader<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) builder: &'a mut InventoryBuilder,
    pub(super) read: &'a mut Read,
}

impl Reader<'_> {
    /// Takes a part that the walk hands out; `key` is the name of a module call.
    pub(super) fn take(&mut self, part: Part, key: &str, text: &str) -> serde_json::Result<()> {
        // Old versions write `null` for what is empty.
        if text == "null" {
            return Ok(());
        }
        self.part(part, key, text).map_err(|fault| match fault {
            Fault::Malformed => Malformed::describe(text),
            Fault::Shape(error) => error,
        })
    }

    fn part(&mut self, part: Part, key: &str, text: &str) -> Result<(), Fault> {
        const ROOT: u32 = 0;
        match part {
            Part::Providers => self.providers(text)?,
            Part::Resource => self.resource(&mut Members::of(text)?, ROOT)?,
            Part::Outputs => self.outputs(&mut Members::of(text)?, ROOT)?,
            Part::Variables => self.read.secret_variables = secret_variables(text),
            Part::Call => self.call(&mut Members::of(text)?, ROOT, key)?,
            // They come here only if they are no objects.
            Part::Whole | Part::Root | Part::Calls => return Err(Fault::Malformed),
        }
        Ok(())
    }

    fn providers(&mut self, text: &str) -> serde_json::Result<()> {
        let providers: BTreeMap<Cow<'_, str>, RawProvider<'_>> = serde_json::from_str(text)?;
        for (key, provider) in &providers {
            let provider = read_provider(self.builder.intern(key), provider)?;
            self.builder.add_provider(provider);
            self.read.providers.push(key.as_ref().to_owned());
        }
        Ok(())
    }

    /// Reads a called module, into whose object the walk went.
    fn module(&mut self, members: &mut Members<'_>, id: u32) -> Result<(), Fault> {
        while let Some(key) = members.key()? {
            match key.as_ref() {
                "resources" => {
                    members.enter_list()?;
                    while members.element()? {
                        members.enter()?;
                        self.resource(members, id)?;
                    }
                }
                "outputs" => {
                    members.enter()?;
                    self.outputs(members, id)?;
                }
                "module_calls" => {
                    members.enter()?;
                    while let Some(name) = members.key()? {
                        members.enter()?;
                        self.call(members, id, &name)?;
                    }
                }
                _ => {
                    members.value()?;
                }
            }
        }
        Ok(())
    }

    fn outputs(&mut self, members: &mut Members<'_>, module: u32) -> Result<(), Fault> {
        while let Some(name) = members.key()? {
            let name = self.builder.intern(&name);
            members.enter()?;
            while let Some(key) = members.key()? {
                let text = members.value()?;
                if key == "expression" {
                    let expression = self.expression(text)?;
                    self.read.configuration.modules[module as usize]
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
        let child = self.read.module(Some(parent));
        while let Some(key) = members.key()? {
            match key.as_ref() {
                "module" => {
                    members.enter()?;
                    self.module(members, child)?;
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
        self.read.configuration.modules[child as usize].call = Some(call);
        self.read.configuration.modules[parent as usize]
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
        let provider = self.builder.intern(&provider);
        let id = index(self.read.configuration.resources.len());
        self.read.configuration.resources.push(ConfigResource {
            provider,
            body,
            repetition,
        });
        let block = (
            super::change::mode(&mode),
            self.builder.intern(&type_name),
            self.builder.intern(&name),
        );
        self.read.configuration.modules[module as usize]
            .resources
            .insert(block, id);
        Ok(())
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
