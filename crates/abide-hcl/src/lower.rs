//! From the parser's tree to [`crate::ast`].

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::structure;

use crate::ast::{
    Attribute, BinaryOp, Block, Body, Call, Expr, ExprKind, For, Item, Key, Step, UnaryOp,
};
use crate::number::Num;
use crate::source_map::{FileId, Span};
use crate::template;
use crate::value::Val;

/// More `[*]` in one traversal than this are no Terraform anyone wrote.
const MAX_SPLATS: usize = 32;

/// Lowers one file.
pub(crate) struct Lowerer<'t> {
    pub(crate) file: FileId,
    pub(crate) text: &'t str,
}

impl Lowerer<'_> {
    pub(crate) fn body(&self, body: &structure::Body) -> Body {
        let mut lowered = Body::default();
        for structure in body {
            match structure {
                structure::Structure::Attribute(attribute) => {
                    lowered.attributes.push(self.attribute(attribute));
                }
                structure::Structure::Block(block) => {
                    lowered.blocks.push(Arc::new(self.block(block)));
                }
            }
        }
        // Kept as long as the load, and there are very many of them.
        lowered.attributes.shrink_to_fit();
        lowered.blocks.shrink_to_fit();
        lowered
    }

    fn attribute(&self, attribute: &structure::Attribute) -> Attribute {
        let name_span = span(attribute.key.span());
        let value = self.expression(&attribute.value);
        Attribute {
            name: attribute.key.as_str().into(),
            file: self.file,
            span: name_span.to(value.span),
            name_span,
            value: Arc::new(value),
        }
    }

    fn block(&self, block: &structure::Block) -> Block {
        let kind = span(block.ident.span());
        let header = block
            .labels
            .iter()
            .fold(kind, |header, label| header.to(span(label.span())));
        Block {
            kind: block.ident.as_str().into(),
            labels: block.labels.iter().map(|l| l.as_str().into()).collect(),
            file: self.file,
            header,
            span: block.span().map_or(header, Span::from),
            body: self.body(&block.body),
        }
    }

    pub(crate) fn expression(&self, expression: &Expression) -> Expr {
        let kind = match expression {
            Expression::Null(_) => ExprKind::Literal(Val::NULL),
            Expression::Bool(value) => ExprKind::Literal(Val::bool(*value.value())),
            Expression::Number(number) => ExprKind::Literal(literal_number(number.value())),
            Expression::String(text) => ExprKind::Literal(Val::string(text.as_str())),
            Expression::Array(array) => {
                ExprKind::Tuple(array.iter().map(|e| self.expression(e)).collect())
            }
            Expression::Object(object) => ExprKind::Object(self.items(object)),
            Expression::StringTemplate(parts) => {
                ExprKind::Template(template::quoted(self, parts.iter()))
            }
            Expression::HeredocTemplate(heredoc) => {
                ExprKind::Template(template::heredoc(self, heredoc))
            }
            Expression::Parenthesis(inner) => {
                ExprKind::Parenthesis(Box::new(self.expression(inner.inner())))
            }
            Expression::Variable(name) => ExprKind::Name(name.as_str().into()),
            Expression::Conditional(conditional) => ExprKind::Conditional(Box::new([
                self.expression(&conditional.cond_expr),
                self.expression(&conditional.true_expr),
                self.expression(&conditional.false_expr),
            ])),
            Expression::FuncCall(call) => ExprKind::Call(Box::new(self.call(call))),
            Expression::Traversal(traversal) => self.traversal(traversal),
            Expression::UnaryOp(unary) => {
                let operator = match unary.operator.value() {
                    hcl_edit::expr::UnaryOperator::Not => UnaryOp::Not,
                    hcl_edit::expr::UnaryOperator::Neg => UnaryOp::Negate,
                };
                ExprKind::Unary(operator, Box::new(self.expression(&unary.expr)))
            }
            Expression::BinaryOp(binary) => ExprKind::Binary(
                binary_operator(*binary.operator.value()),
                Box::new([
                    self.expression(&binary.lhs_expr),
                    self.expression(&binary.rhs_expr),
                ]),
            ),
            Expression::ForExpr(for_expr) => ExprKind::For(Box::new(self.for_expr(for_expr))),
        };
        Expr {
            span: span(expression.span()),
            kind,
        }
    }

    fn items(&self, object: &hcl_edit::expr::Object) -> Vec<Item> {
        let mut items = Vec::with_capacity(object.len());
        items.extend(object.iter().map(|(key, value)| {
            let (key, key_span) = match key {
                ObjectKey::Ident(name) => (Key::Name(name.as_str().into()), name.span()),
                ObjectKey::Expression(Expression::Variable(name)) => {
                    (Key::Name(name.as_str().into()), name.span())
                }
                ObjectKey::Expression(expression) => {
                    let span = expression.span();
                    (Key::Computed(self.expression(expression)), span)
                }
            };
            Item {
                key,
                key_span: span(key_span),
                value: self.expression(value.expr()),
            }
        }));
        items
    }

    fn call(&self, call: &hcl_edit::expr::FuncCall) -> Call {
        let mut name = String::new();
        for scope in &call.name.namespace {
            // `core::length` is `length`; other namespaces are providers'.
            if scope.as_str() != "core" {
                name.push_str(scope.as_str());
                name.push_str("::");
            }
        }
        name.push_str(call.name.name.as_str());
        Call {
            name: name.into(),
            arguments: call.args.iter().map(|e| self.expression(e)).collect(),
            expand: call.args.expand_final(),
        }
    }

    fn traversal(&self, traversal: &Traversal) -> ExprKind {
        let operators: Vec<_> = traversal.operators.iter().map(|o| o.value()).collect();
        let Some(steps) = self.steps(&operators, 0) else {
            return ExprKind::Literal(Val::UNKNOWN);
        };
        ExprKind::Traversal(Box::new(self.expression(&traversal.expr)), steps)
    }

    /// `None` if there are too many splats.
    fn steps(&self, operators: &[&TraversalOperator], splats: usize) -> Option<Vec<Step>> {
        if splats > MAX_SPLATS {
            return None;
        }
        let mut steps = Vec::with_capacity(operators.len());
        let mut at = 0;
        while let Some(operator) = operators.get(at) {
            at += 1;
            match operator {
                TraversalOperator::GetAttr(name) => steps.push(Step::Get(name.as_str().into())),
                TraversalOperator::Index(index) => steps.push(Step::Index(self.expression(index))),
                TraversalOperator::LegacyIndex(index) => steps.push(Step::Index(Expr {
                    span: span(index.span()),
                    kind: ExprKind::Literal(Val::count(
                        usize::try_from(*index.value()).unwrap_or(usize::MAX),
                    )),
                })),
                // `.*` takes the attributes that follow, `[*]` everything.
                TraversalOperator::AttrSplat(_) => {
                    let rest = &operators[at..];
                    let taken = rest
                        .iter()
                        .take_while(|o| matches!(o, TraversalOperator::GetAttr(_)))
                        .count();
                    steps.push(Step::Splat(self.steps(&rest[..taken], splats + 1)?));
                    at += taken;
                }
                TraversalOperator::FullSplat(_) => {
                    steps.push(Step::Splat(self.steps(&operators[at..], splats + 1)?));
                    at = operators.len();
                }
            }
        }
        Some(steps)
    }

    fn for_expr(&self, for_expr: &hcl_edit::expr::ForExpr) -> For {
        For {
            key: for_expr.intro.key_var.as_ref().map(|n| n.as_str().into()),
            value: for_expr.intro.value_var.as_str().into(),
            collection: self.expression(&for_expr.intro.collection_expr),
            result_key: for_expr.key_expr.as_ref().map(|e| self.expression(e)),
            result: self.expression(&for_expr.value_expr),
            grouping: for_expr.grouping,
            condition: for_expr.cond.as_ref().map(|c| self.expression(&c.expr)),
        }
    }
}

