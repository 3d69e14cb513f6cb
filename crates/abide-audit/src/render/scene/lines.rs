//! Values over time. What was not measured is a gap, never a line.

use super::axis::{self, Scale};
use super::{Anchor, Dash, Ink, Scene, Shape, Swatch, WIDTH};
use crate::document::{Series, Unit};

const LEFT: f32 = 52.0;
const HEIGHT: f32 = 210.0;

pub(super) fn scene(unit: Unit, times: &[i64], series: &[Series]) -> Scene {
    let mut scene = Scene::default();
    let gaps = gaps(times, series);
    let mut legend: Vec<_> = series
        .iter()
        .enumerate()
        .map(|(at, one)| {
            let swatch = Swatch::Line(Ink::Tone(one.tone), Dash::of(at));
            (swatch, one.name.clone())
        })
        .collect();
    if !gaps.is_empty() {
        legend.push((Swatch::Box(Ink::Gap, None), "not measured".to_owned()));
    }
    let top = scene.legend(&legend) + 8.0;
    let bottom = top + HEIGHT;
    scene.height = bottom + 26.0;
    let (Some(&from), Some(&to)) = (times.first(), times.last()) else {
        let middle = (WIDTH / 2.0, top + HEIGHT / 2.0);
        scene.text(
            middle.0,
            middle.1,
            Anchor::Middle,
            Ink::Muted,
            "nothing was measured",
        );
        return scene;
    };
    let across = axis::time_scale(from, to, LEFT);
    let values = series.iter().flat_map(|one| &one.values).flatten().copied();
    let ticks = axis::ticks(unit, values);
    let ends = (ticks.first().copied(), ticks.last().copied());
    let up = Scale::new(ends.0.unwrap_or(0.0), ends.1.unwrap_or(1.0), bottom, top);

    for (from, to) in gaps {
        let (left, right) = (across.at(axis::float(from)), across.at(axis::float(to)));
        let width = (right - left).max(2.0);
        scene.rect(
            (left, top, width, HEIGHT),
            Ink::Gap,
            "not measured".to_owned(),
        );
    }
    axis::draw_values(&mut scene, &up, unit, &ticks, LEFT);
    axis::draw_times(&mut scene, &across, (from, to), top, bottom);
    for (at, one) in series.iter().enumerate() {
        draw(&mut scene, times, one, Dash::of(at), (&across, &up));
    }
    scene
}

/// From the last time with a value to the next one, where no series has any.
fn gaps(times: &[i64], series: &[Series]) -> Vec<(i64, i64)> {
    let measured = |at: usize| {
        let mut all = series.iter();
        all.any(|one| value(one, at).is_some())
    };
    let mut out: Vec<(i64, i64)> = Vec::new();
    let mut open: Option<i64> = None;
    let mut before = times.first().copied();
    for (at, time) in times.iter().enumerate() {
        match (measured(at), open) {
            (false, None) => open = before,
            (true, Some(from)) => {
                out.push((from, *time));
                open = None;
            }
            _ => {}
        }
        before = Some(*time);
    }
    out.extend(open.zip(before));
    out
}

fn value(series: &Series, at: usize) -> Option<f64> {
    let value = series.values.get(at).copied().flatten();
    value.filter(|value| value.is_finite())
}

fn draw(
    scene: &mut Scene,
    times: &[i64],
    series: &Series,
    dash: Dash,
    (across, up): (&Scale, &Scale),
) {
    let ink = Ink::Tone(series.tone);
    let mut run: Vec<(f32, f32)> = Vec::new();
    for at in 0..=times.len() {
        let point = times.get(at).zip(value(series, at));
        if let Some((time, value)) = point {
            run.push((across.at(axis::float(*time)), up.at(value)));
            continue;
        }
        match *run {
            [] => {}
            [(x, y)] => scene.shapes.push(Shape::Dot {
                x,
                y,
                radius: 3.0,
                ink,
            }),
            _ => scene.line(std::mem::take(&mut run), ink, 2.0, dash),
        }
        run.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Tone;

    #[test]
    fn a_gap_is_not_bridged() {
        let series = [Series {
            name: "share".to_owned(),
            tone: Tone::Plain(0),
            values: vec![Some(1.0), Some(2.0), None, f64::NAN.into(), Some(3.0)],
        }];
        let times = [0, 10, 20, 30, 40];
        assert_eq!(gaps(&times, &series), [(10, 40)]);
        let scene = scene(Unit::Count, &times, &series);
        let thick = |shape: &&Shape| matches!(shape, Shape::Line { width, points, .. } if *width > 1.5 && points.len() == 2);
        let dots = |shape: &&Shape| matches!(shape, Shape::Dot { .. });
        // One in the legend, one for the first two values; the last value stands alone.
        assert_eq!(scene.shapes.iter().filter(thick).count(), 2);
        assert_eq!(scene.shapes.iter().filter(dots).count(), 1);
    }
}
