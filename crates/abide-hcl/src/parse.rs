//! Text to [`Body`], with the parser's gaps closed.

use std::borrow::Cow;
use std::ops::Range;

use crate::ast::{Body, Expr, ExprKind};
use crate::lower::{Lowerer, span};
use crate::source_map::{FileId, Span};

/// How many line ends are tried to be read as blanks.
const MAX_REPAIRS: usize = 256;

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) span: Span,
}

/// Parses a file of native syntax.
pub(crate) fn body(file: FileId, text: &str) -> Result<Body, SyntaxError> {
    repaired(text, hcl_edit::parser::parse_body)
        .map(|(body, text)| Lowerer { file, text: &text }.body(&body))
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
    for _ in 0..MAX_REPAIRS {
        let error = match parse(&text) {
            Ok(parsed) => return Ok((parsed, text)),
            Err(error) => error,
        };
        let Some(line_end) = skippable_line_end(&text, &error) else {
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
