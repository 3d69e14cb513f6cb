//! Pages that fill from top to bottom.

use std::mem;

use krilla::tagging::{Tag, TagKind};

use super::fonts::Fonts;
use super::ink::Rgb;
use super::text::{Line, Look, Mark, Piece};
use super::tree::{NodeId, Slot, Tree};
use super::{BOTTOM, LONG_SIDE, MARGIN, SHORT_SIDE, TOP};
use crate::render::scene::Dash;

/// A page as things at places.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) items: Vec<Item>,
    pub(super) links: Vec<Link>,
}

/// A thing at a place. Without a slot it is decoration, which nobody reads out.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) slot: Option<Slot>,
    pub(super) shape: Shape,
}

/// What it is.
#[derive(Debug)]
pub(super) enum Shape {
    Text {
        x: f32,
        y: f32,
        look: Look,
        text: String,
    },
    Rect {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Rgb,
        hollow: bool,
    },
    Line {
        points: Vec<(f32, f32)>,
        ink: Rgb,
        width: f32,
        dash: Dash,
    },
    Dot {
        x: f32,
        y: f32,
        radius: f32,
        ink: Rgb,
    },
}

/// A part of a page that leads elsewhere.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) slot: Slot,
    pub(super) place: (f32, f32, f32, f32),
    pub(super) target: Target,
    pub(super) text: String,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Section(String),
    Web(String),
}

/// A section as the bookmarks and contents have it.
#[derive(Clone, Debug)]
pub(super) struct Mile {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) depth: usize,
    /// Counted from the first page after the contents.
    pub(super) page: usize,
    pub(super) y: f32,
}

/// The pages so far and the place to go on.
pub(super) struct Flow {
    pub(super) fonts: Fonts,
    pub(super) tree: Tree,
    pub(super) pages: Vec<Sheet>,
    pub(super) miles: Vec<Mile>,
    pub(super) y: f32,
    wide: bool,
}

impl Flow {
    pub(super) fn new(fonts: Fonts) -> Self {
        Self {
            fonts,
            tree: Tree::new(),
            pages: Vec::new(),
            miles: Vec::new(),
            y: TOP,
            wide: false,
        }
    }

    /// The width between the margins.
    pub(super) fn width(&self) -> f32 {
        Self::width_if(self.wide)
    }

    pub(super) fn width_if(wide: bool) -> f32 {
        (if wide { LONG_SIDE } else { SHORT_SIDE }) - MARGIN * 2.0
    }

    fn bottom(&self) -> f32 {
        (if self.wide { SHORT_SIDE } else { LONG_SIDE }) - BOTTOM
    }

    /// What is left of the page.
    pub(super) fn left(&self) -> f32 {
        match self.pages.is_empty() {
            true => 0.0,
            false => self.bottom() - self.y,
        }
    }

    /// What an empty page holds.
    pub(super) fn whole(&self) -> f32 {
        self.bottom() - TOP
    }

    /// Whether nothing is on the page yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.pages.last().is_some_and(|page| page.items.is_empty())
    }

    pub(super) fn new_page(&mut self) {
        let (width, height) = match self.wide {
            true => (LONG_SIDE, SHORT_SIDE),
            false => (SHORT_SIDE, LONG_SIDE),
        };
        self.pages.push(Sheet {
            width,
            height,
            items: Vec::new(),
            links: Vec::new(),
        });
        self.y = TOP;
    }

    /// Turns pages from now on.
    pub(super) fn turn(&mut self, wide: bool) {
        if self.wide == wide {
            return;
        }
        self.wide = wide;
        if self.is_fresh() {
            self.pages.pop();
        }
        self.new_page();
    }

    /// A new page if there is no room for that much.
    pub(super) fn need(&mut self, height: f32) {
        if self.left() < height && !(self.is_fresh() && height > self.whole()) {
            self.new_page();
        }
    }

    pub(super) fn space(&mut self, height: f32) {
        if !self.is_fresh() {
            self.y += height;
        }
    }

    pub(super) fn take_pages(&mut self) -> Vec<Sheet> {
        self.wide = false;
        mem::take(&mut self.pages)
    }

    pub(super) fn node(&mut self, parent: NodeId, tag: impl Into<TagKind>) -> NodeId {
        self.tree.node(parent, tag)
    }

    pub(super) fn push(&mut self, slot: Option<Slot>, shape: Shape) {
        if let Some(page) = self.pages.last_mut() {
            page.items.push(Item { slot, shape });
        }
    }

    pub(super) fn rect(&mut self, (x, y, width, height): (f32, f32, f32, f32), ink: Rgb) {
        let shape = Shape::Rect {
            x,
            y,
            width,
            height,
            ink,
            hollow: false,
        };
        self.push(None, shape);
    }

    pub(super) fn rule(&mut self, x: f32, y: f32, length: f32, ink: Rgb, width: f32) {
        let shape = Shape::Line {
            points: vec![(x, y), (x + length, y)],
            ink,
            width,
            dash: Dash::Solid,
        };
        self.push(None, shape);
    }

    /// A line at a place; `node` None: decoration.
    pub(super) fn line(&mut self, line: Line, x: f32, baseline: f32, node: Option<NodeId>) {
        let mut slot = None;
        for run in line.runs {
            let x = x + run.x;
            match (&run.piece.link, node) {
                (Some(target), Some(node)) => {
                    let tag = self.tree.node(node, Tag::Link);
                    let own = self.tree.slot(tag);
                    let size = run.piece.look.size;
                    let link = Link {
                        slot: own,
                        place: (x, baseline - size, run.width.max(1.0), size * 1.3),
                        target: target.clone(),
                        text: run.piece.text.clone(),
                    };
                    if let Some(page) = self.pages.last_mut() {
                        page.links.push(link);
                    }
                    self.run(run.piece, run.width, x, baseline, Some(own));
                    slot = None;
                }
                (_, node) => {
                    let own = slot.or_else(|| node.map(|node| self.tree.slot(node)));
                    self.run(run.piece, run.width, x, baseline, own);
                    slot = own;
                }
            }
        }
    }

    fn run(&mut self, piece: Piece, width: f32, x: f32, baseline: f32, slot: Option<Slot>) {
        let look = piece.look;
        let mut x = x;
        if let Some(mark) = piece.mark {
            let (before, around) = mark.room(look.size);
            self.mark(mark, (x, baseline), width, look.size);
            x += before + around;
        }
        let text = piece.text;
        if !text.is_empty() {
            self.push(
                slot,
                Shape::Text {
                    x,
                    y: baseline,
                    look,
                    text,
                },
            );
        }
    }

    fn mark(&mut self, mark: Mark, place: (f32, f32), width: f32, size: f32) {
        match mark {
            Mark::Severity(severity) => {
                let (x, y) = place;
                let square = (x, y - size * 0.68, size * 0.66, size * 0.66);
                self.rect(square, super::ink::severity(severity));
            }
            Mark::Verdict(verdict) => self.badge(verdict, place, width, size),
        }
    }
}
