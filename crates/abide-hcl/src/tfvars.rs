//! The values of the root module's variables: from the environment, from the
//! files Terraform reads unasked, from settings, from named files, from the plan,
//! from the command line, the later one winning.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ast::{Block, ExprKind};
use crate::eval::Scope;
use crate::files::normal;
use crate::module::Module;
use crate::source_map::{FileId, Location};
use crate::value::Val;
use crate::world::World;

type Inputs = BTreeMap<Arc<str>, Val>;

/// All values that are given.
pub(crate) fn inputs(world: &World<'_>, module: &Module) -> Inputs {
    let mut inputs = Inputs::new();
    for (name, text) in &world.options.environment {
        if let Some(name) = name.strip_prefix("TF_VAR_") {
            given(world, module, name, text, &mut inputs);
        }
    }
    for path in automatic(world) {
        file(world, &path, world.read_source(&path), &mut inputs);
    }
    for (name, text) in &world.options.configured {
        given(world, module, name, text, &mut inputs);
    }
    for path in &world.options.var_files {
        let path = normal(&world.root.join(path));
        file(world, &path, world.read_named(&path), &mut inputs);
    }
    if let Some(text) = &world.options.planned
        && json(text, &mut inputs).is_err()
    {
        let message = "the values of the plan's variables are no JSON object".to_owned();
        world.error("hcl-syntax", message, None);
    }
    for (name, text) in &world.options.variables {
        given(world, module, name, text, &mut inputs);
    }
    inputs
}

/// The files Terraform reads unasked, weakest first.
fn automatic(world: &World<'_>) -> Vec<PathBuf> {
    let names = world
        .files
        .list(&world.root)
        .ok()
        .flatten()
        .unwrap_or_default();
    let auto =
        |name: &&String| name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json");
    let fixed = ["terraform.tfvars", "terraform.tfvars.json"]
        .into_iter()
        .filter(|name| names.iter().any(|known| known == name))
        .map(ToOwned::to_owned);
    fixed
        .chain(names.iter().filter(auto).cloned())
        .map(|name| world.root.join(name))
        .collect()
}

fn file(world: &World<'_>, path: &Path, source: Option<(FileId, Arc<str>)>, inputs: &mut Inputs) {
    let Some((id, text)) = source else {
        return;
    };
    let read = if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        json(&text, inputs)
    } else {
        native(world, id, &text, inputs)
    };
    if let Err(error) = read {
        let location = Location {
            file: id,
            span: error.span,
        };
        let message = format!("{}; its values are not used", error.message);
        world.error("hcl-syntax", message, Some(location));
    }
}

fn native(
    world: &World<'_>,
    file: FileId,
    text: &str,
    inputs: &mut Inputs,
) -> Result<(), crate::parse::SyntaxError> {
    let mut parsed = crate::parse::body(file, text);
    if let Some(error) = parsed.errors.pop() {
        return Err(error);
    }
    for attribute in parsed.body.attributes {
        match world.eval(&attribute.value, Scope::bare(file)) {
            Ok(value) => {
                inputs.insert(attribute.name, value);
            }
            Err(fail) => world.report(&fail),
        }
    }
    Ok(())
}

fn json(text: &str, inputs: &mut Inputs) -> Result<(), crate::parse::SyntaxError> {
    let root = crate::json::parse(text)?;
    for property in crate::json_body::properties(&root)? {
        let value = crate::json_body::constant(&property.value);
        inputs.insert(property.name.as_str().into(), value);
    }
    Ok(())
}

/// `--var name=text`: text for a simple type, an expression for any other.
fn given(world: &World<'_>, module: &Module, name: &str, text: &str, inputs: &mut Inputs) {
    let Some(variable) = module.variables.get(name) else {
        // Terraform passes over unknown names in the environment, too.
        return;
    };
    if is_simple(variable) {
        inputs.insert(name.into(), Val::string(text));
        return;
    }
    // The text is no file of the source map: it may hold a secret.
    let value = crate::parse::expression(FileId(u32::MAX), text)
        .ok()
        .and_then(|expr| world.eval(&expr, Scope::bare(FileId(u32::MAX))).ok());
    match value {
        Some(value) => {
            inputs.insert(name.into(), value);
        }
        None => {
            let location = Location {
                file: variable.file,
                span: variable.header,
            };
            let message = format!("the value given for variable `{name}` is no valid expression");
            world.error("hcl-syntax", message, Some(location));
        }
    }
}

fn is_simple(variable: &Block) -> bool {
    let Some(ty) = variable.body.attribute("type") else {
        return true;
    };
    match &ty.value.bare().kind {
        ExprKind::Name(name) => matches!(&**name, "string" | "number" | "bool"),
        _ => matches!(ty.value.literal_str(), Some("string")),
    }
}
