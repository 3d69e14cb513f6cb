//! The policies of a run: chosen, configured and compiled.
//!
//! [`builtin`] gives the library, [`load_dir`] a folder of the user's;
//! [`PolicySet::compile`] makes of both what the engine runs.

mod compile;
mod compiled;
mod library;
mod names;
mod settings;

pub use compile::{CompileError, PolicySet};
pub use compiled::{
    Attribute, CompiledPolicy, CompiledRule, LinkSpec, Node, Op, Pattern, Question,
};
pub use library::{
    LibraryError, builtin, builtin_text, complete, load_dir, load_file, load_mixed_dir,
};
pub use names::PolicyNames;
pub(crate) use settings::nearest;
pub use settings::{PolicySettings, Selection, SelectionError, Selector, services};
