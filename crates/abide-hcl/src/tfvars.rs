//! The values of the root module's variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::module::Module;
use crate::value::Val;
use crate::world::World;

/// All values that are given, the strongest source winning.
pub(crate) fn inputs(_world: &World<'_>, _module: &Module) -> BTreeMap<Arc<str>, Val> {
    BTreeMap::new()
}
