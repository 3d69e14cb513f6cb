//! Templates: what `~` and `<<-` take away is taken away here, once.
//!
//! Terraform cuts the text of a heredoc at line ends and lets `~` work on the
//! piece beside it alone, so the pieces are kept apart until that is done.

use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::template::{Directive, Element, HeredocTemplate, Strip};

use crate::ast::Part;
use crate::lower::Lowerer;

/// The parts of `"…${…}…"`.
pub(crate) fn quoted<'e>(
    lowerer: &Lowerer<'_>,
    elements: impl Iterator<Item = &'e Element>,
) -> Vec<Part> {
    let elements: Vec<&Element> = elements.collect();
    let mut pieces = Pieces::default();
    pieces.collect(&elements, &|literal| vec![literal.as_str().to_owned()]);
    pieces.trim();
    pieces.parts(lowerer, &elements)
}

/// The parts of the text of a template file or of a string in JSON.
pub(crate) fn bare<'e>(
    lowerer: &Lowerer<'_>,
    elements: impl Iterator<Item = &'e Element>,
) -> Vec<Part> {
    quoted(lowerer, elements)
}

/// The parts of `<<EOT` and `<<-EOT`.
pub(crate) fn heredoc(lowerer: &Lowerer<'_>, heredoc: &HeredocTemplate) -> Vec<Part> {
    let elements: Vec<&Element> = heredoc.template.iter().collect();
    let mut pieces = Pieces::default();
    // The parser has changed the literals already, so the source is read again.
    pieces.collect(&elements, &|literal| {
        let raw = literal.span().and_then(|span| lowerer.text.get(span));
        let text = raw.map_or_else(
            || literal.as_str().to_owned(),
            |raw| raw.replace("$${", "${").replace("%%{", "%{"),
        );
        text.split_inclusive('\n').map(ToOwned::to_owned).collect()
    });
    pieces.trim();
    let opening = heredoc.span().and_then(|span| lowerer.text.get(span));
    if opening.is_some_and(|text| text.starts_with("<<-")) {
        pieces.flush();
    }
    pieces.parts(lowerer, &elements)
}

type Literal = hcl_edit::Spanned<String>;

enum Piece {
    /// One literal, cut where Terraform cuts it.
    Literal(Vec<String>),
    /// `${`…`}`, or one `%{`…`}`.
    Marker(Strip),
}

#[derive(Default)]
struct Pieces {
    pieces: Vec<Piece>,
    next: usize,
}

impl Pieces {
    fn collect(&mut self, elements: &[&Element], cut: &dyn Fn(&Literal) -> Vec<String>) {
        for element in elements {
            match element {
                Element::Literal(literal) => self.pieces.push(Piece::Literal(cut(literal))),
                Element::Interpolation(inner) => self.pieces.push(Piece::Marker(inner.strip)),
                Element::Directive(directive) => match &**directive {
                    Directive::If(directive) => {
                        self.pieces.push(Piece::Marker(directive.if_expr.strip));
                        self.collect(&all(&directive.if_expr.template), cut);
                        if let Some(otherwise) = &directive.else_expr {
                            self.pieces.push(Piece::Marker(otherwise.strip));
                            self.collect(&all(&otherwise.template), cut);
                        }
                        self.pieces.push(Piece::Marker(directive.endif_expr.strip));
                    }
                    Directive::For(directive) => {
                        self.pieces.push(Piece::Marker(directive.for_expr.strip));
                        self.collect(&all(&directive.for_expr.template), cut);
                        self.pieces.push(Piece::Marker(directive.endfor_expr.strip));
                    }
                },
            }
        }
    }

    /// `~` eats the white space of the piece beside it.
    fn trim(&mut self) {
        for at in 0..self.pieces.len() {
            let Piece::Marker(strip) = self.pieces[at] else {
                continue;
            };
            if strip.strip_start()
                && let Some(Piece::Literal(lines)) =
                    at.checked_sub(1).map(|before| &mut self.pieces[before])
                && let Some(line) = lines.last_mut()
            {
                line.truncate(line.trim_end().len());
            }
            if strip.strip_end()
                && let Some(Piece::Literal(lines)) = self.pieces.get_mut(at + 1)
                && let Some(line) = lines.first_mut()
            {
                *line = line.trim_start().to_owned();
            }
        }
    }

    /// Takes the indentation that all lines share away.
    fn flush(&mut self) {
        let mut smallest = usize::MAX;
        let mut indented: Vec<&mut String> = Vec::new();
        let mut line_start = true;
        for piece in &mut self.pieces {
            match piece {
                Piece::Marker(_) => {
                    if line_start {
                        smallest = 0;
                    }
                    line_start = false;
                }
                Piece::Literal(lines) => {
                    for line in lines {
                        let starts = std::mem::replace(&mut line_start, line.ends_with('\n'));
                        let rest = line.trim_start();
                        if starts && !(rest.is_empty() && line.ends_with('\n')) {
                            let spaces = line.chars().take_while(|c| c.is_whitespace()).count();
                            smallest = smallest.min(spaces);
                            indented.push(line);
                        }
                    }
                }
            }
        }
        for line in indented {
            *line = line.chars().skip(smallest).collect();
        }
    }

    /// Puts the parts together; walks the elements in the order of `collect`.
    fn parts(&mut self, lowerer: &Lowerer<'_>, elements: &[&Element]) -> Vec<Part> {
        let mut parts = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Element::Literal(_) => {
                    let text = self.take();
                    if !text.is_empty() {
                        parts.push(Part::Literal(text));
                    }
                }
                Element::Interpolation(inner) => {
                    self.take();
                    parts.push(Part::Interpolation(lowerer.expression(&inner.expr)));
                }
                Element::Directive(directive) => {
                    parts.push(self.directive(lowerer, directive));
                }
            }
        }
        parts
    }

    fn directive(&mut self, lowerer: &Lowerer<'_>, directive: &Directive) -> Part {
        self.take();
        match directive {
            Directive::If(directive) => {
                let then = self.parts(lowerer, &all(&directive.if_expr.template));
                let mut otherwise = Vec::new();
                if let Some(branch) = &directive.else_expr {
                    self.take();
                    otherwise = self.parts(lowerer, &all(&branch.template));
                }
                self.take();
                Part::If {
                    condition: lowerer.expression(&directive.if_expr.cond_expr),
                    then,
                    otherwise,
                }
            }
            Directive::For(directive) => {
                let body = self.parts(lowerer, &all(&directive.for_expr.template));
                self.take();
                let intro = &directive.for_expr;
                Part::For {
                    key: intro.key_var.as_ref().map(|name| name.as_str().into()),
                    value: intro.value_var.as_str().into(),
                    collection: lowerer.expression(&intro.collection_expr),
                    body,
                }
            }
        }
    }

    fn take(&mut self) -> Arc<str> {
        let piece = self.pieces.get(self.next);
        self.next += 1;
        match piece {
            Some(Piece::Literal(lines)) => lines.concat().into(),
            _ => "".into(),
        }
    }
}

fn all(template: &hcl_edit::template::Template) -> Vec<&Element> {
    template.iter().collect()
}
