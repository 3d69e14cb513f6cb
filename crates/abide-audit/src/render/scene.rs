//! Charts as shapes, before anybody knows whether they become SVG or PDF.
//!
//! A scene is [`WIDTH`] wide; whoever draws it scales it. Colours are named by what they mean,
//! and nothing is said by colour alone: lines differ by their dashes, bars and cells carry
//! their values, and [`data::table`] gives the numbers.

mod axis;
mod bars;
pub(crate) mod data;
mod grid;
mod lines;

use abide_report::escape::prose;

use crate::document::{Chart, ChartData, Tone};

/// The width of every scene.
pub(crate) const WIDTH: f32 = 720.0;
/// The size of its text.
pub(crate) const SIZE: f32 = 12.0;

/// A drawing.
#[derive(Debug, Default)]
pub(crate) struct Scene {
    pub(crate) height: f32,
    pub(crate) shapes: Vec<Shape>,
}

/// A part of a drawing. Later ones cover earlier ones.
#[derive(Debug)]
pub(crate) enum Shape {
    Rect {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
        /// Only its edge, dashed.
        hollow: bool,
        /// What it stands for, shown on hovering.
        title: Option<String>,
    },
    Line {
        points: Vec<(f32, f32)>,
        ink: Ink,
        width: f32,
        dash: Dash,
    },
    Dot {
        x: f32,
        y: f32,
        radius: f32,
        ink: Ink,
    },
    Text {
        x: f32,
        /// The base line.
        y: f32,
        anchor: Anchor,
        ink: Ink,
        bold: bool,
        /// Escaped for one line, not for a format.
        text: String,
    },
}

/// Where the x of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dash {
    Solid,
    Long,
    Short,
    Dots,
}

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Text,
    Muted,
    Grid,
    /// Where nothing was measured.
    Gap,
    Tone(Tone),
    /// Text on a tone.
    On(Tone),
}

impl Dash {
    /// The dash of the nth line.
    fn of(n: usize) -> Self {
        match n % 4 {
            0 => Self::Solid,
            1 => Self::Long,
            2 => Self::Short,
            _ => Self::Dots,
        }
    }

    /// Lengths of ink and of none; empty for a whole line.
    pub(crate) fn lengths(self) -> &'static [f32] {
        match self {
            Self::Solid => &[],
            Self::Long => &[10.0, 4.0],
            Self::Short => &[5.0, 4.0],
            Self::Dots => &[1.5, 3.5],
        }
    }
}

/// The drawings of a chart: one, or several if it has more than `most` rows.
pub(crate) fn scenes(chart: &Chart, most: usize) -> Vec<Scene> {
    match &chart.data {
        ChartData::Lines {
            unit,
            times,
            series,
        } => vec![lines::scene(*unit, times, series)],
        ChartData::Bars {
            unit,
            categories,
            series,
            stacked,
        } => vec![bars::scene(*unit, categories, series, *stacked)],
        ChartData::HeatMap { columns, rows } => parts(rows, most)
            .map(|rows| grid::heat_map(columns, rows))
            .collect(),
        ChartData::Spans { from, to, rows } => parts(rows, most)
            .map(|rows| grid::spans(*from, *to, rows))
            .collect(),
    }
}

/// At least one part, be it empty.
fn parts<T>(rows: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    let none: Option<&[T]> = rows.is_empty().then_some(&[]);
    none.into_iter().chain(rows.chunks(most.max(1)))
}

impl Scene {
    fn text(&mut self, x: f32, y: f32, anchor: Anchor, ink: Ink, text: impl Into<String>) {
        self.shapes.push(Shape::Text {
            x,
            y,
            anchor,
            ink,
            bold: false,
            text: text.into(),
        });
    }

    fn line(&mut self, points: Vec<(f32, f32)>, ink: Ink, width: f32, dash: Dash) {
        self.shapes.push(Shape::Line {
            points,
            ink,
            width,
            dash,
        });
    }

    fn rect(&mut self, (x, y, width, height): (f32, f32, f32, f32), ink: Ink, title: String) {
        self.shapes.push(Shape::Rect {
            x,
            y,
            width,
            height,
            ink,
            hollow: false,
            title: Some(title).filter(|title| !title.is_empty()),
        });
    }

    /// Swatches with names, from the top; the height they take.
    fn legend(&mut self, entries: &[(Swatch, String)]) -> f32 {
        const ROW: f32 = 20.0;
        let (mut x, mut y) = (0.0, ROW / 2.0);
        for (swatch, name) in entries {
            let name = clip(name, 260.0);
            let width = 30.0 + width_of(&name) + 18.0;
            if x > 0.0 && x + width > WIDTH {
                (x, y) = (0.0, y + ROW);
            }
            swatch.draw(self, x, y);
            self.text(x + 31.0, y + 4.0, Anchor::Start, Ink::Text, name);
            x += width;
        }
        match entries.is_empty() {
            true => 0.0,
            false => y + ROW,
        }
    }
}

/// A sample in a legend.
enum Swatch {
    Line(Ink, Dash),
    Box(Ink, Option<(&'static str, Ink)>),
    Hollow,
}

impl Swatch {
    fn draw(&self, scene: &mut Scene, x: f32, y: f32) {
        match self {
            Self::Line(ink, dash) => {
                scene.line(vec![(x, y), (x + 24.0, y)], *ink, 2.5, *dash);
            }
            Self::Box(ink, sign) => {
                scene.rect((x + 4.0, y - 8.0, 20.0, 16.0), *ink, String::new());
                if let Some((sign, on)) = sign {
                    scene.text(x + 14.0, y + 4.0, Anchor::Middle, *on, *sign);
                }
            }
            Self::Hollow => scene.shapes.push(Shape::Rect {
                x: x + 4.5,
                y: y - 7.5,
                width: 19.0,
                height: 15.0,
                ink: Ink::Muted,
                hollow: true,
                title: None,
            }),
        }
    }
}

/// About how wide a text is; exact only in PDF.
fn width_of(text: &str) -> f32 {
    let units: f32 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' => 0.3,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.95,
            'A'..='Z' => 0.66,
            c if c.is_ascii() => 0.57,
            _ => 0.9,
        })
        .sum();
    units * SIZE * 1.06
}

/// A label on one line, cut to a width; the whole of it is in the table of the chart.
fn clip(text: &str, width: f32) -> String {
    let text = prose(text);
    if width_of(&text) <= width {
        return text.into_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if width_of(&out) > width - SIZE {
            break;
        }
    }
    out.push('…');
    out
}

/// A count as a coordinate.
#[allow(clippy::cast_precision_loss)] // rows of a chart
fn float(count: usize) -> f32 {
    count as f32
}
