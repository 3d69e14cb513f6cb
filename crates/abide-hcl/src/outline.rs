//! What the files of a module declare, without evaluating anything.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::ast::{Block, Body, Expr, ExprKind, Key};
use crate::source_map::FileId;
use crate::{LoadError, STACK, files, json_body, parse};

/// A block as far as it can be read without evaluation.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// `resource`, `module`, …
    pub kind: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Where it is in its file, in bytes; meaningless for JSON, where braces and commas are shared.
    pub span: Range<usize>,
    /// Arguments by name.
    pub arguments: BTreeMap<String, Plain>,
    /// Blocks inside.
    pub blocks: Vec<Outline>,
}

/// A value as far as it is written out.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// A string without interpolations.
    Text(String),
    /// A name, or what stands before the first dot: `aws` for `aws.west`.
    Name(String),
    /// An object.
    Object(Vec<(String, Plain)>),
    /// A list.
    List(Vec<Plain>),
    /// Anything else.
    Other,
}

impl Plain {
    /// The text of a string.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads the blocks of files (name and text), each file's for itself. What cannot be parsed is left out.
///
/// # Errors
/// If the thread that reads cannot be started: deeply nested source needs a deep stack.
pub fn outline(files: &[(String, String)]) -> Result<Vec<Vec<Outline>>, LoadError> {
    std::thread::scope(|scope| {
        let work = || files.iter().map(|(name, text)| file(name, text)).collect();
        let thread = std::thread::Builder::new()
            .name("outline".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(LoadError::Thread)?;
        match thread.join() {
            Ok(all) => Ok(all),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn file(name: &str, text: &str) -> Vec<Outline> {
    let id = FileId(0);
    let body = match files::is_native_source(name) {
        true => parse::body(id, text).body,
        false => json_body::body(id, text).unwrap_or_default(),
    };
    blocks(&body)
}

fn blocks(body: &Body) -> Vec<Outline> {
    body.blocks.iter().map(|block| of_block(block)).collect()
}

fn of_block(block: &Block) -> Outline {
    let arguments = block.body.attributes.iter();
    Outline {
        kind: block.kind.to_string(),
        labels: block.labels.iter().map(ToString::to_string).collect(),
        span: block.span.start as usize..block.span.end as usize,
        arguments: arguments
            .map(|argument| (argument.name.to_string(), plain(&argument.value)))
            .collect(),
        blocks: blocks(&block.body),
    }
}

fn plain(expr: &Expr) -> Plain {
    let expr = expr.bare();
    if let Some(text) = expr.literal_str() {
        return Plain::Text(text.to_owned());
    }
    match &expr.kind {
        ExprKind::Name(name) => Plain::Name(name.to_string()),
        ExprKind::Traversal(from, _) => match &from.bare().kind {
            ExprKind::Name(name) => Plain::Name(name.to_string()),
            _ => Plain::Other,
        },
        ExprKind::Object(items) => {
            let items = items.iter().filter_map(|item| {
                let key = match &item.key {
                    Key::Name(name) => name.to_string(),
                    Key::Computed(key) => key.literal_str()?.to_owned(),
                };
                Some((key, plain(&item.value)))
            });
            Plain::Object(items.collect())
        }
        ExprKind::Tuple(items) => Plain::List(items.iter().map(plain).collect()),
        _ => Plain::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Vec<Outline> {
        let files = [(name.to_owned(), text.to_owned())];
        outline(&files).unwrap().remove(0)
    }

    #[test]
    fn both_syntaxes_give_the_same() {
        let native = of(
            "main.tf",
            r#"
            terraform {
              required_providers {
                aws = { source = "hashicorp/aws", version = "~> 5.0" }
              }
            }
            data "aws_ami" "x" { provider = aws.west }
            provider "aws" { allowed_account_ids = ["111122223333", var.other] }
            "#,
        );
        let json = of(
            "main.tf.json",
            r#"{"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.0"}}},
                "data": {"aws_ami": {"x": {"provider": "aws.west"}}},
                "provider": {"aws": {"allowed_account_ids": ["111122223333", "${var.other}"]}}}"#,
        );
        for blocks in [&native, &json] {
            let terraform = blocks.iter().find(|b| b.kind == "terraform").unwrap();
            let required = &terraform.blocks[0].arguments["aws"];
            let Plain::Object(items) = required else {
                panic!("{required:?}");
            };
            assert_eq!(items[0].1.as_text(), Some("hashicorp/aws"));
            let data = blocks.iter().find(|b| b.kind == "data").unwrap();
            assert_eq!(data.labels, ["aws_ami", "x"]);
            let provider = blocks.iter().find(|b| b.kind == "provider").unwrap();
            let Plain::List(ids) = &provider.arguments["allowed_account_ids"] else {
                panic!("{provider:?}");
            };
            assert_eq!(ids[0].as_text(), Some("111122223333"));
            assert_eq!((ids[1].as_text(), ids.len()), (None, 2));
        }
        let name = |blocks: &[Outline]| {
            let data = blocks.iter().find(|b| b.kind == "data").unwrap();
            data.arguments["provider"].clone()
        };
        // In JSON the text of a reference is read as one.
        assert_eq!(name(&native), Plain::Name("aws".to_owned()));
        assert_eq!(name(&json), Plain::Name("aws".to_owned()));
    }

    #[test]
    fn a_broken_block_costs_only_itself() {
        let blocks = of(
            "main.tf",
            "data \"a\" \"b\" {}\nresource \"x\" {{{\n}\nvariable \"v\" {}\n",
        );
        assert!(blocks.iter().any(|block| block.kind == "data"));
    }
}