pub(crate) fn span(range: Option<Range<usize>>) -> Span {
    range.map(Span::from).unwrap_or_default()
}

fn literal_number(number: &hcl_edit::Number) -> Val {
    match (number.as_i64(), number.as_f64()) {
        (Some(int), _) => Val::int(int),
        (None, Some(float)) => Val::number(Num::from_f64(float)),
        (None, None) => Val::UNKNOWN,
    }
}

fn binary_operator(operator: hcl_edit::expr::BinaryOperator) -> BinaryOp {
    use hcl_edit::expr::BinaryOperator as Parsed;
    match operator {
        Parsed::Or => BinaryOp::Or,
        Parsed::And => BinaryOp::And,
        Parsed::Eq => BinaryOp::Equal,
        Parsed::NotEq => BinaryOp::NotEqual,
        Parsed::Less => BinaryOp::Less,
        Parsed::LessEq => BinaryOp::LessEqual,
        Parsed::Greater => BinaryOp::Greater,
        Parsed::GreaterEq => BinaryOp::GreaterEqual,
        Parsed::Plus => BinaryOp::Add,
        Parsed::Minus => BinaryOp::Subtract,
        Parsed::Mul => BinaryOp::Multiply,
        Parsed::Div => BinaryOp::Divide,
        Parsed::Mod => BinaryOp::Modulo,
    }
}
