//! Parsed Terraform source, leaner than the parser's tree and the same for both syntaxes.
//!
//! Everything carries its byte range, because findings point at it. Nothing
//! here is changed after parsing: module instances share it.

use std::sync::Arc;

use crate::source_map::{FileId, Span};
use crate::value::Val;

/// The content of a file or a block.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) blocks: Vec<Arc<Block>>,
}

impl Body {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| &*a.name == name)
    }

    pub(crate) fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Arc<Block>> {
        self.blocks.iter().filter(move |block| &*block.kind == kind)
    }
}

/// `name = value`.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Arc<str>,
    pub(crate) file: FileId,
    /// From the first byte of the name to the last of the value.
    pub(crate) span: Span,
    pub(crate) name_span: Span,
    pub(crate) value: Arc<Expr>,
}

/// `kind "label" { … }`.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) kind: Arc<str>,
    pub(crate) labels: Vec<Arc<str>>,
    pub(crate) file: FileId,
    /// Kind and labels.
    pub(crate) header: Span,
    pub(crate) span: Span,
    pub(crate) body: Body,
}

impl Block {
    pub(crate) fn label(&self, index: usize) -> Option<&Arc<str>> {
        self.labels.get(index)
    }
}

/// An expression and where it is.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) kind: ExprKind,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Literal(Val),
    Template(Vec<Part>),
    Tuple(Vec<Expr>),
    Object(Vec<Item>),
    /// A bare name.
    Name(Arc<str>),
    /// What follows a name or any other expression; never empty.
    Traversal(Box<Expr>, Vec<Step>),
    Conditional(Box<[Expr; 3]>),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<[Expr; 2]>),
    Call(Box<Call>),
    For(Box<For>),
    /// Parentheses are kept: in the key of an object they mean something.
    Parenthesis(Box<Expr>),
}

/// A part of a template.
#[derive(Debug)]
pub(crate) enum Part {
    Literal(Arc<str>),
    Interpolation(Expr),
    If {
        condition: Expr,
        then: Vec<Part>,
        otherwise: Vec<Part>,
    },
    For {
        key: Option<Arc<str>>,
        value: Arc<str>,
        collection: Expr,
        body: Vec<Part>,
    },
}

/// `key = value` in an object.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) key: Key,
    pub(crate) key_span: Span,
    pub(crate) value: Expr,
}

/// The key of an item: a bare name stands for itself.
#[derive(Debug)]
pub(crate) enum Key {
    Name(Arc<str>),
    Computed(Expr),
}

/// One step of a traversal.
#[derive(Debug)]
pub(crate) enum Step {
    Get(Arc<str>),
    Index(Expr),
    /// `[*]` or `.*` with the steps that are done for each element.
    Splat(Vec<Step>),
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Arc<str>,
    pub(crate) arguments: Vec<Expr>,
    /// The last argument is a list of arguments: `f(x...)`.
    pub(crate) expand: bool,
}

#[derive(Debug)]
pub(crate) struct For {
    pub(crate) key: Option<Arc<str>>,
    pub(crate) value: Arc<str>,
    pub(crate) collection: Expr,
    /// The key of the object it makes; a list without it.
    pub(crate) result_key: Option<Expr>,
    pub(crate) result: Expr,
    pub(crate) grouping: bool,
    pub(crate) condition: Option<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Not,
    Negate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl Expr {
    /// The expression without parentheses around it.
    pub(crate) fn bare(&self) -> &Self {
        let mut expr = self;
        while let ExprKind::Parenthesis(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }

    /// The text of a string without interpolations.
    pub(crate) fn literal_str(&self) -> Option<&str> {
        match &self.bare().kind {
            ExprKind::Literal(value) => value.as_str(),
            _ => None,
        }
    }

    /// The name a bare name or a plain string stands for, as in `iterator = x`.
    pub(crate) fn keyword(&self) -> Option<&str> {
        match &self.bare().kind {
            ExprKind::Name(name) => Some(name),
            _ => self.literal_str(),
        }
    }
}
