//! Evaluates `for` expressions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::For;
use crate::eval::{Frame, Scope, key_text, pairs};
use crate::fail::{EVALUATE, Evaluated, Fail, LIMIT};
use crate::types;
use crate::value::{Kind, Map, Val};
use crate::world::World;

/// Steps of work that a kept part of a value stands for: many values that are each small enough
/// are too much memory together.
const KEPT: u64 = 8;

impl World<'_> {
    pub(crate) fn for_expr(&self, for_expr: &For, scope: Scope<'_>) -> Evaluated {
        let collection = self.eval(&for_expr.collection, scope)?;
        let sensitive = collection.sensitive;
        let Some(items) = pairs(&collection)? else {
            return Ok(Val::UNKNOWN.marked(sensitive));
        };
        let mut list = Vec::new();
        let mut size = 0;
        let mut groups: BTreeMap<Arc<str>, Vec<Val>> = Default::default();
        let mut complete = !matches!(collection.kind, Kind::Open(_));
        let mut secret_shape = sensitive;
        for (key, value) in items {
            self.spend(1)?;
            let outer = scope.frame;
            let key_frame = for_expr.key.as_ref().map(|name| Frame {
                name,
                value: key,
                outer,
            });
            let frame = Frame {
                name: &for_expr.value,
                value,
                outer: key_frame.as_ref().or(outer),
            };
            let scope = scope.with(&frame);
            if let Some(condition) = &for_expr.condition {
                let condition = self.eval(condition, scope)?;
                secret_shape |= condition.sensitive;
                match types::to_bool(&condition) {
                    Ok(Some(true)) => {}
                    Ok(Some(false)) => continue,
                    Ok(None) => {
                        complete = false;
                        continue;
                    }
                    Err(message) => return Err(Fail::new(EVALUATE, message)),
                }
            }
            let Some(result_key) = &for_expr.result_key else {
                list.push(self.element(for_expr, scope, &mut size)?);
                continue;
            };
            let result_key = self.eval(result_key, scope)?;
            secret_shape |= result_key.sensitive;
            match key_text(&result_key).map_err(|message| Fail::new(EVALUATE, message))? {
                Some(key) => groups
                    .entry(key)
                    .or_default()
                    .push(self.element(for_expr, scope, &mut size)?),
                None => complete = false,
            }
        }
        let value = if for_expr.result_key.is_none() {
            if complete {
                Val::list(list)
            } else {
                Val::UNKNOWN
            }
        } else {
            let map = grouped(groups, for_expr.grouping)?;
            if complete {
                Val::map(map)
            } else {
                Val::open(map)
            }
        };
        Ok(value.marked(secret_shape))
    }

    /// One more element. What grows is looked at while it grows: at the end it may not fit
    /// into memory.
    fn element(&self, for_expr: &For, scope: Scope<'_>, size: &mut u64) -> Evaluated {
        let value = self.eval(&for_expr.result, scope)?;
        let more = value.facts().size;
        *size = size.saturating_add(more);
        if *size > self.options.limits.value_size {
            return Err(Fail::new(LIMIT, "the value is too large to be evaluated"));
        }
        self.spend(more.saturating_mul(KEPT))?;
        Ok(value)
    }
}

fn grouped(groups: BTreeMap<Arc<str>, Vec<Val>>, grouping: bool) -> Result<Map, Box<Fail>> {
    groups
        .into_iter()
        .map(|(key, mut values)| match (grouping, values.len()) {
            (true, _) => Ok((key, Val::list(values))),
            (false, 1) => Ok((key, values.remove(0))),
            (false, _) => Err(Fail::new(
                EVALUATE,
                "two elements of the `for` expression have the same key",
            )),
        })
        .collect()
}
