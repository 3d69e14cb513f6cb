//! Values of a few things side by side; upright if there are many.

use super::axis::{self, Scale};
use super::{Anchor, Ink, Scene, Swatch, WIDTH, clip, float};
use crate::document::{Series, Unit};
use crate::render::words;

/// More categories than this stand upright.
const LYING: usize = 10;

pub(super) fn scene(unit: Unit, categories: &[String], series: &[Series], stacked: bool) -> Scene {
    let mut scene = Scene::default();
    let legend: Vec<_> = series
        .iter()
        .map(|one| (Swatch::Box(Ink::Tone(one.tone), None), one.name.clone()))
        .collect();
    let top = match legend.len() {
        0 | 1 => 0.0,
        _ => scene.legend(&legend) + 4.0,
    };
    let plan = Plan {
        unit,
        categories,
        series,
        stacked,
    };
    match categories.len() > LYING {
        true => plan.upright(&mut scene, top),
        false => plan.lying(&mut scene, top),
    }
    scene
}

struct Plan<'a> {
    unit: Unit,
    categories: &'a [String],
    series: &'a [Series],
    stacked: bool,
}

impl Plan<'_> {
    /// The value of a series in a category; nothing below zero is drawn.
    fn value(&self, series: &Series, at: usize) -> Option<f64> {
        let value = series.values.get(at).copied().flatten();
        value
            .filter(|value| value.is_finite())
            .map(|value| value.max(0.0))
    }

    /// The sum of a stack; None if nothing was measured.
    fn sum(&self, at: usize) -> Option<f64> {
        let mut values = self.series.iter().filter_map(|one| self.value(one, at));
        values.next().map(|first| first + values.sum::<f64>())
    }

    fn ticks(&self) -> Vec<f64> {
        let places = 0..self.categories.len();
        match self.stacked {
            true => axis::ticks(self.unit, places.filter_map(|at| self.sum(at))),
            false => {
                let values = self.series.iter().flat_map(|one| &one.values).flatten();
                axis::ticks(self.unit, values.copied())
            }
        }
    }

    fn title(&self, series: &Series, at: usize, value: f64) -> String {
        let category = self.categories.get(at).map_or("", |name| name);
        let value = words::number(value, self.unit);
        clip(&format!("{category}, {}: {value}", series.name), 900.0)
    }

    fn lying(&self, scene: &mut Scene, top: f32) {
        const BAR: f32 = 18.0;
        let widest = self
            .categories
            .iter()
            .map(|name| super::width_of(&clip(name, 200.0)));
        let left = widest.fold(40.0, f32::max) + 10.0;
        let high = self.ticks().last().copied().unwrap_or(1.0);
        let across = Scale::new(0.0, high, left, WIDTH - 90.0);
        let mut y = top;
        for (at, name) in self.categories.iter().enumerate() {
            let bars = if self.stacked {
                1
            } else {
                self.series.len().max(1)
            };
            let middle = y + float(bars) * BAR / 2.0;
            scene.text(
                left - 10.0,
                middle + 4.0,
                Anchor::End,
                Ink::Text,
                clip(name, 200.0),
            );
            match self.stacked {
                true => self.lying_stack(scene, at, (&across, left, y, BAR)),
                false => {
                    for (n, one) in self.series.iter().enumerate() {
                        let value = self.value(one, at);
                        let y = y + float(n) * BAR;
                        if let Some(value) = value.filter(|value| *value > 0.0) {
                            let width = (across.at(value) - left).max(1.0);
                            let title = self.title(one, at, value);
                            scene.rect(
                                (left, y + 1.0, width, BAR - 3.0),
                                Ink::Tone(one.tone),
                                title,
                            );
                        }
                        self.label(scene, value, across.at(value.unwrap_or(0.0)), y + BAR / 2.0);
                    }
                }
            }
            y += float(bars) * BAR + 10.0;
        }
        scene.height = y.max(20.0);
    }

    fn lying_stack(
        &self,
        scene: &mut Scene,
        at: usize,
        (across, left, y, bar): (&Scale, f32, f32, f32),
    ) {
        let mut below = 0.0;
        for one in self.series {
            let value = self.value(one, at).unwrap_or(0.0);
            let (from, to) = (across.at(below), across.at(below + value));
            if value > 0.0 {
                let title = self.title(one, at, value);
                scene.rect(
                    (from, y + 1.0, (to - from - 1.0).max(1.0), bar - 3.0),
                    Ink::Tone(one.tone),
                    title,
                );
            }
            below += value;
        }
        let sum = self.sum(at);
        self.label(scene, sum, across.at(below).max(left), y + bar / 2.0);
    }

    fn label(&self, scene: &mut Scene, value: Option<f64>, x: f32, middle: f32) {
        let text = match value {
            Some(value) => words::number(value, self.unit),
            None => "not measured".to_owned(),
        };
        let ink = if value.is_some() {
            Ink::Text
        } else {
            Ink::Muted
        };
        scene.text(x + 6.0, middle + 3.5, Anchor::Start, ink, text);
    }

    fn upright(&self, scene: &mut Scene, top: f32) {
        const LEFT: f32 = 52.0;
        const HEIGHT: f32 = 190.0;
        let (top, bottom) = (top + 8.0, top + 8.0 + HEIGHT);
        let ticks = self.ticks();
        let ends = (ticks.first().copied(), ticks.last().copied());
        // Bars begin at zero, whatever the axis of lines does.
        let low = ends.0.filter(|_| self.unit != Unit::Percent).unwrap_or(0.0);
        let up = Scale::new(low, ends.1.unwrap_or(1.0), bottom, top);
        axis::draw_values(scene, &up, self.unit, &ticks, LEFT);
        let pitch = (WIDTH - 14.0 - LEFT) / float(self.categories.len().max(1));
        let every = (60.0 / pitch).ceil().max(1.0);
        for (at, name) in self.categories.iter().enumerate() {
            let x = LEFT + float(at) * pitch;
            self.column(scene, at, x, pitch, (&up, bottom));
            if (float(at) % every).abs() < 0.5 {
                let label = clip(name, pitch * every - 4.0);
                scene.text(
                    x + pitch / 2.0,
                    bottom + 17.0,
                    Anchor::Middle,
                    Ink::Muted,
                    label,
                );
            }
        }
        scene.height = bottom + 24.0;
    }

    fn column(
        &self,
        scene: &mut Scene,
        at: usize,
        x: f32,
        pitch: f32,
        (up, bottom): (&Scale, f32),
    ) {
        let bars = if self.stacked {
            1
        } else {
            self.series.len().max(1)
        };
        let width = (pitch * 0.8 / float(bars)).min(40.0);
        let left = x + (pitch - width * float(bars)) / 2.0;
        if self.sum(at).is_none() {
            let whole = (x + 1.0, bottom - 190.0, pitch - 2.0, 190.0);
            scene.rect(whole, Ink::Gap, "not measured".to_owned());
        }
        let mut below = 0.0;
        for (n, one) in self.series.iter().enumerate() {
            let value = self.value(one, at).unwrap_or(0.0);
            let base = if self.stacked { below } else { 0.0 };
            let (low, high) = (up.at(base), up.at(base + value));
            let left = if self.stacked {
                left
            } else {
                left + float(n) * width
            };
            if value > 0.0 {
                let title = self.title(one, at, value);
                scene.rect(
                    (left, high, (width - 1.0).max(1.0), low - high),
                    Ink::Tone(one.tone),
                    title,
                );
            }
            below += value;
        }
    }
}
