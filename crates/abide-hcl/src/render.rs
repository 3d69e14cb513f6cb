//! Evaluates templates to text.

use crate::ast::{Expr, Part};
use crate::eval::{Frame, Scope, pairs};
use crate::fail::{EVALUATE, Evaluated, Fail, LIMIT};
use crate::types;
use crate::value::{Kind, Val};
use crate::world::World;

impl World<'_> {
    /// The text of a template; a lone interpolation keeps its type.
    pub(crate) fn template(&self, parts: &[Part], scope: Scope<'_>) -> Evaluated {
        if let [Part::Interpolation(only)] = parts {
            return self.eval(only, scope);
        }
        let mut out = Text::default();
        self.parts(parts, scope, &mut out)?;
        let value = if out.unknown {
            Val::UNKNOWN
        } else {
            Val::string(out.text)
        };
        Ok(value.marked(out.sensitive))
    }

    fn parts(&self, parts: &[Part], scope: Scope<'_>, out: &mut Text) -> Result<(), Box<Fail>> {
        for part in parts {
            match part {
                Part::Literal(text) => out.text.push_str(text),
                Part::Interpolation(expr) => {
                    let value = self.eval(expr, scope)?;
                    let located = |fail: Box<Fail>| fail.at(scope.location(expr));
                    out.push(&value).map_err(located)?;
                }
                Part::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    let condition = self.eval(condition, scope)?;
                    out.sensitive |= condition.sensitive;
                    match types::to_bool(&condition) {
                        Ok(Some(true)) => self.parts(then, scope, out)?,
                        Ok(Some(false)) => self.parts(otherwise, scope, out)?,
                        Ok(None) => out.unknown = true,
                        Err(message) => return Err(Fail::new(EVALUATE, message)),
                    }
                }
                Part::For {
                    key,
                    value,
                    collection,
                    body,
                } => self.template_for(key.as_deref(), value, collection, body, scope, out)?,
            }
            if out.text.len() as u64 / 16 > self.options.limits.value_size {
                return Err(Fail::new(LIMIT, "the text of the template is too long"));
            }
        }
        Ok(())
    }

    fn template_for(
        &self,
        key: Option<&str>,
        name: &str,
        collection: &Expr,
        body: &[Part],
        scope: Scope<'_>,
        out: &mut Text,
    ) -> Result<(), Box<Fail>> {
        let collection = self.eval(collection, scope)?;
        out.sensitive |= collection.sensitive;
        let Some(items) = pairs(&collection)? else {
            out.unknown = true;
            return Ok(());
        };
        out.unknown |= matches!(collection.kind, Kind::Open(_));
        for (item_key, value) in items {
            self.spend(1)?;
            let outer = scope.frame;
            let key_frame = key.map(|name| Frame {
                name,
                value: item_key,
                outer,
            });
            let frame = Frame {
                name,
                value,
                outer: key_frame.as_ref().or(outer),
            };
            self.parts(body, scope.with(&frame), out)?;
        }
        Ok(())
    }
}

/// The text of a template while it grows.
#[derive(Default)]
struct Text {
    text: String,
    unknown: bool,
    sensitive: bool,
}

impl Text {
    fn push(&mut self, value: &Val) -> Result<(), Box<Fail>> {
        self.sensitive |= value.has_secret();
        if value.is_null() {
            return Err(Fail::new(
                EVALUATE,
                "a null value cannot be put into a string",
            ));
        }
        match types::to_text(value).map_err(|message| Fail::new(EVALUATE, message))? {
            Some(text) => self.text.push_str(&text),
            None => self.unknown = true,
        }
        Ok(())
    }
}
