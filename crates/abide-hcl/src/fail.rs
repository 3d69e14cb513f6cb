//! Why an expression has no value.

use crate::source_map::Location;
use crate::value::Val;

/// An error of evaluation; `try` and `can` catch it. Its text never holds a value.
#[derive(Clone, Debug)]
pub(crate) struct Fail {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) location: Option<Location>,
}

/// A value, or why there is none.
pub(crate) type Evaluated = Result<Val, Box<Fail>>;

/// An expression that Terraform refuses, too.
pub(crate) const EVALUATE: &str = "hcl-evaluate";
/// A name that is declared nowhere.
pub(crate) const REFERENCE: &str = "hcl-reference";
/// Something that refers to itself.
pub(crate) const CYCLE: &str = "hcl-cycle";
/// A file outside the repository.
pub(crate) const ESCAPE: &str = "hcl-escape";
/// More than this program is willing to do.
pub(crate) const LIMIT: &str = "hcl-limit";

impl Fail {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            code,
            message: message.into(),
            location: None,
        })
    }

    /// The same at a place, unless it has a narrower one.
    pub(crate) fn at(mut self: Box<Self>, location: Location) -> Box<Self> {
        self.location.get_or_insert(location);
        self
    }
}
