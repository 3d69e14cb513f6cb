//! The `configuration` section of a plan: modules, resource blocks and the references in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap as HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::plan::WalkError;
use super::values::Text;
use super::{Wanted, WantedType};
use crate::config::{
    Body, ConfigModule, ConfigResource, Configuration, Expression, ModuleCall, Reference,
};
use crate::inventory::{InventoryBuilder, Provider};
use crate::value::{Object, Value};

#[derive(Deserialize)]
struct RawConfiguration<'a> {
    #[serde(borrow, default)]
    provider_config: BTreeMap<Cow<'a, str>, RawProvider<'a>>,
    #[serde(borrow)]
    root_module: Option<RawModule<'a>>,
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

#[derive(Deserialize, Default)]
struct RawModule<'a> {
    #[serde(borrow, default)]
    outputs: BTreeMap<Cow<'a, str>, RawOutput<'a>>,
    #[serde(borrow, default)]
    resources: Vec<RawResource<'a>>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow, default)]
    module_calls: BTreeMap<Cow<'a, str>, RawCall<'a>>,
}

#[derive(Deserialize)]
struct RawOutput<'a> {
    #[serde(borrow)]
    expression: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawResource<'a> {
    #[serde(borrow)]
    mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    type_name: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    provider_config_key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    expressions: Option<&'a RawValue>,
    #[serde(borrow)]
    count_expression: Option<&'a RawValue>,
    #[serde(borrow)]
    for_each_expression: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawCall<'a> {
    #[serde(default)]
    source: String,
    #[serde(borrow)]
    expressions: Option<&'a RawValue>,
    #[serde(borrow)]
    count_expression: Option<&'a RawValue>,
    #[serde(borrow)]
    for_each_expression: Option<&'a RawValue>,
    #[serde(borrow, default)]
    module: RawModule<'a>,
}

/// Reads the section; providers go to the builder, the rest is given back, with
/// the names of the root's sensitive variables.
pub(super) fn read(
    json: &[u8],
    at: u64,
    wanted: &Wanted,
    builder: &mut InventoryBuilder,
) -> Result<(Configuration, Vec<String>), WalkError> {
    let shape = |error: serde_json::Error| WalkError::shape("configuration", at, &error);
    let raw: RawConfiguration<'_> = serde_json::from_slice(json).map_err(shape)?;
    for (key, provider) in &raw.provider_config {
        let provider = read_provider(builder.intern(key), provider).map_err(shape)?;
        builder.add_provider(provider);
    }
    let known: Vec<String> = raw
        .provider_config
        .keys()
        .map(|key| key.as_ref().to_owned())
        .collect();
    let mut reader = Reader {
        wanted,
        builder,
        known,
        configuration: Configuration::default(),
    };
    if let Some(root) = &raw.root_module {
        reader.module(root, None, None).map_err(shape)?;
    }
    let secret = raw
        .root_module
        .as_ref()
        .map(secret_variables)
        .unwrap_or_default();
    Ok((reader.configuration, secret))
}

/// Names of the variables that are declared sensitive.
fn secret_variables(root: &RawModule<'_>) -> Vec<String> {
    #[derive(Deserialize)]
    struct RawVariable {
        #[serde(default)]
        sensitive: bool,
    }
    let variables = root
        .variables
        .and_then(|json| serde_json::from_str::<BTreeMap<String, RawVariable>>(json.get()).ok());
    variables
        .into_iter()
        .flatten()
        .filter(|(_, variable)| variable.sensitive)
        .map(|(name, _)| name)
        .collect()
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
}

impl Reader<'_, '_> {
    fn module(
        &mut self,
        raw: &RawModule<'_>,
        parent: Option<u32>,
        call: Option<ModuleCall>,
    ) -> serde_json::Result<u32> {
        let id = index(self.configuration.modules.len());
        self.configuration.modules.push(ConfigModule {
            parent,
            call,
            ..ConfigModule::default()
        });
        for resource in &raw.resources {
            self.resource(resource, id)?;
        }
        for (name, output) in &raw.outputs {
            if let Some(json) = output.expression {
                let expression = self.expression(json)?;
                let name = self.builder.intern(name);
                self.configuration.modules[id as usize]
                    .outputs
                    .insert(name, expression);
            }
        }
        for (name, raw) in &raw.module_calls {
            let name = self.builder.intern(name);
            let call = ModuleCall {
                name: name.clone(),
                source: raw.source.clone(),
                arguments: self.arguments(raw.expressions)?,
                repetition: self.repetition(raw.for_each_expression, raw.count_expression)?,
            };
            let child = self.module(&raw.module, Some(id), Some(call))?;
            self.configuration.modules[id as usize]
                .children
                .insert(name, child);
        }
        Ok(id)
    }

