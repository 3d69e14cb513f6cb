//! Headings, paragraphs, lists, notices.

use std::num::NonZeroU16;

use abide_report::escape::{lines, prose, visible};
use krilla::tagging::{ListNumbering, Tag, TagKind};

use super::flow::{Flow, Mile, Target};
use super::fonts::Family;
use super::ink;
use super::text::{self, Line, Look, Mark, Piece};
use super::tree::{NodeId, Tree};
use super::{MARGIN, table};
use crate::document::{Block, Cell, Fact, Inline, NoticeKind, Section, Span, Verdict};
use crate::render::words;

/// The size of running text.
pub(super) const SIZE: f32 = 9.5;
const LEADING: f32 = 1.42;

impl Flow {
    /// All sections, on pages of their own.
    pub(super) fn sections(&mut self, sections: &[Section]) {
        let body = self.node(Tree::ROOT, Tag::Part);
        self.new_page();
        for section in sections {
            self.section(section, 0, body);
        }
        if self.is_fresh() && self.pages.len() > 1 {
            self.pages.pop();
        }
    }

    fn section(&mut self, section: &Section, depth: usize, parent: NodeId) {
        let node = self.node(parent, Tag::Section);
        if section.new_page && !self.is_fresh() {
            self.new_page();
        }
        self.turn(is_wide(section));
        self.heading(section, depth, node);
        for block in &section.blocks {
            self.block(block, node);
        }
        for part in &section.sections {
            self.section(part, depth + 1, node);
        }
    }

    fn heading(&mut self, section: &Section, depth: usize, parent: NodeId) {
        let size = match depth {
            0 => 15.0,
            1 => 11.5,
            _ => 10.0,
        };
        let look = Look::new(Family::Bold, size);
        let title = self.prose(&section.title, look);
        let whole = title.text.clone();
        let mut pieces = vec![title];
        if let Some(verdict) = section.verdict {
            pieces.push(self.prose(" — ", look.ink(ink::MUTED)));
            pieces.push(badge(verdict, words::verdict(verdict), size * 0.82));
        }
        let first = section.blocks.first().map_or(0.0, |block| match block {
            Block::Chart(_) => 180.0,
            Block::Table(_) => 90.0,
            _ => 34.0,
        });
        self.need(size * 3.0 + first);
        self.space(size * if depth == 0 { 1.6 } else { 1.3 });
        self.miles.push(Mile {
            id: section.id.clone(),
            title: whole.clone(),
            depth,
            page: self.pages.len().saturating_sub(1),
            y: self.y,
        });
        let level = u16::try_from(depth.min(4) + 2).unwrap_or(2);
        let level = NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
        self.paragraph(&pieces, Tag::Hn(level, Some(titled(&whole))), parent);
        if depth == 0 {
            let (y, width) = (self.y - 1.5, self.width());
            self.rule(MARGIN, y, width, ink::LINE, 1.2);
            self.y += 5.0;
        }
    }

    fn block(&mut self, block: &Block, parent: NodeId) {
        match block {
            Block::Paragraph(text) => {
                let pieces = self.inline(text);
                self.paragraph(&pieces, Tag::P, parent);
                self.space(5.0);
            }
            Block::Facts(facts) => self.facts(facts, parent),
            Block::Table(table) => self.table(table, parent),
            Block::Chart(chart) => self.chart(chart, parent),
            Block::List { ordered, items } => self.list(*ordered, items, parent),
            Block::Notice { kind, text } => self.notice(*kind, text, parent),
            Block::Code(text) => self.code(text, parent),
        }
    }

    /// Lines over the whole width, from page to page.
    pub(super) fn paragraph(&mut self, pieces: &[Piece], tag: impl Into<TagKind>, parent: NodeId) {
        let node = self.node(parent, tag);
        let width = self.width();
        self.lines(pieces, (MARGIN, width), node, |_, _, _| {});
    }

    /// Lines at `x`, of `width`; `behind` is called with the place of each before it is drawn.
    fn lines(
        &mut self,
        pieces: &[Piece],
        (x, width): (f32, f32),
        node: NodeId,
        behind: impl Fn(&mut Self, f32, f32),
    ) {
        for line in text::wrap(&self.fonts, pieces, width) {
            let size = size_of(&line);
            let height = size * LEADING;
            self.need(height);
            let y = self.y;
            behind(self, y, height);
            self.line(line, x, y + size * 1.08, Some(node));
            self.y = y + height;
        }
    }

