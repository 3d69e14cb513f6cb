//! `.tf.json` files: from JSON to the same tree as native syntax.
//!
//! JSON does not say what is a block and what an argument; Terraform's own
//! blocks are known, and for resources the provider's schema says it.

use std::sync::Arc;

use abide_core::address::Mode;
use abide_schema::Member;

use crate::ast::{Attribute, Block, Body, Expr, ExprKind, Item, Key};
use crate::json::{Node, NodeKind, Property, parse};
use crate::number::Num;
use crate::parse::SyntaxError;
use crate::source_map::{FileId, Span};
use crate::value::Val;

/// Parses a file of JSON syntax.
pub(crate) fn body(file: FileId, text: &str) -> Result<Body, SyntaxError> {
    let reader = Reader { file };
    let root = parse(text)?;
    let mut body = Body::default();
    for property in properties(&root)? {
        let labels = match property.name.as_str() {
            "//" => continue,
            "resource" | "data" | "ephemeral" => 2,
            "variable" | "output" | "module" | "provider" | "check" => 1,
            _ => 0,
        };
        reader.blocks(
            &property.name,
            &property.value,
            property.name_span,
            labels,
            &mut Vec::new(),
            &mut body,
        )?;
    }
    Ok(body)
}

/// The value of a text in JSON, as a variable file has it: no templates.
pub(crate) fn constant(node: &Node) -> Val {
    match &node.kind {
        NodeKind::Null => Val::NULL,
        NodeKind::Bool(bool) => Val::bool(*bool),
        NodeKind::Number(digits) => Num::parse(digits).map_or(Val::UNKNOWN, Val::number),
        NodeKind::String(text) => Val::string(text.as_str()),
        NodeKind::Array(values) => Val::list(values.iter().map(constant).collect()),
        NodeKind::Object(properties) => Val::map(
            properties
                .iter()
                .map(|p| (p.name.as_str().into(), constant(&p.value)))
                .collect(),
        ),
    }
}

pub(crate) fn properties(node: &Node) -> Result<&[Property], SyntaxError> {
    match &node.kind {
        NodeKind::Object(properties) => Ok(properties),
        _ => Err(SyntaxError {
            message: "a JSON object is expected here".to_owned(),
            span: node.span,
        }),
    }
}

/// What the body of a block holds.
#[derive(Clone, Copy)]
enum Shape {
    /// Arguments and blocks of a provider's schema.
    Schema(Option<abide_schema::Block>),
    /// The blocks named here; everything else is an argument.
    Known(&'static [&'static str]),
    /// As `Known` without any, but its values are references, not text.
    References,
}

struct Reader {
    file: FileId,
}

impl Reader {
    /// Reads blocks below their labels; a list holds several of one kind.
    fn blocks(
        &self,
        kind: &str,
        node: &Node,
        name_span: Span,
        labels: usize,
        path: &mut Vec<Arc<str>>,
        out: &mut Body,
    ) -> Result<(), SyntaxError> {
        if let NodeKind::Array(nodes) = &node.kind {
            for node in nodes {
                self.blocks(kind, node, name_span, labels, path, out)?;
            }
            return Ok(());
        }
        if labels > path.len() {
            for property in properties(node)? {
                if property.name == "//" {
                    continue;
                }
                path.push(property.name.as_str().into());
                self.blocks(kind, &property.value, property.name_span, labels, path, out)?;
                path.pop();
            }
            return Ok(());
        }
        let shape = shape(kind, path);
        out.blocks.push(Arc::new(self.block(
            kind,
            node,
            name_span,
            path.clone(),
            shape,
        )?));
        Ok(())
    }

    fn block(
        &self,
        kind: &str,
        node: &Node,
        header: Span,
        labels: Vec<Arc<str>>,
        shape: Shape,
    ) -> Result<Block, SyntaxError> {
        let mut body = Body::default();
        for property in properties(node)? {
            self.property(kind, property, shape, &mut body)?;
        }
        Ok(Block {
            kind: kind.into(),
            labels,
            file: self.file,
            header,
            span: header.to(node.span),
            body,
        })
    }

    fn property(
        &self,
        kind: &str,
        property: &Property,
        shape: Shape,
        body: &mut Body,
    ) -> Result<(), SyntaxError> {
        let name = property.name.as_str();
        if name == "//" {
            return Ok(());
        }
        if name == "dynamic" && matches!(shape, Shape::Schema(_)) {
            return self.dynamics(&property.value, shape, body);
        }
        if let Some(inner) = nested_shape(shape, name) {
            // `null` for a block means that there is none.
            return self.nested(name, &property.value, property.name_span, inner, body);
        }
        let reference = matches!(shape, Shape::References)
            || matches!((kind, name), ("variable", "type") | (_, "provider"))
            || (kind == "module" && name == "providers");
        body.attributes.push(Attribute {
            name: name.into(),
            file: self.file,
            span: property.name_span.to(property.value.span),
            name_span: property.name_span,
            value: Arc::new(self.expression(&property.value, reference)?),
        });
        Ok(())
    }