    fn resource(&mut self, raw: &RawResource<'_>, module: u32) -> serde_json::Result<()> {
        let body = match (self.wanted.of(&raw.type_name), raw.expressions) {
            (Some(wanted), Some(json)) => self.body(json, Some(wanted))?,
            _ => Body::default(),
        };
        let provider = self.provider_key(raw.provider_config_key.as_deref().unwrap_or(""));
        let repetition = self.repetition(raw.for_each_expression, raw.count_expression)?;
        let id = index(self.configuration.resources.len());
        self.configuration.resources.push(ConfigResource {
            provider,
            body,
            repetition,
        });
        let mode = super::plan::mode(&raw.mode);
        let block = (
            mode,
            self.builder.intern(&raw.type_name),
            self.builder.intern(&raw.name),
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

    fn repetition(
        &mut self,
        for_each: Option<&RawValue>,
        count: Option<&RawValue>,
    ) -> serde_json::Result<Option<Expression>> {
        for_each
            .or(count)
            .map(|json| self.expression(json))
            .transpose()
    }

    fn arguments(
        &mut self,
        json: Option<&RawValue>,
    ) -> serde_json::Result<HashMap<Arc<str>, Expression>> {
        let Some(json) = json else {
            return Ok(HashMap::default());
        };
        let body = self.body(json, None)?;
        Ok(body
            .0
            .into_iter()
            .filter(|(_, expression)| !matches!(expression, Expression::Constant))
            .map(|(name, expression)| (self.builder.intern(&name), expression))
            .collect())
    }

    fn expression(&mut self, json: &RawValue) -> serde_json::Result<Expression> {
        let mut intern = |text: &str| self.builder.intern(text);
        let mut deserializer = serde_json::Deserializer::from_str(json.get());
        ExpressionSeed {
            intern: &mut intern,
        }
        .deserialize(&mut deserializer)
    }

    fn body(&mut self, json: &RawValue, wanted: Option<&WantedType>) -> serde_json::Result<Body> {
        let mut intern = |text: &str| self.builder.intern(text);
        let mut deserializer = serde_json::Deserializer::from_str(json.get());
        BodySeed {
            intern: &mut intern,
            wanted,
        }
        .deserialize(&mut deserializer)
    }
}

fn index(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

type Intern<'i> = dyn FnMut(&str) -> Arc<str> + 'i;

/// Reads `{ "name": expression, … }`.
struct BodySeed<'s, 'i, 'w> {
    intern: &'s mut Intern<'i>,
    wanted: Option<&'w WantedType>,
}

impl<'de> DeserializeSeed<'de> for BodySeed<'_, '_, '_> {
    type Value = Body;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Body, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BodySeed<'_, '_, '_> {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of expressions")
    }

    fn visit_unit<E>(self) -> Result<Body, E> {
        Ok(Body::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let mut body = Vec::new();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if self.wanted.is_none_or(|wanted| wanted.wants(&name.0)) {
                let expression = map.next_value_seed(ExpressionSeed {
                    intern: &mut *self.intern,
                })?;
                body.push((name.0.as_ref().into(), expression));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        body.shrink_to_fit();
        Ok(Body(body))
    }
}

/// Reads `{"constant_value": …}`, `{"references": […]}`, a list of blocks or one block.
struct ExpressionSeed<'s, 'i> {
    intern: &'s mut Intern<'i>,
}

impl<'de> DeserializeSeed<'de> for ExpressionSeed<'_, '_> {
    type Value = Expression;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Expression, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ExpressionSeed<'_, '_> {
    type Value = Expression;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expression")
    }

    fn visit_unit<E>(self) -> Result<Expression, E> {
        Ok(Expression::Constant)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Expression, E> {
        Ok(Expression::Constant)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Expression, E> {
        Ok(Expression::Constant)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Expression, E> {
        Ok(Expression::Constant)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Expression, E> {
        Ok(Expression::Constant)
    }

    fn visit_str<E>(self, _: &str) -> Result<Expression, E> {
        Ok(Expression::Constant)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Expression, A::Error> {
        let mut blocks = Vec::new();
        while let Some(body) = seq.next_element_seed(BodySeed {
            intern: &mut *self.intern,
            wanted: None,
        })? {
            blocks.push(body);
        }
        Ok(Expression::Blocks(blocks))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Expression, A::Error> {
        let mut members = Vec::new();
        let mut references = None;
        while let Some(name) = map.next_key::<Text<'de>>()? {
            match name.0.as_ref() {
                "constant_value" => {
                    // Never kept: it may be the secret itself.
                    map.next_value::<IgnoredAny>()?;
                    drain(&mut map)?;
                    return Ok(Expression::Constant);
                }
                "references" => {
                    let texts: Vec<Text<'de>> = map.next_value()?;
                    references = Some(Reference::parse_list(
                        texts.iter().map(|text| text.0.as_ref()),
                        self.intern,
                    ));
                }
                _ => {
                    let expression = map.next_value_seed(ExpressionSeed {
                        intern: &mut *self.intern,
                    })?;
                    members.push((name.0.as_ref().into(), expression));
                }
            }
        }
        Ok(match references {
            Some(references) => Expression::References(references),
            // `{}` is an expression without references: a function of constants.
            None if members.is_empty() => Expression::References(Vec::new()),
            None => Expression::Blocks(vec![Body(members)]),
        })
    }
}

fn drain<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
