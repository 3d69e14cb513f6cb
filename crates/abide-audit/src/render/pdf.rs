//! PDF for handing over and archiving: PDF/A-2a and PDF/UA-1, so it is tagged, has bookmarks and
//! its fonts with it.
//!
//! Pages are laid out first, as lists of things at places, then drawn: the contents need the
//! numbers of pages that come after them. What the fonts have no shape for is written out, like
//! `\u{65e5}`, and never left out.

mod blocks;
mod draw;
mod flow;
mod fonts;
mod front;
mod ink;
mod picture;
mod table;
mod text;
mod tree;

use super::{RenderError, Result, check};
use crate::document::Document;
use flow::Flow;

/// A4, in points.
const SHORT_SIDE: f32 = 595.28;
const LONG_SIDE: f32 = 841.89;
/// Free at the sides.
const MARGIN: f32 = 45.0;
/// Free above and below, for the head and foot of pages.
const TOP: f32 = 56.0;
const BOTTOM: f32 = 52.0;

/// The whole file.
///
/// # Errors
/// If the document does not fit together or the writer refuses it.
pub fn render(document: &Document) -> Result<Vec<u8>> {
    check(document)?;
    let mut flow = Flow::new(fonts::Fonts::load()?);
    flow.sections(&document.sections);
    let body = flow.take_pages();
    front::lay_out(&mut flow, document);
    let front = flow.pages.len();
    flow.pages.extend(body);
    draw::draw(flow, front, document)
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn refused(reason: impl ToString) -> RenderError {
    RenderError::Writer {
        format: "PDF",
        reason: reason.to_string(),
    }
}
