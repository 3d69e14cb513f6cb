//! Rows with cells or spans: controls by month, exceptions by time.

use super::axis;
use super::{Anchor, Dash, Ink, Scene, Shape, Swatch, WIDTH, clip, float, width_of};
use crate::document::{HeatCell, HeatRow, SpanRow, Tone, Verdict};
use crate::render::words;

const ROW: f32 = 26.0;
/// The most a label takes of the width.
const LABEL: f32 = 230.0;

pub(super) fn heat_map(columns: &[String], rows: &[HeatRow]) -> Scene {
    let mut scene = Scene::default();
    let used = Verdict::ALL.into_iter().filter(|verdict| {
        let mut cells = rows.iter().flat_map(|row| &row.cells);
        cells.any(|cell| cell.verdict == *verdict)
    });
    let legend: Vec<_> = used
        .map(|verdict| {
            let tone = Tone::Verdict(verdict);
            let swatch = match verdict {
                Verdict::NotScanned | Verdict::NotTested => Swatch::Hollow,
                _ => Swatch::Box(Ink::Tone(tone), Some((sign(verdict), Ink::On(tone)))),
            };
            (swatch, verdict.as_str().to_owned())
        })
        .collect();
    let top = scene.legend(&legend) + 26.0;
    let left = label_width(rows.iter().map(|row| &*row.label));
    let pitch = ((WIDTH - left) / float(columns.len().max(1))).min(80.0);
    let every = (64.0 / pitch).ceil().max(1.0);
    for (at, name) in columns.iter().enumerate() {
        if (float(at) % every).abs() < 0.5 {
            let x = left + (float(at) + 0.5) * pitch;
            scene.text(
                x,
                top - 8.0,
                Anchor::Middle,
                Ink::Muted,
                clip(name, pitch * every),
            );
        }
    }
    for (at, row) in rows.iter().enumerate() {
        let y = top + float(at) * ROW;
        let label = clip(&row.label, LABEL);
        scene.text(left - 10.0, y + 17.0, Anchor::End, Ink::Text, label);
        for (n, cell) in row.cells.iter().enumerate() {
            let place = (
                left + float(n) * pitch + 1.0,
                y + 1.0,
                pitch - 2.0,
                ROW - 2.0,
            );
            let month = columns.get(n).map_or("", |name| name);
            heat_cell(&mut scene, place, *cell, &format!("{}, {month}", row.label));
        }
    }
    scene.height = top + float(rows.len()) * ROW + 2.0;
    scene
}

fn heat_cell(scene: &mut Scene, place: (f32, f32, f32, f32), cell: HeatCell, what: &str) {
    let tone = Tone::Verdict(cell.verdict);
    let (x, y, width, height) = place;
    let count = cell.count.filter(|count| *count > 0);
    let title = match count {
        None => format!("{what}: {}", cell.verdict.as_str()),
        Some(count) => format!("{what}: {} ({count})", cell.verdict.as_str()),
    };
    let hollow = matches!(cell.verdict, Verdict::NotScanned | Verdict::NotTested);
    scene.shapes.push(Shape::Rect {
        x,
        y,
        width,
        height,
        ink: if hollow { Ink::Muted } else { Ink::Tone(tone) },
        hollow,
        title: Some(clip(&title, 900.0)),
    });
    if width < 14.0 || hollow {
        return;
    }
    let sign = sign(cell.verdict);
    let text = match count {
        Some(count) if width > 34.0 => format!("{sign} {count}"),
        Some(count) => count.to_string(),
        None => sign.to_owned(),
    };
    scene.text(
        x + width / 2.0,
        y + height / 2.0 + 4.5,
        Anchor::Middle,
        Ink::On(tone),
        text,
    );
}

/// A verdict in a small place.
fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Excepted => "E",
        Verdict::Unknown | Verdict::Incomplete => "?",
        Verdict::NotApplicable => "–",
        Verdict::NotScanned | Verdict::NotTested => "",
    }
}

fn label_width<'a>(labels: impl Iterator<Item = &'a str>) -> f32 {
    let widest = labels.map(|label| width_of(&clip(label, LABEL)));
    widest.fold(40.0, f32::max) + 14.0
}

pub(super) fn spans(from: i64, to: i64, rows: &[SpanRow]) -> Scene {
    let mut scene = Scene::default();
    let left = label_width(rows.iter().map(|row| &*row.label));
    let across = axis::time_scale(from, to, left);
    let (top, bottom) = (4.0, 4.0 + float(rows.len()) * ROW);
    axis::draw_times(&mut scene, &across, (from, to), top, bottom);
    for (at, row) in rows.iter().enumerate() {
        let y = top + float(at) * ROW;
        let label = clip(&row.label, LABEL);
        scene.text(left - 10.0, y + 17.0, Anchor::End, Ink::Text, label);
        scene.line(
            vec![(left, y + 13.0), (WIDTH - 14.0, y + 13.0)],
            Ink::Grid,
            1.0,
            Dash::Solid,
        );
        for span in &row.spans {
            let end = span.to.unwrap_or(to);
            if end <= from || span.from >= to {
                continue;
            }
            let (x, right) = (
                across.at(axis::float(span.from)),
                across.at(axis::float(end)),
            );
            let until = span.to.map_or("still in force".to_owned(), words::time);
            let title = format!("{}: {} to {until}", row.label, words::time(span.from));
            let place = (x, y + 6.0, (right - x).max(2.0), ROW - 12.0);
            scene.rect(place, Ink::Tone(span.tone), clip(&title, 900.0));
            if span.to.is_none() {
                let (x, y) = (WIDTH - 10.0, y + 13.0);
                let arrow = vec![(x, y - 5.0), (x + 6.0, y), (x, y + 5.0)];
                scene.line(arrow, Ink::Tone(span.tone), 2.0, Dash::Solid);
            }
        }
    }
    scene.height = bottom + 26.0;
    scene
}