    fn list(&mut self, ordered: bool, items: &[Inline], parent: NodeId) {
        let numbering = match ordered {
            true => ListNumbering::Decimal,
            false => ListNumbering::Disc,
        };
        let list = self.node(parent, Tag::L(numbering));
        for (item, number) in items.iter().zip(1..) {
            let pieces = self.inline(item);
            let node = self.node(list, Tag::LI);
            let label = self.node(node, Tag::Lbl);
            let body = self.node(node, Tag::LBody);
            let sign = match ordered {
                true => format!("{number}."),
                false => "•".to_owned(),
            };
            let look = Look::new(Family::Sans, SIZE);
            self.need(SIZE * LEADING);
            let sign = self.prose(&sign, look);
            let sign = text::wrap(&self.fonts, &[sign], 20.0);
            let baseline = self.y + SIZE * 1.08;
            for line in sign {
                self.line(line, MARGIN + 6.0, baseline, Some(label));
            }
            let width = self.width() - 22.0;
            self.lines(&pieces, (MARGIN + 22.0, width), body, |_, _, _| {});
            self.y += 2.0;
        }
        self.space(4.0);
    }

    fn notice(&mut self, kind: NoticeKind, text: &Inline, parent: NodeId) {
        let look = Look::new(Family::Bold, SIZE);
        let mut pieces = vec![self.prose(&format!("{}: ", words::notice(kind)), look)];
        pieces.extend(self.inline(text));
        self.need(SIZE * LEADING + 12.0);
        self.space(4.0);
        let (bar, tint) = ink::notice(kind);
        let width = self.width();
        let area = move |flow: &mut Self, y: f32, height: f32| {
            flow.rect((MARGIN, y, width, height), tint);
            flow.rect((MARGIN, y, 3.5, height), bar);
        };
        let node = self.node(parent, Tag::P);
        let y = self.y;
        area(self, y, 5.0);
        self.y += 5.0;
        self.lines(&pieces, (MARGIN + 14.0, width - 24.0), node, area);
        let y = self.y;
        area(self, y, 5.0);
        self.y += 13.0;
    }

    fn code(&mut self, code: &str, parent: NodeId) {
        let look = Look::new(Family::Mono, 8.0);
        let node = self.node(parent, Tag::Code);
        let width = self.width();
        self.need(30.0);
        let area = move |flow: &mut Self, y: f32, height: f32| {
            flow.rect((MARGIN, y, width, height), ink::PANEL);
        };
        let y = self.y;
        area(self, y, 5.0);
        self.y += 5.0;
        for line in lines(code) {
            let piece = piece(self.fonts.legible(&line).into_owned(), look);
            self.lines(&[piece], (MARGIN + 8.0, width - 16.0), node, area);
        }
        let y = self.y;
        area(self, y, 5.0);
        self.y += 13.0;
    }

    /// Names on the left, values on the right, a line below each pair.
    pub(super) fn facts(&mut self, facts: &[Fact], parent: NodeId) {
        const NAME: f32 = 112.0;
        let list = self.node(parent, Tag::L(ListNumbering::None));
        for fact in facts {
            let node = self.node(list, Tag::LI);
            let (name, value) = (self.node(node, Tag::Lbl), self.node(node, Tag::LBody));
            let look = Look::new(Family::Sans, 9.0);
            let label = self.prose(&fact.name, look.ink(ink::MUTED));
            let label = text::wrap(&self.fonts, &[label], NAME - 8.0);
            self.need(label.len() as f32 * 9.0 * LEADING + 5.0);
            let (page, top) = (self.pages.len(), self.y + 2.5);
            for (at, line) in label.iter().enumerate() {
                let baseline = top + at as f32 * 9.0 * LEADING + 9.0 * 1.08;
                self.line(line.clone(), MARGIN, baseline, Some(name));
            }
            let low = top + label.len() as f32 * 9.0 * LEADING;
            self.y = top;
            let pieces = self.cell(&fact.value, look, words::NOTHING);
            let width = self.width() - NAME;
            self.lines(&pieces, (MARGIN + NAME, width), value, |_, _, _| {});
            if self.pages.len() == page {
                self.y = self.y.max(low);
            }
            let (y, width) = (self.y + 2.5, self.width());
            self.rule(MARGIN, y, width, ink::LINE, 0.6);
            self.y = y;
        }
        self.space(9.0);
    }

