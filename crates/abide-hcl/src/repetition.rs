//! `count` and `for_each`.

use std::rc::Rc;
use std::sync::Arc;

use abide_core::address::InstanceKey;

use crate::ast::Block;
use crate::eval::{Frame, Scope};
use crate::fail::{EVALUATE, Fail};
use crate::instance::Instance;
use crate::module::title;
use crate::source_map::Location;
use crate::types;
use crate::value::{Kind, Map, Val};
use crate::world::World;

/// Which of the instances of a block.
#[derive(Clone, Debug)]
pub(crate) struct Repetition {
    pub(crate) key: Option<InstanceKey>,
    /// `each` or `count`, and its value.
    pub(crate) bound: Option<(&'static str, Val)>,
    /// False when nobody can say how many instances there are.
    pub(crate) certain: bool,
}

impl Repetition {
    fn single() -> Self {
        Self {
            key: None,
            bound: None,
            certain: true,
        }
    }

    fn index(index: usize) -> Self {
        let map = Map::from([("index".into(), Val::count(index))]);
        Self {
            key: Some(InstanceKey::Index(index as u64)),
            bound: Some(("count", Val::map(map))),
            certain: true,
        }
    }

    fn each(key: &Arc<str>, value: Val) -> Self {
        let map = Map::from([
            ("key".into(), Val::string(key.clone())),
            ("value".into(), value),
        ]);
        Self {
            key: Some(InstanceKey::Name(key.clone())),
            bound: Some(("each", Val::map(map))),
            certain: true,
        }
    }

    pub(crate) fn uncertain(name: &'static str) -> Self {
        Self {
            key: None,
            bound: Some((name, Val::UNKNOWN)),
            certain: false,
        }
    }

    /// The frame of `each` or `count`.
    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        self.bound.as_ref().map(|(name, value)| Frame {
            name,
            value: value.clone(),
            outer: None,
        })
    }
}

impl World<'_> {
    pub(crate) fn make_repetitions(
        &self,
        module: &Rc<Instance>,
        block: &Arc<Block>,
    ) -> Result<Vec<Repetition>, Box<Fail>> {
        let count = block.body.attribute("count");
        let for_each = block.body.attribute("for_each");
        let Some(attribute) = count.or(for_each) else {
            return Ok(vec![Repetition::single()]);
        };
        let location = Location {
            file: attribute.file,
            span: attribute.value.span,
        };
        let scope = Scope::in_module(module, attribute.file);
        let value = self.eval(&attribute.value, scope)?;
        let made = if count.is_some() {
            self.counted(&value)
        } else {
            eached(&value)
        }
        .map_err(|message| Fail::new(EVALUATE, message).at(location))?;
        let Some(made) = made else {
            let message = format!(
                "how many instances {} has is unknown: it is judged as one that may not exist",
                title(block)
            );
            self.warn("hcl-unknown-repetition", message, Some(location));
            return Ok(vec![Repetition::uncertain(repeated_by(block))]);
        };
        self.count_instances(made.len(), location)?;
        Ok(made)
    }

    fn counted(&self, count: &Val) -> Result<Option<Vec<Repetition>>, String> {
        let Some(count) = types::to_number(count)? else {
            return Ok(None);
        };
        let count = count
            .as_int()
            .and_then(|count| usize::try_from(count).ok())
            .ok_or("`count` needs a whole number that is not negative")?;
        if count > self.options.limits.instances {
            return Err("`count` is more than this program evaluates".to_owned());
        }
        Ok(Some((0..count).map(Repetition::index).collect()))
    }
}

pub(crate) fn repeated_by(block: &Block) -> &'static str {
    if block.body.attribute("count").is_some() {
        "count"
    } else {
        "each"
    }
}

fn eached(value: &Val) -> Result<Option<Vec<Repetition>>, String> {
    let sensitive = value.sensitive;
    if sensitive {
        return Err("`for_each` must not be a secret: its keys are part of addresses".to_owned());
    }
    let entries: Vec<(Arc<str>, Val)> = match &value.kind {
        Kind::Unknown | Kind::Open(_) => return Ok(None),
        Kind::Map(map) => map.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        Kind::Set(values) => {
            let mut entries = Vec::with_capacity(values.len());
            for value in values.iter() {
                match types::to_text(value)? {
                    Some(key) => entries.push((key, value.clone())),
                    None => return Ok(None),
                }
            }
            entries
        }
        _ => return Err("`for_each` needs a map or a set of strings".to_owned()),
    };
    Ok(Some(
        entries
            .into_iter()
            .map(|(key, value)| Repetition::each(&key, value))
            .collect(),
    ))
}
