//! Text to [`Body`], with the parser's gaps closed.

use std::borrow::Cow;
use std::ops::Range;

use crate::ast::{Body, Expr, ExprKind};
use crate::lower::{Lowerer, span};
use crate::source_map::{FileId, Span};

/// How many line ends are tried to be read as blanks.
const MAX_REPAIRS: usize = 256;
/// How many broken blocks of a file are passed over.
const MAX_BROKEN: usize = 16;
/// How many bytes are parsed again for one file's repairs.
const MAX_REPARSED: usize = 64 << 20;

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) span: Span,
}

/// A file as far as it could be parsed.
pub(crate) struct Parsed {
    pub(crate) body: Body,
    pub(crate) errors: Vec<SyntaxError>,
    /// Nothing of it could be parsed.
    pub(crate) lost: bool,
}

impl From<Result<Body, SyntaxError>> for Parsed {
    fn from(result: Result<Body, SyntaxError>) -> Self {
        let lost = result.is_err();
        let (body, errors) = match result {
            Ok(body) => (body, Vec::new()),
            Err(error) => (Body::default(), vec![error]),
        };
        Self { body, errors, lost }
    }
}

/// Parses a file of native syntax. A broken block is passed over, and the
/// others are read.
pub(crate) fn body(file: FileId, text: &str) -> Parsed {
    let mut rest = Cow::Borrowed(text);
    let mut errors = Vec::new();
    loop {
        let error = match repaired(&rest, hcl_edit::parser::parse_body) {
            Ok((body, text)) => {
                let body = Lowerer { file, text: &text }.body(&body);
                return Parsed {
                    body,
                    errors,
                    lost: false,
                };
            }
            Err(error) => error,
        };
        let broken = crate::salvage::broken_block(&rest, error.span.start as usize);
        errors.push(error);
        match broken {
            Some(block) if errors.len() < MAX_BROKEN && text.len() < MAX_REPARSED / MAX_BROKEN => {
                crate::salvage::blank(rest.to_mut(), block);
            }
            _ => {
                return Parsed {
                    body: Body::default(),
                    errors,
                    lost: true,
                };
            }
        }
    }
}

/// Parses the text of a template file, or of a string in JSON.
pub(crate) fn template(file: FileId, text: &str) -> Result<Expr, SyntaxError> {
    let template =
        hcl_edit::parser::parse_template(text).map_err(|error| describe(text, &error))?;
    let parts = crate::template::bare(&Lowerer { file, text }, template.iter());
    Ok(Expr {
        span: span(Some(0..text.len())),
        kind: ExprKind::Template(parts),
    })
}

/// Parses one expression, as in `-var 'x=[1]'` or a JSON string that holds one.
pub(crate) fn expression(file: FileId, text: &str) -> Result<Expr, SyntaxError> {
    repaired(text, hcl_edit::parser::parse_expr)
        .map(|(expression, text)| Lowerer { file, text: &text }.expression(&expression))
}

/// Parses, and where the parser stops at a byte order mark or at a line end
/// that Terraform passes over, puts blanks there. All offsets stay true.
fn repaired<T>(
    text: &str,
    parse: fn(&str) -> Result<T, hcl_edit::parser::Error>,
) -> Result<(T, Cow<'_, str>), SyntaxError> {
    let mut text = Cow::Borrowed(text);
    if text.starts_with('\u{feff}') {
        text.to_mut().replace_range(..3, "   ");
    }
    for repair in 0..MAX_REPAIRS {
        let error = match parse(&text) {
            Ok(parsed) => return Ok((parsed, text)),
            Err(error) => error,
        };
        let line_end = skippable_line_end(&text, &error)
            .filter(|_| repair.saturating_mul(text.len()) < MAX_REPARSED);
        let Some(line_end) = line_end else {
            return Err(describe(&text, &error));
        };
        let blanks = " ".repeat(line_end.len());
        text.to_mut().replace_range(line_end, &blanks);
    }
    Err(SyntaxError {
        message: "too many line breaks inside conditionals".to_owned(),
        span: Span::default(),
    })
}

/// The line end before an error if an operator stands before it: inside braces
/// the parser does not know that an expression may go on there.
fn skippable_line_end(text: &str, error: &hcl_edit::parser::Error) -> Option<Range<usize>> {
    if !error.message().starts_with("invalid expression") {
        return None;
    }
    let mut offset = error.location().offset().min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r');
    let before = text.get(..offset)?.trim_end_matches(blank);
    let newline = if text
        .get(before.len()..)?
        .trim_start_matches(blank)
        .starts_with('\n')
    {
        before.len() + text.get(before.len()..)?.find('\n')?
    } else if before.ends_with('\n') {
        before.len() - 1
    } else {
        return None;
    };
    let start = match text.get(..newline)? {
        line if line.ends_with('\r') => newline - 1,
        _ => newline,
    };
    let line = text.get(..start)?.trim_end();
    let goes_on = [":", "?", "&&", "||", "=>"]
        .iter()
        .any(|operator| line.ends_with(operator));
    goes_on.then_some(start..newline + 1)
}

fn describe(text: &str, error: &hcl_edit::parser::Error) -> SyntaxError {
    let start = error.location().offset().min(text.len());
    let end = text
        .get(start..)
        .and_then(|rest| rest.chars().next())
        .map_or(start, |c| start + c.len_utf8());
    SyntaxError {
        message: error.message().replace('\n', " "),
        span: Span::from(start..end),
    }
}
