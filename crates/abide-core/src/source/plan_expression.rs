//! Expressions of a plan's `configuration`: which references they make. Constants are never kept.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::WantedType;
use super::values::Text;
use crate::config::{Body, Expression, Reference};

/// Reads the expressions of a block; only the wanted ones.
pub(super) fn body(
    json: &str,
    wanted: Option<&WantedType>,
    intern: &mut Intern<'_>,
) -> serde_json::Result<Body> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    BodySeed { intern, wanted }.deserialize(&mut deserializer)
}

/// Reads one expression.
pub(super) fn expression(json: &str, intern: &mut Intern<'_>) -> serde_json::Result<Expression> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    ExpressionSeed { intern }.deserialize(&mut deserializer)
}

pub(super) type Intern<'i> = dyn FnMut(&str) -> Arc<str> + 'i;

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
