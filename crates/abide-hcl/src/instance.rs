//! Instances of modules and of the blocks in them, made when they are asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::ast::Block;
use crate::blocks::BodyTrace;
use crate::eval::Scope;
use crate::fail::{CYCLE, EVALUATE, Evaluated, Fail, REFERENCE};
use crate::module::{Module, title};
use crate::repetition::{Repetition, repeated_by};
use crate::source_map::Location;
use crate::types;
use crate::value::Val;
use crate::world::World;

/// One instance of a module.
pub(crate) struct Instance {
    /// `module.a["x"]`; empty for the root.
    pub(crate) address: String,
    /// The names of the calls that lead here: `a.b`.
    pub(crate) path: String,
    pub(crate) source: Arc<Module>,
    pub(crate) call: Option<CallSite>,
    pub(crate) depth: usize,
    /// Values given to the root's variables.
    pub(crate) inputs: BTreeMap<Arc<str>, Val>,
    cells: RefCell<Cells>,
}

/// The call that made a module instance.
pub(crate) struct CallSite {
    pub(crate) parent: Rc<Instance>,
    pub(crate) block: Arc<Block>,
    pub(crate) repetition: Repetition,
}

/// One instance of a resource.
pub(crate) struct Made {
    pub(crate) value: Val,
    pub(crate) trace: BodyTrace,
}

type Key = (usize, usize);

#[derive(Default)]
struct Cells {
    variables: BTreeMap<Arc<str>, Slot<Result<Val, Box<Fail>>>>,
    locals: BTreeMap<Arc<str>, Slot<Result<Val, Box<Fail>>>>,
    outputs: BTreeMap<Arc<str>, Slot<Result<Val, Box<Fail>>>>,
    repetitions: BTreeMap<usize, Slot<Rc<Vec<Repetition>>>>,
    children: BTreeMap<Arc<str>, Slot<Option<Instances>>>,
    resources: BTreeMap<Key, Slot<Rc<Made>>>,
}

/// The instances of one module call.
type Instances = Rc<Vec<Rc<Instance>>>;

/// A value that is being made, or is there.
enum Slot<T> {
    Busy,
    Done(T),
}

/// Takes a value from a map of cells, or makes it; a cell that is asked for
/// while it is being made is a cycle.
fn cell<K: Ord + Clone, T: Clone>(
    cells: &RefCell<Cells>,
    of: fn(&mut Cells) -> &mut BTreeMap<K, Slot<T>>,
    key: &K,
    make: impl FnOnce() -> T,
) -> Result<T, Box<Fail>> {
    match of(&mut cells.borrow_mut()).get(key) {
        Some(Slot::Done(value)) => return Ok(value.clone()),
        Some(Slot::Busy) => return Err(Fail::new(CYCLE, "it refers to itself")),
        None => {}
    }
    of(&mut cells.borrow_mut()).insert(key.clone(), Slot::Busy);
    let value = make();
    of(&mut cells.borrow_mut()).insert(key.clone(), Slot::Done(value.clone()));
    Ok(value)
}

impl Instance {
    pub(crate) fn root(source: Arc<Module>, inputs: BTreeMap<Arc<str>, Val>) -> Self {
        Self {
            address: String::new(),
            path: String::new(),
            source,
            call: None,
            depth: 0,
            inputs,
            cells: RefCell::default(),
        }
    }

    /// Lets go of all that was evaluated. A module and those it calls hold each
    /// other, so without this nothing of a load would ever be freed.
    pub(crate) fn release(&self) {
        let cells = self.cells.take();
        let children = cells.children.into_values().filter_map(|slot| match slot {
            Slot::Done(children) => children,
            Slot::Busy => None,
        });
        for children in children {
            children.iter().for_each(|child| child.release());
        }
    }

    /// Lets go of all but the outputs, once they and everything else in the module
    /// were asked for: nobody outside can ask for more.
    pub(crate) fn close(&self) {
        let mut cells = self.cells.borrow_mut();
        let outputs = std::mem::take(&mut cells.outputs);
        *cells = Cells {
            outputs,
            ..Cells::default()
        };
    }

