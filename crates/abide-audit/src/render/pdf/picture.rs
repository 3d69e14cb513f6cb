//! Charts and signs as lines and areas.

use krilla::geom::Rect;
use krilla::tagging::Tag;

use super::MARGIN;
use super::blocks;
use super::flow::{Flow, Shape};
use super::fonts::Family;
use super::ink;
use super::text::Look;
use super::tree::NodeId;
use crate::document::{Chart, Tone, Verdict};
use crate::render::scene::{self, Anchor, Dash, Ink, Scene};

/// A picture has at most this many rows; the others go to the next one.
const ROWS: usize = 22;

impl Flow {
    pub(super) fn chart(&mut self, chart: &Chart, parent: NodeId) {
        let scenes = scene::scenes(chart, ROWS);
        let count = scenes.len();
        for (at, scene) in scenes.iter().enumerate() {
            let title = match count {
                1 => chart.title.clone(),
                _ => format!("{} ({} of {count})", chart.title, at + 1),
            };
            self.picture(scene, &title, &chart.summary, parent);
        }
        if !chart.summary.is_empty() {
            let look = Look::new(Family::Sans, 8.0).ink(ink::MUTED);
            let summary = self.prose(&chart.summary, look);
            self.paragraph(&[summary], Tag::P, parent);
        }
        self.space(8.0);
    }

    fn picture(&mut self, scene: &Scene, title: &str, summary: &str, parent: NodeId) {
        let scale = (self.width() / scene::WIDTH).min(0.78);
        let height = scene.height * scale;
        let look = Look::new(Family::Bold, 9.0);
        self.need((height + 40.0).min(self.whole()));
        self.space(8.0);
        let name = self.prose(title, look);
        self.paragraph(&[name], Tag::P, parent);
        let alt = blocks::clipped(&format!("{title}. {summary}"));
        let node = self.node(parent, Tag::Figure(Some(alt)));
        let place = Rect::from_xywh(MARGIN, self.y, scene::WIDTH * scale, height.max(1.0));
        if let Some(place) = place {
            let page = self.pages.len().saturating_sub(1);
            self.tree.place(node, page, place);
        }
        let slot = self.tree.slot(node);
        let origin = (MARGIN, self.y);
        for shape in &scene.shapes {
            let shape = self.scaled(shape, origin, scale);
            self.push(Some(slot), shape);
        }
        self.y += height + 8.0;
    }

    fn scaled(&self, shape: &scene::Shape, (left, top): (f32, f32), scale: f32) -> Shape {
        let at = |x: f32, y: f32| (left + x * scale, top + y * scale);
        match shape {
            scene::Shape::Rect {
                x,
                y,
                width,
                height,
                ink,
                hollow,
                ..
            } => {
                let (x, y) = at(*x, *y);
                Shape::Rect {
                    x,
                    y,
                    width: width * scale,
                    height: height * scale,
                    ink: ink::of(*ink),
                    hollow: *hollow,
                }
            }
            scene::Shape::Line {
                points,
                ink,
                width,
                dash,
            } => Shape::Line {
                points: points.iter().map(|(x, y)| at(*x, *y)).collect(),
                ink: ink::of(*ink),
                width: width * scale,
                dash: *dash,
            },
            scene::Shape::Dot { x, y, radius, ink } => {
                let (x, y) = at(*x, *y);
                Shape::Dot {
                    x,
                    y,
                    radius: radius * scale,
                    ink: ink::of(*ink),
                }
            }
            scene::Shape::Text {
                x,
                y,
                anchor,
                ink,
                bold,
                text,
            } => {
                let family = if *bold { Family::Bold } else { Family::Sans };
                let look = Look::new(family, scene::SIZE * scale).ink(ink::of(*ink));
                let text = self.fonts.legible(text).into_owned();
                let width = self.fonts.width(family, look.size, &text);
                let (x, y) = at(*x, *y);
                let x = match anchor {
                    Anchor::Start => x,
                    Anchor::Middle => x - width / 2.0,
                    Anchor::End => x - width,
                };
                Shape::Text { x, y, look, text }
            }
        }
    }

    /// Behind and before the word of a verdict: its tint and its sign.
    pub(super) fn badge(&mut self, verdict: Verdict, place: (f32, f32), width: f32, size: f32) {
        let (x, y) = place;
        let (tint, word) = ink::badge(verdict);
        self.rect((x, y - size * 1.02, width, size * 1.36), tint);
        let (x, y, unit) = (x + size * 0.95, y - size * 0.36, size * 0.3);
        let dot = Shape::Dot {
            x,
            y,
            radius: size * 0.5,
            ink: ink::of(Ink::Tone(Tone::Verdict(verdict))),
        };
        self.push(None, dot);
        let on = match verdict {
            Verdict::NotScanned | Verdict::NotTested => tint,
            Verdict::NotApplicable | Verdict::Excepted => word,
            _ => ink::of(Ink::On(Tone::Verdict(verdict))),
        };
        let strokes: &[&[(f32, f32)]] = match verdict {
            Verdict::Pass => &[&[(-0.8, 0.1), (-0.2, 0.7), (0.8, -0.6)]],
            Verdict::Fail => &[&[(-0.6, -0.6), (0.6, 0.6)], &[(0.6, -0.6), (-0.6, 0.6)]],
            Verdict::Excepted => &[&[(0.0, -1.0), (0.0, 0.25)], &[(0.0, 0.7), (0.0, 1.0)]],
            Verdict::Unknown | Verdict::Incomplete => &[
                &[
                    (-0.55, -0.45),
                    (-0.3, -0.9),
                    (0.3, -0.9),
                    (0.55, -0.45),
                    (0.0, 0.1),
                    (0.0, 0.35),
                ],
                &[(0.0, 0.75), (0.0, 1.05)],
            ],
            Verdict::NotApplicable => &[&[(-0.7, 0.0), (0.7, 0.0)]],
            Verdict::NotScanned | Verdict::NotTested => &[],
        };
        for stroke in strokes {
            let points = stroke.iter().map(|(dx, dy)| (x + dx * unit, y + dy * unit));
            let shape = Shape::Line {
                points: points.collect(),
                ink: on,
                width: size * 0.13,
                dash: Dash::Solid,
            };
            self.push(None, shape);
        }
        if matches!(verdict, Verdict::NotScanned | Verdict::NotTested) {
            let hole = Shape::Dot {
                x,
                y,
                radius: size * 0.33,
                ink: on,
            };
            self.push(None, hole);
        }
    }
}