    fn nested(
        &self,
        kind: &str,
        node: &Node,
        header: Span,
        shape: Shape,
        body: &mut Body,
    ) -> Result<(), SyntaxError> {
        match &node.kind {
            NodeKind::Null => Ok(()),
            NodeKind::Array(nodes) => nodes
                .iter()
                .try_for_each(|node| self.nested(kind, node, node.span, shape, body)),
            _ => {
                let block = self.block(kind, node, header, Vec::new(), shape)?;
                body.blocks.push(Arc::new(block));
                Ok(())
            }
        }
    }

    /// `"dynamic": {"ingress": {"for_each": …, "content": {…}}}`.
    fn dynamics(&self, node: &Node, shape: Shape, body: &mut Body) -> Result<(), SyntaxError> {
        if let NodeKind::Array(nodes) = &node.kind {
            return nodes
                .iter()
                .try_for_each(|node| self.dynamics(node, shape, body));
        }
        for property in properties(node)? {
            let inner = nested_shape(shape, &property.name).unwrap_or(Shape::Schema(None));
            let nodes = match &property.value.kind {
                NodeKind::Array(nodes) => nodes.iter().collect(),
                _ => vec![&property.value],
            };
            for node in nodes {
                let mut dynamic = Block {
                    kind: "dynamic".into(),
                    labels: vec![property.name.as_str().into()],
                    file: self.file,
                    header: property.name_span,
                    span: property.name_span.to(node.span),
                    body: Body::default(),
                };
                for part in properties(node)? {
                    if part.name == "content" {
                        self.nested(
                            "content",
                            &part.value,
                            part.name_span,
                            inner,
                            &mut dynamic.body,
                        )?;
                    } else {
                        self.property("dynamic", part, Shape::Known(&[]), &mut dynamic.body)?;
                    }
                }
                body.blocks.push(Arc::new(dynamic));
            }
        }
        Ok(())
    }

    /// Strings are templates, or references where Terraform takes only those.
    fn expression(&self, node: &Node, reference: bool) -> Result<Expr, SyntaxError> {
        let kind = match &node.kind {
            NodeKind::String(text) => {
                let parsed = if reference {
                    crate::parse::expression(self.file, text)
                } else if text.contains("${") || text.contains("%{") {
                    crate::parse::template(self.file, text)
                } else {
                    Ok(literal(node.span, Val::string(text.as_str())))
                };
                let parsed = parsed.map_err(|error| SyntaxError {
                    message: error.message,
                    span: node.span,
                })?;
                // Offsets in the text are not those in the file.
                return Ok(relocated(parsed, node.span));
            }
            NodeKind::Array(nodes) => ExprKind::Tuple(
                nodes
                    .iter()
                    .map(|node| self.expression(node, reference))
                    .collect::<Result<_, _>>()?,
            ),
            NodeKind::Object(properties) => ExprKind::Object(
                properties
                    .iter()
                    .map(|property| self.item(property, reference))
                    .collect::<Result<_, _>>()?,
            ),
            _ => ExprKind::Literal(constant(node)),
        };
        Ok(Expr {
            span: node.span,
            kind,
        })
    }

    fn item(&self, property: &Property, reference: bool) -> Result<Item, SyntaxError> {
        let key = if property.name.contains("${") {
            let node = Node {
                span: property.name_span,
                kind: NodeKind::String(property.name.clone()),
            };
            Key::Computed(self.expression(&node, false)?)
        } else {
            Key::Name(property.name.as_str().into())
        };
        Ok(Item {
            key,
            key_span: property.name_span,
            value: self.expression(&property.value, reference)?,
        })
    }
}

fn literal(span: Span, value: Val) -> Expr {
    Expr {
        span,
        kind: ExprKind::Literal(value),
    }
}

/// The outermost span is what findings need; inner ones would point astray.
fn relocated(expr: Expr, span: Span) -> Expr {
    Expr { span, ..expr }
}

fn shape(kind: &str, labels: &[Arc<str>]) -> Shape {
    match (kind, labels.first()) {
        ("resource", Some(type_name)) => {
            Shape::Schema(crate::schema::body(Mode::Managed, type_name))
        }
        ("data", Some(type_name)) => Shape::Schema(crate::schema::body(Mode::Data, type_name)),
        ("provider", _) => Shape::Known(&[
            "assume_role",
            "assume_role_with_web_identity",
            "default_tags",
            "endpoints",
            "ignore_tags",
        ]),
        ("terraform", _) => Shape::Known(&["required_providers", "backend", "cloud"]),
        ("moved" | "import" | "removed", _) => Shape::References,
        ("variable", _) => Shape::Known(&["validation"]),
        ("output", _) => Shape::Known(&["precondition"]),
        _ => Shape::Known(&[]),
    }
}

/// The shape of a nested block of this name; `None` if it is an argument.
fn nested_shape(shape: Shape, name: &str) -> Option<Shape> {
    match shape {
        Shape::Known(blocks) => blocks.contains(&name).then_some(Shape::Known(&[])),
        Shape::References => None,
        Shape::Schema(schema) => match schema.and_then(|schema| schema.member(name)) {
            Some(Member::Block(nested)) => Some(Shape::Schema(Some(nested.block))),
            Some(Member::Attribute(_)) => None,
            None => matches!(
                name,
                "lifecycle" | "provisioner" | "connection" | "timeouts"
            )
            .then_some(Shape::References),
        },
    }
}