    fn child(source: Arc<Module>, name: &str, call: CallSite) -> Self {
        let parent = &call.parent;
        let key = call
            .repetition
            .key
            .as_ref()
            .map_or(String::new(), ToString::to_string);
        let dot = |text: &str| if text.is_empty() { "" } else { "." };
        Self {
            address: format!(
                "{}{}module.{name}{key}",
                parent.address,
                dot(&parent.address)
            ),
            path: format!("{}{}{name}", parent.path, dot(&parent.path)),
            source,
            depth: parent.depth + 1,
            inputs: BTreeMap::new(),
            call: Some(call),
            cells: RefCell::default(),
        }
    }
}

impl World<'_> {
    /// The value of `var.name`.
    pub(crate) fn variable(&self, module: &Rc<Instance>, name: &Arc<str>) -> Evaluated {
        let Some(block) = module.source.variables.get(name) else {
            return Err(Fail::new(
                REFERENCE,
                format!("variable `{name}` is not declared"),
            ));
        };
        cell(
            &module.cells,
            |c| &mut c.variables,
            name,
            || self.make_variable(module, name, block),
        )
        .map_err(|fail| cyclic(fail, &format!("variable `{name}`")))?
    }

    fn make_variable(&self, module: &Rc<Instance>, name: &Arc<str>, block: &Block) -> Evaluated {
        let here = Scope::in_module(module, block.file);
        let constant = |name: &str| {
            let attribute = block.body.attribute(name)?;
            let value = self
                .eval(&attribute.value, Scope::bare(attribute.file))
                .ok()?;
            types::to_bool(&value).ok()?
        };
        let sensitive = constant("sensitive") == Some(true);
        let default = block.body.attribute("default");
        let mut given = match &module.call {
            None => module.inputs.get(name).cloned(),
            Some(call) => match call.block.body.attribute(name) {
                Some(argument) => {
                    let frame = call.repetition.frame();
                    let scope = Scope {
                        module: Some(&call.parent),
                        file: argument.file,
                        frame: frame.as_ref(),
                    };
                    Some(self.eval(&argument.value, scope)?)
                }
                None => None,
            },
        };
        if constant("nullable") == Some(false) {
            given = given.filter(|value| !value.is_null());
        }
        let value = match (given, default) {
            (Some(value), _) => value,
            (None, Some(default)) => self.eval(&default.value, here.in_file(default.file))?,
            (None, None) => {
                self.missing_variable(module, name, block);
                Val::UNKNOWN
            }
        };
        let value = value.marked(sensitive);
        let ty = block.body.attribute("type").and_then(|ty| {
            types::parse(&ty.value, &|default| {
                self.eval(default, Scope::bare(ty.file))
                    .unwrap_or(Val::NULL)
            })
        });
        let Some(ty) = ty else { return Ok(value) };
        types::convert(&value, &ty).map_err(|reason| {
            let place = match &module.call {
                Some(call) => call.block.body.attribute(name).map(|a| Location {
                    file: a.file,
                    span: a.value.span,
                }),
                None => None,
            };
            let fail = Fail::new(
                EVALUATE,
                format!("the value of variable `{name}` does not have its type: {reason}"),
            );
            fail.at(place.unwrap_or(Location {
                file: block.file,
                span: block.header,
            }))
        })
    }

    fn missing_variable(&self, module: &Instance, name: &str, block: &Block) {
        let location = Location {
            file: block.file,
            span: block.header,
        };
        match &module.call {
            None => self.warn(
                "hcl-missing-variable",
                format!(
                    "variable `{name}` has no value: what depends on it is unknown; give it with --var or --var-file"
                ),
                Some(location),
            ),
            Some(call) => self.error(
                "hcl-missing-variable",
                format!("the module needs the argument `{name}`, which the call does not give"),
                Some(Location {
                    file: call.block.file,
                    span: call.block.header,
                }),
            ),
        }
    }

    /// The value of `local.name`.
    pub(crate) fn local(&self, module: &Rc<Instance>, name: &Arc<str>) -> Evaluated {
        let Some(local) = module.source.locals.get(name) else {
            return Err(Fail::new(
                REFERENCE,
                format!("local value `{name}` is not declared"),
            ));
        };
        cell(
            &module.cells,
            |c| &mut c.locals,
            name,
            || self.eval(&local.value, Scope::in_module(module, local.file)),
        )
        .map_err(|fail| cyclic(fail, &format!("local value `{name}`")))?
    }

    /// The value of an output.
    pub(crate) fn output(&self, module: &Rc<Instance>, name: &Arc<str>) -> Evaluated {
        let Some(block) = module.source.outputs.get(name) else {
            return Err(Fail::new(
                REFERENCE,
                format!("the module has no output `{name}`"),
            ));
        };
        cell(
            &module.cells,
            |c| &mut c.outputs,
            name,
            || {
                let value = block
                    .body
                    .attribute("value")
                    .ok_or_else(|| Fail::new(EVALUATE, format!("output `{name}` has no value")))?;
                let sensitive = block
                    .body
                    .attribute("sensitive")
                    .and_then(|mark| self.eval(&mark.value, Scope::bare(mark.file)).ok())
                    .and_then(|mark| types::to_bool(&mark).ok()?);
                let scope = Scope::in_module(module, value.file);
                Ok(self
                    .eval(&value.value, scope)?
                    .marked(sensitive == Some(true)))
            },
        )
        .map_err(|fail| cyclic(fail, &format!("output `{name}`")))?
    }

    /// The instances of a block that `count` or `for_each` asks for.
    pub(crate) fn repetitions(
        &self,
        module: &Rc<Instance>,
        block: &Arc<Block>,
    ) -> Result<Rc<Vec<Repetition>>, Box<Fail>> {
        let key = Arc::as_ptr(block) as usize;
        cell(
            &module.cells,
            |c| &mut c.repetitions,
            &key,
            || {
                let made = match self.make_repetitions(module, block) {
                    Ok(made) => made,
                    Err(fail) => {
                        self.report(&fail);
                        vec![Repetition::uncertain(repeated_by(block))]
                    }
                };
                Rc::new(made)
            },
        )
        .map_err(|fail| cyclic(fail, &title(block)))
    }

    /// The instances of a called module; `None` if its source is not at hand.
    pub(crate) fn children(
        &self,
        module: &Rc<Instance>,
        name: &Arc<str>,
    ) -> Result<Option<Instances>, Box<Fail>> {
        let Some(block) = module.source.calls.get(name) else {
            return Err(Fail::new(
                REFERENCE,
                format!("module `{name}` is not declared"),
            ));
        };
        cell(
            &module.cells,
            |c| &mut c.children,
            name,
            || {
                let source = self.called(module, name, block)?;
                let repetitions = match self.repetitions(module, block) {
                    Ok(repetitions) => repetitions,
                    Err(fail) => {
                        self.report(&fail);
                        return None;
                    }
                };
                let children = repetitions
                    .iter()
                    .map(|repetition| {
                        let call = CallSite {
                            parent: module.clone(),
                            block: block.clone(),
                            repetition: repetition.clone(),
                        };
                        Rc::new(Instance::child(source.clone(), name, call))
                    })
                    .collect();
                Some(Rc::new(children))
            },
        )
        .map_err(|fail| cyclic(fail, &title(block)))
    }

    /// One instance of a resource block.
    pub(crate) fn made(
        &self,
        module: &Rc<Instance>,
        resource: usize,
        repetition: (usize, &Repetition),
    ) -> Result<Rc<Made>, Box<Fail>> {
        let declared = &module.source.resources[resource];
        let (at, repetition) = repetition;
        cell(
            &module.cells,
            |c| &mut c.resources,
            &(resource, at),
            || Rc::new(self.make_resource(module, declared, repetition)),
        )
        .map_err(|fail| cyclic(fail, &title(&declared.block)))
    }
}

fn cyclic(mut fail: Box<Fail>, what: &str) -> Box<Fail> {
    if fail.code == CYCLE && fail.location.is_none() {
        fail.message = format!("{what} refers to itself");
    }
    fail
}