    /// Words of anybody, spaces at their ends kept.
    pub(super) fn prose(&self, text: &str, look: Look) -> Piece {
        let words = prose(text);
        let mut out = String::with_capacity(words.len() + 2);
        if text.starts_with(char::is_whitespace) {
            out.push(' ');
        }
        out.push_str(&self.fonts.legible(&words));
        if text.ends_with(char::is_whitespace) && !words.is_empty() {
            out.push(' ');
        }
        piece(out, look)
    }

    fn exact(&self, text: &str, look: Look) -> Piece {
        let text = visible(text);
        piece(self.fonts.legible(&text).into_owned(), look)
    }

    pub(super) fn inline(&self, text: &Inline) -> Vec<Piece> {
        let look = Look::new(Family::Sans, SIZE);
        let spans = text.0.iter().map(|span| match span {
            Span::Text(text) => self.prose(text, look),
            Span::Strong(text) => self.prose(text, Look::new(Family::Bold, SIZE)),
            Span::Code(text) => self.exact(text, Look::new(Family::Mono, SIZE * 0.88)),
            Span::Verdict(verdict) => badge(*verdict, words::verdict(*verdict), SIZE * 0.9),
            Span::Link { text, section } => self.link(text, section, look),
        });
        spans.collect()
    }

    fn link(&self, text: &str, section: &str, look: Look) -> Piece {
        Piece {
            link: Some(Target::Section(section.to_owned())),
            ..self.prose(text, look.ink(ink::LINK))
        }
    }

    /// A value; `nothing` stands for none.
    pub(super) fn cell(&self, cell: &Cell, look: Look, nothing: &str) -> Vec<Piece> {
        let mono = Look {
            family: Family::Mono,
            size: look.size * 0.9,
            ..look
        };
        let one = match cell {
            Cell::Empty => self.prose(nothing, look.ink(ink::MUTED)),
            Cell::Code(text) => self.exact(text, mono),
            Cell::List(values) => {
                let values: Vec<String> = values
                    .iter()
                    .map(|value| self.prose(value, look).text.trim().to_owned())
                    .collect();
                piece(values.join("\n"), look)
            }
            Cell::Verdict(verdict) => badge(*verdict, verdict.as_str(), look.size * 0.93),
            Cell::Severity(severity) => Piece {
                mark: Some(Mark::Severity(*severity)),
                ..piece(
                    severity.as_str().to_owned(),
                    Look::new(Family::Bold, look.size).ink(ink::severity(*severity)),
                )
            },
            Cell::Url(url) if words::is_web(url) => Piece {
                link: Some(Target::Web(url.clone())),
                ..self.exact(url, look.ink(ink::LINK))
            },
            Cell::Url(url) => self.exact(url, look),
            Cell::Link { text, section } => self.link(text, section, look),
            other => self.prose(&words::plain(other), look),
        };
        vec![one]
    }
}

/// Whether pages of a section are turned: if one of its tables needs the width.
fn is_wide(section: &Section) -> bool {
    section.blocks.iter().any(|block| match block {
        Block::Table(table) => table::is_wide(table),
        _ => false,
    })
}

pub(super) fn badge(verdict: Verdict, word: &str, size: f32) -> Piece {
    let (_, ink) = ink::badge(verdict);
    Piece {
        mark: Some(Mark::Verdict(verdict)),
        ..piece(word.to_owned(), Look::new(Family::Bold, size).ink(ink))
    }
}

pub(super) fn piece(text: String, look: Look) -> Piece {
    Piece {
        text,
        look,
        link: None,
        mark: None,
    }
}

/// The size of the largest text of a line.
pub(super) fn size_of(line: &Line) -> f32 {
    let sizes = line.runs.iter().map(|run| match run.piece.mark {
        Some(_) => run.piece.look.size * 1.1,
        None => run.piece.look.size,
    });
    let size = sizes.fold(0.0, f32::max);
    if size > 0.0 { size } else { SIZE * 0.88 }
}

/// Texts in the structure of a file have a limit.
pub(super) fn clipped(text: &str) -> String {
    prose(text).chars().take(2_000).collect()
}

/// The same where there must be some.
pub(super) fn titled(text: &str) -> String {
    match clipped(text) {
        text if text.is_empty() => "(no title)".to_owned(),
        text => text,
    }
}
