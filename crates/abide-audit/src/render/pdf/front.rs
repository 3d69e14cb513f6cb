//! The first page: what the report is, and the contents with the verdicts of controls.

use std::num::NonZeroU16;

use krilla::tagging::Tag;

use super::MARGIN;
use super::blocks::{self, badge, piece};
use super::flow::{Flow, Shape, Target};
use super::fonts::Family;
use super::ink;
use super::text::{self, Look, Piece};
use super::tree::{NodeId, Tree};
use crate::document::Document;
use crate::render::scene::Dash;
use crate::render::words;

/// Entries of the contents: sections and their parts.
const DEPTH: usize = 2;

/// Lays the first pages out; the body is laid out already.
pub(super) fn lay_out(flow: &mut Flow, document: &Document) {
    let front = flow.node(Tree::ROOT, Tag::Part);
    flow.tree.last_is_first();
    flow.new_page();
    cover(flow, document, front);
    let heading = Look::new(Family::Bold, 13.0);
    let contents = flow.prose("Contents", heading);
    flow.need(60.0);
    flow.space(10.0);
    let level = NonZeroU16::new(2).unwrap_or(NonZeroU16::MIN);
    let tag = Tag::Hn(level, Some("Contents".to_owned()));
    flow.paragraph(&[contents], tag, front);
    flow.y += 4.0;
    let entries = entries(flow, document);
    let before = pages_needed(flow, &entries);
    let list = flow.node(front, Tag::TOC);
    for entry in entries {
        entry.draw(flow, before, list);
    }
}

fn cover(flow: &mut Flow, document: &Document, front: NodeId) {
    let title = flow.prose(&document.title, Look::new(Family::Bold, 22.0));
    let level = Tag::Hn(NonZeroU16::MIN, Some(blocks::titled(&title.text)));
    flow.paragraph(&[title], level, front);
    let subtitle = flow.prose(
        &document.subtitle,
        Look::new(Family::Sans, 12.0).ink(ink::MUTED),
    );
    flow.y += 2.0;
    flow.paragraph(&[subtitle], Tag::P, front);
    flow.y += 10.0;
    let (y, width) = (flow.y, flow.width());
    flow.rule(MARGIN, y, width, ink::TEXT, 1.2);
    flow.y += 2.0;
    flow.facts(&document.facts, front);
    let look = Look::new(Family::Sans, 8.5);
    let made = format!(
        "Made by {} at {}. ",
        document.made_by,
        words::time(document.made_at)
    );
    let made = flow.prose(&made, look.ink(ink::MUTED));
    flow.paragraph(&[made], Tag::P, front);
    let name = flow.prose(&format!("{}: ", words::DIGEST), look.ink(ink::MUTED));
    let digest = flow.prose(&document.digest, Look::new(Family::Mono, 7.8));
    flow.paragraph(&[name, digest], Tag::P, front);
}

/// A line or more of the contents.
struct Entry {
    lines: Vec<text::Line>,
    indent: f32,
    page: usize,
    id: String,
}

const LEADING: f32 = 14.5;
const NUMBERS: f32 = 34.0;

fn entries(flow: &Flow, document: &Document) -> Vec<Entry> {
    let sections = document.each_section();
    let both = sections
        .zip(&flow.miles)
        .filter(|((depth, _), _)| *depth < DEPTH);
    let entries = both.map(|((depth, section), mile)| {
        let indent = if depth == 0 { 0.0 } else { 16.0 };
        let family = if depth == 0 {
            Family::Bold
        } else {
            Family::Sans
        };
        let mut pieces = vec![Piece {
            link: Some(Target::Section(mile.id.clone())),
            ..piece(mile.title.clone(), Look::new(family, 9.5))
        }];
        if let Some(verdict) = section.verdict {
            pieces.push(piece("  ".to_owned(), Look::new(family, 9.5)));
            pieces.push(badge(verdict, words::verdict(verdict), 8.0));
        }
        Entry {
            lines: text::wrap(&flow.fonts, &pieces, flow.width() - indent - NUMBERS),
            indent,
            page: mile.page,
            id: mile.id.clone(),
        }
    });
    entries.collect()
}

/// The pages of cover and contents: the entries go on from the current place.
fn pages_needed(flow: &Flow, entries: &[Entry]) -> usize {
    let mut pages = flow.pages.len();
    let mut left = flow.left();
    for _ in entries.iter().flat_map(|entry| &entry.lines) {
        if left < LEADING {
            pages += 1;
            left = flow.whole();
        }
        left -= LEADING;
    }
    pages
}

impl Entry {
    fn draw(self, flow: &mut Flow, before: usize, list: NodeId) {
        let node = flow.node(list, Tag::TOCI);
        let node = flow.node(node, Tag::Reference);
        let count = self.lines.len();
        for (at, line) in self.lines.into_iter().enumerate() {
            flow.need(LEADING);
            let baseline = flow.y + 10.0;
            let end = MARGIN + self.indent + line.width;
            let is_last = at + 1 == count;
            flow.line(line, MARGIN + self.indent, baseline, Some(node));
            if is_last {
                number(
                    flow,
                    (end, baseline),
                    before + self.page + 1,
                    &self.id,
                    node,
                );
            }
            flow.y += LEADING;
        }
    }
}

/// Dots and the number of the page.
fn number(flow: &mut Flow, (from, baseline): (f32, f32), page: usize, id: &str, node: NodeId) {
    let piece = Piece {
        link: Some(Target::Section(id.to_owned())),
        ..piece(page.to_string(), Look::new(Family::Sans, 9.5))
    };
    let right = MARGIN + flow.width();
    for line in text::wrap(&flow.fonts, &[piece], NUMBERS) {
        let x = right - line.width;
        if x - 6.0 > from + 8.0 {
            let dots = Shape::Line {
                points: vec![(from + 8.0, baseline - 1.0), (x - 6.0, baseline - 1.0)],
                ink: ink::LINE,
                width: 1.0,
                dash: Dash::Dots,
            };
            flow.push(None, dots);
        }
        flow.line(line, x, baseline, Some(node));
    }
}
