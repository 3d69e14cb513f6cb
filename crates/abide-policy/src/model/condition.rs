//! What a policy asks: conditions, operators and tests of statements.

use serde::{Deserialize, Serialize};

use super::{Advice, Literal};
use crate::error::Position;
use crate::path::Path;

/// A constant, or a parameter's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operand {
    /// A constant.
    Literal(Literal),
    /// `$name`.
    Parameter(String),
}

/// A condition, its advice, and where it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// What is asked.
    pub test: Test,
    /// What to say when this very condition is the reason.
    pub advice: Option<Box<Advice>>,
    /// Where it is written.
    pub at: Position,
}

/// What a condition asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Test {
    /// All of them hold.
    All(Vec<Condition>),
    /// One of them holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// An attribute's value.
    Attribute {
        /// Which.
        path: Path,
        /// What of it.
        operator: Operator,
        /// What if nobody set it.
        absent: Absent,
    },
    /// How many elements match.
    Quantified {
        /// How many.
        quantifier: Quantifier,
        /// Over which elements.
        over: Path,
        /// Which elements count.
        filter: Option<Box<Condition>>,
        /// What each is asked.
        matches: Option<Box<Condition>>,
        /// The answer if there is no element; by default what logic says.
        empty: Option<Verdict>,
        /// What to note of an element that decides.
        facts: Vec<Fact>,
    },
    /// Resources that refer to this one.
    Linked {
        /// How many.
        quantifier: Quantifier,
        /// Their types.
        types: Vec<String>,
        /// The attribute by which they refer.
        by: Path,
        /// What each is asked.
        matches: Option<Box<Condition>>,
    },
    /// Resources this one refers to.
    Follow {
        /// The attribute that refers.
        path: Path,
        /// Their types.
        types: Vec<String>,
        /// What each is asked.
        matches: Option<Box<Condition>>,
        /// If the attribute is set and the resource is not in this input.
        elsewhere: Verdict,
        /// If the attribute is not set.
        absent: Verdict,
    },
    /// Something somewhere in the input.
    Exists {
        /// Its types.
        types: Vec<String>,
        /// Only with the provider configuration of this resource.
        same_provider: bool,
        /// What it is asked.
        matches: Option<Box<Condition>>,
    },
    /// The statements of an IAM policy document.
    Statements {
        /// How many.
        quantifier: Quantifier,
        /// The attribute that holds the document.
        path: Path,
        /// What each is asked.
        matches: Box<Condition>,
        /// If there is no document.
        absent: Verdict,
        /// What to note of a statement that decides.
        facts: Vec<Fact>,
    },
    /// The statement of an IAM policy document we are in.
    Statement(StatementTest),
    /// A JSON text, parsed.
    Json {
        /// The attribute that holds it.
        path: Path,
        /// What the document is asked.
        matches: Box<Condition>,
        /// If there is none.
        absent: Verdict,
    },
    /// A rule of a security group or network ACL covers a port.
    Ports {
        /// First port.
        from: Path,
        /// Last port.
        to: Path,
        /// Protocol.
        protocol: Path,
        /// Ports; one of them suffices.
        cover: Operand,
        /// Protocols, by name.
        protocols: Vec<String>,
    },
    /// Addresses include the whole of IPv4 or IPv6.
    OpenToWorld {
        /// Attributes with CIDR blocks, single or lists.
        cidrs: Vec<Path>,
        /// Attributes with prefix list ids.
        prefix_lists: Vec<Path>,
    },
    /// The value of a parameter.
    Parameter {
        /// Its name.
        name: String,
        /// The value it must have.
        equals: Literal,
    },
    /// A fixed answer.
    Constant(bool),
    /// The input cannot say, for this reason.
    Undecidable(String),
}

/// A named value to note with a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: FactSource,
}

/// Where a fact comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FactSource {
    /// An attribute.
    Path(Path),
    /// A fixed text (`=text`).
    Text(String),
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quantifier {
    /// All.
    Every,
    /// At least one.
    Some,
    /// Not one.
    None,
}

impl Quantifier {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Every => "every",
            Self::Some => "some",
            Self::None => "none",
        }
    }
}

/// A fixed verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It cannot be told.
    Unknown,
}

/// What an attribute nobody set means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Absent {
    /// What the operator makes of it: no test holds but `is: unset`, `not_…`.
    Operator,
    /// A fixed verdict.
    Verdict(Verdict),
    /// The value AWS or the provider then uses.
    Default(Literal),
}

/// What is asked of a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operator {
    /// Equal.
    Equals(Operand),
    /// Not equal.
    NotEquals(Operand),
    /// Equal to one of a list.
    OneOf(Operand),
    /// Equal to none of a list.
    NotOneOf(Operand),
    /// A number at least this.
    AtLeast(Operand),
    /// A number at most this.
    AtMost(Operand),
    /// Matches a regular expression (anywhere in the text).
    Matches(Operand),
    /// Does not match a regular expression.
    NotMatches(Operand),
    /// Starts with one of these.
    StartsWith(Operand),
    /// Ends with one of these.
    EndsWith(Operand),
    /// A list that holds the value, or a text that holds the part.
    Contains(Operand),
    /// A list that holds all of these.
    ContainsAll(Operand),
    /// A list that holds one of these.
    ContainsAny(Operand),
    /// A list whose elements are all among these.
    SubsetOf(Operand),
    /// A list or text with at least this many elements.
    LengthAtLeast(Operand),
    /// A list or text with at most this many elements.
    LengthAtMost(Operand),
    /// A dotted version at least this.
    VersionAtLeast(Operand),
    /// A CIDR block that lies within one of these.
    Within(Operand),
    /// Some property.
    Is(Property),
    /// Comes from a resource of one of these types.
    RefersTo(Vec<String>),
    /// Equal to another attribute.
    EqualsAttribute(Path),
}

/// A property of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Property {
    /// Set to something.
    Set,
    /// Not set.
    Unset,
    /// True.
    True,
    /// False.
    False,
    /// An empty list, map or text.
    Empty,
    /// A list, map or text with something in it.
    NotEmpty,
    /// A KMS key of the customer.
    CustomerKey,
    /// A CIDR block that is the whole address space.
    AnyCidr,
    /// Looks like a secret by its form.
    Secret,
}

/// What is asked of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StatementTest {
    /// Allows anyone, without a restricting condition.
    Public,
    /// Has a condition that restricts who may use it.
    Restricted,
    /// Allows one of these actions.
    Allows {
        /// Actions; `*` and `?` are taken literally, the statement's own are patterns.
        actions: Operand,
    },
    /// Denies all of these actions.
    Denies {
        /// Actions.
        actions: Operand,
    },
    /// Applies to every resource.
    AnyResource,
    /// Applies to everyone.
    AnyPrincipal,
    /// Has a condition with this operator, key and value.
    Condition {
        /// Operator names, e.g. `Bool`; any with `IfExists` or a set prefix counts too.
        operators: Vec<String>,
        /// The key, e.g. `aws:SecureTransport`.
        key: String,
        /// Values, one of which suffices; empty for any.
        values: Vec<String>,
    },
}
